/* One Adam step, and the target after it. */
#include "weights.h"

#include <string.h>

#include "error.h"
#include "memory.h"

enum { LANES = 16 };

size_t sac_weights_state(const struct sac_network *network, bool target)
{
    return network->size * (target ? 4 : 3);
}

static float *take(float **state, size_t floats)
{
    float *block = *state;
    *state += floats;
    return block;
}

enum sac_status sac_weights_create(struct sac_weights *weights, const struct sac_network *network,
                                   bool target, int parts, float **state)
{
    weights->size = network->size;
    weights->parameters = take(state, network->size);
    weights->target = target ? take(state, network->size) : NULL;
    weights->m = take(state, network->size);
    weights->v = take(state, network->size);
    weights->parts = parts;
    weights->gradient = sac_allocate((size_t)parts * network->size * sizeof(float));
    return weights->gradient
               ? SAC_OK
               : sac_fail(SAC_NOMEM, "no memory for %d gradients of %zu floats", parts, network->size);
}

void sac_weights_destroy(struct sac_weights *weights)
{
    sac_free(weights->gradient);
}

void sac_weights_start(struct sac_weights *weights, const struct sac_network *network, uint64_t seed,
                       uint32_t number)
{
    sac_network_randomize(network, weights->parameters, seed, number);
    if (weights->target)
        memcpy(weights->target, weights->parameters, weights->size * sizeof(float));
    memset(weights->m, 0, weights->size * sizeof(float));
    memset(weights->v, 0, weights->size * sizeof(float));
}

void sac_weights_step(struct sac_weights *weights, const struct sac_adam *adam, float tau, int slice,
                      int slices)
{
    const struct sac_kernels *k = sac_kernels();
    const size_t lines = weights->size / LANES;
    const size_t first = lines * (size_t)slice / (size_t)slices * LANES;
    const size_t n = lines * (size_t)(slice + 1) / (size_t)slices * LANES - first;
    float *g = weights->gradient + first;
    for (int part = 1; part < weights->parts; part++)
        k->add(g, g + (size_t)part * weights->size, n);
    if (weights->target)
        k->adam_polyak(weights->parameters + first, weights->target + first, weights->m + first,
                       weights->v + first, g, adam, tau, n);
    else
        k->adam(weights->parameters + first, weights->m + first, weights->v + first, g, adam, n);
}
