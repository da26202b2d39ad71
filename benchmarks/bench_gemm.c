/* gemm/PRODUCT/ROWSxINxOUT: every dense product that the learner makes of the SHAPES, by the call sites'
 * shapes: strides, fused bias and activation and all. Products that several networks or shapes share are
 * listed once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assertion.h"
#include "bench.h"
#include "bench_data.h"
#include "critic.h"
#include "error.h"
#include "kernels/kernels.h"
#include "linear.h"
#include "memory.h"
#include "pass.h"
#include "policy_network.h"
#include "update_work.h"
#include "value_network.h"

/* ---- which products there are ---- */

enum { MOST_PRODUCTS = 192 };

static struct product {
    struct sac_linear_shape shape;
    int out;         /* without padding */
    bool derivative; /* on through the activation of the layer below */
} products[MOST_PRODUCTS];
static int product_count;

static bool is_listed(const struct sac_linear_shape *shape, int out)
{
    for (int i = 0; i < product_count; i++) {
        const struct sac_linear_shape *s = &products[i].shape;
        if (s->kind == shape->kind && s->rows == shape->rows && s->in == shape->in &&
            products[i].out == out && s->onednn == shape->onednn)
            return true;
    }
    return false;
}

static void add_product_of(struct sac_linear_shape shape, int layer, int out)
{
    if (is_listed(&shape, out))
        return;
    SAC_ASSERT(product_count < MOST_PRODUCTS);
    products[product_count++] =
        (struct product){shape, out, shape.kind == SAC_LINEAR_BACKWARD_INPUT && layer > 0};
}

/* As the learner makes it, and by oneDNN if that is another way. */
static void add_product(struct sac_linear_shape shape, int layer, int out)
{
    add_product_of(shape, layer, out);
    if (sac_linear_prefers_kernels(&shape)) {
        shape.onednn = 1;
        add_product_of(shape, layer, out);
    }
}

/* The networks that lines of update_work.h name. */
struct networks {
    struct sac_policy_network policy;
    struct sac_network critic, value;
    int batch_ld;
};

static struct networks make_networks(const struct bench_shape *shape, const struct sac_settings *settings)
{
    const int O = shape->observation_size, A = shape->action_size;
    struct networks n = {.batch_ld = (int)sac_round_up((size_t)(O + A), 16)};
    sac_policy_network_init(&n.policy, O, A, settings);
    sac_critic_network(&n.critic, settings, O, A);
    sac_value_network_network(&n.value, settings, O);
    return n;
}

static const struct sac_network *network_of(const struct networks *n, const struct sac_layer_work *line)
{
    return strcmp(line->network, "policy") == 0   ? &n->policy.network
           : strcmp(line->network, "critic") == 0 ? &n->critic
                                                  : &n->value;
}

/* What goes through the lower critics: half of the batch each. */
static int packed_rows(const struct sac_layer_work *line)
{
    return (int)sac_round_up((size_t)line->rows / 2, 16);
}

static void add_backward_input(const struct networks *n, const struct sac_layer_work *line, int action_size)
{
    const struct sac_network *network = network_of(n, line);
    const int l = line->layer;
    if (l > 0)
        add_product(sac_pass_shape(SAC_LINEAR_BACKWARD_INPUT, network, l, line->rows, n->batch_ld), l,
                    line->out);
    if (network == &n->critic)
        add_product(sac_critic_action_gradient_shape(network, action_size, l, packed_rows(line)), l,
                    line->out);
}

/* The policy's forward rows, s' and s, are one call. A single output has no dense product. */
static void add_line(const struct networks *n, const struct sac_layer_work *line, int action_size)
{
    const struct sac_network *network = network_of(n, line);
    const int l = line->layer, calls = network == &n->policy.network ? 1 : line->forward;
    if (line->out == 1)
        return;
    if (line->forward > 0)
        add_product(
            sac_pass_shape(SAC_LINEAR_FORWARD, network, l, line->rows * line->forward / calls, n->batch_ld),
            l, line->out);
    if (line->backward_weights > 0)
        add_product(sac_pass_shape(SAC_LINEAR_BACKWARD_WEIGHTS, network, l, line->rows, n->batch_ld), l,
                    line->out);
    if (line->backward_input > 0)
        add_backward_input(n, line, action_size);
}

static void find_products(void)
{
    product_count = 0;
    for (int s = 0; s < BENCH_SHAPES; s++) {
        const struct bench_shape *shape = &bench_shapes[s];
        for (enum sac_algorithm algorithm = SAC_V1; algorithm <= SAC_V2; algorithm++) {
            const struct sac_settings settings = bench_settings(shape, algorithm);
            const struct networks networks = make_networks(shape, &settings);
            struct sac_layer_work lines[SAC_MOST_LAYER_WORK];
            const int count = sac_update_work(&settings, shape->observation_size, shape->action_size, lines);
            for (int i = 0; i < count; i++)
                add_line(&networks, &lines[i], shape->action_size);
        }
    }
}

/* ---- one product ---- */

struct gemm {
    const struct product *product;
    struct sac_linear *site;
    float *x, *w, *y, *bias; /* as in sac_linear_run */
    float *h, *d_bias;       /* as in sac_linear_run_backward */
    size_t x_rows, w_rows, y_rows;
};

static void set_rows(struct gemm *g)
{
    const struct sac_linear_shape *s = &g->product->shape;
    const size_t rows = (size_t)s->rows, in = (size_t)s->in;
    const bool weights = s->kind == SAC_LINEAR_BACKWARD_WEIGHTS;
    g->x_rows = rows;
    g->w_rows = weights ? rows : in;
    g->y_rows = weights ? in : rows;
}

static float *random_block(size_t rows, int ld)
{
    float *block = sac_allocate(rows * (size_t)ld * sizeof *block);
    if (block != NULL)
        sac_kernels()->normal(block, ld, BENCH_SEED, SAC_PURPOSE_INIT, 0, 0, (int)rows, ld);
    return block;
}

static void destroy(void *state)
{
    struct gemm *g = state;
    sac_linear_destroy(g->site);
    sac_free(g->x);
    sac_free(g->w);
    sac_free(g->y);
    sac_free(g->bias);
    sac_free(g->h);
    sac_free(g->d_bias);
}

static enum sac_status create(const struct benchmark *benchmark, const struct bench_options *options,
                              void *state)
{
    (void)options;
    struct gemm *g = state;
    g->product = benchmark->subject;
    const struct sac_linear_shape *s = &g->product->shape;
    set_rows(g);
    g->x = random_block(g->x_rows, s->x_ld);
    g->w = random_block(g->w_rows, s->w_ld);
    g->y = random_block(g->y_rows, s->y_ld);
    g->bias = random_block(1, s->w_ld);
    g->h = random_block(g->y_rows, s->y_ld);
    g->d_bias = random_block(1, s->y_ld);
    return g->x && g->w && g->y && g->bias && g->h && g->d_bias
               ? sac_linear_create(s, &g->site)
               : sac_fail(SAC_NOMEM, "no memory for %s", benchmark->name);
}

static void run(void *state, int64_t calls)
{
    struct gemm *g = state;
    const enum sac_linear_kind kind = g->product->shape.kind;
    const float *bias = kind == SAC_LINEAR_FORWARD ? g->bias : NULL;
    for (int64_t i = 0; i < calls; i++) {
        if (g->product->derivative)
            sac_linear_run_backward(g->site, g->y, g->d_bias, g->x, g->w, g->h);
        else
            sac_linear_run(g->site, g->y, g->x, g->w, bias);
    }
}

static void describe(void *state, struct bench_cost *cost)
{
    const struct gemm *g = state;
    const struct sac_linear_shape *s = &g->product->shape;
    const double rows = s->rows, in = s->in, out = g->product->out;
    const double written = s->kind == SAC_LINEAR_FORWARD          ? rows * out
                           : s->kind == SAC_LINEAR_BACKWARD_INPUT ? rows * in
                                                                  : in * out;
    cost->units = 1;
    cost->flops = 2 * rows * in * out;
    cost->bytes = sizeof(float) * (rows * in + in * out + rows * out);
    cost->bytes_written = sizeof(float) * written;
    cost->working_set = cost->bytes;
    snprintf(cost->note, sizeof cost->note, "%s", sac_linear_implementation(g->site));
}

static const char *name_of(enum sac_linear_kind kind)
{
    return kind == SAC_LINEAR_FORWARD          ? "forward"
           : kind == SAC_LINEAR_BACKWARD_INPUT ? "backward_input"
                                               : "backward_weights";
}

int bench_gemm_list(struct benchmark *list, int count)
{
    find_products();
    for (enum sac_linear_kind kind = SAC_LINEAR_FORWARD; kind <= SAC_LINEAR_BACKWARD_WEIGHTS; kind++)
        for (int i = 0; i < product_count; i++) {
            const struct product *p = &products[i];
            if (p->shape.kind != kind)
                continue;
            struct benchmark *b = &list[count++];
            *b = (struct benchmark){.unit = "us",
                                    .subject = p,
                                    .state_size = sizeof(struct gemm),
                                    .create = create,
                                    .run = run,
                                    .describe = describe,
                                    .destroy = destroy};
            snprintf(b->name, sizeof b->name, "gemm/%s/%dx%dx%d%s", name_of(kind), p->shape.rows, p->shape.in,
                     p->out, p->shape.onednn ? "/onednn" : "");
        }
    return count;
}
