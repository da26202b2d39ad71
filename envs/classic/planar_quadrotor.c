/* PlanarQuadrotor-v0: fly a quadrotor seen from the side to a target and stay there, upright enough not to
 * fall. It has two thrusts for three degrees of freedom, so it must tilt to go sideways.
 *
 * Equations: R. Tedrake, "Underactuated Robotics", chapter 3, "The planar quadrotor" (course notes, MIT,
 * 2009-2024): m x'' = -(u1 + u2) sin(angle),  m z'' = (u1 + u2) cos(angle) - m g,  I angle'' = r (u1 - u2)
 * The numbers are ours: m = 1 kg, r = 0.25 m, I = m r^2 (half the mass at each rotor), g = 9.81 m/s^2, and
 * u1, u2 from 0 to m g, twice what hovering takes. Steps: semi-implicit Euler, 0.02 s. Reward:
 * exp(-distance), from 0 to 1, of the centre from the target, which is the origin. Further than 3 m away in x
 * or z the episode is over. It begins within 1 m in both, nearly level and at rest. */
#include "classic_task.h"

#include <math.h>

static const double GRAVITY = 9.81, MASS = 1.0, ARM = 0.25, INERTIA = 0.0625;
static const double MAX_DISTANCE = 3.0, TIME_STEP = 0.02;

#define MAX_THRUST 9.81f

/* Metres right of and above the target; radians counter-clockwise from level. */
enum { X, Z, ANGLE, X_SPEED, Z_SPEED, SPIN, COSINE, SINE, STATE };

static void quadrotor_reset(double *state, struct sac_env_stream *stream)
{
    state[X] = sac_env_uniform(stream, -1.0, 1.0);
    state[Z] = sac_env_uniform(stream, -1.0, 1.0);
    for (int i = ANGLE; i <= SPIN; i++)
        state[i] = sac_env_uniform(stream, -0.1, 0.1);
}

static void quadrotor_complete(double *state)
{
    state[COSINE] = cos(state[ANGLE]);
    state[SINE] = sin(state[ANGLE]);
}

static void quadrotor_observe(double *observation, const double *state)
{
    observation[0] = state[X];
    observation[1] = state[Z];
    observation[2] = state[COSINE];
    observation[3] = state[SINE];
    observation[4] = state[X_SPEED];
    observation[5] = state[Z_SPEED];
    observation[6] = state[SPIN];
}

static double limit_thrust(float thrust)
{
    return classic_clip((double)thrust, 0, (double)MAX_THRUST);
}

/* `right` is u1: it turns counter-clockwise. */
static void move(double *const *state, size_t j, double right, double left)
{
    const double lift = (right + left) / MASS;
    state[X_SPEED][j] -= TIME_STEP * (lift * state[SINE][j]);
    state[Z_SPEED][j] += TIME_STEP * (lift * state[COSINE][j] - GRAVITY);
    state[SPIN][j] += TIME_STEP * (ARM * (right - left) / INERTIA);
    state[X][j] += TIME_STEP * state[X_SPEED][j];
    state[Z][j] += TIME_STEP * state[Z_SPEED][j];
    state[ANGLE][j] += TIME_STEP * state[SPIN][j];
    state[COSINE][j] = cos(state[ANGLE][j]);
    state[SINE][j] = sin(state[ANGLE][j]);
}

static void quadrotor_step(double *const *state, const struct sac_env_step *step)
{
    for (size_t j = 0; j < (size_t)step->count; j++) {
        const float *thrust = step->action + j * step->action_stride;
        move(state, j, limit_thrust(thrust[0]), limit_thrust(thrust[1]));
        const double x = state[X][j], z = state[Z][j];
        const bool lost = fabs(x) > MAX_DISTANCE || fabs(z) > MAX_DISTANCE;
        step->terminated[j] = lost;
        step->reward[j] = lost ? 0.0 : exp(-sqrt(x * x + z * z));
        float *observation = step->observation + j * step->observation_stride;
        observation[0] = (float)x;
        observation[1] = (float)z;
        observation[2] = (float)state[COSINE][j];
        observation[3] = (float)state[SINE][j];
        observation[4] = (float)state[X_SPEED][j];
        observation[5] = (float)state[Z_SPEED][j];
        observation[6] = (float)state[SPIN][j];
    }
}

static const float low[] = {0.0f, 0.0f}, high[] = {MAX_THRUST, MAX_THRUST};

static const struct classic_task quadrotor = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 7,
             .action_size = 2,
             .step_limit = 250,
             .action_low = low,
             .action_high = high,
             .reward_threshold = NAN,
             .position_size = 6},
    .state_size = STATE,
    .reset = quadrotor_reset,
    .complete = quadrotor_complete,
    .observe = quadrotor_observe,
    .step = quadrotor_step,
};

CLASSIC_OPS(sac_planar_quadrotor, "PlanarQuadrotor-v0", quadrotor, classic_observe_double);
