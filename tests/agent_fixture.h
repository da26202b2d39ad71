/* Small agents with known batches, for the tests of everything that learns. */
#ifndef SAC_TESTS_AGENT_FIXTURE_H
#define SAC_TESTS_AGENT_FIXTURE_H

#include "agent_internal.h"

/* Settings of an agent with hidden layers of 6 and 5 and a batch of 11. */
struct sac_settings fixture_settings(enum sac_algorithm algorithm);

/* A team of `members` and an agent for observations of 3 and actions of 2; aborts the test on failure. */
struct fixture {
    struct sac_team *team;
    struct sac_agent *agent;
};
struct fixture fixture_create(const struct sac_settings *settings, int split, int members);
void fixture_destroy(struct fixture *fixture);

/* A batch that depends on `number` alone; every fifth transition is terminal. */
void fixture_fill_batch(struct sac_batch *batch, uint64_t number);

/* `updates` updates, each with a batch of its own, inside the team's region. Returns the last losses. */
struct sac_losses fixture_update(struct fixture *fixture, int updates);

#endif
