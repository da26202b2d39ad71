/* A small environment for tests: a point on a plane that should go to the origin. Counts what is asked of it.
 */
#ifndef TESTS_POINT_MASS_H
#define TESTS_POINT_MASS_H

#include <softac/env.h>

#include <stdatomic.h>

enum { POINT_MASS_THREADS = 64 };

/* What to do wrong and when; set before a run. Steps are counted over all environments of the run. */
struct point_mass_faults {
    int64_t error_at; /* step() fails at this step; 0: never */
    int64_t nan_observation_at;
    int64_t nan_reward_at;
    int64_t reset_error_at; /* reset() fails after so many steps */
    int slow_us;            /* every call of step() takes so long */
};

extern struct point_mass_faults point_mass_faults;
extern _Atomic int64_t point_mass_steps;     /* steps of training and evaluation environments so far */
extern _Atomic int64_t point_mass_instances; /* alive */
/* Steps by each thread that stepped, in order of appearance. */
extern _Atomic int64_t point_mass_thread_steps[POINT_MASS_THREADS];
extern _Atomic int point_mass_threads;
/* Called in every step() when set: looks from inside the env thread. */
extern void (*point_mass_probe)(void);

void point_mass_clear(void);

/* 4 observations (position, velocity), 2 actions; terminates when far away, step limit 40. */
extern const struct sac_env_ops point_mass;

#endif
