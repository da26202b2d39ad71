#include "environment_call.h"

#include <softac/env.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

/* written by: main, before it starts threads; read by: all that call environments */
static sac_env_guard *guarded;
/* written by: any thread; read by: any. Relaxed: only a count */
static _Atomic uint32_t crashes;

static _Thread_local struct sac_calls *noted;

void sac_environment_set_guard(sac_env_guard *guard)
{
    guarded = guard;
}

/* The number comes last, so that what goes with it is there when it is seen for long. */
static void begin(struct sac_calls *calls, const struct sac_call_place *place)
{
    sac_store_relaxed(call_place, &calls->whose, place->whose);
    sac_store_relaxed(call_place, &calls->function, place->function);
    sac_store_relaxed(call_place, &calls->when, place->when);
    sac_store_relaxed(call_place, &calls->steps, place->steps);
    sac_store_relaxed(call_place, &calls->part, place->part);
    sac_store_relaxed(call_place, &calls->first_environment, place->first_environment);
    sac_store_relaxed(call_place, &calls->environments, place->environments);
    sac_store_relaxed(call_number, &calls->number, sac_load_relaxed(call_number, &calls->number) + 1);
}

static void end(struct sac_calls *calls)
{
    sac_store_relaxed(call_number, &calls->number, sac_load_relaxed(call_number, &calls->number) + 1);
}

static int run(void (*work)(void *argument), void *argument)
{
    if (guarded)
        return guarded(work, argument);
    work(argument);
    return 0;
}

int sac_environment_call(const struct sac_call_place *place, void (*work)(void *argument), void *argument)
{
    struct sac_calls *const calls = noted;
    if (calls)
        begin(calls, place);
    const int signal_number = run(work, argument);
    if (calls)
        end(calls);
    if (signal_number)
        sac_add_relaxed(crashes, &crashes, 1u);
    return signal_number;
}

unsigned sac_environment_crashes(void)
{
    return sac_load_relaxed(crashes, &crashes);
}

/* --- sentences --- */

const char *sac_call_whose(const struct sac_call_place *place, char text[SAC_CALL_WORDS])
{
    const int first = place->first_environment, last = first + place->environments - 1;
    if (!place->part)
        snprintf(text, SAC_CALL_WORDS, "%s", place->whose);
    else if (first == last)
        snprintf(text, SAC_CALL_WORDS, "%s, environment %d%s", place->whose, first, place->part);
    else
        snprintf(text, SAC_CALL_WORDS, "%s, environments %d to %d%s", place->whose, first, last, place->part);
    return text;
}

const char *sac_call_when(const struct sac_call_place *place, char text[SAC_CALL_WORDS])
{
    text[0] = '\0';
    if (place->when)
        snprintf(text, SAC_CALL_WORDS, " %s step %llu", place->when, (unsigned long long)place->steps);
    return text;
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

enum sac_status sac_environment_crashed(const struct sac_call_place *place, int signal_number)
{
    char whose[SAC_CALL_WORDS], when[SAC_CALL_WORDS];
    return sac_fail(SAC_ENV,
                    "%s crashed in %s%s (%s); this is a mistake in the environment: build it with -g "
                    "-fsanitize=address or run softac under a debugger to find it",
                    sac_call_whose(place, whose), place->function, sac_call_when(place, when),
                    signal_words(signal_number));
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

/* --- calls that never come back --- */

void sac_calls_note(struct sac_calls *calls)
{
    noted = calls;
}

bool sac_calls_look(struct sac_calls *calls, uint32_t patience)
{
    const uint64_t number = sac_load_relaxed(call_number, &calls->number);
    const bool same = number % 2 == 1 && number == calls->seen;
    calls->looks = same ? calls->looks + 1 : 0;
    calls->seen = number;
    return calls->looks >= patience && same;
}

enum sac_status sac_calls_fail(const struct sac_calls *calls)
{
    const struct sac_call_place place = {
        .whose = sac_load_relaxed(call_place, &calls->whose),
        .function = sac_load_relaxed(call_place, &calls->function),
        .when = sac_load_relaxed(call_place, &calls->when),
        .steps = sac_load_relaxed(call_place, &calls->steps),
        .part = sac_load_relaxed(call_place, &calls->part),
        .first_environment = sac_load_relaxed(call_place, &calls->first_environment),
        .environments = sac_load_relaxed(call_place, &calls->environments),
    };
    char whose[SAC_CALL_WORDS], when[SAC_CALL_WORDS];
    return sac_fail(SAC_ENV,
                    "%s: %s%s has not come back for %u s; if it only needs longer, allow it more with "
                    "--env-timeout",
                    sac_call_whose(&place, whose), place.function, sac_call_when(&place, when), calls->looks);
}
