/* Calling foreign code: every function of an environment is called through here, so that a program can keep
 * its crashes from ending the process, and so that another thread can see which call never comes back. The
 * library itself sets no signal handlers. */
#ifndef SAC_ENVIRONMENT_CALL_H
#define SAC_ENVIRONMENT_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include <softac/status.h>

#include "atomics.h"

/* Which call it is, for sentences. The strings outlive the call. */
struct sac_call_place {
    const char *whose;    /* an environment's id, or a plugin's path */
    const char *function; /* "step()" */
    const char *when;     /* "at" or "after" step `steps`; NULL: steps have nothing to do with it */
    uint64_t steps;
    const char
        *part; /* of an instance: "" in a training, else " of the evaluation" and the like; NULL: of none */
    int32_t first_environment, environments; /* of an instance */
};

/* Runs work(argument) on the calling thread. Returns 0, or the number of the signal that ended it. */
typedef int sac_env_guard(void (*work)(void *argument), void *argument);

/* Before any thread is started. NULL, as at the start: calls go straight through. */
void sac_environment_set_guard(sac_env_guard *guard);

int sac_environment_call(const struct sac_call_place *place, void (*work)(void *argument), void *argument);

/* Calls that a crash ended, so far, on all threads. */
unsigned sac_environment_crashes(void);

/* --- sentences --- */

/* SAC_ENV: the call crashed, by that signal. */
enum sac_status sac_environment_crashed(const struct sac_call_place *place, int signal_number);

/* "Pendulum-v1, environments 4 to 7 of the evaluation", and " at step 12" or nothing */
enum { SAC_CALL_WORDS = 384 };
const char *sac_call_whose(const struct sac_call_place *place, char text[SAC_CALL_WORDS]);
const char *sac_call_when(const struct sac_call_place *place, char text[SAC_CALL_WORDS]);

/* What a function left in error[SAC_ENV_ERROR_SIZE], made one line: control characters become spaces, and
 * what was not written says so. Returns `error`. */
const char *sac_environment_sentence(char *error);

/* --- calls that never come back --- */

enum { SAC_CALL_PATIENCE = 60 }; /* looks, where nobody asks for another number */

/* What one thread is calling. All zero at the start. */
struct sac_calls {
    /* written by: the thread; read by: whoever looks. Relaxed: a look a moment old is as good as any, and
     * what many looks find unchanged has long been there */
    _Alignas(SAC_CACHE_LINE) _Atomic uint64_t number; /* odd: inside a call */
    _Atomic uint64_t steps;
    _Atomic(const char *) whose, function, when, part;
    _Atomic int32_t first_environment, environments;
    /* Whoever looks, alone. */
    uint64_t seen;
    uint32_t looks; /* that found the same call */
};

/* From here on the calling thread's calls are noted in `calls`; NULL, as at the start: nowhere. */
void sac_calls_note(struct sac_calls *calls);

/* A look, to be repeated about once a second. True if the thread is inside the same call as it was `patience`
 * looks before. Looks are counted rather than time, so that a process that was suspended finds nobody late.
 */
bool sac_calls_look(struct sac_calls *calls, uint32_t patience);

/* SAC_ENV: what that call is, and for how many looks. */
enum sac_status sac_calls_fail(const struct sac_calls *calls);

#endif
