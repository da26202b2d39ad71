/* kernels/NAME: the kernels of kernels.h that training calls, at halfcheetah's sizes; NAME/scalar is the
 * plain twin that the tests compare with. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "bench_data.h"
#include "critic.h"
#include "error.h"
#include "kernels/kernels.h"
#include "memory.h"

enum {
    B = 256,
    A = 6,
    H = 256,
    DRAWS = 2 * B, /* rows of fresh actions */
    HEAD_LD = 16,  /* of the policy's last layer: 2 A, padded */
    BLOCK = DRAWS * H
};

/* Every argument lies in arrays of its own; all are random, those with a range are brought into it. */
struct kernel_bench {
    const struct subject *subject;
    const struct sac_kernels *k;
    size_t critic; /* floats of a critic's parameters */
    float *x[9];   /* (BLOCK or critic, whichever is more) */
    uint64_t step;
};

/* ---- calls ---- */

static const struct sac_log_std log_std = {SAC_LOG_STD_CLAMP, -20, 2};

static struct sac_squash squash_of(const struct kernel_bench *b)
{
    return (struct sac_squash){b->x[4], b->x[5], b->x[6]};
}

static void normal(struct kernel_bench *b)
{
    b->k->normal(b->x[0], A, BENCH_SEED, SAC_PURPOSE_UPDATE_NOISE, b->step++, 0, DRAWS, A);
}

static void uniform(struct kernel_bench *b)
{
    b->k->uniform(b->x[0], A, BENCH_SEED, SAC_PURPOSE_WARMUP_ACTION, b->step++, 0, DRAWS, A);
}

static void bits(struct kernel_bench *b)
{
    b->k->bits((uint64_t *)(void *)b->x[0], BENCH_SEED, SAC_PURPOSE_DRAW, b->step++, 0, 0, B);
}

static void log_prob(struct kernel_bench *b)
{
    const struct sac_squash squash = squash_of(b);
    b->k->squash(b->x[0], A, b->x[1], &squash, b->x[2], HEAD_LD, b->x[3], A, log_std, DRAWS, A);
}

static void act(struct kernel_bench *b)
{
    b->k->act(b->x[0], A, b->x[2], HEAD_LD, b->x[3], A, log_std, DRAWS, A);
}

static void policy_gradient(struct kernel_bench *b)
{
    const struct sac_squash squash = squash_of(b);
    b->k->policy_gradient(b->x[0], HEAD_LD, b->x[1], A, b->x[2], A, &squash, b->x[3], A, 0.2f, 1.0f / B, B,
                          A);
}

static void score_gradient(struct kernel_bench *b)
{
    const struct sac_squash squash = squash_of(b);
    b->k->score_gradient(b->x[0], HEAD_LD, b->x[1], &squash, b->x[3], A, 1.0f / B, B, A);
}

static void adam(struct kernel_bench *b)
{
    const struct sac_adam step = sac_adam_step(3e-4, ++b->step);
    b->k->adam(b->x[0], b->x[1], b->x[2], b->x[3], &step, b->critic);
}

static void adam_polyak(struct kernel_bench *b)
{
    const struct sac_adam step = sac_adam_step(3e-4, ++b->step);
    b->k->adam_polyak(b->x[0], b->x[4], b->x[1], b->x[2], b->x[3], &step, 0.005f, b->critic);
}

static void add(struct kernel_bench *b)
{
    b->k->add(b->x[0], b->x[1], b->critic);
}

static void activation_backward(struct kernel_bench *b)
{
    b->k->activation_backward(b->x[0], b->x[1], b->x[2], NULL, SAC_RELU, B, H, H);
}

static void column_sums(struct kernel_bench *b)
{
    b->k->column_sums(b->x[0], b->x[1], B, HEAD_LD, HEAD_LD);
}

static void head_forward(struct kernel_bench *b)
{
    b->k->head_forward(b->x[0], b->x[1], H, b->x[2], 0.1f, B, H);
}

static void head_backward(struct kernel_bench *b)
{
    b->k->head_backward(b->x[0], b->x[3], b->x[1], b->x[2], H, B, H);
}

static void head_backward_input(struct kernel_bench *b)
{
    b->k->head_backward_input(b->x[0], b->x[1], b->x[2], b->x[3], b->x[4], NULL, SAC_RELU, B, H, H);
}

static void bellman_target(struct kernel_bench *b)
{
    b->k->bellman_target(b->x[0], b->x[1], b->x[2], b->x[3], b->x[4], b->x[5], 1, 0.99f, 0.2f, B);
}

static void squared_error(struct kernel_bench *b)
{
    b->x[3][0] = (float)b->k->squared_error(b->x[0], b->x[1], b->x[2], 1.0f / B, B);
}

/* ---- which, and what they must move: floats per element ---- */

enum { PARAMETERS = 0 }; /* as many elements as a critic has */

static const struct subject {
    const char *name;
    void (*call)(struct kernel_bench *b);
    int elements;
    double read, written, touched; /* touched: arrays, each counted once */
    double flops;
    bool scalar; /* the plain twin */
} subjects[] = {
    {"normal", normal, DRAWS *A, 0, 1, 1, 0, false},
    {"normal/scalar", normal, DRAWS *A, 0, 1, 1, 0, true},
    {"uniform", uniform, DRAWS *A, 0, 1, 1, 0, false},
    {"bits", bits, B, 0, 2, 2, 0, false},
    {"log_prob", log_prob, DRAWS *A, 3, 4 + 1.0 / A, 7 + 1.0 / A, 0, false},
    {"log_prob/scalar", log_prob, DRAWS *A, 3, 4 + 1.0 / A, 7 + 1.0 / A, 0, true},
    {"act", act, DRAWS *A, 3, 1, 4, 0, false},
    {"policy_gradient", policy_gradient, B *A, 6, 2, 8, 0, false},
    {"score_gradient", score_gradient, B *A, 3 + 1.0 / A, 2, 5 + 1.0 / A, 0, false},
    {"adam", adam, PARAMETERS, 4, 3, 4, 0, false},
    {"adam_polyak", adam_polyak, PARAMETERS, 5, 4, 5, 0, false},
    {"adam_polyak/scalar", adam_polyak, PARAMETERS, 5, 4, 5, 0, true},
    {"add", add, PARAMETERS, 2, 1, 2, 1, false},
    {"activation_backward", activation_backward, B *H, 2, 1, 2, 0, false},
    {"column_sums", column_sums, B *HEAD_LD, 1, 0, 1, 1, false},
    {"head_forward", head_forward, B *H, 1, 0, 1, 2, false},
    {"head_backward", head_backward, B *H, 1, 0, 1, 2, false},
    {"head_backward_input", head_backward_input, B *H, 1, 1, 2, 1, false},
    {"bellman_target", bellman_target, B, 5, 1, 6, 0, false},
    {"squared_error", squared_error, B, 2, 1, 3, 0, false},
};

/* ---- one kernel ---- */

static size_t critic_floats(void)
{
    const struct bench_shape shape = {"", 17, A, H, B};
    const struct sac_settings settings = bench_settings(&shape, SAC_V2);
    struct sac_network critic;
    sac_critic_network(&critic, &settings, shape.observation_size, shape.action_size);
    return critic.size;
}

static void destroy(void *state)
{
    struct kernel_bench *b = state;
    for (size_t i = 0; i < sizeof b->x / sizeof *b->x; i++)
        sac_free(b->x[i]);
}

/* A standard deviation and slopes are positive: so are moments. */
static void fill(const struct kernel_bench *b, size_t floats)
{
    for (size_t i = 0; i < sizeof b->x / sizeof *b->x; i++) {
        sac_kernels()->uniform(b->x[i], (int)floats, BENCH_SEED, SAC_PURPOSE_INIT, i, 0, 1, (int)floats);
        for (size_t j = 0; (i == 2 || i >= 4) && j < floats; j++)
            b->x[i][j] = 0.1f + 0.5f * b->x[i][j] * b->x[i][j];
    }
}

static enum sac_status create(const struct benchmark *benchmark, const struct bench_options *options,
                              void *state)
{
    (void)options;
    struct kernel_bench *b = state;
    b->subject = benchmark->subject;
    b->k = b->subject->scalar ? &sac_kernels_scalar : sac_kernels();
    b->critic = critic_floats();
    const size_t floats = b->critic > BLOCK ? b->critic : BLOCK;
    bool enough = true;
    for (size_t i = 0; i < sizeof b->x / sizeof *b->x; i++)
        enough &= (b->x[i] = sac_allocate(floats * sizeof(float))) != NULL;
    if (!enough)
        return sac_fail(SAC_NOMEM, "no memory for %s", benchmark->name);
    fill(b, floats);
    return SAC_OK;
}

static void run(void *state, int64_t calls)
{
    struct kernel_bench *b = state;
    for (int64_t i = 0; i < calls; i++)
        b->subject->call(b);
}

static void describe(void *state, struct bench_cost *cost)
{
    const struct kernel_bench *b = state;
    const struct subject *s = b->subject;
    const double elements = s->elements == PARAMETERS ? (double)b->critic : s->elements;
    cost->units = elements;
    cost->flops = s->flops * elements;
    cost->bytes = sizeof(float) * (s->read + s->written) * elements;
    cost->bytes_written = sizeof(float) * s->written * elements;
    cost->working_set = sizeof(float) * s->touched * elements;
    snprintf(cost->note, sizeof cost->note, "%s", b->k->name);
}

int bench_kernels_list(struct benchmark *list, int count)
{
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        struct benchmark *b = &list[count++];
        *b = (struct benchmark){.unit = "ns",
                                .subject = &subjects[i],
                                .state_size = sizeof(struct kernel_bench),
                                .create = create,
                                .run = run,
                                .describe = describe,
                                .destroy = destroy};
        snprintf(b->name, sizeof b->name, "kernels/%s", subjects[i].name);
    }
    return count;
}
