/* What becomes of the cost of one step, record or batch as threads grow: told from results of scaling/.../N.
 */
#ifndef SAC_SCALING_REPORT_H
#define SAC_SCALING_REPORT_H

#include <jansson.h>

/* An object for each of them among `benchmarks` (of --json): "name", "count" (N), "value", "unit", "cost_ns"
 * (time of one thread for one unit), "efficiency" (1: as good as the least N of its kind; of threads beyond
 * `cores` nothing is expected) and "beyond_cores". The caller's. */
json_t *bench_scaling_summary(const json_t *benchmarks, int cores);

void bench_scaling_print(const json_t *summary, int cores);

/* Machine, results and summary as a page in Markdown; `output` is what --json prints. */
void bench_markdown_print(const json_t *output);

#endif
