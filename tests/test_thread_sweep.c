/* What softac tune measures, in which order, and what it takes, on machines that are functions. */
#include "thread_sweep.h"

#include <check.h>
#include <stdlib.h>

#include "suite.h"

/* Steps per second of a machine: of a learner that gains up to `team` threads, of environments, one core
 * carrying `a_core` steps, and of what more threads than cores cost. */
struct made_up {
    int cores, team;
    double update_rate, a_core;
};

static double speed(const struct made_up *m, int env_threads, int learner_threads)
{
    const int useful = learner_threads < m->team ? learner_threads : m->team;
    const double learner = m->update_rate * useful, environments = m->a_core * env_threads;
    const double slower = learner < environments ? learner : environments;
    const int threads = env_threads + learner_threads;
    return threads > m->cores ? slower * m->cores / threads : slower;
}

static void sweep(struct sac_sweep *s, const struct made_up *m)
{
    int env_threads, learner_threads;
    while (sac_sweep_next(s, &env_threads, &learner_threads)) {
        ck_assert_int_ge(env_threads, 1);
        ck_assert_int_le(env_threads, s->environments);
        ck_assert_int_ge(learner_threads, 1);
        ck_assert_int_lt(s->count, SAC_MOST_SWEEP_RUNS);
        s->run[s->count++] =
            (struct sac_sweep_run){.env_threads = env_threads,
                                   .learner_threads = learner_threads,
                                   .steps_per_second = speed(m, env_threads, learner_threads)};
    }
}

/* Two cores: three runs, each pair once. */
START_TEST(two_cores)
{
    const struct made_up m = {.cores = 2, .team = 1, .update_rate = 100, .a_core = 60};
    struct sac_sweep s = {.cores = 2, .environments = 8, .most_learner_threads = 256};
    sweep(&s, &m);
    ck_assert_int_eq(s.count, 3);
    const int pairs[][2] = {{1, 1}, {1, 2}, {2, 1}};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(s.run[i].env_threads, pairs[i][0]);
        ck_assert_int_eq(s.run[i].learner_threads, pairs[i][1]);
    }
    ck_assert_int_eq(sac_sweep_best(&s)->env_threads, 2);
    ck_assert_int_eq(sac_sweep_best(&s)->learner_threads, 1);
}
END_TEST

/* Many cores: the best team is found, and no more env threads than it can feed on, in few runs. */
START_TEST(many_cores)
{
    const struct made_up m = {.cores = 64, .team = 8, .update_rate = 1000, .a_core = 1100};
    struct sac_sweep s = {.cores = 64, .environments = 128, .most_learner_threads = 256};
    sweep(&s, &m);
    ck_assert_int_le(s.count, 14);
    ck_assert_int_eq(sac_sweep_best(&s)->learner_threads, 8);
    ck_assert_int_eq(sac_sweep_best(&s)->env_threads, 8);
}
END_TEST

/* One core, one environment, or one thread that OpenMP grants: still one pair to measure. */
START_TEST(no_choice)
{
    const struct made_up m = {.cores = 1, .team = 1, .update_rate = 1, .a_core = 1};
    struct sac_sweep s = {.cores = 1, .environments = 1, .most_learner_threads = 1};
    ck_assert_ptr_null(sac_sweep_best(&s));
    sweep(&s, &m);
    ck_assert_int_eq(s.count, 1);
    ck_assert_ptr_eq(sac_sweep_best(&s), &s.run[0]);
}
END_TEST

/* Among equally fast runs the one with the fewest threads is taken; a clearly faster one is not given up. */
START_TEST(fewest_threads_of_the_fastest)
{
    struct sac_sweep s = {.count = 3,
                          .run = {{.env_threads = 8, .learner_threads = 8, .steps_per_second = 1000},
                                  {.env_threads = 1, .learner_threads = 2, .steps_per_second = 985},
                                  {.env_threads = 1, .learner_threads = 1, .steps_per_second = 900}}};
    ck_assert_ptr_eq(sac_sweep_best(&s), &s.run[1]);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("thread_sweep");
    tcase_add_test(tc, two_cores);
    tcase_add_test(tc, many_cores);
    tcase_add_test(tc, no_choice);
    tcase_add_test(tc, fewest_threads_of_the_fastest);
    return suite_run(CK_FORK_GETENV, "thread_sweep", 1, tc);
}
