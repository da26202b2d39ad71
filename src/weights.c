/* Memory and first values of what is learnt of a network. */
#include "weights.h"

#include <string.h>

#include "error.h"
#include "memory.h"

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
                                   bool target, const struct sac_division *division, float **state)
{
    weights->size = network->size;
    weights->parameters = take(state, network->size);
    weights->target = target ? take(state, network->size) : NULL;
    weights->m = take(state, network->size);
    weights->v = take(state, network->size);
    weights->parts = division->parts;
    const size_t bytes = (size_t)division->parts * network->size * sizeof(float);
    weights->gradient = sac_allocate(bytes);
    if (division->blocks > 1)
        weights->block_gradient = sac_allocate(bytes);
    if (weights->gradient && (weights->block_gradient || division->blocks == 1))
        return SAC_OK;
    return sac_fail(SAC_NOMEM, "no memory for %d gradients of %zu floats", division->parts, network->size);
}

void sac_weights_destroy(struct sac_weights *weights)
{
    sac_free(weights->gradient);
    sac_free(weights->block_gradient);
}

float *sac_weights_gradient(const struct sac_weights *weights, int part, int block)
{
    return (block == 0 ? weights->gradient : weights->block_gradient) + (size_t)part * weights->size;
}

void sac_weights_add_gradient(struct sac_weights *weights, int part, int block)
{
    const size_t first = (size_t)part * weights->size;
    if (block > 0)
        sac_kernels()->add(weights->gradient + first, weights->block_gradient + first, weights->size);
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
