#include "classic_task.h"

#include <stdlib.h>
#include <string.h>

/* One environment: all it needs to go on, so saving it is a copy. */
struct classic_environment {
    double state[CLASSIC_STATE_SIZE];
    uint64_t episodes; /* resets so far */
};

struct classic {
    const struct classic_task *task;
    uint64_t seed;
    uint32_t first; /* number of environment 0 in the whole run */
    struct classic_environment environment[];
};

static int refuse_options(const char *const *options, char *error)
{
    if (!options || !*options)
        return 0;
    return sac_env_fail(error, "unknown option '%s': this environment takes none", *options);
}

int classic_spec(const struct classic_task *task, const char *const *options, struct sac_env_spec *spec,
                 char *error)
{
    *spec = task->spec;
    return refuse_options(options, error);
}

int classic_create(const struct classic_task *task, const struct sac_env_create *create, void **instance,
                   char *error)
{
    const size_t n = (size_t)create->environments;
    if (refuse_options(create->options, error))
        return 1;
    struct classic *c = calloc(1, sizeof *c + n * sizeof *c->environment);
    if (!c)
        return sac_env_fail(error, "no memory for %zu environments", n);
    c->task = task;
    c->seed = create->seed;
    c->first = (uint32_t)create->first_environment;
    *instance = c;
    return 0;
}

int classic_reset(void *instance, int32_t count, const int32_t *which, float *observation,
                  size_t observation_stride, char *error)
{
    struct classic *c = instance;
    (void)error;
    for (int32_t i = 0; i < count; i++) {
        struct classic_environment *e = &c->environment[which[i]];
        struct sac_env_stream stream = {c->seed, e->episodes++, c->first + (uint32_t)which[i], 0};
        memset(e->state, 0, sizeof e->state);
        c->task->reset(e->state, &stream);
        c->task->observe(observation + (size_t)which[i] * observation_stride, e->state);
    }
    return 0;
}

int classic_step(void *instance, const struct sac_env_step *step, char *error)
{
    struct classic *c = instance;
    (void)error;
    for (size_t j = 0; j < (size_t)step->count; j++) {
        double *state = c->environment[j].state;
        step->terminated[j] = c->task->step(state, step->action + j * step->action_stride, &step->reward[j]);
        step->truncated[j] = 0;
        c->task->observe(step->observation + j * step->observation_stride, state);
    }
    return 0;
}

void classic_destroy(void *instance)
{
    free(instance);
}

int classic_reset_to(void *instance, int32_t index, const double *position, const double *velocity,
                     float *observation, char *error)
{
    struct classic *c = instance;
    double *state = c->environment[index].state;
    (void)velocity;
    (void)error;
    memset(state, 0, sizeof c->environment[index].state);
    memcpy(state, position, (size_t)c->task->spec.position_size * sizeof *state);
    c->task->observe(observation, state);
    return 0;
}

size_t classic_state_size(void *instance)
{
    (void)instance;
    return sizeof(struct classic_environment);
}

int classic_get_state(void *instance, int32_t index, void *state, char *error)
{
    const struct classic *c = instance;
    (void)error;
    memcpy(state, &c->environment[index], sizeof c->environment[index]);
    return 0;
}

int classic_set_state(void *instance, int32_t index, const void *state, char *error)
{
    struct classic *c = instance;
    (void)error;
    memcpy(&c->environment[index], state, sizeof c->environment[index]);
    return 0;
}
