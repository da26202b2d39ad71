/* scaling/append/N: records per second of N env threads together, with a learner that grants and nothing
 * else. scaling/append_while_gathering/N: the same beside one that grants and draws batches all the time.
 * scaling/gather_while_appending/N: its batches then, while N env threads append as fast as they can;
 * scaling/gather_beside_env_thread/N: as fast as real ones.
 * scaling/append_capacity/ROWS: one env thread, by the replay's size. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent.h"
#include "bench.h"
#include "bench_data.h"
#include "error.h"
#include "kernels/kernels.h"
#include "memory.h"
#include "memory_limit.h"
#include "shard.h"
#include "thread.h"
#include "workers.h"

enum kind { APPEND, APPEND_WHILE_GATHERING, GATHER_WHILE_APPENDING, GATHER_BESIDE_ENV_THREAD };

enum {
    KINDS = 4,
    SOURCES = 8, /* rows that records are made from: an env thread's last ones are in its caches */
    ENVIRONMENTS = 8,
    EPISODE = 1000,
    ROUNDS = 64,       /* records that a call appends to each environment */
    GUARD = 1 << 14,   /* rows that a writer may go on for between two grants */
    GRANT_NS = 100000, /* between the grants of a learner that does nothing else */
    CAPACITY = 1000000,
    /* The records of a ticket, and how long the fastest env thread there is takes for them: one with 32
     * environments of Pendulum-v1 and a small policy (scaling/rollout/1). */
    TICKET_ROUNDS = 32 / ENVIRONMENTS,
    TICKET_NS = 8650
};

static const int64_t capacities[] = {100000, 1000000, 10000000};
enum { CAPACITIES = sizeof capacities / sizeof *capacities };

static struct subject {
    enum kind kind;
    int writers;
    int64_t capacity;
} subjects[KINDS * BENCH_MOST_COUNTS + CAPACITIES];

/* One env thread's; on lines of its own. */
struct writer {
    _Alignas(SAC_CACHE_LINE) struct sac_shard *shard;
    uint64_t round;
};

struct replay_scaling {
    struct subject subject;
    const struct bench_shape *shape;
    struct sac_replay *replay;
    float *observation, *action; /* (SOURCES) */
    struct writer *writer;       /* (writers) */
    struct sac_team *team;
    struct sac_agent *agent; /* whose batch is filled */
    uint64_t update;
    int64_t calls; /* of the run under way */
    struct bench_outcome outcome;
};

/* Then the learner is the timed one. */
static bool gathers(const struct subject *subject)
{
    return subject->kind == GATHER_WHILE_APPENDING || subject->kind == GATHER_BESIDE_ENV_THREAD;
}

/* ---- both sides ---- */

static void append_round(struct replay_scaling *b, struct writer *w)
{
    const uint64_t step = w->round++ % (EPISODE + 1);
    for (int e = 0; e < ENVIRONMENTS; e++) {
        const size_t source = (step + (uint64_t)e) % SOURCES;
        const float *observation = b->observation + source * (size_t)b->shape->observation_size;
        const float *action = b->action + source * (size_t)b->shape->action_size;
        if (step == 0)
            sac_shard_append_reset(w->shard, e, observation);
        else
            sac_shard_append_step(w->shard, e, action, observation[0], observation, false, step == EPISODE,
                                  0);
    }
}

/* False: no room, and nobody is left to wait for. */
static bool wait_for_room(const struct writer *w, const struct bench_workers *workers)
{
    while (!sac_shard_has_room(w->shard, 1)) {
        if (bench_workers_over(workers))
            return false;
        sched_yield();
    }
    return true;
}

static void write_records(struct replay_scaling *b, int writer, const struct bench_workers *workers)
{
    struct writer *w = &b->writer[writer];
    const bool timed = !gathers(&b->subject);
    const int64_t rounds = timed ? b->calls * ROUNDS : INT64_MAX;
    for (int64_t i = 0; i < rounds && (timed || !bench_workers_over(workers)); i++)
        if (wait_for_room(w, workers))
            append_round(b, w);
}

/* A ticket's records at once, as an env thread appends them, and at its work until the next. */
static void write_tickets(struct replay_scaling *b, int writer, const struct bench_workers *workers)
{
    struct writer *w = &b->writer[writer];
    while (!bench_workers_over(workers)) {
        const uint64_t end = sac_time_ns() + TICKET_NS;
        for (int i = 0; i < TICKET_ROUNDS; i++)
            if (wait_for_room(w, workers))
                append_round(b, w);
        while (sac_time_ns() < end)
            ;
    }
}

static void grant_and_draw(struct replay_scaling *b)
{
    sac_replay_grant(b->replay);
    sac_replay_draw(b->replay, BENCH_SEED, b->update++, sac_agent_batch(b->agent));
}

static void grant(struct replay_scaling *b)
{
    const struct timespec pause = {.tv_nsec = GRANT_NS};
    sac_replay_grant(b->replay);
    nanosleep(&pause, NULL);
}

static void learn(struct replay_scaling *b, const struct bench_workers *workers)
{
    if (gathers(&b->subject)) {
        for (int64_t i = 0; i < b->calls; i++)
            grant_and_draw(b);
        return;
    }
    while (!bench_workers_over(workers))
        (b->subject.kind == APPEND ? grant : grant_and_draw)(b);
}

static void work(void *context, int worker, const struct bench_workers *workers)
{
    struct replay_scaling *b = context;
    const int learner = gathers(&b->subject) ? 0 : b->subject.writers;
    const int writer = gathers(&b->subject) ? worker - 1 : worker;
    if (worker == learner)
        learn(b, workers);
    else if (b->subject.kind == GATHER_BESIDE_ENV_THREAD)
        write_tickets(b, writer, workers);
    else
        write_records(b, writer, workers);
}

static void run(void *state, int64_t calls)
{
    struct replay_scaling *b = state;
    const struct bench_work both = {.timed = gathers(&b->subject) ? 1 : b->subject.writers,
                                    .beside = gathers(&b->subject) ? b->subject.writers : 1,
                                    .job = work,
                                    .context = b};
    b->calls = calls;
    bench_workers_run(&both, &b->outcome);
}

/* ---- making ---- */

static void destroy(void *state)
{
    struct replay_scaling *b = state;
    sac_agent_destroy(b->agent);
    sac_team_destroy(b->team);
    sac_replay_destroy(b->replay);
    sac_free(b->observation);
    sac_free(b->action);
    sac_free(b->writer);
}

static enum sac_status create_sources(struct replay_scaling *b)
{
    const int O = b->shape->observation_size, A = b->shape->action_size;
    b->observation = sac_allocate(sizeof(float) * SOURCES * (size_t)O);
    b->action = sac_allocate(sizeof(float) * SOURCES * (size_t)A);
    b->writer = sac_allocate((size_t)b->subject.writers * sizeof *b->writer);
    if (b->observation == NULL || b->action == NULL || b->writer == NULL)
        return sac_fail(SAC_NOMEM, "no memory for %d writers", b->subject.writers);
    sac_kernels()->normal(b->observation, O, BENCH_SEED, SAC_PURPOSE_TRAINING, 0, 0, SOURCES, O);
    sac_kernels()->uniform(b->action, A, BENCH_SEED, SAC_PURPOSE_WARMUP_ACTION, 0, 0, SOURCES, A);
    return SAC_OK;
}

static enum sac_status create_replay(struct replay_scaling *b)
{
    const struct sac_replay_shape shape = {.environments = ENVIRONMENTS * b->subject.writers,
                                           .env_threads = b->subject.writers,
                                           .observation_size = b->shape->observation_size,
                                           .action_size = b->shape->action_size,
                                           .capacity = b->subject.capacity,
                                           .guard = GUARD};
    const enum sac_status status = sac_replay_create(&shape, &b->replay);
    for (int k = 0; status == SAC_OK && k < b->subject.writers; k++)
        b->writer[k].shard = sac_replay_shard(b->replay, k);
    return status;
}

/* Every row is written once, so that no page is new when time counts. */
static void fill(struct replay_scaling *b)
{
    const int64_t rounds = b->subject.capacity / ENVIRONMENTS / b->subject.writers + GUARD;
    for (int64_t i = 0; i < rounds; i++) {
        for (int k = 0; k < b->subject.writers; k++) {
            while (!sac_shard_has_room(b->writer[k].shard, 1))
                sac_replay_grant(b->replay);
            append_round(b, &b->writer[k]);
        }
    }
    sac_replay_grant(b->replay);
}

static enum sac_status check(void *state)
{
    const struct replay_scaling *b = state;
    return bench_outcome_check(&b->outcome);
}

static enum sac_status create(const struct benchmark *benchmark, const struct bench_options *options,
                              void *state)
{
    (void)options;
    struct replay_scaling *b = state;
    b->subject = *(const struct subject *)benchmark->subject;
    b->shape = &bench_shapes[BENCH_HALFCHEETAH];
    const struct sac_settings settings = bench_settings(b->shape, SAC_V2);
    enum sac_status status = create_sources(b);
    if (status == SAC_OK)
        status = create_replay(b);
    if (status == SAC_OK && b->subject.kind != APPEND)
        status = sac_team_create(1, &b->team);
    if (status == SAC_OK && b->subject.kind != APPEND)
        status = sac_agent_create(&settings, b->shape->observation_size, b->shape->action_size, 1, b->team,
                                  &b->agent);
    if (status != SAC_OK)
        return status;
    fill(b);
    run(b, 1); /* where threads can not be started nothing is to be timed */
    return check(b);
}

/* ---- telling ---- */

static double units(const struct replay_scaling *b)
{
    if (gathers(&b->subject))
        return 1;
    return (double)ROUNDS * ENVIRONMENTS * b->subject.writers;
}

static double records_per_second(void *state)
{
    const struct replay_scaling *b = state;
    return units(b) * (double)b->calls / b->outcome.seconds;
}

static double microseconds_per_batch(void *state)
{
    const struct replay_scaling *b = state;
    return 1e6 * b->outcome.seconds / (double)b->calls;
}

static void describe(void *state, struct bench_cost *cost)
{
    const struct replay_scaling *b = state;
    cost->units = units(b);
    if (gathers(&b->subject))
        snprintf(cost->note, sizeof cost->note, "a batch of %d", b->shape->batch_size);
}

static struct benchmark *add(struct benchmark *list, int *count, struct subject *subject)
{
    struct benchmark *b = &list[(*count)++];
    *b = (struct benchmark){.unit = gathers(subject) ? "us" : "records/s",
                            .subject = subject,
                            .own_threads = true,
                            .state_size = sizeof(struct replay_scaling),
                            .create = create,
                            .run = run,
                            .value = gathers(subject) ? microseconds_per_batch : records_per_second,
                            .describe = describe,
                            .check = check,
                            .destroy = destroy};
    return b;
}

int bench_scaling_replay_list(struct benchmark *list, int count)
{
    static const char *const names[KINDS] = {"append", "append_while_gathering", "gather_while_appending",
                                             "gather_beside_env_thread"};
    int threads[BENCH_MOST_COUNTS], n = 0;
    const int counts = bench_thread_counts(sac_cpu_count(), threads);
    for (int kind = 0; kind < KINDS; kind++) {
        for (int i = 0; i < counts; i++) {
            subjects[n] = (struct subject){(enum kind)kind, threads[i], CAPACITY};
            struct benchmark *b = add(list, &count, &subjects[n++]);
            snprintf(b->name, sizeof b->name, "scaling/%s/%d", names[kind], threads[i]);
        }
    }
    const struct bench_shape *shape = &bench_shapes[BENCH_HALFCHEETAH];
    const double row =
        (double)sizeof(float) * sac_row_layout(shape->observation_size, shape->action_size).stride;
    for (int i = 0; i < CAPACITIES; i++) {
        if (2 * row * (double)capacities[i] > (double)sac_memory_available())
            continue;
        subjects[n] = (struct subject){APPEND, 1, capacities[i]};
        struct benchmark *b = add(list, &count, &subjects[n++]);
        snprintf(b->name, sizeof b->name, "scaling/append_capacity/%lld", (long long)capacities[i]);
    }
    return count;
}
