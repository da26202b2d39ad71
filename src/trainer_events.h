/* Hardware events of a training run, by group of threads. */
#ifndef SAC_TRAINER_EVENTS_H
#define SAC_TRAINER_EVENTS_H

#include <softac/trainer.h>

#include "perf_counters.h"

struct sac_trainer_events {
    struct sac_perf_counts env_threads, learner; /* over a group's threads, from their start to their end */
    const char *reason;                          /* why some are missing; "": none is. The trainer's */
};

/* Before sac_trainer_run: count them during it. */
enum sac_status sac_trainer_count_events(struct sac_trainer *trainer);
/* After it. Everything is missing where nothing was to be counted. */
void sac_trainer_events(const struct sac_trainer *trainer, struct sac_trainer_events *events);

#endif
