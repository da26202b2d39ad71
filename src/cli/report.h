/* Results as JSON and as words. */
#ifndef SAC_REPORT_H
#define SAC_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include <softac/trainer.h>

#include "../perf_counters.h"

/* A number, or null where there is none (NaN). */
json_t *report_number(double number);
json_t *report_progress(const struct sac_progress *progress);
json_t *report_evaluation(const struct sac_evaluation *evaluation, const char *environment);

/* One line on stdout at once; takes `line` over. */
void report_line(json_t *line);

/* "Pendulum-v1: mean return -150.3 ..." for people, with a newline. */
void report_words(FILE *stream, const struct sac_evaluation *evaluation, const char *environment);

/* Hardware events of a group of threads, each per `unit` ("update"), of which there were `units`. */
json_t *report_events(const struct sac_perf_counts *counts, double units, const char *unit);
/* The same as a line: "learner: 1.2e+07 cycles per update, ..."; what was not counted is left out. */
void report_events_words(FILE *stream, const char *group, const struct sac_perf_counts *counts, double units,
                         const char *unit);

#endif
