/* What a run has done so far, and what it did since the look before. Belongs to the main thread; reads
 * everybody's counters. */
#ifndef SAC_METER_H
#define SAC_METER_H

#include <softac/trainer.h>

#include "env_thread.h"
#include "governor.h"
#include "learner.h"

/* CPU time of threads so far; NaN: not known. */
struct sac_cpu_seconds {
    double env_threads, learner;
};

/* Sums since the start of the run. */
struct sac_look {
    uint64_t time_ns;
    int64_t steps;
    uint64_t updates; /* whole rounds of them, as of the same moment as the steps */
    uint64_t env_wait, learner_wait;
    struct sac_cpu_seconds cpu_seconds;
    uint64_t losses_of; /* updates that these are sums over */
    double critic_loss, value_loss, policy_loss, temperature_loss, entropy;
};

struct sac_meter;

/* What it looks at; all must outlive it. */
struct sac_meter_context {
    const struct sac_settings *settings;
    struct sac_governor *governor;
    struct sac_learner *learner;
    struct sac_env_thread *const *env_thread; /* (env_threads) */
    int env_threads;
};

enum sac_status sac_meter_create(const struct sac_meter_context *context, struct sac_meter **meter);
void sac_meter_destroy(struct sac_meter *meter); /* takes NULL */

/* The run starts now. */
void sac_meter_start(struct sac_meter *meter);
/* Describe the run, and what happened since the last look or the start. Fills all fields of *progress but
 * `learner_threads`. */
void sac_meter_look(struct sac_meter *meter, struct sac_cpu_seconds used, struct sac_progress *progress);
/* The last look, or the start. */
const struct sac_look *sac_meter_last(const struct sac_meter *meter);

#endif
