/* A trained policy: load, act, save. docs/library.md is the guide, docs/files.md describes the file. */
#ifndef SOFTAC_POLICY_H
#define SOFTAC_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <softac/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A policy network with the bounds of its actions. It never changes: any number of threads may act with it at
 * once. Whoever gets one from sac_policy_load or sac_trainer_policy owns it and destroys it. */
struct sac_policy;

/* Read a policy file: policy.safetensors of a run, or one that `softac export` wrote, of this or an earlier
 * version. *policy is NULL unless SAC_OK. SAC_INVALID (NULL), SAC_IO, SAC_FORMAT (damaged, of a later
 * version, not a policy), SAC_NOMEM. */
enum sac_status sac_policy_load(const char *path, struct sac_policy **policy);

/* Write policy.safetensors: the file appears whole or not at all, in place of one that is there. It holds no
 * time, path, host or thread count: equal policies give equal bytes. SAC_INVALID (NULL), SAC_IO, SAC_NOMEM.
 */
enum sac_status sac_policy_save(const struct sac_policy *policy, const char *path);

/* Takes NULL. No thread may be acting with it. */
void sac_policy_destroy(struct sac_policy *policy);

/* Floats per observation and per action; 0 for NULL. */
int sac_policy_observation_size(const struct sac_policy *policy);
int sac_policy_action_size(const struct sac_policy *policy);

/* Id of the environment it was trained on, owned by the policy; NULL for NULL. */
const char *sac_policy_environment(const struct sac_policy *policy);

/* Actions for `rows` >= 0 observations: observation (rows, observation_size) -> action (rows, action_size),
 * packed row after row, in environment units and within the bounds the policy was trained with.
 *
 * deterministic: low + (high - low) (1 + tanh mean) / 2. Otherwise a draw from pi(.|s) (Haarnoja et al.
 * 2018b, appendix C: tanh of a Gaussian), which depends on `seed`, `step` and the row's number alone: pass
 * another step each time. A row's action does not depend on the other rows.
 *
 * SAC_INVALID: NULL, rows < 0, or an observation that is not finite; nothing is written then. SAC_NOMEM. Any
 * thread. */
enum sac_status sac_policy_act(const struct sac_policy *policy, const float *observation, int rows,
                               float *action, bool deterministic, uint64_t seed, uint64_t step);

#ifdef __cplusplus
}
#endif
#endif
