/* Pendulum-v1: swing a pendulum up and hold it, with too weak a motor. Gymnasium's equations and rounding. */
#include "classic_task.h"

#include <math.h>

static const double MAX_SPEED = 8.0;
static const float MAX_TORQUE = 2.0f;
static const double TIME_STEP = 0.05;

/* ANGLE: 0 is upright; radians, radians per second. The step that makes an angle needs its sine and cosine to
 * show it, and the next one the same sine. */
enum { ANGLE, SPEED, COSINE, SINE, STATE };

/* ((angle + pi) mod 2 pi) - pi, with Python's mod, whose sign is the divisor's. Within two turns fmod() is a
 * subtraction, as exact, and needs no branch. */
static double normalize_angle(double angle)
{
    const double turn = 2 * CLASSIC_PI, x = angle + CLASSIC_PI;
    double rest = x - (x >= turn ? turn : 0.0) + (x <= -turn ? turn : 0.0);
    if (fabs(x) >= 2 * turn)
        rest = fmod(x, turn);
    return rest + (rest < 0 ? turn : 0.0) - CLASSIC_PI;
}

static void pendulum_reset(double *state, struct sac_env_stream *stream)
{
    state[ANGLE] = sac_env_uniform(stream, -CLASSIC_PI, CLASSIC_PI);
    state[SPEED] = sac_env_uniform(stream, -1.0, 1.0);
}

static void pendulum_complete(double *state)
{
    state[COSINE] = cos(state[ANGLE]);
    state[SINE] = sin(state[ANGLE]);
}

/* Under NumPy 2 a float32 scalar stays float32 when it meets a Python number, so what holds the torque alone
 * is rounded to float; the state is double. */
static void move(double *const *state, const struct sac_env_step *step)
{
    double *restrict angles = state[ANGLE], *restrict speeds = state[SPEED];
    const double *restrict sines = state[SINE];
    double *restrict reward = step->reward;
    for (size_t j = 0; j < (size_t)step->count; j++) {
        const float action = step->action[j * step->action_stride];
        const float torque = action < -MAX_TORQUE ? -MAX_TORQUE : action > MAX_TORQUE ? MAX_TORQUE : action;
        const float torque_cost = 0.001f * (torque * torque);
        const float torque_acceleration = 3.0f * torque; /* 3 / (m l^2), m = l = 1 */
        const double angle = normalize_angle(angles[j]), speed = speeds[j];

        reward[j] = -(angle * angle + 0.1 * (speed * speed) + (double)torque_cost);
        /* 15 = 3 g / (2 l), g = 10 */
        const double acceleration = 15.0 * sines[j] + (double)torque_acceleration;
        speeds[j] = classic_clip(speed + acceleration * TIME_STEP, -MAX_SPEED, MAX_SPEED);
        angles[j] += speeds[j] * TIME_STEP;
    }
}

/* Two loops: nothing of the first waits for the second one's sines, whose branches are hard to foresee. */
static void pendulum_step(double *const *state, const struct sac_env_step *step)
{
    move(state, step);
    for (size_t j = 0; j < (size_t)step->count; j++) {
        const double cosine = cos(state[ANGLE][j]), sine = sin(state[ANGLE][j]);
        float *observation = step->observation + j * step->observation_stride;
        state[COSINE][j] = cosine;
        state[SINE][j] = sine;
        observation[0] = (float)cosine;
        observation[1] = (float)sine;
        observation[2] = (float)state[SPEED][j];
        step->terminated[j] = 0;
    }
}

static void pendulum_observe(double *observation, const double *state)
{
    observation[0] = state[COSINE];
    observation[1] = state[SINE];
    observation[2] = state[SPEED];
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
    .state_size = STATE,
    .reset = pendulum_reset,
    .complete = pendulum_complete,
    .step = pendulum_step,
    .observe = pendulum_observe,
};

CLASSIC_OPS(sac_pendulum, "Pendulum-v1", pendulum, NULL);
