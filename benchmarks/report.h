/* What softac-bench tells: as JSON, and as tables for people. */
#ifndef SAC_BENCH_REPORT_H
#define SAC_BENCH_REPORT_H

#include <jansson.h>

#include "harness.h"

/* The machine with its limits, as far as they are known by now. */
json_t *report_machine_json(const struct bench_harness *harness);
json_t *report_result_json(const struct benchmark *benchmark, const struct bench_result *result);
void report_print_json(const json_t *json);

int report_list(const struct benchmark *list, int count, bool json); /* the exit status */

void report_machine(const struct bench_harness *harness);
void report_head(void);
void report_result(const struct benchmark *benchmark, const struct bench_result *result);
/* What the marks in the table mean, where there are any. */
void report_foot(const struct bench_harness *harness, bool noisy);
void report_comparison(const json_t *comparison, const json_t *old_output, const char *path);

#endif
