/* What the classic control tasks share: an instance holds the states of its environments number by number,
 * side by side, and a task is its equations. */
#ifndef CLASSIC_TASK_H
#define CLASSIC_TASK_H

#include "../envs.h"
#include "../task_ops.h"

#include <softac/env_random.h>

#include <stdbool.h>

#define CLASSIC_STATE_SIZE  8
#define CLASSIC_OBSERVATION 8

static const double CLASSIC_PI = 3.14159265358979323846;

struct classic_task {
    struct sac_env_spec spec;
    int state_size; /* numbers per environment, at most CLASSIC_STATE_SIZE; the first are `position` */
    /* One environment's state, zeroed before: the first spec.position_size numbers of a new episode. */
    void (*reset)(double *state, struct sac_env_stream *stream);
    /* The numbers after those, which are kept because they follow from them; NULL if there are none. */
    void (*complete)(double *state);
    void (*observe)(double *observation, const double *state);
    /* Advance the first step->count environments; state[i][j] is number i of environment j. Writes everything
     * but `truncated`. */
    void (*step)(double *const *state, const struct sac_env_step *step);
};

/* A NaN stays one. */
static inline double classic_clip(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

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

int classic_observe_double(void *instance, int32_t index, double *observation, char *error);

/* Define the table NAME of the environment ID, from its `task`. `observed`: classic_observe_double, or NULL
 * where the reference's observations are floats, too. */
#define CLASSIC_OPS(name, env_id, task, observed)                                                            \
    TASK_OPS(classic, name, env_id, task, .observe_double = (observed))

#endif
