/* Two outputs of softac-bench --json, benchmark by benchmark. */
#ifndef SAC_COMPARE_H
#define SAC_COMPARE_H

#include <jansson.h>

#include <softac/status.h>

/* A share of speed; less is no finding. */
#define BENCH_THRESHOLD 0.05

/* SAC_IO: no such file; SAC_FORMAT: not such an output. The sentences name the file. */
enum sac_status bench_comparison_read(const char *path, json_t **output);

/* {"threshold", "slower": how many, "benchmarks": [...], "only_old": [names], "only_new": [names]}; each of
 * the benchmarks has
 *   "name", "ratio", "low", "high"          speed now over speed then with its 95 % interval: above 1 is
 * faster "normalised_ratio", ..._low, ..._high   the same in shares of the limits, where these differ by 3 %
 * or more "verdict"  "slower", "faster": the interval (the normalised one where there is one) lies wholly
 * beyond 1 - threshold, 1 + threshold; else "same". NULL: no memory. */
json_t *bench_compare(const json_t *old_output, const json_t *new_output);

#endif
