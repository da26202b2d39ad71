/* What MuJoCo needs to go on exactly from a state, as doubles. */
#ifndef MUJOCO_INTEGRATION_H
#define MUJOCO_INTEGRATION_H

#include <mujoco/mujoco.h>
#include <stddef.h>

size_t mujoco_integration_size(const mjModel *model); /* doubles */
void mujoco_integration_get(const mjModel *model, const mjData *data, double *state);
void mujoco_integration_set(const mjModel *model, mjData *data, const double *state);

#endif
