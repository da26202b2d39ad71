/* What a command calls of an environment itself, before and after a run or without one: nothing is to be
 * saved there, so a call that never comes back ends the process. Calls in a run are the trainer's to watch.
 */
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "../crash_guard.h"
#include "../environment_call.h"
#include "command.h"

static struct sac_calls calls; /* of the main thread */
/* written by: main, before it starts the watchdog; read by: the watchdog */
static const char *watched;
static uint32_t patience;

static void *watch(void *argument)
{
    const struct timespec second = {.tv_sec = 1};
    (void)argument;
    while (!sac_calls_look(&calls, patience))
        clock_nanosleep(CLOCK_MONOTONIC, 0, &second, NULL);
    sac_crash_guard_hurry();
    (void)say_failure(watched, sac_calls_fail(&calls));
    _exit(EXIT_FAILED);
}

/* One for the process: a test may run a command again. Signals are for the other threads. Without a watchdog
 * all is as it would be with much patience. */
void watchdog_start(const char *command, int seconds)
{
    sigset_t all, before;
    pthread_t thread;
    if (seconds == 0 || watched)
        return;
    watched = command;
    patience = (uint32_t)seconds;
    sac_calls_note(&calls);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    if (!pthread_create(&thread, NULL, watch, NULL))
        pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
