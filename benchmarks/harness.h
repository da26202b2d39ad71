/* How a benchmark is timed. */
#ifndef SAC_HARNESS_H
#define SAC_HARNESS_H

#include "bench.h"

enum { BENCH_MAX_RUNS = 64 };

struct bench_result {
    double median, min, max; /* in the benchmark's unit, over runs */
    int runs;
    double fraction_of_peak; /* 0: has no limit to compare with */
};

/* peak: fp32 operations per second of one core. */
enum sac_status bench_run(const struct benchmark *benchmark, const struct bench_options *options, double peak,
                          struct bench_result *result);

#endif
