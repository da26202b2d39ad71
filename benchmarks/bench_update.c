/* update/SHAPE/ALGORITHM: whole rounds of the learner as training runs them: draw, update, publish.
 *
 * The gradient by the action goes through each row's lower critic alone, so its cost depends on how the rows
 * fall: on data where one critic is always the lower one the work would not be that of training. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent_internal.h"
#include "bench.h"
#include "error.h"
#include "governor.h"
#include "learner.h"
#include "memory.h"
#include "random.h"

static const struct shape {
    const char *name;
    int observation_size, action_size, hidden, batch_size;
} shapes[] = {
    {"pendulum", 3, 1, 256, 256},    {"halfcheetah", 17, 6, 256, 256}, {"ant", 105, 8, 256, 256},
    {"humanoid", 348, 17, 256, 256}, {"small", 3, 1, 64, 100},
};

static const struct subject {
    const struct shape *shape;
    enum sac_algorithm algorithm;
} subjects[] = {
    {&shapes[0], SAC_V1}, {&shapes[0], SAC_V2}, {&shapes[1], SAC_V1}, {&shapes[1], SAC_V2},
    {&shapes[2], SAC_V1}, {&shapes[2], SAC_V2}, {&shapes[3], SAC_V1}, {&shapes[3], SAC_V2},
    {&shapes[4], SAC_V1}, {&shapes[4], SAC_V2},
};

enum { EPISODE = 1000, CAPACITY = 1000000, WARM_UPDATES = 100, SEED = 1 };

/* Lower-critic shares that count as training's. */
static const double least_share = 0.3, most_share = 0.7;

struct update_bench {
    struct sac_settings settings;
    struct sac_replay *replay;
    struct sac_team *team;
    struct sac_agent *agent;
    struct sac_snapshots *snapshots;
    struct sac_learner *learner;
    const char *name;
    int64_t calls;
    double lower_rows, rows; /* where the first critic was the lower one, of those looked at */
};

static struct sac_settings make_settings(const struct subject *subject)
{
    struct sac_settings s;
    sac_settings_default(&s);
    s.algorithm = subject->algorithm;
    s.seed = SEED;
    s.batch_size = subject->shape->batch_size;
    s.replay_capacity = CAPACITY;
    for (int i = 0; i < s.hidden_layers; i++)
        s.hidden[i] = subject->shape->hidden;
    return s;
}

/* ---- data ---- */

/* What an episode is made from: rows of standard normal observations and uniform actions. */
struct episode {
    float *observation, *action;
};

static void append_episode(struct sac_shard *shard, int environment, const struct episode *episode, int O,
                           int A)
{
    const float *o = episode->observation, *a = episode->action;
    sac_shard_append_reset(shard, environment, o);
    for (int t = 1; t < EPISODE; t++, a += A) {
        o += O;
        const float reward = o[0] - 0.1f * a[0] * a[0];
        sac_shard_append_step(shard, environment, a, reward, o, false, t == EPISODE - 1, 0);
    }
}

/* As many episodes as it takes to have CAPACITY rows or more in the window. */
static enum sac_status fill(struct sac_replay *replay, int environments, int O, int A)
{
    struct sac_shard *shard = sac_replay_shard(replay, 0);
    const struct episode episode = {sac_allocate(sizeof(float) * EPISODE * (size_t)O),
                                    sac_allocate(sizeof(float) * EPISODE * (size_t)A)};
    const bool enough = episode.observation != NULL && episode.action != NULL;
    for (uint64_t e = 0; enough && sac_replay_rows(replay) < CAPACITY; e++) {
        sac_kernels()->normal(episode.observation, O, SEED, SAC_PURPOSE_TRAINING, e, 0, EPISODE, O);
        sac_kernels()->uniform(episode.action, A, SEED, SAC_PURPOSE_WARMUP_ACTION, e, 0, EPISODE, A);
        append_episode(shard, (int)(e % (uint64_t)environments), &episode, O, A);
        sac_replay_grant(replay);
    }
    sac_free(episode.observation);
    sac_free(episode.action);
    return enough ? SAC_OK : sac_fail(SAC_NOMEM, "no memory for an episode of %d observations", O);
}

/* ---- one benchmark ---- */

static enum sac_status create_replay(struct update_bench *b, const struct shape *shape)
{
    const struct sac_replay_shape replay = {
        .environments = b->settings.environments,
        .env_threads = 1,
        .observation_size = shape->observation_size,
        .action_size = shape->action_size,
        .capacity = CAPACITY,
        .guard = sac_governor_guard(&b->settings) + 2 * EPISODE, /* episodes are appended whole */
    };
    const enum sac_status status = sac_replay_create(&replay, &b->replay);
    return status == SAC_OK
               ? fill(b->replay, replay.environments, replay.observation_size, replay.action_size)
               : status;
}

static enum sac_status create_learner(struct update_bench *b, const struct shape *shape, int threads)
{
    enum sac_status status = sac_team_create(threads, &b->team);
    if (status == SAC_OK)
        status = sac_agent_create(&b->settings, shape->observation_size, shape->action_size, threads, b->team,
                                  &b->agent);
    if (status == SAC_OK)
        status = sac_snapshots_create(1, sac_agent_policy(b->agent)->network.size,
                                      sac_agent_policy_parameters(b->agent), &b->snapshots);
    const struct sac_learner_context context = {.settings = &b->settings,
                                                .team = b->team,
                                                .agent = b->agent,
                                                .replay = b->replay,
                                                .snapshots = b->snapshots};
    return status == SAC_OK ? sac_learner_create(&context, &b->learner) : status;
}

static void destroy(void *state)
{
    struct update_bench *b = state;
    if (b == NULL)
        return;
    sac_learner_destroy(b->learner);
    sac_snapshots_destroy(b->snapshots);
    sac_agent_destroy(b->agent);
    sac_team_destroy(b->team);
    sac_replay_destroy(b->replay);
    free(b);
}

/* In the last batch. */
static void count_lower(struct update_bench *b)
{
    const struct sac_critic *critic = b->agent->critic;
    for (int r = 0; r < critic[0].rows; r++)
        b->lower_rows += critic[0].q_fresh[r] < critic[1].q_fresh[r];
    b->rows += critic[0].rows;
}

/* Inside the team's region. */
static void lead(void *context)
{
    struct update_bench *b = context;
    for (int64_t i = 0; i < b->calls; i++)
        sac_learner_round(b->learner);
}

static void run(void *state, int64_t calls)
{
    struct update_bench *b = state;
    b->calls = calls;
    sac_team_enter(b->team, lead, b);
    count_lower(b);
}

static enum sac_status create(const struct benchmark *benchmark, const struct bench_options *options,
                              void **state)
{
    const struct subject *subject = benchmark->subject;
    struct update_bench *b = calloc(1, sizeof *b);
    if (b == NULL)
        return sac_fail(SAC_NOMEM, "no memory for %s", benchmark->name);
    b->name = benchmark->name;
    b->settings = make_settings(subject);
    enum sac_status status = create_replay(b, subject->shape);
    if (status == SAC_OK)
        status = create_learner(b, subject->shape, options->threads);
    if (status != SAC_OK) {
        destroy(b);
        return status;
    }
    run(b, WARM_UPDATES);
    b->lower_rows = b->rows = 0;
    *state = b;
    return SAC_OK;
}

static void describe(void *state, struct bench_cost *cost)
{
    const struct update_bench *b = state;
    cost->units = 1;
    cost->flops = sac_agent_flops(b->agent);
    cost->threads = sac_team_members(b->team);
}

static enum sac_status check(void *state)
{
    const struct update_bench *b = state;
    const double share = b->lower_rows / b->rows;
    if (share >= least_share && share <= most_share)
        return SAC_OK;
    return sac_fail(SAC_STATE,
                    "%s: the first critic is the lower one in %.0f %% of the rows, not in %.0f to %.0f %%: "
                    "its time would not be that of training",
                    b->name, 100 * share, 100 * least_share, 100 * most_share);
}

int bench_update_list(struct benchmark *list, int count)
{
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        struct benchmark *b = &list[count++];
        *b = (struct benchmark){.unit = "updates/s",
                                .subject = &subjects[i],
                                .create = create,
                                .run = run,
                                .describe = describe,
                                .check = check,
                                .destroy = destroy};
        snprintf(b->name, sizeof b->name, "update/%s/%s", subjects[i].shape->name,
                 subjects[i].algorithm == SAC_V1 ? "sac_v1" : "sac_v2");
    }
    return count;
}
