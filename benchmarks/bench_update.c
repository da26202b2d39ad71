/* update/SHAPE/ALGORITHM: whole rounds of the learner as training runs them: draw, update, publish.
 *
 * The gradient by the action goes through each row's lower critic alone, so its cost depends on how the rows
 * fall: on data where one critic is always the lower one the work would not be that of training. */
#include <stdio.h>

#include "agent_internal.h"
#include "bench.h"
#include "bench_data.h"
#include "error.h"
#include "learner.h"
#include "update_work.h"

enum { ALGORITHMS = 2, SUBJECTS = ALGORITHMS * (BENCH_SHAPES + BENCH_LARGE_BATCHES) };
enum { WARM_ROWS = 25600, LEAST_WARM_UPDATES = 40 }; /* not timed: a hundred of the usual batches */

static struct subject {
    const struct bench_shape *shape;
    enum sac_algorithm algorithm;
} subjects[SUBJECTS];

/* Lower-critic shares that count as training's. */
static const double least_share = 0.3, most_share = 0.7;

struct update_bench {
    struct sac_settings settings;
    struct bench_replay *data;
    struct sac_team *team;
    struct sac_agent *agent;
    struct sac_snapshots *snapshots;
    struct sac_learner *learner;
    const char *name;
    int64_t calls;
    double lower_rows, rows; /* where the first critic was the lower one, of those looked at */
};

static enum sac_status create_learner(struct update_bench *b, const struct bench_shape *shape, int threads)
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
                                                .replay = b->data->replay,
                                                .snapshots = b->snapshots};
    return status == SAC_OK ? sac_learner_create(&context, &b->learner) : status;
}

static void destroy(void *state)
{
    struct update_bench *b = state;
    sac_learner_destroy(b->learner);
    sac_snapshots_destroy(b->snapshots);
    sac_agent_destroy(b->agent);
    sac_team_destroy(b->team);
    bench_replay_give(b->data);
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
                              void *state)
{
    const struct subject *subject = benchmark->subject;
    struct update_bench *b = state;
    b->name = benchmark->name;
    b->settings = bench_settings(subject->shape, subject->algorithm);
    enum sac_status status = bench_replay_take(subject->shape, &b->data);
    if (status == SAC_OK)
        status = create_learner(b, subject->shape, options->threads);
    if (status != SAC_OK)
        return status;
    const int warm = WARM_ROWS / subject->shape->batch_size;
    run(b, warm > LEAST_WARM_UPDATES ? warm : LEAST_WARM_UPDATES);
    b->lower_rows = b->rows = 0;
    return SAC_OK;
}

static void describe(void *state, struct bench_cost *cost)
{
    const struct update_bench *b = state;
    cost->units = 1;
    cost->flops = sac_agent_flops(b->agent);
    cost->threads = sac_team_members(b->team);
}

static json_t *table(void *state)
{
    const struct update_bench *b = state;
    struct sac_layer_work lines[SAC_MOST_LAYER_WORK];
    const int count =
        sac_update_work(&b->settings, b->data->shape->observation_size, b->data->shape->action_size, lines);
    json_t *json = json_array();
    for (int i = 0; i < count; i++) {
        const struct sac_layer_work *l = &lines[i];
        json_array_append_new(json, json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f}", "network",
                                              l->network, "layer", l->layer, "rows", l->rows, "in", l->in,
                                              "out", l->out, "forward", l->forward, "backward_input",
                                              l->backward_input, "backward_weights", l->backward_weights,
                                              "flops", sac_layer_flops(l)));
    }
    return json;
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
    for (int i = 0; i < SUBJECTS; i++) {
        struct benchmark *b = &list[count++];
        subjects[i] = (struct subject){&bench_shapes[i / ALGORITHMS], i % ALGORITHMS ? SAC_V2 : SAC_V1};
        *b = (struct benchmark){.unit = "updates/s",
                                .subject = &subjects[i],
                                .state_size = sizeof(struct update_bench),
                                .create = create,
                                .run = run,
                                .describe = describe,
                                .table = table,
                                .check = check,
                                .destroy = destroy};
        snprintf(b->name, sizeof b->name, "update/%s/%s", subjects[i].shape->name,
                 subjects[i].algorithm == SAC_V1 ? "sac_v1" : "sac_v2");
    }
    return count;
}
