/* Runs, and what is told of them. */
#include "harness.h"

#include <stdlib.h>

#include "thread.h"

enum { LEAST_RUNS = 3, WANTED_RUNS = 10 };

static double time_calls(const struct benchmark *benchmark, void *state, int64_t calls)
{
    const uint64_t start = sac_time_ns();
    benchmark->run(state, calls);
    return (double)(sac_time_ns() - start + 1) * 1e-9;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void time_runs(const struct benchmark *benchmark, void *state, const struct bench_options *options,
                      double units, struct bench_result *result)
{
    double rate[BENCH_MAX_RUNS], elapsed = 0;
    const double one = time_calls(benchmark, state, 1);
    const int64_t calls = 1 + (int64_t)(options->seconds / WANTED_RUNS / one);
    int runs = 0;
    while (runs < BENCH_MAX_RUNS && (runs < LEAST_RUNS || elapsed < options->seconds)) {
        const double seconds = time_calls(benchmark, state, calls);
        elapsed += seconds;
        rate[runs++] = (double)calls * units / seconds;
    }
    qsort(rate, (size_t)runs, sizeof *rate, by_size);
    result->runs = runs;
    result->min = rate[0];
    result->max = rate[runs - 1];
    result->median = (rate[(runs - 1) / 2] + rate[runs / 2]) / 2;
}

enum sac_status bench_run(const struct benchmark *benchmark, const struct bench_options *options, double peak,
                          struct bench_result *result)
{
    void *state = NULL;
    enum sac_status status = benchmark->create(benchmark, options, &state);
    if (status != SAC_OK)
        return status;
    struct bench_cost cost = {.threads = 1};
    benchmark->describe(state, &cost);
    time_runs(benchmark, state, options, cost.units, result);
    result->fraction_of_peak = result->median / cost.units * cost.flops / (peak * cost.threads);
    if (benchmark->check != NULL)
        status = benchmark->check(state);
    benchmark->destroy(state);
    return status;
}
