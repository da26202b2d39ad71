/* Layer after layer, and back. */
#include "pass.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "kernels/kernels.h"
#include "memory.h"

/* --- what the hidden layers put out --- */

enum sac_status sac_hidden_create(const struct sac_network *network, int rows, struct sac_hidden *hidden)
{
    for (int l = 0; l < network->layers - 1; l++) {
        const size_t floats = (size_t)rows * (size_t)network->layer[l].ld;
        hidden->layer[l] = sac_allocate(floats * sizeof(float));
        if (!hidden->layer[l])
            return sac_fail(SAC_NOMEM,
                            "no memory for %d rows of a hidden layer of %d; use a smaller "
                            "batch_size or hidden",
                            rows, network->layer[l].out);
    }
    return SAC_OK;
}

void sac_hidden_destroy(struct sac_hidden *hidden)
{
    for (int l = 0; l < SAC_MAX_HIDDEN_LAYERS; l++)
        sac_free(hidden->layer[l]);
}

struct sac_hidden sac_hidden_rows(const struct sac_hidden *hidden, const struct sac_network *network,
                                  int first)
{
    struct sac_hidden view = *hidden;
    for (int l = 0; l < network->layers - 1; l++)
        view.layer[l] += (size_t)first * (size_t)network->layer[l].ld;
    return view;
}

/* --- call sites --- */

/* Columns are padded where they are computed, not where they are summed over: an output's padding comes out
 * zero (zero weights, zero bias), and so does the padding of a weight gradient (zero d). */
struct sac_linear_shape sac_pass_shape(enum sac_linear_kind kind, const struct sac_network *network, int l,
                                       int rows, int x_ld)
{
    const struct sac_layer *layer = &network->layer[l];
    const int below_ld = l ? network->layer[l - 1].ld : x_ld;
    struct sac_linear_shape shape = {
        .kind = kind, .rows = rows, .in = layer->in, .out = layer->ld, .activation = network->activation};
    switch (kind) {
    case SAC_LINEAR_FORWARD:
        shape.x_ld = below_ld, shape.w_ld = layer->ld, shape.y_ld = layer->ld;
        shape.hidden = l < network->layers - 1;
        break;
    case SAC_LINEAR_BACKWARD_INPUT:
        shape.out = layer->out;
        shape.x_ld = layer->ld, shape.w_ld = layer->ld, shape.y_ld = below_ld;
        break;
    case SAC_LINEAR_BACKWARD_WEIGHTS:
        shape.x_ld = below_ld, shape.w_ld = layer->ld, shape.y_ld = layer->ld;
        break;
    }
    return shape;
}

/* Blocks of equal size share it. */
static enum sac_status create_site(struct sac_linear **site, enum sac_linear_kind kind,
                                   const struct sac_network *network, int l, int rows, int x_ld)
{
    const struct sac_linear_shape shape = sac_pass_shape(kind, network, l, rows, x_ld);
    return *site ? SAC_OK : sac_linear_create(&shape, site);
}

static bool single_output(const struct sac_network *network)
{
    return sac_network_last(network)->out == 1;
}

static int dense_layers(const struct sac_network *network)
{
    return network->layers - single_output(network);
}

static struct sac_sites *sites_of(struct sac_pass *pass, int rows)
{
    return &pass->sites[pass->most_rows - rows];
}

enum sac_status sac_pass_create_forward(struct sac_pass *pass, const struct sac_network *network,
                                        const struct sac_division *division, int part, int x_ld)
{
    pass->network = network;
    pass->most_rows = sac_division_most_rows(division);
    enum sac_status status = SAC_OK;
    for (int block = 0; block < division->blocks; block++) {
        const int rows = sac_division_block(division, part, block).rows;
        struct sac_sites *sites = sites_of(pass, rows);
        for (int l = 0; l < dense_layers(network) && status == SAC_OK; l++)
            status = create_site(&sites->forward[l], SAC_LINEAR_FORWARD, network, l, rows, x_ld);
    }
    return status;
}

static enum sac_status create_backward(struct sac_sites *sites, const struct sac_network *network, int rows,
                                       int x_ld)
{
    enum sac_status status = SAC_OK;
    for (int l = 0; l < dense_layers(network) && status == SAC_OK; l++) {
        status =
            create_site(&sites->backward_weights[l], SAC_LINEAR_BACKWARD_WEIGHTS, network, l, rows, x_ld);
        if (l && status == SAC_OK)
            status =
                create_site(&sites->backward_input[l], SAC_LINEAR_BACKWARD_INPUT, network, l, rows, x_ld);
    }
    return status;
}

enum sac_status sac_pass_create_backward(struct sac_pass *pass, const struct sac_network *network,
                                         const struct sac_division *division, int part, int x_ld)
{
    pass->network = network;
    pass->most_rows = sac_division_most_rows(division);
    enum sac_status status = SAC_OK;
    for (int block = 0; block < division->blocks && status == SAC_OK; block++) {
        const int rows = sac_division_block(division, part, block).rows;
        status = create_backward(sites_of(pass, rows), network, rows, x_ld);
    }
    return status;
}

static void destroy_sites(struct sac_sites *sites)
{
    for (int l = 0; l < SAC_MAX_LAYERS; l++) {
        sac_linear_destroy(sites->forward[l]);
        sac_linear_destroy(sites->backward_input[l]);
        sac_linear_destroy(sites->backward_weights[l]);
    }
}

void sac_pass_destroy(struct sac_pass *pass)
{
    destroy_sites(&pass->sites[0]);
    destroy_sites(&pass->sites[1]);
}

/* --- the passes --- */

void sac_pass_forward(struct sac_pass *pass, int rows, float *output, const struct sac_hidden *hidden,
                      const float *parameters, const float *x)
{
    const struct sac_network *network = pass->network;
    const struct sac_sites *sites = sites_of(pass, rows);
    const int last = network->layers - 1;
    for (int l = 0; l < dense_layers(network); l++) {
        const struct sac_layer *layer = &network->layer[l];
        sac_linear_run(sites->forward[l], l < last ? hidden->layer[l] : output, l ? hidden->layer[l - 1] : x,
                       parameters + layer->weights, parameters + layer->bias);
    }
    if (single_output(network)) {
        const struct sac_layer *head = &network->layer[last];
        sac_kernels()->head_forward(output, hidden->layer[last - 1], network->layer[last - 1].ld,
                                    parameters + head->weights, parameters[head->bias], rows, head->in);
    }
}

/* The last layer's own gradient, and d of the layer below together with its bias gradient. */
static void backward_head(struct sac_pass *pass, int rows, float *gradient, const struct sac_hidden *d_hidden,
                          const float *d_output, const float *parameters, const struct sac_hidden *hidden)
{
    const struct sac_network *network = pass->network;
    const struct sac_sites *sites = sites_of(pass, rows);
    const struct sac_kernels *k = sac_kernels();
    const int below = network->layers - 2, ld = network->layer[below].ld;
    const struct sac_layer *head = sac_network_last(network);
    float *d = d_hidden->layer[below], *d_bias = gradient + network->layer[below].bias;
    const float *h = hidden->layer[below];
    if (single_output(network)) {
        k->head_backward(gradient + head->weights, gradient + head->bias, d_output, h, ld, rows, head->in);
        k->head_backward_input(d, d_bias, d_output, parameters + head->weights, h, NULL, network->activation,
                               rows, head->in, ld);
    } else {
        sac_linear_run(sites->backward_weights[below + 1], gradient + head->weights, h, d_output, NULL);
        k->column_sums(gradient + head->bias, d_output, rows, head->ld, head->ld);
        sac_linear_run_backward(sites->backward_input[below + 1], d, d_bias, d_output,
                                parameters + head->weights, h);
    }
}

void sac_pass_backward(struct sac_pass *pass, int rows, float *gradient, const struct sac_hidden *d_hidden,
                       const float *d_output, const float *parameters, const struct sac_hidden *hidden,
                       const float *x)
{
    const struct sac_network *network = pass->network;
    const struct sac_sites *sites = sites_of(pass, rows);
    backward_head(pass, rows, gradient, d_hidden, d_output, parameters, hidden);
    for (int l = network->layers - 2; l > 0; l--) {
        const struct sac_layer *layer = &network->layer[l], *below = &network->layer[l - 1];
        float *d = d_hidden->layer[l], *d_below = d_hidden->layer[l - 1], *h_below = hidden->layer[l - 1];
        sac_linear_run(sites->backward_weights[l], gradient + layer->weights, h_below, d, NULL);
        sac_linear_run_backward(sites->backward_input[l], d_below, gradient + below->bias, d,
                                parameters + layer->weights, h_below);
    }
    sac_linear_run(sites->backward_weights[0], gradient + network->layer[0].weights, x, d_hidden->layer[0],
                   NULL);
}

/* --- for `softac info` --- */

static void describe_layer(const char *name, int l, const char *direction, int rows, int in, int out,
                           const char *implementation, void (*line)(void *context, const char *text),
                           void *context)
{
    char text[256];
    snprintf(text, sizeof text, "%-24s layer %d %-16s %4d rows %4d -> %4d  %s", name, l, direction, rows, in,
             out, implementation);
    line(context, text);
}

void sac_linear_describe(const struct sac_linear *site, const char *name, int l, const char *direction,
                         void (*line)(void *context, const char *text), void *context)
{
    const struct sac_linear_shape *s = sac_linear_shape_of(site);
    describe_layer(name, l, direction, s->rows, s->in, s->out, sac_linear_implementation(site), line,
                   context);
}

/* A single output has no site: the kernels compute it. */
static void describe_head(const struct sac_network *network, const char *name, const char *direction,
                          int rows, void (*line)(void *context, const char *text), void *context)
{
    char implementation[64];
    const struct sac_layer *head = sac_network_last(network);
    snprintf(implementation, sizeof implementation, "softac:%s", sac_kernels()->name);
    describe_layer(name, network->layers - 1, direction, rows, head->in, head->out, implementation, line,
                   context);
}

void sac_pass_describe(const struct sac_pass *pass, const char *name,
                       void (*line)(void *context, const char *text), void *context)
{
    const int fewer = !pass->sites[0].forward[0] && !pass->sites[0].backward_weights[0];
    const struct sac_sites *sites = &pass->sites[fewer];
    for (int l = 0; l < pass->network->layers; l++) {
        if (sites->forward[l])
            sac_linear_describe(sites->forward[l], name, l, "forward", line, context);
        if (sites->backward_input[l])
            sac_linear_describe(sites->backward_input[l], name, l, "backward input", line, context);
        if (sites->backward_weights[l])
            sac_linear_describe(sites->backward_weights[l], name, l, "backward weights", line, context);
    }
    if (single_output(pass->network))
        describe_head(pass->network, name, sites->forward[0] ? "forward" : "backward",
                      pass->most_rows - fewer, line, context);
}
