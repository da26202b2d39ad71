/* The inside of agent.h, for agent.c, sac_update.c and tests. */
#ifndef SAC_AGENT_INTERNAL_H
#define SAC_AGENT_INTERNAL_H

#include "agent.h"
#include "critic.h"
#include "phases.h"
#include "policy_learner.h"
#include "value_network.h"

/* The end of the state block, padded to a cache line. */
struct sac_temperature {
    double log_alpha, m, v; /* m, v: Adam's moments */
    uint64_t updates;       /* done; Adam's step count for all networks */
};

enum { SAC_TEMPERATURE_FLOATS = 16 };

/* Numbers of the networks, for their first values. */
enum { SAC_POLICY_NUMBER, SAC_CRITIC_NUMBER, SAC_VALUE_NUMBER = SAC_CRITIC_NUMBER + 2 };

struct sac_agent {
    struct sac_settings settings;
    struct sac_team *team;
    bool by_blocks;   /* a large batch, see division.h; else one phase after the other */
    int split;        /* tasks over policy and value rows */
    int critic_parts; /* of each critic's rows; by blocks: split, as a task's rows are both critics' */
    int critic_tasks; /* 2 critic_parts: task t is part t % critic_parts of critic t / critic_parts */
    double target_entropy;

    struct sac_batch batch;
    struct sac_policy_learner policy;
    struct sac_critic critic[2];
    struct sac_value_network value; /* v1 only */

    float *state; /* owned: all that is learnt */
    size_t state_floats;
    struct sac_temperature *temperature; /* in it */

    struct sac_phase_clock *clock; /* NULL: nobody wants to know */

    /* of the update under way */
    uint64_t update;
    double alpha;
    struct sac_adam policy_adam, critic_adam, value_adam;
};

#endif
