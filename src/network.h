/* Fully connected networks of any depth and width: where each layer lies in the flat block of parameters.
 *
 * All parameters of a network are one block of floats; the optimiser, target averaging, saving and publishing
 * are flat loops over it. Weights are (in, ld) row-major with ld = out rounded up to 16 floats (out itself
 * for a single output); the padding columns and padding biases are zero and stay zero. */
#ifndef SAC_NETWORK_H
#define SAC_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include <softac/settings.h>

#define SAC_MAX_LAYERS (SAC_MAX_HIDDEN_LAYERS + 1)

struct sac_layer {
    int in, out;
    int ld; /* floats from one row of weights to the next; also the padded length of bias and output rows */
    size_t weights; /* offset in the block, floats, 16-float aligned */
    size_t bias;
};

struct sac_network {
    int layers; /* hidden layers + 1; the last one is linear */
    enum sac_activation activation;
    struct sac_layer layer[SAC_MAX_LAYERS];
    size_t size; /* floats of the block, a multiple of 16 */
};

void sac_network_init(struct sac_network *network, int in, const int *hidden, int hidden_layers, int out,
                      enum sac_activation activation);

/* As PyTorch's Linear: weights and biases uniform in +-1/sqrt(in). `number` tells networks of one agent
 * apart. */
void sac_network_randomize(const struct sac_network *network, float *parameters, uint64_t seed,
                           uint32_t number);

/* The same block with each layer's weights in panels, for batches of few rows (kernels.h: linear_panels). */
void sac_network_pack(const struct sac_network *network, float *panels, const float *parameters);
void sac_network_unpack(const struct sac_network *network, float *parameters, const float *panels);

static inline const struct sac_layer *sac_network_last(const struct sac_network *network)
{
    return &network->layer[network->layers - 1];
}

#endif
