/* One number after the other, as the best number of learner threads hardly depends on that of env threads
 * while these are enough. */
#include "thread_sweep.h"

#include <stddef.h>

#include "integers.h"

static const double NOISE = 0.03;

/* 1, 2, 4 ... and `end` itself; 0 behind it. */
static int following(int number, int end)
{
    return number == end ? 0 : sac_least(2 * number, end);
}

static const struct sac_sweep_run *find(const struct sac_sweep *s, int env_threads, int learner_threads)
{
    for (int i = 0; i < s->count; i++)
        if (s->run[i].env_threads == env_threads && s->run[i].learner_threads == learner_threads)
            return &s->run[i];
    return NULL;
}

static int threads(const struct sac_sweep_run *run)
{
    return run->env_threads + run->learner_threads;
}

const struct sac_sweep_run *sac_sweep_best(const struct sac_sweep *s)
{
    double fastest = 0;
    const struct sac_sweep_run *best = NULL;
    for (int i = 0; i < s->count; i++)
        fastest = s->run[i].steps_per_second > fastest ? s->run[i].steps_per_second : fastest;
    for (int i = 0; i < s->count; i++) {
        const struct sac_sweep_run *run = &s->run[i];
        if (run->steps_per_second >= (1 - NOISE) * fastest && (!best || threads(run) < threads(best)))
            best = run;
    }
    return best;
}

static bool fits(const struct sac_sweep *s)
{
    return s->count < SAC_MOST_SWEEP_RUNS;
}

bool sac_sweep_next(const struct sac_sweep *s, int *env_threads, int *learner_threads)
{
    const int learners = sac_most(1, sac_least(s->cores, s->most_learner_threads));
    for (int n = 1; n && fits(s); n = following(n, learners)) {
        const int left = sac_most(1, sac_least(s->cores - n, s->environments));
        *env_threads = left, *learner_threads = n;
        if (!find(s, left, n))
            return true;
    }
    const struct sac_sweep_run *best = sac_sweep_best(s);
    for (int n = 1; n && best && fits(s);
         n = following(n, sac_most(1, sac_least(s->cores, s->environments)))) {
        *env_threads = n, *learner_threads = best->learner_threads;
        if (!find(s, n, best->learner_threads))
            return true;
    }
    return false;
}
