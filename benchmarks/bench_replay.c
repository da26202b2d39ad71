/* replay/SHAPE/append: records per second of one env thread, in a replay that is full, with the learner's
 * grants. replay/SHAPE/gather: drawing a batch and gathering its rows, from a million. */
#include <stdio.h>

#include "agent.h"
#include "bench.h"
#include "bench_data.h"
#include "error.h"
#include "shard.h"

struct replay_bench {
    struct bench_replay *data;
    struct sac_team *team;
    struct sac_agent *agent; /* whose batch is filled */
    uint64_t update;
};

static void destroy(void *state)
{
    struct replay_bench *b = state;
    sac_agent_destroy(b->agent);
    sac_team_destroy(b->team);
    bench_replay_give(b->data);
}

static enum sac_status create(const struct benchmark *benchmark, const struct bench_options *options,
                              void *state)
{
    (void)options;
    const struct bench_shape *shape = benchmark->subject;
    const struct sac_settings settings = bench_settings(shape, SAC_V2);
    struct replay_bench *b = state;
    enum sac_status status = bench_replay_take(shape, &b->data);
    if (status == SAC_OK)
        status = sac_team_create(1, &b->team);
    if (status == SAC_OK)
        status =
            sac_agent_create(&settings, shape->observation_size, shape->action_size, 1, b->team, &b->agent);
    return status;
}

static double row_bytes(const struct replay_bench *b)
{
    const struct bench_shape *shape = b->data->shape;
    return (double)sizeof(float) * sac_row_layout(shape->observation_size, shape->action_size).stride;
}

/* ---- append ---- */

/* A few rows to copy from: an env thread's last observations and actions are in its caches. */
static void run_append(void *state, int64_t calls)
{
    struct replay_bench *b = state;
    bench_replay_append(b->data, calls, 8);
}

static void describe_append(void *state, struct bench_cost *cost)
{
    const struct replay_bench *b = state;
    cost->units = b->data->environments;
    cost->bytes = cost->bytes_written = row_bytes(b) * cost->units;
    cost->working_set = row_bytes(b) * (double)b->data->capacity;
    snprintf(cost->note, sizeof cost->note, "%.0f bytes a record, %d environments", row_bytes(b),
             b->data->environments);
}

/* ---- gather ---- */

static void run_gather(void *state, int64_t calls)
{
    struct replay_bench *b = state;
    for (int64_t i = 0; i < calls; i++)
        sac_replay_draw(b->data->replay, BENCH_SEED, b->update++, sac_agent_batch(b->agent));
}

/* A transition is two records; the batch itself stays in the caches. */
static void describe_gather(void *state, struct bench_cost *cost)
{
    const struct replay_bench *b = state;
    cost->units = b->data->shape->batch_size;
    cost->bytes = 2 * row_bytes(b) * cost->units;
    cost->working_set = row_bytes(b) * (double)b->data->capacity;
    snprintf(cost->note, sizeof cost->note, "batches of %d", b->data->shape->batch_size);
}

int bench_replay_list(struct benchmark *list, int count)
{
    for (int s = 0; s < BENCH_SHAPES; s++) {
        const struct benchmark common = {.subject = &bench_shapes[s],
                                         .state_size = sizeof(struct replay_bench),
                                         .create = create,
                                         .destroy = destroy};
        struct benchmark *append = &list[count++], *gather = &list[count++];
        *append = *gather = common;
        append->unit = "records/s";
        append->run = run_append;
        append->describe = describe_append;
        snprintf(append->name, sizeof append->name, "replay/%s/append", bench_shapes[s].name);
        gather->unit = "transitions/s";
        gather->run = run_gather;
        gather->describe = describe_gather;
        snprintf(gather->name, sizeof gather->name, "replay/%s/gather", bench_shapes[s].name);
    }
    return count;
}
