/* What a run takes, and what to change when that is more than there is. */
#ifndef SAC_RUN_MEMORY_H
#define SAC_RUN_MEMORY_H

#include <softac/settings.h>
#include <softac/status.h>

#include "memory_limit.h"

enum sac_run_part {
    SAC_RUN_REPLAY,
    SAC_RUN_LEARNER,      /* parameters, moments, gradients, activations */
    SAC_RUN_SNAPSHOTS,    /* of the policy, one per env thread and some; its copies when it is saved */
    SAC_RUN_ENVIRONMENTS, /* the env threads' buffers; what environments take themselves is not known here */
    SAC_RUN_EVALUATION,
    SAC_RUN_PARTS
};

/* Everything that sizes depend on. */
struct sac_run_sizes {
    struct sac_settings settings;
    int observation_size, action_size;
    int env_threads, split;
};

/* Bytes of each part; the sum is returned. Of double, so that nothing overflows. */
double sac_run_memory(const struct sac_run_sizes *sizes, double part[SAC_RUN_PARTS]);

/* SAC_NOMEM if the run needs more than the limit; the sentence names the largest part, whose limit it is, and
 * which setting to lower to what. */
enum sac_status sac_run_memory_check(const struct sac_run_sizes *sizes, const struct sac_memory_limit *limit);

#endif
