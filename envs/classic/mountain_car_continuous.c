/* MountainCarContinuous-v0: rock a weak car out of a valley. Gymnasium's equations and rounding. */
#include "classic_task.h"

#include <math.h>

/* ROUNDED: Gymnasium keeps the state in float32 after the first step and in double before. */
enum { POSITION, VELOCITY, ROUNDED, STATE };

static const double POWER = 0.0015, GRAVITY = 0.0025;
static const double MIN_POSITION = -1.2, MAX_POSITION = 0.6, MAX_SPEED = 0.07, GOAL = 0.45;

static void mountain_car_reset(double *state, struct sac_env_stream *stream)
{
    state[POSITION] = sac_env_uniform(stream, -0.6, -0.4);
}

/* Under NumPy 2 an operation between a float32 scalar and a Python number is done in float32, that number
 * rounded first; with a float64 it is done in double. So everything is float from the second step on. */
static double round_if(double x, bool single)
{
    return single ? (double)(float)x : x;
}

/* The velocity's change. The clipped force is a Python number only outside the bounds. */
static double push(float action, double position, bool single)
{
    const double slope = GRAVITY * cos(single ? (double)(3.0f * (float)position) : 3.0 * position);
    if (action < -1.0f || action > 1.0f)
        return (action < 0 ? -1.0 : 1.0) * POWER - slope;
    return (double)(action * (float)POWER - (float)slope);
}

/* One car's step; returns whether it is at the goal. */
static bool move(double *car_position, double *car_velocity, bool single, float action)
{
    const double min_position = round_if(MIN_POSITION, single), max_position = round_if(MAX_POSITION, single);
    const double max_speed = round_if(MAX_SPEED, single);

    /* a sum of two floats in double, then rounded, is their float sum */
    double velocity = round_if(*car_velocity + round_if(push(action, *car_position, single), single), single);
    velocity = classic_clip(velocity, -max_speed, max_speed);
    double position = round_if(*car_position + velocity, single);
    position = classic_clip(position, min_position, max_position);
    if (position == min_position && velocity < 0)
        velocity = 0;
    *car_position = (double)(float)position;
    *car_velocity = (double)(float)velocity;
    return position >= round_if(GOAL, single) && velocity >= 0;
}

static void mountain_car_step(double *const *state, const struct sac_env_step *step)
{
    for (size_t j = 0; j < (size_t)step->count; j++) {
        const float action = step->action[j * step->action_stride];
        const bool arrived = move(&state[POSITION][j], &state[VELOCITY][j], state[ROUNDED][j] != 0, action);
        state[ROUNDED][j] = 1;
        step->terminated[j] = arrived;
        step->reward[j] = (arrived ? 100.0 : 0.0) - (double)action * (double)action * 0.1;
        float *observation = step->observation + j * step->observation_stride;
        observation[0] = (float)state[POSITION][j];
        observation[1] = (float)state[VELOCITY][j];
    }
}

static void mountain_car_observe(double *observation, const double *state)
{
    observation[0] = state[POSITION];
    observation[1] = state[VELOCITY];
}

static const float low[] = {-1.0f}, high[] = {1.0f};

static const struct classic_task mountain_car = {
    .spec = {.size = sizeof(struct sac_env_spec),
             .observation_size = 2,
             .action_size = 1,
             .step_limit = 999,
             .action_low = low,
             .action_high = high,
             .reward_threshold = 90.0,
             .position_size = 2},
    .state_size = STATE,
    .reset = mountain_car_reset,
    .step = mountain_car_step,
    .observe = mountain_car_observe,
};

CLASSIC_OPS(sac_mountain_car_continuous, "MountainCarContinuous-v0", mountain_car, NULL);
