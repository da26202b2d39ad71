/* Every loss once more, in double and in the fewest words: what finite differences are taken of. Parameters
 * and rows are copies, so that any of them can be moved by a little. */
#ifndef SAC_TESTS_TWIN_H
#define SAC_TESTS_TWIN_H

#include <stdbool.h>

#include "agent_internal.h"

struct twin_network {
    const struct sac_network *network;
    double *parameters; /* (network->size) owned */
};

struct twin {
    const struct sac_agent *agent; /* for sizes and settings */
    struct twin_network policy, critic[2], critic_target[2], value, value_target;
    double log_alpha;
    double *next, *current, *taken; /* (B, O + A packed) actions of `taken` only */
    double *reward, *not_terminated;
    double *noise, *next_noise; /* (B, A) */
};

/* The agent's parameters and batch as they are now. */
struct twin *twin_create(const struct sac_agent *agent);
void twin_destroy(struct twin *twin);
/* The noise of the update that the agent has just made. */
void twin_take_noise(struct twin *twin);
/* The critics as they are now (v2: the policy's loss sees the stepped ones). */
void twin_take_critics(struct twin *twin);

double twin_alpha(const struct twin *twin);
/* J_Qi, Q^ included: as a function of critic i alone it is what the gradient is taken of, since Q^ reads
 * target networks and the policy only. */
double twin_critic_loss(const struct twin *twin, int i);
/* J_V and the score function's surrogate, given what they hold constant, each (B). */
double twin_value_loss(const struct twin *twin, const double *bracket);
double twin_score_surrogate(const struct twin *twin, const double *u, const double *weight);
/* J_pi through a~; J_alpha, given mean log pi. */
double twin_policy_loss(const struct twin *twin);
double twin_temperature_loss(double log_alpha, double mean_log_prob, double target_entropy);

/* What the two above hold constant, at the present parameters. */
void twin_bracket(const struct twin *twin, double *bracket);
void twin_score_constants(const struct twin *twin, double *u, double *weight);
double twin_mean_log_prob(const struct twin *twin);

#endif
