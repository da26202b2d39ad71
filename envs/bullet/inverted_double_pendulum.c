/* InvertedDoublePendulumBulletEnv-v0: balance two poles, one on the other, on a cart. As in pybullet_envs,
 * gym_pendulum_envs.py and robot_pendula.py. */
#include "bullet_task.h"

#include <math.h>

enum { SLIDER, HINGE, HINGE2 };

static void perturb(struct bullet_world *world, struct sac_env_stream *stream)
{
    bullet_world_set_joint(world, HINGE, sac_env_uniform(stream, -0.1, 0.1), 0);
    bullet_world_set_joint(world, HINGE2, sac_env_uniform(stream, -0.1, 0.1), 0);
}

static void act(struct bullet_world *world, const float *action)
{
    bullet_world_push(world, SLIDER, 1, (double[]){200 * bullet_clip(action[0])});
}

static void observe(const struct bullet_world *world, double *observation)
{
    const double theta = world->position[HINGE], gamma = world->position[HINGE2];
    observation[0] = world->position[SLIDER];
    observation[1] = world->velocity[SLIDER];
    observation[2] = world->link[0][0]; /* of the second pole's middle */
    observation[3] = cos(theta);
    observation[4] = sin(theta);
    observation[5] = world->velocity[HINGE];
    observation[6] = cos(gamma);
    observation[7] = sin(gamma);
    observation[8] = world->velocity[HINGE2];
}

/* The tip is 0.3 above the middle, when upright. */
static bool judge(const struct bullet_outcome *outcome, double *reward)
{
    const double x = outcome->world->link[0][0], tip = outcome->world->link[0][2] + 0.3;
    *reward = 10 - (0.01 * (x * x) + (tip - 2) * (tip - 2));
    return tip <= 1;
}

static const float low[] = {-1}, high[] = {1};

static const struct bullet_task inverted_double_pendulum = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 9,
             .action_size = 1,
             .step_limit = 1000,
             .action_low = low,
             .action_high = high,
             .reward_threshold = 9100,
             .position_size = 3 * 7 + 3, /* floor and rail are bodies, too */
             .velocity_size = 3 * 6 + 3},
    .scene = {.model = "mjcf/inverted_double_pendulum.xml",
              .gravity = 9.8,
              .timestep = 0.0165,
              .substeps = 1,
              .links = 1,
              .link = {{2, 5}}}, /* pole2 */
    .perturb = perturb,
    .act = act,
    .observe = observe,
    .judge = judge,
};

BULLET_OPS(sac_bullet_inverted_double_pendulum, "InvertedDoublePendulumBulletEnv-v0",
           inverted_double_pendulum);
