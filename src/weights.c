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
