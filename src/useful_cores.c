/* Pure functions of numbers of threads and what they cost. */
#include "useful_cores.h"

#include <math.h>
#include <stdio.h>

/* Floating point operations per second that a learner thread makes at most, AVX-512 and its wide units. */
static const double FASTEST_LEARNER = 1.5e11;
/* Seconds a step of an environment takes, policy included: MuJoCo's Humanoid. */
static const double SLOW_STEP = 2e-4;
/* Less than this much work more needs no further core. */
static const double SMALL_DUTY = 0.1;
/* A learner that sleeps longer is not what the others wait for. */
static const double BUSY_LEARNER = 0.1;

double sac_useful_env_duty(double update_flops, int learner_threads, double update_to_data, int env_threads)
{
    const double updates_per_second = FASTEST_LEARNER * learner_threads / update_flops;
    return fmin(updates_per_second / update_to_data * SLOW_STEP, env_threads);
}

int sac_useful_cores(const struct sac_core_use *use)
{
    return use->learner_threads + (int)fmax(1, ceil(use->env_duty - SMALL_DUTY));
}

bool sac_learner_bound(const struct sac_core_use *use)
{
    return use->learner_waits < BUSY_LEARNER && 2 * sac_useful_cores(use) <= use->capacity;
}

void sac_learner_bound_sentence(const struct sac_core_use *use, const char *advice, char *text, size_t size)
{
    snprintf(text, size, "learner-bound: about %d of %.3g cores useful; try %s%sseveral seeds side by side",
             sac_useful_cores(use), use->capacity, advice ? advice : "", advice ? ", or " : "");
}
