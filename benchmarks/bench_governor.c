/* governor/wake/median, governor/wake/p99: from the moment a thread has done what another one waits for until
 * that one goes on. governor/waiting: what env threads cost that wait for a learner. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "bench_data.h"
#include "error.h"
#include "governor.h"
#include "shard.h"
#include "statistics.h"
#include "thread.h"

enum {
    MOST_SAMPLES = 1 << 14,
    WAKE_WORK_NS = 100000,    /* of each side in governor/wake: the other one is fast asleep by then */
    WAITING_THREADS = 64,     /* in governor/waiting */
    WAITING_WORK_NS = 250000, /* of its learner: 4,000 updates/s, as many as small networks make */
};

/* Latencies that one side saw in the last run. */
struct latencies {
    uint64_t done_ns; /* when the other side had done its part; that side's, handed over by the governor */
    int count;
    double seconds[MOST_SAMPLES];
};

/* The caller is the learner. */
struct governor_bench {
    double quantile; /* governor/wake */
    struct sac_settings settings;
    int env_threads;
    uint64_t env_work_ns;
    struct sac_replay *replay;
    struct sac_governor *governor;
    pthread_t thread[WAITING_THREADS];
    clockid_t clock[WAITING_THREADS];
    int started;
    struct latencies env, learner;
    double waiting_share; /* of a core, in the last run */
};

struct start {
    struct governor_bench *bench;
    int number;
};

/* ---- both sides ---- */

static void work(uint64_t nanoseconds)
{
    const uint64_t end = sac_time_ns() + nanoseconds;
    while (sac_time_ns() < end)
        ;
}

static void note_latency(struct latencies *seen)
{
    if (seen->count < MOST_SAMPLES)
        seen->seconds[seen->count++] = 1e-9 * (double)(sac_time_ns() - seen->done_ns);
}

static void step_environments(struct sac_shard *shard, int count)
{
    const float zero = 0;
    for (int j = 0; j < count; j++)
        sac_shard_append_step(shard, j, &zero, 0, &zero, false, false, 0);
}

static void *env_main(void *argument)
{
    const struct start start = *(struct start *)argument;
    free(argument);
    struct governor_bench *b = start.bench;
    struct sac_shard *shard = sac_replay_shard(b->replay, start.number);
    const float zero = 0;
    for (int j = 0; j < sac_shard_environments(shard); j++)
        sac_shard_append_reset(shard, j, &zero);
    for (;;) {
        const struct sac_ticket ticket = sac_governor_take(b->governor, start.number);
        if (ticket.count == 0)
            return NULL;
        if (b->env_work_ns > 0) {
            note_latency(&b->env);
            work(b->env_work_ns);
            b->learner.done_ns = sac_time_ns();
        }
        step_environments(shard, ticket.count);
        sac_governor_stepped(b->governor, start.number, &ticket);
    }
}

/* ---- making ---- */

static enum sac_status start_threads(struct governor_bench *b)
{
    for (; b->started < b->env_threads; b->started++) {
        struct start *start = malloc(sizeof *start);
        if (start == NULL)
            return sac_fail(SAC_NOMEM, "no memory for env thread %d", b->started);
        *start = (struct start){b, b->started};
        const int error = pthread_create(&b->thread[b->started], NULL, env_main, start);
        if (error != 0) {
            free(start);
            return sac_fail(SAC_NOMEM, "env thread %d could not be started: %s", b->started, strerror(error));
        }
        pthread_getcpuclockid(b->thread[b->started], &b->clock[b->started]);
    }
    return SAC_OK;
}

static enum sac_status create(struct governor_bench *b, enum sac_mode mode, int env_threads)
{
    b->env_threads = env_threads;
    b->settings = bench_settings(&bench_shapes[BENCH_SHAPES - 1], SAC_V2);
    b->settings.mode = mode;
    b->settings.environments = env_threads;
    b->settings.warmup_steps = 0;
    b->settings.update_to_data = 1;
    b->settings.updates_per_round = 1;
    b->settings.steps = INT64_MAX / 4; /* the end never comes */
    const struct sac_replay_shape shape = {
        .environments = env_threads,
        .env_threads = env_threads,
        .observation_size = 1,
        .action_size = 1,
        .capacity = 16 * env_threads,
        .guard = sac_governor_guard(&b->settings),
    };
    enum sac_status status = sac_replay_create(&shape, &b->replay);
    if (status == SAC_OK)
        status = sac_governor_create(&b->settings, env_threads, b->replay, &b->governor);
    return status == SAC_OK ? start_threads(b) : status;
}

static void destroy(void *state)
{
    struct governor_bench *b = state;
    if (b->governor != NULL)
        sac_governor_stop(b->governor);
    for (int i = 0; i < b->started; i++)
        pthread_join(b->thread[i], NULL);
    sac_governor_destroy(b->governor);
    sac_replay_destroy(b->replay);
}

/* ---- wake ---- */

/* Lockstep with one environment: each side waits until the other has done its part, which is over before it
 * is waited for only in the very first round. */
static enum sac_status create_wake(const struct benchmark *benchmark, const struct bench_options *options,
                                   void *state)
{
    (void)options;
    struct governor_bench *b = state;
    b->quantile = *(const double *)benchmark->subject;
    b->env_work_ns = WAKE_WORK_NS;
    b->env.done_ns = sac_time_ns();
    const enum sac_status status = create(b, SAC_LOCKSTEP, 1);
    if (status == SAC_OK && sac_governor_turn(b->governor))
        sac_governor_updated(b->governor);
    return status;
}

static void run_wake(void *state, int64_t calls)
{
    struct governor_bench *b = state;
    b->env.count = b->learner.count = 0; /* the env thread sleeps */
    for (int64_t i = 0; i < calls; i++) {
        work(WAKE_WORK_NS);
        b->env.done_ns = sac_time_ns();
        sac_governor_turn(b->governor);
        note_latency(&b->learner);
        sac_governor_updated(b->governor);
    }
}

/* Of both ways together. */
static double wake_microseconds(void *state)
{
    struct governor_bench *b = state;
    static double all[2 * MOST_SAMPLES];
    memcpy(all, b->env.seconds, (size_t)b->env.count * sizeof *all);
    memcpy(all + b->env.count, b->learner.seconds, (size_t)b->learner.count * sizeof *all);
    return 1e6 * bench_quantile(all, b->env.count + b->learner.count, b->quantile);
}

static void describe_wake(void *state, struct bench_cost *cost)
{
    (void)state;
    cost->units = 2;
    snprintf(cost->note, sizeof cost->note, "asleep for %d us before", WAKE_WORK_NS / 1000);
}

/* ---- waiting ---- */

static enum sac_status create_waiting(const struct benchmark *benchmark, const struct bench_options *options,
                                      void *state)
{
    (void)benchmark;
    (void)options;
    return create(state, SAC_ASYNC, WAITING_THREADS);
}

static double env_cpu_seconds(const struct governor_bench *b)
{
    double seconds = 0;
    for (int i = 0; i < b->env_threads; i++) {
        struct timespec used;
        if (clock_gettime(b->clock[i], &used) == 0)
            seconds += (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
    }
    return seconds;
}

static void run_waiting(void *state, int64_t calls)
{
    struct governor_bench *b = state;
    const uint64_t start = sac_time_ns();
    const double used = env_cpu_seconds(b);
    for (int64_t i = 0; i < calls; i++) {
        sac_governor_turn(b->governor);
        work(WAITING_WORK_NS);
        sac_governor_updated(b->governor);
    }
    const double seconds = 1e-9 * (double)(sac_time_ns() - start);
    const double least = 1e-9; /* that the clocks tell: a share of 0 could be compared with nothing */
    b->waiting_share = fmax(env_cpu_seconds(b) - used, least) / seconds / b->env_threads;
}

static double waiting_percent(void *state)
{
    const struct governor_bench *b = state;
    return 100 * b->waiting_share;
}

static void describe_waiting(void *state, struct bench_cost *cost)
{
    (void)state;
    cost->units = 1;
    snprintf(cost->note, sizeof cost->note, "each of %d env threads, of one core", WAITING_THREADS);
}

int bench_governor_list(struct benchmark *list, int count)
{
    static const double median = 0.5, p99 = 0.99;
    const struct benchmark wake = {.unit = "us",
                                   .own_threads = true,
                                   .state_size = sizeof(struct governor_bench),
                                   .create = create_wake,
                                   .run = run_wake,
                                   .value = wake_microseconds,
                                   .describe = describe_wake,
                                   .destroy = destroy};
    const struct benchmark waiting = {.name = "governor/waiting",
                                      .unit = "%",
                                      .own_threads = true,
                                      .state_size = sizeof(struct governor_bench),
                                      .create = create_waiting,
                                      .run = run_waiting,
                                      .value = waiting_percent,
                                      .describe = describe_waiting,
                                      .destroy = destroy};
    for (int i = 0; i < 2; i++) {
        struct benchmark *b = &list[count++];
        *b = wake;
        b->subject = i ? &p99 : &median;
        snprintf(b->name, sizeof b->name, "governor/wake/%s", i ? "p99" : "median");
    }
    list[count++] = waiting;
    return count;
}
