/* mjcf:FILE.xml: an environment out of a model of one's own and a task file. */
#include "mjcf_task.h"
#include "mujoco_integration.h"
#include "mujoco_trap.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_SIZE = 4096 };

/* What was loaded once stays, as specs point into it: spec() is called often, and the model is large. */
struct known {
    struct known *next;
    struct stat model_file, task_file; /* as they were: files that have changed are loaded again */
    struct mjcf_task *task;
    char *model_path, *task_path;
};

/* written by: any thread, with the mutex; what is in the list stays until the process ends */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct known *known;

struct environment {
    mjData *data;
    uint64_t episodes; /* resets so far */
};

struct mjcf {
    const struct mjcf_task *task;
    uint64_t seed;
    uint32_t first; /* number of environment 0 in the whole run */
    int32_t count;
    double *observation; /* (observation_size) scratch */
    double *state;       /* (integration_size) scratch: a caller's bytes need not be aligned */
    struct environment environment[];
};

/* --- options --- */

struct words {
    const char *model;
    char task[PATH_SIZE];
};

/* robot.xml has its task in robot.task.yaml. */
static int name_task(struct words *words, const char *task, char *error)
{
    const char *slash = strrchr(words->model, '/'), *dot = strrchr(words->model, '.');
    const bool extended = dot && dot > (slash ? slash : words->model);
    const int stem = extended ? (int)(dot - words->model) : (int)strlen(words->model);
    const int length = task ? snprintf(words->task, PATH_SIZE, "%s", task)
                            : snprintf(words->task, PATH_SIZE, "%.*s.task.yaml", stem, words->model);
    return length < PATH_SIZE ? 0
                              : sac_env_fail(error, "the task file's path is too long: %.200s", words->task);
}

static int take_options(struct words *words, const char *const *options, char *error)
{
    const char *task = NULL;
    words->model = NULL;
    for (; options && *options; options++) {
        const char *model = sac_env_option_value(*options, "mjcf_model"),
                   *other = sac_env_option_value(*options, "task");
        if (!model && !other)
            return sac_env_fail(error, "unknown option '%.200s': task=FILE and mjcf_model=FILE.xml are taken",
                                *options);
        words->model = model ? model : words->model;
        task = other ? other : task;
    }
    return words->model ? name_task(words, task, error)
                        : sac_env_fail(error, "the option mjcf_model=FILE.xml is missing");
}

/* --- what is known --- */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Its task is NULL if it is not known. */
static const struct mjcf_task *find_known(const struct known *wanted)
{
    const struct mjcf_task *task = NULL;
    pthread_mutex_lock(&mutex);
    for (const struct known *k = known; k && !task; k = k->next)
        if (strcmp(k->model_path, wanted->model_path) == 0 && strcmp(k->task_path, wanted->task_path) == 0 &&
            same_file(&k->model_file, &wanted->model_file) && same_file(&k->task_file, &wanted->task_file))
            task = k->task;
    pthread_mutex_unlock(&mutex);
    return task;
}

static void free_known(struct known *k)
{
    if (!k)
        return;
    mjcf_task_free(k->task);
    free(k->model_path);
    free(k->task_path);
    free(k);
}

static struct known *make_known(const struct words *words)
{
    struct known *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    k->model_path = strdup(words->model);
    k->task_path = strdup(words->task);
    if (k->model_path && k->task_path) {
        /* what is not there is left zero: loading says so */
        (void)stat(words->model, &k->model_file);
        (void)stat(words->task, &k->task_file);
        return k;
    }
    free_known(k);
    return NULL;
}

static void keep(struct known *k)
{
    pthread_mutex_lock(&mutex);
    k->next = known;
    known = k;
    pthread_mutex_unlock(&mutex);
}

/* Loading is done without the mutex, as it may take long or crash; that two threads load the same is no harm.
 */
static int find_task(const char *const *options, const struct mjcf_task **task, char *error)
{
    struct words words;
    if (take_options(&words, options, error))
        return 1;
    struct known *wanted = make_known(&words);
    if (!wanted)
        return sac_env_fail(error, "no memory for the task of %.200s", words.model);
    *task = find_known(wanted);
    if (*task || mjcf_task_load(words.model, words.task, &wanted->task, error)) {
        free_known(wanted);
        return *task == NULL;
    }
    *task = wanted->task;
    keep(wanted);
    return 0;
}

static int mjcf_spec(const char *const *options, struct sac_env_spec *spec, char *error)
{
    const struct mjcf_task *task;
    if (find_task(options, &task, error))
        return 1;
    *spec = task->spec;
    return 0;
}

/* --- instances --- */

static void mjcf_destroy(void *instance)
{
    struct mjcf *m = instance;
    if (!m)
        return;
    for (int32_t i = 0; i < m->count; i++)
        mj_deleteData(m->environment[i].data);
    free(m->observation);
    free(m->state);
    free(m);
}

static int make_data(void *argument, char *error)
{
    struct mjcf *m = argument;
    m->observation = calloc((size_t)m->task->spec.observation_size, sizeof *m->observation);
    m->state = calloc(mujoco_integration_size(m->task->model), sizeof *m->state);
    if (!m->observation || !m->state)
        return sac_env_fail(error, "no memory for the simulation");
    for (int32_t i = 0; i < m->count; i++) {
        m->environment[i].data = mj_makeData(m->task->model);
        if (!m->environment[i].data)
            return sac_env_fail(error, "no memory for the simulation of environment %d", i);
    }
    return 0;
}

static int mjcf_create(const struct sac_env_create *create, void **instance, char *error)
{
    const size_t n = (size_t)create->environments;
    struct mjcf *m = calloc(1, sizeof *m + n * sizeof *m->environment);
    if (!m)
        return sac_env_fail(error, "no memory for %zu environments", n);
    m->seed = create->seed;
    m->first = (uint32_t)create->first_environment;
    m->count = create->environments;
    if (find_task(create->options, &m->task, error) || mujoco_trap(make_data, m, error)) {
        mjcf_destroy(m);
        return 1;
    }
    *instance = m;
    return 0;
}

/* --- numbers that can not be --- */

/* MuJoCo restarts a simulation that it finds unstable, and only counts that it did. */
static int refuse_diverged(const struct mjcf *m, size_t j, char *error)
{
    static const struct {
        mjtWarning warning;
        const char *what;
    } signs[] = {{mjWARN_BADQPOS, "qpos"}, {mjWARN_BADQVEL, "qvel"}, {mjWARN_BADQACC, "qacc"}};
    const mjData *data = m->environment[j].data;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (data->warning[signs[i].warning].number > 0)
            return sac_env_fail(
                error,
                "environment %u: the simulation diverged: %s of degree of freedom %d is not finite or "
                "huge; a smaller timestep in the XML, more damping or narrower ranges help",
                m->first + (uint32_t)j, signs[i].what, data->warning[signs[i].warning].lastinfo);
    return 0;
}

static int refuse_observation(const struct mjcf *m, size_t j, char *error)
{
    for (int32_t i = 0; i < m->task->spec.observation_size; i++)
        if (!isfinite(m->observation[i]))
            return sac_env_fail(error, "environment %u: observation %d is %g", m->first + (uint32_t)j, i,
                                m->observation[i]);
    return 0;
}

static int refuse_reward(const struct mjcf *m, size_t j, double reward, char *error)
{
    const struct mjcf_terms *terms = &m->task->section[MJCF_REWARD];
    const mjData *data = m->environment[j].data;
    if (isfinite(reward))
        return 0;
    for (int i = 0; i < terms->count; i++)
        if (!isfinite(mjcf_term_reward(&terms->term[i], data)))
            return sac_env_fail(error, "environment %u: the reward's term '%.60s' is %g",
                                m->first + (uint32_t)j, terms->term[i].item->name,
                                mjcf_term_reward(&terms->term[i], data));
    return sac_env_fail(error, "environment %u: the reward is %g", m->first + (uint32_t)j, reward);
}

/* --- episodes --- */

static int observe(struct mjcf *m, size_t j, float *observation, char *error)
{
    mjcf_task_observe(m->task, m->environment[j].data, m->observation);
    for (int32_t i = 0; i < m->task->spec.observation_size; i++)
        observation[i] = (float)m->observation[i];
    return refuse_diverged(m, j, error) || refuse_observation(m, j, error);
}

/* An episode begins: qpos and qvel are set. */
static int begin(struct mjcf *m, size_t j, float *observation, char *error)
{
    mj_forward(m->task->model, m->environment[j].data);
    return observe(m, j, observation, error);
}

/* The arguments of mjcf_reset and mjcf_reset_to, on their way through the trap. */
struct reset {
    struct mjcf *m;
    int32_t count;
    const int32_t *which;
    const double *position, *velocity; /* reset_to only */
    float *observation;
    size_t observation_stride;
};

static int reset_all(void *argument, char *error)
{
    const struct reset *r = argument;
    struct mjcf *m = r->m;
    for (int32_t i = 0; i < r->count; i++) {
        const size_t j = (size_t)r->which[i];
        struct environment *e = &m->environment[j];
        struct sac_env_stream stream = {m->seed, e->episodes++, m->first + (uint32_t)j, 0};
        mjcf_task_start(m->task, e->data);
        mjcf_task_perturb(m->task, e->data, &stream);
        if (begin(m, j, r->observation + j * r->observation_stride, error))
            return 1;
    }
    return 0;
}

static int mjcf_reset(void *instance, int32_t count, const int32_t *which, float *observation,
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
    const mjModel *model = r->m->task->model;
    mjData *data = r->m->environment[*r->which].data;
    mjcf_task_start(r->m->task, data);
    memcpy(data->qpos, r->position, (size_t)model->nq * sizeof *data->qpos);
    memcpy(data->qvel, r->velocity, (size_t)model->nv * sizeof *data->qvel);
    return begin(r->m, (size_t)*r->which, r->observation, error);
}

static int mjcf_reset_to(void *instance, int32_t index, const double *position, const double *velocity,
                         float *observation, char *error)
{
    struct reset reset = {.m = instance,
                          .which = &index,
                          .position = position,
                          .velocity = velocity,
                          .observation = observation};
    return mujoco_trap(reset_to, &reset, error);
}

/* --- steps --- */

/* Whether mj_step is mj_step1 and mj_step2, as MuJoCo says of these integrators. */
static bool has_halves(const mjModel *model)
{
#if mjVERSION_HEADER >= 300
    if (model->opt.integrator == mjINT_IMPLICITFAST)
        return true;
#endif
    return model->opt.integrator == mjINT_EULER || model->opt.integrator == mjINT_IMPLICIT;
}

/* mj_step leaves sensors as they were before it. So the first half of each next step, which measures
 * positions and velocities, is done at the end of this one: rewards and observations are of the state they
 * lead to, at no cost. What only the second half measures (forces, accelerations) is of the last simulation
 * step. */
static void simulate(const struct mjcf *m, mjData *data, const float *action)
{
    const mjModel *model = m->task->model;
    const bool halves = has_halves(model);
    for (int i = 0; i < model->nu; i++)
        data->ctrl[i] = (double)action[i];
    if (halves)
        mj_step2(model, data);
    for (int frame = halves; frame < m->task->file.frame_skip; frame++)
        mj_step(model, data);
    mj_step1(model, data);
}

struct steps {
    struct mjcf *m;
    const struct sac_env_step *step;
};

static int step_all(void *argument, char *error)
{
    const struct steps *s = argument;
    const struct sac_env_step *step = s->step;
    for (size_t j = 0; j < (size_t)step->count; j++) {
        mjData *data = s->m->environment[j].data;
        simulate(s->m, data, step->action + j * step->action_stride);
        step->reward[j] = mjcf_task_reward(s->m->task, data);
        step->terminated[j] = mjcf_task_ends(s->m->task, data);
        step->truncated[j] = 0;
        if (observe(s->m, j, step->observation + j * step->observation_stride, error) ||
            refuse_reward(s->m, j, step->reward[j], error))
            return 1;
    }
    return 0;
}

static int mjcf_step(void *instance, const struct sac_env_step *step, char *error)
{
    struct steps steps = {instance, step};
    return mujoco_trap(step_all, &steps, error);
}

static int mjcf_observe_double(void *instance, int32_t index, double *observation, char *error)
{
    const struct mjcf *m = instance;
    (void)error;
    mjcf_task_observe(m->task, m->environment[index].data, observation);
    return 0;
}

/* --- states: the count of resets, then MuJoCo's --- */

static size_t mjcf_state_size(void *instance)
{
    const struct mjcf *m = instance;
    return sizeof(uint64_t) + mujoco_integration_size(m->task->model) * sizeof(double);
}

static int mjcf_get_state(void *instance, int32_t index, void *state, char *error)
{
    const struct mjcf *m = instance;
    const struct environment *e = &m->environment[index];
    (void)error;
    memcpy(state, &e->episodes, sizeof e->episodes);
    mujoco_integration_get(m->task->model, e->data, m->state);
    memcpy((char *)state + sizeof e->episodes, m->state,
           mujoco_integration_size(m->task->model) * sizeof *m->state);
    return 0;
}

struct restoring {
    struct mjcf *m;
    mjData *data;
};

/* The first half of the next step has been done where the state was taken, too. */
static int restore(void *argument, char *error)
{
    const struct restoring *r = argument;
    (void)error;
    mjcf_task_start(r->m->task, r->data);
    mujoco_integration_set(r->m->task->model, r->data, r->m->state);
    mj_step1(r->m->task->model, r->data);
    return 0;
}

static int mjcf_set_state(void *instance, int32_t index, const void *state, char *error)
{
    struct mjcf *m = instance;
    struct restoring restoring = {m, m->environment[index].data};
    memcpy(&m->environment[index].episodes, state, sizeof(uint64_t));
    memcpy(m->state, (const char *)state + sizeof(uint64_t),
           mujoco_integration_size(m->task->model) * sizeof *m->state);
    return mujoco_trap(restore, &restoring, error);
}

const struct sac_env_ops *sac_mjcf_table(const char *name)
{
    static const struct sac_env_ops ops = {.abi = SAC_ENV_ABI,
                                           .size = sizeof ops,
                                           .spec = mjcf_spec,
                                           .create = mjcf_create,
                                           .reset = mjcf_reset,
                                           .step = mjcf_step,
                                           .destroy = mjcf_destroy,
                                           .reset_to = mjcf_reset_to,
                                           .state_size = mjcf_state_size,
                                           .get_state = mjcf_get_state,
                                           .set_state = mjcf_set_state,
                                           .observe_double = mjcf_observe_double};
    return sac_env_named_table(&ops, name);
}
