/* What the tasks of pybullet_envs share: worlds, stepping, states. A task is a table of numbers and four
 * functions; see inverted_pendulum.c. */
#ifndef BULLET_TASK_H
#define BULLET_TASK_H

#include "../envs.h"
#include "../task_ops.h"
#include "bullet_world.h"

#include <softac/env_random.h>
#include <stdbool.h>

/* One step as a task judges it. */
struct bullet_outcome {
    const struct bullet_world *world; /* after the step */
    const float *action;              /* (action_size) */
    const double (*link)[3];          /* where the watched links were before the step */
    bool floor;                       /* and whether the ground was one of the parts */
};

struct bullet_task {
    struct sac_env_spec spec;
    struct bullet_scene scene;
    /* Give joints their first state, in a world that has just been restarted. */
    void (*perturb)(struct bullet_world *world, struct sac_env_stream *stream);
    void (*act)(struct bullet_world *world, const float *action);
    void (*observe)(const struct bullet_world *world, double *observation);
    /* Write the reward, return whether the task ended. */
    bool (*judge)(const struct bullet_outcome *outcome, double *reward);
};

/* A motor's share of its torque. */
double bullet_clip(float action);

/* -1 to 1 between the joint's limits; of a joint that has none, something else. */
double bullet_relative_position(const struct bullet_world *world, int joint);

int bullet_spec(const struct bullet_task *task, const char *const *options, struct sac_env_spec *spec,
                char *error);
int bullet_create(const struct bullet_task *task, const struct sac_env_create *create, void **instance,
                  char *error);

/* The other functions of the table. */
int bullet_reset(void *instance, int32_t count, const int32_t *which, float *observation,
                 size_t observation_stride, char *error);
int bullet_step(void *instance, const struct sac_env_step *step, char *error);
void bullet_destroy(void *instance);
int bullet_reset_to(void *instance, int32_t index, const double *position, const double *velocity,
                    float *observation, char *error);
size_t bullet_state_size(void *instance);
int bullet_get_state(void *instance, int32_t index, void *state, char *error);
int bullet_set_state(void *instance, int32_t index, const void *state, char *error);
int bullet_observe_double(void *instance, int32_t index, double *observation, char *error);

/* Define the table NAME of the environment ID, from its `task`. */
#define BULLET_OPS(name, env_id, task)                                                                       \
    TASK_OPS(bullet, name, env_id, task, .observe_double = bullet_observe_double)

#endif
