/* snapshot/look: an env thread's look at each step, when nothing new was published. snapshot/acquire: giving
 * one back and taking the newest. snapshot/publish/SHAPE: the learner's copy of a policy. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "bench_data.h"
#include "error.h"
#include "memory.h"
#include "policy_network.h"
#include "snapshot.h"

struct snapshot_bench {
    struct sac_policy_network policy;
    float *parameters;
    struct sac_snapshots *snapshots;
    struct sac_holder holder;
    uint64_t version;
    int64_t skipped; /* publishes without a free slot */
};

static void destroy(void *state)
{
    struct snapshot_bench *b = state;
    sac_snapshots_destroy(b->snapshots);
    sac_free(b->parameters);
}

static enum sac_status create(const struct benchmark *benchmark, const struct bench_options *options,
                              void *state)
{
    (void)options;
    const struct bench_shape *shape = benchmark->subject;
    const struct sac_settings settings = bench_settings(shape, SAC_V2);
    struct snapshot_bench *b = state;
    sac_policy_network_init(&b->policy, shape->observation_size, shape->action_size, &settings);
    b->holder.slot = -1;
    b->parameters = sac_allocate(b->policy.network.size * sizeof *b->parameters);
    return b->parameters != NULL
               ? sac_snapshots_create_packed(2, &b->policy.network, b->parameters, &b->snapshots)
               : sac_fail(SAC_NOMEM, "no memory for %s", benchmark->name);
}

static void run_look(void *state, int64_t calls)
{
    struct snapshot_bench *b = state;
    uint64_t version;
    for (int64_t i = 0; i < calls; i++)
        sac_snapshots_hold(b->snapshots, &b->holder, &version);
}

static void run_acquire(void *state, int64_t calls)
{
    struct snapshot_bench *b = state;
    uint64_t version;
    for (int64_t i = 0; i < calls; i++) {
        sac_snapshots_release(b->snapshots, &b->holder);
        sac_snapshots_hold(b->snapshots, &b->holder, &version);
    }
}

static void run_publish(void *state, int64_t calls)
{
    struct snapshot_bench *b = state;
    for (int64_t i = 0; i < calls; i++)
        b->skipped += !sac_snapshots_publish(b->snapshots, b->parameters, ++b->version);
}

static enum sac_status check(void *state)
{
    const struct snapshot_bench *b = state;
    if (b->skipped == 0)
        return SAC_OK;
    return sac_fail(SAC_STATE, "%lld publishes found no free slot, though nobody holds one",
                    (long long)b->skipped);
}

static void describe_call(void *state, struct bench_cost *cost)
{
    (void)state;
    cost->units = 1;
}

/* From the learner's parameters into two slots by turns. */
static void describe_publish(void *state, struct bench_cost *cost)
{
    const struct snapshot_bench *b = state;
    const double bytes = (double)(b->policy.network.size * sizeof(float));
    cost->units = 1;
    cost->bytes = 2 * bytes;
    cost->bytes_written = bytes;
    cost->working_set = 3 * bytes;
    snprintf(cost->note, sizeof cost->note, "%zu floats", b->policy.network.size);
}

int bench_snapshot_list(struct benchmark *list, int count)
{
    const struct benchmark common = {.unit = "ns",
                                     .subject = &bench_shapes[0],
                                     .state_size = sizeof(struct snapshot_bench),
                                     .create = create,
                                     .describe = describe_call,
                                     .destroy = destroy};
    struct benchmark *look = &list[count++], *acquire = &list[count++];
    *look = *acquire = common;
    look->run = run_look;
    snprintf(look->name, sizeof look->name, "snapshot/look");
    acquire->run = run_acquire;
    snprintf(acquire->name, sizeof acquire->name, "snapshot/acquire");
    for (int s = 0; s < BENCH_SHAPES; s++) {
        struct benchmark *publish = &list[count++];
        *publish = common;
        publish->unit = "us";
        publish->subject = &bench_shapes[s];
        publish->run = run_publish;
        publish->describe = describe_publish;
        publish->check = check;
        snprintf(publish->name, sizeof publish->name, "snapshot/publish/%s", bench_shapes[s].name);
    }
    return count;
}
