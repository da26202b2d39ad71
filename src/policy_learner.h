/* The learner's side of the policy: fresh actions for whole batches, and the gradient of J_pi by either
 * estimator. */
#ifndef SAC_POLICY_LEARNER_H
#define SAC_POLICY_LEARNER_H

#include "batch.h"
#include "pass.h"
#include "policy_network.h"
#include "weights.h"

/* Fresh actions are drawn at `draws` rows: s' and s in v2, s alone in v1; in either case the last rows are
 * s. */
struct sac_policy_part {
    struct sac_pass forward, backward;
    double loss;     /* sum of what J_pi is the mean of */
    double log_prob; /* sum of log pi(a~|s) */
};

struct sac_policy_learner {
    struct sac_policy_network policy;
    struct sac_weights weights;
    uint64_t seed;
    int batch_ld;
    int draws;
    struct sac_division division; /* of the B rows of s */
    struct sac_division drawing;  /* of all draws, or of a large batch's at s' and at s alike */
    struct sac_hidden hidden, d_hidden;
    float *head;              /* (draws, head's ld) mean | raw log std */
    float *noise;             /* (draws, A) */
    float *log_prob;          /* (draws) */
    struct sac_squash squash; /* (draws, A) */
    float *d_head;            /* (B, head's ld) */
    float *dq_da;             /* (B, A) d min Q(s, a~) / da~ */
    float *weight;            /* (B) score function: log pi - min Q + V */
    struct sac_policy_part *part;
};

enum sac_status sac_policy_learner_create(struct sac_policy_learner *learner,
                                          const struct sac_settings *settings, const struct sac_batch *batch,
                                          int parts, float **state);
void sac_policy_learner_destroy(struct sac_policy_learner *learner); /* takes a zeroed one */

/* log pi(a~|s) of the batch's rows (B), and log pi(a~'|s') (v2). */
const float *sac_policy_learner_log_prob(const struct sac_policy_learner *learner);
const float *sac_policy_learner_next_log_prob(const struct sac_policy_learner *learner);

/* a~ ~ pi(.|s), in v2 also a~' ~ pi(.|s'), with their log-probabilities, for one block of `drawing`. Actions
 * go beside their observations in the batch. */
void sac_policy_learner_draw(struct sac_policy_learner *learner, int part, int block, uint64_t update,
                             struct sac_batch *batch);
/* In v2 with a large batch, where that draws at s' alone: the same at s. */
void sac_policy_learner_draw_current(struct sac_policy_learner *learner, int part, int block, uint64_t update,
                                     struct sac_batch *batch);

/* Gradients by the parameters, after the actions at s; of a large batch's block, right after them. The first
 * block's begins the part's, the others add to it. */
/* Of J_pi = mean (alpha log pi(a~|s) - min Q(s, a~)) through a~, dq_da being set. */
void sac_policy_learner_gradient(struct sac_policy_learner *learner, int part, int block, float alpha,
                                 const struct sac_batch *batch);
/* mean grad log pi(a~|s) weight with a~ and weight constant, weight being set. */
void sac_policy_learner_score_gradient(struct sac_policy_learner *learner, int part, int block,
                                       const struct sac_batch *batch);

#endif
