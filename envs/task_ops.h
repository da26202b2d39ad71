/* The table of a task from a family of tasks: `family`_reset and so on are the functions that its tasks
 * share; spec and create get the task itself, the rest finds it in the instance. */
#ifndef TASK_OPS_H
#define TASK_OPS_H

#include <softac/env.h>

/* Define the table NAME of the environment ID, from its `task`; `...`: what only this family's tables have.
 */
#define TASK_OPS(family, name, env_id, task, ...)                                                            \
    TASK_OPS_WITHOUT_STATE(family, name, env_id, task, .state_size = family##_state_size,                    \
                           .get_state = family##_get_state, .set_state = family##_set_state, __VA_ARGS__)

/* The same of a task that can not go on exactly from a saved state. */
#define TASK_OPS_WITHOUT_STATE(family, name, env_id, task, ...)                                              \
    static int name##_spec(const char *const *options, struct sac_env_spec *spec, char *error)               \
    {                                                                                                        \
        return family##_spec(&(task), options, spec, error);                                                 \
    }                                                                                                        \
    static int name##_create(const struct sac_env_create *create, void **instance, char *error)              \
    {                                                                                                        \
        return family##_create(&(task), create, instance, error);                                            \
    }                                                                                                        \
    const struct sac_env_ops name = {.abi = SAC_ENV_ABI,                                                     \
                                     .size = sizeof(struct sac_env_ops),                                     \
                                     .id = (env_id),                                                         \
                                     .spec = name##_spec,                                                    \
                                     .create = name##_create,                                                \
                                     .reset = family##_reset,                                                \
                                     .step = family##_step,                                                  \
                                     .destroy = family##_destroy,                                            \
                                     .reset_to = family##_reset_to,                                          \
                                     __VA_ARGS__}

#endif
