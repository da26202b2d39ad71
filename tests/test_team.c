/* The team: every task once, on the right member, everything visible at both ends; any number of members on
 * any number of CPUs. Also run under ThreadSanitizer, where the tests' plain accesses show missing edges. */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include <omp.h>

#include "suite.h"
#include "team.h"
#include "thread.h"

enum { MOST_TASKS = 24, JOBS = 600 };

struct work {
    struct sac_team *team;
    int tasks, round;
    int sharing; /* members with a part in the jobs; 0: all */
    int input;   /* written by the leader before each job */
    struct {
        int runs, member, saw;
    } task[MOST_TASKS]; /* written by whoever runs the task */
};

static void note(void *context, int task)
{
    struct work *w = context;
    w->task[task].runs++;
    w->task[task].member = omp_get_thread_num();
    w->task[task].saw = w->input;
}

/* The leader's checks abort the process on failure, members being asleep in the region. */
static void require(bool condition, const char *what, int task)
{
    if (!condition)
        ck_abort_msg("%s (task %d)", what, task);
}

/* The smallest team in which nobody has more tasks than with `members`. */
static int fewest(int tasks, int members)
{
    int most = 0, m = 1;
    while (most * members < tasks)
        most++;
    while (most * m < tasks)
        m++;
    return m;
}

static void run_and_check(struct work *w, int tasks)
{
    w->input++;
    for (int t = 0; t < tasks; t++)
        w->task[t].runs = 0;
    sac_team_run(w->team, note, w, tasks);
    const int present = omp_get_num_threads();
    const int sharing = w->sharing && w->sharing < present ? w->sharing : present;
    const int members = fewest(tasks, sharing);
    require(present == sac_team_members(w->team) || present == sac_team_limit(), "too few members", present);
    for (int t = 0; t < tasks; t++) {
        require(w->task[t].runs == 1, "not run exactly once", t);
        require(w->task[t].saw == w->input, "did not see what the leader wrote", t);
        require(w->task[t].member == t % members, "not on member t % members, the fewest that do", t);
    }
}

static void sleep_briefly(void)
{
    const struct timespec ms = {.tv_nsec = 2000000};
    nanosleep(&ms, NULL);
}

static void lead_many(void *context)
{
    struct work *w = context;
    for (w->round = 0; w->round < JOBS; w->round++)
        run_and_check(w, 1 + w->round % MOST_TASKS);
}

static void lead_with_pauses(void *context)
{
    for (int i = 0; i < 20; i++) {
        run_and_check(context, MOST_TASKS);
        sleep_briefly(); /* long enough for the members to fall asleep */
    }
}

static void check_team(int members, void (*lead)(void *context))
{
    struct work w = {.input = 0};
    ck_assert_int_eq(sac_team_create(members, &w.team), SAC_OK);
    ck_assert_int_eq(sac_team_members(w.team), members);
    sac_team_enter(w.team, lead, &w);
    sac_team_destroy(w.team);
}

/* 600 jobs of 1 to 24 tasks in a row, for 1 to 8 members. */
START_TEST(test_jobs_in_a_row)
{
    check_team(_i, lead_many);
}
END_TEST

/* Jobs with pauses in between, during which members sleep: none is missed. */
START_TEST(test_jobs_after_sleep)
{
    check_team(_i, lead_with_pauses);
}
END_TEST

/* Sizes from one to all, in jumps, and back; in between long enough for those left out to fall asleep. */
static void lead_with_sizes(void *context)
{
    struct work *w = context;
    const int members = sac_team_members(w->team);
    for (w->round = 0; w->round < 60; w->round++) {
        w->sharing = 1 + 5 * w->round % members;
        sac_team_resize(w->team, w->sharing);
        for (int i = 0; i < 7; i++)
            run_and_check(w, MOST_TASKS);
        if (w->round % 8 == 0)
            sleep_briefly();
    }
}

/* Any number of members can share the work, changed between jobs. */
START_TEST(test_sizes)
{
    check_team(_i, lead_with_sizes);
}
END_TEST

static void note_then_sleep(void *context, int task)
{
    note(context, task);
    if (task % 2)
        sleep_briefly(); /* the leader, having done its share, falls asleep */
}

static void lead_slow_members(void *context)
{
    struct work *w = context;
    for (int i = 0; i < 10; i++) {
        w->input++;
        sac_team_run(w->team, note_then_sleep, w, 2);
        require(w->task[1].saw == w->input, "the leader went on before its member was done", 1);
    }
}

/* The leader waits for a member that takes longer than itself. */
START_TEST(test_leader_sleeps)
{
    check_team(_i, lead_slow_members);
}
END_TEST

static void keep_order(void *context, int task)
{
    struct work *w = context;
    ck_assert_int_eq(task, w->round++);
}

/* Outside the region the caller runs all tasks itself, in order. */
START_TEST(test_outside_the_region)
{
    struct work w = {.round = 0};
    ck_assert_int_eq(sac_team_create(3, &w.team), SAC_OK);
    sac_team_run(w.team, keep_order, &w, 7);
    ck_assert_int_eq(w.round, 7);
    sac_team_destroy(w.team);
    sac_team_destroy(NULL);
}
END_TEST

static void compare_masks(void *context, int task)
{
    size_t size;
    cpu_set_t *wanted = context, *mask = sac_process_cpus(&size);
    ck_assert_ptr_nonnull(mask);
    if (sched_getaffinity(0, size, mask) != 0 || !CPU_EQUAL_S(size, mask, wanted))
        ck_abort_msg("member %d may run on %d CPUs, the process on %d", task, CPU_COUNT_S(size, mask),
                     CPU_COUNT_S(size, wanted));
    CPU_FREE(mask);
}

struct masks {
    struct sac_team *team;
    cpu_set_t *process;
};

static void lead_comparison(void *context)
{
    const struct masks *m = context;
    sac_team_run(m->team, compare_masks, m->process, omp_get_num_threads());
}

/* Members may run on all CPUs of the process, wherever OpenMP bound them (tests/check_openmp_environment.sh
 * makes it do so). */
START_TEST(test_members_are_not_bound)
{
    size_t size;
    struct masks m = {.process = sac_process_cpus(&size)};
    ck_assert_int_eq(sac_team_create(3, &m.team), SAC_OK);
    sac_team_enter(m.team, lead_comparison, &m);
    sac_team_destroy(m.team);
    CPU_FREE(m.process);
}
END_TEST

#ifndef SAC_PORTABLE_ONLY
/* A team may be entered again. (Not under ThreadSanitizer, for which libgomp's second use of its threads is a
 * race: a run enters once.) */
START_TEST(test_enter_twice)
{
    struct work w = {.input = 0};
    ck_assert_int_eq(sac_team_create(4, &w.team), SAC_OK);
    sac_team_enter(w.team, lead_many, &w);
    sac_team_enter(w.team, lead_with_pauses, &w);
    sac_team_destroy(w.team);
}
END_TEST
#endif

int main(void)
{
    TCase *tc = tcase_create("team");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_jobs_in_a_row, 1, 9);
    tcase_add_loop_test(tc, test_jobs_after_sleep, 1, 9);
    tcase_add_loop_test(tc, test_sizes, 1, 9);
    tcase_add_loop_test(tc, test_leader_sleeps, 1, 9);
    tcase_add_test(tc, test_outside_the_region);
    tcase_add_test(tc, test_members_are_not_bound);
#ifndef SAC_PORTABLE_ONLY
    tcase_add_test(tc, test_enter_twice);
#endif
    return suite_run(CK_FORK_GETENV, "team", 1, tc);
}
