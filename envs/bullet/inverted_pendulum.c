/* InvertedPendulumBulletEnv-v0: balance a pole on a cart. InvertedPendulumSwingupBulletEnv-v0: swing it up
 * first. As in pybullet_envs, gym_pendulum_envs.py and robot_pendula.py. */
#include "bullet_task.h"

#include <math.h>

enum { SLIDER, HINGE };

static void perturb(struct bullet_world *world, struct sac_env_stream *stream)
{
    bullet_world_set_joint(world, HINGE, sac_env_uniform(stream, -0.1, 0.1), 0);
}

static void perturb_hanging(struct bullet_world *world, struct sac_env_stream *stream)
{
    bullet_world_set_joint(world, HINGE, 3.1415 + sac_env_uniform(stream, -0.1, 0.1), 0);
}

static void act(struct bullet_world *world, const float *action)
{
    bullet_world_push(world, SLIDER, 1, (double[]){100 * bullet_clip(action[0])});
}

static void observe(const struct bullet_world *world, double *observation)
{
    const double theta = world->position[HINGE];
    observation[0] = world->position[SLIDER];
    observation[1] = world->velocity[SLIDER];
    observation[2] = cos(theta);
    observation[3] = sin(theta);
    observation[4] = world->velocity[HINGE];
}

static bool judge(const struct bullet_outcome *outcome, double *reward)
{
    *reward = 1;
    return fabs(outcome->world->position[HINGE]) > 0.2;
}

static bool judge_swingup(const struct bullet_outcome *outcome, double *reward)
{
    *reward = cos(outcome->world->position[HINGE]);
    return false;
}

static const float low[] = {-1}, high[] = {1};

#define SPEC(threshold)                                                                                      \
    .spec = {.size = sizeof(struct sac_env_spec),                                                            \
             .observation_size = 5,                                                                          \
             .action_size = 1,                                                                               \
             .step_limit = 1000,                                                                             \
             .action_low = low,                                                                              \
             .action_high = high,                                                                            \
             .reward_threshold = (threshold),                                                                \
             .position_size = 2 * 7 + 2, /* the rail is a body, too */                                       \
             .velocity_size = 2 * 6 + 2},                                                                    \
    .scene = {.model = "mjcf/inverted_pendulum.xml", .gravity = 9.8, .timestep = 0.0165, .substeps = 1}

static const struct bullet_task inverted_pendulum = {SPEC(950), .perturb = perturb, .act = act,
                                                     .observe = observe, .judge = judge};

static const struct bullet_task inverted_pendulum_swingup = {
    SPEC(800), .perturb = perturb_hanging, .act = act, .observe = observe, .judge = judge_swingup};

BULLET_OPS(sac_bullet_inverted_pendulum, "InvertedPendulumBulletEnv-v0", inverted_pendulum);
BULLET_OPS(sac_bullet_inverted_pendulum_swingup, "InvertedPendulumSwingupBulletEnv-v0",
           inverted_pendulum_swingup);
