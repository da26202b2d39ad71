/* The inside of <softac/policy.h>: a policy network, its parameters, and what it was trained on. */
#ifndef SAC_POLICY_H
#define SAC_POLICY_H

#include <softac/policy.h>

#include "policy_network.h"

struct sac_policy {
    struct sac_policy_network network;
    float *parameters;               /* (network.network.size) owned */
    float *panels;                   /* the same, packed to act */
    char *environment;               /* owned */
    float *action_low, *action_high; /* (action_size) owned, environment units */
    char *gym_module, *gym_kwargs;   /* owned: how its gym: environment was made; NULL: by its id alone */
};

/* Copies everything. */
enum sac_status sac_policy_create(const struct sac_policy_network *network, const float *parameters,
                                  const char *environment, const float *action_low, const float *action_high,
                                  struct sac_policy **policy);

/* Saved with it from now on. Either may be NULL. */
enum sac_status sac_policy_keep_gym(struct sac_policy *policy, const char *module, const char *kwargs);

/* Write it for PyTorch: the tensors carry the names of Stable-Baselines3's SAC actor (docs/files.md). Whole
 * or not at all; sac_policy_load reads it, too. */
enum sac_status sac_policy_export(const struct sac_policy *policy, const char *path);

/* sac_policy_load from memory; `name` stands in sentences. */
enum sac_status sac_policy_parse(const char *name, const void *bytes, size_t size,
                                 struct sac_policy **policy);

#endif
