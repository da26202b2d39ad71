#include "environment_call.h"

#include <softac/env.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "atomics.h"
#include "error.h"

/* written by: main, before it starts threads; read by: all that call environments */
static sac_env_guard *guarded;
/* written by: any thread; read by: any. Relaxed: only a count */
static _Atomic uint32_t crashes;

void sac_environment_set_guard(sac_env_guard *guard)
{
    guarded = guard;
}

int sac_environment_call(void (*work)(void *argument), void *argument)
{
    if (!guarded) {
        work(argument);
        return 0;
    }
    const int signal_number = guarded(work, argument);
    if (signal_number)
        sac_add_relaxed(&crashes, 1u);
    return signal_number;
}

unsigned sac_environment_crashes(void)
{
    return sac_load_relaxed(&crashes);
}

static const char *signal_words(int number)
{
    switch (number) {
    case SIGSEGV:
        return "SIGSEGV: memory that is not its own";
    case SIGBUS:
        return "SIGBUS: memory that is not there";
    case SIGFPE:
        return "SIGFPE: a division by zero";
    case SIGILL:
        return "SIGILL: an illegal instruction";
    case SIGABRT:
        return "SIGABRT: abort(), a failed assertion or a heap found broken";
    default:
        return "a signal";
    }
}

enum sac_status sac_environment_crashed(const char *whose, const char *where, int signal_number)
{
    return sac_fail(SAC_ENV,
                    "%s crashed in %s (%s); this is a mistake in the environment: build it with -g "
                    "-fsanitize=address or run softac under a debugger to find it",
                    whose, where, signal_words(signal_number));
}

const char *sac_environment_sentence(char *error)
{
    error[SAC_ENV_ERROR_SIZE - 1] = 0;
    for (char *c = error; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    if (!*error)
        snprintf(error, SAC_ENV_ERROR_SIZE, "it gives no reason (no sentence in `error`)");
    return error;
}
