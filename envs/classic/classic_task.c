#include "classic_task.h"

#include <stdlib.h>
#include <string.h>

struct classic {
    const struct classic_task *task;
    uint64_t seed;
    uint32_t first; /* number of environment 0 in the whole run */
    double *state[CLASSIC_STATE_SIZE];
    uint64_t *episodes; /* resets so far, of each environment */
    double numbers[];   /* what `state` points into */
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
    struct classic *c = calloc(1, sizeof *c + n * (size_t)task->state_size * sizeof *c->numbers);
    uint64_t *episodes = calloc(n, sizeof *episodes);
    if (!c || !episodes) {
        free(c);
        free(episodes);
        return sac_env_fail(error, "no memory for %zu environments", n);
    }
    c->task = task;
    c->seed = create->seed;
    c->first = (uint32_t)create->first_environment;
    c->episodes = episodes;
    for (int i = 0; i < task->state_size; i++)
        c->state[i] = c->numbers + n * (size_t)i;
    *instance = c;
    return 0;
}

static void load_state(const struct classic *c, int32_t index, double *state)
{
    for (int i = 0; i < c->task->state_size; i++)
        state[i] = c->state[i][index];
}

static void store_state(const struct classic *c, int32_t index, const double *state)
{
    for (int i = 0; i < c->task->state_size; i++)
        c->state[i][index] = state[i];
}

/* Begin an episode at `state`, whose first numbers are set and the others zero. */
static void begin(const struct classic *c, int32_t index, double *state, float *observation)
{
    double exact[CLASSIC_OBSERVATION];
    if (c->task->complete)
        c->task->complete(state);
    store_state(c, index, state);
    c->task->observe(exact, state);
    for (int i = 0; i < c->task->spec.observation_size; i++)
        observation[i] = (float)exact[i];
}

int classic_reset(void *instance, int32_t count, const int32_t *which, float *observation,
                  size_t observation_stride, char *error)
{
    struct classic *c = instance;
    (void)error;
    for (int32_t i = 0; i < count; i++) {
        const int32_t j = which[i];
        double state[CLASSIC_STATE_SIZE] = {0};
        struct sac_env_stream stream = {c->seed, c->episodes[j]++, c->first + (uint32_t)j, 0};
        c->task->reset(state, &stream);
        begin(c, j, state, observation + (size_t)j * observation_stride);
    }
    return 0;
}

int classic_step(void *instance, const struct sac_env_step *step, char *error)
{
    struct classic *c = instance;
    (void)error;
    c->task->step(c->state, step);
    memset(step->truncated, 0, (size_t)step->count);
    return 0;
}

void classic_destroy(void *instance)
{
    struct classic *c = instance;
    if (c)
        free(c->episodes);
    free(c);
}

int classic_reset_to(void *instance, int32_t index, const double *position, const double *velocity,
                     float *observation, char *error)
{
    struct classic *c = instance;
    double state[CLASSIC_STATE_SIZE] = {0};
    (void)velocity;
    (void)error;
    memcpy(state, position, (size_t)c->task->spec.position_size * sizeof *state);
    begin(c, index, state, observation);
    return 0;
}

/* The state's numbers, and the count of resets after them. */
size_t classic_state_size(void *instance)
{
    const struct classic *c = instance;
    return ((size_t)c->task->state_size + 1) * sizeof(double);
}

int classic_get_state(void *instance, int32_t index, void *state, char *error)
{
    const struct classic *c = instance;
    const size_t size = (size_t)c->task->state_size * sizeof(double);
    double numbers[CLASSIC_STATE_SIZE];
    (void)error;
    load_state(c, index, numbers);
    memcpy(state, numbers, size);
    memcpy((char *)state + size, &c->episodes[index], sizeof *c->episodes);
    return 0;
}

int classic_set_state(void *instance, int32_t index, const void *state, char *error)
{
    struct classic *c = instance;
    const size_t size = (size_t)c->task->state_size * sizeof(double);
    double numbers[CLASSIC_STATE_SIZE];
    (void)error;
    memcpy(numbers, state, size);
    store_state(c, index, numbers);
    memcpy(&c->episodes[index], (const char *)state + size, sizeof *c->episodes);
    return 0;
}

int classic_observe_double(void *instance, int32_t index, double *observation, char *error)
{
    const struct classic *c = instance;
    double state[CLASSIC_STATE_SIZE];
    (void)error;
    load_state(c, index, state);
    c->task->observe(observation, state);
    return 0;
}
