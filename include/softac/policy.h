/* A trained policy: load, act, save. */
#ifndef SOFTAC_POLICY_H
#define SOFTAC_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <softac/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sac_policy; /* immutable after load; any number of threads may act with it at once */

/* Read a policy.safetensors file. The caller destroys *policy. SAC_IO, SAC_FORMAT, SAC_NOMEM. */
enum sac_status sac_policy_load(const char *path, struct sac_policy **policy);

/* Write it; the file appears whole or not at all. It holds no time, path, host or thread count. */
enum sac_status sac_policy_save(const struct sac_policy *policy, const char *path);
void sac_policy_destroy(struct sac_policy *policy); /* takes NULL */

int sac_policy_observation_size(const struct sac_policy *policy);
int sac_policy_action_size(const struct sac_policy *policy);
const char *
sac_policy_environment(const struct sac_policy *policy); /* id it was trained on; owned by the policy */

/* Actions for `rows` observations: observation (rows, observation_size) -> action (rows, action_size) in
 * environment units. deterministic: tanh of the mean. Otherwise a draw from pi(.|s) that depends on seed,
 * `step` and the row's number alone. A row's action does not depend on how many rows are in the call.
 * SAC_NOMEM. */
enum sac_status sac_policy_act(const struct sac_policy *policy, const float *observation, int rows,
                               float *action, bool deterministic, uint64_t seed, uint64_t step);

#ifdef __cplusplus
}
#endif
#endif
