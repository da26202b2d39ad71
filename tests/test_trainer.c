/* Whole runs on a small environment: budgets, modes, errors, evaluation, safe points. */
#include <softac/softac.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent_internal.h"
#include "memory.h"
#include "point_mass.h"
#include "policy.h"
#include "safe_point.h"
#include "suite.h"

static struct sac_settings small_settings(enum sac_mode mode)
{
    struct sac_settings s;
    sac_settings_default(&s);
    s.mode = mode;
    s.steps = 400;
    s.environments = 6;
    s.hidden_layers = 2;
    s.hidden[0] = s.hidden[1] = 16;
    s.batch_size = 32;
    s.warmup_steps = 60;
    s.replay_capacity = 5000;
    s.eval_every = 0;
    s.eval_episodes = 3;
    s.algorithm = SAC_V2;
    return s;
}

/* What observers saw, and what they are to do. */
struct seen {
    struct sac_trainer *trainer;
    int evaluations, looks;
    int64_t evaluation_steps[64];
    uint64_t evaluation_version[64];
    double evaluation_mean[64];
    struct sac_progress last;
    bool visit, stop;
    int visits;
    int64_t visit_steps;
    uint64_t visit_updates;
};

static void on_evaluation(void *context, const struct sac_evaluation *e)
{
    struct seen *seen = context;
    ck_assert_int_lt(seen->evaluations, 64);
    seen->evaluation_steps[seen->evaluations] = e->environment_steps;
    seen->evaluation_version[seen->evaluations] = e->policy_version;
    seen->evaluation_mean[seen->evaluations++] = e->mean_return;
}

static void read_all(void *context, const struct sac_safe_point *p)
{
    struct seen *seen = context;
    seen->visits++;
    seen->visit_steps = p->steps;
    seen->visit_updates = p->updates;
    /* The temperature's part holds doubles and a count: read as floats they may look like anything. */
    const size_t numbers = p->agent_floats - SAC_TEMPERATURE_FLOATS;
    const struct sac_temperature *temperature = (const void *)(p->agent + numbers);
    double sum = temperature->log_alpha;
    for (size_t i = 0; i < numbers; i++)
        sum += (double)p->agent[i];
    ck_assert(isfinite(sum));
    ck_assert_uint_eq(temperature->updates, p->updates);
    for (int i = 0; i < p->env_threads; i++) {
        void *state = malloc(sac_env_thread_state_size(p->env_thread[i]));
        ck_assert_int_eq(sac_env_thread_save(p->env_thread[i], state), SAC_OK);
        free(state);
    }
}

static void on_progress(void *context, const struct sac_progress *p)
{
    struct seen *seen = context;
    seen->looks++;
    seen->last = *p;
    if (seen->stop)
        sac_trainer_stop(seen->trainer);
    if (seen->visit)
        sac_trainer_visit(seen->trainer, read_all, seen);
}

static enum sac_status train(const struct sac_settings *s, int env_threads, int learner_threads,
                             struct seen *seen, struct sac_policy **policy)
{
    const struct sac_machine machine = {.env_threads = env_threads, .learner_threads = learner_threads};
    const struct sac_observer observer = {seen, on_progress, on_evaluation, NULL};
    struct sac_trainer *trainer = NULL;
    ck_assert_msg(sac_trainer_create(s, &machine, &point_mass, NULL, &trainer) == SAC_OK, "%s",
                  sac_last_error());
    seen->trainer = trainer;
    const enum sac_status status = sac_trainer_run(trainer, &observer);
    if (policy)
        ck_assert_int_eq(sac_trainer_policy(trainer, policy), SAC_OK);
    sac_trainer_destroy(trainer);
    ck_assert_int_eq(point_mass_instances, 0);
    return status;
}

static int64_t expected_updates(const struct sac_settings *s)
{
    const int64_t R = s->updates_per_round;
    return (int64_t)(s->update_to_data * (double)(s->steps - s->warmup_steps)) / R * R;
}

/* --- budgets --- */

/* Both modes take exactly `steps` environment steps and the updates that go with them, for several ratios. */
START_TEST(budget_is_exact)
{
    static const struct {
        double utd;
        int round, threads;
    } cases[] = {{1, 1, 1}, {1, 1, 3}, {0.25, 2, 2}, {2, 3, 2}, {1.0 / 64, 1, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sac_settings s = small_settings(_i ? SAC_LOCKSTEP : SAC_ASYNC);
        s.steps = 401; /* no multiple of the environments */
        s.update_to_data = cases[i].utd;
        s.updates_per_round = cases[i].round;
        struct seen seen = {0};
        point_mass_clear();
        ck_assert_msg(train(&s, cases[i].threads, 1, &seen, NULL) == SAC_OK, "%s", sac_last_error());
        ck_assert_int_eq(seen.last.environment_steps, 401);
        ck_assert_int_eq((int64_t)seen.last.updates, expected_updates(&s));
        ck_assert_int_eq(seen.evaluations, 1); /* at the end */
        ck_assert_int_eq(seen.evaluation_steps[0], 401);
    }
}
END_TEST

static _Atomic int threads_met;

/* Holds an env thread in its first step until another is there too: otherwise one of them may take the whole
 * budget before the system has started the other. */
static void meet_another_thread(void)
{
    static _Thread_local bool met;
    if (met)
        return;
    met = true;
    threads_met++;
    for (int ms = 0; threads_met < 2 && ms < 20000; ms++)
        usleep(1000);
}

/* With two env threads both step environments, together exactly the budget. */
START_TEST(both_threads_step)
{
    struct sac_settings s = small_settings(_i ? SAC_LOCKSTEP : SAC_ASYNC);
    s.steps = 3000;
    s.update_to_data = 0.05;
    struct seen seen = {0};
    point_mass_clear();
    threads_met = 0;
    point_mass_probe = meet_another_thread;
    ck_assert_int_eq(train(&s, 2, 1, &seen, NULL), SAC_OK);
    ck_assert_int_eq(point_mass_threads, 3); /* the third is main, which plays the final evaluation */
    ck_assert_int_eq(point_mass_thread_steps[0] + point_mass_thread_steps[1], 3000);
    ck_assert_int_gt(point_mass_thread_steps[0], 0);
    ck_assert_int_gt(point_mass_thread_steps[1], 0);
}
END_TEST

/* --- lockstep --- */

static struct sac_policy *lockstep_policy(const struct sac_settings *s, int env_threads, int learner_threads,
                                          struct seen *seen)
{
    struct sac_policy *policy = NULL;
    point_mass_clear();
    ck_assert_msg(train(s, env_threads, learner_threads, seen, &policy) == SAC_OK, "%s", sac_last_error());
    return policy;
}

static bool same(const struct sac_policy *a, const struct sac_policy *b)
{
    return memcmp(a->parameters, b->parameters, a->network.network.size * sizeof(float)) == 0;
}

/* One seed gives one policy, bit by bit, whatever the numbers of threads, evaluator on or off; another seed
 * another. */
START_TEST(lockstep_is_bit_identical)
{
    struct sac_settings s = small_settings(SAC_LOCKSTEP);
    s.algorithm = _i ? SAC_V1 : SAC_V2;
    struct seen none = {0};
    struct sac_policy *first = lockstep_policy(&s, 1, 1, &none);
    for (int threads = 1; threads <= 4; threads++) {
        struct seen seen = {0};
        s.eval_every = threads % 2 ? 100 : 0;
        struct sac_policy *again = lockstep_policy(&s, threads, 1 + threads % 2, &seen);
        ck_assert_msg(same(first, again), "%d env threads", threads);
        ck_assert_int_eq(seen.evaluations, threads % 2 ? 4 : 1);
        sac_policy_destroy(again);
    }
    s.seed++;
    struct seen seen = {0};
    struct sac_policy *other = lockstep_policy(&s, 2, 1, &seen);
    ck_assert(!same(first, other));
    sac_policy_destroy(other);
    sac_policy_destroy(first);
}
END_TEST

/* A batch so large that the team draws it together gives the same bits for any team, the work divided among
 * an odd number too; in async the team draws while env threads write. */
START_TEST(large_batches_are_drawn_by_the_team)
{
    struct sac_settings s = small_settings(SAC_LOCKSTEP);
    s.batch_size = 1100;
    s.replay_capacity = 4096;
    s.learner_split = 3;
    s.steps = 120;
    s.warmup_steps = 100;
    struct seen seen = {0};
    struct sac_policy *one = lockstep_policy(&s, 1, 1, &seen);
    for (int team = 2; team <= 4; team++) {
        struct sac_policy *other = lockstep_policy(&s, 2, team, &seen);
        ck_assert_msg(same(one, other), "a team of %d", team);
        sac_policy_destroy(other);
    }
    sac_policy_destroy(one);
    seen = (struct seen){0};
    s.mode = SAC_ASYNC;
    ck_assert_int_eq(train(&s, 2, 3, &seen, NULL), SAC_OK);
    ck_assert_int_eq(seen.last.environment_steps, s.steps);
}
END_TEST

/* Evaluations of a lockstep run are taken at fixed versions and come out the same. */
START_TEST(lockstep_evaluations_repeat)
{
    struct sac_settings s = small_settings(SAC_LOCKSTEP);
    s.eval_every = 50;
    struct seen a = {0}, b = {0};
    sac_policy_destroy(lockstep_policy(&s, 1, 1, &a));
    sac_policy_destroy(lockstep_policy(&s, 3, 1, &b));
    ck_assert_int_eq(a.evaluations, b.evaluations);
    ck_assert_int_ge(a.evaluations, 6);
    for (int i = 0; i < a.evaluations; i++) {
        ck_assert_int_eq(a.evaluation_steps[i], b.evaluation_steps[i]);
        ck_assert_uint_eq(a.evaluation_version[i], b.evaluation_version[i]);
        ck_assert_double_eq(a.evaluation_mean[i], b.evaluation_mean[i]);
    }
}
END_TEST

/* Evaluation costs no update: with and without it the learner does the same number. */
START_TEST(evaluation_costs_no_update)
{
    struct sac_settings s = small_settings(SAC_ASYNC);
    s.steps = 1000;
    struct seen with = {0}, without = {0};
    point_mass_clear();
    ck_assert_int_eq(train(&s, 2, 1, &without, NULL), SAC_OK);
    s.eval_every = 20;
    point_mass_clear();
    ck_assert_int_eq(train(&s, 2, 1, &with, NULL), SAC_OK);
    ck_assert_uint_eq(with.last.updates, without.last.updates);
    ck_assert_int_gt(with.evaluations, 1);
    ck_assert_int_eq(without.evaluations, 1);
}
END_TEST

/* --- safe points --- */

/* A visit reads a consistent whole (lockstep: rounds complete) and changes nothing of the result. */
START_TEST(visit_changes_nothing)
{
    struct sac_settings s = small_settings(SAC_LOCKSTEP);
    s.steps = 1500;
    s.eval_every = 100;
    struct seen plain = {0}, visited = {.visit = true};
    struct sac_policy *a = lockstep_policy(&s, 2, 1, &plain);
    point_mass_clear();
    point_mass_faults.slow_us = 4000; /* so that the run is long enough for looks in between */
    struct sac_policy *b = NULL;
    ck_assert_msg(train(&s, 2, 1, &visited, &b) == SAC_OK, "%s", sac_last_error());
    ck_assert(same(a, b));
    ck_assert_int_ge(visited.visits, 1);
    ck_assert_int_eq(visited.visit_steps % s.environments, 0);
    ck_assert_int_eq((int64_t)visited.visit_updates,
                     visited.visit_steps > s.warmup_steps ? visited.visit_steps - s.warmup_steps : 0);
    sac_policy_destroy(a);
    sac_policy_destroy(b);
}
END_TEST

/* The same in async: the run goes on to its exact end after visits. */
START_TEST(visit_in_async)
{
    struct sac_settings s = small_settings(SAC_ASYNC);
    s.steps = 1500;
    struct seen seen = {.visit = true};
    point_mass_clear();
    point_mass_faults.slow_us = 4000;
    ck_assert_msg(train(&s, 2, 1, &seen, NULL) == SAC_OK, "%s", sac_last_error());
    ck_assert_int_ge(seen.visits, 1);
    ck_assert_int_eq(seen.last.environment_steps, 1500);
    ck_assert_int_eq((int64_t)seen.last.updates, expected_updates(&s));
}
END_TEST

/* --- ends --- */

/* A stop ends a long run early, cleanly, with SAC_STOPPED and a policy. */
START_TEST(stop_ends_the_run)
{
    struct sac_settings s = small_settings(_i ? SAC_LOCKSTEP : SAC_ASYNC);
    s.steps = 100000000;
    struct seen seen = {.stop = true};
    struct sac_policy *policy = NULL;
    point_mass_clear();
    ck_assert_int_eq(train(&s, 2, 1, &seen, &policy), SAC_STOPPED);
    ck_assert_int_lt(seen.last.environment_steps, 100000000);
    sac_policy_destroy(policy);
}
END_TEST

static struct sac_trainer *_Atomic evaluated_trainer;

static void stop_after_the_budget(void)
{
    if (point_mass_steps > 400 + 5)
        sac_trainer_stop(evaluated_trainer);
}

static void remember_trainer(void *context, const struct sac_progress *p)
{
    (void)p;
    evaluated_trainer = ((struct seen *)context)->trainer;
}

/* A stop during the final evaluation abandons it; the policy is there. */
START_TEST(stop_ends_the_final_evaluation)
{
    struct sac_settings s = small_settings(SAC_LOCKSTEP);
    s.eval_episodes = 2000;
    const struct sac_machine machine = {.env_threads = 1, .learner_threads = 1};
    struct seen seen = {0};
    const struct sac_observer observer = {&seen, remember_trainer, on_evaluation, NULL};
    struct sac_policy *policy = NULL;
    point_mass_clear();
    point_mass_probe = stop_after_the_budget;
    ck_assert_int_eq(sac_trainer_create(&s, &machine, &point_mass, NULL, &seen.trainer), SAC_OK);
    ck_assert_int_eq(sac_trainer_run(seen.trainer, &observer), SAC_STOPPED);
    ck_assert_int_eq(seen.evaluations, 0);
    ck_assert_int_lt(point_mass_steps, 400 + 2000);
    ck_assert_int_eq(sac_trainer_policy(seen.trainer, &policy), SAC_OK);
    sac_policy_destroy(policy);
    sac_trainer_destroy(seen.trainer);
    point_mass_clear();
}
END_TEST

static void expect_failure(const char *part)
{
    const struct point_mass_faults faults = point_mass_faults;
    for (int mode = 0; mode < 2; mode++) {
        struct sac_settings s = small_settings(mode ? SAC_LOCKSTEP : SAC_ASYNC);
        struct seen seen = {0};
        struct sac_policy *policy = NULL;
        point_mass_clear();
        point_mass_faults = faults;
        ck_assert_int_eq(train(&s, 2, 1, &seen, &policy), SAC_ENV);
        ck_assert_msg(strstr(sac_last_error(), part), "'%s' lacks '%s'", sac_last_error(), part);
        ck_assert_msg(strstr(sac_last_error(), "PointMass-v0"), "%s", sac_last_error());
        sac_policy_destroy(policy);
    }
    point_mass_clear();
}

/* An environment's error stops the run, is told in its own words, and leaves a policy. */
START_TEST(environment_errors_are_told)
{
    point_mass_faults.error_at = 150;
    expect_failure("the motor burnt out");
    point_mass_faults.reset_error_at = 150;
    expect_failure("the point is lost");
    point_mass_faults.nan_observation_at = 150;
    expect_failure("observation[2] is nan");
    point_mass_faults.nan_reward_at = 150;
    expect_failure("the reward is inf");
}
END_TEST

/* A trainer runs once, refuses bad settings, and can be destroyed without running. */
START_TEST(create_and_destroy)
{
    struct sac_settings s = small_settings(SAC_ASYNC);
    const struct sac_machine machine = {0};
    struct sac_trainer *trainer = NULL;
    ck_assert_int_eq(sac_trainer_create(&s, &machine, &point_mass, NULL, &trainer), SAC_OK);
    sac_trainer_destroy(trainer);
    s.batch_size = 0;
    ck_assert_int_eq(sac_trainer_create(&s, &machine, &point_mass, NULL, &trainer), SAC_INVALID);
    ck_assert_msg(strstr(sac_last_error(), "batch_size"), "%s", sac_last_error());
    s = small_settings(SAC_ASYNC);
    s.steps = 80;
    ck_assert_int_eq(sac_trainer_create(&s, &machine, &point_mass, NULL, &trainer), SAC_OK);
    ck_assert_int_eq(sac_trainer_run(trainer, NULL), SAC_OK);
    ck_assert_int_eq(sac_trainer_run(trainer, NULL), SAC_STATE);
    sac_trainer_destroy(trainer);
    ck_assert_int_eq(point_mass_instances, 0);
}
END_TEST

/* Learning happens: in a few thousand steps the return becomes clearly better than the hardly trained
 * start's. */
START_TEST(return_improves)
{
    struct sac_settings s = small_settings(SAC_LOCKSTEP);
    s.algorithm = _i ? SAC_V1 : SAC_V2;
    s.reward_scale = _i ? 5 : 1;
    s.steps = 4000;
    s.eval_every = 100;
    s.eval_episodes = 10;
    s.hidden[0] = s.hidden[1] = 32;
    s.policy_learning_rate = s.critic_learning_rate = s.value_learning_rate = 2e-3;
    struct seen seen = {0};
    sac_policy_destroy(lockstep_policy(&s, 2, 1, &seen));
    const double first = seen.evaluation_mean[0], last = seen.evaluation_mean[seen.evaluations - 1];
    ck_assert_msg(last > 0.6 * first, "%g -> %g", first, last); /* returns are negative */
}
END_TEST

int main(void)
{
    TCase *runs = tcase_create("runs");
    tcase_set_timeout(runs, 240);
    tcase_add_loop_test(runs, budget_is_exact, 0, 2);
    tcase_add_loop_test(runs, both_threads_step, 0, 2);
    tcase_add_loop_test(runs, lockstep_is_bit_identical, 0, 2);
    tcase_add_test(runs, large_batches_are_drawn_by_the_team);
    tcase_add_test(runs, lockstep_evaluations_repeat);
    tcase_add_test(runs, evaluation_costs_no_update);
    tcase_add_test(runs, visit_changes_nothing);
    tcase_add_test(runs, visit_in_async);
    tcase_add_loop_test(runs, stop_ends_the_run, 0, 2);
    tcase_add_test(runs, stop_ends_the_final_evaluation);
    tcase_add_test(runs, environment_errors_are_told);
    tcase_add_test(runs, create_and_destroy);
    tcase_add_loop_test(runs, return_improves, 0, 2);
    return suite_run(CK_NOFORK, "trainer", 1, runs);
}
