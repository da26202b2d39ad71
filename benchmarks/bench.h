/* What a benchmark is, and how it is timed. */
#ifndef SAC_BENCH_H
#define SAC_BENCH_H

#include <stdint.h>

#include <softac/status.h>

struct bench_options {
    int threads;    /* of the learner's team in update/... */
    double seconds; /* of timing per benchmark, preparation not counted */
    double peak;    /* fp32 operations per second of one core, measured in this run */
};

enum { BENCH_MAX_RUNS = 64 };

struct bench_result {
    double median, min, max; /* in the benchmark's unit, over runs */
    int runs;
    double fraction_of_peak; /* 0: has no limit to compare with */
};

struct benchmark {
    char name[64];
    const char *unit;
    const void *subject; /* what `run` needs to know which of its kind this is */
    enum sac_status (*run)(const struct benchmark *benchmark, const struct bench_options *options,
                           struct bench_result *result);
};

/* The benchmarks of a file: append them and return how many there are now. */
int bench_update_list(struct benchmark *list, int count);

/* Time work(context) in runs of about a tenth of options->seconds each, at least three; rates are calls per
 * second. */
void bench_time(void (*work)(void *context), void *context, const struct bench_options *options,
                struct bench_result *result);

#endif
