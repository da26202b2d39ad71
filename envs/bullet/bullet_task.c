#include "bullet_task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How an episode began. */
struct origin {
    double position[BULLET_JOINTS], velocity[BULLET_JOINTS];
    double base_position[7], base_velocity[6];
    bool base_given; /* else it is where the model has it */
    bool floor;      /* as in struct bullet_world */
};

/* What brings a world back to where it is: Bullet keeps contacts, and what pressed there, beside the joints.
 */
struct past {
    uint64_t episodes; /* resets so far */
    struct origin origin;
    int32_t steps; /* since; each has its action in the record */
};

/* A client each: several robots in one world share contacts and solver, and their numbers change. */
struct bullet_environment {
    struct bullet_world world;
    struct past past;
    bool begun;    /* it has had an episode */
    float *action; /* (step_limit, action_size) the record */
};

struct bullet {
    const struct bullet_task *task;
    struct bullet_library library;
    uint64_t seed;
    uint32_t first;      /* number of environment 0 in the whole run */
    int32_t count;       /* environments */
    double *observation; /* (observation_size) scratch */
    float *record;       /* (count, step_limit, action_size) */
    struct bullet_environment environment[];
};

double bullet_clip(float action)
{
    return fmax(-1, fmin(1, (double)action));
}

double bullet_relative_position(const struct bullet_world *world, int joint)
{
    const struct bullet_joint *j = &world->joint[joint];
    return 2 * (world->position[joint] - 0.5 * (j->lower + j->upper)) / (j->upper - j->lower);
}

int bullet_spec(const struct bullet_task *task, const char *const *options, struct sac_env_spec *spec,
                char *error)
{
    *spec = task->spec;
    return bullet_library_check_options(options, error);
}

/* A model of another size would be read beyond its end. */
static int check_sizes(const struct bullet *b, char *error)
{
    const struct sac_env_spec *spec = &b->task->spec;
    const struct bullet_world *w = &b->environment[0].world;
    if (7 * w->bodies + w->joints == spec->position_size && 6 * w->bodies + w->joints == spec->velocity_size)
        return 0;
    return sac_env_fail(error, "%s in %s is not pybullet's: it has %d bodies and %d joints",
                        b->task->scene.model, b->library.folder, w->bodies, w->joints);
}

/* Numbers in an environment's record. */
static size_t record_size(const struct bullet *b)
{
    return (size_t)b->task->spec.step_limit * (size_t)b->task->spec.action_size;
}

static int allocate(struct bullet *b, char *error)
{
    b->observation = calloc((size_t)b->task->spec.observation_size, sizeof *b->observation);
    b->record = calloc((size_t)b->count * record_size(b), sizeof *b->record);
    if (!b->observation || !b->record)
        return sac_env_fail(error, "no memory for the actions of %d episodes", b->count);
    for (int32_t i = 0; i < b->count; i++)
        b->environment[i].action = b->record + (size_t)i * record_size(b);
    return 0;
}

static int open_worlds(struct bullet *b, char *error)
{
    for (int32_t i = 0; i < b->count; i++)
        if (bullet_world_open(&b->environment[i].world, &b->library, &b->task->scene, error))
            return 1;
    return check_sizes(b, error);
}

int bullet_create(const struct bullet_task *task, const struct sac_env_create *create, void **instance,
                  char *error)
{
    const size_t n = (size_t)create->environments;
    struct bullet *b = calloc(1, sizeof *b + n * sizeof *b->environment);
    if (!b)
        return sac_env_fail(error, "no memory for %zu environments", n);
    b->task = task;
    b->seed = create->seed;
    b->first = (uint32_t)create->first_environment;
    b->count = create->environments;
    if (allocate(b, error) || bullet_library_load(&b->library, create->options, error) ||
        open_worlds(b, error)) {
        bullet_destroy(b);
        return 1;
    }
    *instance = b;
    return 0;
}

void bullet_destroy(void *instance)
{
    struct bullet *b = instance;
    if (!b)
        return;
    for (int32_t i = 0; i < b->count; i++)
        bullet_world_close(&b->environment[i].world);
    free(b->observation);
    free(b->record);
    free(b);
}

/* pybullet_envs asserts that states are finite. */
static int refuse_non_finite(const struct bullet *b, int32_t index, char *error)
{
    for (int32_t i = 0; i < b->task->spec.observation_size; i++)
        if (!isfinite(b->observation[i]))
            return sac_env_fail(error, "environment %u: the simulation diverged: observation %d is %g",
                                b->first + (uint32_t)index, i, b->observation[i]);
    return 0;
}

/* b->observation gets it in double. */
static int observe(struct bullet *b, int32_t index, char *error)
{
    struct bullet_world *world = &b->environment[index].world;
    if (bullet_world_read(world, error))
        return 1;
    b->task->observe(world, b->observation);
    return refuse_non_finite(b, index, error);
}

static void write_floats(const struct bullet *b, float *observation)
{
    for (int32_t i = 0; i < b->task->spec.observation_size; i++)
        observation[i] = (float)b->observation[i];
}

/* The world has been placed: look at it for the first time. */
static int begin(struct bullet *b, int32_t index, bool floor, char *error)
{
    struct bullet_environment *e = &b->environment[index];
    struct bullet_world *w = &e->world;
    memset(w->contact, 0, sizeof w->contact);
    w->floor = floor;
    if (bullet_world_read(w, error))
        return 1;
    w->start_height = w->root[2];
    e->begun = true;
    e->past.steps = 0;
    e->past.origin.floor = floor;
    memcpy(e->past.origin.position, w->position, sizeof w->position);
    memcpy(e->past.origin.velocity, w->velocity, sizeof w->velocity);
    return observe(b, index, error);
}

static int reset_one(struct bullet *b, int32_t j, char *error)
{
    struct bullet_environment *e = &b->environment[j];
    struct sac_env_stream stream = {b->seed, e->past.episodes++, b->first + (uint32_t)j, 0};
    if (bullet_world_restart(&e->world, error))
        return 1;
    b->task->perturb(&e->world, &stream);
    e->past.origin.base_given = false;
    return begin(b, j, e->begun, error);
}

int bullet_reset(void *instance, int32_t count, const int32_t *which, float *observation,
                 size_t observation_stride, char *error)
{
    for (int32_t i = 0; i < count; i++) {
        if (reset_one(instance, which[i], error))
            return 1;
        write_floats(instance, observation + (size_t)which[i] * observation_stride);
    }
    return 0;
}

/* Quaternions have length 1; what is within rounding of that is left as it is. */
static int give_base(struct origin *origin, const double *position, const double *velocity, char *error)
{
    const double *q = position + 3, length = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    if (!(length > 0 && isfinite(length)))
        return sac_env_fail(error, "the base's quaternion, positions 3 to 6, has the length %g", length);
    origin->base_given = true;
    memcpy(origin->base_position, position, sizeof origin->base_position);
    memcpy(origin->base_velocity, velocity, sizeof origin->base_velocity);
    for (int i = 3; i < 7 && fabs(length - 1) > 1e-9; i++)
        origin->base_position[i] /= length;
    return 0;
}

static bool has_free_base(const struct bullet_world *w)
{
    return w->scene->runner && w->scene->runner->root == BULLET_BASE;
}

/* A state has for each body its base (7 positions, 6 velocities), as traces have, then its joints. What is
 * said about bases that are fixed is not looked at. */
static int read_state(const struct bullet_world *w, const double *position, const double *velocity,
                      struct origin *origin, char *error)
{
    origin->base_given = false;
    if (has_free_base(w) && give_base(origin, position, velocity, error))
        return 1;
    for (int i = 0; i < w->bodies; i++) {
        position += 7;
        velocity += 6;
        for (int k = w->body[i].first_joint; k < w->body[i].end; k++) {
            origin->position[k] = *position++;
            origin->velocity[k] = *velocity++;
        }
    }
    return 0;
}

/* A new client, where contacts may have left something behind in the old one. */
static int renew(struct bullet *b, struct bullet_world *w, char *error)
{
    if (!b->task->scene.runner)
        return 0;
    bullet_world_close(w);
    return bullet_world_open(w, &b->library, &b->task->scene, error);
}

static int place(struct bullet *b, int32_t index, bool floor, char *error)
{
    struct bullet_environment *e = &b->environment[index];
    const struct origin *origin = &e->past.origin;
    if (renew(b, &e->world, error) || bullet_world_restart(&e->world, error))
        return 1;
    if (origin->base_given)
        bullet_world_set_base(&e->world, origin->base_position, origin->base_velocity);
    for (int k = 0; k < e->world.joints; k++)
        bullet_world_set_joint(&e->world, k, origin->position[k], origin->velocity[k]);
    return begin(b, index, floor, error);
}

int bullet_reset_to(void *instance, int32_t index, const double *position, const double *velocity,
                    float *observation, char *error)
{
    struct bullet *b = instance;
    struct bullet_environment *e = &b->environment[index];
    if (read_state(&e->world, position, velocity, &e->past.origin, error) || place(b, index, e->begun, error))
        return 1;
    write_floats(b, observation);
    return 0;
}

/* An episode longer than the record goes on, but can not be saved. */
static void record(const struct bullet *b, struct bullet_environment *e, const float *action)
{
    const size_t n = (size_t)b->task->spec.action_size;
    if (e->past.steps < b->task->spec.step_limit)
        memcpy(e->action + (size_t)e->past.steps * n, action, n * sizeof *action);
    e->past.steps += e->past.steps <= b->task->spec.step_limit;
}

static int move(struct bullet *b, int32_t j, const float *action, char *error)
{
    struct bullet_world *world = &b->environment[j].world;
    if (b->task->scene.runner && b->environment[j].past.steps > 0 && bullet_world_feel(world, error))
        return 1;
    world->floor = true;
    b->task->act(world, action);
    return bullet_world_step(world, error) || observe(b, j, error);
}

static int step_one(struct bullet *b, const struct sac_env_step *step, int32_t j, char *error)
{
    struct bullet_environment *e = &b->environment[j];
    const float *action = step->action + (size_t)j * step->action_stride;
    const bool floor = e->world.floor;
    double link[BULLET_LINKS][3];
    memcpy(link, e->world.link, sizeof link);
    if (move(b, j, action, error))
        return 1;
    record(b, e, action);
    write_floats(b, step->observation + (size_t)j * step->observation_stride);
    const struct bullet_outcome outcome = {&e->world, action, link, floor};
    step->terminated[j] = b->task->judge(&outcome, &step->reward[j]);
    step->truncated[j] = 0;
    return 0;
}

int bullet_step(void *instance, const struct sac_env_step *step, char *error)
{
    for (int32_t j = 0; j < step->count; j++)
        if (step_one(instance, step, j, error))
            return 1;
    return 0;
}

int bullet_observe_double(void *instance, int32_t index, double *observation, char *error)
{
    const struct bullet *b = instance;
    (void)error;
    b->task->observe(&b->environment[index].world, observation);
    return 0;
}

/* A state is how the episode began and its actions: they lead to the same bits again. */
size_t bullet_state_size(void *instance)
{
    return sizeof(struct past) + record_size(instance) * sizeof(float);
}

int bullet_get_state(void *instance, int32_t index, void *state, char *error)
{
    const struct bullet *b = instance;
    const struct bullet_environment *e = &b->environment[index];
    if (e->past.steps > b->task->spec.step_limit)
        return sac_env_fail(error, "environment %u: an episode beyond its limit of %d steps can not be saved",
                            b->first + (uint32_t)index, b->task->spec.step_limit);
    memcpy(state, &e->past, sizeof e->past);
    memcpy((char *)state + sizeof e->past, e->action, record_size(b) * sizeof(float));
    return 0;
}

int bullet_set_state(void *instance, int32_t index, const void *state, char *error)
{
    struct bullet *b = instance;
    struct bullet_environment *e = &b->environment[index];
    memcpy(&e->past, state, sizeof e->past);
    memcpy(e->action, (const char *)state + sizeof e->past, record_size(b) * sizeof(float));
    const int32_t steps = e->past.steps;
    if (place(b, index, e->past.origin.floor, error))
        return 1;
    for (; e->past.steps < steps; e->past.steps++)
        if (move(b, index, e->action + e->past.steps * b->task->spec.action_size, error))
            return 1;
    return 0;
}
