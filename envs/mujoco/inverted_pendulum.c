/* InvertedPendulum-v5: balance a pole on a cart. */
#include "mujoco_task.h"

#include <math.h>

static void inverted_pendulum_perturb(const mjModel *model, double *qpos, double *qvel,
                                      struct sac_env_stream *stream)
{
    mujoco_add_uniform(qpos, model->nq, 0.01, stream);
    mujoco_add_uniform(qvel, model->nv, 0.01, stream);
}

static void inverted_pendulum_observe(const mjModel *model, const mjData *data, double *observation)
{
    mujoco_observe_state(model, data, 0, observation);
}

static bool inverted_pendulum_judge(const struct mujoco_outcome *outcome, double *reward)
{
    bool terminated = fabs(outcome->observation[1]) > 0.2; /* the pole's angle */
    for (int i = 0; i < outcome->model->nq + outcome->model->nv; i++)
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
    .model = "inverted_pendulum.xml",
    .frame_skip = 2,
    .perturb = inverted_pendulum_perturb,
    .observe = inverted_pendulum_observe,
    .judge = inverted_pendulum_judge,
};

MUJOCO_OPS(sac_inverted_pendulum, "InvertedPendulum-v5", inverted_pendulum);
