/* HalfCheetah-v5: run forward with a planar two-legged robot. */
#include "mujoco_task.h"

static const struct mujoco_option task_options[] = {
    MUJOCO_OPTION(COUNT, frame_skip, "5"),
    MUJOCO_OPTION(NUMBER, forward_reward_weight, "1"),
    MUJOCO_OPTION(NUMBER, ctrl_cost_weight, "0.1"),
    MUJOCO_OPTION(SCALE, reset_noise_scale, "0.1"),
    MUJOCO_OPTION(FLAG, exclude_current_positions_from_observation, "true"),
    {0},
};

static void half_cheetah_observe(const struct mujoco_scene *scene, double *observation)
{
    mujoco_observe_state(scene, mujoco_unclipped, observation);
}

static bool half_cheetah_judge(const struct mujoco_outcome *outcome, double *reward)
{
    return mujoco_judge_runner(
        outcome, true, mujoco_action_cost(outcome, outcome->scene->settings->ctrl_cost_weight), reward);
}

static const float low[] = {-1, -1, -1, -1, -1, -1}, high[] = {1, 1, 1, 1, 1, 1};

static const struct mujoco_task half_cheetah = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 17,
             .action_size = 6,
             .step_limit = 1000,
             .action_low = low,
             .action_high = high,
             .reward_threshold = 4800.0,
             .position_size = 9,
             .velocity_size = 9},
    .options = task_options,
    .model = "half_cheetah.xml",
    .bodies = 8,
    .sites = 0,
    .skipped = 1,
    .perturb = mujoco_perturb_normal,
    .observe = half_cheetah_observe,
    .judge = half_cheetah_judge,
};

MUJOCO_OPS(sac_half_cheetah, "HalfCheetah-v5", half_cheetah);
