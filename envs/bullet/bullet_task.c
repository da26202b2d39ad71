#include "bullet_task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A client each: several robots in one world share contacts and solver, and their numbers change. */
struct bullet_environment {
    struct bullet_world world;
    uint64_t episodes; /* resets so far */
};

struct bullet {
    const struct bullet_task *task;
    struct bullet_library library;
    uint64_t seed;
    uint32_t first;      /* number of environment 0 in the whole run */
    int32_t count;       /* environments */
    double *observation; /* (observation_size) scratch */
    struct bullet_environment environment[];
};

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
    b->observation = calloc((size_t)task->spec.observation_size, sizeof *b->observation);
    int failed = b->observation ? 0 : sac_env_fail(error, "no memory for an observation");
    if (!failed)
        failed = bullet_library_load(&b->library, create->options, error) || open_worlds(b, error);
    if (failed) {
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

/* Write the observation as floats; b->observation keeps it in double. */
static int observe(struct bullet *b, int32_t index, float *observation, char *error)
{
    struct bullet_world *world = &b->environment[index].world;
    if (bullet_world_read(world, error))
        return 1;
    b->task->observe(world, b->observation);
    for (int32_t i = 0; i < b->task->spec.observation_size; i++)
        observation[i] = (float)b->observation[i];
    return refuse_non_finite(b, index, error);
}

int bullet_reset(void *instance, int32_t count, const int32_t *which, float *observation,
                 size_t observation_stride, char *error)
{
    struct bullet *b = instance;
    for (int32_t i = 0; i < count; i++) {
        const int32_t j = which[i];
        struct bullet_environment *e = &b->environment[j];
        struct sac_env_stream stream = {b->seed, e->episodes++, b->first + (uint32_t)j, 0};
        if (bullet_world_restart(&e->world, error))
            return 1;
        b->task->perturb(&e->world, &stream);
        if (observe(b, j, observation + (size_t)j * observation_stride, error))
            return 1;
    }
    return 0;
}

/* A state has for each body its base (7 positions, 6 velocities), as traces have, then its joints. All bases
 * are fixed: what is said about them is not looked at. */
int bullet_reset_to(void *instance, int32_t index, const double *position, const double *velocity,
                    float *observation, char *error)
{
    struct bullet *b = instance;
    struct bullet_world *w = &b->environment[index].world;
    if (bullet_world_restart(w, error))
        return 1;
    for (int i = 0; i < w->bodies; i++) {
        const struct bullet_body *body = &w->body[i];
        position += 7;
        velocity += 6;
        for (int k = body->first_joint; k < body->end; k++)
            bullet_world_set_joint(w, k, *position++, *velocity++);
    }
    return observe(b, index, observation, error);
}

static int step_one(struct bullet *b, const struct sac_env_step *step, int32_t j, char *error)
{
    struct bullet_world *world = &b->environment[j].world;
    const float *action = step->action + (size_t)j * step->action_stride;
    double link[BULLET_LINKS][3];
    memcpy(link, world->link, sizeof link);
    b->task->act(world, action);
    if (bullet_world_step(world, error) ||
        observe(b, j, step->observation + (size_t)j * step->observation_stride, error))
        return 1;
    const struct bullet_outcome outcome = {world, action, link};
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

/* The joints decide how Bullet goes on: in these tasks it keeps nothing else from one step to the next. The
 * links are there for the task: after a step Bullet tells where they were before their joints' last move. */
struct saved {
    uint64_t episodes;
    double position[BULLET_JOINTS], velocity[BULLET_JOINTS], link[BULLET_LINKS][3];
};

size_t bullet_state_size(void *instance)
{
    (void)instance;
    return sizeof(struct saved);
}

int bullet_get_state(void *instance, int32_t index, void *state, char *error)
{
    const struct bullet *b = instance;
    const struct bullet_environment *e = &b->environment[index];
    struct saved saved = {.episodes = e->episodes};
    (void)error;
    memcpy(saved.position, e->world.position, sizeof saved.position);
    memcpy(saved.velocity, e->world.velocity, sizeof saved.velocity);
    memcpy(saved.link, e->world.link, sizeof saved.link);
    memcpy(state, &saved, sizeof saved);
    return 0;
}

int bullet_set_state(void *instance, int32_t index, const void *state, char *error)
{
    struct bullet *b = instance;
    struct bullet_environment *e = &b->environment[index];
    struct bullet_world *w = &e->world;
    struct saved saved;
    memcpy(&saved, state, sizeof saved);
    if (bullet_world_restart(w, error))
        return 1;
    for (int k = 0; k < w->joints; k++)
        bullet_world_set_joint(w, k, saved.position[k], saved.velocity[k]);
    e->episodes = saved.episodes;
    memcpy(w->position, saved.position, sizeof w->position);
    memcpy(w->velocity, saved.velocity, sizeof w->velocity);
    memcpy(w->link, saved.link, sizeof w->link);
    return 0;
}
