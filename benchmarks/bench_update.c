/* update/SHAPE/ALGORITHM: whole rounds of the learner as training runs them: draw, update, publish.
 * phase/SHAPE/ALGORITHM/PHASE: what one phase takes of such a round.
 *
 * The gradient by the action goes through each row's lower critic alone, so its cost depends on how the rows
 * fall: on data where one critic is always the lower one the work would not be that of training. */
#include <stdio.h>

#include "agent_internal.h"
#include "bench.h"
#include "bench_data.h"
#include "division.h"
#include "error.h"
#include "learner.h"
#include "update_work.h"

enum { ALGORITHMS = 2, ROUNDS = ALGORITHMS * (BENCH_SHAPES + BENCH_LARGE_BATCHES) };
enum { WARM_ROWS = 25600, LEAST_WARM_UPDATES = 40 }; /* not timed: a hundred of the usual batches */

static struct subject {
    const struct bench_shape *shape;
    enum sac_algorithm algorithm;
} subjects[ROUNDS];

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

/* The share of rows that the first critic is the lower one in counts as training's from here to 1 - this. By
 * blocks each task takes the rows of both critics, so that their shares cost next to nothing; and a large
 * batch's few updates leave them less even. */
static double least_share(const struct update_bench *b)
{
    return sac_division_by_blocks(b->settings.batch_size) ? 0.1 : 0.3;
}

static enum sac_status create_learner(struct update_bench *b, const struct bench_shape *shape, int threads)
{
    enum sac_status status = sac_team_create(threads, &b->team);
    if (status == SAC_OK)
        status = sac_agent_create(&b->settings, shape->observation_size, shape->action_size, threads, b->team,
                                  &b->agent);
    if (status == SAC_OK)
        status = sac_snapshots_create_packed(1, &sac_agent_policy(b->agent)->network,
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
    for (int r = 0; r < critic[0].division.rows; r++)
        b->lower_rows += critic[0].q_fresh[r] < critic[1].q_fresh[r];
    b->rows += critic[0].division.rows;
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
    const double share = b->lower_rows / b->rows, least = least_share(b);
    if (share >= least && share <= 1 - least)
        return SAC_OK;
    return sac_fail(SAC_STATE,
                    "%s: the first critic is the lower one in %.0f %% of the rows, not in %.0f to %.0f %%: "
                    "its time would not be that of training",
                    b->name, 100 * share, 100 * least, 100 * (1 - least));
}

static const char *algorithm_name(enum sac_algorithm algorithm)
{
    return algorithm == SAC_V1 ? "sac_v1" : "sac_v2";
}

/* ---- phases ---- */

enum { PHASE_ROUNDS = 2 * ALGORITHMS }; /* of halfcheetah, of small */

static const char *const phase_names[SAC_PHASES] = {
    [SAC_PHASE_DRAW] = "draw",
    [SAC_PHASE_ACTIONS] = "actions",
    [SAC_PHASE_TARGET_CRITICS] = "target_critics",
    [SAC_PHASE_CRITICS] = "critics",
    [SAC_PHASE_VALUES] = "values",
    [SAC_PHASE_ACTION_GRADIENTS] = "action_gradients",
    [SAC_PHASE_POLICY_GRADIENT] = "policy_gradient",
    [SAC_PHASE_CRITIC_GRADIENTS] = "critic_gradients",
    [SAC_PHASE_VALUE_GRADIENT] = "value_gradient",
    [SAC_PHASE_STEP_CRITICS] = "step_critics",
    [SAC_PHASE_STEP_VALUE] = "step_value",
    [SAC_PHASE_STEP_POLICY] = "step_policy",
    [SAC_PHASE_REST] = "rest",
};

/* The rounds that phases are parts of: those phases that are alive together share one learner. */
static struct phase_round {
    int users;
    struct update_bench update;
} phase_rounds[PHASE_ROUNDS];

/* What one phase takes of a round. */
struct phase_bench {
    const struct phase_subject *subject;
    struct phase_round *round;    /* NULL before it has come that far */
    struct sac_phase_clock clock; /* of the last run */
    int64_t calls;
};

static struct phase_subject {
    struct subject whole;
    enum sac_phase phase;
    struct phase_round *round;
} phase_subjects[PHASE_ROUNDS * SAC_PHASES];

static void destroy_phase(void *state)
{
    struct phase_bench *b = state;
    if (b->round != NULL && --b->round->users == 0) {
        destroy(&b->round->update);
        b->round->update = (struct update_bench){0};
    }
}

static enum sac_status create_phase(const struct benchmark *benchmark, const struct bench_options *options,
                                    void *state)
{
    struct phase_bench *b = state;
    b->subject = benchmark->subject;
    b->round = b->subject->round;
    const struct benchmark round = {.name = "phase", .subject = &b->subject->whole};
    return b->round->users++ > 0 ? SAC_OK : create(&round, options, &b->round->update);
}

static void run_phase(void *state, int64_t calls)
{
    struct phase_bench *b = state;
    b->calls = calls;
    b->clock = (struct sac_phase_clock){.last_ns = sac_time_ns()};
    sac_agent_set_clock(b->round->update.agent, &b->clock);
    run(&b->round->update, calls);
}

static double phase_microseconds(void *state)
{
    const struct phase_bench *b = state;
    return 1e-3 * (double)b->clock.ns[b->subject->phase] / (double)b->calls;
}

/* Parameters, moments and target are read and written, gradients read. */
static void add_step_bytes(struct bench_cost *cost, const struct sac_weights *weights, int networks)
{
    const int blocks = weights->target ? 5 : 4;
    cost->working_set = (double)sizeof(float) * (double)weights->size * blocks * networks;
    cost->bytes = cost->working_set / blocks * (2 * blocks - 1);
    cost->bytes_written = cost->working_set / blocks * (blocks - 1);
}

static void describe_phase(void *state, struct bench_cost *cost)
{
    const struct phase_bench *b = state;
    const struct update_bench *u = &b->round->update;
    const struct bench_shape *shape = u->data->shape;
    const enum sac_phase phase = b->subject->phase;
    cost->units = 1;
    cost->flops = sac_phase_flops(&u->settings, shape->observation_size, shape->action_size, phase);
    cost->threads = sac_team_members(u->team);
    if (phase == SAC_PHASE_STEP_CRITICS)
        add_step_bytes(cost, &u->agent->critic[0].weights, 2);
    else if (phase == SAC_PHASE_STEP_VALUE)
        add_step_bytes(cost, &u->agent->value.weights, 1);
    else if (phase == SAC_PHASE_STEP_POLICY)
        add_step_bytes(cost, &u->agent->policy.weights, 1);
}

static enum sac_status check_phase(void *state)
{
    struct phase_bench *b = state;
    return check(&b->round->update);
}

static bool has_phase(enum sac_algorithm algorithm, enum sac_phase phase)
{
    if (phase == SAC_PHASE_TARGET_CRITICS)
        return algorithm == SAC_V2;
    if (phase == SAC_PHASE_VALUES || phase == SAC_PHASE_VALUE_GRADIENT || phase == SAC_PHASE_STEP_VALUE)
        return algorithm == SAC_V1;
    return true;
}

static int add_phases(struct benchmark *list, int count, int round, const struct subject *whole)
{
    for (int phase = 0; phase < SAC_PHASES; phase++) {
        struct phase_subject *subject = &phase_subjects[round * SAC_PHASES + phase];
        if (!has_phase(whole->algorithm, (enum sac_phase)phase))
            continue;
        *subject = (struct phase_subject){*whole, (enum sac_phase)phase, &phase_rounds[round]};
        struct benchmark *b = &list[count++];
        *b = (struct benchmark){.unit = "us",
                                .subject = subject,
                                .state_size = sizeof(struct phase_bench),
                                .create = create_phase,
                                .run = run_phase,
                                .value = phase_microseconds,
                                .describe = describe_phase,
                                .check = check_phase,
                                .destroy = destroy_phase};
        snprintf(b->name, sizeof b->name, "phase/%s/%s/%s", whole->shape->name,
                 algorithm_name(whole->algorithm), phase_names[phase]);
    }
    return count;
}

/* ---- the list ---- */

int bench_update_list(struct benchmark *list, int count)
{
    for (int i = 0; i < ROUNDS; i++) {
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
                 algorithm_name(subjects[i].algorithm));
    }
    for (int round = 0; round < PHASE_ROUNDS; round++) {
        const struct bench_shape *shape = &bench_shapes[round < ALGORITHMS ? BENCH_HALFCHEETAH : BENCH_SMALL];
        count =
            add_phases(list, count, round, &(struct subject){shape, round % ALGORITHMS ? SAC_V2 : SAC_V1});
    }
    return count;
}
