/* A network's forward and backward pass over a block of one part's rows: a dense call site per layer and
 * direction. Used by one thread at a time. A single output (critics, value network) is a dot product by hand
 * instead of a dense site. */
#ifndef SAC_PASS_H
#define SAC_PASS_H

#include <softac/status.h>

#include "division.h"
#include "linear.h"
#include "network.h"

/* A row of floats for every row and every hidden layer: layer[l] is (rows, ld of layer l). */
struct sac_hidden {
    float *layer[SAC_MAX_HIDDEN_LAYERS];
};

enum sac_status sac_hidden_create(const struct sac_network *network, int rows, struct sac_hidden *hidden);
void sac_hidden_destroy(struct sac_hidden *hidden);
/* The same from row `first` on. */
struct sac_hidden sac_hidden_rows(const struct sac_hidden *hidden, const struct sac_network *network,
                                  int first);

struct sac_sites {
    struct sac_linear *forward[SAC_MAX_LAYERS];
    struct sac_linear *backward_input[SAC_MAX_LAYERS]; /* [0] is never needed */
    struct sac_linear *backward_weights[SAC_MAX_LAYERS];
};

struct sac_pass {
    const struct sac_network *network; /* outlives the pass */
    int most_rows;                     /* of the division */
    struct sac_sites sites[2];         /* for blocks of so many rows, for those of one less */
};

/* For all blocks of a part. x_ld: floats from row to row of the input. */
enum sac_status sac_pass_create_forward(struct sac_pass *pass, const struct sac_network *network,
                                        const struct sac_division *division, int part, int x_ld);
enum sac_status sac_pass_create_backward(struct sac_pass *pass, const struct sac_network *network,
                                         const struct sac_division *division, int part, int x_ld);
void sac_pass_destroy(struct sac_pass *pass); /* takes a zeroed one */

/* output (rows, ld of the last layer) and the hidden layers' outputs from x (rows, x_ld); rows are those of a
 * block. */
void sac_pass_forward(struct sac_pass *pass, int rows, float *output, const struct sac_hidden *hidden,
                      const float *parameters, const float *x);

/* gradient (network->size) from d_output (rows, ld of the last layer), the gradient by the outputs; d_hidden
 * is scratch whose padding is zero. */
void sac_pass_backward(struct sac_pass *pass, int rows, float *gradient, const struct sac_hidden *d_hidden,
                       const float *d_output, const float *parameters, const struct sac_hidden *hidden,
                       const float *x);

/* The call site of layer `l` in one direction, with the layout that passes use. */
struct sac_linear_shape sac_pass_shape(enum sac_linear_kind kind, const struct sac_network *network, int l,
                                       int rows, int x_ld);

/* Tell what computes each layer; `name` says whose pass it is. */
void sac_pass_describe(const struct sac_pass *pass, const char *name,
                       void (*line)(void *context, const char *text), void *context);
void sac_linear_describe(const struct sac_linear *site, const char *name, int l, const char *direction,
                         void (*line)(void *context, const char *text), void *context);

#endif
