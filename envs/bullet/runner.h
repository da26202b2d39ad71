/* What the robots that run have in common: pybullet_envs' gym_locomotion_envs.py and robot_locomotors.py. */
#ifndef RUNNER_H
#define RUNNER_H

#include "bullet_task.h"

void runner_perturb(struct bullet_world *world, struct sac_env_stream *stream);
void runner_act(struct bullet_world *world, const float *action);
void runner_observe(const struct bullet_world *world, double *observation);
bool runner_judge(const struct bullet_outcome *outcome, double *reward);
bool runner_judge_endless(const struct bullet_outcome *outcome, double *reward);

extern const float runner_low[BULLET_JOINTS], runner_high[BULLET_JOINTS];

/* The task of `robot` with so many motors and joints, from a model file in pybullet_data/mjcf. */
#define RUNNER(robot, file, feet, motors, all_joints, threshold, judged)                                     \
    {                                                                                                        \
        .spec = {.size = sizeof(struct sac_env_spec),                                                        \
                 .observation_size = 8 + 2 * (motors) + (feet),                                              \
                 .action_size = (motors),                                                                    \
                 .step_limit = 1000,                                                                         \
                 .action_low = runner_low,                                                                   \
                 .action_high = runner_high,                                                                 \
                 .reward_threshold = (threshold),                                                            \
                 .position_size = 7 + (all_joints),                                                          \
                 .velocity_size = 6 + (all_joints)},                                                         \
        .scene = {.model = "mjcf/" file,                                                                     \
                  .gravity = 9.8,                                                                            \
                  .timestep = 0.0165 / 4,                                                                    \
                  .substeps = 4,                                                                             \
                  .runner = &(robot)},                                                                       \
        .perturb = runner_perturb, .act = runner_act, .observe = runner_observe, .judge = (judged)           \
    }

#endif
