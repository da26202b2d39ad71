/* Medians are compared by the bootstrap over the runs of both outputs. Where the limit that bounds a
 * benchmark was another one, on another machine or on one that was busy, it is the shares of it that are
 * judged. */
#include "compare.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "harness.h"
#include "statistics.h"
#include "unit.h"

static const double least_limit_difference = 0.03;
static const double rounding = 1e-3; /* between a median that was printed and that of the printed samples */

/* ---- reading ---- */

static double number_of(const json_t *benchmark, const char *key)
{
    return json_number_value(json_object_get(benchmark, key)); /* 0 where there is none */
}

/* Positive and in order: what else it holds may come from an older or newer program. */
static bool is_benchmark(const json_t *b)
{
    const double median = number_of(b, "median"), min = number_of(b, "min"), max = number_of(b, "max");
    return json_is_string(json_object_get(b, "name")) && json_is_string(json_object_get(b, "unit")) &&
           min > 0 && min <= median && median <= max && isfinite(max);
}

static enum sac_status check(const char *path, const json_t *output)
{
    const json_t *benchmarks = json_object_get(output, "benchmarks");
    if (!json_is_object(json_object_get(output, "machine")) || !json_is_array(benchmarks))
        return sac_fail(
            SAC_FORMAT,
            "%s: has no \"machine\" with \"benchmarks\": expected what softac-bench --json prints", path);
    for (size_t i = 0; i < json_array_size(benchmarks); i++) {
        if (!is_benchmark(json_array_get(benchmarks, i)))
            return sac_fail(SAC_FORMAT,
                            "%s: number %zu of its benchmarks lacks a name, a unit, or 0 < min <= median <= "
                            "max: expected what softac-bench --json prints",
                            path, i + 1);
    }
    return SAC_OK;
}

enum sac_status bench_comparison_read(const char *path, json_t **output)
{
    json_error_t error;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL && json_error_code(&error) == json_error_cannot_open_file)
        return sac_fail(SAC_IO, "%s: can not be read", path);
    if (json == NULL)
        return sac_fail(SAC_FORMAT, "%s:%d: is not JSON (%s): expected what softac-bench --json prints", path,
                        error.line, error.text);
    const enum sac_status status = check(path, json);
    if (status != SAC_OK) {
        json_decref(json);
        return status;
    }
    *output = json;
    return SAC_OK;
}

/* ---- one benchmark ---- */

/* Speeds of the runs: more is faster. */
struct speeds {
    int count;
    double value[BENCH_MOST_RUNS];
};

static void append_speed(struct speeds *speeds, const json_t *benchmark, double value)
{
    const char *unit = json_string_value(json_object_get(benchmark, "unit"));
    speeds->value[speeds->count++] = bench_unit_is_rate(unit) ? value : 1 / value;
}

/* The samples where they are there and belong to the median, else what the summary tells. */
static struct speeds speeds_of(const json_t *benchmark)
{
    struct speeds speeds = {0};
    const json_t *samples = json_object_get(benchmark, "samples");
    double value[BENCH_MOST_RUNS];
    const double median = number_of(benchmark, "median");
    int count = 0;
    for (size_t i = 0; i < json_array_size(samples) && count < BENCH_MOST_RUNS; i++) {
        const double sample = json_number_value(json_array_get(samples, i));
        if (sample > 0)
            value[count++] = sample;
    }
    if (count > 0 && fabs(bench_median(value, count) / median - 1) <= rounding) {
        for (int i = 0; i < count; i++)
            append_speed(&speeds, benchmark, value[i]);
        return speeds;
    }
    append_speed(&speeds, benchmark, number_of(benchmark, "min"));
    append_speed(&speeds, benchmark, median);
    append_speed(&speeds, benchmark, number_of(benchmark, "max"));
    return speeds;
}

/* How much faster the limit itself allows it to be now: 1 where that is not known or hardly differs. */
static double limits_ratio(const json_t *old_benchmark, const json_t *new_benchmark)
{
    const char *unit = json_string_value(json_object_get(new_benchmark, "unit"));
    const double before = number_of(old_benchmark, "limit_value");
    const double now = number_of(new_benchmark, "limit_value");
    if (!(before > 0 && now > 0))
        return 1;
    const double ratio = bench_unit_is_rate(unit) ? now / before : before / now;
    return fabs(ratio - 1) >= least_limit_difference ? ratio : 1;
}

static bool is_noisy(const json_t *benchmark)
{
    return json_is_true(json_object_get(benchmark, "noisy"));
}

/* Runs that were disturbed all the time tell no more than their extremes do. */
static struct bench_interval interval_of(const json_t *old_benchmark, const json_t *new_benchmark,
                                         const struct speeds *before, const struct speeds *now)
{
    if (!is_noisy(old_benchmark) && !is_noisy(new_benchmark))
        return bench_ratio_interval(now->value, now->count, before->value, before->count);
    return (struct bench_interval){
        bench_quantile(now->value, now->count, 0) / bench_quantile(before->value, before->count, 1),
        bench_quantile(now->value, now->count, 1) / bench_quantile(before->value, before->count, 0)};
}

/* Both the speed and, where the limits differ, the share of the limit must have changed. */
static const char *verdict_of(struct bench_interval interval, double limits)
{
    if (fmax(interval.high, interval.high / limits) < 1 - BENCH_THRESHOLD)
        return "slower";
    if (fmin(interval.low, interval.low / limits) > 1 + BENCH_THRESHOLD)
        return "faster";
    return "same";
}

static json_t *compare_one(const json_t *old_benchmark, const json_t *new_benchmark)
{
    const struct speeds before = speeds_of(old_benchmark), now = speeds_of(new_benchmark);
    const double ratio = bench_median(now.value, now.count) / bench_median(before.value, before.count);
    const struct bench_interval interval = interval_of(old_benchmark, new_benchmark, &before, &now);
    const double limits = limits_ratio(old_benchmark, new_benchmark);
    json_t *json = json_pack("{s:O, s:f, s:f, s:f}", "name", json_object_get(new_benchmark, "name"), "ratio",
                             ratio, "low", interval.low, "high", interval.high);
    if (limits < 1 || limits > 1) {
        json_object_set_new(json, "normalised_ratio", json_real(ratio / limits));
        json_object_set_new(json, "normalised_low", json_real(interval.low / limits));
        json_object_set_new(json, "normalised_high", json_real(interval.high / limits));
    }
    json_object_set_new(json, "verdict", json_string(verdict_of(interval, limits)));
    return json;
}

/* ---- all ---- */

static const char *name_of(const json_t *benchmark)
{
    return json_string_value(json_object_get(benchmark, "name"));
}

/* One of the same name and unit, or NULL. */
static const json_t *find(const json_t *benchmarks, const json_t *wanted)
{
    for (size_t i = 0; i < json_array_size(benchmarks); i++) {
        const json_t *b = json_array_get(benchmarks, i);
        if (strcmp(name_of(b), name_of(wanted)) == 0 &&
            json_equal(json_object_get(b, "unit"), json_object_get(wanted, "unit")))
            return b;
    }
    return NULL;
}

/* Names of those in `some` that `others` lack. */
static json_t *names_missing(const json_t *some, const json_t *others)
{
    json_t *names = json_array();
    for (size_t i = 0; i < json_array_size(some); i++) {
        const json_t *b = json_array_get(some, i);
        if (find(others, b) == NULL)
            json_array_append_new(names, json_string(name_of(b)));
    }
    return names;
}

json_t *bench_compare(const json_t *old_output, const json_t *new_output)
{
    const json_t *before = json_object_get(old_output, "benchmarks");
    const json_t *now = json_object_get(new_output, "benchmarks");
    json_t *compared = json_array();
    int slower = 0;
    for (size_t i = 0; i < json_array_size(now); i++) {
        const json_t *b = json_array_get(now, i), *old_b = find(before, b);
        if (old_b == NULL)
            continue;
        json_t *one = compare_one(old_b, b);
        slower += strcmp(json_string_value(json_object_get(one, "verdict")), "slower") == 0;
        json_array_append_new(compared, one);
    }
    return json_pack("{s:f, s:i, s:o, s:o, s:o}", "threshold", BENCH_THRESHOLD, "slower", slower,
                     "benchmarks", compared, "only_old", names_missing(before, now), "only_new",
                     names_missing(now, before));
}
