#include "mujoco_task.h"

#include "mujoco_integration.h"
#include "mujoco_model.h"
#include "mujoco_trap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mujoco_environment {
    mjData *data;
    uint64_t episodes; /* resets so far */
    double tracked;    /* what the task's `track` told last */
};

struct mujoco {
    const struct mujoco_task *task;
    struct mujoco_settings settings;
    int32_t observation_size;
    int body[MUJOCO_NAMED_BODIES]; /* numbers of the task's named bodies */
    mjModel *model;                /* shared by the instance's environments, never changed */
    uint64_t seed;
    uint32_t first;      /* number of environment 0 in the whole run */
    int32_t count;       /* environments */
    double *observation; /* (observation_size) scratch */
    double *state;       /* (integration_size) scratch: a caller's bytes need not be aligned */
    struct mujoco_environment environment[];
};

/* Numbers of an observation that options put in or leave out. */
static int32_t optional_size(const struct mujoco_task *task, const struct mujoco_settings *settings)
{
    const int32_t bodies = task->bodies - 1; /* not the world */
    int32_t size = settings->exclude_current_positions_from_observation ? 0 : task->skipped;
    size += settings->include_cinert_in_observation ? 10 * bodies : 0;
    size += settings->include_cvel_in_observation ? 6 * bodies : 0;
    size += settings->include_qfrc_actuator_in_observation ? task->spec.velocity_size - 6 : 0;
    size += settings->include_cfrc_ext_in_observation ? 6 * bodies : 0;
    return size;
}

int mujoco_spec(const struct mujoco_task *task, const char *const *options, struct sac_env_spec *spec,
                char *error)
{
    struct mujoco_settings defaults, settings;
    if (mujoco_options_read(task->options, NULL, &defaults, error) ||
        mujoco_options_read(task->options, options, &settings, error))
        return 1;
    *spec = task->spec;
    spec->observation_size += optional_size(task, &settings) - optional_size(task, &defaults);
    return 0;
}

/* Everything of `m` that depends on the model. */
static int make_data(void *argument, char *error)
{
    struct mujoco *m = argument;
    m->observation = calloc((size_t)m->observation_size, sizeof *m->observation);
    m->state = calloc(mujoco_integration_size(m->model), sizeof *m->state);
    if (!m->observation || !m->state)
        return sac_env_fail(error, "no memory for the simulation");
    for (int32_t i = 0; i < m->count; i++) {
        m->environment[i].data = mj_makeData(m->model);
        if (!m->environment[i].data)
            return sac_env_fail(error, "no memory for the simulation of environment %d", i);
    }
    return 0;
}

/* A body by name or, as Gymnasium's main_body also is, by number. */
static int find_body(const struct mujoco *m, const char *name, int *body, char *error)
{
    char *end;
    const long number = strtol(name, &end, 10);
    *body = mj_name2id(m->model, mjOBJ_BODY, name);
    if (*body < 0 && !*end && number >= 0 && number < m->model->nbody)
        *body = (int)number;
    return *body >= 0 ? 0 : sac_env_fail(error, "%s has no body '%s'", m->task->model, name);
}

static int find_bodies(struct mujoco *m, char *error)
{
    if (*m->settings.main_body)
        return find_body(m, m->settings.main_body, &m->body[0], error);
    for (int i = 0; i < MUJOCO_NAMED_BODIES && m->task->body[i]; i++)
        if (find_body(m, m->task->body[i], &m->body[i], error))
            return 1;
    return 0;
}

/* Options, model, and what depends on them. */
static int load(struct mujoco *m, const char *const *options, char *error)
{
    struct sac_env_spec spec;
    if (mujoco_spec(m->task, options, &spec, error) ||
        mujoco_options_read(m->task->options, options, &m->settings, error) ||
        mujoco_model_load(m->task, options, &m->model, error) || find_bodies(m, error))
        return 1;
    m->observation_size = spec.observation_size;
    return mujoco_trap(make_data, m, error);
}

int mujoco_create(const struct mujoco_task *task, const struct sac_env_create *create, void **instance,
                  char *error)
{
    const size_t n = (size_t)create->environments;
    struct mujoco *m = calloc(1, sizeof *m + n * sizeof *m->environment);
    if (!m)
        return sac_env_fail(error, "no memory for %zu environments", n);
    m->task = task;
    m->seed = create->seed;
    m->first = (uint32_t)create->first_environment;
    m->count = create->environments;
    if (load(m, create->options, error)) {
        mujoco_destroy(m);
        return 1;
    }
    *instance = m;
    return 0;
}

void mujoco_destroy(void *instance)
{
    struct mujoco *m = instance;
    if (!m)
        return;
    for (int32_t i = 0; i < m->count; i++)
        mj_deleteData(m->environment[i].data);
    mj_deleteModel(m->model);
    free(m->observation);
    free(m->state);
    free(m);
}

static struct mujoco_scene scene_of(const struct mujoco *m, size_t j)
{
    return (struct mujoco_scene){m->model, m->environment[j].data, &m->settings, m->body, m->task->skipped};
}

/* Write the observation as floats; m->observation keeps it in double. */
static void observe(struct mujoco *m, const struct mujoco_scene *scene, float *observation)
{
    m->task->observe(scene, m->observation);
    for (int32_t i = 0; i < m->observation_size; i++)
        observation[i] = (float)m->observation[i];
}

static double track(const struct mujoco *m, const struct mujoco_scene *scene)
{
    return m->task->track ? m->task->track(scene) : scene->data->qpos[0];
}

/* An episode begins: qpos and qvel are set. */
static void begin(struct mujoco *m, size_t j, float *observation)
{
    const struct mujoco_scene scene = scene_of(m, j);
    mj_forward(m->model, m->environment[j].data);
    m->environment[j].tracked = track(m, &scene);
    observe(m, &scene, observation);
}

/* The arguments of mujoco_reset and mujoco_reset_to, on their way through the trap. */
struct reset {
    struct mujoco *m;
    int32_t count;
    const int32_t *which;
    const double *position, *velocity; /* reset_to only */
    float *observation;
    size_t observation_stride;
};

static int reset_all(void *argument, char *error)
{
    const struct reset *r = argument;
    struct mujoco *m = r->m;
    (void)error;
    for (int32_t i = 0; i < r->count; i++) {
        const size_t j = (size_t)r->which[i];
        struct mujoco_environment *e = &m->environment[j];
        struct sac_env_stream stream = {m->seed, e->episodes++, m->first + (uint32_t)j, 0};
        const struct mujoco_scene scene = scene_of(m, j);
        mj_resetData(m->model, e->data);
        m->task->perturb(&scene, e->data->qpos, e->data->qvel, &stream);
        begin(m, j, r->observation + j * r->observation_stride);
    }
    return 0;
}

int mujoco_reset(void *instance, int32_t count, const int32_t *which, float *observation,
                 size_t observation_stride, char *error)
{
    struct reset reset = {.m = instance,
                          .count = count,
                          .which = which,
                          .observation = observation,
                          .observation_stride = observation_stride};
    return mujoco_trap(reset_all, &reset, error);
}

static int reset_to(void *argument, char *error)
{
    const struct reset *r = argument;
    const mjModel *model = r->m->model;
    const size_t j = (size_t)*r->which;
    mjData *data = r->m->environment[j].data;
    (void)error;
    mj_resetData(model, data);
    memcpy(data->qpos, r->position, (size_t)model->nq * sizeof *data->qpos);
    memcpy(data->qvel, r->velocity, (size_t)model->nv * sizeof *data->qvel);
    begin(r->m, j, r->observation);
    return 0;
}

int mujoco_reset_to(void *instance, int32_t index, const double *position, const double *velocity,
                    float *observation, char *error)
{
    struct reset reset = {.m = instance,
                          .which = &index,
                          .position = position,
                          .velocity = velocity,
                          .observation = observation};
    return mujoco_trap(reset_to, &reset, error);
}

/* Gymnasium goes on with numbers that are not finite; a learner must not. */
static int refuse_non_finite(const struct mujoco *m, size_t j, char *error)
{
    for (int32_t i = 0; i < m->observation_size; i++)
        if (!isfinite(m->observation[i]))
            return sac_env_fail(error, "environment %u: the simulation diverged: observation %d is %g",
                                m->first + (uint32_t)j, i, m->observation[i]);
    return 0;
}

static void simulate(const struct mujoco *m, mjData *data, const float *action)
{
    for (int i = 0; i < m->model->nu; i++)
        data->ctrl[i] = (double)action[i];
    for (int frame = 0; frame < m->settings.frame_skip; frame++)
        mj_step(m->model, data);
    /* As Gymnasium does for all tasks: mj_step leaves cfrc_ext as it was. Nothing else that is read here, and
     * no later state, depends on it. */
    if (m->task->contact_forces)
        mj_rnePostConstraint(m->model, data);
}

static int step_one(struct mujoco *m, const struct sac_env_step *step, size_t j, char *error)
{
    const float *action = step->action + j * step->action_stride;
    const double before = m->environment[j].tracked;
    const struct mujoco_scene scene = scene_of(m, j);
    simulate(m, m->environment[j].data, action);
    m->environment[j].tracked = track(m, &scene);
    observe(m, &scene, step->observation + j * step->observation_stride);

    const double seconds = m->model->opt.timestep * m->settings.frame_skip;
    const struct mujoco_outcome outcome = {&scene, action, m->observation,
                                           (m->environment[j].tracked - before) / seconds};
    step->terminated[j] = m->task->judge(&outcome, &step->reward[j]);
    step->truncated[j] = 0;
    return step->terminated[j] ? 0 : refuse_non_finite(m, j, error);
}

struct steps {
    struct mujoco *m;
    const struct sac_env_step *step;
};

static int step_all(void *argument, char *error)
{
    const struct steps *s = argument;
    for (size_t j = 0; j < (size_t)s->step->count; j++)
        if (step_one(s->m, s->step, j, error))
            return 1;
    return 0;
}

int mujoco_step(void *instance, const struct sac_env_step *step, char *error)
{
    struct steps steps = {instance, step};
    return mujoco_trap(step_all, &steps, error);
}

int mujoco_observe_double(void *instance, int32_t index, double *observation, char *error)
{
    const struct mujoco *m = instance;
    const struct mujoco_scene scene = scene_of(m, (size_t)index);
    (void)error;
    m->task->observe(&scene, observation);
    return 0;
}

/* A state: resets, what was tracked, and MuJoCo's. */

enum { HEAD_SIZE = sizeof(uint64_t) + sizeof(double) };

size_t mujoco_state_size(void *instance)
{
    const struct mujoco *m = instance;
    return HEAD_SIZE + mujoco_integration_size(m->model) * sizeof(double);
}

int mujoco_get_state(void *instance, int32_t index, void *state, char *error)
{
    const struct mujoco *m = instance;
    const struct mujoco_environment *e = &m->environment[index];
    (void)error;
    memcpy(state, &e->episodes, sizeof e->episodes);
    memcpy((char *)state + sizeof e->episodes, &e->tracked, sizeof e->tracked);
    mujoco_integration_get(m->model, e->data, m->state);
    memcpy((char *)state + HEAD_SIZE, m->state, mujoco_integration_size(m->model) * sizeof *m->state);
    return 0;
}

int mujoco_set_state(void *instance, int32_t index, const void *state, char *error)
{
    struct mujoco *m = instance;
    struct mujoco_environment *e = &m->environment[index];
    (void)error;
    memcpy(&e->episodes, state, sizeof e->episodes);
    memcpy(&e->tracked, (const char *)state + sizeof e->episodes, sizeof e->tracked);
    mj_resetData(m->model, e->data); /* what is not in the state must not come from before */
    memcpy(m->state, (const char *)state + HEAD_SIZE, mujoco_integration_size(m->model) * sizeof *m->state);
    mujoco_integration_set(m->model, e->data, m->state);
    return 0;
}

const mjData *mujoco_simulation(const void *instance, int32_t index, const mjModel **model)
{
    const struct mujoco *m = instance;
    *model = m->model;
    return m->environment[index].data;
}

const char *sac_mujoco_version(void)
{
    return mj_versionString();
}
