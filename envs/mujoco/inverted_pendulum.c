/* InvertedPendulum-v5: balance a pole on a cart. */
#include "mujoco_task.h"

#include <math.h>

static const struct mujoco_option task_options[] = {
    MUJOCO_OPTION(COUNT, frame_skip, "2"),
    MUJOCO_OPTION(SCALE, reset_noise_scale, "0.01"),
    {0},
};

static void inverted_pendulum_observe(const struct mujoco_scene *scene, double *observation)
{
    mujoco_observe_state(scene, mujoco_unclipped, observation);
}

static bool inverted_pendulum_judge(const struct mujoco_outcome *outcome, double *reward)
{
    bool terminated = fabs(outcome->observation[1]) > 0.2; /* the pole's angle */
    for (int i = 0; i < 4; i++)
        terminated |= !isfinite(outcome->observation[i]);
    *reward = terminated ? 0.0 : 1.0;
    return terminated;
}

static const float low[] = {-3}, high[] = {3};

static const struct mujoco_task inverted_pendulum = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 4,
             .action_size = 1,
             .step_limit = 1000,
             .action_low = low,
             .action_high = high,
             .reward_threshold = 950.0,
             .position_size = 2,
             .velocity_size = 2},
    .options = task_options,
    .model = "inverted_pendulum.xml",
    .bodies = 3,
    .sites = 0,
    .perturb = mujoco_perturb_uniform,
    .observe = inverted_pendulum_observe,
    .judge = inverted_pendulum_judge,
};

MUJOCO_OPS(sac_inverted_pendulum, "InvertedPendulum-v5", inverted_pendulum);
