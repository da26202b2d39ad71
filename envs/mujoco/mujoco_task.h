/* What Gymnasium's MuJoCo tasks share: models, stepping, states. A task is a table of numbers and three
 * functions; see half_cheetah.c. */
#ifndef MUJOCO_TASK_H
#define MUJOCO_TASK_H

#include "../envs.h"
#include "../task_ops.h"

#include <mujoco/mujoco.h>
#include <softac/env_random.h>
#include <stdbool.h>

/* One step as a task judges it. */
struct mujoco_outcome {
    const mjModel *model;
    const mjData *data;        /* after the step */
    const float *action;       /* (action_size) as given, not clipped */
    const double *observation; /* (observation_size) after the step */
    double velocity;           /* of qpos[0], over the step */
};

struct mujoco_task {
    struct sac_env_spec spec;
    const char *model; /* file name among Gymnasium's */
    int frame_skip;    /* simulation steps per action */
    /* Add the reset noise to qpos (nq) and qvel (nv), which hold the model's initial state. */
    void (*perturb)(const mjModel *model, double *qpos, double *qvel, struct sac_env_stream *stream);
    void (*observe)(const mjModel *model, const mjData *data, double *observation);
    /* Write the reward, return whether the task ended. */
    bool (*judge)(const struct mujoco_outcome *outcome, double *reward);
};

/* Add uniform numbers from [-bound, bound) to x (n). */
void mujoco_add_uniform(double *x, int64_t n, double bound, struct sac_env_stream *stream);

/* Observation: qpos without its first `skipped`, then qvel. */
void mujoco_observe_state(const mjModel *model, const mjData *data, int skipped, double *observation);

int mujoco_spec(const struct mujoco_task *task, const char *const *options, struct sac_env_spec *spec,
                char *error);
int mujoco_create(const struct mujoco_task *task, const struct sac_env_create *create, void **instance,
                  char *error);

/* The other functions of the table. */
int mujoco_reset(void *instance, int32_t count, const int32_t *which, float *observation,
                 size_t observation_stride, char *error);
int mujoco_step(void *instance, const struct sac_env_step *step, char *error);
void mujoco_destroy(void *instance);
int mujoco_reset_to(void *instance, int32_t index, const double *position, const double *velocity,
                    float *observation, char *error);
size_t mujoco_state_size(void *instance);
int mujoco_get_state(void *instance, int32_t index, void *state, char *error);
int mujoco_set_state(void *instance, int32_t index, const void *state, char *error);
int mujoco_observe_double(void *instance, int32_t index, double *observation, char *error);

/* For benchmarks: what environment `index` simulates, and with which model. */
const mjData *mujoco_simulation(const void *instance, int32_t index, const mjModel **model);

/* Define the table NAME of the environment ID, from its `task`. */
#define MUJOCO_OPS(name, env_id, task)                                                                       \
    TASK_OPS(mujoco, name, env_id, task, .observe_double = mujoco_observe_double)

#endif
