/* A critic Q(s, a): its network, its target and the passes of its parts, which different tasks may work on at
 * the same time. */
#ifndef SAC_CRITIC_H
#define SAC_CRITIC_H

#include "batch.h"
#include "pass.h"
#include "weights.h"

/* dQ/da for some of a block's rows only: those are packed. What computes no fewer rows than a site has
 * (oneDNN) takes them rounded up to one of `sizes` row counts, each with call sites of its own. */
struct sac_action_gradient {
    int sizes, step; /* row counts step, 2 step, ..., sizes * step */
    struct sac_linear *
        *site[SAC_MAX_HIDDEN_LAYERS]; /* (sizes): d of layer l - 1 from l; [0]: d of the action */
    int *row;                         /* (sizes * step) the rows of the block that are packed */
    float *dq;                        /* (sizes * step) 1 for rows in use, else 0 */
    struct sac_hidden d_hidden;       /* of the packed rows */
    float *d_action;                  /* (sizes * step, d_action_ld) */
    int d_action_ld;
    float *d_bias; /* unused sums that the kernels make on the way */
};

struct sac_critic_part {
    struct sac_pass forward, backward;
    struct sac_action_gradient action_gradient;
    double loss; /* sum of (Q - Q^)^2 / 2 */
};

struct sac_critic {
    struct sac_network network;
    struct sac_weights weights;
    int observation_size, action_size, batch_ld; /* of the batch */
    struct sac_division division;
    struct sac_hidden hidden, d_hidden; /* each pass overwrites the former one's */
    float *q_target;                    /* (B) of the target network at (s', a~') */
    float *q_taken;                     /* (B) Q(s, a) */
    float *q_fresh;                     /* (B) Q(s, a~) */
    float *y;                           /* (B) Q^, each critic its own copy */
    float *dq;                          /* (B) dJ_Q / dQ */
    struct sac_critic_part *part;
};

/* Everything but what is learnt, whose place *state gives. */
enum sac_status sac_critic_create(struct sac_critic *critic, const struct sac_settings *settings,
                                  const struct sac_batch *batch, int parts, float **state);
void sac_critic_destroy(struct sac_critic *critic); /* takes a zeroed one */
void sac_critic_network(struct sac_network *network, const struct sac_settings *settings,
                        int observation_size, int action_size);

/* Forward passes of one block's rows: -> q_target, -> q_fresh. */
void sac_critic_target_values(struct sac_critic *critic, int part, int block, const float *next);
void sac_critic_fresh_values(struct sac_critic *critic, int part, int block, const float *current);
/* Gradient of J_Q = mean (Q(s, a) - y)^2 / 2 by the parameters, y being set. The first block's begins the
 * part's, the others add to it. */
void sac_critic_gradient(struct sac_critic *critic, int part, int block, const float *taken);
/* Right after sac_critic_fresh_values of the block: dq_da (B, A) in those of its rows where `other` is not
 * lower (`first`: equal values are this critic's). */
void sac_critic_action_gradient(struct sac_critic *critic, int part, int block, float *dq_da,
                                const struct sac_critic *other, bool first);

/* The call site of layer l on the way from dQ to the action, for `rows` packed rows (a multiple of 16).
 * [0] gives the gradient by the action: the last rows of layer 0's weights alone. */
struct sac_linear_shape sac_critic_action_gradient_shape(const struct sac_network *network, int action_size,
                                                         int l, int rows);

/* Tell what computes the sites of the action gradient: the smallest and the largest row count. */
void sac_critic_describe_action_gradient(const struct sac_critic *critic,
                                         void (*line)(void *context, const char *text), void *context);

#endif
