/* The test environment: position += velocity / 10; velocity += action / 10; reward -|position|. */
#include "point_mass.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "random.h"

struct point {
    float state[4];
    uint32_t episodes;
};

struct instance {
    uint64_t seed;
    int first, count;
    struct point point[];
};

struct point_mass_faults point_mass_faults;
_Atomic int64_t point_mass_steps, point_mass_instances;
_Atomic int64_t point_mass_thread_steps[POINT_MASS_THREADS];
_Atomic int point_mass_threads;
void (*point_mass_probe)(void);

static _Thread_local int thread_slot; /* index in point_mass_thread_steps */
static _Thread_local int64_t thread_run;
static _Atomic int64_t run = 1;

void point_mass_clear(void)
{
    memset(&point_mass_faults, 0, sizeof point_mass_faults);
    point_mass_steps = 0;
    for (int i = 0; i < POINT_MASS_THREADS; i++)
        point_mass_thread_steps[i] = 0;
    point_mass_threads = 0;
    point_mass_probe = NULL;
    run++;
}

static int spec(const char *const *options, struct sac_env_spec *out, char *error)
{
    static const float low[2] = {-2, -1}, high[2] = {2, 3};
    (void)options;
    (void)error;
    *out = (struct sac_env_spec){
        .size = sizeof *out,
        .observation_size = 4,
        .action_size = 2,
        .step_limit = 40,
        .action_low = low,
        .action_high = high,
        .reward_threshold = NAN,
        .position_size = 4,
    };
    return 0;
}

static int create(const struct sac_env_create *arguments, void **instance, char *error)
{
    struct instance *i = calloc(1, sizeof *i + (size_t)arguments->environments * sizeof i->point[0]);
    if (!i) {
        snprintf(error, SAC_ENV_ERROR_SIZE, "no memory");
        return 1;
    }
    i->seed = arguments->seed;
    i->first = arguments->first_environment;
    i->count = arguments->environments;
    point_mass_instances++;
    *instance = i;
    return 0;
}

static void destroy(void *instance)
{
    if (instance)
        point_mass_instances--;
    free(instance);
}

static int reset(void *instance, int32_t count, const int32_t *which, float *observation, size_t stride,
                 char *error)
{
    struct instance *i = instance;
    if (point_mass_faults.reset_error_at && point_mass_steps >= point_mass_faults.reset_error_at) {
        snprintf(error, SAC_ENV_ERROR_SIZE, "the point is lost");
        return 1;
    }
    for (int k = 0; k < count; k++) {
        struct point *p = &i->point[which[k]];
        const struct sac_philox r =
            sac_random(i->seed, SAC_PURPOSE_TRAINING, p->episodes++, (uint32_t)(i->first + which[k]), 1);
        for (int d = 0; d < 4; d++)
            p->state[d] = 2 * sac_unit_float(r.word[d]) - 1;
        memcpy(observation + (size_t)which[k] * stride, p->state, sizeof p->state);
    }
    return 0;
}

static void count_step(void)
{
    if (thread_run != run) {
        thread_slot = atomic_fetch_add(&point_mass_threads, 1) % POINT_MASS_THREADS;
        thread_run = run;
    }
    point_mass_thread_steps[thread_slot]++;
}

static void move(struct point *p, const float *action)
{
    for (int d = 0; d < 2; d++) {
        p->state[d] += 0.1f * p->state[2 + d];
        p->state[2 + d] += 0.1f * action[d];
    }
}

static int step(void *instance, const struct sac_env_step *s, char *error)
{
    struct instance *i = instance;
    if (point_mass_probe)
        point_mass_probe();
    if (point_mass_faults.slow_us)
        usleep((useconds_t)point_mass_faults.slow_us);
    for (int j = 0; j < s->count; j++) {
        const int64_t number = atomic_fetch_add(&point_mass_steps, 1) + 1;
        struct point *p = &i->point[j];
        float *observation = s->observation + (size_t)j * s->observation_stride;
        count_step();
        if (number == point_mass_faults.error_at) {
            snprintf(error, SAC_ENV_ERROR_SIZE, "the motor burnt out");
            return 1;
        }
        move(p, s->action + (size_t)j * s->action_stride);
        memcpy(observation, p->state, sizeof p->state);
        s->reward[j] = (double)-hypotf(p->state[0], p->state[1]);
        s->terminated[j] = fabsf(p->state[0]) > 4 || fabsf(p->state[1]) > 4;
        s->truncated[j] = 0;
        if (number == point_mass_faults.nan_observation_at)
            observation[2] = NAN;
        if (number == point_mass_faults.nan_reward_at)
            s->reward[j] = INFINITY;
    }
    return 0;
}

static size_t state_size(void *instance)
{
    (void)instance;
    return sizeof(struct point);
}

static int get_state(void *instance, int32_t index, void *state, char *error)
{
    (void)error;
    memcpy(state, &((struct instance *)instance)->point[index], sizeof(struct point));
    return 0;
}

static int set_state(void *instance, int32_t index, const void *state, char *error)
{
    (void)error;
    memcpy(&((struct instance *)instance)->point[index], state, sizeof(struct point));
    return 0;
}

const struct sac_env_ops point_mass = {
    .abi = SAC_ENV_ABI,
    .size = sizeof point_mass,
    .id = "PointMass-v0",
    .spec = spec,
    .create = create,
    .reset = reset,
    .step = step,
    .destroy = destroy,
    .state_size = state_size,
    .get_state = get_state,
    .set_state = set_state,
};
