/* HumanoidStandup-v5: stand up from lying on the back. */
#include "humanoid_parts.h"
#include "mujoco_task.h"

#include <math.h>

static const struct mujoco_option task_options[] = {
    MUJOCO_OPTION(COUNT, frame_skip, "5"),
    MUJOCO_OPTION(NUMBER, uph_cost_weight, "1"),
    MUJOCO_OPTION(NUMBER, ctrl_cost_weight, "0.1"),
    MUJOCO_OPTION(NUMBER, impact_cost_weight, "5e-7"),
    MUJOCO_OPTION(RANGE, impact_cost_range, "-inf,10"),
    MUJOCO_OPTION(SCALE, reset_noise_scale, "1e-2"),
    MUJOCO_OPTION(FLAG, exclude_current_positions_from_observation, "true"),
    MUJOCO_OPTION(FLAG, include_cinert_in_observation, "true"),
    MUJOCO_OPTION(FLAG, include_cvel_in_observation, "true"),
    MUJOCO_OPTION(FLAG, include_qfrc_actuator_in_observation, "true"),
    MUJOCO_OPTION(FLAG, include_cfrc_ext_in_observation, "true"),
    {0},
};

/* Height over a simulation step, whatever the frame skip. Gymnasium takes uph_cost_weight but does not use
 * it. */
static bool humanoid_standup_judge(const struct mujoco_outcome *outcome, double *reward)
{
    const struct mujoco_scene *scene = outcome->scene;
    const struct mujoco_settings *settings = scene->settings;
    *reward = scene->data->qpos[2] / scene->model->opt.timestep - humanoid_control_cost(scene) -
              humanoid_contact_cost(scene, settings->impact_cost_weight, settings->impact_cost_range) + 1;
    return false;
}

static const float low[] = {-0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f,
                            -0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f},
                   high[] = {0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f,
                             0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f};

static const struct mujoco_task humanoid_standup = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 348,
             .action_size = 17,
             .step_limit = 1000,
             .action_low = low,
             .action_high = high,
             .reward_threshold = NAN,
             .position_size = 24,
             .velocity_size = 23},
    .options = task_options,
    .model = "humanoidstandup.xml",
    .bodies = 14,
    .sites = 0,
    .skipped = 2,
    .contact_forces = true,
    .perturb = mujoco_perturb_uniform,
    .observe = humanoid_parts_observe,
    .judge = humanoid_standup_judge,
};

MUJOCO_OPS(sac_humanoid_standup, "HumanoidStandup-v5", humanoid_standup);
