/* Swimmer-v5: swim forward with a three-link worm in the plane. */
#include "mujoco_task.h"

static const struct mujoco_option task_options[] = {
    MUJOCO_OPTION(COUNT, frame_skip, "4"),
    MUJOCO_OPTION(NUMBER, forward_reward_weight, "1"),
    MUJOCO_OPTION(NUMBER, ctrl_cost_weight, "1e-4"),
    MUJOCO_OPTION(SCALE, reset_noise_scale, "0.1"),
    MUJOCO_OPTION(FLAG, exclude_current_positions_from_observation, "true"),
    {0},
};

static void swimmer_observe(const struct mujoco_scene *scene, double *observation)
{
    mujoco_observe_state(scene, mujoco_unclipped, observation);
}

static bool swimmer_judge(const struct mujoco_outcome *outcome, double *reward)
{
    return mujoco_judge_runner(
        outcome, true, mujoco_action_cost(outcome, outcome->scene->settings->ctrl_cost_weight), reward);
}

static const float low[] = {-1, -1}, high[] = {1, 1};

static const struct mujoco_task swimmer = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 8,
             .action_size = 2,
             .step_limit = 1000,
             .action_low = low,
             .action_high = high,
             .reward_threshold = 360.0,
             .position_size = 5,
             .velocity_size = 5},
    .options = task_options,
    .model = "swimmer.xml",
    .bodies = 4,
    .sites = 0,
    .skipped = 2,
    .perturb = mujoco_perturb_uniform,
    .observe = swimmer_observe,
    .judge = swimmer_judge,
};

MUJOCO_OPS(sac_swimmer, "Swimmer-v5", swimmer);
