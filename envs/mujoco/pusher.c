/* Pusher-v5: push a cylinder to a goal with a seven-jointed arm. */
#include "mujoco_task.h"

#include <math.h>

static const struct mujoco_option task_options[] = {
    MUJOCO_OPTION(COUNT, frame_skip, "5"),
    MUJOCO_OPTION(NUMBER, reward_near_weight, "0.5"),
    MUJOCO_OPTION(NUMBER, reward_dist_weight, "1"),
    MUJOCO_OPTION(NUMBER, reward_control_weight, "0.1"),
    {0},
};

enum { TIP, OBJECT, GOAL }; /* in `body` */

/* The arm begins where the model has it; the cylinder anywhere that is not too near the goal. */
static void pusher_perturb(const struct mujoco_scene *scene, double *qpos, double *qvel,
                           struct sac_env_stream *stream)
{
    double *cylinder = qpos + 7, *goal = qpos + 9;
    do {
        cylinder[0] = sac_env_uniform(stream, -0.3, 0);
        cylinder[1] = sac_env_uniform(stream, -0.2, 0.2);
    } while (hypot(cylinder[0], cylinder[1]) <= 0.17);
    goal[0] = goal[1] = 0;
    mujoco_add_uniform(qvel, scene->model->nv, 0.005, stream);
    for (int i = 7; i < 11; i++)
        qvel[i] = 0;
}

static void pusher_observe(const struct mujoco_scene *scene, double *observation)
{
    const mjData *data = scene->data;
    observation = mujoco_copy_clipped(observation, data->qpos, 7, mujoco_unclipped);
    observation = mujoco_copy_clipped(observation, data->qvel, 7, mujoco_unclipped);
    for (int i = TIP; i <= GOAL; i++)
        observation = mujoco_copy_clipped(observation, data->xpos + 3 * scene->body[i], 3, mujoco_unclipped);
}

static bool pusher_judge(const struct mujoco_outcome *outcome, double *reward)
{
    const struct mujoco_settings *settings = outcome->scene->settings;
    *reward = -mujoco_distance(outcome->scene, OBJECT, GOAL) * settings->reward_dist_weight -
              mujoco_action_cost(outcome, settings->reward_control_weight) -
              mujoco_distance(outcome->scene, OBJECT, TIP) * settings->reward_near_weight;
    return false;
}

static const float low[] = {-2, -2, -2, -2, -2, -2, -2}, high[] = {2, 2, 2, 2, 2, 2, 2};

static const struct mujoco_task pusher = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 23,
             .action_size = 7,
             .step_limit = 100,
             .action_low = low,
             .action_high = high,
             .reward_threshold = 0.0,
             .position_size = 11,
             .velocity_size = 11},
    .options = task_options,
    .model = "pusher_v5.xml",
    .bodies = 13,
    .sites = 0,
    .body = {"tips_arm", "object", "goal"},
    .perturb = pusher_perturb,
    .observe = pusher_observe,
    .judge = pusher_judge,
};

MUJOCO_OPS(sac_pusher, "Pusher-v5", pusher);
