/* Draw, update, publish. */
#include "learner.h"

#include "error.h"
#include "integers.h"
#include "memory.h"

enum { DRAW_ROWS = 512 }; /* that one member of the team gathers at a time: some 30 microseconds */

/* Everything here belongs to the learner's thread, but for `counters` (counters.h). */
struct sac_learner {
    struct sac_learner_context context;
    uint64_t update;      /* updates done */
    int64_t evaluated_at; /* environment steps of the last evaluation asked for */
    struct sac_learner_counters *counters;
};

enum sac_status sac_learner_create(const struct sac_learner_context *context, struct sac_learner **learner)
{
    struct sac_learner *l = sac_allocate(sizeof *l);
    if (l)
        l->counters = sac_allocate(sizeof *l->counters);
    if (!l || !l->counters) {
        sac_learner_destroy(l);
        return sac_fail(SAC_NOMEM, "no memory for the learner");
    }
    l->context = *context;
    *learner = l;
    return SAC_OK;
}

void sac_learner_destroy(struct sac_learner *l)
{
    if (l)
        sac_free(l->counters);
    sac_free(l);
}

struct sac_learner_counters *sac_learner_counters(struct sac_learner *l)
{
    return l->counters;
}

static void add(_Atomic double *sum, double x)
{
    sac_store_relaxed(losses, sum, sac_load_relaxed(losses, sum) + x);
}

static void count_update(struct sac_learner_counters *c, uint64_t updates, const struct sac_losses *losses)
{
    add(&c->critic_loss, losses->critic);
    add(&c->value_loss, losses->value);
    add(&c->policy_loss, losses->policy);
    add(&c->temperature_loss, losses->temperature);
    add(&c->entropy, losses->entropy);
    sac_store_relaxed(alpha, &c->alpha, losses->alpha);
    sac_store_relaxed(updates_counter, &c->updates, updates);
}

/* Lockstep must not skip a version; in async the next one comes soon. */
static void publish(struct sac_learner *l)
{
    const struct sac_learner_context *c = &l->context;
    const float *parameters = sac_agent_policy_parameters(c->agent);
    if (c->settings->mode == SAC_LOCKSTEP)
        sac_snapshots_publish_surely(c->snapshots, parameters, l->update);
    else
        (void)sac_snapshots_publish(c->snapshots, parameters, l->update);
}

/* One share of the batch's rows. */
static void draw_share(void *context, int task)
{
    const struct sac_learner *l = context;
    const struct sac_learner_context *c = &l->context;
    struct sac_batch *batch = sac_agent_batch(c->agent);
    const int first = task * DRAW_ROWS, end = sac_least(first + DRAW_ROWS, batch->rows);
    sac_replay_draw_rows(c->replay, c->settings->seed, l->update, first, end, batch);
}

/* The team shares the rows of a large batch; those of a small one are there before it has been called. */
static void draw(struct sac_learner *l)
{
    const struct sac_learner_context *c = &l->context;
    const int rows = sac_agent_batch(c->agent)->rows;
    sac_replay_prepare(c->replay);
    sac_team_run(c->team, draw_share, l, (rows + DRAW_ROWS - 1) / DRAW_ROWS);
}

void sac_learner_round(struct sac_learner *l)
{
    const struct sac_learner_context *c = &l->context;
    struct sac_batch *batch = sac_agent_batch(c->agent);
    struct sac_losses losses;
    for (int i = 0; i < c->settings->updates_per_round; i++) {
        draw(l);
        sac_count_ages(l->counters, (uint32_t)l->update, batch->version, batch->rows);
        sac_phase_end(sac_agent_clock(c->agent), SAC_PHASE_DRAW);
        sac_update(c->agent, l->update, &losses);
        count_update(l->counters, ++l->update, &losses);
    }
    publish(l);
    sac_phase_end(sac_agent_clock(c->agent), SAC_PHASE_REST);
}

static bool desk_idle(void *context)
{
    const struct sac_desk *desk = context;
    return sac_desk_state(desk) == SAC_DESK_IDLE || sac_load_relaxed(quit, &desk->quit);
}

static bool desk_served(void *context)
{
    const struct sac_desk *desk = context;
    return sac_desk_state(desk) != SAC_DESK_ASKED || sac_load_relaxed(quit, &desk->quit);
}

/* Ask for an evaluation when a multiple of eval_every has been passed. Async never waits: a busy evaluator
 * takes the next policy when it is free. Lockstep waits until the evaluator holds exactly this version. */
static void maybe_evaluate(struct sac_learner *l)
{
    struct sac_desk *desk = l->context.desk;
    const int64_t every = l->context.settings->eval_every, steps = sac_governor_steps(l->context.governor);
    const bool lockstep = l->context.settings->mode == SAC_LOCKSTEP;
    if (!desk || every == 0 || steps / every == l->evaluated_at / every ||
        steps >= l->context.settings->steps)
        return;
    if (lockstep)
        sac_gate_wait(desk->events, desk_idle, NULL, desk);
    if (sac_desk_state(desk) != SAC_DESK_IDLE)
        return;
    l->evaluated_at = steps;
    desk->environment_steps = steps;
    sac_desk_set_state(desk, SAC_DESK_ASKED);
    if (lockstep)
        sac_gate_wait(desk->events, desk_served, NULL, desk);
}

static void lead(void *context)
{
    struct sac_learner *l = context;
    while (sac_governor_turn(l->context.governor)) {
        sac_learner_round(l);
        maybe_evaluate(l);
        sac_governor_updated(l->context.governor);
    }
}

void sac_learner_run(struct sac_learner *l)
{
    sac_team_enter(l->context.team, lead, l);
}
