/* The value network V(s) of SAC v1, with its target. As with the critics, different tasks may work on its
 * parts at the same time. */
#ifndef SAC_VALUE_NETWORK_H
#define SAC_VALUE_NETWORK_H

#include "batch.h"
#include "pass.h"
#include "weights.h"

struct sac_value_part {
    struct sac_pass forward, backward;
    double loss; /* sum of (V - bracket)^2 / 2 */
};

struct sac_value_network {
    struct sac_network network;
    struct sac_weights weights;
    int batch_ld;
    struct sac_division division;
    struct sac_hidden hidden, d_hidden;
    float *v_target; /* (B) V_target(s') */
    float *v;        /* (B) V(s) */
    float *bracket;  /* (B) min Q(s, a~) - log pi(a~|s): a constant */
    float *dv;       /* (B) dJ_V / dV */
    struct sac_value_part *part;
};

void sac_value_network_network(struct sac_network *network, const struct sac_settings *settings,
                               int observation_size);
enum sac_status sac_value_network_create(struct sac_value_network *value, const struct sac_settings *settings,
                                         const struct sac_batch *batch, int parts, float **state);
void sac_value_network_destroy(struct sac_value_network *value); /* takes a zeroed one */

/* v_target of the block's rows at s', v at s. */
void sac_value_network_values(struct sac_value_network *value, int part, int block, const float *next,
                              const float *current);
/* Right after sac_value_network_values of the block: gradient of J_V = mean (V(s) - bracket)^2 / 2, the
 * bracket being set. The first block's begins the part's, the others add to it. */
void sac_value_network_gradient(struct sac_value_network *value, int part, int block, const float *current);

#endif
