/* Finding and loading Gymnasium's model files. */
#ifndef MUJOCO_MODEL_H
#define MUJOCO_MODEL_H

#include "mujoco_task.h"

/* Load the task's model. The folder is, first of: option model_dir, the variable SOFTAC_MODEL_DIR, where
 * `make install` put the models, where configure found them. The caller deletes *model. */
int mujoco_model_load(const struct mujoco_task *task, const char *const *options, mjModel **model,
                      char *error);

/* The model in an XML file, or MuJoCo's sentence behind the file's name, or that the library is another one
 * than softac was built for. The caller deletes *model. */
int mujoco_model_read(const char *path, mjModel **model, char *error);

#endif
