/* Playing episodes with a fixed policy. */
#include "evaluator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "environment.h"
#include "environment_batch.h"
#include "error.h"
#include "kernels/kernels.h"
#include "memory.h"
#include "policy.h"
#include "random.h"
#include "returns.h"

enum { AT_ONCE = 16 }; /* episodes played side by side, at most */

/* Belongs to whoever plays: one thread at a time. */
struct sac_evaluator {
    struct sac_evaluator_context context;
    struct sac_env_spec spec;
    struct sac_environment_batch batch;
    int32_t *left;   /* (batch.count) episodes that each environment has still to play */
    int32_t *played; /* (batch.count) */
    double *returns; /* (episodes) results in order of (round, environment) */
    double total_length;
};

static enum sac_status create_environments(struct sac_evaluator *e)
{
    const struct sac_env_create create = {
        .size = sizeof create,
        .environments = e->context.episodes < AT_ONCE ? e->context.episodes : AT_ONCE,
        .first_environment = 0,
        .seed = sac_random_seed(e->context.seed, SAC_PURPOSE_EVALUATION, 0),
        .options = e->context.options,
    };
    const struct sac_instance instance = {
        .ops = e->context.ops, .spec = e->spec, .part = " of the evaluation"};
    const size_t n = (size_t)create.environments;
    e->left = sac_allocate(n * sizeof *e->left);
    e->played = sac_allocate(n * sizeof *e->played);
    e->returns = sac_allocate((size_t)e->context.episodes * sizeof *e->returns);
    if (!e->left || !e->played || !e->returns)
        return sac_fail(SAC_NOMEM, "no memory for the evaluation of %d episodes", e->context.episodes);
    return sac_environment_batch_create(&e->batch, &instance, &create, e->context.policy);
}

static enum sac_status check_sizes(const struct sac_evaluator *e)
{
    const struct sac_policy_network *policy = e->context.policy;
    if (e->context.episodes < 1)
        return sac_fail(SAC_INVALID, "episodes is %d; it must be at least 1", e->context.episodes);
    if (policy->observation_size != e->spec.observation_size || policy->action_size != e->spec.action_size)
        return sac_fail(
            SAC_INVALID,
            "the policy takes %d observations and gives %d actions, but %s has %d and %d; choose the "
            "environment it was trained on",
            policy->observation_size, policy->action_size, e->context.ops->id, e->spec.observation_size,
            e->spec.action_size);
    return SAC_OK;
}

enum sac_status sac_evaluator_create(const struct sac_evaluator_context *context,
                                     struct sac_evaluator **evaluator)
{
    struct sac_evaluator *e = sac_allocate(sizeof *e);
    if (!e)
        return sac_fail(SAC_NOMEM, "no memory for the evaluator");
    e->context = *context;
    enum sac_status status = sac_environment_spec(context->ops, context->options, &e->spec);
    if (status == SAC_OK)
        status = check_sizes(e);
    if (status == SAC_OK)
        status = create_environments(e);
    if (status != SAC_OK) {
        sac_evaluator_destroy(e);
        return status;
    }
    *evaluator = e;
    return SAC_OK;
}

void sac_evaluator_destroy(struct sac_evaluator *e)
{
    if (!e)
        return;
    sac_environment_batch_destroy(&e->batch);
    sac_free(e->left);
    sac_free(e->played);
    sac_free(e->returns);
    sac_free(e);
}

static void choose_actions(struct sac_evaluator *e, const float *panels, uint64_t step)
{
    struct sac_environment_batch *b = &e->batch;
    const int A = e->spec.action_size;
    if (!e->context.deterministic)
        sac_kernels()->normal(b->noise, A, e->context.seed, SAC_PURPOSE_EVALUATION, step + 1, 0, b->count, A);
    sac_environment_batch_act(b, panels, e->context.deterministic ? NULL : b->noise, b->count);
}

/* List environments whose episode is over, and keep what came out. Episode number played[j] of environment j
 * is result played[j] * count + j. */
static int collect(struct sac_evaluator *e, int *remaining)
{
    struct sac_environment_batch *b = &e->batch;
    int finished = 0;
    for (int j = 0; j < b->count; j++) {
        if (!b->terminated[j] && !b->truncated[j] && !sac_environment_batch_at_limit(b, j))
            continue;
        if (e->left[j] > 0) {
            e->returns[e->played[j] * b->count + j] = b->episode_return[j];
            e->total_length += b->episode_length[j];
            e->left[j]--;
            e->played[j]++;
            (*remaining)--;
        }
        b->finished[finished++] = j;
    }
    return finished;
}

static void deal_episodes(struct sac_evaluator *e)
{
    const int n = e->batch.count;
    for (int j = 0; j < n; j++) {
        e->left[j] = (e->context.episodes - j + n - 1) / n;
        e->played[j] = 0;
        e->batch.finished[j] = j;
    }
    e->total_length = 0;
}

enum sac_status sac_evaluator_play(struct sac_evaluator *e, const float *panels,
                                   const _Atomic uint32_t *abandon, struct sac_evaluation *evaluation)
{
    int remaining = e->context.episodes;
    deal_episodes(e);
    enum sac_status status = sac_environment_batch_start(&e->batch, e->batch.count);
    for (uint64_t step = 0; status == SAC_OK && remaining > 0; step++) {
        if (abandon && sac_load_relaxed(abandon, abandon))
            return sac_fail(SAC_STOPPED, "the evaluation was abandoned because the run was stopped");
        choose_actions(e, panels, step);
        status = sac_environment_batch_step(&e->batch, e->batch.count);
        if (status == SAC_OK)
            status = sac_environment_batch_start(&e->batch, collect(e, &remaining));
    }
    if (status != SAC_OK)
        return status;
    sac_returns_summarize(evaluation, e->returns, e->context.episodes);
    evaluation->mean_length = e->total_length / e->context.episodes;
    return SAC_OK;
}

enum sac_status sac_desk_create(int episodes, struct sac_gate *events, struct sac_desk **desk)
{
    struct sac_desk *d = sac_allocate(sizeof *d);
    bool complete = d != NULL;
    for (int i = 0; d && i < SAC_REPORTS; i++) {
        d->report[i].returns = sac_allocate((size_t)episodes * sizeof(double));
        complete = complete && d->report[i].returns;
    }
    if (!complete) {
        sac_desk_destroy(d);
        return sac_fail(SAC_NOMEM, "no memory for the reports of %d evaluation episodes", episodes);
    }
    d->events = events;
    *desk = d;
    return SAC_OK;
}

void sac_desk_destroy(struct sac_desk *desk)
{
    for (int i = 0; desk && i < SAC_REPORTS; i++)
        sac_free(desk->report[i].returns);
    sac_free(desk);
}

void sac_desk_set_state(struct sac_desk *desk, enum sac_desk_state state)
{
    sac_store_release(Z, &desk->state, (uint32_t)state);
    sac_gate_wake(desk->events);
}

enum sac_desk_state sac_desk_state(const struct sac_desk *desk)
{
    return (enum sac_desk_state)sac_load_acquire(AA, &desk->state);
}

const struct sac_report *sac_desk_report(const struct sac_desk *desk)
{
    const uint64_t n = sac_load_relaxed(reported, &desk->reported); /* main is its only writer */
    return sac_load_acquire(AC, &desk->written) > n ? &desk->report[n % SAC_REPORTS] : NULL;
}

void sac_desk_give_back(struct sac_desk *desk)
{
    sac_store_release(AD, &desk->reported, sac_load_relaxed(reported, &desk->reported) + 1);
    sac_gate_wake(desk->events);
}

void sac_desk_quit(struct sac_desk *desk)
{
    sac_store_relaxed(quit, &desk->quit, 1u);
    sac_gate_wake(desk->events);
}

static bool asked_or_quit(void *context)
{
    const struct sac_desk *desk = context;
    return sac_desk_state(desk) == SAC_DESK_ASKED || sac_load_relaxed(quit, &desk->quit);
}

static bool room_or_quit(void *context)
{
    const struct sac_desk *desk = context;
    const uint64_t n = sac_load_relaxed(written, &desk->written); /* the evaluator is its only writer */
    return sac_load_acquire(AE, &desk->reported) + SAC_REPORTS > n || sac_load_relaxed(quit, &desk->quit);
}

/* Play what was asked for and write the report. */
static void serve(struct sac_evaluator *e, struct sac_desk *desk, const float *panels, uint64_t version)
{
    const uint64_t n = sac_load_relaxed(written, &desk->written);
    struct sac_report *report = &desk->report[n % SAC_REPORTS];
    const int64_t steps = desk->environment_steps;
    report->status = sac_evaluator_play(e, panels, &desk->quit, &report->evaluation);
    if (report->status != SAC_OK)
        snprintf(report->sentence, sizeof report->sentence, "%s", sac_last_error());
    memcpy(report->returns, e->returns, (size_t)e->context.episodes * sizeof *e->returns);
    report->evaluation.returns = report->returns;
    report->evaluation.environment_steps = steps;
    report->evaluation.policy_version = version;
    sac_store_release(AB, &desk->written, n + 1);
}

void sac_evaluator_run(struct sac_evaluator *e, struct sac_desk *desk, struct sac_snapshots *snapshots)
{
    struct sac_holder holder = {-1};
    for (;;) {
        sac_gate_wait(desk->events, asked_or_quit, NULL, desk);
        sac_gate_wait(desk->events, room_or_quit, NULL, desk);
        if (sac_load_relaxed(quit, &desk->quit))
            return;
        uint64_t version;
        const float *panels = sac_snapshots_hold(snapshots, &holder, &version);
        sac_desk_set_state(desk, SAC_DESK_PLAYING);
        serve(e, desk, panels, version);
        sac_snapshots_release(snapshots, &holder);
        sac_desk_set_state(desk, SAC_DESK_IDLE);
    }
}

enum sac_status sac_evaluate(const struct sac_policy *policy, const struct sac_env_ops *env,
                             const char *const *env_options, int episodes, uint64_t seed, bool deterministic,
                             struct sac_evaluation *evaluation)
{
    SAC_NEED(policy, "a policy that was loaded or trained");
    SAC_NEED(env, "a table of environment functions");
    SAC_NEED(evaluation, "a place for the result");
    const struct sac_evaluator_context context = {
        .ops = env,
        .options = env_options,
        .policy = &policy->network,
        .seed = seed,
        .episodes = episodes,
        .deterministic = deterministic,
    };
    struct sac_evaluator *evaluator = NULL;
    enum sac_status status = sac_evaluator_create(&context, &evaluator);
    if (status == SAC_OK)
        status = sac_evaluator_play(evaluator, policy->panels, NULL, evaluation);
    if (status == SAC_OK) {
        double *returns = malloc((size_t)episodes * sizeof *returns);
        if (returns)
            memcpy(returns, evaluation->returns, (size_t)episodes * sizeof *returns);
        else
            status = sac_fail(SAC_NOMEM, "no memory for %d returns", episodes);
        evaluation->returns = returns;
        evaluation->environment_steps = -1;
        evaluation->policy_version = 0;
    }
    sac_evaluator_destroy(evaluator);
    return status;
}
