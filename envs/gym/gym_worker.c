#include "gym_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "atomics.h"
#include "integers.h"
#include "thread.h"

#ifdef __x86_64__
#define ORDERED true /* stores of one process are seen by another in their order */
#else
#define ORDERED false
#endif

extern char **environ;

/* LOOK_NS: more than a sleeping core takes to wake, 50 to 100 us on a virtual machine; with less, two sides
 * that sleep would never again find each other awake. TAKEN_NS: a thread that saw no time pass for so long
 * had its core taken away. REGAIN_NS: longer than a thread keeps a core that others want, too. LONG_NS:
 * beside a step of more, waking up is nothing. */
enum {
    LOOK_NS = 120000,
    NAP_FROM_NS = 4 * LOOK_NS,
    LONG_NS = 10000000,
    TAKEN_NS = LOOK_NS * 3 / 2,
    REGAIN_NS = 25000000,
    LOOKS = 64,
    MOST_LEFT_OUT = 512,
    POLL_MS = 50,
    CLOSE_MS = 2000
};

_Static_assert(offsetof(struct gym_block, command) == 128 && offsetof(struct gym_block, sentence) == 248,
               "gym_worker.py reads it by these places");

/* --- the shared memory --- */

static uint64_t place(uint64_t *end, size_t bytes)
{
    const uint64_t at = (*end + 63) / 64 * 64;
    *end = at + bytes;
    return at;
}

static void lay_out(struct gym_block *b, int32_t environments, const struct sac_env_spec *spec)
{
    const size_t n = (size_t)environments;
    uint64_t end = sizeof *b;
    b->environments = environments;
    b->observation_size = spec->observation_size;
    b->action_size = spec->action_size;
    b->position_size = spec->position_size;
    b->velocity_size = spec->velocity_size;
    b->action = place(&end, n * (size_t)spec->action_size * sizeof(float));
    b->observation = place(&end, n * (size_t)spec->observation_size * sizeof(double));
    b->reward = place(&end, n * sizeof(double));
    b->terminated = place(&end, n);
    b->truncated = place(&end, n);
    b->which = place(&end, n * sizeof(int32_t));
    b->seed = place(&end, n * sizeof(uint32_t));
    b->state = place(&end, (size_t)(spec->position_size + spec->velocity_size) * sizeof(double));
    b->size = end;
}

static int map(struct gym_worker *w, size_t size, char *error)
{
    if (w->block)
        munmap(w->block, w->size);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, w->memory, 0);
    w->block = memory == MAP_FAILED ? NULL : memory;
    w->size = size;
    /* cppcheck-suppress memleak */
    return w->block ? 0
                    : sac_env_fail(error, "no %zu bytes of memory to share with a Python worker: %s", size,
                                   strerror(errno));
}

static int share(struct gym_worker *w, int32_t environments, const struct sac_env_spec *spec, char *error)
{
    struct gym_block layout = {.size = sizeof layout};
    if (environments > 0)
        lay_out(&layout, environments, spec);
    w->memory = memfd_create("softac-gym", MFD_CLOEXEC);
    w->request_bell = eventfd(0, EFD_CLOEXEC);
    w->answer_bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->memory < 0 || w->request_bell < 0 || w->answer_bell < 0 ||
        ftruncate(w->memory, (off_t)layout.size))
        return sac_env_fail(error, "no memory or bells to share with a Python worker: %s", strerror(errno));
    if (map(w, layout.size, error))
        return 1;
    *w->block = layout;
    return 0;
}

/* --- the process --- */

/* Beside a program that is run where it was built, or installed. */
static void find_script(char *path, size_t size)
{
    char program[PATH_MAX] = "";
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    char *slash = length > 0 ? strrchr(program, '/') : NULL;
    if (slash)
        *slash = '\0';
    if (!slash || snprintf(path, size, "%s/gym/gym_worker.py", program) >= (int)size || access(path, R_OK))
        snprintf(path, size, "%s", SAC_PKGDATADIR "/gym/gym_worker.py");
}

static const char *interpreter(void)
{
    const char *python = getenv("SOFTAC_PYTHON");
    return python && *python ? python : "python3";
}

static void set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, defaults;
    sigemptyset(&none);
    sigfillset(&defaults);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &defaults);
    /* A group of its own: Ctrl-C is softac's, and whatever the environment starts ends with the worker. */
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

/* What it prints goes to stderr: stdout is for data. */
static void set_files(posix_spawn_file_actions_t *files, const struct gym_worker *w)
{
    posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(files, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(files, w->memory, w->memory); /* itself: to be inherited */
    posix_spawn_file_actions_adddup2(files, w->request_bell, w->request_bell);
    posix_spawn_file_actions_adddup2(files, w->answer_bell, w->answer_bell);
}

static int spawn(struct gym_worker *w, const struct gym_words *words, char *error)
{
    char script[PATH_MAX], numbers[64];
    const char *const argv[] = {interpreter(),
                                script,
                                numbers,
                                words->id,
                                words->module ? words->module : "",
                                words->kwargs ? words->kwargs : "{}",
                                NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    find_script(script, sizeof script);
    snprintf(numbers, sizeof numbers, "%d,%d,%d,%d", w->memory, w->request_bell, w->answer_bell,
             (int)getpid());
    if (access(script, R_OK))
        return sac_env_fail(error, "the worker script %.300s is not there; run make install", script);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&files);
    set_attributes(&attributes);
    set_files(&files, w);
    const int failed = posix_spawnp(&w->pid, argv[0], &files, &attributes, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (!failed)
        return 0;
    w->pid = 0;
    return sac_env_fail(
        error,
        "the Python interpreter '%.200s' can not be started: %s; install python3, or name one "
        "in the variable SOFTAC_PYTHON",
        argv[0], strerror(failed));
}

static bool is_alive(struct gym_worker *w)
{
    const pid_t found = w->pid ? waitpid(w->pid, &w->ended, WNOHANG) : -1;
    if (found > 0 || (found < 0 && errno == ECHILD)) { /* ECHILD: whoever started us ignores SIGCHLD */
        if (w->pid)
            kill(-w->pid, SIGKILL); /* what it had started */
        w->pid = 0;
    }
    return w->pid != 0;
}

void gym_worker_end_words(const struct gym_worker *w, char *text, size_t size)
{
    if (WIFSIGNALED(w->ended))
        snprintf(text, size, "was killed by signal %d (%s)", WTERMSIG(w->ended),
                 sigdescr_np(WTERMSIG(w->ended)));
    else
        snprintf(text, size, "ended by itself with status %d", WEXITSTATUS(w->ended));
}

/* --- talking --- */

static int64_t nanoseconds(void)
{
    return (int64_t)sac_time_ns();
}

/* For the compiler: what stands before is done before. The processor keeps such an order where ORDERED says
 * so, and else the bells' system calls do. The other side is Python, which has no atomics to pair ours with.
 */
static void keep_order(void)
{
    __asm__ volatile("" ::: "memory");
}

static bool has_answered(const struct gym_worker *w)
{
    const bool has = sac_load_relaxed(bells, &w->block->answered) > w->answers;
    keep_order();
    return has;
}

static bool ask(struct gym_worker *w)
{
    const uint64_t one = 1;
    keep_order();
    sac_add_relaxed(bells, &w->block->asked, 1);
    return write(w->request_bell, &one, sizeof one) == sizeof one;
}

/* Looking at the counter, before sleeping at the bell, spares the time that a sleeping core takes to wake up:
 * as much as some steps of an environment. Not for long ones; nor where softac itself takes longer between
 * two commands than the worker does, so that its learner wants the core more than the environments want
 * softac; and not after looks that did not pay. */
static bool shall_look(struct gym_pace *pace, int64_t usual_ns)
{
    if (usual_ns > LONG_NS || (usual_ns > LOOK_NS && pace->asked - pace->answered > usual_ns))
        return false;
    if (pace->leave_out == 0)
        return true;
    pace->leave_out--;
    return false;
}

/* The first part of a long step needs no look, the bell ends it. */
static void nap(const struct gym_worker *w, int64_t usual_ns)
{
    struct pollfd bell = {.fd = w->answer_bell, .events = POLLIN};
    const struct timespec time = {.tv_nsec = usual_ns - usual_ns / 8 - 2 * LOOK_NS}; /* below LONG_NS */
    if (usual_ns > NAP_FROM_NS)
        ppoll(&bell, 1, &time, NULL);
}

/* Whether the answer came; `taken`: whether somebody else wanted the core meanwhile. */
static bool look_until(const struct gym_worker *w, int64_t end, bool *taken)
{
    *taken = false;
    for (int64_t now = nanoseconds(), before = now; now < end; before = now) {
        for (int i = 0; i < LOOKS; i++) {
            if (has_answered(w))
                return true;
            sac_pause();
        }
        now = nanoseconds();
        *taken = *taken || now - before > TAKEN_NS;
    }
    return false;
}

/* Looks that do not pay are left out, each time twice as many as before, until they have paid for long. */
static void judge(struct gym_pace *pace, bool paid, int64_t ns)
{
    pace->paid_ns = paid ? pace->paid_ns + ns : 0;
    if (!paid) {
        pace->leave_out_by = sac_least(2 * pace->leave_out_by + 1, MOST_LEFT_OUT);
        pace->leave_out = pace->leave_out_by;
    } else if (pace->paid_ns > REGAIN_NS) {
        pace->leave_out_by = 0;
        pace->paid_ns = 0;
    }
}

/* True: the answer is there, and its bell need not be read. */
static bool look(struct gym_worker *w, int64_t usual_ns)
{
    bool taken;
    if (!shall_look(&w->pace, usual_ns))
        return false;
    nap(w, usual_ns);
    const int64_t begin = nanoseconds();
    const bool found = look_until(w, w->pace.asked + usual_ns + usual_ns / 2 + LOOK_NS, &taken);
    judge(&w->pace, found && !taken, nanoseconds() - begin);
    return found && ORDERED;
}

static bool wait_at_bell(struct gym_worker *w)
{
    struct pollfd bell = {.fd = w->answer_bell, .events = POLLIN};
    uint64_t rung;
    bool alive = true;
    do {
        if (!alive)
            return false;
        if (poll(&bell, 1, POLL_MS) == 0)
            alive = is_alive(w); /* it may have rung and died: one more look */
    } while (read(w->answer_bell, &rung, sizeof rung) != sizeof rung || !has_answered(w));
    return true;
}

static bool wait_for_answer(struct gym_worker *w)
{
    struct gym_pace *pace = &w->pace;
    int64_t *usual_ns = &pace->usual_ns[w->block->command];
    pace->asked = nanoseconds();
    if (!look(w, *usual_ns) && !wait_at_bell(w))
        return false;
    pace->answered = nanoseconds();
    const int64_t took = pace->answered - pace->asked;
    *usual_ns += *usual_ns ? (took - *usual_ns) / 8 : took;
    w->answers++;
    return true;
}

static enum gym_outcome take_answer(struct gym_worker *w, char *error)
{
    if (!wait_for_answer(w))
        return GYM_DIED;
    if (!w->block->failed)
        return GYM_DONE;
    snprintf(error, SAC_ENV_ERROR_SIZE, "%.*s", SAC_ENV_ERROR_SIZE - 1, w->block->sentence);
    return GYM_FAILED;
}

enum gym_outcome gym_worker_call(struct gym_worker *w, enum gym_command command, int32_t count, char *error)
{
    w->block->command = (int32_t)command;
    w->block->count = count;
    return ask(w) ? take_answer(w, error) : GYM_DIED;
}

static int fail_start(const struct gym_worker *w, enum gym_outcome outcome, char *error)
{
    char how[128];
    if (outcome == GYM_FAILED)
        return 1;
    gym_worker_end_words(w, how, sizeof how);
    return sac_env_fail(error, "the Python worker ('%.200s') %s before its environments were made",
                        interpreter(), how);
}

int gym_worker_start(struct gym_worker *w, const struct gym_words *words, int32_t environments,
                     const struct sac_env_spec *spec, char *error)
{
    struct stat file;
    *w = (struct gym_worker){.memory = -1, .request_bell = -1, .answer_bell = -1};
    int failed = share(w, environments, spec, error) || spawn(w, words, error);
    if (!failed) {
        const enum gym_outcome outcome = take_answer(w, error);
        failed = outcome != GYM_DONE && fail_start(w, outcome, error);
    }
    if (!failed && environments == 0) /* it has grown, by the bounds */
        failed = fstat(w->memory, &file) ? 1 : map(w, (size_t)file.st_size, error);
    if (failed)
        gym_worker_stop(w);
    return failed;
}

/* env.close() may write files, so it is given some time. */
static void end_process(struct gym_worker *w)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    if (w->pid && w->answers > 0) {
        w->block->command = GYM_CLOSE;
        if (ask(w))
            for (int i = 0; i < CLOSE_MS && is_alive(w); i++)
                nanosleep(&moment, NULL);
    }
    if (!w->pid)
        return;
    kill(-w->pid, SIGKILL);
    kill(w->pid, SIGKILL);
    while (waitpid(w->pid, &w->ended, 0) < 0 && errno == EINTR) {
        /* once more */
    }
    w->pid = 0;
}

void gym_worker_stop(struct gym_worker *w)
{
    const int files[] = {w->memory, w->request_bell, w->answer_bell};
    end_process(w);
    if (w->block)
        munmap(w->block, w->size);
    w->block = NULL;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] >= 0)
            close(files[i]);
    w->memory = w->request_bell = w->answer_bell = -1;
}
