/* Whether an environment keeps the promises of <softac/env.h>: `softac envs --check`. */
#ifndef SAC_ENVIRONMENT_CHECK_H
#define SAC_ENVIRONMENT_CHECK_H

#include <stdint.h>

#include <softac/env.h>

enum sac_check_result { SAC_CHECK_PASSED, SAC_CHECK_FAILED, SAC_CHECK_SKIPPED };

struct sac_check {
    const char *name; /* "grouping" */
    enum sac_check_result result;
    const char *sentence; /* passed: what holds; failed: what, which value, where; skipped: why */
};

/* Run all checks, in a fixed order, and report each as it is done, on the calling thread. A crash ends the
 * checking: what has not run yet is reported as skipped. So does a function that has not come back for
 * `patience` seconds; then `ops` and `options` must stay, as a thread is left behind. */
void sac_environment_check(const struct sac_env_ops *ops, const char *const *options, uint32_t patience,
                           void (*report)(void *context, const struct sac_check *check), void *context);

#endif
