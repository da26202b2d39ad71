/* governor/wake/median, governor/wake/p99: from the moment a thread has done what another one waits for until
 * that one goes on. governor/wake_bare/...: the same with nothing but a futex between them, which is what the
 * system takes for it. governor/waiting: what env threads cost that wait for a learner. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "atomics.h"
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
    int count;
    double seconds[MOST_SAMPLES];
};

struct wakes {
    double quantile;
    struct latencies env, learner;
};

/* The caller is the learner. */
struct governor_bench {
    struct wakes wakes; /* governor/wake */
    /* When a side had done its part; that side's, handed over by the governor. */
    uint64_t env_done_ns, learner_done_ns;
    struct sac_settings settings;
    int env_threads;
    uint64_t env_work_ns;
    struct sac_replay *replay;
    struct sac_governor *governor;
    pthread_t thread[WAITING_THREADS];
    clockid_t clock[WAITING_THREADS];
    int started;
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

static void note_latency(struct latencies *seen, uint64_t nanoseconds)
{
    if (seen->count < MOST_SAMPLES)
        seen->seconds[seen->count++] = 1e-9 * (double)nanoseconds;
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
            note_latency(&b->wakes.env, sac_time_ns() - b->learner_done_ns);
            work(b->env_work_ns);
            b->env_done_ns = sac_time_ns();
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
    b->wakes.quantile = *(const double *)benchmark->subject;
    b->env_work_ns = WAKE_WORK_NS;
    b->learner_done_ns = sac_time_ns();
    const enum sac_status status = create(b, SAC_LOCKSTEP, 1);
    if (status == SAC_OK && sac_governor_turn(b->governor))
        sac_governor_updated(b->governor);
    return status;
}

static void run_wake(void *state, int64_t calls)
{
    struct governor_bench *b = state;
    b->wakes.env.count = b->wakes.learner.count = 0; /* the env thread sleeps */
    for (int64_t i = 0; i < calls; i++) {
        work(WAKE_WORK_NS);
        b->learner_done_ns = sac_time_ns();
        sac_governor_turn(b->governor);
        note_latency(&b->wakes.learner, sac_time_ns() - b->env_done_ns);
        sac_governor_updated(b->governor);
    }
}

/* Of both ways together. */
static double wake_microseconds(void *state)
{
    const struct wakes *w = state; /* what it begins with */
    static double all[2 * MOST_SAMPLES];
    memcpy(all, w->env.seconds, (size_t)w->env.count * sizeof *all);
    memcpy(all + w->env.count, w->learner.seconds, (size_t)w->learner.count * sizeof *all);
    const int count = w->env.count + w->learner.count; /* 0: a run without its thread */
    return count > 0 ? 1e6 * bench_quantile(all, count, w->quantile) : 0;
}

static void describe_wake(void *state, struct bench_cost *cost)
{
    (void)state;
    cost->units = 2;
    snprintf(cost->note, sizeof cost->note, "asleep for %d us before", WAKE_WORK_NS / 1000);
}

/* ---- wake by a bare futex ---- */

enum { ENV_TURN, LEARNER_TURN, WHOSE = 1 /* the bit that tells */ };

struct bare {
    struct wakes wakes;
    /* written by: whoever has done its part; read by: both. Whose turn it is, and above that when it became
     * so, in nanoseconds: all that is handed over, and in one piece, so relaxed */
    _Atomic uint32_t word;
    int64_t calls; /* of the run under way */
    int error;     /* of the last run */
};

static void hand_over(struct bare *b, uint32_t whose)
{
    sac_store_relaxed(test, &b->word, ((uint32_t)sac_time_ns() & ~(uint32_t)WHOSE) | whose);
    sac_futex_wake(&b->word);
}

static void await_turn(struct bare *b, uint32_t whose, struct latencies *seen)
{
    uint32_t word;
    while (((word = sac_load_relaxed(test, &b->word)) & WHOSE) != whose)
        sac_futex_wait(&b->word, word, SAC_FOREVER);
    note_latency(seen, (uint32_t)sac_time_ns() - (word & ~(uint32_t)WHOSE));
}

static void *bare_main(void *argument)
{
    struct bare *b = argument;
    for (int64_t i = 0; i < b->calls; i++) {
        await_turn(b, ENV_TURN, &b->wakes.env);
        work(WAKE_WORK_NS);
        hand_over(b, LEARNER_TURN);
    }
    return NULL;
}

/* The other one's latencies are read after joining it. */
static void run_bare(void *state, int64_t calls)
{
    struct bare *b = state;
    pthread_t thread;
    b->wakes.env.count = b->wakes.learner.count = 0;
    b->calls = calls;
    sac_store_relaxed(test, &b->word, LEARNER_TURN);
    b->error = pthread_create(&thread, NULL, bare_main, b);
    if (b->error != 0)
        return;
    for (int64_t i = 0; i < calls; i++) {
        work(WAKE_WORK_NS);
        hand_over(b, ENV_TURN);
        await_turn(b, LEARNER_TURN, &b->wakes.learner);
    }
    pthread_join(thread, NULL);
}

static enum sac_status check_bare(void *state)
{
    const struct bare *b = state;
    return b->error == 0 ? SAC_OK
                         : sac_fail(SAC_NOMEM, "a thread could not be started: %s", strerror(b->error));
}

static enum sac_status create_bare(const struct benchmark *benchmark, const struct bench_options *options,
                                   void *state)
{
    (void)options;
    struct bare *b = state;
    b->wakes.quantile = *(const double *)benchmark->subject;
    run_bare(b, 1); /* where threads can not be started nothing is to be timed */
    return check_bare(b);
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
    static const double quantile[] = {0.5, 0.99};
    static const char *const quantile_name[] = {"median", "p99"};
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
    struct benchmark bare = wake;
    bare.turns = "governor/wake";
    bare.state_size = sizeof(struct bare);
    bare.create = create_bare;
    bare.run = run_bare;
    bare.check = check_bare;
    bare.destroy = NULL;
    for (int i = 0; i < 4; i++) {
        struct benchmark *b = &list[count++];
        *b = i < 2 ? wake : bare;
        b->subject = &quantile[i % 2];
        snprintf(b->name, sizeof b->name, "governor/%s/%s", i < 2 ? "wake" : "wake_bare",
                 quantile_name[i % 2]);
    }
    list[count++] = waiting;
    return count;
}
