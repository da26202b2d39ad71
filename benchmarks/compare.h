/* Two outputs of softac-bench --json, benchmark by benchmark. */
#ifndef SAC_COMPARE_H
#define SAC_COMPARE_H

#include <jansson.h>

#include <softac/status.h>

/* A share of speed; less is no finding. */
#define BENCH_THRESHOLD 0.05

/* SAC_IO: no such file; SAC_FORMAT: not such an output. The sentences name the file. */
enum sac_status bench_comparison_read(const char *path, json_t **output);

/* {"threshold", "slower": how many, "benchmarks": [...], "only_old": [names], "only_new": [names]}; NULL: no
 * memory. Each of the benchmarks has a "name" and
 *
 * "ratio", "low", "high": speed now over speed then with its 95 % interval, above 1 is faster; where too few
 * runs of a side were undisturbed, the interval is that of the extremes.
 *
 * "normalised_ratio", "normalised_low", "normalised_high": the same in shares of the limits, where these
 * differ by 3 % or more.
 *
 * "verdict": "slower" or "faster" where all intervals lie wholly beyond the threshold, else "same". */
json_t *bench_compare(const json_t *old_output, const json_t *new_output);

#endif
