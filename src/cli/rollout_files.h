/* What `softac rollout` reads. */
#ifndef SAC_ROLLOUT_FILES_H
#define SAC_ROLLOUT_FILES_H

#include <stddef.h>

#include <softac/env.h>
#include <softac/status.h>

/* {"qpos": [...], "qvel": [...]}, or {"state": [...]} for environments without a velocity, into position
 * (position_size) and velocity (velocity_size). SAC_IO, SAC_FORMAT, SAC_NOMEM. */
enum sac_status rollout_read_state(const char *path, const struct sac_env_spec *spec, double *position,
                                   double *velocity);

/* Rows of `action_size` numbers with commas between, no header, into malloc'ed *actions (*rows, action_size).
 * SAC_IO, SAC_FORMAT, SAC_NOMEM; *actions is then NULL or as it was. */
enum sac_status rollout_read_actions(const char *path, int action_size, float **actions, size_t *rows);

#endif
