/* How many cores a run can use, and what to say when that is few of many: a learner that needs all its time
 * for its updates lets env threads step only as often as update_to_data allows, however many there are. */
#ifndef SAC_USEFUL_CORES_H
#define SAC_USEFUL_CORES_H

#include <stdbool.h>
#include <stddef.h>

#include <softac/trainer.h>

/* Estimated before a run, measured in its course. */
struct sac_core_use {
    double capacity;      /* cores that this process may keep busy */
    int learner_threads;  /* that share the updates */
    double env_duty;      /* cores that env threads keep busy beside them */
    double learner_waits; /* share of its time that the learner sleeps for want of steps */
};

/* Before anything is measured: an update is taken to be as fast as on the fastest cores of today, and an
 * environment as slow as a large simulated robot, so that the cores that env threads need are rather more
 * than less. */
double sac_useful_env_duty(double update_flops, int learner_threads, double update_to_data, int env_threads);

int sac_useful_cores(const struct sac_core_use *use);
/* Is the learner the bottleneck, and at least half of the cores idle? */
bool sac_learner_bound(const struct sac_core_use *use);
/* The sentence for it: "learner-bound: about 3 of 64 cores useful; try ADVICE, or several seeds side by
 * side". NULL advice: seeds alone. */
void sac_learner_bound_sentence(const struct sac_core_use *use, const char *advice, char *text, size_t size);

/* Before sac_trainer_run: what to advise when its run is learner-bound. Kept, not copied; NULL: nothing. */
void sac_trainer_advise(struct sac_trainer *trainer, const char *advice);

#endif
