/* What other programs take of our CPUs: made-up counts, and this machine's. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "fake_root.h"
#include "machine_load.h"
#include "machines.h"
#include "suite.h"

#define STAT                                                                                                 \
    "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 100 10 20 9000 50 1 2 3 70 0\ncpu2 200 0 0 8000 0 0 0 0 0 0\n"          \
    "cpu10 400 40 0 1 0 0 0 0 0 0\nintr 5 6\n"

/* User, system, interrupts and stolen time of our CPUs, and of no others; niced work if it is asked for. */
START_TEST(busy_seconds)
{
    const double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    struct sac_topology *t = make_topology("core:4 pu:1", "0,2,3", INFINITY);
    fake_root_put("/proc/stat", STAT);
    ck_assert_double_eq_tol(sac_machine_busy_seconds(fake_root, t, false), 326 * tick, 1e-9);
    ck_assert_double_eq_tol(sac_machine_busy_seconds(fake_root, t, true), 336 * tick, 1e-9);
    sac_topology_destroy(t);
}
END_TEST

static const char *const nonsense[] = {"", "cpu\n", "cpu0 1 2 3\ncpux 1 2 3 4 5 6 7 8\n",
                                       "cpu9 1 2 3 4 5 6 7 8\n"};

/* Where nothing is told of our CPUs nothing is known. */
START_TEST(not_known)
{
    struct sac_topology *t = make_topology("core:4 pu:1", NULL, INFINITY);
    ck_assert(isnan(sac_machine_busy_seconds(fake_root, t, false)));
    fake_root_put("/proc/stat", nonsense[_i]);
    ck_assert(isnan(sac_machine_busy_seconds(fake_root, t, false)));
    sac_topology_destroy(t);
}
END_TEST

/* Others take what is busy less what we spent ourselves; it rises at once and falls slowly. */
START_TEST(others)
{
    struct sac_machine_load load = {.busy_seconds = 10, .own_seconds = 5, .time = 100};
    ck_assert_double_eq_tol(sac_machine_load_add(&load, 14, 7, 102), 1, 1e-9);
    ck_assert_double_eq_tol(sac_machine_load_add(&load, 18, 11, 104), 0.7, 1e-9);
    ck_assert_double_eq_tol(sac_machine_load_add(&load, 20, 13.5, 106), 0.49, 1e-9); /* less than nothing */
    ck_assert_double_eq_tol(sac_machine_load_add(&load, 22, 13.5, 108), 1, 1e-9);
    for (int look = 0; look < 7; look++)
        sac_machine_load_add(&load, 22, 13.5, 109 + look);
    ck_assert_double_lt(load.others, 0.1);
    ck_assert_double_lt(sac_machine_load_add(&load, NAN, 14, 120), 0.1); /* no longer known: nobody */
    ck_assert_double_lt(sac_machine_load_add(&load, 30, 14, 121), 0.1);
    ck_assert_double_eq_tol(sac_machine_load_add(&load, 32, 14, 122), 2, 1e-9);
}
END_TEST

/* This machine's own count grows, and never by more than all CPUs can do. */
START_TEST(here)
{
    struct sac_topology *t = NULL;
    struct sac_machine_load load;
    ck_assert_int_eq(sac_topology_read(&t), SAC_OK);
    sac_machine_load_begin(&load, t);
    const double before = load.busy_seconds;
    usleep(100000);
    ck_assert_double_ge(sac_machine_load_look(&load, t), 0);
    ck_assert(isnan(before) || load.busy_seconds >= before);
    sac_topology_destroy(t);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("machine load");
    tcase_add_checked_fixture(tc, fake_root_make, fake_root_remove);
    tcase_add_test(tc, busy_seconds);
    tcase_add_loop_test(tc, not_known, 0, (int)(sizeof nonsense / sizeof *nonsense));
    tcase_add_test(tc, others);
    tcase_add_test(tc, here);
    return suite_run(CK_FORK_GETENV, "machine load", 1, tc);
}
