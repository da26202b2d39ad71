/* Environments that are slow, and those that never come back: what the rest of a run does meanwhile. Nothing
 * here is timed but by the run's own looks, one a second: slow threads wait for what the others have done. */
#include <softac/softac.h>

#include <check.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "point_mass.h"
#include "safe_point.h"
#include "suite.h"

static struct sac_settings small_settings(enum sac_mode mode, int environments)
{
    struct sac_settings s;
    sac_settings_default(&s);
    s.algorithm = SAC_V2;
    s.mode = mode;
    s.environments = environments;
    s.hidden_layers = 1;
    s.hidden[0] = 8;
    s.batch_size = 4;
    s.warmup_steps = 60;
    s.replay_capacity = 5000;
    s.eval_every = 0;
    s.eval_episodes = 3;
    return s;
}

static struct sac_trainer *make(const struct sac_settings *s, const struct sac_machine *machine)
{
    struct sac_trainer *trainer = NULL;
    ck_assert_msg(sac_trainer_create(s, machine, &point_mass, NULL, &trainer) == SAC_OK, "%s",
                  sac_last_error());
    return trainer;
}

/* --- slow --- */

enum { THREADS = 3, TIMES = 1000, SLOW_STEPS = 5, BUDGET = TIMES * (SLOW_STEPS + 1) };

static atomic_flag slow_taken;
static _Thread_local bool slow;
static _Thread_local int64_t own_steps;

/* The first env thread that steps is the slow one. */
static bool is_slow(void)
{
    if (own_steps++ == 0)
        slow = !atomic_flag_test_and_set(&slow_taken);
    return slow;
}

/* Its step lasts as long as a thousand of the others'. */
static void wait_for_thousand(void)
{
    if (!is_slow() || own_steps > SLOW_STEPS)
        return;
    while (point_mass_steps - (own_steps - 1) < TIMES * own_steps)
        usleep(100);
}

static struct sac_progress last;

static void keep_progress(void *context, const struct sac_progress *progress)
{
    (void)context;
    last = *progress;
}

/* async: while one thread is inside a step the others and the learner go on, a thousand steps and the updates
 * that go with them, at every ratio; the run comes to its exact end. */
START_TEST(others_go_on_in_async)
{
    static const double ratios[] = {1.0 / 64, 1, 4};
    struct sac_settings s = small_settings(SAC_ASYNC, THREADS);
    const struct sac_machine machine = {.env_threads = THREADS, .learner_threads = 1};
    const struct sac_observer observer = {NULL, keep_progress, NULL, NULL};
    s.steps = BUDGET;
    s.update_to_data = ratios[_i];
    point_mass_clear();
    atomic_flag_clear(&slow_taken);
    point_mass_probe = wait_for_thousand;
    struct sac_trainer *trainer = make(&s, &machine);
    ck_assert_msg(sac_trainer_run(trainer, &observer) == SAC_OK, "%s", sac_last_error());
    sac_trainer_destroy(trainer);
    ck_assert_int_eq(last.environment_steps, BUDGET);
    ck_assert_int_eq((int64_t)last.updates, (int64_t)(ratios[_i] * (double)(BUDGET - s.warmup_steps)));
}
END_TEST

static _Atomic int64_t ahead; /* the furthest that another was in front of the slow thread, in steps */

static void look_at_others(void)
{
    if (!is_slow() || own_steps > 40)
        return;
    usleep(500); /* time for others to do what they must not */
    for (int i = 0; i < THREADS; i++)
        if (point_mass_thread_steps[i] - own_steps > ahead)
            ahead = point_mass_thread_steps[i] - own_steps;
}

/* lockstep: nobody is a step further than the one that the slow thread is making. */
START_TEST(others_wait_in_lockstep)
{
    struct sac_settings s = small_settings(SAC_LOCKSTEP, THREADS);
    const struct sac_machine machine = {.env_threads = THREADS, .learner_threads = 1};
    s.steps = 50 * THREADS;
    point_mass_clear();
    atomic_flag_clear(&slow_taken);
    ahead = 0;
    point_mass_probe = look_at_others;
    struct sac_trainer *trainer = make(&s, &machine);
    ck_assert_msg(sac_trainer_run(trainer, NULL) == SAC_OK, "%s", sac_last_error());
    sac_trainer_destroy(trainer);
    ck_assert_int_eq(ahead, 0);
}
END_TEST

/* --- never coming back --- */

/* Where: in which threads (the start of their names), after how many steps of all. */
static const char *hanging_threads;
static int64_t hanging_from;
static sem_t release, gone;
static pthread_key_t thread_end;
static _Atomic int hanging;

static void tell_gone(void *unused)
{
    (void)unused;
    sem_post(&gone);
}

static void hang(void)
{
    static char something;
    char name[16];
    pthread_getname_np(pthread_self(), name, sizeof name);
    if (point_mass_steps < hanging_from || strncmp(name, hanging_threads, strlen(hanging_threads)))
        return;
    pthread_setspecific(thread_end, &something);
    hanging++;
    sem_wait(&release);
}

static struct sac_trainer *left_behind[8]; /* in sight of leak checkers: nothing of them is ever freed */
static int left;

/* The run ends with that sentence and with its policy, and the threads find all they need when they come back
 * after all. */
static void expect_hang(const struct sac_settings *s, const char *threads, int64_t from, const char *sentence,
                        const struct sac_observer *observer)
{
    const struct sac_machine machine = {.env_threads = 2, .learner_threads = 1, .env_timeout = 1};
    struct sac_policy *policy = NULL;
    point_mass_clear();
    hanging_threads = threads;
    hanging_from = from;
    hanging = 0;
    point_mass_probe = hang;
    sem_init(&release, 0, 0);
    sem_init(&gone, 0, 0);
    struct sac_trainer *trainer = left_behind[left++] = make(s, &machine);
    ck_assert_int_eq(sac_trainer_run(trainer, observer), SAC_ENV);
    ck_assert_msg(strstr(sac_last_error(), sentence), "%s", sac_last_error());
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "has not come back for 1 s"));
    ck_assert_int_eq(sac_trainer_policy(trainer, &policy), SAC_OK);
    sac_policy_destroy(policy);
    sac_trainer_destroy(trainer);
    ck_assert_int_gt(hanging, 0);
    for (int i = 0; i < hanging; i++)
        sem_post(&release);
    for (int i = 0; i < hanging; i++)
        sem_wait(&gone);
}

/* One env thread in async, all of them in lockstep. */
START_TEST(a_step_that_hangs_ends_the_run)
{
    struct sac_settings s = small_settings(_i ? SAC_LOCKSTEP : SAC_ASYNC, 6);
    s.steps = 1000000000;
    if (_i)
        expect_hang(&s, "softac-env-", 200, ": step() at step ", NULL);
    else
        expect_hang(&s, "softac-env-1", 200, "PointMass-v0, environments 3 to 5: step() at step ", NULL);
}
END_TEST

/* The last evaluation, and one on the way, for which the learner waits. */
START_TEST(an_evaluation_that_hangs_ends_the_run)
{
    struct sac_settings s = small_settings(_i ? SAC_LOCKSTEP : SAC_ASYNC, 6);
    s.eval_every = _i ? 100 : 0;
    s.steps = _i ? 1000000000 : 600;
    expect_hang(&s, "softac-eval", 0, "environments 0 to 2 of the evaluation: step() at step 1 has", NULL);
}
END_TEST

static enum sac_status visited;

static void read_nothing(void *context, const struct sac_safe_point *safe_point)
{
    (void)context;
    (void)safe_point;
}

static void visit(void *context, const struct sac_progress *progress)
{
    (void)context;
    (void)progress;
    const enum sac_status status = sac_trainer_visit(left_behind[left - 1], read_nothing, NULL);
    if (visited == SAC_OK)
        visited = status;
}

/* Main does not wait for a safe point that one thread never reaches. */
START_TEST(a_safe_point_is_given_up)
{
    struct sac_settings s = small_settings(SAC_ASYNC, 6);
    const struct sac_observer observer = {NULL, visit, NULL, NULL};
    s.steps = 1000000000;
    expect_hang(&s, "softac-env-0", 100, "environments 0 to 2: step() at step ", &observer);
    ck_assert_int_eq(visited, SAC_STOPPED);
}
END_TEST

int main(void)
{
    TCase *slow_ones = tcase_create("slow"), *hanging_ones = tcase_create("hanging");
    tcase_set_timeout(slow_ones, 120);
    tcase_set_timeout(hanging_ones, 60);
    tcase_add_loop_test(slow_ones, others_go_on_in_async, 0, 3);
    tcase_add_test(slow_ones, others_wait_in_lockstep);
    tcase_add_loop_test(hanging_ones, a_step_that_hangs_ends_the_run, 0, 2);
    tcase_add_loop_test(hanging_ones, an_evaluation_that_hangs_ends_the_run, 0, 2);
    tcase_add_test(hanging_ones, a_safe_point_is_given_up);
    if (pthread_key_create(&thread_end, tell_gone))
        return EXIT_FAILURE;
    return suite_run(CK_FORK, "slow environments", 2, slow_ones, hanging_ones);
}
