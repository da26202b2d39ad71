/* Hopper-v5: hop forward on one leg, in the plane. */
#include "mujoco_task.h"

static const struct mujoco_option task_options[] = {
    MUJOCO_OPTION(COUNT, frame_skip, "4"),
    MUJOCO_OPTION(NUMBER, forward_reward_weight, "1"),
    MUJOCO_OPTION(NUMBER, ctrl_cost_weight, "1e-3"),
    MUJOCO_OPTION(NUMBER, healthy_reward, "1"),
    MUJOCO_OPTION(FLAG, terminate_when_unhealthy, "true"),
    MUJOCO_OPTION(RANGE, healthy_state_range, "-100,100"),
    MUJOCO_OPTION(RANGE, healthy_z_range, "0.7,inf"),
    MUJOCO_OPTION(RANGE, healthy_angle_range, "-0.2,0.2"),
    MUJOCO_OPTION(SCALE, reset_noise_scale, "5e-3"),
    MUJOCO_OPTION(FLAG, exclude_current_positions_from_observation, "true"),
    {0},
};

static const struct mujoco_range velocities = {-10, 10};

static void hopper_observe(const struct mujoco_scene *scene, double *observation)
{
    mujoco_observe_state(scene, velocities, observation);
}

static bool is_healthy(const struct mujoco_scene *scene)
{
    const mjData *data = scene->data;
    const struct mujoco_settings *settings = scene->settings;
    bool healthy = mujoco_is_within(data->qpos[1], settings->healthy_z_range) &&
                   mujoco_is_within(data->qpos[2], settings->healthy_angle_range);
    for (int i = 2; i < scene->model->nq; i++)
        healthy &= mujoco_is_within(data->qpos[i], settings->healthy_state_range);
    for (int i = 0; i < scene->model->nv; i++)
        healthy &= mujoco_is_within(data->qvel[i], settings->healthy_state_range);
    return healthy;
}

static bool hopper_judge(const struct mujoco_outcome *outcome, double *reward)
{
    return mujoco_judge_runner(outcome, is_healthy(outcome->scene),
                               mujoco_action_cost(outcome, outcome->scene->settings->ctrl_cost_weight),
                               reward);
}

static const float low[] = {-1, -1, -1}, high[] = {1, 1, 1};

static const struct mujoco_task hopper = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 11,
             .action_size = 3,
             .step_limit = 1000,
             .action_low = low,
             .action_high = high,
             .reward_threshold = 3800.0,
             .position_size = 6,
             .velocity_size = 6},
    .options = task_options,
    .model = "hopper.xml",
    .bodies = 5,
    .sites = 0,
    .skipped = 1,
    .perturb = mujoco_perturb_uniform,
    .observe = hopper_observe,
    .judge = hopper_judge,
};

MUJOCO_OPS(sac_hopper, "Hopper-v5", hopper);
