/* Walker2d-v5: walk forward on two legs, in the plane. */
#include "mujoco_task.h"

#include <math.h>

static const struct mujoco_option task_options[] = {
    MUJOCO_OPTION(COUNT, frame_skip, "4"),
    MUJOCO_OPTION(NUMBER, forward_reward_weight, "1"),
    MUJOCO_OPTION(NUMBER, ctrl_cost_weight, "1e-3"),
    MUJOCO_OPTION(NUMBER, healthy_reward, "1"),
    MUJOCO_OPTION(FLAG, terminate_when_unhealthy, "true"),
    MUJOCO_OPTION(RANGE, healthy_z_range, "0.8,2"),
    MUJOCO_OPTION(RANGE, healthy_angle_range, "-1,1"),
    MUJOCO_OPTION(SCALE, reset_noise_scale, "5e-3"),
    MUJOCO_OPTION(FLAG, exclude_current_positions_from_observation, "true"),
    {0},
};

static const struct mujoco_range velocities = {-10, 10};

static void walker2d_observe(const struct mujoco_scene *scene, double *observation)
{
    mujoco_observe_state(scene, velocities, observation);
}

static bool walker2d_judge(const struct mujoco_outcome *outcome, double *reward)
{
    const mjData *data = outcome->scene->data;
    const struct mujoco_settings *settings = outcome->scene->settings;
    const bool healthy = mujoco_is_within(data->qpos[1], settings->healthy_z_range) &&
                         mujoco_is_within(data->qpos[2], settings->healthy_angle_range);
    return mujoco_judge_runner(outcome, healthy, mujoco_action_cost(outcome, settings->ctrl_cost_weight),
                               reward);
}

static const float low[] = {-1, -1, -1, -1, -1, -1}, high[] = {1, 1, 1, 1, 1, 1};

static const struct mujoco_task walker2d = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 17,
             .action_size = 6,
             .step_limit = 1000,
             .action_low = low,
             .action_high = high,
             .reward_threshold = NAN,
             .position_size = 9,
             .velocity_size = 9},
    .options = task_options,
    .model = "walker2d_v5.xml",
    .bodies = 8,
    .sites = 0,
    .skipped = 1,
    .perturb = mujoco_perturb_uniform,
    .observe = walker2d_observe,
    .judge = walker2d_judge,
};

MUJOCO_OPS(sac_walker2d, "Walker2d-v5", walker2d);
