/* ContinuousAcrobot-v0: swing two links up by the torque between them alone, until the tip is a link's length
 * above the pivot.
 *
 * Gymnasium's Acrobot-v1 in everything but two points: the torque is any number from -1 to 1, not one of -1,
 * 0, 1; and the reward is (h - 2) / 4, from -1 to 0, where h = -cos(a1) - cos(a1 + a2) is the tip's height in
 * link lengths, not -1, which says nothing until the first success. Reaching the goal still costs less the
 * sooner it is done.
 *
 * Equations: R. S. Sutton and A. G. Barto (1998), "Reinforcement Learning", section 11.3, the equations of
 * motion of the simulated acrobot (Gymnasium's "book"), after M. W. Spong (1995), "The swing up control
 * problem for the Acrobot". One Runge-Kutta step of fourth order every 0.2 s, the operations in Gymnasium's
 * order. */
#include "classic_task.h"

#include <math.h>

/* Radians: ANGLE_1 of the first link from hanging, ANGLE_2 of the second one from the first. */
enum { ANGLE_1, ANGLE_2, SPIN_1, SPIN_2, STATE };

static const double MAX_SPIN_1 = 4 * CLASSIC_PI, MAX_SPIN_2 = 9 * CLASSIC_PI;
static const double TIME_STEP = 0.2;

static void acrobot_reset(double *state, struct sac_env_stream *stream)
{
    for (int i = 0; i < STATE; i++)
        state[i] = sac_env_uniform(stream, -0.1, 0.1);
}

static void acrobot_observe(double *observation, const double *state)
{
    observation[0] = cos(state[ANGLE_1]);
    observation[1] = sin(state[ANGLE_1]);
    observation[2] = cos(state[ANGLE_2]);
    observation[3] = sin(state[ANGLE_2]);
    observation[4] = state[SPIN_1];
    observation[5] = state[SPIN_2];
}

/* With masses, lengths and moments of inertia 1, centres of mass at 0.5, and g = 9.8; d1, d2, phi1, phi2 are
 * the book's. */
static void find_rates(double *rate, const double *state, double torque)
{
    const double sine_2 = sin(state[ANGLE_2]), cosine_2 = cos(state[ANGLE_2]);
    const double spin_1 = state[SPIN_1], spin_2 = state[SPIN_2];
    const double d1 = 0.25 + (1.25 + cosine_2) + 1.0 + 1.0;
    const double d2 = 0.25 + 0.5 * cosine_2 + 1.0;
    const double phi2 = 0.5 * 9.8 * cos(state[ANGLE_1] + state[ANGLE_2] - CLASSIC_PI / 2);
    const double phi1 = -0.5 * (spin_2 * spin_2) * sine_2 - spin_2 * spin_1 * sine_2 +
                        1.5 * 9.8 * cos(state[ANGLE_1] - CLASSIC_PI / 2) + phi2;
    rate[ANGLE_1] = spin_1;
    rate[ANGLE_2] = spin_2;
    rate[SPIN_2] =
        (torque + d2 / d1 * phi1 - 0.5 * (spin_1 * spin_1) * sine_2 - phi2) / (1.25 - d2 * d2 / d1);
    rate[SPIN_1] = -(d2 * rate[SPIN_2] + phi1) / d1;
}

/* y = x + time * rate */
static void follow(double *y, const double *x, double time, const double *rate)
{
    for (int i = 0; i < STATE; i++)
        y[i] = x[i] + time * rate[i];
}

static void integrate(double *state, double torque)
{
    double k1[STATE], k2[STATE], k3[STATE], k4[STATE], at[STATE];
    find_rates(k1, state, torque);
    follow(at, state, TIME_STEP / 2, k1);
    find_rates(k2, at, torque);
    follow(at, state, TIME_STEP / 2, k2);
    find_rates(k3, at, torque);
    follow(at, state, TIME_STEP, k3);
    find_rates(k4, at, torque);
    for (int i = 0; i < STATE; i++)
        state[i] += TIME_STEP / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
}

/* Into [-pi, pi], turn by turn as Gymnasium does it; a state so far off came from reset_to. */
static double wrap(double angle)
{
    if (fabs(angle) > 1000)
        return remainder(angle, 2 * CLASSIC_PI);
    while (angle > CLASSIC_PI)
        angle -= 2 * CLASSIC_PI;
    while (angle < -CLASSIC_PI)
        angle += 2 * CLASSIC_PI;
    return angle;
}

static void move(double *state, double torque)
{
    integrate(state, torque);
    state[ANGLE_1] = wrap(state[ANGLE_1]);
    state[ANGLE_2] = wrap(state[ANGLE_2]);
    state[SPIN_1] = classic_clip(state[SPIN_1], -MAX_SPIN_1, MAX_SPIN_1);
    state[SPIN_2] = classic_clip(state[SPIN_2], -MAX_SPIN_2, MAX_SPIN_2);
}

static void acrobot_step(double *const *state, const struct sac_env_step *step)
{
    for (size_t j = 0; j < (size_t)step->count; j++) {
        double one[STATE], observed[6];
        for (int i = 0; i < STATE; i++)
            one[i] = state[i][j];
        move(one, classic_clip((double)step->action[j * step->action_stride], -1, 1));
        for (int i = 0; i < STATE; i++)
            state[i][j] = one[i];

        acrobot_observe(observed, one);
        const double height = -observed[0] - cos(one[ANGLE_2] + one[ANGLE_1]);
        step->terminated[j] = height > 1;
        step->reward[j] = height > 1 ? 0.0 : (height - 2) / 4;
        for (size_t i = 0; i < sizeof observed / sizeof *observed; i++)
            step->observation[j * step->observation_stride + i] = (float)observed[i];
    }
}

static const float low[] = {-1.0f}, high[] = {1.0f};

static const struct classic_task acrobot = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 6,
             .action_size = 1,
             .step_limit = 500,
             .action_low = low,
             .action_high = high,
             .reward_threshold = NAN,
             .position_size = 4},
    .state_size = STATE,
    .reset = acrobot_reset,
    .observe = acrobot_observe,
    .step = acrobot_step,
};

CLASSIC_OPS(sac_continuous_acrobot, "ContinuousAcrobot-v0", acrobot, NULL);
