/* What the two humanoid tasks share. */
#ifndef HUMANOID_PARTS_H
#define HUMANOID_PARTS_H

#include "mujoco_task.h"

void humanoid_parts_observe(const struct mujoco_scene *scene, double *observation);

/* ctrl_cost_weight times the squared controls, in double as MuJoCo keeps them. */
double humanoid_control_cost(const struct mujoco_scene *scene);
/* weight times the squared contact forces, within `range`. */
double humanoid_contact_cost(const struct mujoco_scene *scene, double weight, struct mujoco_range range);

#endif
