/* Governor: exact budgets, bounds kept at all times, stop at any moment, safe points. */
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "atomics.h"
#include "governor_run.h"
#include "random.h"
#include "suite.h"
#include "thread.h"

/* --- calls of the kernel, counted: linked with --wrap --- */

static _Atomic int64_t env_sleeps, learner_sleeps, wake_calls, deadlines;
static _Thread_local enum { NOBODY, ENV_THREAD, LEARNER } role;

void __real_sac_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns);
void __wrap_sac_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns);
void __real_sac_futex_wake(_Atomic uint32_t *word);
void __wrap_sac_futex_wake(_Atomic uint32_t *word);

/* The kernel refuses with EAGAIN where the word has changed: that is no sleep. */
void __wrap_sac_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
    errno = 0;
    __real_sac_futex_wait(word, expected, deadline_ns);
    const bool slept = errno != EAGAIN;
    sac_add_relaxed(test, &env_sleeps, slept && role == ENV_THREAD);
    sac_add_relaxed(test, &learner_sleeps, slept && role == LEARNER);
    sac_add_relaxed(test, &deadlines, deadline_ns != SAC_FOREVER);
}

void __wrap_sac_futex_wake(_Atomic uint32_t *word)
{
    sac_add_relaxed(test, &wake_calls, 1);
    __real_sac_futex_wake(word);
}

static void forget_calls(void)
{
    env_sleeps = learner_sleeps = wake_calls = deadlines = 0;
}

static void be_env_thread(uint64_t *random)
{
    (void)random;
    role = ENV_THREAD;
}

static void be_learner(uint64_t *random)
{
    (void)random;
    role = LEARNER;
}

/* Runs are static: `granted` is large. */
static struct governor_run run;

static void prepare(enum sac_mode mode, int64_t steps, int environments, int env_threads)
{
    memset(&run, 0, sizeof run);
    run.settings.mode = mode;
    run.settings.steps = steps;
    run.settings.environments = environments;
    run.settings.replay_capacity = 8 * environments; /* tiny: limits are met all the time */
    run.settings.warmup_steps = 20;
    run.settings.update_to_data = 1;
    run.settings.updates_per_round = 1;
    run.p = run.q = 1;
    run.env_threads = env_threads;
}

static void set_ratio(double update_to_data, int64_t p, int64_t q)
{
    run.settings.update_to_data = update_to_data;
    run.p = p;
    run.q = q;
}

static const struct {
    double update_to_data;
    int64_t p, q;
} ratios[] = {
    {1, 1, 1},   {1.0 / 64, 1, 64}, {1.0 / 3, 1, 3}, {0.333333333333, 1, 3}, {20, 20, 1},    {0.1, 1, 10},
    {2.5, 5, 2}, {0.7, 7, 10},      {2.0 / 3, 2, 3}, {0.123, 123, 1000},     {0.01, 1, 100},
};

/* Two round sizes for each ratio; together 1 to 7. */
static int round_size(int ratio, int which)
{
    return (ratio + 3 * which) % 7 + 1;
}

/* Async: every ratio and round size ends with exactly the steps asked for, each step number given once, and
 * exactly floor(UTD (steps - warm-up)) updates in whole rounds, with both bounds kept all the time. */
START_TEST(async_is_exact)
{
    for (int which = 0; which < 2; which++) {
        const int R = round_size(_i, which);
        prepare(SAC_ASYNC, 301 + R, 3, 2);
        set_ratio(ratios[_i].update_to_data, ratios[_i].p, ratios[_i].q);
        run.settings.updates_per_round = R;
        governor_run_start(&run);
        governor_run_finish(&run);
    }
}
END_TEST

/* Lockstep: the same budgets. */
START_TEST(lockstep_is_exact)
{
    for (int which = 0; which < 2; which++) {
        const int R = round_size(_i, which);
        prepare(SAC_LOCKSTEP, 301 + R, 3, 2);
        set_ratio(ratios[_i].update_to_data, ratios[_i].p, ratios[_i].q);
        run.settings.updates_per_round = R;
        governor_run_start(&run);
        governor_run_finish(&run);
    }
}
END_TEST

/* Any number of environments and threads, warm-up 0 to more than the run, down to a single step. */
START_TEST(any_shape)
{
    const enum sac_mode mode = _i % 2 ? SAC_LOCKSTEP : SAC_ASYNC;
    const struct {
        int64_t steps, warmup;
        int environments, env_threads;
    } shapes[] = {{1, 0, 1, 1},   {1, 0, 4, 4},     {5, 0, 4, 2},     {200, 0, 1, 1}, {200, 0, 12, 4},
                  {199, 1, 5, 3}, {200, 150, 7, 4}, {150, 200, 3, 3}, {3, 3, 8, 3},   {499, 100, 12, 3}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        prepare(mode, shapes[i].steps, shapes[i].environments, shapes[i].env_threads);
        run.settings.warmup_steps = shapes[i].warmup;
        governor_run_start(&run);
        governor_run_finish(&run);
    }
}
END_TEST

/* A warm-up far longer than the rings: the learner, which waits for its end, must grant; otherwise this
 * hangs. */
START_TEST(warmup_longer_than_rings)
{
    const enum sac_mode mode = _i ? SAC_LOCKSTEP : SAC_ASYNC;
    prepare(mode, 3000, 2, 2);
    run.settings.replay_capacity = 6;
    run.settings.warmup_steps = 2900;
    governor_run_start(&run);
    governor_run_finish(&run);
}
END_TEST

/* After the last update the env threads go on to the end, although the learner has nothing more to do. */
START_TEST(steps_after_the_last_update)
{
    prepare(_i ? SAC_LOCKSTEP : SAC_ASYNC, 2000, 1, 1);
    set_ratio(1e-3, 1, 1000);
    run.settings.replay_capacity = 3;
    run.settings.updates_per_round = 7; /* none is ever due */
    governor_run_start(&run);
    governor_run_finish(&run);
}
END_TEST

/* --- the bound --- */

static uint32_t next_random(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*random >> 33);
}

/* Slow: mostly a little, now and then so much that the other side long sleeps. */
static void be_slow(uint64_t *random)
{
    const uint32_t r = next_random(random) % 64;
    usleep(r == 0 ? 2000 : r);
}

/* As if the system took the core away, anywhere. */
static void be_preempted(uint64_t *random)
{
    const uint32_t r = next_random(random) % 16;
    if (r == 0)
        usleep(500);
    else if (r < 8)
        sched_yield();
}

static const struct {
    void (*env_delay)(uint64_t *random);
    void (*learner_delay)(uint64_t *random);
    bool one_core; /* for all threads */
} paces[] = {
    {NULL, NULL, false},
    {be_slow, NULL, false},
    {NULL, be_slow, false},
    {be_slow, be_slow, true},
    {be_preempted, be_preempted, true},
};

static const struct {
    double update_to_data;
    int64_t p, q, steps;
} bounds[] = {
    {1.0 / 64, 1, 64, 3000}, {1.0 / 16, 1, 16, 2000}, {1.0 / 3, 1, 3, 800}, {1, 1, 1, 500},
    {2, 2, 1, 400},          {8, 8, 1, 250},          {20, 20, 1, 200},
};
enum { BOUNDS = sizeof bounds / sizeof *bounds, PACES = sizeof paces / sizeof *paces };

static void stay_on_one_core(cpu_set_t *before)
{
    cpu_set_t one;
    ck_assert_int_eq(sched_getaffinity(0, sizeof *before, before), 0);
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, before))
            CPU_SET(cpu, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
}

/* While the run is going on: safe points of all lengths, at which the bound holds too. */
static void pause_now_and_then(void)
{
    uint64_t random = 5;
    for (int i = 0; i < 6; i++) {
        ck_assert(sac_governor_pause(run.governor));
        governor_run_assert_bound(&run);
        be_preempted(&random);
        governor_run_assert_bound(&run);
        sac_governor_resume(run.governor);
        usleep(next_random(&random) % 3000);
    }
}

/* |updates - UTD (steps - warm-up)| never leaves what is promised: whoever is slow, with twelve env threads
 * on as many cores as there are or on one, after each piece of work of each thread, in between, and across
 * pauses; for rounds of one update and of several. */
START_TEST(bound_holds)
{
    cpu_set_t before;
    for (int variant = 0; variant < 2 * PACES; variant++) {
        const int pace = variant / 2;
        prepare(variant % 2 && _i % 2 ? SAC_LOCKSTEP : SAC_ASYNC, bounds[_i].steps, 12, 12);
        set_ratio(bounds[_i].update_to_data, bounds[_i].p, bounds[_i].q);
        run.settings.updates_per_round = variant % 2 ? 4 : 1;
        run.settings.warmup_steps = 50;
        run.env_delay = paces[pace].env_delay;
        run.learner_delay = paces[pace].learner_delay;
        if (paces[pace].one_core)
            stay_on_one_core(&before);
        governor_run_start(&run);
        pause_now_and_then();
        governor_run_finish(&run);
        if (paces[pace].one_core)
            ck_assert_int_eq(sched_setaffinity(0, sizeof before, &before), 0);
    }
}
END_TEST

/* --- what waiting costs --- */

/* Nobody polls, and nobody is woken for nothing: a sleep ends because its thread may go on, so there are
 * never more than tickets and rounds, however many threads wait; nor more calls to wake than that. As threads
 * leave at the end they wake everybody once each. */
START_TEST(woken_only_to_go_on)
{
    enum { THREADS = 12, STEPS = 3000 };
    const int R = _i ? 4 : 1;
    prepare(SAC_ASYNC, STEPS, THREADS, THREADS);
    run.settings.replay_capacity = STEPS * THREADS; /* room is never what they wait for */
    run.settings.updates_per_round = R;
    run.env_delay = be_env_thread;
    run.learner_delay = be_learner;
    forget_calls();
    governor_run_start(&run);
    governor_run_finish(&run);
    const int64_t rounds = (STEPS - 20) / R, leaving = THREADS * (THREADS + 2);
    ck_assert_int_le(env_sleeps, STEPS + leaving);
    ck_assert_int_le(learner_sleeps, rounds + leaving);
    ck_assert_int_le(wake_calls, STEPS + rounds + leaving);
    ck_assert_int_eq(deadlines, 0);
}
END_TEST

/* Where nobody sleeps nobody calls the kernel: both sides by turns in one thread. */
START_TEST(no_call_without_sleepers)
{
    prepare(SAC_ASYNC, 1000, 1, 1);
    const struct sac_replay_shape shape = {1, 1, 1, 1, 1000, sac_governor_guard(&run.settings), 0};
    struct sac_replay *replay;
    struct sac_governor *governor;
    ck_assert_int_eq(sac_replay_create(&shape, &replay), SAC_OK);
    ck_assert_int_eq(sac_governor_create(&run.settings, 1, replay, &governor), SAC_OK);
    struct sac_shard *shard = sac_replay_shard(replay, 0);
    const float zero = 0;
    forget_calls();
    ck_assert(sac_shard_has_room(shard, 1));
    sac_shard_append_reset(shard, 0, &zero);
    for (int64_t step = 1; step < 1000; step++) {
        const struct sac_ticket ticket = sac_governor_take(governor, 0);
        ck_assert_int_eq(ticket.count, 1);
        sac_shard_append_step(shard, 0, &zero, 0, &zero, false, false, 0);
        sac_governor_stepped(governor, 0, &ticket);
        if (step > 20) {
            ck_assert(sac_governor_turn(governor));
            sac_governor_updated(governor);
        }
    }
    ck_assert_int_eq(wake_calls, 0);
    ck_assert_uint_eq(sac_governor_env_wait(governor, sac_time_ns()), 0);
    ck_assert_uint_eq(sac_governor_learner_wait(governor, sac_time_ns()), 0);
    sac_governor_destroy(governor);
    sac_replay_destroy(replay);
}
END_TEST

/* --- safe points and ends --- */

/* In lockstep what is drawn depends neither on the number of env threads nor on safe points in between; at a
 * safe point a whole number of rounds is done, and all updates due by then. */
START_TEST(lockstep_draws_the_same)
{
    uint64_t drawn = 0;
    for (int variant = 0; variant < 5; variant++) {
        prepare(SAC_LOCKSTEP, 1003, 4, variant % 4 + 1);
        run.draw = true;
        governor_run_start(&run);
        for (int pause = 0; variant >= 3 && pause < 50; pause++) {
            ck_assert(sac_governor_pause(run.governor));
            const int64_t steps = sac_governor_steps(run.governor);
            ck_assert(steps % 4 == 0 || steps == 1003);
            ck_assert_uint_eq(run.updates, governor_run_expected(&run, steps));
            sac_governor_resume(run.governor);
        }
        governor_run_join(&run);
        governor_run_destroy(&run);
        ck_assert_uint_eq(run.updates, governor_run_expected(&run, 1003));
        if (variant == 0)
            drawn = run.drawn;
        ck_assert_uint_eq(run.drawn, drawn);
    }
    ck_assert_uint_ne(drawn, 0);
}
END_TEST

/* Async: while paused nothing moves, and every thread's own memory may be read (ThreadSanitizer watches);
 * budgets stay exact. */
START_TEST(async_pauses)
{
    prepare(SAC_ASYNC, 5000, 4, 3);
    governor_run_start(&run);
    for (int pause = 0; pause < 100; pause++) {
        ck_assert(sac_governor_pause(run.governor));
        const int64_t steps = sac_governor_steps(run.governor);
        int64_t sum = 0;
        for (int k = 0; k < 3; k++)
            sum += run.env_context[k].environment_steps;
        ck_assert_int_eq(sum, steps);
        const uint64_t updates = run.updates;
        for (int i = 0; i < 20; i++)
            sched_yield();
        ck_assert_int_eq(sac_governor_steps(run.governor), steps);
        ck_assert_uint_eq(run.updates, updates);
        sac_governor_resume(run.governor);
    }
    governor_run_join(&run);
    ck_assert_int_eq(sac_governor_steps(run.governor), 5000);
    ck_assert_uint_eq(run.updates, governor_run_expected(&run, 5000));
    ck_assert(sac_governor_pause(run.governor)); /* all have left: nothing to wait for */
    sac_governor_resume(run.governor);
    governor_run_destroy(&run);
}
END_TEST

/* Stopped at any moment, all threads leave, and what was promised holds up to there. */
START_TEST(stop_at_any_moment)
{
    for (int i = 0; i < 50; i++) {
        const struct sac_philox r = sac_random(1, SAC_PURPOSE_TRAINING, (uint64_t)i, (uint32_t)_i, 0);
        prepare(_i ? SAC_LOCKSTEP : SAC_ASYNC, 1000000, 4, (int)(r.word[0] % 4) + 1);
        run.settings.warmup_steps = r.word[1] % 3 == 0 ? 0 : 500;
        set_ratio(r.word[2] % 2 ? 1 : 0.5, 1, r.word[2] % 2 ? 1 : 2);
        governor_run_start(&run);
        const int64_t enough = r.word[3] % 2000;
        while (sac_governor_steps(run.governor) < enough)
            sched_yield();
        sac_governor_stop(run.governor);
        ck_assert(sac_governor_stopped(run.governor));
        governor_run_join(&run);
        ck_assert(!sac_governor_pause(run.governor));
        ck_assert_int_ge(sac_governor_steps(run.governor), enough);
        governor_run_destroy(&run);
    }
}
END_TEST

/* Stopped while paused, the threads stay parked until resumed: main may be reading their state. */
START_TEST(stop_while_paused)
{
    prepare(_i ? SAC_LOCKSTEP : SAC_ASYNC, 1000000, 4, 2);
    governor_run_start(&run);
    ck_assert(sac_governor_pause(run.governor));
    sac_governor_stop(run.governor);
    const int64_t steps = run.env_context[0].steps, all = sac_governor_steps(run.governor);
    for (int i = 0; i < 100; i++)
        sched_yield();
    ck_assert_int_eq(run.env_context[0].steps, steps);
    sac_governor_resume(run.governor);
    governor_run_join(&run);
    ck_assert_int_eq(sac_governor_steps(run.governor), all);
    governor_run_destroy(&run);
}
END_TEST

/* Async: an env thread that dies gives its ticket back, and the others make all the steps. */
START_TEST(ticket_given_back)
{
    prepare(SAC_ASYNC, 4000, 4, 2);
    run.dies_at = 10;
    governor_run_start(&run);
    governor_run_finish(&run);
    ck_assert_int_eq(run.env_context[1].steps, 10);
}
END_TEST

/* Async: when the only env thread dies, the learner does not wait for steps that never come. */
START_TEST(nobody_left_to_step)
{
    prepare(SAC_ASYNC, 4000, 2, 1);
    run.dies_at = 30;
    governor_run_start(&run);
    governor_run_join(&run);
    ck_assert_int_eq(sac_governor_steps(run.governor), 60);
    ck_assert(!sac_governor_stopped(run.governor));
    governor_run_destroy(&run);
}
END_TEST

/* Lockstep: a round that can not be completed stops the run. */
START_TEST(lockstep_ticket_given_back)
{
    prepare(SAC_LOCKSTEP, 4000, 4, 2);
    run.dies_at = 10;
    governor_run_start(&run);
    governor_run_join(&run);
    ck_assert(sac_governor_stopped(run.governor));
    ck_assert_int_lt(sac_governor_steps(run.governor), 44 + 1);
    governor_run_destroy(&run);
}
END_TEST

/* Time asleep is counted: threads that take turns have waited for each other. */
START_TEST(sleep_is_counted)
{
    prepare(SAC_LOCKSTEP, 500, 1, 1);
    governor_run_start(&run);
    governor_run_join(&run);
    ck_assert_uint_gt(sac_governor_env_wait(run.governor, sac_time_ns()), 0);
    ck_assert_uint_gt(sac_governor_learner_wait(run.governor, sac_time_ns()), 0);
    governor_run_destroy(&run);
}
END_TEST

/* The guard is twice the slack of both sides and two rows per environment; ratios that can not be are
 * refused. */
START_TEST(guard_and_refusals)
{
    prepare(SAC_ASYNC, 10, 3, 1);
    set_ratio(0.1, 1, 10);
    run.settings.updates_per_round = 4;
    ck_assert_int_eq(sac_governor_guard(&run.settings), 2 * (3 + 40) + 2 * 3);
    const double bad[] = {0, -1, 1e-7, 1e7, 0.0 / 0.0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sac_governor *governor;
        run.settings.update_to_data = bad[i];
        ck_assert_int_eq(sac_governor_create(&run.settings, 1, NULL, &governor), SAC_INVALID);
        ck_assert_ptr_null(governor);
    }
    sac_governor_destroy(NULL);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("governor");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, async_is_exact, 0, sizeof ratios / sizeof *ratios);
    tcase_add_loop_test(tc, lockstep_is_exact, 0, sizeof ratios / sizeof *ratios);
    tcase_add_loop_test(tc, any_shape, 0, 2);
    tcase_add_loop_test(tc, warmup_longer_than_rings, 0, 2);
    tcase_add_loop_test(tc, steps_after_the_last_update, 0, 2);
    tcase_add_loop_test(tc, bound_holds, 0, BOUNDS);
    tcase_add_loop_test(tc, woken_only_to_go_on, 0, 2);
    tcase_add_test(tc, no_call_without_sleepers);
    tcase_add_test(tc, lockstep_draws_the_same);
    tcase_add_test(tc, async_pauses);
    tcase_add_loop_test(tc, stop_at_any_moment, 0, 2);
    tcase_add_loop_test(tc, stop_while_paused, 0, 2);
    tcase_add_test(tc, ticket_given_back);
    tcase_add_test(tc, nobody_left_to_step);
    tcase_add_test(tc, lockstep_ticket_given_back);
    tcase_add_test(tc, sleep_is_counted);
    tcase_add_test(tc, guard_and_refusals);
    return suite_run(CK_FORK_GETENV, "governor", 1, tc);
}
