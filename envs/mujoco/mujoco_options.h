/* The options of Gymnasium's MuJoCo tasks, "name=value", under its names and with its defaults. */
#ifndef MUJOCO_OPTIONS_H
#define MUJOCO_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mujoco_range {
    double low, high;
};

/* What the options set. A field that a task has no option for is zero. */
struct mujoco_settings {
    int32_t frame_skip; /* simulation steps per action */
    double reset_noise_scale;
    double forward_reward_weight, ctrl_cost_weight, contact_cost_weight, healthy_reward;
    double reward_near_weight, reward_dist_weight, reward_control_weight;
    double uph_cost_weight, impact_cost_weight;
    struct mujoco_range healthy_state_range, healthy_z_range, healthy_angle_range;
    struct mujoco_range contact_force_range, contact_cost_range, impact_cost_range;
    bool terminate_when_unhealthy, exclude_current_positions_from_observation;
    bool include_cinert_in_observation, include_cvel_in_observation, include_qfrc_actuator_in_observation,
        include_cfrc_ext_in_observation;
    char main_body[64]; /* name or number */
};

enum mujoco_option_kind {
    MUJOCO_COUNT_OPTION,  /* int32_t: a whole number from 1 to 1000 */
    MUJOCO_NUMBER_OPTION, /* double: finite */
    MUJOCO_SCALE_OPTION,  /* double: finite, >= 0 */
    MUJOCO_RANGE_OPTION,  /* struct mujoco_range: LOW,HIGH; either may be infinite */
    MUJOCO_FLAG_OPTION,   /* bool: true or false */
    MUJOCO_WORD_OPTION    /* char[64] */
};

struct mujoco_option {
    const char *name; /* NULL at the end of a table */
    enum mujoco_option_kind kind;
    size_t offset;         /* in struct mujoco_settings */
    const char *otherwise; /* its default, as a caller would write it */
};

/* A row of a task's table. */
#define MUJOCO_OPTION(kind, name, otherwise)                                                                 \
    {                                                                                                        \
#name, MUJOCO_##kind##_OPTION, offsetof(struct mujoco_settings, name), (otherwise)                   \
    }

/* The defaults of `table`, changed by `options` (NULL: none), of which model_dir=DIR is not for here. An
 * unknown name or a bad value fails with a sentence in error[SAC_ENV_ERROR_SIZE]. */
int mujoco_options_read(const struct mujoco_option *table, const char *const *options,
                        struct mujoco_settings *settings, char *error);

/* DIR of the last model_dir=DIR, or NULL. */
const char *mujoco_options_model_dir(const char *const *options);

#endif
