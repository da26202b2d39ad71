/* The matrix products of one update by the leanest way to compute them: a line per layer, which a reader can
 * recount. Whatever else an update does is not counted. */
#ifndef SAC_UPDATE_WORK_H
#define SAC_UPDATE_WORK_H

#include <softac/settings.h>

#include "network.h"
#include "phases.h"

struct sac_layer_work {
    const char *network; /* "policy", "critic", "value network" */
    int layer; /* from 0; the critic's layer 0 has a second line: the gradient by its action inputs */
    int rows, in, out;
    /* How often one update does each to `rows` rows, whether in one call or several: */
    int forward;          /* x (rows, in) W (in, out) */
    int backward_input;   /* d (rows, out) W^T */
    int backward_weights; /* x^T d */
};

enum { SAC_MOST_LAYER_WORK = 3 * SAC_MAX_LAYERS + 1 };

/* Returns how many lines there are. */
int sac_update_work(const struct sac_settings *settings, int observation_size, int action_size,
                    struct sac_layer_work lines[SAC_MOST_LAYER_WORK]);

/* Two operations for each multiply-add. */
double sac_layer_flops(const struct sac_layer_work *line);
/* The sum over all lines. */
double sac_update_flops(const struct sac_settings *settings, int observation_size, int action_size);
/* A phase's part of that sum; 0 for one without products. */
double sac_phase_flops(const struct sac_settings *settings, int observation_size, int action_size,
                       enum sac_phase phase);

#endif
