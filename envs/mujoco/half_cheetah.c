/* HalfCheetah-v5: run forward with a planar two-legged robot. */
#include "mujoco_task.h"

static void half_cheetah_perturb(const mjModel *model, double *qpos, double *qvel,
                                 struct sac_env_stream *stream)
{
    mujoco_add_uniform(qpos, model->nq, 0.1, stream);
    for (int i = 0; i < model->nv; i++)
        qvel[i] += 0.1 * sac_env_normal(stream);
}

static void half_cheetah_observe(const mjModel *model, const mjData *data, double *observation)
{
    mujoco_observe_state(model, data, 1, observation);
}

/* Velocity less a tenth of the squared action. Gymnasium squares and sums the float32 action in float32. */
static bool half_cheetah_judge(const struct mujoco_outcome *outcome, double *reward)
{
    float squares = 0;
    for (int i = 0; i < outcome->model->nu; i++)
        squares += outcome->action[i] * outcome->action[i];
    *reward = outcome->velocity - (double)(0.1f * squares);
    return false;
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
    .model = "half_cheetah.xml",
    .frame_skip = 5,
    .perturb = half_cheetah_perturb,
    .observe = half_cheetah_observe,
    .judge = half_cheetah_judge,
};

MUJOCO_OPS(sac_half_cheetah, "HalfCheetah-v5", half_cheetah);
