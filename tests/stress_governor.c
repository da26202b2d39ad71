/* Governor and replay together, with random delays in all threads, tiny rings, safe points and stops at
 * random moments: nobody hangs, both bounds hold all the time, and budgets end exact. */
#include <stdio.h>
#include <string.h>

#include "assertion.h"
#include "governor_run.h"
#include "stress.h"

static struct governor_run run;

static void prepare(uint64_t *random)
{
    static const int64_t p[] = {1, 1, 1, 20, 5, 7}, q[] = {1, 64, 3, 1, 2, 10};
    const uint32_t ratio = stress_random(random) % 6;
    memset(&run, 0, sizeof run);
    run.settings.mode = stress_random(random) % 2 ? SAC_LOCKSTEP : SAC_ASYNC;
    run.settings.environments = 4 + (int)(stress_random(random) % 5);
    run.settings.steps = 300 + stress_random(random) % 1000;
    run.settings.warmup_steps = stress_random(random) % 3 * 100;
    run.settings.replay_capacity = run.settings.environments * (3 + (int64_t)(stress_random(random) % 20));
    run.settings.updates_per_round = 1 + (int)(stress_random(random) % 8);
    run.settings.update_to_data = (double)p[ratio] / (double)q[ratio];
    run.p = p[ratio];
    run.q = q[ratio];
    run.env_threads = 1 + (int)(stress_random(random) % 4);
    run.env_delay = run.learner_delay = stress_delay;
    run.draw = true;
}

/* A few safe points, during which nothing moves. */
static void pause_often(uint64_t *random)
{
    for (uint32_t i = stress_random(random) % 10; i > 0; i--) {
        SAC_ASSERT(sac_governor_pause(run.governor));
        const int64_t steps = run.env_context[0].steps;
        const uint64_t drawn = run.drawn;
        stress_delay(random);
        SAC_ASSERT(run.env_context[0].steps == steps && run.drawn == drawn);
        sac_governor_resume(run.governor);
        stress_delay(random);
    }
}

static void whole_run(uint64_t *random)
{
    governor_run_start(&run);
    pause_often(random);
    governor_run_finish(&run);
}

static void stopped_run(uint64_t *random)
{
    governor_run_start(&run);
    if (stress_random(random) % 2)
        pause_often(random);
    else
        usleep(stress_random(random) % 2000);
    sac_governor_stop(run.governor);
    governor_run_join(&run);
    SAC_ASSERT(sac_governor_steps(run.governor) <= run.settings.steps);
    governor_run_destroy(&run);
}

int main(void)
{
    const int64_t runs = stress_amount(200);
    uint64_t random = 1;
    int64_t steps = 0, updates = 0;
    for (int64_t i = 0; i < runs; i++) {
        prepare(&random);
        whole_run(&random);
        steps += run.settings.steps;
        updates += (int64_t)run.updates;
        prepare(&random);
        stopped_run(&random);
    }
    printf("%lld whole runs (%lld steps, %lld updates) and as many stopped ones: no hang, no bound broken\n",
           (long long)runs, (long long)steps, (long long)updates);
    return 0;
}
