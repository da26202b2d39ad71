/* Calling foreign code: every function of an environment is called through here, so that a program can keep
 * its crashes from ending the process. The library itself sets no signal handlers. */
#ifndef SAC_ENVIRONMENT_CALL_H
#define SAC_ENVIRONMENT_CALL_H

#include <softac/status.h>

/* Runs work(argument) on the calling thread. Returns 0, or the number of the signal that ended it. */
typedef int sac_env_guard(void (*work)(void *argument), void *argument);

/* Before any thread is started. NULL, as at the start: calls go straight through. */
void sac_environment_set_guard(sac_env_guard *guard);

int sac_environment_call(void (*work)(void *argument), void *argument);

/* Calls that a crash ended, so far, on all threads. */
unsigned sac_environment_crashes(void);

/* SAC_ENV: `whose` crashed in `where`, by that signal. */
enum sac_status sac_environment_crashed(const char *whose, const char *where, int signal_number);

/* What a function left in error[SAC_ENV_ERROR_SIZE], made one line: control characters become spaces, and
 * what was not written says so. Returns `error`. */
const char *sac_environment_sentence(char *error);

#endif
