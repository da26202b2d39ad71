/* Ant-v5: walk forward on four legs. */
#include "mujoco_task.h"

#include <math.h>

static const struct mujoco_option task_options[] = {
    MUJOCO_OPTION(COUNT, frame_skip, "5"),
    MUJOCO_OPTION(NUMBER, forward_reward_weight, "1"),
    MUJOCO_OPTION(NUMBER, ctrl_cost_weight, "0.5"),
    MUJOCO_OPTION(NUMBER, contact_cost_weight, "5e-4"),
    MUJOCO_OPTION(NUMBER, healthy_reward, "1"),
    MUJOCO_OPTION(WORD, main_body, "1"),
    MUJOCO_OPTION(FLAG, terminate_when_unhealthy, "true"),
    MUJOCO_OPTION(RANGE, healthy_z_range, "0.2,1"),
    MUJOCO_OPTION(RANGE, contact_force_range, "-1,1"),
    MUJOCO_OPTION(SCALE, reset_noise_scale, "0.1"),
    MUJOCO_OPTION(FLAG, exclude_current_positions_from_observation, "true"),
    MUJOCO_OPTION(FLAG, include_cfrc_ext_in_observation, "true"),
    {0},
};

enum { BODIES = 14, FORCES = 6 * BODIES };

static double ant_track(const struct mujoco_scene *scene)
{
    return scene->data->xpos[3 * scene->body[0]];
}

static void ant_observe(const struct mujoco_scene *scene, double *observation)
{
    observation = mujoco_observe_state(scene, mujoco_unclipped, observation);
    if (scene->settings->include_cfrc_ext_in_observation)
        mujoco_copy_clipped(observation, scene->data->cfrc_ext + 6, FORCES - 6,
                            scene->settings->contact_force_range);
}

/* Unlike the other tasks' ranges this one includes its ends. */
static bool is_healthy(const struct mujoco_scene *scene)
{
    const struct mujoco_range heights = scene->settings->healthy_z_range;
    bool finite = true;
    for (int i = 0; i < scene->model->nq; i++)
        finite &= isfinite(scene->data->qpos[i]);
    for (int i = 0; i < scene->model->nv; i++)
        finite &= isfinite(scene->data->qvel[i]);
    return finite && heights.low <= scene->data->qpos[2] && scene->data->qpos[2] <= heights.high;
}

static bool ant_judge(const struct mujoco_outcome *outcome, double *reward)
{
    const struct mujoco_scene *scene = outcome->scene;
    const struct mujoco_settings *settings = scene->settings;
    double clipped[FORCES];
    mujoco_copy_clipped(clipped, scene->data->cfrc_ext, FORCES, settings->contact_force_range);
    const double cost = mujoco_action_cost(outcome, settings->ctrl_cost_weight) +
                        settings->contact_cost_weight * mujoco_sum_squares(clipped, FORCES);
    return mujoco_judge_runner(outcome, is_healthy(scene), cost, reward);
}

static const float low[] = {-1, -1, -1, -1, -1, -1, -1, -1}, high[] = {1, 1, 1, 1, 1, 1, 1, 1};

static const struct mujoco_task ant = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 105,
             .action_size = 8,
             .step_limit = 1000,
             .action_low = low,
             .action_high = high,
             .reward_threshold = 6000.0,
             .position_size = 15,
             .velocity_size = 14},
    .options = task_options,
    .model = "ant.xml",
    .bodies = BODIES,
    .sites = 0,
    .skipped = 2,
    .contact_forces = true,
    .perturb = mujoco_perturb_normal,
    .observe = ant_observe,
    .track = ant_track,
    .judge = ant_judge,
};

MUJOCO_OPS(sac_ant, "Ant-v5", ant);
