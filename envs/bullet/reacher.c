/* ReacherBulletEnv-v0: bring the tip of an arm of two links to a target. As in pybullet_envs,
 * gym_manipulator_envs.py and robot_manipulators.py. */
#include "bullet_task.h"

#include <math.h>

enum { SHOULDER, ELBOW, TARGET_X, TARGET_Y };
enum { FINGERTIP, TARGET };

static void perturb(struct bullet_world *world, struct sac_env_stream *stream)
{
    bullet_world_set_joint(world, TARGET_X, sac_env_uniform(stream, -0.27, 0.27), 0);
    bullet_world_set_joint(world, TARGET_Y, sac_env_uniform(stream, -0.27, 0.27), 0);
    bullet_world_set_joint(world, SHOULDER, sac_env_uniform(stream, -3.14, 3.14), 0);
    bullet_world_set_joint(world, ELBOW, sac_env_uniform(stream, -3.14, 3.14), 0);
}

static void act(struct bullet_world *world, const float *action)
{
    bullet_world_push(world, SHOULDER, 2,
                      (double[]){0.05 * bullet_clip(action[0]), 0.05 * bullet_clip(action[1])});
}

static void observe(const struct bullet_world *world, double *observation)
{
    const double theta = bullet_relative_position(world, SHOULDER);
    observation[0] = world->position[TARGET_X];
    observation[1] = world->position[TARGET_Y];
    observation[2] = world->link[FINGERTIP][0] - world->link[TARGET][0];
    observation[3] = world->link[FINGERTIP][1] - world->link[TARGET][1];
    observation[4] = cos(theta);
    observation[5] = sin(theta);
    observation[6] = 0.1 * world->velocity[SHOULDER];
    observation[7] = bullet_relative_position(world, ELBOW);
    observation[8] = 0.1 * world->velocity[ELBOW];
}

static double potential(const double (*link)[3])
{
    double squares = 0;
    for (int i = 0; i < 3; i++)
        squares += (link[FINGERTIP][i] - link[TARGET][i]) * (link[FINGERTIP][i] - link[TARGET][i]);
    return -100 * sqrt(squares);
}

/* NumPy multiplies and sums the float32 action in float32. */
static float electricity_cost(const struct bullet_outcome *outcome)
{
    const float *a = outcome->action;
    const float shoulder = (float)(0.1 * outcome->world->velocity[SHOULDER]),
                elbow = (float)(0.1 * outcome->world->velocity[ELBOW]);
    const float work = fabsf(a[0] * shoulder) + fabsf(a[1] * elbow), stall = fabsf(a[0]) + fabsf(a[1]);
    return -0.1f * work - 0.01f * stall;
}

static bool judge(const struct bullet_outcome *outcome, double *reward)
{
    const bool stuck = fabs(fabs(bullet_relative_position(outcome->world, ELBOW)) - 1) < 0.01;
    const double progress = potential(outcome->world->link) - potential(outcome->link);
    *reward = progress + (double)electricity_cost(outcome) + (stuck ? -0.1 : 0);
    return false;
}

static const float low[] = {-1, -1}, high[] = {1, 1};

static const struct bullet_task reacher = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 9,
             .action_size = 2,
             .step_limit = 150,
             .action_low = low,
             .action_high = high,
             .reward_threshold = 18,
             .position_size = 8 * 7 + 4, /* ground, four sides and the arm's root are bodies, too */
             .velocity_size = 8 * 6 + 4},
    .scene = {.model = "mjcf/reacher.xml",
              .gravity = 0,
              .timestep = 0.0165,
              .substeps = 1,
              .links = 2,
              .link = {[FINGERTIP] = {6, 4}, [TARGET] = {7, 2}}},
    .perturb = perturb,
    .act = act,
    .observe = observe,
    .judge = judge,
};

BULLET_OPS(sac_bullet_reacher, "ReacherBulletEnv-v0", reacher);
