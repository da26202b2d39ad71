/* Reacher-v5: bring the tip of a two-jointed arm to a target in the plane. */
#include "mujoco_task.h"

#include <math.h>

static const struct mujoco_option task_options[] = {
    MUJOCO_OPTION(COUNT, frame_skip, "2"),
    MUJOCO_OPTION(NUMBER, reward_dist_weight, "1"),
    MUJOCO_OPTION(NUMBER, reward_control_weight, "1"),
    {0},
};

enum { FINGERTIP, TARGET }; /* in `body` */

/* The target is anywhere in a disc that the arm can reach, at rest. */
static void reacher_perturb(const struct mujoco_scene *scene, double *qpos, double *qvel,
                            struct sac_env_stream *stream)
{
    mujoco_add_uniform(qpos, scene->model->nq, 0.1, stream);
    do {
        qpos[2] = sac_env_uniform(stream, -0.2, 0.2);
        qpos[3] = sac_env_uniform(stream, -0.2, 0.2);
    } while (hypot(qpos[2], qpos[3]) >= 0.2);
    mujoco_add_uniform(qvel, scene->model->nv, 0.005, stream);
    qvel[2] = qvel[3] = 0;
}

static void reacher_observe(const struct mujoco_scene *scene, double *observation)
{
    const mjData *data = scene->data;
    double apart[3];
    mujoco_subtract_bodies(scene, FINGERTIP, TARGET, apart);
    for (int i = 0; i < 2; i++) {
        observation[i] = cos(data->qpos[i]);
        observation[i + 2] = sin(data->qpos[i]);
        observation[i + 4] = data->qpos[i + 2];
        observation[i + 6] = data->qvel[i];
        observation[i + 8] = apart[i];
    }
}

static bool reacher_judge(const struct mujoco_outcome *outcome, double *reward)
{
    const struct mujoco_settings *settings = outcome->scene->settings;
    *reward = -mujoco_distance(outcome->scene, FINGERTIP, TARGET) * settings->reward_dist_weight -
              mujoco_action_cost(outcome, settings->reward_control_weight);
    return false;
}

static const float low[] = {-1, -1}, high[] = {1, 1};

static const struct mujoco_task reacher = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 10,
             .action_size = 2,
             .step_limit = 50,
             .action_low = low,
             .action_high = high,
             .reward_threshold = -3.75,
             .position_size = 4,
             .velocity_size = 4},
    .options = task_options,
    .model = "reacher.xml",
    .bodies = 5,
    .sites = 0,
    .body = {"fingertip", "target"},
    .perturb = reacher_perturb,
    .observe = reacher_observe,
    .judge = reacher_judge,
};

MUJOCO_OPS(sac_reacher, "Reacher-v5", reacher);
