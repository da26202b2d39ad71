/* InvertedDoublePendulum-v5: balance two poles, one on the other, on a cart. */
#include "mujoco_task.h"

#include <math.h>

static const struct mujoco_option task_options[] = {
    MUJOCO_OPTION(COUNT, frame_skip, "5"),
    MUJOCO_OPTION(NUMBER, healthy_reward, "10"),
    MUJOCO_OPTION(SCALE, reset_noise_scale, "0.1"),
    {0},
};

static void inverted_double_pendulum_observe(const struct mujoco_scene *scene, double *observation)
{
    static const struct mujoco_range limits = {-10, 10};
    const mjData *data = scene->data;
    observation[0] = data->qpos[0];
    for (int i = 1; i < 3; i++) {
        observation[i] = sin(data->qpos[i]);
        observation[i + 2] = cos(data->qpos[i]);
    }
    observation = mujoco_copy_clipped(observation + 5, data->qvel, 3, limits);
    mujoco_copy_clipped(observation, data->qfrc_constraint, 1, limits);
}

/* The tip is to stay at (0, 2) and the poles are to be slow. */
static bool inverted_double_pendulum_judge(const struct mujoco_outcome *outcome, double *reward)
{
    const mjData *data = outcome->scene->data;
    const double x = data->site_xpos[0], y = data->site_xpos[2], first = data->qvel[1],
                 second = data->qvel[2];
    const bool terminated = y <= 1;
    const double distance_penalty = 0.01 * (x * x) + (y - 2) * (y - 2);
    const double velocity_penalty = 1e-3 * (first * first) + 5e-3 * (second * second);
    *reward =
        (terminated ? 0 : outcome->scene->settings->healthy_reward) - distance_penalty - velocity_penalty;
    return terminated;
}

static const float low[] = {-1}, high[] = {1};

static const struct mujoco_task inverted_double_pendulum = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 9,
             .action_size = 1,
             .step_limit = 1000,
             .action_low = low,
             .action_high = high,
             .reward_threshold = 9100.0,
             .position_size = 3,
             .velocity_size = 3},
    .options = task_options,
    .model = "inverted_double_pendulum.xml",
    .bodies = 4,
    .sites = 1,
    .perturb = mujoco_perturb_normal,
    .observe = inverted_double_pendulum_observe,
    .judge = inverted_double_pendulum_judge,
};

MUJOCO_OPS(sac_inverted_double_pendulum, "InvertedDoublePendulum-v5", inverted_double_pendulum);
