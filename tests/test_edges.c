/* Edges of docs/memory-model.md that protect plain memory: two threads use both ends as the engine does, with
 * as little as possible beside them that would order the same. What is asserted holds on most machines
 * whatever the orders are; it is ThreadSanitizer that sees an order missing (make check-tsan, make
 * check-orderings). */
#include <check.h>
#include <pthread.h>
#include <sched.h>

#include "assertion.h"
#include "atomics.h"
#include "evaluator.h"
#include "governor.h"
#include "point_mass.h"
#include "replay.h"
#include "suite.h"
#include "team.h"

enum { ROUNDS = 300 };

static pthread_t start(void *(*work)(void *context), void *context)
{
    pthread_t thread;
    SAC_ASSERT(pthread_create(&thread, NULL, work, context) == 0);
    return thread;
}

/* --- rows: A to D --- */

enum { BATCH = 4, LD = 16 };

static void *append_rows(void *context)
{
    struct sac_shard *shard = context;
    const float observation = 1, action = 0;
    sac_shard_append_reset(shard, 0, &observation);
    for (int i = 0; i < 10 * ROUNDS; i++) {
        while (!sac_shard_has_room(shard, 1))
            sched_yield();
        sac_shard_append_step(shard, 0, &action, 2, &observation, false, false, 0);
    }
    return NULL;
}

/* Rows are drawn whole while their writer goes round a ring of a few rows. */
START_TEST(rows)
{
    const struct sac_replay_shape shape = {1, 1, 1, 1, 8, 4, 0};
    float next[2 * BATCH * LD], taken[BATCH * LD], reward[BATCH], not_terminated[BATCH];
    uint32_t version[BATCH];
    struct sac_batch batch = {BATCH,          1,      1, LD, next, next + BATCH * LD, taken, reward,
                              not_terminated, version};
    struct sac_replay *replay;
    ck_assert_int_eq(sac_replay_create(&shape, &replay), SAC_OK);
    const pthread_t writer = start(append_rows, sac_replay_shard(replay, 0));
    while (sac_replay_head(replay, 0) <= 10 * ROUNDS) {
        sac_replay_grant(replay);
        if (sac_replay_rows(replay) < 2)
            continue;
        sac_replay_draw(replay, 1, 1, &batch);
        for (int i = 0; i < BATCH; i++)
            ck_assert_float_eq(reward[i] + next[i * LD], 3);
    }
    pthread_join(writer, NULL);
    sac_replay_destroy(replay);
}
END_TEST

/* --- policies: E to H --- */

static void *publish(void *context)
{
    for (uint64_t v = 1; v <= 10 * ROUNDS; v++) {
        const float parameters[2] = {(float)v, (float)v};
        while (!sac_snapshots_publish(context, parameters, v))
            sched_yield();
    }
    return NULL;
}

/* What is held is whole, and is not written over before it is given back. */
START_TEST(policies)
{
    const float initial[2] = {0, 0};
    struct sac_snapshots *snapshots;
    ck_assert_int_eq(sac_snapshots_create(1, 2, initial, &snapshots), SAC_OK);
    const pthread_t learner = start(publish, snapshots);
    struct sac_holder holder = {-1};
    for (uint64_t version = 0; version < 10 * ROUNDS;) {
        const float *held = sac_snapshots_hold(snapshots, &holder, &version);
        ck_assert_float_eq(held[0], (float)version);
        ck_assert_float_eq(held[1], (float)version);
    }
    sac_snapshots_release(snapshots, &holder);
    pthread_join(learner, NULL);
    sac_snapshots_destroy(snapshots);
}
END_TEST

/* --- a team: O to R --- */

struct job {
    struct sac_team *team;
    int input, output[2];
};

static void copy_input(void *context, int task)
{
    struct job *job = context;
    job->output[task] = job->input;
}

static void lead(void *context)
{
    struct job *job = context;
    for (job->input = 1; job->input <= ROUNDS; job->input++) {
        sac_team_run(job->team, copy_input, job, 2);
        SAC_ASSERT(job->output[0] == job->input && job->output[1] == job->input);
    }
}

/* Members see what the leader wrote, and the leader what they did. */
START_TEST(team)
{
    struct job job = {0};
    ck_assert_int_eq(sac_team_create(2, &job.team), SAC_OK);
    sac_team_enter(job.team, lead, &job);
    sac_team_destroy(job.team);
}
END_TEST

/* --- safe points: S to V --- */

struct worker {
    struct sac_governor *governor;
    int64_t work; /* plain */
};

static void *step(void *context)
{
    struct worker *w = context;
    for (;;) {
        const struct sac_ticket ticket = sac_governor_take(w->governor, 0);
        if (ticket.count == 0)
            return NULL;
        w->work++;
        sac_governor_stepped(w->governor, 0, &ticket);
    }
}

static void *learn(void *context)
{
    struct worker *w = context;
    while (sac_governor_turn(w->governor)) {
        w->work++;
        sac_governor_updated(w->governor);
    }
    return NULL;
}

/* At a safe point the main thread may use what is an env thread's or the learner's otherwise. */
START_TEST(safe_points)
{
    const struct sac_replay_shape shape = {1, 1, 1, 1, 8, 4, 0};
    struct sac_settings settings;
    struct sac_replay *replay;
    struct worker env = {0}, learner = {0};
    sac_settings_default(&settings);
    settings.mode = SAC_ASYNC;
    settings.steps = 100000000;
    settings.environments = settings.updates_per_round = 1;
    settings.update_to_data = 1;
    settings.warmup_steps = 1;
    ck_assert_int_eq(sac_replay_create(&shape, &replay), SAC_OK);
    ck_assert_int_eq(sac_governor_create(&settings, 1, replay, &env.governor), SAC_OK);
    learner.governor = env.governor;
    const pthread_t threads[] = {start(step, &env), start(learn, &learner)};
    for (int i = 0; i < ROUNDS; i++) {
        ck_assert(sac_governor_pause(env.governor));
        ck_assert_int_eq(env.work++ - i, sac_governor_steps(env.governor));
        learner.work++;
        sac_governor_resume(env.governor);
    }
    sac_governor_stop(env.governor);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    sac_governor_destroy(env.governor);
    sac_replay_destroy(replay);
}
END_TEST

/* --- the evaluator's desk: Z, AA to AE --- */

struct evaluation {
    struct sac_gate events;
    struct sac_desk *desk;
    struct sac_snapshots *snapshots;
    struct sac_evaluator *evaluator;
};

static void *evaluate(void *context)
{
    struct evaluation *e = context;
    sac_evaluator_run(e->evaluator, e->desk, e->snapshots);
    return NULL;
}

static void *ask(void *context)
{
    struct evaluation *e = context;
    for (int i = 1; i <= ROUNDS; i++) {
        while (sac_desk_state(e->desk) != SAC_DESK_IDLE)
            sched_yield();
        e->desk->environment_steps = i;
        sac_desk_set_state(e->desk, SAC_DESK_ASKED);
    }
    return NULL;
}

/* Makes the evaluator look again and again, also between a change and the wake-up that follows it. */
static void *disturb(void *context)
{
    struct evaluation *e = context;
    while (sac_load_relaxed(test, &e->desk->reported) < ROUNDS)
        sac_gate_wake(&e->events);
    return NULL;
}

static void create(struct evaluation *e, const float *parameters, const struct sac_policy_network *policy)
{
    const struct sac_evaluator_context context = {
        .ops = &point_mass, .policy = policy, .seed = 1, .episodes = 1};
    ck_assert_int_eq(sac_desk_create(1, &e->events, &e->desk), SAC_OK);
    ck_assert_int_eq(sac_evaluator_create(&context, &e->evaluator), SAC_OK);
    ck_assert_int_eq(sac_snapshots_create_packed(1, &policy->network, parameters, &e->snapshots), SAC_OK);
}

static bool waits_for_room(const struct sac_desk *desk)
{
    return sac_load_relaxed(test, &desk->written) == sac_load_relaxed(test, &desk->reported) + SAC_REPORTS &&
           sac_desk_state(desk) == SAC_DESK_ASKED;
}

/* The evaluator is asked; its reports are read at once at first, later when it waits for room. */
START_TEST(desk)
{
    static float parameters[4096];
    struct sac_settings settings;
    struct sac_policy_network policy;
    struct evaluation e = {0};
    sac_settings_default(&settings);
    settings.hidden_layers = 1;
    settings.hidden[0] = 16;
    sac_policy_network_init(&policy, 4, 2, &settings);
    ck_assert_uint_le(policy.network.size, sizeof parameters / sizeof *parameters);
    create(&e, parameters, &policy);
    const pthread_t threads[] = {start(evaluate, &e), start(ask, &e), start(disturb, &e)};
    for (int i = 1; i <= ROUNDS; i++) {
        const struct sac_report *report;
        while (i > ROUNDS / 3 && i <= ROUNDS - SAC_REPORTS && !waits_for_room(e.desk))
            sched_yield();
        while ((report = sac_desk_report(e.desk)) == NULL)
            sched_yield();
        ck_assert_int_eq(report->status, SAC_OK);
        ck_assert_int_eq(report->evaluation.environment_steps, i);
        sac_desk_give_back(e.desk);
    }
    sac_desk_quit(e.desk);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    sac_evaluator_destroy(e.evaluator);
    sac_snapshots_destroy(e.snapshots);
    sac_desk_destroy(e.desk);
}
END_TEST

static TCase *edges(const char *name, const TTest *test)
{
    TCase *tc = tcase_create(name); /* CK_RUN_CASE chooses one */
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, test);
    return tc;
}

int main(void)
{
    return suite_run(CK_FORK_GETENV, "edges", 5, edges("rows", rows), edges("policies", policies),
                     edges("team", team), edges("safe_points", safe_points), edges("desk", desk));
}
