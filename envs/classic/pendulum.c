/* Pendulum-v1: swing a pendulum up and hold it, with too weak a motor. Gymnasium's equations and rounding. */
#include "classic_task.h"

#include <math.h>

static const double PI = 3.14159265358979323846;
static const double MAX_SPEED = 8.0;
static const float MAX_TORQUE = 2.0f;
static const double TIME_STEP = 0.05;

enum { ANGLE, SPEED }; /* 0: upright; radians, radians per second */

static double clip(double x, double bound)
{
    return fmin(fmax(x, -bound), bound);
}

/* ((angle + pi) mod 2 pi) - pi, with Python's mod, whose sign is the divisor's */
static double normalize_angle(double angle)
{
    const double rest = fmod(angle + PI, 2 * PI);
    return (rest < 0 ? rest + 2 * PI : rest) - PI;
}

static void pendulum_reset(double *state, struct sac_env_stream *stream)
{
    state[ANGLE] = sac_env_uniform(stream, -PI, PI);
    state[SPEED] = sac_env_uniform(stream, -1.0, 1.0);
}

/* Under NumPy 2 a float32 scalar stays float32 when it meets a Python number, so what holds the torque alone
 * is rounded to float; the state is double. */
static bool pendulum_step(double *state, const float *action, double *reward)
{
    const float torque = fminf(fmaxf(action[0], -MAX_TORQUE), MAX_TORQUE);
    const float torque_cost = 0.001f * (torque * torque);
    const float torque_acceleration = 3.0f * torque; /* 3 / (m l^2), m = l = 1 */
    const double angle = normalize_angle(state[ANGLE]), speed = state[SPEED];

    *reward = -(angle * angle + 0.1 * (speed * speed) + (double)torque_cost);
    /* 15 = 3 g / (2 l), g = 10 */
    const double acceleration = 15.0 * sin(state[ANGLE]) + (double)torque_acceleration;
    state[SPEED] = clip(speed + acceleration * TIME_STEP, MAX_SPEED);
    state[ANGLE] += state[SPEED] * TIME_STEP;
    return false;
}

static void pendulum_observe(float *observation, const double *state)
{
    observation[0] = (float)cos(state[ANGLE]);
    observation[1] = (float)sin(state[ANGLE]);
    observation[2] = (float)state[SPEED];
}

static const float low[] = {-2.0f}, high[] = {2.0f};

static const struct classic_task pendulum = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 3,
             .action_size = 1,
             .step_limit = 200,
             .action_low = low,
             .action_high = high,
             .reward_threshold = NAN,
             .position_size = 2},
    .reset = pendulum_reset,
    .step = pendulum_step,
    .observe = pendulum_observe,
};

CLASSIC_OPS(sac_pendulum, "Pendulum-v1", pendulum);
