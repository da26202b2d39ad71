#include "mujoco_trap.h"

#include "../envs.h"

#include <mujoco/mujoco.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>

struct trap {
    jmp_buf back;
    char *error;
};

/* The calling thread's trap, if it is in one: the handler's only way to know. */
static _Thread_local struct trap *current;

static void spring(const char *message)
{
    struct trap *trap = current;
    current = NULL;
    sac_env_fail(trap->error, "MuJoCo: %s", message);
    longjmp(trap->back, 1);
}

/* The handlers below are put in place once, before the first call into MuJoCo, and stay. */
static pthread_once_t installed = PTHREAD_ONCE_INIT;

#if mjVERSION_HEADER >= 3010000

static mjfLogHandler previous;

static void on_message(const mjLogMessage *message)
{
    if (!current)
        previous(message);
    else if (message->level == mjLOG_ERROR)
        spring(message->subject);
}

static void install(void)
{
    previous = mju_setLogHandler(on_message);
}

#else /* older ones take two bare functions; without any they print and, after an error, exit */

static void (*previous_error)(const char *), (*previous_warning)(const char *);

static void on_error(const char *message)
{
    if (current)
        spring(message);
    if (previous_error)
        previous_error(message);
    exit(EXIT_FAILURE);
}

static void on_warning(const char *message)
{
    if (!current && previous_warning)
        previous_warning(message);
}

static void install(void)
{
    previous_error = mju_user_error;
    previous_warning = mju_user_warning;
    mju_user_error = on_error;
    mju_user_warning = on_warning;
}

#endif

int mujoco_trap(int (*work)(void *argument, char *error), void *argument, char *error)
{
    struct trap trap = {.error = error};
    pthread_once(&installed, install);
    if (setjmp(trap.back))
        return 1;
    current = &trap;
    const int failed = work(argument, error);
    current = NULL;
    return failed;
}
