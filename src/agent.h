/* The agent: policy, critics, value network, their targets, optimisers and temperature, and the memory an
 * update needs. Owned by the learner. sac_update.c holds the algorithm; this header ties the networks
 * together. */
#ifndef SAC_AGENT_H
#define SAC_AGENT_H

#include "batch.h"
#include "phases.h"
#include "policy_network.h"
#include "team.h"

struct sac_agent;

/* Means over one update's batch. */
struct sac_losses {
    double critic;      /* J_Q1 + J_Q2, each mean (Q - Q^)^2 / 2 */
    double value;       /* J_V (v1), else 0 */
    double policy;      /* J_pi */
    double temperature; /* J_alpha, else 0 */
    double alpha;       /* as used by the update */
    double entropy;     /* -mean log pi(a~|s) */
};

/* Into how many parts the rows of each critic are divided, so that `split` threads have as much to do: half
 * as many as there are threads, each taking a part of one critic; of an odd number, or of a large batch, each
 * takes a part of both. */
int sac_agent_critic_parts(int split, int batch_size);

/* The split of the work is fixed by `split` (>= 1) alone, not by the team's size. */
enum sac_status sac_agent_create(const struct sac_settings *settings, int observation_size, int action_size,
                                 int split, struct sac_team *team, struct sac_agent **agent);
void sac_agent_destroy(struct sac_agent *agent); /* takes NULL */

struct sac_batch *sac_agent_batch(struct sac_agent *agent); /* the replay fills it before each update */

/* One gradient update on the batch; `update` counts from 0 and keys the noise. */
void sac_update(struct sac_agent *agent, uint64_t update, struct sac_losses *losses);

/* From the next update on, add what its phases take to *clock, which the caller keeps; NULL: no longer. */
void sac_agent_set_clock(struct sac_agent *agent, struct sac_phase_clock *clock);
struct sac_phase_clock *sac_agent_clock(const struct sac_agent *agent);

const struct sac_policy_network *sac_agent_policy(const struct sac_agent *agent);
const float *
sac_agent_policy_parameters(const struct sac_agent *agent); /* (sac_agent_policy()->network.size) */

/* Everything learnt, as one flat block of floats: parameters, targets, Adam moments; temperature and step
 * count included. Copying it at a safe point and back restores the agent exactly. */
float *sac_agent_state(struct sac_agent *agent, size_t *floats);

/* Call `line` for each dense call site: which network and layer, its sizes, what computes it. */
void sac_agent_describe(const struct sac_agent *agent, void (*line)(void *context, const char *text),
                        void *context);

/* Floating point operations of one update: update_work.h has them layer by layer. */
double sac_agent_flops(const struct sac_agent *agent);

#endif
