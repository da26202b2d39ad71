/* CartPoleSwingUp-v0: swing a hanging pole up by pushing its cart, and keep it there, with a continuous
 * force.
 *
 * Equations: R. V. Florian (2007), "Correct equations for the dynamics of the cart-pole system", (23) and
 * (24): those of Barto, Sutton and Anderson (1983) without friction, with their masses and length, which
 * CartPole-v1 has, too. Steps: semi-implicit Euler, 0.02 s (CartPole-v1's other integrator; the explicit one
 * feeds a swinging pole energy). Reward: (1 + cos(angle)) / 2 cos(pi x / (2 x_max)), from 0 to 1: upright in
 * the middle of the track is 1. Past the track's ends, 2.4 m, the episode is over. It begins as CartPole-v1's
 * do, but with the pole hanging. */
#include "classic_task.h"

#include <math.h>

static const double GRAVITY = 9.8, POLE_MASS = 0.1, TOTAL_MASS = 1.1, HALF_LENGTH = 0.5;
static const double MAX_POSITION = 2.4, TIME_STEP = 0.02;

#define MAX_FORCE 10.0f

/* Metres, and radians from upright, as is their sign: to the right. */
enum { POSITION, VELOCITY, ANGLE, SPIN, COSINE, SINE, STATE };

static void cart_pole_reset(double *state, struct sac_env_stream *stream)
{
    state[POSITION] = sac_env_uniform(stream, -0.05, 0.05);
    state[VELOCITY] = sac_env_uniform(stream, -0.05, 0.05);
    state[ANGLE] = CLASSIC_PI + sac_env_uniform(stream, -0.05, 0.05);
    state[SPIN] = sac_env_uniform(stream, -0.05, 0.05);
}

static void cart_pole_complete(double *state)
{
    state[COSINE] = cos(state[ANGLE]);
    state[SINE] = sin(state[ANGLE]);
}

static void cart_pole_observe(double *observation, const double *state)
{
    observation[0] = state[POSITION];
    observation[1] = state[VELOCITY];
    observation[2] = state[COSINE];
    observation[3] = state[SINE];
    observation[4] = state[SPIN];
}

static void move(double *const *state, size_t j, double force)
{
    const double cosine = state[COSINE][j], sine = state[SINE][j], spin = state[SPIN][j];
    const double push = (force + POLE_MASS * HALF_LENGTH * spin * spin * sine) / TOTAL_MASS;
    const double spin_rate = (GRAVITY * sine - cosine * push) /
                             (HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * cosine * cosine / TOTAL_MASS));
    const double acceleration = push - POLE_MASS * HALF_LENGTH * spin_rate * cosine / TOTAL_MASS;
    state[VELOCITY][j] += TIME_STEP * acceleration;
    state[POSITION][j] += TIME_STEP * state[VELOCITY][j];
    state[SPIN][j] += TIME_STEP * spin_rate;
    state[ANGLE][j] += TIME_STEP * state[SPIN][j];
    state[COSINE][j] = cos(state[ANGLE][j]);
    state[SINE][j] = sin(state[ANGLE][j]);
}

static void cart_pole_step(double *const *state, const struct sac_env_step *step)
{
    for (size_t j = 0; j < (size_t)step->count; j++) {
        const double force = (double)step->action[j * step->action_stride];
        move(state, j, classic_clip(force, -(double)MAX_FORCE, (double)MAX_FORCE));
        const double position = state[POSITION][j], cosine = state[COSINE][j];
        const bool off_track = fabs(position) > MAX_POSITION;
        step->terminated[j] = off_track;
        step->reward[j] =
            off_track ? 0.0 : 0.5 * (1 + cosine) * cos(CLASSIC_PI * position / (2 * MAX_POSITION));
        float *observation = step->observation + j * step->observation_stride;
        observation[0] = (float)position;
        observation[1] = (float)state[VELOCITY][j];
        observation[2] = (float)cosine;
        observation[3] = (float)state[SINE][j];
        observation[4] = (float)state[SPIN][j];
    }
}

static const float low[] = {-MAX_FORCE}, high[] = {MAX_FORCE};

static const struct classic_task cart_pole = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 5,
             .action_size = 1,
             .step_limit = 500,
             .action_low = low,
             .action_high = high,
             .reward_threshold = NAN,
             .position_size = 4},
    .state_size = STATE,
    .reset = cart_pole_reset,
    .complete = cart_pole_complete,
    .observe = cart_pole_observe,
    .step = cart_pole_step,
};

CLASSIC_OPS(sac_cart_pole_swing_up, "CartPoleSwingUp-v0", cart_pole, classic_observe_double);
