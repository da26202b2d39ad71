#include "environment_check.h"

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "environment.h"
#include "environment_call.h"
#include "environment_player.h"
#include "error.h"
#include "memory.h"
#include "reset_reference.h"

enum {
    STEPS = 60,       /* of most comparisons: several episodes of each environment */
    MANY_STEPS = 400, /* where rare values are looked for */
    END_STEPS = 2500, /* in which an episode may come to its end */
    BEGINNERS = 8,    /* environments whose many first observations are looked at */
    BEGINNINGS = 125, /* episodes of each, if there is no reference that wants more */
    THREADS = 4,
    MOST_PLAYERS = 8,
    MOST_TRAILS = 8,
};

static const uint64_t SEED = 20, OTHER_SEED = 21;

#define UNKNOWN_OPTION "no_such_option_exists"

/* What a check has: players and trails are given back after it. */
struct checker {
    const struct sac_env_ops *ops;
    const char *const *options;
    struct sac_env_spec spec;
    struct sac_player player[MOST_PLAYERS];
    struct sac_trail trail[MOST_TRAILS];
    int players, trails;
    enum sac_status status; /* the first failure of whatever the check calls */
    enum sac_check_result result;
    char sentence[1024];
    struct sac_calls calls[1 + THREADS]; /* of the thread that checks, and of those it starts */
};

/* --- telling --- */

static void pass(struct checker *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void skip(struct checker *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(struct checker *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define TELL(outcome)                                                                                        \
    do {                                                                                                     \
        va_list arguments;                                                                                   \
        va_start(arguments, format);                                                                         \
        vsnprintf(c->sentence, sizeof c->sentence, format, arguments);                                       \
        va_end(arguments);                                                                                   \
        c->result = (outcome);                                                                               \
    } while (0)

static void pass(struct checker *c, const char *format, ...)
{
    TELL(SAC_CHECK_PASSED);
}

static void skip(struct checker *c, const char *format, ...)
{
    TELL(SAC_CHECK_SKIPPED);
}

static void fail(struct checker *c, const char *format, ...)
{
    TELL(SAC_CHECK_FAILED);
}

/* Keep the first status that is not SAC_OK; its sentence is what the check fails with. True while all is
 * well, so that what follows can be left out. */
static bool went_well(struct checker *c, enum sac_status status)
{
    if (!c->status && status) {
        c->status = status;
        fail(c, "%s", sac_last_error());
    }
    return !c->status;
}

/* --- players and trails: NULL, and the check has failed, where there are none --- */

static struct sac_player *open_player(struct checker *c, int32_t environments, int32_t first, uint64_t seed)
{
    const struct sac_instance instance = {.ops = c->ops, .spec = c->spec, .part = ""};
    const struct sac_env_create create = {.size = sizeof create,
                                          .environments = environments,
                                          .first_environment = first,
                                          .seed = seed,
                                          .options = c->options};
    if (c->status)
        return NULL;
    struct sac_player *p = &c->player[c->players++];
    return went_well(c, sac_player_open(p, &instance, &create)) ? p : NULL;
}

/* One that has begun its first episodes. */
static struct sac_player *start_player(struct checker *c, int32_t environments, int32_t first, uint64_t seed)
{
    struct sac_player *p = open_player(c, environments, first, seed);
    return p && went_well(c, sac_player_reset_all(p)) ? p : NULL;
}

static struct sac_trail *make_trail(struct checker *c, const struct sac_player *p, int steps)
{
    if (c->status)
        return NULL;
    struct sac_trail *trail = &c->trail[c->trails++];
    return went_well(c, sac_trail_make(trail, p, steps)) ? trail : NULL;
}

/* What `p` does in its next steps, episodes and all. */
static struct sac_trail *played(struct checker *c, struct sac_player *p, int steps)
{
    struct sac_trail *trail = p ? make_trail(c, p, steps) : NULL;
    return trail && went_well(c, sac_player_play(p, steps, trail, 0)) ? trail : NULL;
}

static void compare(struct checker *c, const struct sac_trail *a, const char *is_a, const struct sac_trail *b,
                    const char *is_b)
{
    for (int32_t j = 0; a && b && j < b->count && !c->status; j++)
        went_well(c, sac_trail_compare(a, is_a, b, is_b, b->first + j));
}

static const float *observation_of(const struct sac_player *p, int32_t j)
{
    return p->observation + (size_t)j * p->observation_stride;
}

static bool same_observation(const struct checker *c, const float *a, const float *b)
{
    return memcmp(a, b, (size_t)c->spec.observation_size * sizeof *a) == 0;
}

/* --- the checks, in their order --- */

static void check_spec(struct checker *c)
{
    if (went_well(c, sac_environment_spec(c->ops, c->options, &c->spec)))
        pass(c, "%d observations, %d actions within finite bounds, step limit %d; the same at every call",
             c->spec.observation_size, c->spec.action_size, c->spec.step_limit);
}

static void check_options(struct checker *c)
{
    const char *const unknown[] = {UNKNOWN_OPTION "=1", NULL};
    struct sac_env_spec spec;
    const struct sac_env_create create = {.size = sizeof create, .environments = 1, .options = unknown};
    struct sac_instance instance = {.ops = c->ops, .spec = c->spec, .part = ""};
    enum sac_status status = sac_environment_spec(c->ops, unknown, &spec);
    if (!status)
        status = sac_instance_create(&instance, &create);
    (void)sac_instance_destroy(&instance);
    if (!status)
        fail(c, "the unknown option '" UNKNOWN_OPTION
                "=1' is accepted by spec() and create(); a misspelt one would "
                "be, too, without a word");
    else if (!strstr(sac_last_error(), UNKNOWN_OPTION))
        fail(c, "an unknown option is refused, but the sentence does not name it: %s", sac_last_error());
    else
        pass(c, "an unknown option is refused, and its name told");
}

static void destroy_null(void *argument)
{
    ((const struct sac_env_ops *)argument)->destroy(NULL);
}

static void check_create(struct checker *c)
{
    static const int32_t sizes[] = {1, 3, 8};
    for (int i = 0; i < 3; i++)
        open_player(c, sizes[i], 0, SEED);
    const void *const handles[] = {c->player[0].instance.handle, c->player[1].instance.handle,
                                   c->player[2].instance.handle};
    if (!c->status && (handles[0] == handles[1] || handles[0] == handles[2] || handles[1] == handles[2])) {
        went_well(c, sac_fail(SAC_ENV,
                              "create() gave the same instance twice; each call must make one of its own"));
        for (int i = 0; i < c->players; i++)
            c->player[i].instance.handle = NULL; /* not to be destroyed twice */
    }
    for (int i = 0; i < c->players && !c->status; i++)
        went_well(c, sac_player_close(&c->player[i]));
    const struct sac_call_place place = {.whose = c->ops->id,
                                         .function = "destroy(NULL), which must do nothing"};
    const int number = c->status ? 0 : sac_environment_call(&place, destroy_null, (void *)(uintptr_t)c->ops);
    if (number)
        went_well(c, sac_environment_crashed(&place, number));
    if (!c->status)
        pass(c, "instances of 1, 3 and 8 environments can be made and destroyed; destroy(NULL) does nothing");
}

static void check_reset_rows(struct checker *c)
{
    static const int32_t some[] = {2, 0}, all[] = {0, 1, 2};
    struct sac_player *p = open_player(c, 3, 0, SEED);
    if (p && went_well(c, sac_player_reset(p, 2, some)))
        went_well(c, sac_player_look(p, "reset() of environments 2 and 0", 2, some, 0));
    if (p && !c->status)
        sac_player_mark(p);
    if (p && !c->status && went_well(c, sac_player_reset(p, 3, all)))
        went_well(c, sac_player_look(p, "reset() of environments 0, 1 and 2", 3, all, 0));
    if (!c->status)
        pass(c, "reset() writes the whole rows of the environments it is asked for, and nothing else");
}

/* A step of `count` of the player's environments, whose actions must stay as they were. */
static void look_at_step(struct checker *c, struct sac_player *p, int32_t count)
{
    static const int32_t all[] = {0, 1, 2};
    const size_t floats = (size_t)p->count * p->action_stride;
    char function[64];
    snprintf(function, sizeof function, "step() with count %d", count);
    sac_player_mark(p);
    if (!went_well(c, sac_player_step(p, count)))
        return;
    float *before = malloc(floats * sizeof *before);
    if (!before) {
        went_well(c, sac_fail(SAC_NOMEM, "no memory for %zu actions", floats));
        return;
    }
    memcpy(before, p->action, floats * sizeof *before);
    sac_player_mark(p);
    memcpy(p->action, before, floats * sizeof *before);
    if (went_well(c, sac_player_apply(p, count)) &&
        went_well(c, sac_player_look(p, function, count, all, count)) &&
        memcmp(before, p->action, floats * sizeof *before))
        went_well(c, sac_fail(SAC_ENV, "%s changed `action`, which is only to be read", function));
    free(before);
}

static void check_step_rows(struct checker *c)
{
    struct sac_player *p = start_player(c, 3, 0, SEED);
    for (int32_t count = 3; p && count >= 1 && !c->status; count--)
        look_at_step(c, p, count);
    if (!c->status)
        pass(c, "step() writes the rows 0 to count - 1 whole, and nothing else");
}

static bool row_is_finite(struct checker *c, const struct sac_player *p, int32_t j, const char *function)
{
    return went_well(c, sac_instance_check_observation(&p->instance, j, observation_of(p, j), function));
}

static void check_finite(struct checker *c)
{
    struct sac_player *p = start_player(c, 3, 0, SEED);
    for (int32_t j = 0; p && j < p->count && !c->status; j++)
        row_is_finite(c, p, j, "reset()");
    for (int t = 1; p && t <= MANY_STEPS && !c->status; t++) {
        if (!went_well(c, sac_player_step(p, p->count)))
            break;
        for (int32_t j = 0; j < p->count && !c->status; j++) {
            const bool over = p->terminated[j] || p->truncated[j] || p->age[j] >= 150;
            if (row_is_finite(c, p, j, "step()") &&
                went_well(c, sac_instance_check_reward(&p->instance, j, p->reward[j])) && over &&
                went_well(c, sac_player_reset(p, 1, &j)))
                row_is_finite(c, p, j, "reset()");
        }
    }
    if (!c->status)
        pass(c, "observations and rewards of %d steps are finite, under random actions and at the bounds",
             MANY_STEPS);
}

static void check_flags(struct checker *c)
{
    struct sac_player *p = start_player(c, 3, 0, SEED);
    for (int t = 1; p && t <= MANY_STEPS && !c->status; t++) {
        if (!went_well(c, sac_player_step(p, p->count)))
            break;
        for (int32_t j = 0; j < p->count && !c->status; j++)
            if (went_well(c, sac_instance_check_flags(&p->instance, j, p->terminated[j], p->truncated[j])) &&
                (p->terminated[j] || p->truncated[j]))
                went_well(c, sac_player_reset(p, 1, &j));
    }
    if (!c->status)
        pass(c, "terminated and truncated are 0 or 1");
}

/* First observations of episodes 2, 3 and so on, as a player that only resets sees them, are what step() must
 * not write at an episode's end. */
static void check_own_resets(struct checker *c)
{
    struct sac_player *p = start_player(c, 1, 0, SEED), *next = p ? start_player(c, 1, 0, SEED) : NULL;
    const int32_t limit = c->spec.step_limit;
    int ends = 0;
    if (next)
        went_well(c, sac_player_reset_all(next));
    for (int t = 1; next && t <= END_STEPS && ends < 3 && !c->status; t++) {
        if (!went_well(c, sac_player_step(p, 1)))
            break;
        if (!p->terminated[0] && !p->truncated[0] && (limit == 0 || p->age[0] < limit))
            continue;
        ends++;
        if (same_observation(c, p->observation, next->observation))
            went_well(
                c,
                sac_fail(SAC_ENV,
                         "step %d, the last of an episode, wrote the first observation of the next episode; "
                         "step() must write the one the action led to, and leave restarting to the caller",
                         t));
        else if (went_well(c, sac_player_reset_all(p)))
            went_well(c, sac_player_reset_all(next));
    }
    if (!c->status && ends == 0)
        skip(c, "no episode came to an end within %d steps", END_STEPS);
    else if (!c->status)
        pass(c, "the last observation of an episode is not the first of the next");
}

static void check_count(struct checker *c)
{
    struct sac_player *a = start_player(c, 5, 0, SEED), *b = a ? start_player(c, 5, 0, SEED) : NULL;
    struct sac_trail *in_a = b ? make_trail(c, a, 1) : NULL, *in_b = in_a ? make_trail(c, b, 1) : NULL;
    if (!in_b || !went_well(c, sac_player_step(a, 3)) || !went_well(c, sac_player_play(a, 1, in_a, 0)) ||
        !went_well(c, sac_player_play(b, 1, in_b, 0)))
        return;
    for (int32_t j = 3; j < 5 && !c->status; j++)
        went_well(c, sac_trail_compare(in_b, "in its first step", in_a,
                                       "if a step of environments 0 to 2 alone came before", j));
    if (!c->status)
        pass(c, "a step of the first environments leaves the others where they are");
}

static void check_determinism(struct checker *c)
{
    struct sac_trail *a = played(c, start_player(c, 3, 5, SEED), STEPS);
    struct sac_trail *b = a ? played(c, start_player(c, 3, 5, SEED), STEPS) : NULL;
    compare(c, a, "in one instance", b, "in another of the same seed");
    if (!c->status)
        pass(c, "the same seed gives the same bits");
}

/* (3 episodes, 4 environments) of first observations */
static float *first_observations(struct checker *c, uint64_t seed)
{
    const size_t size = (size_t)c->spec.observation_size;
    struct sac_player *p = open_player(c, 4, 0, seed);
    float *rows = p ? calloc(12 * size, sizeof *rows) : NULL;
    if (p && !rows)
        went_well(c, sac_fail(SAC_NOMEM, "no memory for 12 observations"));
    for (size_t k = 0; rows && k < 12 && !c->status; k++) {
        const int32_t j = (int32_t)(k % 4);
        if (went_well(c, sac_player_reset(p, 1, &j)))
            memcpy(rows + k * size, observation_of(p, j), size * sizeof *rows);
    }
    return rows;
}

static void judge_seeds(struct checker *c, const float *a, const float *b)
{
    const size_t row = (size_t)c->spec.observation_size;
    bool alike = true, clones = true;
    for (size_t k = 1; k < 12; k++)
        alike = alike && same_observation(c, a, a + k * row);
    for (size_t k = 0; k < 3; k++)
        clones = clones && same_observation(c, a + 4 * k * row, a + (4 * k + 1) * row);
    const bool seeds_alike = memcmp(a, b, 12 * row * sizeof *a) == 0;
    if (alike && seeds_alike)
        skip(c, "all episodes begin alike, whatever the seed");
    else if (clones)
        fail(c, "environments 0 and 1 begin alike in every episode; random numbers must depend on "
                "first_environment + index");
    else if (seeds_alike)
        fail(c, "seeds %d and %d give the same first observations; random numbers must depend on the seed",
             (int)SEED, (int)OTHER_SEED);
    else
        pass(c, "other seeds, and other environments, begin otherwise");
}

static void check_seed(struct checker *c)
{
    float *a = first_observations(c, SEED), *b = c->status ? NULL : first_observations(c, OTHER_SEED);
    if (!c->status)
        judge_seeds(c, a, b);
    free(a);
    free(b);
}

/* Environment 0's next first observation equals the other player's. */
static void compare_resets(struct checker *c, struct sac_player *a, struct sac_player *b, int episode,
                           const char *otherwise)
{
    static const int32_t zero = 0;
    if (!went_well(c, sac_player_reset(a, 1, &zero)) || !went_well(c, sac_player_reset(b, 1, &zero)))
        return;
    for (int32_t i = 0; i < c->spec.observation_size; i++)
        if (memcmp(&a->observation[i], &b->observation[i], sizeof(float))) {
            went_well(
                c,
                sac_fail(SAC_ENV,
                         "episode %d of environment 0 begins with observation[%d] %.9g, but with %.9g %s; it "
                         "must depend on seed, environment and count of resets alone",
                         episode, i, (double)a->observation[i], (double)b->observation[i], otherwise));
            return;
        }
}

static void check_resets(struct checker *c)
{
    static const int32_t one = 1;
    struct sac_player *a = open_player(c, 2, 0, SEED), *b = a ? open_player(c, 2, 0, SEED) : NULL;
    if (b && went_well(c, sac_player_reset(b, 1, &one)))
        compare_resets(c, a, b, 1, "if environment 1 was reset before");
    for (int episode = 2; b && episode < 5 && !c->status; episode++) {
        for (int t = 0; t < 3 * episode && !c->status; t++)
            went_well(c, sac_player_step(b, 2));
        if (!c->status)
            compare_resets(c, a, b, episode, "after some steps");
    }
    if (!c->status)
        pass(c, "how an episode begins depends neither on other environments nor on steps before");
}

/* Whether the rows of 8 environments repeat each other: what one episode's show against earlier ones'. */
struct repeats {
    float *first, *before; /* (BEGINNERS, observation_size) of the first episode, of the last one */
    bool environments_alike, episodes_alike; /* all of them, so far */
    bool shifted; /* each environment begins as the one after it did an episode before */
};

static void see_repeats(const struct checker *c, struct repeats *r, const struct sac_player *p, int episode)
{
    const size_t size = (size_t)c->spec.observation_size;
    for (int32_t j = 0; j < BEGINNERS; j++) {
        const float *row = observation_of(p, j);
        float *first = r->first + (size_t)j * size;
        if (episode == 0)
            memcpy(first, row, size * sizeof *row);
        r->environments_alike &= same_observation(c, row, observation_of(p, 0));
        r->episodes_alike &= same_observation(c, row, first);
        if (episode > 0 && j + 1 < BEGINNERS)
            r->shifted &= same_observation(c, row, r->before + (size_t)(j + 1) * size);
    }
    for (int32_t j = 0; j < BEGINNERS; j++)
        memcpy(r->before + (size_t)j * size, observation_of(p, j), size * sizeof *r->before);
}

static void begin_often(struct checker *c, struct repeats *r, struct sac_reset_sample *sample)
{
    const int episodes = sample->reference ? SAC_RESETS / BEGINNERS : BEGINNINGS;
    struct sac_player *p = open_player(c, BEGINNERS, 0, SEED);
    for (int episode = 0; p && episode < episodes && !c->status; episode++) {
        if (!went_well(c, sac_player_reset_all(p)))
            return;
        for (int32_t j = 0; j < BEGINNERS && row_is_finite(c, p, j, "reset()"); j++)
            if (sample->reference)
                sac_reset_sample_add(sample, observation_of(p, j));
        see_repeats(c, r, p, episode);
    }
}

static void judge_beginnings(struct checker *c, const struct repeats *r,
                             const struct sac_reset_sample *sample)
{
    if (sample->reference && !went_well(c, sac_reset_sample_judge(sample)))
        return;
    if (r->episodes_alike && !r->environments_alike)
        fail(c, "each environment begins all its episodes alike; random numbers must depend on how often it "
                "was reset");
    else if (r->shifted && !r->episodes_alike)
        fail(c, "each environment begins as the one after it did an episode before; its number and its count "
                "of resets must not merely be added");
    else if (sample->reference)
        pass(c, "%d first observations have the bounds and moments of the reference", sample->count);
    else
        pass(c,
             "%d first observations are finite and do not repeat each other; there is no reference to "
             "compare them with",
             BEGINNERS * BEGINNINGS);
}

/* The reference is one of the task as it comes: with settings of its own it begins otherwise. */
static const struct sac_reset_reference *reference_of(const struct checker *c)
{
    const struct sac_reset_reference *reference = sac_reset_reference_find(c->ops->id);
    for (size_t i = 0; c->options && c->options[i]; i++)
        if (strncmp(c->options[i], "model_dir=", 10) != 0)
            return NULL;
    return reference && reference->size == c->spec.observation_size ? reference : NULL;
}

static void check_beginnings(struct checker *c)
{
    const size_t rows = BEGINNERS * (size_t)c->spec.observation_size;
    const struct sac_reset_reference *reference = reference_of(c);
    struct repeats r = {.environments_alike = true, .episodes_alike = true, .shifted = true};
    struct sac_reset_sample sample = {0};
    r.first = calloc(2 * rows, sizeof *r.first);
    if (!r.first)
        went_well(c, sac_fail(SAC_NOMEM, "no memory for %zu numbers", 2 * rows));
    else
        r.before = r.first + rows;
    if (reference && !c->status)
        went_well(c, sac_reset_sample_make(&sample, reference));
    begin_often(c, &r, &sample);
    if (!c->status)
        judge_beginnings(c, &r, &sample);
    sac_reset_sample_free(&sample);
    free(r.first);
}

static void check_grouping(struct checker *c)
{
    struct sac_trail *eight = played(c, start_player(c, 8, 0, SEED), STEPS);
    struct sac_trail *three = eight ? played(c, start_player(c, 3, 2, SEED), STEPS) : NULL;
    struct sac_trail *one = three ? played(c, start_player(c, 1, 6, SEED), STEPS) : NULL;
    compare(c, eight, "in an instance of 8", three, "in an instance of 3");
    compare(c, eight, "in an instance of 8", one, "in an instance of 1");
    if (!c->status)
        pass(c, "an environment does the same in instances of 1, 3 and 8");
}

static void check_instances(struct checker *c)
{
    struct sac_trail *alone = played(c, start_player(c, 2, 0, SEED), STEPS);
    struct sac_player *a = alone ? start_player(c, 2, 0, SEED) : NULL;
    struct sac_player *b = a ? start_player(c, 3, 7, OTHER_SEED) : NULL;
    struct sac_trail *beside = b ? make_trail(c, a, STEPS) : NULL;
    for (int t = 0; beside && t < STEPS && !c->status; t++)
        if (went_well(c, sac_player_play(b, 1, NULL, 0)))
            went_well(c, sac_player_play(a, 1, beside, t));
    if (!c->status)
        compare(c, alone, "alone", beside, "in turns with another instance (is there a global variable?)");
    if (!c->status)
        pass(c, "instances used in turns do what they do alone");
}

/* One thread of check_threads: plays its own. */
struct lane {
    struct sac_player *player;
    struct sac_trail *trail;
    struct sac_calls *calls;
    pthread_mutex_t *start; /* held by whoever starts them until all are there */
    enum sac_status status;
    char sentence[1024];
};

static void *run_lane(void *argument)
{
    struct lane *lane = argument;
    sac_calls_note(lane->calls);
    pthread_mutex_lock(lane->start);
    pthread_mutex_unlock(lane->start);
    lane->status = sac_player_reset_all(lane->player);
    if (!lane->status)
        lane->status = sac_player_play(lane->player, lane->trail->steps, lane->trail, 0);
    if (lane->status)
        snprintf(lane->sentence, sizeof lane->sentence, "%s", sac_last_error());
    return NULL;
}

static void run_lanes(struct checker *c, struct lane *lanes)
{
    pthread_t thread[THREADS];
    pthread_mutex_t start = PTHREAD_MUTEX_INITIALIZER;
    int started = 0, error = 0;
    pthread_mutex_lock(&start);
    while (started < THREADS && !error) {
        lanes[started].start = &start;
        error = pthread_create(&thread[started], NULL, run_lane, &lanes[started]);
        started += !error;
    }
    pthread_mutex_unlock(&start);
    for (int i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    if (error)
        went_well(c, sac_fail(SAC_NOMEM, "%d threads could not be started: %s", THREADS, strerror(error)));
    for (int i = 0; i < THREADS; i++)
        if (lanes[i].status)
            went_well(c, sac_fail(lanes[i].status, "%s", lanes[i].sentence));
}

static void check_threads(struct checker *c)
{
    struct sac_trail *alone[THREADS] = {NULL};
    struct lane lanes[THREADS] = {{0}};
    for (int i = 0; i < THREADS && !c->status; i++)
        alone[i] = played(c, start_player(c, 2, 2 * i, SEED), STEPS);
    for (int i = 0; i < THREADS && !c->status; i++) {
        lanes[i].calls = &c->calls[1 + i];
        lanes[i].player = open_player(c, 2, 2 * i, SEED);
        lanes[i].trail = lanes[i].player ? make_trail(c, lanes[i].player, STEPS) : NULL;
    }
    if (!c->status)
        run_lanes(c, lanes);
    for (int i = 0; i < THREADS && !c->status; i++)
        compare(c, alone[i], "alone", lanes[i].trail, "while other threads play in other instances");
    if (!c->status)
        pass(c, "instances in %d threads at the same time do what they do alone", THREADS);
}

/* --- what may be a null pointer --- */

static double *given_state(int32_t size, double scale)
{
    double *x = calloc((size_t)size + 1, sizeof *x);
    for (int32_t i = 0; x && i < size; i++)
        x[i] = scale * (1 + i % 7);
    return x;
}

/* Begin at the given state, look whether all is written, then play on. */
static struct sac_trail *play_from(struct checker *c, struct sac_player *p, const double *position,
                                   const double *velocity, float *first)
{
    static const int32_t zero = 0;
    sac_player_mark(p);
    if (!went_well(c, sac_instance_reset_to(&p->instance, 0, position, velocity, p->observation)) ||
        !went_well(c, sac_player_look(p, "reset_to()", 1, &zero, 0)) || !row_is_finite(c, p, 0, "reset_to()"))
        return NULL;
    memcpy(first, p->observation, (size_t)c->spec.observation_size * sizeof *first);
    p->taken[0] = 0;
    p->age[0] = 0;
    return played(c, p, 10);
}

/* Two players with as many resets, of which one has stepped before: what is left of that must not show. */
static void compare_given(struct checker *c, const double *position, const double *velocity, float *first[2])
{
    struct sac_player *fresh = start_player(c, 1, 0, SEED),
                      *used = fresh ? start_player(c, 1, 0, SEED) : NULL;
    for (int t = 0; used && t < 9 && !c->status; t++)
        went_well(c, sac_player_step(used, 1));
    if (c->status)
        return;
    struct sac_trail *a = play_from(c, fresh, position, velocity, first[0]);
    struct sac_trail *b = a ? play_from(c, used, position, velocity, first[1]) : NULL;
    for (int32_t i = 0; b && i < c->spec.observation_size && !c->status; i++)
        if (memcmp(&first[0][i], &first[1][i], sizeof(float)))
            went_well(
                c, sac_fail(
                       SAC_ENV,
                       "the same state gives observation[%d] %.9g in a new environment, but %.9g after some "
                       "steps",
                       i, (double)first[0][i], (double)first[1][i]));
    compare(c, a, "from a given state", b, "from the same state if steps were made before");
}

static void check_reset_to(struct checker *c)
{
    if (!c->ops->reset_to) {
        skip(c, "reset_to is a null pointer");
        return;
    }
    const size_t size = (size_t)c->spec.observation_size;
    double *position = given_state(c->spec.position_size, 0.01),
           *velocity = given_state(c->spec.velocity_size, -0.02);
    float *first[2] = {calloc(size, sizeof(float)), calloc(size, sizeof(float))};
    if (position && velocity && first[0] && first[1])
        compare_given(c, position, velocity, first);
    else
        went_well(c, sac_fail(SAC_NOMEM, "no memory for a state"));
    if (!c->status)
        pass(c, "the same state gives the same observation and the same steps, whatever was before");
    free(position);
    free(velocity);
    free(first[0]);
    free(first[1]);
}

enum { GUARD = 64, SHIFT = 1, MOST_STATE = 1 << 28 };

/* The state of environment j into bytes + GUARD + SHIFT: not aligned to anything. */
static void get_state(struct checker *c, struct sac_player *p, int32_t j, unsigned char *bytes, size_t size)
{
    memset(bytes, 0xa5, size + 2 * GUARD);
    if (!went_well(c, sac_instance_get_state(&p->instance, j, bytes + GUARD + SHIFT)))
        return;
    for (size_t i = 0; i < GUARD - SHIFT && !c->status; i++) {
        if (bytes[i] != 0xa5)
            went_well(c,
                      sac_fail(SAC_ENV, "get_state() wrote %zu bytes before the state", GUARD + SHIFT - i));
        else if (bytes[GUARD + SHIFT + size + i] != 0xa5)
            went_well(c, sac_fail(SAC_ENV, "get_state() wrote byte %zu of a state of %zu (state_size)",
                                  size + i, size));
    }
}

/* Environment j of `to` goes on from the bytes that environment j of `from` gave. */
static void set_state(struct checker *c, struct sac_player *to, int32_t j, const unsigned char *bytes,
                      int64_t taken, int32_t age)
{
    to->taken[j] = taken;
    to->age[j] = age;
    went_well(c, sac_instance_set_state(&to->instance, j, bytes + GUARD + SHIFT));
}

/* A player's two states go on in another instance with another past, and later in the player itself. */
static void compare_continued(struct checker *c, unsigned char *bytes[2], size_t size)
{
    struct sac_player *a = start_player(c, 2, 0, SEED), *undisturbed = a ? start_player(c, 2, 0, SEED) : NULL;
    struct sac_player *other = undisturbed ? start_player(c, 2, 0, SEED) : NULL;
    if (!other || !went_well(c, sac_player_play(a, 25, NULL, 0)) ||
        !went_well(c, sac_player_play(undisturbed, 25, NULL, 0)) ||
        !went_well(c, sac_player_play(other, 40, NULL, 0)))
        return;
    const int64_t taken = a->taken[0];
    const int32_t age[2] = {a->age[0], a->age[1]};
    for (int32_t j = 0; j < 2 && !c->status; j++)
        get_state(c, a, j, bytes[j], size);
    for (int32_t j = 0; j < 2 && !c->status; j++)
        set_state(c, other, j, bytes[j], taken, age[j]);
    struct sac_trail *on = played(c, a, STEPS), *without = on ? played(c, undisturbed, STEPS) : NULL;
    struct sac_trail *moved = without ? played(c, other, STEPS) : NULL;
    compare(c, without, "without get_state()", on, "after get_state()");
    if (!c->status)
        compare(c, on, "without a stop", moved, "after get_state() and set_state() into another instance");
    for (int32_t j = 0; j < 2 && !c->status; j++)
        set_state(c, a, j, bytes[j], taken, age[j]);
    compare(c, on, "the first time", c->status ? NULL : played(c, a, STEPS), "when set back by set_state()");
}

static void check_state(struct checker *c)
{
    size_t size = 0, again = 0;
    if (!c->ops->state_size) {
        skip(c, "state_size, get_state and set_state are null pointers");
        return;
    }
    struct sac_player *p = start_player(c, 1, 0, SEED);
    if (!p || !went_well(c, sac_instance_state_size(&p->instance, &size)) ||
        !went_well(c, sac_player_play(p, 20, NULL, 0)) ||
        !went_well(c, sac_instance_state_size(&p->instance, &again)))
        return;
    if (size != again || size == 0 || size > MOST_STATE) {
        fail(c, "state_size() is %zu at first and %zu later; it must stay the same, from 1 to %d", size,
             again, MOST_STATE);
        return;
    }
    unsigned char *bytes[2] = {calloc(size + 2 * GUARD, 1), calloc(size + 2 * GUARD, 1)};
    if (bytes[0] && bytes[1])
        compare_continued(c, bytes, size);
    else
        went_well(c, sac_fail(SAC_NOMEM, "no memory for two states of %zu bytes", size));
    if (!c->status)
        pass(c, "a state of %zu bytes goes on exactly, over resets, in its own and in another instance",
             size);
    free(bytes[0]);
    free(bytes[1]);
}

static void compare_exact(struct checker *c, struct sac_player *p, double *exact, int step)
{
    const int32_t n = c->spec.observation_size;
    for (int32_t i = 0; i < n + 2 * GUARD; i++)
        exact[i] = 1e300;
    if (!went_well(c, sac_instance_observe_double(&p->instance, 1, exact + GUARD)))
        return;
    for (int32_t i = 0; i < GUARD && !c->status; i++)
        if (exact[i] != 1e300 || exact[GUARD + n + i] != 1e300)
            went_well(c, sac_fail(SAC_ENV, "observe_double() wrote outside of its %d numbers", n));
    const float *observation = observation_of(p, 1);
    for (int32_t i = 0; i < n && !c->status; i++)
        if ((float)exact[GUARD + i] != observation[i])
            went_well(
                c, sac_fail(
                       SAC_ENV,
                       "step %d: observe_double() tells %.17g, which does not round to observation[%d], %.9g",
                       step, exact[GUARD + i], i, (double)observation[i]));
}

static void check_observe_double(struct checker *c)
{
    if (!c->ops->observe_double) {
        skip(c, "observe_double is a null pointer");
        return;
    }
    double *exact = calloc((size_t)c->spec.observation_size + 2 * GUARD, sizeof *exact);
    struct sac_player *p = start_player(c, 2, 0, SEED);
    if (!exact)
        went_well(c, sac_fail(SAC_NOMEM, "no memory for an observation"));
    if (!c->status)
        compare_exact(c, p, exact, 0);
    for (int t = 1; t <= STEPS && !c->status; t++)
        if (went_well(c, sac_player_play(p, 1, NULL, 0)))
            compare_exact(c, p, exact, t);
    if (!c->status)
        pass(c, "rounded to float, observe_double() is the observation");
    free(exact);
}

/* --- all of them --- */

static const struct {
    const char *name;
    void (*run)(struct checker *c);
    bool needed; /* without it nothing after it can be tried */
} checks[] = {
    {"spec", check_spec, true},
    {"create", check_create, true},
    {"options", check_options, false},
    {"reset", check_reset_rows, false},
    {"step", check_step_rows, false},
    {"finite", check_finite, false},
    {"flags", check_flags, false},
    {"own resets", check_own_resets, false},
    {"count", check_count, false},
    {"determinism", check_determinism, false},
    {"seed", check_seed, false},
    {"resets", check_resets, false},
    {"beginnings", check_beginnings, false},
    {"grouping", check_grouping, false},
    {"instances", check_instances, false},
    {"threads", check_threads, false},
    {"reset_to", check_reset_to, false},
    {"state", check_state, false},
    {"observe_double", check_observe_double, false},
};

enum { CHECKS = sizeof checks / sizeof *checks };

/* Trails and players of the check that is done. What destroy() does here was tried by "create". */
static void give_back(struct checker *c)
{
    for (int i = 0; i < c->players; i++)
        (void)sac_player_close(&c->player[i]);
    for (int i = 0; i < c->trails; i++)
        sac_trail_free(&c->trail[i]);
    c->players = c->trails = 0;
    c->status = SAC_OK;
}

/* The checks run in a thread of their own, which is left behind when it hangs in the environment. */
struct checking {
    struct checker checker;
    pthread_t thread;
    pthread_mutex_t mutex; /* over `done` and `told`; main reads the result in between */
    pthread_cond_t changed;
    size_t done, told; /* checks */
};

static const char *run_check(struct checker *c, size_t i, unsigned crashes, const char *hindrance)
{
    if (hindrance)
        skip(c, "not tried: %s", hindrance);
    else
        checks[i].run(c);
    const bool crashed = sac_environment_crashes() != crashes;
    if (!crashed) /* else the allocator may not be whole */
        give_back(c);
    if (crashed)
        return "the environment crashed before, and this process may not be whole";
    return checks[i].needed && c->result == SAC_CHECK_FAILED ? "it needs what failed before" : hindrance;
}

static void *run_checks(void *argument)
{
    struct checking *all = argument;
    const char *hindrance = NULL; /* why the rest is not tried */
    const unsigned crashes = sac_environment_crashes();
    sac_calls_note(&all->checker.calls[0]);
    for (size_t i = 0; i < CHECKS; i++) {
        hindrance = run_check(&all->checker, i, crashes, hindrance);
        pthread_mutex_lock(&all->mutex);
        all->done = i + 1;
        pthread_cond_broadcast(&all->changed);
        while (all->told <= i)
            pthread_cond_wait(&all->changed, &all->mutex);
        pthread_mutex_unlock(&all->mutex);
    }
    return NULL;
}

/* The calls are looked at once a second. SAC_ENV: one of them never comes back. */
static enum sac_status wait_for_check(struct checking *all, size_t i, uint32_t patience)
{
    enum sac_status status = SAC_OK;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    pthread_mutex_lock(&all->mutex);
    while (all->done <= i && status == SAC_OK) {
        next.tv_sec++;
        while (all->done <= i && !pthread_cond_timedwait(&all->changed, &all->mutex, &next)) {
            /* woken for nothing */
        }
        for (int k = 0; k <= THREADS && status == SAC_OK && all->done <= i; k++)
            if (sac_calls_look(&all->checker.calls[k], patience))
                status = sac_calls_fail(&all->checker.calls[k]);
    }
    pthread_mutex_unlock(&all->mutex);
    return status;
}

static void go_on(struct checking *all)
{
    pthread_mutex_lock(&all->mutex);
    all->told++;
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->mutex);
}

static enum sac_status start_checking(struct checking **checking, const struct sac_env_ops *ops,
                                      const char *const *options)
{
    struct checking *all = sac_allocate(sizeof *all);
    pthread_condattr_t monotonic;
    if (!all)
        return sac_fail(SAC_NOMEM, "no memory for the checks");
    all->checker.ops = ops;
    all->checker.options = options;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&all->mutex, NULL);
    pthread_cond_init(&all->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    const int error = pthread_create(&all->thread, NULL, run_checks, all);
    if (!error) {
        *checking = all;
        return SAC_OK;
    }
    sac_free(all);
    return sac_fail(SAC_NOMEM, "a thread for the checks could not be started: %s", strerror(error));
}

static void end_checking(struct checking *all)
{
    pthread_join(all->thread, NULL);
    pthread_cond_destroy(&all->changed);
    pthread_mutex_destroy(&all->mutex);
    sac_free(all);
}

void sac_environment_check(const struct sac_env_ops *ops, const char *const *options, uint32_t patience,
                           void (*report)(void *context, const struct sac_check *check), void *context)
{
    struct checking *all = NULL;
    size_t i = 0;
    enum sac_status status = start_checking(&all, ops, options);
    const bool started = status == SAC_OK;
    while (i < CHECKS && status == SAC_OK) {
        status = wait_for_check(all, i, patience);
        if (status != SAC_OK)
            break;
        report(context, &(struct sac_check){checks[i].name, all->checker.result, all->checker.sentence});
        go_on(all);
        i++;
    }
    if (started && status == SAC_OK)
        end_checking(all);
    else if (started)
        pthread_detach(all->thread);
    if (i < CHECKS)
        report(context, &(struct sac_check){checks[i++].name, SAC_CHECK_FAILED, sac_last_error()});
    for (; i < CHECKS; i++)
        report(context, &(struct sac_check){checks[i].name, SAC_CHECK_SKIPPED,
                                            "not tried: a check before it did not come to an end"});
}
