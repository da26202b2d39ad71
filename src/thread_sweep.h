/* Which numbers of threads `softac tune` tries, and which it takes: pure functions. */
#ifndef SAC_THREAD_SWEEP_H
#define SAC_THREAD_SWEEP_H

#include <stdbool.h>

/* What one short run has shown. */
struct sac_sweep_run {
    int env_threads, learner_threads;
    double steps_per_second, updates_per_second;
    double env_waits, learner_waits; /* share of its time that a thread of each side slept for the other */
};

enum { SAC_MOST_SWEEP_RUNS = 64 };

struct sac_sweep {
    int cores, environments, most_learner_threads; /* what there is */
    int count;
    struct sac_sweep_run run[SAC_MOST_SWEEP_RUNS]; /* (count) measured so far */
};

/* The next pair to measure: first 1, 2, 4 ... learner threads, the cores left stepping environments, then
 * with the best of them 1, 2, 4 ... env threads. False: all are measured. */
bool sac_sweep_next(const struct sac_sweep *sweep, int *env_threads, int *learner_threads);

/* The run with the most steps per second; of those that are as fast but for the noise of a short measurement,
 * the one with the fewest threads. NULL: none is measured. */
const struct sac_sweep_run *sac_sweep_best(const struct sac_sweep *sweep);

#endif
