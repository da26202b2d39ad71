/* What is told of a run's pace: how old what was drawn is, who waited how long, and that the numbers of one
 * look are of one moment. */
#include <softac/softac.h>

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "environment.h"
#include "meter.h"
#include "point_mass.h"
#include "safe_point.h"
#include "shard.h"
#include "suite.h"
#include "thread.h"

/* --- parts of a run, moved by hand --- */

enum { CAPACITY = 64, BATCH = 16 };

struct parts {
    struct sac_settings settings;
    struct sac_env_spec spec;
    struct sac_team *team;
    struct sac_agent *agent;
    struct sac_replay *replay;
    struct sac_governor *governor;
    struct sac_snapshots *snapshots;
    struct sac_learner *learner;
    struct sac_env_thread *env_thread;
    struct sac_first_error error;
    struct sac_meter *meter;
    int rounds; /* for the learner's thread */
};

static void must(enum sac_status status)
{
    ck_assert_msg(status == SAC_OK, "%s", sac_last_error());
}

static void set_sizes(struct parts *p)
{
    sac_settings_default(&p->settings);
    p->settings.algorithm = SAC_V2;
    p->settings.environments = 1;
    p->settings.hidden[0] = p->settings.hidden[1] = 8;
    p->settings.batch_size = BATCH;
    p->settings.warmup_steps = 5;
    p->settings.replay_capacity = CAPACITY;
    p->settings.eval_every = 0;
    must(sac_environment_spec(&point_mass, NULL, &p->spec));
}

static void make_learner(struct parts *p)
{
    const struct sac_replay_shape shape = {
        .environments = 1,
        .env_threads = 1,
        .observation_size = p->spec.observation_size,
        .action_size = p->spec.action_size,
        .capacity = CAPACITY,
        .guard = sac_governor_guard(&p->settings),
    };
    must(sac_replay_create(&shape, &p->replay));
    must(sac_governor_create(&p->settings, 1, p->replay, &p->governor));
    must(sac_team_create(1, &p->team));
    must(
        sac_agent_create(&p->settings, p->spec.observation_size, p->spec.action_size, 1, p->team, &p->agent));
    must(sac_snapshots_create_packed(2, &sac_agent_policy(p->agent)->network,
                                     sac_agent_policy_parameters(p->agent), &p->snapshots));
    const struct sac_learner_context learner = {
        .settings = &p->settings,
        .team = p->team,
        .agent = p->agent,
        .replay = p->replay,
        .governor = p->governor,
        .snapshots = p->snapshots,
    };
    must(sac_learner_create(&learner, &p->learner));
}

static void make_parts(struct parts *p)
{
    memset(p, 0, sizeof *p);
    point_mass_clear();
    set_sizes(p);
    make_learner(p);
    const struct sac_env_context env = {
        .settings = &p->settings,
        .ops = &point_mass,
        .spec = &p->spec,
        .policy = sac_agent_policy(p->agent),
        .replay = p->replay,
        .governor = p->governor,
        .snapshots = p->snapshots,
        .error = &p->error,
    };
    must(sac_env_thread_create(&env, 0, &p->env_thread));
    const struct sac_meter_context meter = {
        .settings = &p->settings,
        .governor = p->governor,
        .learner = p->learner,
        .env_thread = &p->env_thread,
        .env_threads = 1,
    };
    must(sac_meter_create(&meter, &p->meter));
}

static void free_parts(struct parts *p)
{
    sac_meter_destroy(p->meter);
    sac_env_thread_destroy(p->env_thread);
    sac_learner_destroy(p->learner);
    sac_snapshots_destroy(p->snapshots);
    sac_agent_destroy(p->agent);
    sac_team_destroy(p->team);
    sac_governor_destroy(p->governor);
    sac_replay_destroy(p->replay);
}

static struct sac_progress look(struct parts *p)
{
    struct sac_progress progress;
    sac_meter_look(p->meter, (struct sac_cpu_seconds){0, 0}, &progress);
    return progress;
}

/* --- staleness --- */

/* So many records that nothing else can be drawn any more. */
static void fill(struct parts *p, uint32_t version)
{
    struct sac_shard *shard = sac_replay_shard(p->replay, 0);
    const float action[2] = {0}, observation[4] = {0};
    ck_assert(sac_shard_has_room(shard, 1));
    sac_shard_append_reset(shard, 0, observation);
    for (int i = 0; i < 2 * CAPACITY; i++) {
        sac_replay_grant(p->replay);
        ck_assert(sac_shard_has_room(shard, 1));
        sac_shard_append_step(shard, 0, action, 0, observation, false, false, version);
    }
    sac_replay_grant(p->replay);
}

static void do_rounds(void *context)
{
    struct parts *p = context;
    for (int i = 0; i < p->rounds; i++)
        sac_learner_round(p->learner);
}

static void update(struct parts *p, int rounds)
{
    p->rounds = rounds;
    sac_team_enter(p->team, do_rounds, p);
}

/* With a known lag the ages are known: mean and greatest exactly, the 95 % quantile to 1/16; each look tells
 * of what was drawn since the one before, all updates of it and no others. */
START_TEST(known_lag)
{
    struct parts p;
    make_parts(&p);
    sac_meter_start(p.meter);
    fill(&p, 0);
    struct sac_progress seen = look(&p);
    ck_assert(isnan(seen.staleness_mean) && isnan(seen.staleness_p95) && isnan(seen.staleness_max));
    update(&p, 40); /* ages 0 to 39, as many of each */
    seen = look(&p);
    ck_assert_double_eq(seen.staleness_mean, 19.5);
    ck_assert_double_ge(seen.staleness_p95, 37);
    ck_assert_double_le(seen.staleness_p95, 37 * 17.0 / 16);
    ck_assert_double_eq(seen.staleness_max, 39);
    fill(&p, 30);
    update(&p, 1);
    seen = look(&p);
    ck_assert_double_eq(seen.staleness_mean, 10);
    ck_assert_double_eq(seen.staleness_p95, 10);
    ck_assert_double_eq(seen.staleness_max, 10);
    fill(&p, 41); /* the newest policy there can be */
    update(&p, 1);
    seen = look(&p);
    ck_assert_double_eq(seen.staleness_max, 0);
    seen = look(&p);
    ck_assert(isnan(seen.staleness_mean) && isnan(seen.staleness_p95) && isnan(seen.staleness_max));
    free_parts(&p);
}
END_TEST

/* Every age has a bucket, at most 1/16 wide, in order; small ages one each. */
START_TEST(ages_have_buckets)
{
    int before = -1;
    for (uint64_t age = 0; age <= UINT32_MAX; age += 1 + age / 40) {
        const int bucket = sac_age_bucket((uint32_t)age);
        ck_assert_int_ge(bucket, before);
        ck_assert_int_lt(bucket, SAC_AGES);
        ck_assert_uint_ge(sac_bucket_age(bucket), age);
        ck_assert_uint_le(sac_bucket_age(bucket), age + age / 16);
        before = bucket;
    }
    ck_assert_int_eq(sac_age_bucket(UINT32_MAX), SAC_AGES - 1);
    ck_assert_uint_eq(sac_bucket_age(SAC_AGES - 1), UINT32_MAX);
}
END_TEST

/* --- waiting --- */

static void *wait_as_learner(void *context)
{
    sac_governor_turn(((struct parts *)context)->governor);
    return NULL;
}

/* One ticket may run at once; the next must wait for updates. */
static void *wait_as_env_thread(void *context)
{
    struct parts *p = context;
    while (sac_governor_take(p->governor, 0).count > 0)
        ;
    return NULL;
}

/* A side that sleeps from before one look until after the next has lost all of the time in between; the other
 * one, which did not, nothing; and when nobody sleeps any more both have lost nothing. */
START_TEST(waiting_is_told_while_it_lasts)
{
    struct parts p;
    pthread_t thread;
    make_parts(&p);
    const bool learner = _i == 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, learner ? wait_as_learner : wait_as_env_thread, &p), 0);
    while (sac_governor_learner_wait(p.governor, sac_time_ns()) == 0 &&
           sac_governor_env_wait(p.governor, sac_time_ns()) == 0)
        sched_yield();
    sac_meter_start(p.meter);
    for (int i = 0; i < 3; i++) {
        const struct sac_progress seen = look(&p);
        ck_assert_double_eq(seen.learner_wait_fraction, learner ? 1 : 0);
        ck_assert_double_eq(seen.env_wait_fraction, learner ? 0 : 1);
    }
    sac_governor_stop(p.governor);
    pthread_join(thread, NULL);
    look(&p);
    const struct sac_progress after = look(&p);
    ck_assert_double_eq(after.learner_wait_fraction, 0);
    ck_assert_double_eq(after.env_wait_fraction, 0);
    free_parts(&p);
}
END_TEST

/* --- whole runs --- */

struct seen {
    struct sac_trainer *trainer;
    const struct sac_settings *settings;
    int looks, visits, evaluations;
};

/* design: |updates - UTD (steps - warm-up)| <= max(1 % of UTD (steps - warm-up), UTD environments + R) */
static void assert_bound(const struct seen *seen, int64_t steps, uint64_t updates)
{
    const struct sac_settings *s = seen->settings;
    const double due = fmax(0, (double)(steps - s->warmup_steps) * s->update_to_data);
    const double allowed = s->update_to_data * s->environments + s->updates_per_round;
    ck_assert_msg(fabs((double)updates - due) <= fmax(0.01 * due, allowed) + 1e-6,
                  "%llu updates at step %lld, UTD %g", (unsigned long long)updates, (long long)steps,
                  s->update_to_data);
}

static void see_safe_point(void *context, const struct sac_safe_point *point)
{
    struct seen *seen = context;
    seen->visits++;
    assert_bound(seen, point->steps, point->updates);
}

/* Whose report is being told has not been given back: visiting would tell it once more, without end. */
static void see_evaluation(void *context, const struct sac_evaluation *evaluation)
{
    struct seen *seen = context;
    (void)evaluation;
    seen->evaluations++;
    ck_assert_int_eq(sac_trainer_visit(seen->trainer, see_safe_point, seen), SAC_STATE);
}

static void see_progress(void *context, const struct sac_progress *progress)
{
    struct seen *seen = context;
    seen->looks++;
    assert_bound(seen, progress->environment_steps, progress->updates);
    ck_assert(progress->env_wait_fraction >= 0 && progress->env_wait_fraction <= 1);
    ck_assert(progress->learner_wait_fraction >= 0 && progress->learner_wait_fraction <= 1);
    ck_assert(!(progress->staleness_mean > progress->staleness_max));
    ck_assert(!(progress->staleness_max > (double)progress->updates + seen->settings->updates_per_round));
    if (progress->environment_steps == seen->settings->steps)
        point_mass_faults.slow_us = 0;                            /* the last evaluation need not be */
    (void)sac_trainer_visit(seen->trainer, see_safe_point, seen); /* but for the last look, after the run */
}

/* Slow environments make runs of more than a second, with a look and a safe point on the way. */
static const struct {
    double update_to_data;
    int steps, round, slow_us;
    enum sac_mode mode;
} paces[] = {
    {1.0 / 64, 4000, 1, 2600, SAC_ASYNC},    {1.0 / 16, 2000, 3, 5200, SAC_ASYNC},
    {1.0 / 3, 1000, 1, 10400, SAC_LOCKSTEP}, {1, 500, 1, 21000, SAC_ASYNC},
    {2, 400, 5, 26000, SAC_LOCKSTEP},        {8, 200, 1, 52000, SAC_ASYNC},
    {20, 160, 4, 65000, SAC_ASYNC},
};

static struct sac_settings paced(int pace)
{
    struct sac_settings s;
    sac_settings_default(&s);
    s.algorithm = SAC_V2;
    s.mode = paces[pace].mode;
    s.update_to_data = paces[pace].update_to_data;
    s.updates_per_round = paces[pace].round;
    s.steps = paces[pace].steps;
    s.environments = 8;
    s.hidden[0] = s.hidden[1] = 8;
    s.batch_size = 16;
    s.warmup_steps = 40;
    s.replay_capacity = 5000;
    s.eval_every = 0;
    s.eval_episodes = 1;
    return s;
}

static struct seen watch(const struct sac_settings *s, int slow_us)
{
    struct seen seen = {.settings = s};
    const struct sac_machine machine = {.env_threads = 8, .learner_threads = 1};
    const struct sac_observer observer = {&seen, see_progress, see_evaluation, NULL};
    point_mass_clear();
    point_mass_faults.slow_us = slow_us;
    must(sac_trainer_create(s, &machine, &point_mass, NULL, &seen.trainer));
    must(sac_trainer_run(seen.trainer, &observer));
    sac_trainer_destroy(seen.trainer);
    return seen;
}

/* In a whole run with more env threads than cores the bound holds in every look that is reported, and at safe
 * points, whichever side is the slower one. */
START_TEST(bound_holds_in_whole_runs)
{
    struct sac_settings s = paced(_i);
    s.eval_every = 20;
    struct seen seen = watch(&s, 0);
    ck_assert_int_ge(seen.looks, 1);
    ck_assert_int_ge(seen.evaluations, 1);
    s.eval_every = 0;
    seen = watch(&s, paces[_i].slow_us);
    ck_assert_int_ge(seen.looks, 2);
    ck_assert_int_ge(seen.visits, 1);
}
END_TEST

int main(void)
{
    TCase *meter = tcase_create("meter"), *runs = tcase_create("runs");
    tcase_add_test(meter, known_lag);
    tcase_add_test(meter, ages_have_buckets);
    tcase_add_loop_test(meter, waiting_is_told_while_it_lasts, 0, 2);
    tcase_set_timeout(runs, 120);
    tcase_add_loop_test(runs, bound_holds_in_whole_runs, 0, sizeof paces / sizeof *paces);
    return suite_run(CK_FORK_GETENV, "meter", 2, meter, runs);
}
