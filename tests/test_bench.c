/* softac-bench keeps its contract: names, JSON, exit codes; and what it concludes from numbers is right.
 * Nothing here looks at a time. */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../benchmarks/compare.h"
#include "../benchmarks/cpu_order.h"
#include "../benchmarks/crew.h"
#include "../benchmarks/disturbance.h"
#include "../benchmarks/scaling_report.h"
#include "../benchmarks/statistics.h"
#include "../benchmarks/unit.h"
#include "suite.h"
#include "topology.h"

/* ThreadSanitizer does not know libgomp's barriers: of one parallel region after the other, as benchmarks
 * make them, it gives false reports. Its build (SAC_PORTABLE_ONLY) runs benchmarks on one thread. */
#ifdef SAC_PORTABLE_ONLY
#define THREADS 1
#else
#define THREADS 2
#endif
#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

/* ---- statistics ---- */

/* Quantiles interpolate between sorted values and leave the given ones as they are. */
START_TEST(quantiles)
{
    const double value[] = {5, 1, 4, 2}, one = 7;
    ck_assert_double_eq(bench_quantile(value, 4, 0), 1);
    ck_assert_double_eq(bench_quantile(value, 4, 1), 5);
    ck_assert_double_eq(bench_median(value, 4), 3);
    ck_assert_double_eq(bench_median(value, 3), 4);
    ck_assert_double_eq_tol(bench_quantile(value, 4, 0.25), 1.75, 1e-12);
    ck_assert_double_eq(bench_quantile(&one, 1, 0.25), 7);
    ck_assert_double_eq(value[0], 5);
}
END_TEST

/* The interval of a ratio of medians: a point for numbers that do not vary, around the ratio for those that
 * do, wider the more they scatter, and the same each time. */
START_TEST(ratio_intervals)
{
    const double constant[] = {3, 3, 3}, calm[] = {98, 99, 100, 101, 102, 99.5, 100.5},
                 wild[] = {50, 75, 100, 130, 160, 90, 110};
    const struct bench_interval point = bench_ratio_interval(constant, 3, constant, 2);
    ck_assert_double_eq(point.low, 1);
    ck_assert_double_eq(point.high, 1);
    const struct bench_interval narrow = bench_ratio_interval(calm, 7, constant, 3);
    const struct bench_interval wide = bench_ratio_interval(wild, 7, constant, 3);
    ck_assert(98.0 / 3 <= narrow.low && narrow.low < 100.0 / 3 && narrow.high > 100.0 / 3);
    ck_assert(wide.low < narrow.low && narrow.high < wide.high && wide.high <= 160.0 / 3);
    const struct bench_interval again = bench_ratio_interval(wild, 7, constant, 3);
    ck_assert(again.low >= wide.low && again.low <= wide.low && again.high >= wide.high);
}
END_TEST

/* ---- disturbed runs ---- */

/* A run of one second on two watched CPUs to which nothing happened. */
static const struct bench_observation calm_run = {
    .wall = 1, .cpu = 0.999, .waited = 0.001, .cpus = 2, .probe = 0.97, .probe_tolerance = 0.1};

/* Each thing that can happen to a run is noticed by itself and named; less of it than matters is not. */
START_TEST(disturbances)
{
    ck_assert_uint_eq(bench_disturbance(&calm_run), 0);
    struct bench_observation o = calm_run;
    o.waited = 0.03;
    ck_assert_uint_eq(bench_disturbance(&o), BENCH_WAITED);
    o = calm_run;
    o.cpu = 0.9; /* throttled by a quota: not running, but not waiting in a queue either */
    ck_assert_uint_eq(bench_disturbance(&o), BENCH_WAITED);
    o = calm_run;
    o.stolen = 0.05;
    ck_assert_uint_eq(bench_disturbance(&o), 0);
    o.stolen = 0.07;
    ck_assert_uint_eq(bench_disturbance(&o), BENCH_STOLEN);
    o = calm_run;
    o.others = 0.07;
    ck_assert_uint_eq(bench_disturbance(&o), BENCH_OTHERS);
    o = calm_run;
    o.probe = 0.89;
    ck_assert_uint_eq(bench_disturbance(&o), BENCH_SLOWED);
    o.waited = 0.5;
    ck_assert_uint_eq(bench_disturbance(&o), BENCH_SLOWED | BENCH_WAITED);
    ck_assert_str_eq(bench_cause_name(0), "waited");
    ck_assert_str_eq(bench_cause_name(3), "slowed");
}
END_TEST

/* The loss is the greatest share that was taken, whatever took it and whatever is unknown. */
START_TEST(losses)
{
    struct bench_observation o = calm_run;
    ck_assert_double_eq_tol(bench_loss(&o), 0.03, 1e-12); /* the probe's */
    o.probe = 1;
    ck_assert_double_eq_tol(bench_loss(&o), 0.001, 1e-12);
    o.others = 0.4; /* of two CPUs */
    ck_assert_double_eq_tol(bench_loss(&o), 0.2, 1e-12);
    o.cpu = o.stolen = NAN;
    o.waited = 0.3;
    ck_assert_double_eq_tol(bench_loss(&o), 0.3, 1e-12);
    o.waited = o.others = o.probe = NAN;
    ck_assert_double_eq(bench_loss(&o), 0);
}
END_TEST

/* A short run is not judged by counters that go by ticks of 10 ms. */
START_TEST(ticks_feign_nothing)
{
    struct bench_observation o = calm_run;
    o.wall = o.cpu = 0.01;
    o.others = o.stolen = 0.02;
    o.waited = 0;
    ck_assert_uint_eq(bench_disturbance(&o), 0);
    o.others = 0.03;
    ck_assert_uint_eq(bench_disturbance(&o), BENCH_OTHERS);
}
END_TEST

/* What the system does not tell disturbs nothing; without the time spent waiting, being put aside counts. */
START_TEST(unknown_disturbs_nothing)
{
    struct bench_observation o = calm_run;
    o.cpu = o.waited = o.stolen = o.others = o.probe = NAN;
    o.preemptions = 5;
    ck_assert_uint_eq(bench_disturbance(&o), 0);
    o.preemptions = 50;
    ck_assert_uint_eq(bench_disturbance(&o), BENCH_WAITED);
    o.waited = 0;
    ck_assert_uint_eq(bench_disturbance(&o), 0);
}
END_TEST

static void note_cpu(void *context, int member)
{
    cpu_set_t *own = context;
    ck_assert_int_eq(sched_getaffinity(0, sizeof *own, &own[member]), 0);
}

/* Members sit on one CPU each, all different, of those allowed; afterwards the caller's affinity is as
 * before. More members than CPUs are left alone. */
START_TEST(crew_is_pinned)
{
    cpu_set_t allowed, after, own[THREADS];
    ck_assert_int_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    struct bench_crew *crew = NULL;
    ck_assert_int_eq(bench_crew_create(THREADS, &crew), SAC_OK);
    bench_crew_gather(crew);
    bench_crew_run(crew, THREADS, note_cpu, own);
    if (CPU_COUNT(&allowed) >= THREADS) {
        ck_assert(bench_crew_pinned(crew));
        for (int m = 0; m < THREADS; m++) {
            ck_assert_int_eq(CPU_COUNT(&own[m]), 1);
            ck_assert(CPU_ISSET((size_t)bench_crew_cpu(crew, m), &own[m]));
            ck_assert(CPU_ISSET((size_t)bench_crew_cpu(crew, m), &allowed));
        }
        ck_assert(THREADS == 1 || bench_crew_cpu(crew, 0) != bench_crew_cpu(crew, THREADS - 1));
    } else {
        ck_assert(!bench_crew_pinned(crew));
    }
    struct bench_watch watch;
    bench_crew_watch(crew, THREADS, &watch);
    ck_assert_int_eq(watch.thread[0], (int)getpid());
    ck_assert(THREADS == 1 || watch.thread[THREADS - 1] != watch.thread[0]);
    bench_crew_destroy(crew);
    ck_assert_int_eq(sched_getaffinity(0, sizeof after, &after), 0);
    ck_assert(CPU_EQUAL(&allowed, &after));
}
END_TEST

/* One CPU of each core, the fast ones first, then siblings; where all cores are alike, as they lie. */
START_TEST(cpu_order)
{
    struct sac_core core[] = {{.speed = 0, .first = 0, .count = 1},
                              {.speed = 1, .first = 1, .count = 2},
                              {.speed = 1, .first = 3, .count = 2}};
    int numbers[] = {9, 4, 5, 6, 7}, order[5];
    const struct sac_topology machine = {.cores = 3, .cpus = 5, .core = core, .cpu = numbers};
    ck_assert_int_eq(bench_cpu_order(&machine, order), SAC_OK);
    const int fast_first[] = {4, 6, 9, 5, 7};
    ck_assert_mem_eq(order, fast_first, sizeof order);
    core[1].speed = core[2].speed = 0;
    ck_assert_int_eq(bench_cpu_order(&machine, order), SAC_OK);
    const int as_they_lie[] = {9, 4, 6, 5, 7};
    ck_assert_mem_eq(order, as_they_lie, sizeof order);
}
END_TEST

/* ---- units ---- */

/* More of a rate is better, less of a time; both tell the same of the same work. */
START_TEST(units)
{
    ck_assert(bench_unit_is_rate("updates/s"));
    ck_assert(!bench_unit_is_rate("ns"));
    ck_assert(!bench_unit_is_rate("s"));
    ck_assert_double_eq_tol(bench_unit_value("rows/s", 10, 2), 5, 1e-12);
    ck_assert_double_eq_tol(bench_unit_value("ns", 10, 2e-6), 200, 1e-9);
    ck_assert_double_eq_tol(bench_unit_value("us", 10, 2), 2e5, 1e-6);
    ck_assert_double_eq_tol(bench_unit_value("ms", 10, 2), 200, 1e-9);
    ck_assert_double_eq_tol(bench_unit_value("s", 10, 2), 0.2, 1e-12);
}
END_TEST

/* ---- scaling ---- */

static void expect_line(const json_t *summary, size_t i, double cost_ns, double efficiency, bool beyond)
{
    const json_t *line = json_array_get(summary, i);
    ck_assert_double_eq_tol(json_real_value(json_object_get(line, "cost_ns")), cost_ns, 1e-9 * cost_ns);
    ck_assert_double_eq_tol(json_real_value(json_object_get(line, "efficiency")), efficiency, 1e-12);
    ck_assert_int_eq(json_is_true(json_object_get(line, "beyond_cores")), beyond);
}

/* Costs are one thread's; an efficiency is that against the least count of its kind, and cores that several
 * threads share are asked for no more than cores can do. Threads apart are compared with the same one thread,
 * and others with as many apart. Other benchmarks are left out. */
START_TEST(scaling_summary)
{
    json_t *results =
        json_pack("[{s:s, s:s, s:f}, {s:s, s:s, s:f}, {s:s, s:s, s:f}, {s:s, s:s, s:f}, {s:s, s:s, s:f}, "
                  "{s:s, s:s, s:f}, {s:s, s:s, s:f}, {s:s, s:s, s:f}, {s:s, s:s, s:f}]",
                  "name", "snapshot/acquire", "unit", "ns", "median", 9.0,                      /**/
                  "name", "scaling/rollout/1", "unit", "steps/s", "median", 100.0,              /**/
                  "name", "scaling/rollout/2", "unit", "steps/s", "median", 180.0,              /**/
                  "name", "scaling/rollout/4", "unit", "steps/s", "median", 180.0,              /**/
                  "name", "scaling/rollout_apart/2", "unit", "steps/s", "median", 190.0,        /**/
                  "name", "scaling/snapshot_acquire/1", "unit", "ns", "median", 20.0,           /**/
                  "name", "scaling/snapshot_acquire/4", "unit", "ns", "median", 40.0,           /**/
                  "name", "scaling/append_capacity/1000", "unit", "records/s", "median", 100.0, /**/
                  "name", "scaling/append_capacity/9000", "unit", "records/s", "median", 80.0);
    ck_assert_ptr_nonnull(results);
    json_t *summary = bench_scaling_summary(results, 2);
    ck_assert_uint_eq(json_array_size(summary), 8);
    expect_line(summary, 0, 1e7, 1, false);
    expect_line(summary, 1, 2e9 / 180, 0.9, false);
    expect_line(summary, 2, 4e9 / 180, 0.9, true);
    expect_line(summary, 3, 2e9 / 190, 0.95, false);
    expect_line(summary, 4, 20, 1, false);
    expect_line(summary, 5, 40, 0.5, true);
    expect_line(summary, 6, 1e7, 1, false);
    expect_line(summary, 7, 1.25e7, 0.8, false);
    for (size_t i = 0; i < json_array_size(summary); i++) {
        const json_t *share = json_object_get(json_array_get(summary, i), "against_apart");
        ck_assert_int_eq(share != NULL, i == 1);
        ck_assert(share == NULL || fabs(json_real_value(share) - 180.0 / 190) < 1e-12);
    }
    json_decref(summary);
    json_decref(results);
}
END_TEST

/* ---- comparing ---- */

/* An output with one benchmark whose runs are `median` times .99, 1 and 1.01. limit 0: none. */
static json_t *output(const char *name, const char *unit, double median, double limit)
{
    json_t *b = json_pack("{s:s, s:s, s:f, s:f, s:f, s:[f, f, f]}", "name", name, "unit", unit, "median",
                          median, "min", 0.99 * median, "max", 1.01 * median, "samples", 0.99 * median,
                          median, 1.01 * median);
    if (limit > 0)
        json_object_set_new(b, "limit_value", json_real(limit));
    return json_pack("{s:{s:s, s:i}, s:[o]}", "machine", "cpu", "made up", "threads", 1, "benchmarks", b);
}

/* The only benchmark of comparing two outputs, which are given up; *slower of them were. */
static json_t *compare(json_t *before, json_t *now, int *slower)
{
    json_t *comparison = bench_compare(before, now);
    ck_assert_ptr_nonnull(comparison);
    const json_t *benchmarks = json_object_get(comparison, "benchmarks");
    ck_assert_uint_eq(json_array_size(benchmarks), 1);
    json_t *one = json_incref(json_array_get(benchmarks, 0));
    *slower = (int)json_integer_value(json_object_get(comparison, "slower"));
    json_decref(comparison);
    json_decref(before);
    json_decref(now);
    return one;
}

static void expect_verdict(json_t *before, json_t *now, double ratio, const char *verdict)
{
    int slower;
    json_t *one = compare(before, now, &slower);
    const double low = json_real_value(json_object_get(one, "low"));
    const double high = json_real_value(json_object_get(one, "high"));
    ck_assert_double_eq_tol(json_real_value(json_object_get(one, "ratio")), ratio, 1e-9 * ratio);
    ck_assert(0.97 * ratio < low && low <= ratio && ratio <= high && high < 1.03 * ratio);
    ck_assert_str_eq(json_string_value(json_object_get(one, "verdict")), verdict);
    ck_assert_int_eq(slower, strcmp(verdict, "slower") == 0);
    json_decref(one);
}

/* The ratio is one of speeds, for rates and times alike, and a verdict needs the whole interval beyond 5 %.
 */
START_TEST(verdicts)
{
    expect_verdict(output("a", "x/s", 100, 0), output("a", "x/s", 50, 0), 0.5, "slower");
    expect_verdict(output("a", "x/s", 100, 0), output("a", "x/s", 200, 0), 2, "faster");
    expect_verdict(output("a", "ns", 100, 0), output("a", "ns", 200, 0), 0.5, "slower");
    expect_verdict(output("a", "ns", 100, 0), output("a", "ns", 50, 0), 2, "faster");
    expect_verdict(output("a", "x/s", 100, 0), output("a", "x/s", 100, 0), 1, "same");
    expect_verdict(output("a", "x/s", 100, 0), output("a", "x/s", 94.5, 0), 0.945, "same");
    expect_verdict(output("a", "x/s", 100, 0), output("a", "x/s", 90, 0), 0.9, "slower");
}
END_TEST

/* On a machine whose limit is another one, a change must show in the share of it, too: what is slower on a
 * slower machine is no finding, nor what a faster one does not help. */
START_TEST(other_limits)
{
    expect_verdict(output("a", "x/s", 100, 200), output("a", "x/s", 50, 100), 0.5, "same");
    expect_verdict(output("a", "ns", 100, 50), output("a", "ns", 200, 100), 0.5, "same");
    expect_verdict(output("a", "x/s", 100, 200), output("a", "x/s", 100, 400), 1, "same");
    expect_verdict(output("a", "x/s", 100, 200), output("a", "x/s", 50, 180), 0.5, "slower");
    expect_verdict(output("a", "x/s", 100, 200), output("a", "x/s", 200, 220), 2, "faster");
    expect_verdict(output("a", "x/s", 100, 200), output("a", "x/s", 50, 202), 0.5, "slower");
    int slower;
    json_t *one = compare(output("a", "x/s", 100, 200), output("a", "x/s", 60, 100), &slower);
    ck_assert_double_eq_tol(json_real_value(json_object_get(one, "normalised_ratio")), 1.2, 1e-9);
    json_decref(one);
    one = compare(output("a", "x/s", 100, 200), output("a", "x/s", 60, 201), &slower);
    ck_assert_ptr_null(json_object_get(one, "normalised_ratio"));
    json_decref(one);
}
END_TEST

/* Of a benchmark that was disturbed all the time the extremes make the interval: no finding unless the
 * difference lies beyond them. */
START_TEST(noisy_sides)
{
    static const struct {
        double sample[3]; /* before, they were 99 to 101 */
        const char *verdict;
    } cases[] = {{{84, 85, 98}, "same"}, {{49, 50, 51}, "slower"}};
    for (int i = 0; i < 2; i++) {
        int slower;
        const double *sample = cases[i].sample;
        json_t *now = output("a", "x/s", sample[1], 0);
        json_t *b = json_array_get(json_object_get(now, "benchmarks"), 0);
        json_object_set_new(b, "noisy", json_true());
        json_object_set_new(b, "samples", json_pack("[f, f, f]", sample[0], sample[1], sample[2]));
        json_t *one = compare(output("a", "x/s", 100, 0), now, &slower);
        ck_assert_str_eq(json_string_value(json_object_get(one, "verdict")), cases[i].verdict);
        json_decref(one);
    }
}
END_TEST

/* Samples that are missing or not those of the median are replaced by what the summary tells. */
START_TEST(without_samples)
{
    json_t *before = output("a", "x/s", 100, 0);
    json_object_del(json_array_get(json_object_get(before, "benchmarks"), 0), "samples");
    expect_verdict(before, output("a", "x/s", 50, 0), 0.5, "slower");
    before = output("a", "x/s", 100, 0);
    json_t *b = json_array_get(json_object_get(before, "benchmarks"), 0);
    json_object_set_new(b, "samples", json_pack("[f, f]", 49.0, 51.0));
    expect_verdict(before, output("a", "x/s", 50, 0), 0.5, "slower");
}
END_TEST

/* What only one of the outputs has is told; a name with another unit is another benchmark. */
START_TEST(missing_names)
{
    json_t *before = output("a", "x/s", 100, 0), *now = output("b", "x/s", 100, 0);
    json_array_append(json_object_get(before, "benchmarks"),
                      json_array_get(json_object_get(now, "benchmarks"), 0));
    json_t *comparison = bench_compare(before, now);
    ck_assert_uint_eq(json_array_size(json_object_get(comparison, "benchmarks")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(comparison, "only_new")), 0);
    const json_t *only_old = json_object_get(comparison, "only_old");
    ck_assert_uint_eq(json_array_size(only_old), 1);
    ck_assert_str_eq(json_string_value(json_array_get(only_old, 0)), "a");
    json_decref(comparison);
    json_decref(before);
    json_decref(now);

    before = output("a", "x/s", 100, 0), now = output("a", "ns", 100, 0);
    comparison = bench_compare(before, now);
    ck_assert_uint_eq(json_array_size(json_object_get(comparison, "benchmarks")), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(comparison, "only_new")), 1);
    json_decref(comparison);
    json_decref(before);
    json_decref(now);
}
END_TEST

/* ---- the program ---- */

/* What the program prints on stdout (1 MiB at most); *status is its exit code. */
static char *run(const char *arguments, int *status)
{
    static char output[1 << 20];
    char command[512];
    snprintf(command, sizeof command, SOFTAC_BENCH " %s", arguments);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    const size_t n = fread(output, 1, sizeof output - 1, pipe);
    output[n] = '\0';
    const int ended = pclose(pipe);
    ck_assert(WIFEXITED(ended));
    *status = WEXITSTATUS(ended);
    return output;
}

/* Every shape with both algorithms, a name a line, in a fixed order. */
START_TEST(list)
{
    static const char *const shapes[] = {"pendulum", "halfcheetah", "ant",
                                         "humanoid", "small",       "halfcheetah_4096"};
    char want[1024] = "";
    for (int i = 0; i < 12; i++)
        snprintf(want + strlen(want), sizeof want - strlen(want), "update/%s/sac_v%d\n", shapes[i / 2],
                 1 + i % 2);
    int status;
    ck_assert_str_eq(run("update --list", &status), want);
    ck_assert_int_eq(status, 0);
    ck_assert_str_eq(run("update/ant --list", &status), "update/ant/sac_v1\nupdate/ant/sac_v2\n");
    ck_assert_int_eq(status, 0);
}
END_TEST

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(json_is_number(value), "no number \"%s\"", key);
    return json_number_value(value);
}

/* The machine's limits are there, in an order that any machine has. */
static void check_machine(const json_t *machine, double *peak)
{
    const char *kernels = json_string_value(json_object_get(machine, "kernels"));
    ck_assert_ptr_nonnull(kernels);
    ck_assert_int_gt((int)strlen(json_string_value(json_object_get(machine, "cpu"))), 0);
    ck_assert_int_eq((int)number(machine, "threads"), THREADS);
    ck_assert_double_gt(number(json_object_get(machine, "fma_peak_gflops"), kernels), 0);
    ck_assert_double_gt(number(machine, "timer_ns"), 0);
    *peak = 1e9 * number(machine, "fma_peak_gflops_of_threads");
    const json_t *bandwidth = json_object_get(machine, "bandwidth_gb_per_s");
    const size_t n = json_array_size(bandwidth);
    ck_assert_uint_ge(n, THREADS); /* memory at least, for one thread and for two */
    for (size_t i = 0; i < n; i++) {
        const json_t *level = json_array_get(bandwidth, i);
        ck_assert_double_gt(number(level, "read"), 0);
        ck_assert_double_gt(number(level, "write"), 0);
        ck_assert_double_gt(number(level, "copy"), 0);
        ck_assert_int_eq((int)number(level, "threads"), 1 + (int)i % THREADS);
    }
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(bandwidth, n - 1), "level")), "memory");
}

/* One benchmark is really run, on a team of two, and reported in the agreed shape: only what was asked for,
 * in order, with numbers that belong together. */
START_TEST(json)
{
    int status;
    json_error_t error;
    json_t *root = json_loads(
        run("update/small/sac_v2 --threads " TEXT(THREADS) " --seconds 0.05 --perf --json", &status), 0,
        &error);
    ck_assert_int_eq(status, 0);
    ck_assert_msg(root != NULL, "line %d: %s", error.line, error.text);
    double peak;
    check_machine(json_object_get(root, "machine"), &peak);

    const json_t *benchmarks = json_object_get(root, "benchmarks");
    ck_assert_uint_eq(json_array_size(benchmarks), 1);
    const json_t *b = json_array_get(benchmarks, 0);
    ck_assert_str_eq(json_string_value(json_object_get(b, "name")), "update/small/sac_v2");
    ck_assert_str_eq(json_string_value(json_object_get(b, "unit")), "updates/s");
    const double median = number(b, "median"), runs = number(b, "runs"), attempts = number(b, "attempts");
    ck_assert(0 < number(b, "min") && number(b, "min") <= number(b, "low_quartile"));
    ck_assert(number(b, "low_quartile") <= median && median <= number(b, "high_quartile"));
    ck_assert(number(b, "high_quartile") <= number(b, "max"));
    ck_assert_int_ge((int)runs, 3);
    ck_assert_uint_eq(json_array_size(json_object_get(b, "samples")), (size_t)runs);
    /* Either the undisturbed runs count, or, with fewer than three of them, some of the disturbed. */
    const double undisturbed = attempts - number(b, "disturbed");
    const bool noisy = json_is_true(json_object_get(b, "noisy"));
    ck_assert(noisy ? runs <= attempts : (int)runs == (int)undisturbed);
    ck_assert(noisy == (undisturbed < 3));

    /* An update is the sum of its layers, here 64 x 64 and 100 rows; none is faster than the peak allows. */
    const double flops = number(b, "flops");
    ck_assert_double_ge(flops, 12e6);
    ck_assert_double_le(flops, 18e6);
    double sum = 0;
    const json_t *layers = json_object_get(b, "layers");
    for (size_t i = 0; i < json_array_size(layers); i++)
        sum += number(json_array_get(layers, i), "flops");
    ck_assert_double_eq_tol(sum, flops, 1e-6 * flops);
    ck_assert_double_gt(number(b, "fraction_of_peak"), 0);
    ck_assert_double_le(number(b, "limit_value") * flops, 1.000001 * peak);
    ck_assert_int_eq((int)number(b, "threads"), THREADS);
    ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(b, "limit")), "fma "));
    json_decref(root);
}
END_TEST

/* ---- the program: --compare ---- */

static const char old_file[] = "test_bench_old.json";

static void write_old(const char *text)
{
    FILE *file = fopen(old_file, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void write_rate(const char *name, double median)
{
    json_t *old = output(name, "updates/s", median, 0);
    char *text = json_dumps(old, 0);
    write_old(text);
    free(text);
    json_decref(old);
}

/* A real run against made-up ones: far slower than before is exit code 3, far faster is not. */
START_TEST(compare_exit_codes)
{
    static const char arguments[] = "update/small/sac_v2 --seconds 0.03 --json --compare test_bench_old.json";
    static const struct {
        double median;
        int status;
        const char *verdict;
    } cases[] = {{1e9, 3, "slower"}, {1e-3, 0, "faster"}};
    for (int i = 0; i < 2; i++) {
        int status;
        write_rate("update/small/sac_v2", cases[i].median);
        json_t *root = json_loads(run(arguments, &status), 0, NULL);
        ck_assert_int_eq(status, cases[i].status);
        const json_t *one =
            json_array_get(json_object_get(json_object_get(root, "comparison"), "benchmarks"), 0);
        ck_assert_str_eq(json_string_value(json_object_get(one, "verdict")), cases[i].verdict);
        json_decref(root);
    }
    remove(old_file);
}
END_TEST

/* Files that are no output of softac-bench are refused by name, before anything is measured. */
START_TEST(compare_refusals)
{
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"", ":1: is not JSON"},
        {"{\"machine\": {},\n \"benchmarks\": [", ":2: is not JSON"},
        {"[]", "has no \"machine\""},
        {"{\"benchmarks\": []}", "has no \"machine\""},
        {"{\"machine\": {}, \"benchmarks\": {}}", "has no \"machine\""},
        {"{\"machine\": {}, \"benchmarks\": [1]}", "number 1 of its benchmarks"},
        {"{\"machine\": {}, \"benchmarks\": [{\"name\": \"a\", \"unit\": \"x/s\", \"median\": 3, \"min\": 1, "
         "\"max\": 2}]}",
         "number 1 of its benchmarks"},
    };
    int status;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_old(cases[i].text);
        const char *said = run("update/small --compare test_bench_old.json 2>&1", &status);
        ck_assert_msg(strstr(said, cases[i].sentence) != NULL, "case %zu: %s", i, said);
        ck_assert_ptr_nonnull(strstr(said, "softac-bench: test_bench_old.json"));
        ck_assert_int_eq(status, 1);
    }
    remove(old_file);
    ck_assert_ptr_nonnull(strstr(run("--compare test_bench_old.json 2>&1", &status), "can not be read"));
    ck_assert_int_eq(status, 1);
}
END_TEST

#ifdef HAVE_MUJOCO
/* A simulator whose files are missing takes the others' figures away from nobody; asked for alone, it is a
 * failure. Either way a line says what is missing. */
START_TEST(missing_models_are_skipped)
{
    int status;
    setenv("SOFTAC_MODEL_DIR", "/nonexistent", 1);
    const char *output =
        run("environment/halfcheetah-v5/1 environment/pendulum-v1/1 --seconds 0.01 --json 2>&1", &status);
    ck_assert_int_eq(status, 0);
    ck_assert_ptr_nonnull(strstr(output, "environment/halfcheetah-v5/1 is skipped: "));
    ck_assert_ptr_nonnull(strstr(output, "\"environment/pendulum-v1/1\""));
    ck_assert_ptr_null(strstr(output, "\"environment/halfcheetah-v5/1\""));
    run("environment/halfcheetah-v5/1 --seconds 0.01 2>&1", &status);
    ck_assert_int_eq(status, 1);
}
END_TEST
#endif

/* Usage errors are exit code 2, say what was wrong on stderr alone, and run nothing. */
START_TEST(usage)
{
    static const char *const wrong[] = {"no-such-name",   "--no-such-option",  "--threads 0", "--threads x",
                                        "--threads",      "--threads 999",     "--seconds 0", "--seconds",
                                        "--seconds 1y",   "--seconds nan",     "--json=1",    "--compare",
                                        "update/small x", "--list --compare f"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char arguments[128];
        int status;
        snprintf(arguments, sizeof arguments, "%s 2>&1 >/dev/null", wrong[i]);
        ck_assert_ptr_nonnull(strstr(run(arguments, &status), "softac-bench: "));
        ck_assert_int_eq(status, 2);
        snprintf(arguments, sizeof arguments, "%s 2>/dev/null", wrong[i]);
        ck_assert_str_eq(run(arguments, &status), "");
    }
    int status;
    ck_assert_ptr_nonnull(strstr(run("--help", &status), "usage: softac-bench"));
    ck_assert_int_eq(status, 0);
}
END_TEST

/* A wrong name or option is answered with the nearest right one, beginnings of names included. */
START_TEST(nearest)
{
    int status;
    ck_assert_ptr_nonnull(strstr(run("--thraeds 2 2>&1", &status), "did you mean --threads?"));
    ck_assert_ptr_nonnull(strstr(run("updat/ant 2>&1", &status), "did you mean update/ant?"));
    ck_assert_ptr_nonnull(strstr(run("update/smal/sac_v3 2>&1", &status), "did you mean update/small/sac_v"));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("bench");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, quantiles);
    tcase_add_test(tc, ratio_intervals);
    tcase_add_test(tc, disturbances);
    tcase_add_test(tc, losses);
    tcase_add_test(tc, ticks_feign_nothing);
    tcase_add_test(tc, unknown_disturbs_nothing);
    tcase_add_test(tc, crew_is_pinned);
    tcase_add_test(tc, units);
    tcase_add_test(tc, cpu_order);
    tcase_add_test(tc, scaling_summary);
    tcase_add_test(tc, verdicts);
    tcase_add_test(tc, other_limits);
    tcase_add_test(tc, noisy_sides);
    tcase_add_test(tc, without_samples);
    tcase_add_test(tc, missing_names);
    tcase_add_test(tc, list);
    tcase_add_test(tc, json);
    tcase_add_test(tc, compare_exit_codes);
    tcase_add_test(tc, compare_refusals);
    tcase_add_test(tc, usage);
#ifdef HAVE_MUJOCO
    tcase_add_test(tc, missing_models_are_skipped);
#endif
    tcase_add_test(tc, nearest);
    return suite_run(CK_FORK_GETENV, "bench", 1, tc);
}
