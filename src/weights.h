/* What is learnt of one network, with what its optimiser keeps: parameters, target, Adam moments. Flat blocks
 * of network->size floats. */
#ifndef SAC_WEIGHTS_H
#define SAC_WEIGHTS_H

#include <stdbool.h>

#include <softac/status.h>

#include "division.h"
#include "kernels/kernels.h"
#include "network.h"

struct sac_weights {
    size_t size;
    float *parameters, *target, *m, *v; /* in the agent's state block; target: NULL if the network has none */
    int parts;
    float *gradient; /* (parts, size) owned: one by each part of the rows; their sum ends up in the first */
    float *block_gradient; /* (parts, size) owned: that of one block; NULL where a part is a block */
};

/* Floats that a network needs of the state block. */
size_t sac_weights_state(const struct sac_network *network, bool target);
/* Take them from *state, which moves on; allocate the gradients. */
enum sac_status sac_weights_create(struct sac_weights *weights, const struct sac_network *network,
                                   bool target, const struct sac_division *division, float **state);
/* Where the gradient of a part's block is to go; then, the blocks being taken in their order, add it to what
 * the part has. */
float *sac_weights_gradient(const struct sac_weights *weights, int part, int block);
void sac_weights_add_gradient(struct sac_weights *weights, int part, int block);
void sac_weights_destroy(struct sac_weights *weights); /* takes a zeroed one */
/* First values: see sac_network_randomize. The target starts as a copy, the moments at zero. */
void sac_weights_start(struct sac_weights *weights, const struct sac_network *network, uint64_t seed,
                       uint32_t number);

#endif
