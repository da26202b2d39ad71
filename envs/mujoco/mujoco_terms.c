/* Parts that several tasks are made of. */
#include "mujoco_task.h"

#include <math.h>

const struct mujoco_range mujoco_unclipped = {-HUGE_VAL, HUGE_VAL};

void mujoco_add_uniform(double *x, int64_t n, double bound, struct sac_env_stream *stream)
{
    for (int64_t i = 0; i < n; i++)
        x[i] += sac_env_uniform(stream, -bound, bound);
}

void mujoco_perturb_uniform(const struct mujoco_scene *scene, double *qpos, double *qvel,
                            struct sac_env_stream *stream)
{
    mujoco_add_uniform(qpos, scene->model->nq, scene->settings->reset_noise_scale, stream);
    mujoco_add_uniform(qvel, scene->model->nv, scene->settings->reset_noise_scale, stream);
}

void mujoco_perturb_normal(const struct mujoco_scene *scene, double *qpos, double *qvel,
                           struct sac_env_stream *stream)
{
    mujoco_add_uniform(qpos, scene->model->nq, scene->settings->reset_noise_scale, stream);
    for (int i = 0; i < scene->model->nv; i++)
        qvel[i] += scene->settings->reset_noise_scale * sac_env_normal(stream);
}

double *mujoco_copy_clipped(double *observation, const double *x, int64_t count, struct mujoco_range range)
{
    for (int64_t i = 0; i < count; i++)
        observation[i] = x[i] < range.low ? range.low : x[i] > range.high ? range.high : x[i];
    return observation + count;
}

double *mujoco_observe_state(const struct mujoco_scene *scene, struct mujoco_range velocities,
                             double *observation)
{
    const int skipped = scene->settings->exclude_current_positions_from_observation ? scene->skipped : 0;
    observation = mujoco_copy_clipped(observation, scene->data->qpos + skipped, scene->model->nq - skipped,
                                      mujoco_unclipped);
    return mujoco_copy_clipped(observation, scene->data->qvel, scene->model->nv, velocities);
}

bool mujoco_is_within(double x, struct mujoco_range range)
{
    return range.low < x && x < range.high;
}

void mujoco_subtract_bodies(const struct mujoco_scene *scene, int a, int b, double apart[3])
{
    for (int i = 0; i < 3; i++)
        apart[i] = scene->data->xpos[3 * scene->body[a] + i] - scene->data->xpos[3 * scene->body[b] + i];
}

double mujoco_distance(const struct mujoco_scene *scene, int a, int b)
{
    double apart[3];
    mujoco_subtract_bodies(scene, a, b, apart);
    return sqrt(apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2]);
}

/* NumPy adds fewer than 8 numbers in turn, and up to 128 in 8 columns whose sums meet in pairs. */
#define SUM_SQUARES(x, count, number)                                                                        \
    number column[8] = {0};                                                                                  \
    const int even = (count) - (count) % 8;                                                                  \
    for (int i = 0; i < even; i++)                                                                           \
        column[i % 8] += (x)[i] * (x)[i];                                                                    \
    number sum = ((column[0] + column[1]) + (column[2] + column[3])) +                                       \
                 ((column[4] + column[5]) + (column[6] + column[7]));                                        \
    for (int i = even; i < (count); i++)                                                                     \
        sum += (x)[i] * (x)[i];                                                                              \
    return sum

double mujoco_sum_squares(const double *x, int count)
{
    SUM_SQUARES(x, count, double);
}

static float sum_squares_of_floats(const float *x, int count)
{
    SUM_SQUARES(x, count, float);
}

double mujoco_action_cost(const struct mujoco_outcome *outcome, double weight)
{
    const int count = (int)outcome->scene->model->nu;
    return (double)((float)weight * sum_squares_of_floats(outcome->action, count));
}

bool mujoco_judge_runner(const struct mujoco_outcome *outcome, bool healthy, double cost, double *reward)
{
    const struct mujoco_settings *settings = outcome->scene->settings;
    *reward =
        settings->forward_reward_weight * outcome->velocity + (healthy ? settings->healthy_reward : 0) - cost;
    return !healthy && settings->terminate_when_unhealthy;
}
