/* A mass on a damped spring, to be pushed to a target and held there: an environment to start from.
 *
 *     cc -O2 -fPIC -shared -o template.so template.c $(pkg-config --cflags softac) -lm
 *     softac envs --check ./template.so
 *     softac train ./template.so
 *
 * Copy this file, then change, from top to bottom: what one environment remembers (struct spring), how it
 * begins (begin), how it moves (advance), what the policy sees (observe), what it is worth (in step_one), and
 * the sizes and bounds that spec() tells. What stands below that is the same for most environments.
 *
 * The rules (docs/environments.md has all of them):
 * - no global variables: several threads have instances of their own, all at the same time;
 * - a first state depends on the seed, the environment's number and its count of resets, and on nothing else;
 * - step() never resets, and the step limit is the caller's business;
 * - what fails writes a sentence into `error` and returns non-zero. */
#include <softac/env.h>
#include <softac/env_random.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the task -------------------------------------------------------------------------------------------
 */

static const double STIFFNESS = 2.0, DAMPING = 0.2, MASS = 1.0; /* N/m, N s/m, kg */
static const double TIME_STEP = 0.05;                           /* s */
static const double EDGE = 4.0;                                 /* m; beyond it the spring breaks */

enum { OBSERVATIONS = 3, ACTIONS = 1, STEP_LIMIT = 200 };

/* Everything one environment remembers. A plain struct without pointers: then its state is saved by copying.
 */
struct spring {
    double position, velocity, target;
    uint64_t episodes; /* resets so far: each gives other random numbers */
};

/* A new episode. All random numbers come from `stream`, so that seed, environment and episode decide them. */
static void begin(struct spring *s, struct sac_env_stream *stream)
{
    s->position = sac_env_uniform(stream, -1.0, 1.0);
    s->velocity = sac_env_normal(stream) * 0.1;
    s->target = sac_env_uniform(stream, -1.5, 1.5);
}

/* One time step under `force`: velocity first, then position with the new velocity, which keeps it stable. */
static void advance(struct spring *s, double force)
{
    const double acceleration = (force - STIFFNESS * s->position - DAMPING * s->velocity) / MASS;
    s->velocity += acceleration * TIME_STEP;
    s->position += s->velocity * TIME_STEP;
}

/* What the policy sees: all it needs to act well, and numbers of about the size of 1. */
static void observe(const struct spring *s, float *observation)
{
    observation[0] = (float)s->position;
    observation[1] = (float)s->velocity;
    observation[2] = (float)s->target;
}

/* One step of one environment: `terminated` only where the task itself is over, never for a time limit. */
static void step_one(struct spring *s, const float *action, double *reward, uint8_t *terminated)
{
    const double force = (double)action[0];
    advance(s, force);
    const double distance = s->position - s->target;
    *terminated = fabs(s->position) > EDGE;
    *reward = -distance * distance - 0.1 * s->velocity * s->velocity - 0.001 * force * force;
    if (*terminated)
        *reward -= 100;
}

/* The task's sizes and bounds: the same at every call. The arrays live as long as the plugin. */
static int spec(const char *const *options, struct sac_env_spec *spec, char *error)
{
    static const float low[ACTIONS] = {-5}, high[ACTIONS] = {5}; /* N */
    if (options && *options) {
        snprintf(error, SAC_ENV_ERROR_SIZE, "unknown option '%s': this environment takes none", *options);
        return 1;
    }
    *spec = (struct sac_env_spec){
        .size = sizeof *spec,
        .observation_size = OBSERVATIONS,
        .action_size = ACTIONS,
        .step_limit = STEP_LIMIT,
        .action_low = low,
        .action_high = high,
        .reward_threshold = NAN, /* no mean return is agreed on as solved */
        .position_size = 2,      /* reset_to: position and target, */
        .velocity_size = 1,      /* and velocity */
    };
    return 0;
}

/* ---- instances: several environments stepped by one call ------------------------------------------------
 */

struct instance {
    uint64_t seed;
    uint32_t first; /* number of spring[0] in the whole run */
    struct spring spring[];
};

static int create(const struct sac_env_create *create, void **instance, char *error)
{
    const size_t n = (size_t)create->environments;
    struct sac_env_spec unused;
    if (spec(create->options, &unused, error)) /* options come here, too */
        return 1;
    struct instance *i = calloc(1, sizeof *i + n * sizeof *i->spring);
    if (!i) {
        snprintf(error, SAC_ENV_ERROR_SIZE, "no memory for %zu environments", n);
        return 1;
    }
    i->seed = create->seed;
    i->first = (uint32_t)create->first_environment;
    *instance = i;
    return 0;
}

static void destroy(void *instance)
{
    free(instance);
}

/* Environment which[k] begins anew; its observation goes into row which[k], not into row k. */
static int reset(void *instance, int32_t count, const int32_t *which, float *observation,
                 size_t observation_stride, char *error)
{
    struct instance *i = instance;
    (void)error;
    for (int32_t k = 0; k < count; k++) {
        const int32_t j = which[k];
        struct spring *s = &i->spring[j];
        struct sac_env_stream stream = {
            .seed = i->seed, .episode = s->episodes++, .environment = i->first + (uint32_t)j};
        begin(s, &stream);
        observe(s, observation + (size_t)j * observation_stride);
    }
    return 0;
}

/* Rows are as wide as the strides say; only the first OBSERVATIONS and ACTIONS numbers of each are ours. */
static int step(void *instance, const struct sac_env_step *step, char *error)
{
    struct instance *i = instance;
    (void)error;
    for (int32_t j = 0; j < step->count; j++) {
        struct spring *s = &i->spring[j];
        step_one(s, step->action + (size_t)j * step->action_stride, &step->reward[j], &step->terminated[j]);
        step->truncated[j] = 0;
        observe(s, step->observation + (size_t)j * step->observation_stride);
    }
    return 0;
}

/* ---- the rest is optional: leave it out of the table if you do not need it ------------------------------
 */

/* An episode from a given state: for softac rollout. */
static int reset_to(void *instance, int32_t index, const double *position, const double *velocity,
                    float *observation, char *error)
{
    struct spring *s = &((struct instance *)instance)->spring[index];
    (void)error;
    s->position = position[0];
    s->target = position[1];
    s->velocity = velocity[0];
    observe(s, observation);
    return 0;
}

static size_t state_size(void *instance)
{
    (void)instance;
    return sizeof(struct spring);
}

static int get_state(void *instance, int32_t index, void *state, char *error)
{
    const struct instance *i = instance;
    (void)error;
    memcpy(state, &i->spring[index], sizeof i->spring[index]);
    return 0;
}

static int set_state(void *instance, int32_t index, const void *state, char *error)
{
    struct instance *i = instance;
    (void)error;
    memcpy(&i->spring[index], state, sizeof i->spring[index]);
    return 0;
}

/* ---- the table, and the one function that a plugin exports ----------------------------------------------
 */

static const struct sac_env_ops table = {
    .abi = SAC_ENV_ABI,
    .size = sizeof table,
    .id = "DampedSpring-v0",
    .spec = spec,
    .create = create,
    .reset = reset,
    .step = step,
    .destroy = destroy,
    .reset_to = reset_to,
    .state_size = state_size,
    .get_state = get_state,
    .set_state = set_state,
};

const struct sac_env_ops *sac_env_plugin(uint32_t abi)
{
    return abi == SAC_ENV_ABI ? &table : NULL;
}
