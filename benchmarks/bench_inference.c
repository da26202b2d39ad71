/* inference/SHAPE/K: an env thread's choice of actions for K environments: noise, the policy's layers,
 * squash; the scaling to the environment's units is not part of it. inference/SHAPE/K/layers: the layers
 * alone, which the limit is that of. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "bench_data.h"
#include "error.h"
#include "kernels/kernels.h"
#include "memory.h"
#include "policy_network.h"

static const int batches[] = {1, 8, 32};
enum { BATCHES = sizeof batches / sizeof *batches };

static struct subject {
    const struct bench_shape *shape;
    int rows;
    bool layers_alone;
} subjects[2 * BENCH_SHAPES * BATCHES];

struct inference {
    int rows, observation_ld;
    struct sac_policy_network policy;
    float *panels, *observation, *noise, *action, *scratch;
    uint64_t step;
};

static void destroy(void *state)
{
    struct inference *b = state;
    sac_free(b->panels);
    sac_free(b->observation);
    sac_free(b->noise);
    sac_free(b->action);
    sac_free(b->scratch);
}

static bool allocate(struct inference *b)
{
    const size_t rows = (size_t)b->rows, A = (size_t)b->policy.action_size;
    b->panels = sac_allocate(b->policy.network.size * sizeof(float));
    b->observation = sac_allocate(rows * (size_t)b->observation_ld * sizeof(float));
    b->noise = sac_allocate(rows * A * sizeof(float));
    b->action = sac_allocate(rows * A * sizeof(float));
    b->scratch = sac_allocate(sac_policy_network_scratch(&b->policy, b->rows) * sizeof(float));
    return b->panels && b->observation && b->noise && b->action && b->scratch;
}

static enum sac_status randomize(struct inference *b)
{
    const struct sac_network *network = &b->policy.network;
    float *parameters = sac_allocate(network->size * sizeof *parameters);
    if (!parameters)
        return sac_fail(SAC_NOMEM, "no memory for %zu parameters", network->size);
    sac_network_randomize(network, parameters, BENCH_SEED, 0);
    sac_network_pack(network, b->panels, parameters);
    sac_free(parameters);
    return SAC_OK;
}

static enum sac_status create(const struct benchmark *benchmark, const struct bench_options *options,
                              void *state)
{
    (void)options;
    const struct subject *subject = benchmark->subject;
    const struct bench_shape *shape = subject->shape;
    const struct sac_settings settings = bench_settings(shape, SAC_V2);
    struct inference *b = state;
    b->rows = subject->rows;
    b->observation_ld = (int)sac_round_up((size_t)shape->observation_size, 16);
    sac_policy_network_init(&b->policy, shape->observation_size, shape->action_size, &settings);
    if (!allocate(b))
        return sac_fail(SAC_NOMEM, "no memory for %s", benchmark->name);
    const enum sac_status status = randomize(b);
    if (status != SAC_OK)
        return status;
    sac_kernels()->normal(b->observation, b->observation_ld, BENCH_SEED, SAC_PURPOSE_TRAINING, 0, 0, b->rows,
                          shape->observation_size);
    return SAC_OK;
}

static void run_all(void *state, int64_t calls)
{
    struct inference *b = state;
    const int A = b->policy.action_size;
    for (int64_t i = 0; i < calls; i++) {
        sac_kernels()->normal(b->noise, A, BENCH_SEED, SAC_PURPOSE_ACTION_NOISE, b->step++, 0, b->rows, A);
        sac_policy_network_act(&b->policy, b->panels, b->scratch, b->action, A, b->observation,
                               b->observation_ld, b->noise, A, b->rows);
    }
}

static void run_layers(void *state, int64_t calls)
{
    struct inference *b = state;
    int head_ld;
    for (int64_t i = 0; i < calls; i++)
        sac_policy_network_forward(&b->policy, b->panels, b->scratch, &head_ld, b->observation,
                                   b->observation_ld, b->rows);
}

/* Few rows: every weight must come from the cache. Many: it is used often enough to be held against the
 * multiply-add peak. */
static void describe(void *state, struct bench_cost *cost)
{
    const struct inference *b = state;
    const struct sac_network *network = &b->policy.network;
    for (int l = 0; l < network->layers; l++) {
        const double weights = (double)network->layer[l].in * network->layer[l].out;
        cost->flops += 2 * weights * b->rows;
        cost->bytes += sizeof(float) * weights;
    }
    cost->units = 1;
    cost->working_set = cost->bytes;
    snprintf(cost->note, sizeof cost->note, "%s", sac_kernels()->name);
}

int bench_inference_list(struct benchmark *list, int count)
{
    for (int i = 0; i < 2 * BENCH_SHAPES * BATCHES; i++) {
        struct benchmark *b = &list[count++];
        struct subject *subject = &subjects[i];
        *subject = (struct subject){&bench_shapes[i / 2 / BATCHES], batches[i / 2 % BATCHES], i % 2 > 0};
        *b = (struct benchmark){.unit = "us",
                                .subject = subject,
                                .state_size = sizeof(struct inference),
                                .create = create,
                                .run = subject->layers_alone ? run_layers : run_all,
                                .describe = describe,
                                .destroy = destroy};
        snprintf(b->name, sizeof b->name, "inference/%s/%d%s", subject->shape->name, subject->rows,
                 subject->layers_alone ? "/layers" : "");
    }
    return count;
}
