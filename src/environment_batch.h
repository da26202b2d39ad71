/* Environments side by side, as an env thread and the evaluator have them: an instance, the rows it is
 * stepped in, and the episodes under way. Belongs to one thread at a time. */
#ifndef SAC_ENVIRONMENT_BATCH_H
#define SAC_ENVIRONMENT_BATCH_H

#include "environment_instance.h"
#include "policy_network.h"

struct sac_environment_batch {
    struct sac_instance instance;
    const struct sac_policy_network *policy;
    int count;                 /* environments */
    int observation_ld;        /* of which the last one at least holds a mark */
    float *observation;        /* (count, observation_ld) what the policy sees */
    float *action;             /* (count, A) in [-1, 1] */
    float *environment_action; /* (count, A) in environment units */
    float *noise;              /* (count, A) */
    float *scratch;
    double *reward; /* (count) */
    uint8_t *terminated, *truncated;
    double *episode_return; /* (count) of the episode under way */
    uint32_t *episode_length;
    int32_t *finished; /* (count) list of environments to start anew */
};

/* Allocates everything and makes the environments. `instance`: as sac_instance_create takes it. *batch is all
 * zero before, and to be destroyed in any case. */
enum sac_status sac_environment_batch_create(struct sac_environment_batch *batch,
                                             const struct sac_instance *instance,
                                             const struct sac_env_create *create,
                                             const struct sac_policy_network *policy);
void sac_environment_batch_destroy(struct sac_environment_batch *batch);

float *sac_environment_batch_observation(const struct sac_environment_batch *batch, int environment);

/* Begin new episodes in the first `count` of `finished`. What was written is checked: numbers are finite, and
 * nothing stands behind a row. */
enum sac_status sac_environment_batch_start(struct sac_environment_batch *batch, int count);

/* The policy's actions for the first `count` environments; `noise` (count, A) or NULL: the mean. */
void sac_environment_batch_act(struct sac_environment_batch *batch, const float *panels, const float *noise,
                               int count);

/* Step the first `count` environments with their actions, and count it into their episodes. Checked as above,
 * and flags are 0 or 1. */
enum sac_status sac_environment_batch_step(struct sac_environment_batch *batch, int count);

/* Has this episode come to the spec's step limit? */
bool sac_environment_batch_at_limit(const struct sac_environment_batch *batch, int environment);

#endif
