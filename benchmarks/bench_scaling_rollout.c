/* scaling/rollout/N: environment steps per second of N env threads of a run, each with 32 environments of
 * Pendulum-v1 and a policy of 2 x 64: ticket, held snapshot, policy, noise, step, record. Nothing is learnt;
 * the learner's side only grants room.
 * scaling/rollout_apart/N: N such threads, each of a run of its own: what the machine itself loses when so
 * many cores are busy. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "bench_data.h"
#include "env_thread.h"
#include "environment.h"
#include "error.h"
#include "memory.h"
#include "thread.h"
#include "workers.h"

enum {
    ENVIRONMENTS = 32, /* of each thread */
    GUARD = 1 << 12,   /* rows that a ring may grow by before the learner must have granted */
    LOOK_NS = 1000000, /* between the looks of the thread that measures, which ends its run a little late */
    LEAVE_NS = 300000  /* after a pause, until all threads are under way again */
};

static struct subject {
    int runs, threads; /* of each run */
} subjects[2 * BENCH_MOST_COUNTS];

struct rollout;

struct env_member {
    struct rollout *rollout;
    int number;
    struct sac_env_thread *env_thread;
    pthread_t thread;
};

/* A run. */
struct rollout {
    int threads;
    int first_worker, workers; /* its first thread's number among those of all runs */
    struct sac_settings settings, governor_settings;
    struct sac_env_spec spec;
    struct sac_policy_network policy;
    struct sac_first_error failure;
    float *parameters;
    struct sac_replay *replay;
    struct sac_governor *governor;
    struct sac_snapshots *snapshots;
    struct env_member *member; /* (threads) */
    pthread_t learner;
    int started; /* threads; the learner first */
    bool paused;
};

struct rollouts {
    int runs;
    struct rollout *run; /* (runs) */
    double rate;         /* of the last timing, steps per second of all together */
};

/* ---- threads ---- */

static void *learner_main(void *argument)
{
    struct rollout *b = argument;
    while (sac_governor_turn(b->governor))
        sac_governor_updated(b->governor); /* never: there are no updates in this run */
    return NULL;
}

static void *env_main(void *argument)
{
    struct env_member *m = argument;
    bench_worker_bind(m->rollout->first_worker + m->number, m->rollout->workers);
    sac_env_thread_run(m->env_thread);
    return NULL;
}

static enum sac_status start_threads(struct rollout *b)
{
    int error = pthread_create(&b->learner, NULL, learner_main, b);
    b->started = error == 0;
    for (int k = 0; k < b->threads && error == 0; k++) {
        error = pthread_create(&b->member[k].thread, NULL, env_main, &b->member[k]);
        b->started += error == 0;
    }
    return error == 0
               ? SAC_OK
               : sac_fail(SAC_NOMEM, "env thread %d could not be started: %s", b->started, strerror(error));
}

static void destroy_run(struct rollout *b)
{
    if (b->governor != NULL)
        sac_governor_stop(b->governor);
    if (b->paused)
        sac_governor_resume(b->governor);
    for (int i = 0; i < b->started; i++)
        pthread_join(i == 0 ? b->learner : b->member[i - 1].thread, NULL);
    for (int k = 0; b->member != NULL && k < b->threads; k++)
        sac_env_thread_destroy(b->member[k].env_thread);
    sac_snapshots_destroy(b->snapshots);
    sac_governor_destroy(b->governor);
    sac_replay_destroy(b->replay);
    sac_free(b->parameters);
    sac_free(b->member);
}

static void destroy(void *state)
{
    struct rollouts *all = state;
    for (int r = 0; all->run != NULL && r < all->runs; r++)
        destroy_run(&all->run[r]);
    sac_free(all->run);
}

/* ---- running ---- */

static void sleep_ns(long nanoseconds)
{
    const struct timespec pause = {.tv_nsec = nanoseconds};
    nanosleep(&pause, NULL);
}

static void pause_all(struct rollouts *all)
{
    for (int r = 0; r < all->runs; r++)
        all->run[r].paused = sac_governor_pause(all->run[r].governor);
}

static void resume_all(struct rollouts *all)
{
    for (int r = 0; r < all->runs; r++) {
        sac_governor_resume(all->run[r].governor);
        all->run[r].paused = false;
    }
}

static bool any_stopped(const struct rollouts *all)
{
    bool stopped = false;
    for (int r = 0; r < all->runs; r++)
        stopped |= sac_governor_stopped(all->run[r].governor);
    return stopped;
}

static int64_t steps_so_far(const struct rollouts *all)
{
    int64_t steps = 0;
    for (int r = 0; r < all->runs; r++)
        steps += sac_governor_steps(all->run[r].governor);
    return steps;
}

/* Until `steps` more have been made, or one of the threads has failed. */
static int64_t wait_for_steps(const struct rollouts *all, int64_t steps)
{
    const int64_t before = steps_so_far(all);
    while (steps_so_far(all) - before < steps && !any_stopped(all))
        sleep_ns(LOOK_NS);
    return steps_so_far(all) - before;
}

/* Every row of its rings has been written. */
static void wait_until_full(const struct rollout *b)
{
    const int64_t rows = b->settings.replay_capacity + (int64_t)GUARD * b->settings.environments;
    while (sac_governor_steps(b->governor) < rows && !sac_governor_stopped(b->governor))
        sleep_ns(LOOK_NS);
}

static int threads_of(const struct rollouts *all)
{
    return all->run[0].workers;
}

static void run(void *state, int64_t calls)
{
    struct rollouts *all = state;
    if (any_stopped(all))
        return;
    resume_all(all);
    sleep_ns(LEAVE_NS);
    const uint64_t begin = sac_time_ns();
    const int64_t steps = wait_for_steps(all, calls * ENVIRONMENTS * threads_of(all));
    all->rate = 1e9 * (double)steps / (double)(sac_time_ns() - begin);
    pause_all(all);
}

static double rate(void *state)
{
    const struct rollouts *all = state;
    return all->rate;
}

/* ---- making ---- */

/* To the governor all of this run is warm-up, in which nobody waits for updates; to the env threads none of
 * it, so that the policy acts. */
static void choose_settings(struct rollout *b)
{
    b->settings = bench_settings(&bench_shapes[BENCH_SMALL], SAC_V2);
    b->settings.environments = ENVIRONMENTS * b->threads;
    b->settings.replay_capacity = b->settings.replay_capacity * b->threads / b->workers; /* as much in all */
    b->settings.warmup_steps = 0;
    b->settings.steps = INT64_MAX / 4; /* the end never comes */
    b->governor_settings = b->settings;
    b->governor_settings.warmup_steps = b->settings.steps;
}

static enum sac_status create_policy(struct rollout *b)
{
    sac_policy_network_init(&b->policy, b->spec.observation_size, b->spec.action_size, &b->settings);
    b->parameters = sac_allocate(b->policy.network.size * sizeof *b->parameters);
    if (b->parameters == NULL)
        return sac_fail(SAC_NOMEM, "no memory for a policy");
    sac_network_randomize(&b->policy.network, b->parameters, BENCH_SEED, 0);
    return sac_snapshots_create_packed(b->threads, &b->policy.network, b->parameters, &b->snapshots);
}

static enum sac_status create_replay(struct rollout *b)
{
    const struct sac_replay_shape shape = {.environments = b->settings.environments,
                                           .env_threads = b->threads,
                                           .observation_size = b->spec.observation_size,
                                           .action_size = b->spec.action_size,
                                           .capacity = b->settings.replay_capacity,
                                           .guard = GUARD};
    const enum sac_status status = sac_replay_create(&shape, &b->replay);
    return status == SAC_OK ? sac_governor_create(&b->governor_settings, b->threads, b->replay, &b->governor)
                            : status;
}

static enum sac_status create_env_threads(struct rollout *b, const struct sac_env_ops *ops)
{
    const struct sac_env_context context = {.settings = &b->settings,
                                            .ops = ops,
                                            .spec = &b->spec,
                                            .policy = &b->policy,
                                            .replay = b->replay,
                                            .governor = b->governor,
                                            .snapshots = b->snapshots,
                                            .error = &b->failure};
    enum sac_status status = SAC_OK;
    b->member = sac_allocate((size_t)b->threads * sizeof *b->member);
    if (b->member == NULL)
        return sac_fail(SAC_NOMEM, "no memory for %d env threads", b->threads);
    for (int k = 0; k < b->threads && status == SAC_OK; k++) {
        b->member[k].rollout = b;
        b->member[k].number = k;
        status = sac_env_thread_create(&context, k, &b->member[k].env_thread);
    }
    return status;
}

static enum sac_status check_run(struct rollout *b)
{
    if (!sac_governor_stopped(b->governor))
        return SAC_OK;
    for (; b->started > 0; b->started--)
        pthread_join(b->started == 1 ? b->learner : b->member[b->started - 2].thread, NULL);
    return sac_first_error_take(&b->failure);
}

static enum sac_status check(void *state)
{
    struct rollouts *all = state;
    enum sac_status status = SAC_OK;
    for (int r = 0; r < all->runs && status == SAC_OK; r++)
        status = check_run(&all->run[r]);
    return status;
}

static enum sac_status create_run(struct rollout *b)
{
    const struct sac_env_ops *ops;
    choose_settings(b);
    enum sac_status status = sac_environment_find("Pendulum-v1", &ops);
    if (status == SAC_OK)
        status = sac_environment_spec(ops, NULL, &b->spec);
    if (status == SAC_OK)
        status = create_policy(b);
    if (status == SAC_OK)
        status = create_replay(b);
    if (status == SAC_OK)
        status = create_env_threads(b, ops);
    return status == SAC_OK ? start_threads(b) : status;
}

/* The threads are left waiting, with every row of their rings written once: no page is new when time counts.
 */
static enum sac_status create(const struct benchmark *benchmark, const struct bench_options *options,
                              void *state)
{
    (void)options;
    struct rollouts *all = state;
    const struct subject *subject = benchmark->subject;
    enum sac_status status = SAC_OK;
    all->run = sac_allocate((size_t)subject->runs * sizeof *all->run);
    if (all->run == NULL)
        return sac_fail(SAC_NOMEM, "no memory for %d runs", subject->runs);
    for (; all->runs < subject->runs && status == SAC_OK; all->runs++) {
        struct rollout *b = &all->run[all->runs];
        b->threads = subject->threads;
        b->first_worker = all->runs * subject->threads;
        b->workers = subject->runs * subject->threads;
        status = create_run(b);
    }
    if (status != SAC_OK)
        return status;
    for (int r = 0; r < all->runs; r++)
        wait_until_full(&all->run[r]);
    pause_all(all);
    return check(all);
}

static void describe(void *state, struct bench_cost *cost)
{
    const struct rollouts *all = state;
    cost->units = (double)ENVIRONMENTS * threads_of(all);
    snprintf(cost->note, sizeof cost->note, "%d environments a thread", ENVIRONMENTS);
}

static void add(struct benchmark *list, int *count, struct subject *subject)
{
    struct benchmark *b = &list[(*count)++];
    *b = (struct benchmark){.unit = "steps/s",
                            .turns = "scaling/rollout",
                            .subject = subject,
                            .own_threads = true,
                            .state_size = sizeof(struct rollouts),
                            .create = create,
                            .run = run,
                            .value = rate,
                            .describe = describe,
                            .check = check,
                            .destroy = destroy};
    snprintf(b->name, sizeof b->name, "scaling/rollout%s/%d", subject->runs > 1 ? "_apart" : "",
             subject->runs * subject->threads);
}

/* One thread is apart from others anyhow. */
int bench_scaling_rollout_list(struct benchmark *list, int count)
{
    int threads[BENCH_MOST_COUNTS], n = 0;
    const int counts = bench_thread_counts(sac_cpu_count(), threads);
    for (int i = 0; i < counts; i++) {
        subjects[n] = (struct subject){.runs = 1, .threads = threads[i]};
        add(list, &count, &subjects[n++]);
    }
    for (int i = 1; i < counts; i++) {
        subjects[n] = (struct subject){.runs = threads[i], .threads = 1};
        add(list, &count, &subjects[n++]);
    }
    return count;
}
