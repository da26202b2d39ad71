/* Whole asynchronous trainings on Pendulum-v1, with the evaluator on, safe points and copies of the policy
 * while they run, more threads than cores, and stops: at each safe point every record that can be read is of
 * Pendulum, in its episode's order, and by a policy that was there. Under ThreadSanitizer this is the
 * trainer's test. usage: stress_trainer [SECONDS]   (0: some runs) */
#include <softac/softac.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "assertion.h"
#include "environment.h"
#include "safe_point.h"
#include "stress.h"
#include "thread.h"

enum { STEP_LIMIT = 200, VISITS = 4 };

static bool forget_updates; /* a mistake on purpose */

struct run {
    struct sac_trainer *trainer;
    int environments;
    int looks_left;     /* before it is stopped; 0: it ends by itself */
    int64_t last_steps; /* of the latest evaluation */
    uint64_t random;
};

static struct {
    int64_t runs, steps, updates, evaluations, safe_points, records;
} all;

/* --- safe points --- */

static void check_observation(const struct sac_record *record, int environment, uint64_t index)
{
    const float *o = record->observation;
    const double one = (double)o[0] * (double)o[0] + (double)o[1] * (double)o[1];
    if (!(fabs(one - 1) < 1e-5) || !(fabsf(o[2]) <= 8) || !(record->reward <= 0))
        stress_found("torn: environment %d, record %llu: %g %g %g, reward %g", environment,
                     (unsigned long long)index, (double)o[0], (double)o[1], (double)o[2],
                     (double)record->reward);
}

/* Versions grow; an episode is a start and STEP_LIMIT steps, the last of which truncates it. */
static void check_ring(const struct sac_replay *replay, int environment, uint64_t updates)
{
    const uint64_t head = sac_replay_head(replay, environment);
    uint32_t version = 0;
    for (uint64_t i = sac_replay_floor(replay, environment); i < head; i++, all.records++) {
        const struct sac_record record = sac_replay_record(replay, environment, i);
        check_observation(&record, environment, i);
        if (record.start != (i % (STEP_LIMIT + 1) == 0) ||
            record.truncated != (i % (STEP_LIMIT + 1) == STEP_LIMIT) || record.terminated)
            stress_found("lost: environment %d, record %llu: start %d, truncated %d", environment,
                         (unsigned long long)i, record.start, record.truncated);
        if (record.start)
            continue;
        if (record.version < version || record.version > updates)
            stress_found("out of order: environment %d, record %llu: policy %u after %u, of %llu",
                         environment, (unsigned long long)i, record.version, version,
                         (unsigned long long)updates);
        version = record.version;
    }
}

/* Reading is the test: nobody may write meanwhile. */
static void read_all(const void *memory, size_t size)
{
    const volatile unsigned char *byte = memory;
    for (size_t i = 0; i < size; i++)
        (void)byte[i];
}

static void look_at_all(void *context, const struct sac_safe_point *p)
{
    const struct run *run = context;
    const uint64_t updates = forget_updates ? 0 : p->updates;
    for (int e = 0; e < run->environments; e++)
        check_ring(p->replay, e, updates);
    read_all(p->agent, p->agent_floats * sizeof(float));
    for (int k = 0; k < p->env_threads; k++) {
        void *state = malloc(sac_env_thread_state_size(p->env_thread[k]));
        SAC_ASSERT(state != NULL && sac_env_thread_save(p->env_thread[k], state) == SAC_OK);
        free(state);
    }
    all.safe_points++;
}

/* --- a run --- */

static void on_evaluation(void *context, const struct sac_evaluation *evaluation)
{
    struct run *run = context;
    struct sac_policy *policy = NULL;
    if (evaluation->environment_steps < run->last_steps)
        stress_found("out of order: an evaluation of step %lld after one of %lld",
                     (long long)evaluation->environment_steps, (long long)run->last_steps);
    run->last_steps = evaluation->environment_steps;
    all.evaluations++;
    SAC_ASSERT(sac_trainer_policy(run->trainer, &policy) == SAC_OK);
    sac_policy_destroy(policy);
}

static void on_progress(void *context, const struct sac_progress *progress)
{
    struct run *run = context;
    for (int i = 0; i < VISITS; i++) {
        if (sac_trainer_visit(run->trainer, look_at_all, run) != SAC_OK) {
            all.steps += progress->environment_steps; /* it is over */
            all.updates += (int64_t)progress->updates;
            return;
        }
        stress_delay(&run->random);
    }
    if (run->looks_left > 0 && --run->looks_left == 0)
        sac_trainer_stop(run->trainer);
}

static void choose(struct sac_settings *s, struct sac_machine *machine, uint64_t *random)
{
    static const double ratios[] = {1, 0.125, 2};
    sac_settings_default(s);
    s->algorithm = stress_random(random) % 2 ? SAC_V1 : SAC_V2;
    s->mode = SAC_ASYNC;
    s->seed = stress_random(random);
    s->steps = 2000;
    s->warmup_steps = 200;
    s->eval_every = 150;
    s->eval_episodes = 1;
    s->hidden_layers = 2;
    s->hidden[0] = s->hidden[1] = 8;
    s->batch_size = 8;
    s->update_to_data = ratios[stress_random(random) % 3];
    s->updates_per_round = 1 + (int)(stress_random(random) % 4);
    machine->env_threads = stress_threads((int)(stress_random(random) % STRESS_LOADS));
    machine->learner_threads = 1 + (int)(stress_random(random) % 3);
    s->environments = machine->env_threads + (int)(stress_random(random) % 4);
    s->replay_capacity = 60 * s->environments;
}

static void run_once(uint64_t *random)
{
    struct sac_settings settings;
    struct sac_machine machine = {0};
    struct run run = {0};
    const struct sac_env_ops *ops;
    const struct sac_observer observer = {&run, on_progress, on_evaluation, NULL};
    choose(&settings, &machine, random);
    run.environments = settings.environments;
    if (all.runs % 2 == 0) { /* the others end by themselves, and sooner than anybody looks at them */
        settings.steps = 1000000000;
        run.looks_left = 1 + (int)(stress_random(random) % 3);
    }
    SAC_ASSERT(sac_environment_find("Pendulum-v1", &ops) == SAC_OK);
    SAC_ASSERT(sac_trainer_create(&settings, &machine, ops, NULL, &run.trainer) == SAC_OK);
    const enum sac_status status = sac_trainer_run(run.trainer, &observer);
    if (status != SAC_OK && !(status == SAC_STOPPED && all.runs % 2 == 0))
        stress_found("a run ended with: %s", sac_last_error());
    sac_trainer_destroy(run.trainer);
    all.runs++;
}

static void judge_by_no_updates(void)
{
    uint64_t random = 1;
    forget_updates = true;
    run_once(&random);
}

int main(int argc, char **argv)
{
    const int64_t runs = stress_amount(8) / 2;
    const uint64_t nanoseconds = argc > 1 ? (uint64_t)atoi(argv[1]) * 1000000000u : 0;
    uint64_t random = 1;
    stress_must_find("records by a policy that was not there", judge_by_no_updates, "out of order");
    for (const uint64_t start = sac_time_ns(); all.runs < runs || sac_time_ns() - start < nanoseconds;)
        run_once(&random);
    printf("%lld runs: %lld steps, %lld updates, %lld evaluations, %lld safe points with %lld records, none "
           "torn, lost "
           "or out of order\n",
           (long long)all.runs, (long long)all.steps, (long long)all.updates, (long long)all.evaluations,
           (long long)all.safe_points, (long long)all.records);
    return 0;
}
