/* Runs, and what is told of them. */
#include "bench.h"

#include <stdlib.h>

#include "thread.h"

enum { LEAST_RUNS = 3, WANTED_RUNS = 10 };

static double time_calls(void (*work)(void *context), void *context, int64_t calls)
{
    const uint64_t start = sac_time_ns();
    for (int64_t i = 0; i < calls; i++)
        work(context);
    return (double)(sac_time_ns() - start + 1) * 1e-9;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void bench_time(void (*work)(void *context), void *context, const struct bench_options *options,
                struct bench_result *result)
{
    double rate[BENCH_MAX_RUNS], elapsed = 0;
    const double one = time_calls(work, context, 1);
    const int64_t calls = 1 + (int64_t)(options->seconds / WANTED_RUNS / one);
    int runs = 0;
    while (runs < BENCH_MAX_RUNS && (runs < LEAST_RUNS || elapsed < options->seconds)) {
        const double seconds = time_calls(work, context, calls);
        elapsed += seconds;
        rate[runs++] = (double)calls / seconds;
    }
    qsort(rate, (size_t)runs, sizeof *rate, by_size);
    result->runs = runs;
    result->min = rate[0];
    result->max = rate[runs - 1];
    result->median = (rate[(runs - 1) / 2] + rate[runs / 2]) / 2;
}
