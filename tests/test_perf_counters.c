/* Hardware events: what is counted is counted for all threads, what is not offered is told. */
#include <check.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "perf_counters.h"
#include "suite.h"

enum { LOOPS = 200000 };

static void *work(void *argument)
{
    volatile int *sum = argument;
    for (int i = 0; i < LOOPS; i++)
        *sum += i & 1;
    return NULL;
}

static void work_in_a_thread(void)
{
    int sum = 0;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, work, &sum), 0);
    pthread_join(thread, NULL);
}

/* A counter either counts, threads started later included, or has a reason; opening never fails. */
START_TEST(counts_or_says_why)
{
    struct sac_perf_counters counters;
    sac_perf_open(&counters);
    const struct sac_perf_counts before = sac_perf_read(&counters);
    work_in_a_thread();
    const struct sac_perf_counts now = sac_perf_between(before, sac_perf_read(&counters));
    bool all = true;
    for (int e = 0; e < SAC_PERF_EVENTS; e++)
        all &= counters.file[e] >= 0;
    ck_assert_int_eq(all, counters.reason[0] == '\0');
    /* at least an addition, a comparison and a jump each; NaN where there is no counter */
    ck_assert(isnan(now.count[SAC_PERF_INSTRUCTIONS]) || now.count[SAC_PERF_INSTRUCTIONS] > 3.0 * LOOPS);
    if (counters.file[SAC_PERF_INSTRUCTIONS] < 0)
        ck_assert_ptr_nonnull(strstr(counters.reason, "can not be counted"));
    sac_perf_close(&counters);
    for (int e = 0; e < SAC_PERF_EVENTS; e++)
        ck_assert_int_eq(counters.file[e], -1);
}
END_TEST

/* Missing counters stay missing through sums and differences, and the others are not spoilt by them. */
START_TEST(missing_counts_stay_missing)
{
    const struct sac_perf_counts a = {{10, 20, NAN, 5}}, b = {{1, 2, 3, NAN}}, none = {{NAN, NAN, NAN, NAN}};
    const struct sac_perf_counts sum = sac_perf_sum(a, b), difference = sac_perf_between(b, a);
    ck_assert_double_eq(sum.count[SAC_PERF_CYCLES], 11);
    ck_assert_double_eq(sum.count[SAC_PERF_INSTRUCTIONS], 22);
    ck_assert_double_nan(sum.count[SAC_PERF_L1D_MISSES]);
    ck_assert_double_nan(sum.count[SAC_PERF_CACHE_MISSES]);
    ck_assert_double_eq(difference.count[SAC_PERF_CYCLES], 9);
    ck_assert_double_nan(difference.count[SAC_PERF_L1D_MISSES]);
    ck_assert(sac_perf_any(&a) && sac_perf_any(&sum));
    ck_assert(!sac_perf_any(&none));
}
END_TEST

/* Closed counters, or ones that never opened, read as missing. */
START_TEST(closed_counters_read_as_missing)
{
    struct sac_perf_counters counters;
    sac_perf_open(&counters);
    sac_perf_close(&counters);
    const struct sac_perf_counts counts = sac_perf_read(&counters);
    ck_assert(!sac_perf_any(&counts));
    sac_perf_close(&counters);
}
END_TEST

static const struct {
    int error;
    const char *sentence;
} refusals[] = {
    {EACCES, "the kernel forbids it (EACCES; kernel.perf_event_paranoid is "},
    {EPERM, "sysctl kernel.perf_event_paranoid=1"},
    {ENOENT, "the CPU offers no such counter"},
    {ENOSYS, "this kernel has no perf_event_open"},
    {EMFILE, "Too many open files"},
};

/* From now on this process' perf_event_open fails with `error`, as a container's may. */
static bool refuse_perf_event_open(int error)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {sizeof program / sizeof *program, program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* Each way of the kernel to refuse has a sentence with the first event's name and a cause or remedy. */
START_TEST(refusals_are_explained)
{
    struct sac_perf_counters counters;
    if (!refuse_perf_event_open(refusals[_i].error))
        return; /* a sandbox without seccomp */
    sac_perf_open(&counters);
    ck_assert_int_eq(strncmp(counters.reason, "cycles can not be counted: ", 27), 0);
    ck_assert_msg(strstr(counters.reason, refusals[_i].sentence), "%s", counters.reason);
    const struct sac_perf_counts counts = sac_perf_read(&counters);
    ck_assert(!sac_perf_any(&counts));
    sac_perf_close(&counters);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("perf_counters");
    tcase_add_test(tests, counts_or_says_why);
    tcase_add_test(tests, missing_counts_stay_missing);
    tcase_add_test(tests, closed_counters_read_as_missing);
    tcase_add_loop_test(tests, refusals_are_explained, 0, (int)(sizeof refusals / sizeof *refusals));
    return suite_run(CK_FORK_GETENV, "perf_counters", 1, tests);
}
