/* Humanoid-v5: walk forward on two legs. */
#include "humanoid_parts.h"
#include "mujoco_task.h"

#include <math.h>

static const struct mujoco_option task_options[] = {
    MUJOCO_OPTION(COUNT, frame_skip, "5"),
    MUJOCO_OPTION(NUMBER, forward_reward_weight, "1.25"),
    MUJOCO_OPTION(NUMBER, ctrl_cost_weight, "0.1"),
    MUJOCO_OPTION(NUMBER, contact_cost_weight, "5e-7"),
    MUJOCO_OPTION(RANGE, contact_cost_range, "-inf,10"),
    MUJOCO_OPTION(NUMBER, healthy_reward, "5"),
    MUJOCO_OPTION(FLAG, terminate_when_unhealthy, "true"),
    MUJOCO_OPTION(RANGE, healthy_z_range, "1,2"),
    MUJOCO_OPTION(SCALE, reset_noise_scale, "1e-2"),
    MUJOCO_OPTION(FLAG, exclude_current_positions_from_observation, "true"),
    MUJOCO_OPTION(FLAG, include_cinert_in_observation, "true"),
    MUJOCO_OPTION(FLAG, include_cvel_in_observation, "true"),
    MUJOCO_OPTION(FLAG, include_qfrc_actuator_in_observation, "true"),
    MUJOCO_OPTION(FLAG, include_cfrc_ext_in_observation, "true"),
    {0},
};

/* Of the centre of mass. */
static double humanoid_track(const struct mujoco_scene *scene)
{
    const mjModel *model = scene->model;
    double moment = 0, mass = 0;
    for (int i = 0; i < model->nbody; i++) {
        moment += model->body_mass[i] * scene->data->xipos[3 * i];
        mass += model->body_mass[i];
    }
    return moment / mass;
}

static bool humanoid_judge(const struct mujoco_outcome *outcome, double *reward)
{
    const struct mujoco_settings *settings = outcome->scene->settings;
    const double cost =
        humanoid_control_cost(outcome->scene) +
        humanoid_contact_cost(outcome->scene, settings->contact_cost_weight, settings->contact_cost_range);
    const bool healthy = mujoco_is_within(outcome->scene->data->qpos[2], settings->healthy_z_range);
    return mujoco_judge_runner(outcome, healthy, cost, reward);
}

static const float low[] = {-0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f,
                            -0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f, -0.4f},
                   high[] = {0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f,
                             0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f, 0.4f};

static const struct mujoco_task humanoid = {
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
    .model = "humanoid.xml",
    .bodies = 14,
    .sites = 0,
    .skipped = 2,
    .contact_forces = true,
    .perturb = mujoco_perturb_uniform,
    .observe = humanoid_parts_observe,
    .track = humanoid_track,
    .judge = humanoid_judge,
};

MUJOCO_OPS(sac_humanoid, "Humanoid-v5", humanoid);
