/* scaling/snapshot_acquire/N: giving a policy back and taking the newest, in N threads at once that do
 * nothing else, while another one publishes all the time. scaling/snapshot_publish/N: its publishing then. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "bench_data.h"
#include "error.h"
#include "memory.h"
#include "policy_network.h"
#include "snapshot.h"
#include "thread.h"
#include "workers.h"

enum kind { ACQUIRE, PUBLISH };
enum { KINDS = 2, ROUNDS = 64 /* acquisitions a call */ };

static struct subject {
    enum kind kind;
    int holders;
} subjects[KINDS * BENCH_MOST_COUNTS];

struct snapshot_scaling {
    struct subject subject;
    struct sac_policy_network policy;
    float *parameters;
    struct sac_snapshots *snapshots;
    uint64_t version;
    int64_t skipped; /* publishes without a free slot */
    int64_t calls;   /* of the run under way */
    struct bench_outcome outcome;
};

static void destroy(void *state)
{
    struct snapshot_scaling *b = state;
    sac_snapshots_destroy(b->snapshots);
    sac_free(b->parameters);
}

static void publish(struct snapshot_scaling *b)
{
    b->skipped += !sac_snapshots_publish(b->snapshots, b->parameters, ++b->version);
}

static void acquire(struct snapshot_scaling *b, int64_t times, const struct bench_workers *until)
{
    struct sac_holder holder = {-1};
    uint64_t version;
    for (int64_t i = 0; i < times && (until == NULL || !bench_workers_over(until)); i++) {
        sac_snapshots_release(b->snapshots, &holder);
        sac_snapshots_hold(b->snapshots, &holder, &version);
    }
    sac_snapshots_release(b->snapshots, &holder);
}

static void work(void *context, int worker, const struct bench_workers *workers)
{
    struct snapshot_scaling *b = context;
    const bool publishes = b->subject.kind == PUBLISH; /* then the publisher is the timed one */
    if (worker != (publishes ? 0 : b->subject.holders))
        acquire(b, publishes ? INT64_MAX : b->calls * ROUNDS, publishes ? workers : NULL);
    else if (publishes)
        for (int64_t i = 0; i < b->calls; i++)
            publish(b);
    else
        while (!bench_workers_over(workers))
            publish(b);
}

static void run(void *state, int64_t calls)
{
    struct snapshot_scaling *b = state;
    const bool publishes = b->subject.kind == PUBLISH;
    const struct bench_work all = {.timed = publishes ? 1 : b->subject.holders,
                                   .beside = publishes ? b->subject.holders : 1,
                                   .job = work,
                                   .context = b};
    b->calls = calls;
    bench_workers_run(&all, &b->outcome);
}

static enum sac_status check(void *state)
{
    const struct snapshot_scaling *b = state;
    return bench_outcome_check(&b->outcome);
}

static enum sac_status create(const struct benchmark *benchmark, const struct bench_options *options,
                              void *state)
{
    (void)options;
    const struct bench_shape *shape = &bench_shapes[BENCH_HALFCHEETAH];
    const struct sac_settings settings = bench_settings(shape, SAC_V2);
    struct snapshot_scaling *b = state;
    sac_policy_network_init(&b->policy, shape->observation_size, shape->action_size, &settings);
    b->subject = *(const struct subject *)benchmark->subject;
    b->parameters = sac_allocate(b->policy.network.size * sizeof *b->parameters);
    if (b->parameters == NULL)
        return sac_fail(SAC_NOMEM, "no memory for %s", benchmark->name);
    const enum sac_status status =
        sac_snapshots_create_packed(b->subject.holders, &b->policy.network, b->parameters, &b->snapshots);
    if (status != SAC_OK)
        return status;
    run(b, 1); /* where threads can not be started nothing is to be timed */
    return check(b);
}

static double nanoseconds_each(void *state)
{
    const struct snapshot_scaling *b = state;
    return 1e9 * b->outcome.seconds / (double)(b->calls * ROUNDS);
}

static double microseconds_each(void *state)
{
    const struct snapshot_scaling *b = state;
    return 1e6 * b->outcome.seconds / (double)b->calls;
}

static void describe(void *state, struct bench_cost *cost)
{
    const struct snapshot_scaling *b = state;
    cost->units = b->subject.kind == PUBLISH ? 1 : ROUNDS;
    if (b->subject.kind == PUBLISH)
        snprintf(cost->note, sizeof cost->note, "%.2f %% found no free slot",
                 b->version > 0 ? 100 * (double)b->skipped / (double)b->version : 0);
}

int bench_scaling_snapshot_list(struct benchmark *list, int count)
{
    int threads[BENCH_MOST_COUNTS], n = 0;
    const int counts = bench_thread_counts(sac_cpu_count(), threads);
    for (int kind = 0; kind < KINDS; kind++) {
        const bool publishes = kind == PUBLISH;
        for (int i = 0; i < counts; i++) {
            struct benchmark *b = &list[count++];
            subjects[n] = (struct subject){(enum kind)kind, threads[i]};
            *b = (struct benchmark){.unit = publishes ? "us" : "ns",
                                    .subject = &subjects[n++],
                                    .own_threads = true,
                                    .state_size = sizeof(struct snapshot_scaling),
                                    .create = create,
                                    .run = run,
                                    .value = publishes ? microseconds_each : nanoseconds_each,
                                    .describe = describe,
                                    .check = check,
                                    .destroy = destroy};
            snprintf(b->name, sizeof b->name, "scaling/snapshot_%s/%d", publishes ? "publish" : "acquire",
                     threads[i]);
        }
    }
    return count;
}
