/* Results as JSON and as words. */
#ifndef SAC_REPORT_H
#define SAC_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include <softac/trainer.h>

/* A number, or null where there is none (NaN). */
json_t *report_number(double number);
json_t *report_progress(const struct sac_progress *progress);
json_t *report_evaluation(const struct sac_evaluation *evaluation, const char *environment);

/* One line on stdout at once; takes `line` over. */
void report_line(json_t *line);

/* "Pendulum-v1: mean return -150.3 ..." for people, with a newline. */
void report_words(FILE *stream, const struct sac_evaluation *evaluation, const char *environment);

#endif
