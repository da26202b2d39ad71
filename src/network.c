/* The layout of a network's parameters, and their first values. */
#include "network.h"

#include <math.h>
#include <string.h>

#include "assertion.h"
#include "kernels/kernels.h"
#include "memory.h"
#include "random.h"

enum {
    LANES = 16 /* floats in a cache line and in the widest vector */
};

static void place_layer(struct sac_network *network, int in, int out)
{
    struct sac_layer *layer = &network->layer[network->layers++];
    layer->in = in;
    layer->out = out;
    layer->ld = out == 1 ? 1 : (int)sac_round_up((size_t)out, LANES);
    layer->weights = network->size;
    network->size += sac_round_up((size_t)in * (size_t)layer->ld, LANES);
    layer->bias = network->size;
    network->size += sac_round_up((size_t)layer->ld, LANES);
}

void sac_network_init(struct sac_network *network, int in, const int *hidden, int hidden_layers, int out,
                      enum sac_activation activation)
{
    SAC_ASSERT(in >= 1 && out >= 1 && hidden_layers >= 1 && hidden_layers <= SAC_MAX_HIDDEN_LAYERS);
    memset(network, 0, sizeof *network);
    network->activation = activation;
    for (int l = 0; l < hidden_layers; l++)
        place_layer(network, l ? hidden[l - 1] : in, hidden[l]);
    place_layer(network, hidden[hidden_layers - 1], out);
}

/* Numbers are counted over weights and biases without their padding, so that what is drawn does not depend
 * on the layout. */
struct source {
    uint64_t seed;
    uint32_t number, index;
};

static float draw(struct source *source, float bound)
{
    const struct sac_philox r =
        sac_random(source->seed, SAC_PURPOSE_INIT, 0, source->number, source->index / 4);
    const float unit = sac_unit_float(r.word[source->index++ % 4]);
    return bound * (2 * unit - 1);
}

void sac_network_randomize(const struct sac_network *network, float *parameters, uint64_t seed,
                           uint32_t number)
{
    struct source source = {seed, number, 0};
    memset(parameters, 0, network->size * sizeof *parameters);
    for (int l = 0; l < network->layers; l++) {
        const struct sac_layer *layer = &network->layer[l];
        const float bound = (float)(1 / sqrt(layer->in));
        for (int i = 0; i < layer->in; i++)
            for (int o = 0; o < layer->out; o++)
                parameters[layer->weights + (size_t)i * (size_t)layer->ld + (size_t)o] = draw(&source, bound);
        for (int o = 0; o < layer->out; o++)
            parameters[layer->bias + (size_t)o] = draw(&source, bound);
    }
}

void sac_network_pack(const struct sac_network *network, float *panels, const float *parameters)
{
    for (int l = 0; l < network->layers; l++) {
        const struct sac_layer *layer = &network->layer[l];
        sac_panels_pack(panels + layer->weights, parameters + layer->weights, layer->ld, layer->in,
                        layer->out);
        memcpy(panels + layer->bias, parameters + layer->bias, (size_t)layer->ld * sizeof *panels);
    }
}

void sac_network_unpack(const struct sac_network *network, float *parameters, const float *panels)
{
    memset(parameters, 0, network->size * sizeof *parameters);
    for (int l = 0; l < network->layers; l++) {
        const struct sac_layer *layer = &network->layer[l];
        sac_panels_unpack(parameters + layer->weights, layer->ld, panels + layer->weights, layer->in,
                          layer->out);
        memcpy(parameters + layer->bias, panels + layer->bias, (size_t)layer->ld * sizeof *panels);
    }
}
