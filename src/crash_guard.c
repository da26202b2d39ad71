/* Synchronous signals (a bad address, a division by zero, abort()) reach the thread that caused them. While
 * it is inside an environment's function the handler jumps back to before that call; anywhere else the
 * handler that was there before gets the signal. */
#include "crash_guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "atomics.h"
#include "environment_call.h"

enum { STACK_BYTES = 1 << 18, SECONDS_TO_SAVE = 60 };

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { CRASHES = sizeof crashes / sizeof *crashes };

/* written by: sac_crash_guard_install; read by: the handler */
static struct sigaction before[CRASHES];
static pthread_key_t stack_key; /* its value: the thread's stack for handlers, if we made it */

/* Where the thread goes if the environment's function that it is in crashes; NULL outside of those. Volatile:
 * the handler reads it. */
static _Thread_local sigjmp_buf *volatile way_back;
static _Thread_local bool stack_looked_after;

/* Sent by nobody else: the kernel's own, or this process's, as by abort(). */
static bool caused_here(const siginfo_t *info)
{
    return info->si_code > 0 || info->si_pid == getpid();
}

/* After an environment's crash the process may not be whole: a lock of the allocator may be left taken, or
 * its tables broken. So what follows is given some time, and a second crash is the first one's. */
/* written by: every thread that crashed, in its handler; read by: the handlers of all. Relaxed: no data goes
 * with it */
static _Atomic int crashed;

static void give_up(void)
{
    static const char text[] = "\nsoftac: the environment left this process unable to go on\n";
    const ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    _exit(EXIT_FAILURE);
}

static void on_alarm(int number)
{
    (void)number;
    give_up();
}

void sac_crash_guard_hurry(void)
{
    alarm(SECONDS_TO_SAVE);
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (way_back && caused_here(info)) {
        sigjmp_buf *to = way_back;
        way_back = NULL;
        sac_store_relaxed(crashed, &crashed, 1);
        sac_crash_guard_hurry();
        siglongjmp(*to, number);
    }
    if (sac_load_relaxed(crashed, &crashed))
        give_up();
    for (int i = 0; i < CRASHES; i++)
        if (crashes[i] == number)
            sigaction(number, &before[i], NULL);
    if (info->si_code <= 0)
        raise(number); /* the kernel's own come again by themselves, at the very instruction */
}

/* exit() inside an environment: no return to its caller is possible, as the C library is half-way out. */
static void on_exit_inside(void)
{
    if (!way_back)
        return;
    fputs("softac: the environment called exit() inside one of its functions, so nothing could be saved; a "
          "function "
          "that fails must return non-zero and leave a sentence in `error`\n",
          stderr);
    _exit(EXIT_FAILURE);
}

static void drop_stack(void *stack)
{
    const stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    munmap(stack, STACK_BYTES);
}

/* A stack that has overflown can not run the handler. One that is there already (a sanitizer's) will do. */
static void look_after_stack(void)
{
    stack_t stack;
    stack_looked_after = true;
    if (sigaltstack(NULL, &stack) || !(stack.ss_flags & SS_DISABLE))
        return;
    void *memory = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return;
    stack = (stack_t){.ss_sp = memory, .ss_size = STACK_BYTES};
    if (sigaltstack(&stack, NULL) || pthread_setspecific(stack_key, memory))
        munmap(memory, STACK_BYTES);
}

/* The signal mask is not saved: the handler runs without blocking anything (SA_NODEFER), so there is nothing
 * to restore, and a guarded call costs no system call. */
static int guard(void (*work)(void *argument), void *argument)
{
    sigjmp_buf back;
    if (!stack_looked_after)
        look_after_stack();
    const int number = sigsetjmp(back, 0);
    if (number == 0) {
        way_back = &back;
        work(argument);
    }
    way_back = NULL;
    return number;
}

void sac_crash_guard_install(void)
{
    struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    const struct sigaction alarm_action = {.sa_handler = on_alarm};
    if (pthread_key_create(&stack_key, drop_stack) || atexit(on_exit_inside))
        return; /* no guard is better than half of one */
    sigemptyset(&crash.sa_mask);
    for (int i = 0; i < CRASHES; i++)
        sigaction(crashes[i], &crash, &before[i]);
    sigaction(SIGALRM, &alarm_action, NULL);
    sac_environment_set_guard(guard);
}
