#include "mujoco_task.h"

#include "mujoco_model.h"
#include "mujoco_trap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mujoco_environment {
    mjData *data;
    uint64_t episodes; /* resets so far */
};

struct mujoco {
    const struct mujoco_task *task;
    mjModel *model; /* shared by the instance's environments, never changed */
    uint64_t seed;
    uint32_t first;      /* number of environment 0 in the whole run */
    int32_t count;       /* environments */
    double *observation; /* (observation_size) scratch */
    double *state;       /* (integration_size) scratch: a caller's bytes need not be aligned */
    struct mujoco_environment environment[];
};

void mujoco_add_uniform(double *x, int64_t n, double bound, struct sac_env_stream *stream)
{
    for (int64_t i = 0; i < n; i++)
        x[i] += sac_env_uniform(stream, -bound, bound);
}

void mujoco_observe_state(const mjModel *model, const mjData *data, int skipped, double *observation)
{
    const size_t positions = (size_t)(model->nq - skipped);
    memcpy(observation, data->qpos + skipped, positions * sizeof *observation);
    memcpy(observation + positions, data->qvel, (size_t)model->nv * sizeof *observation);
}

int mujoco_spec(const struct mujoco_task *task, const char *const *options, struct sac_env_spec *spec,
                char *error)
{
    *spec = task->spec;
    return mujoco_model_check_options(options, error);
}

/* What MuJoCo needs to go on exactly from a state, as doubles. */

#if mjVERSION_HEADER >= 300

static size_t integration_size(const mjModel *model)
{
    return (size_t)mj_stateSize(model, mjSTATE_INTEGRATION);
}

static void get_integration(const mjModel *model, const mjData *data, double *state)
{
    mj_getState(model, data, state, mjSTATE_INTEGRATION);
}

static void set_integration(const mjModel *model, mjData *data, const double *state)
{
    mj_setState(model, data, state, mjSTATE_INTEGRATION);
}

#else /* the parts that Gymnasium's models have */

static size_t integration_size(const mjModel *model)
{
    return (size_t)(1 + model->nq + 2 * model->nv + model->na + model->nu);
}

static double *copy_out(double *state, const double *part, int n)
{
    memcpy(state, part, (size_t)n * sizeof *state);
    return state + n;
}

static const double *copy_in(double *part, const double *state, int n)
{
    memcpy(part, state, (size_t)n * sizeof *state);
    return state + n;
}

static void get_integration(const mjModel *model, const mjData *data, double *state)
{
    state = copy_out(state, &data->time, 1);
    state = copy_out(state, data->qpos, model->nq);
    state = copy_out(state, data->qvel, model->nv);
    state = copy_out(state, data->qacc_warmstart, model->nv);
    state = copy_out(state, data->act, model->na);
    copy_out(state, data->ctrl, model->nu);
}

static void set_integration(const mjModel *model, mjData *data, const double *state)
{
    state = copy_in(&data->time, state, 1);
    state = copy_in(data->qpos, state, model->nq);
    state = copy_in(data->qvel, state, model->nv);
    state = copy_in(data->qacc_warmstart, state, model->nv);
    state = copy_in(data->act, state, model->na);
    copy_in(data->ctrl, state, model->nu);
}

#endif

/* Everything of `m` that depends on the model. */
static int make_data(void *argument, char *error)
{
    struct mujoco *m = argument;
    m->observation = calloc((size_t)m->task->spec.observation_size, sizeof *m->observation);
    m->state = calloc(integration_size(m->model), sizeof *m->state);
    if (!m->observation || !m->state)
        return sac_env_fail(error, "no memory for the simulation");
    for (int32_t i = 0; i < m->count; i++) {
        m->environment[i].data = mj_makeData(m->model);
        if (!m->environment[i].data)
            return sac_env_fail(error, "no memory for the simulation of environment %d", i);
    }
    return 0;
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
    if (mujoco_model_load(task, create->options, &m->model, error) || mujoco_trap(make_data, m, error)) {
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

/* Write the observation of `data` as floats; m->observation keeps it in double. */
static void observe(struct mujoco *m, const mjData *data, float *observation)
{
    m->task->observe(m->model, data, m->observation);
    for (int32_t i = 0; i < m->task->spec.observation_size; i++)
        observation[i] = (float)m->observation[i];
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
        const int32_t j = r->which[i];
        struct mujoco_environment *e = &m->environment[j];
        struct sac_env_stream stream = {m->seed, e->episodes++, m->first + (uint32_t)j, 0};
        mj_resetData(m->model, e->data);
        m->task->perturb(m->model, e->data->qpos, e->data->qvel, &stream);
        mj_forward(m->model, e->data);
        observe(m, e->data, r->observation + (size_t)j * r->observation_stride);
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
    mjData *data = r->m->environment[*r->which].data;
    (void)error;
    mj_resetData(model, data);
    memcpy(data->qpos, r->position, (size_t)model->nq * sizeof *data->qpos);
    memcpy(data->qvel, r->velocity, (size_t)model->nv * sizeof *data->qvel);
    mj_forward(model, data);
    observe(r->m, data, r->observation);
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
    for (int32_t i = 0; i < m->task->spec.observation_size; i++)
        if (!isfinite(m->observation[i]))
            return sac_env_fail(error, "environment %u: the simulation diverged: observation %d is %g",
                                m->first + (uint32_t)j, i, m->observation[i]);
    return 0;
}

static int step_one(struct mujoco *m, const struct sac_env_step *step, size_t j, char *error)
{
    mjData *data = m->environment[j].data;
    const float *action = step->action + j * step->action_stride;
    const double before = data->qpos[0];
    for (int i = 0; i < m->model->nu; i++)
        data->ctrl[i] = (double)action[i];
    for (int frame = 0; frame < m->task->frame_skip; frame++)
        mj_step(m->model, data);
    /* Gymnasium calls mj_rnePostConstraint here. It fills cacc and cfrc_*, which the Ant and humanoid tasks
     * alone read; states are the same bits without it. */
    observe(m, data, step->observation + j * step->observation_stride);

    const double seconds = m->model->opt.timestep * m->task->frame_skip;
    const struct mujoco_outcome outcome = {m->model, data, action, m->observation,
                                           (data->qpos[0] - before) / seconds};
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
    (void)error;
    m->task->observe(m->model, m->environment[index].data, observation);
    return 0;
}

size_t mujoco_state_size(void *instance)
{
    const struct mujoco *m = instance;
    return sizeof(uint64_t) + integration_size(m->model) * sizeof(double);
}

int mujoco_get_state(void *instance, int32_t index, void *state, char *error)
{
    const struct mujoco *m = instance;
    const struct mujoco_environment *e = &m->environment[index];
    (void)error;
    memcpy(state, &e->episodes, sizeof e->episodes);
    get_integration(m->model, e->data, m->state);
    memcpy((char *)state + sizeof e->episodes, m->state, integration_size(m->model) * sizeof *m->state);
    return 0;
}

int mujoco_set_state(void *instance, int32_t index, const void *state, char *error)
{
    struct mujoco *m = instance;
    struct mujoco_environment *e = &m->environment[index];
    (void)error;
    memcpy(&e->episodes, state, sizeof e->episodes);
    mj_resetData(m->model, e->data); /* what is not in the state must not come from before */
    memcpy(m->state, (const char *)state + sizeof e->episodes, integration_size(m->model) * sizeof *m->state);
    set_integration(m->model, e->data, m->state);
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
