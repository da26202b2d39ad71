/* How benchmarks are run: in groups whose members take turns, each run between two probes of its limit. */
#ifndef SAC_HARNESS_H
#define SAC_HARNESS_H

#include "bench.h"
#include "crew.h"
#include "limits.h"
#include "perf_counters.h"

enum { BENCH_MOST_RUNS = 256 };

struct bench_result {
    /* Runs that count: the undisturbed ones, or where too few were, the least disturbed. In the benchmark's
     * unit. */
    int runs;
    double sample[BENCH_MOST_RUNS];
    double limit_sample[BENCH_MOST_RUNS]; /* what the limit's probes around that run allow */
    double median, min, max, low_quartile, high_quartile;

    int attempts, disturbed; /* all runs; of these those that something disturbed */
    bool noisy;              /* too few were undisturbed: disturbed ones count */
    unsigned causes;         /* of the disturbed ones, all together */

    struct bench_cost cost;
    bool limited;       /* else the next three say nothing */
    char limit[64];     /* which */
    double limit_value; /* median of limit_sample */
    double fraction;    /* of its limit: median over the runs; 1 is what the machine can do at most */

    bool counted;                /* with --perf */
    struct sac_perf_counts perf; /* of one unit, mean over the runs */
    json_t *table;               /* or NULL */
};
void bench_result_destroy(struct bench_result *result); /* takes NULL */

struct bench_harness {
    struct bench_options options;
    struct bench_crew *crew;
    struct bench_limits *limits;
    const struct sac_perf_counters *counters; /* NULL: not counting */
};

/* Run a group: the first benchmarks of list (count) that go together and fit into memory together; *ran is
 * how many these are. result (*ran): on failure nothing is left in it. */
enum sac_status bench_group_run(struct bench_harness *harness, const struct benchmark *list, int count,
                                struct bench_result *result, int *ran);

#endif
