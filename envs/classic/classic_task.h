/* What the classic control tasks share: an instance is an array of small states, and a task is its equations.
 */
#ifndef CLASSIC_TASK_H
#define CLASSIC_TASK_H

#include "../envs.h"
#include "../task_ops.h"

#include <softac/env_random.h>

#include <stdbool.h>

#define CLASSIC_STATE_SIZE 4

struct classic_task {
    struct sac_env_spec spec;
    /* state (CLASSIC_STATE_SIZE) is zeroed before reset; its first spec.position_size numbers are `position`
     */
    void (*reset)(double *state, struct sac_env_stream *stream);
    /* Advance `state` by one step; writes the reward, returns whether the task ended. */
    bool (*step)(double *state, const float *action, double *reward);
    void (*observe)(float *observation, const double *state);
};

int classic_spec(const struct classic_task *task, const char *const *options, struct sac_env_spec *spec,
                 char *error);
int classic_create(const struct classic_task *task, const struct sac_env_create *create, void **instance,
                   char *error);

/* The other functions of the table. */
int classic_reset(void *instance, int32_t count, const int32_t *which, float *observation,
                  size_t observation_stride, char *error);
int classic_step(void *instance, const struct sac_env_step *step, char *error);
void classic_destroy(void *instance);
int classic_reset_to(void *instance, int32_t index, const double *position, const double *velocity,
                     float *observation, char *error);
size_t classic_state_size(void *instance);
int classic_get_state(void *instance, int32_t index, void *state, char *error);
int classic_set_state(void *instance, int32_t index, const void *state, char *error);

/* Define the table NAME of the environment ID, from its `task`. */
#define CLASSIC_OPS(name, env_id, task) TASK_OPS(classic, name, env_id, task, .observe_double = NULL)

#endif
