/* gym:ID: any Gymnasium environment, in a Python process per instance. */
#include "gym_worker.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <softac/env_random.h>

enum { MOST_DEATHS = 3 };

/* What was asked of Python once stays: spec() is called often and shall be quick. */
struct known {
    struct known *next;
    char *id, *module, *kwargs;
    struct sac_env_spec spec;
    float *bounds; /* (2, action_size) */
};

/* written by: any thread, with the mutex; what is in the list stays until the process ends */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct known *known;
static uint64_t restarts; /* with the mutex, too */

struct gym {
    struct gym_words words;
    char *text; /* behind them */
    struct sac_env_spec spec;
    struct gym_worker worker;
    uint64_t seed;
    uint32_t first;
    int32_t environments;
    int deaths; /* of workers, since the last step */
    uint64_t *episodes;
    uint8_t *lost; /* its worker died and it was not reset since */
    float *last;   /* (environments, observation_size) */
    double *state; /* (position_size + velocity_size) that was asked for */
};

/* --- options --- */

static int take_options(struct gym_words *words, const char *const *options, char *error)
{
    *words = (struct gym_words){NULL, NULL, NULL};
    for (; options && *options; options++) {
        const char *id = sac_env_option_value(*options, "gym_id"),
                   *module = sac_env_option_value(*options, "gym_module"),
                   *kwargs = sac_env_option_value(*options, "gym_kwargs");
        if (!id && !module && !kwargs)
            return sac_env_fail(
                error, "unknown option '%.200s': gym_id=ID, gym_module=M and gym_kwargs=JSON are taken",
                *options);
        words->id = id ? id : words->id;
        words->module = module ? module : words->module;
        words->kwargs = kwargs ? kwargs : words->kwargs;
    }
    return words->id ? 0 : sac_env_fail(error, "the option gym_id=ID is missing");
}

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* --- spec --- */

static const struct known *find_known(const struct gym_words *words)
{
    for (const struct known *k = known; k; k = k->next)
        if (same(k->id, words->id) && same(k->module, words->module) && same(k->kwargs, words->kwargs))
            return k;
    return NULL;
}

static void free_known(struct known *k)
{
    if (!k)
        return;
    free(k->id);
    free(k->module);
    free(k->kwargs);
    free(k->bounds);
    free(k);
}

static struct known *copy_answer(const struct gym_worker *w, const struct gym_words *words)
{
    const struct gym_block *b = w->block;
    const size_t A = (size_t)b->action_size;
    struct known *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    k->id = strdup(words->id);
    k->module = strdup(words->module ? words->module : "");
    k->kwargs = strdup(words->kwargs ? words->kwargs : "");
    k->bounds = calloc(2 * A, sizeof *k->bounds);
    if (!k->id || !k->module || !k->kwargs || !k->bounds) {
        free_known(k);
        return NULL;
    }
    memcpy(k->bounds, gym_worker_array(w, b->action), 2 * A * sizeof *k->bounds);
    k->spec = (struct sac_env_spec){.size = sizeof k->spec,
                                    .observation_size = b->observation_size,
                                    .action_size = b->action_size,
                                    .step_limit = b->step_limit,
                                    .action_low = k->bounds,
                                    .action_high = k->bounds + A,
                                    .reward_threshold = b->reward_threshold,
                                    .position_size = b->position_size,
                                    .velocity_size = b->velocity_size};
    return k;
}

static int ask(const struct gym_words *words, char *error)
{
    struct gym_worker worker;
    if (gym_worker_start(&worker, words, 0, NULL, error))
        return 1;
    struct known *k = copy_answer(&worker, words);
    gym_worker_stop(&worker);
    if (!k)
        return sac_env_fail(error, "no memory for what %.200s is", words->id);
    k->next = known;
    known = k;
    return 0;
}

static int gym_spec(const char *const *options, struct sac_env_spec *spec, char *error)
{
    struct gym_words words;
    if (take_options(&words, options, error))
        return 1;
    pthread_mutex_lock(&mutex);
    const int failed = !find_known(&words) && ask(&words, error);
    if (!failed)
        *spec = find_known(&words)->spec;
    pthread_mutex_unlock(&mutex);
    return failed;
}

/* --- making --- */

static void gym_destroy(void *instance)
{
    struct gym *g = instance;
    if (!g)
        return;
    gym_worker_stop(&g->worker);
    free(g->text);
    free(g->episodes);
    free(g->lost);
    free(g->last);
    free(g->state);
    free(g);
}

/* The options are the caller's and go; a worker may have to be started again. */
static int keep_words(struct gym *g, const struct gym_words *words)
{
    const size_t id = strlen(words->id) + 1, module = words->module ? strlen(words->module) + 1 : 0,
                 kwargs = words->kwargs ? strlen(words->kwargs) + 1 : 0;
    g->text = malloc(id + module + kwargs);
    if (!g->text)
        return 1;
    g->words.id = memcpy(g->text, words->id, id);
    if (module)
        g->words.module = memcpy(g->text + id, words->module, module);
    if (kwargs)
        g->words.kwargs = memcpy(g->text + id + module, words->kwargs, kwargs);
    return 0;
}

static struct gym *allocate(const struct sac_env_create *create, const struct gym_words *words,
                            const struct sac_env_spec *spec)
{
    const size_t n = (size_t)create->environments;
    struct gym *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->worker = (struct gym_worker){.memory = -1, .request_bell = -1, .answer_bell = -1};
    g->spec = *spec;
    g->seed = create->seed;
    g->first = (uint32_t)create->first_environment;
    g->environments = create->environments;
    g->episodes = calloc(n, sizeof *g->episodes);
    g->lost = calloc(n, sizeof *g->lost);
    g->last = calloc(n * (size_t)spec->observation_size, sizeof *g->last);
    g->state = calloc((size_t)(spec->position_size + spec->velocity_size), sizeof *g->state);
    if (g->episodes && g->lost && g->last && g->state && !keep_words(g, words))
        return g;
    gym_destroy(g);
    return NULL;
}

static int gym_create(const struct sac_env_create *create, void **instance, char *error)
{
    struct gym_words words;
    struct sac_env_spec spec = {.size = sizeof spec};
    if (take_options(&words, create->options, error) || gym_spec(create->options, &spec, error))
        return 1;
    struct gym *g = allocate(create, &words, &spec);
    if (!g)
        return sac_env_fail(error, "no memory for %d environments", create->environments);
    if (gym_worker_start(&g->worker, &g->words, g->environments, &g->spec, error)) {
        gym_destroy(g);
        return 1;
    }
    *instance = g;
    return 0;
}

/* --- a worker that died --- */

/* Its episodes are over, and another takes its place. */
static int start_again(struct gym *g, char *error)
{
    char how[128];
    gym_worker_end_words(&g->worker, how, sizeof how);
    gym_worker_stop(&g->worker);
    memset(g->lost, 1, (size_t)g->environments);
    if (++g->deaths == MOST_DEATHS)
        return sac_env_fail(error,
                            "its Python worker %s, and so did each that took its place: %d without a step in "
                            "between",
                            how, MOST_DEATHS);
    pthread_mutex_lock(&mutex);
    restarts++;
    pthread_mutex_unlock(&mutex);
    return gym_worker_start(&g->worker, &g->words, g->environments, &g->spec, error);
}

uint64_t sac_gym_restarts(void)
{
    pthread_mutex_lock(&mutex);
    const uint64_t count = restarts;
    pthread_mutex_unlock(&mutex);
    return count;
}

/* --- reset and step --- */

/* Of 31 bits, what Gymnasium's environments take. */
static uint32_t episode_seed(const struct gym *g, int32_t j)
{
    struct sac_env_stream stream = {g->seed, g->episodes[j], g->first + (uint32_t)j, 0};
    return sac_env_block(&stream).word[0] >> 1;
}

/* `state`: NULL: the environment's own choice. */
static int ask_reset(struct gym *g, int32_t count, const int32_t *which, const double *state, char *error)
{
    const size_t values = (size_t)(g->spec.position_size + g->spec.velocity_size);
    for (;;) {
        int32_t *listed = gym_worker_array(&g->worker, g->worker.block->which);
        uint32_t *seeds = gym_worker_array(&g->worker, g->worker.block->seed);
        for (int32_t k = 0; k < count; k++) {
            listed[k] = which[k];
            seeds[k] = episode_seed(g, which[k]);
        }
        if (state)
            memcpy(gym_worker_array(&g->worker, g->worker.block->state), state, values * sizeof *state);
        const enum gym_outcome outcome =
            gym_worker_call(&g->worker, state ? GYM_RESET_TO : GYM_RESET, count, error);
        if (outcome != GYM_DIED)
            return outcome == GYM_FAILED;
        if (start_again(g, error))
            return 1;
    }
}

static void take_observation(struct gym *g, size_t j)
{
    const size_t O = (size_t)g->spec.observation_size;
    const struct gym_block *b = g->worker.block;
    float *last = g->last + j * O;
    if (!b->doubles) {
        memcpy(last, (const float *)gym_worker_array(&g->worker, b->observation) + j * O, O * sizeof *last);
        return;
    }
    const double *row = (const double *)gym_worker_array(&g->worker, b->observation) + j * O;
    for (size_t i = 0; i < O; i++)
        last[i] = (float)row[i];
}

static int begin(struct gym *g, int32_t count, const int32_t *which, const double *state, float *observation,
                 size_t observation_stride, char *error)
{
    const size_t O = (size_t)g->spec.observation_size;
    if (!g->worker.block && start_again(g, error))
        return 1;
    if (ask_reset(g, count, which, state, error))
        return 1;
    for (int32_t k = 0; k < count; k++) {
        const size_t j = (size_t)which[k];
        take_observation(g, j);
        memcpy(observation + j * observation_stride, g->last + j * O, O * sizeof *observation);
        g->episodes[j]++;
        g->lost[j] = 0;
    }
    return 0;
}

static int gym_reset(void *instance, int32_t count, const int32_t *which, float *observation,
                     size_t observation_stride, char *error)
{
    return begin(instance, count, which, NULL, observation, observation_stride, error);
}

static int gym_reset_to(void *instance, int32_t index, const double *position, const double *velocity,
                        float *observation, char *error)
{
    struct gym *g = instance;
    const size_t nq = (size_t)g->spec.position_size, nv = (size_t)g->spec.velocity_size;
    memcpy(g->state, position, nq * sizeof *position);
    if (nv > 0)
        memcpy(g->state + nq, velocity, nv * sizeof *velocity);
    return begin(g, 1, &index, g->state, observation, 0, error);
}

static void take_rows(struct gym *g, const struct sac_env_step *step)
{
    const size_t O = (size_t)g->spec.observation_size;
    const struct gym_worker *w = &g->worker;
    const double *reward = gym_worker_array(w, w->block->reward);
    const uint8_t *terminated = gym_worker_array(w, w->block->terminated);
    const uint8_t *truncated = gym_worker_array(w, w->block->truncated);
    for (size_t j = 0; j < (size_t)step->count; j++) {
        const bool lost = g->lost[j]; /* it ends where it was seen last */
        if (!lost)
            take_observation(g, j);
        memcpy(step->observation + j * step->observation_stride, g->last + j * O, O * sizeof *g->last);
        step->reward[j] = lost ? 0 : reward[j];
        step->terminated[j] = !lost && terminated[j];
        step->truncated[j] = lost || truncated[j];
    }
}

static int gym_step(void *instance, const struct sac_env_step *step, char *error)
{
    struct gym *g = instance;
    const size_t A = (size_t)g->spec.action_size;
    if (!g->worker.block && start_again(g, error))
        return 1;
    float *action = gym_worker_array(&g->worker, g->worker.block->action);
    for (size_t j = 0; j < (size_t)step->count; j++)
        memcpy(action + j * A, step->action + j * step->action_stride, A * sizeof *action);
    memset(gym_worker_array(&g->worker, g->worker.block->terminated), 0, (size_t)step->count);
    memset(gym_worker_array(&g->worker, g->worker.block->truncated), 0, (size_t)step->count);
    const enum gym_outcome outcome = gym_worker_call(&g->worker, GYM_STEP, step->count, error);
    if (outcome == GYM_FAILED || (outcome == GYM_DIED && start_again(g, error)))
        return 1;
    if (outcome == GYM_DONE)
        g->deaths = 0;
    take_rows(g, step);
    return 0;
}

const struct sac_env_ops *sac_gym_table(const char *name)
{
    static const struct sac_env_ops ops = {.abi = SAC_ENV_ABI,
                                           .size = sizeof ops,
                                           .spec = gym_spec,
                                           .create = gym_create,
                                           .reset = gym_reset,
                                           .step = gym_step,
                                           .destroy = gym_destroy,
                                           .reset_to = gym_reset_to};
    return sac_env_named_table(&ops, name);
}
