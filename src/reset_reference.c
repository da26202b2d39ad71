#include "reset_reference.h"

#include <math.h>
#include <string.h>

#include "assertion.h"
#include "error.h"
#include "memory.h"

static const struct sac_reset_moments ant[] = {
#include "resets/Ant-v5.inc"
};
static const struct sac_reset_moments bullet_ant[] = {
#include "resets/AntBulletEnv-v0.inc"
};
static const struct sac_reset_moments bullet_half_cheetah[] = {
#include "resets/HalfCheetahBulletEnv-v0.inc"
};
static const struct sac_reset_moments bullet_hopper[] = {
#include "resets/HopperBulletEnv-v0.inc"
};
static const struct sac_reset_moments bullet_humanoid[] = {
#include "resets/HumanoidBulletEnv-v0.inc"
};
static const struct sac_reset_moments bullet_inverted_double_pendulum[] = {
#include "resets/InvertedDoublePendulumBulletEnv-v0.inc"
};
static const struct sac_reset_moments bullet_inverted_pendulum[] = {
#include "resets/InvertedPendulumBulletEnv-v0.inc"
};
static const struct sac_reset_moments bullet_inverted_pendulum_swingup[] = {
#include "resets/InvertedPendulumSwingupBulletEnv-v0.inc"
};
static const struct sac_reset_moments bullet_reacher[] = {
#include "resets/ReacherBulletEnv-v0.inc"
};
static const struct sac_reset_moments bullet_walker2d[] = {
#include "resets/Walker2DBulletEnv-v0.inc"
};
static const struct sac_reset_moments cart_pole_swing_up[] = {
#include "resets/CartPoleSwingUp-v0.inc"
};
static const struct sac_reset_moments continuous_acrobot[] = {
#include "resets/ContinuousAcrobot-v0.inc"
};
static const struct sac_reset_moments half_cheetah[] = {
#include "resets/HalfCheetah-v5.inc"
};
static const struct sac_reset_moments hopper[] = {
#include "resets/Hopper-v5.inc"
};
static const struct sac_reset_moments humanoid[] = {
#include "resets/Humanoid-v5.inc"
};
static const struct sac_reset_moments humanoid_standup[] = {
#include "resets/HumanoidStandup-v5.inc"
};
static const struct sac_reset_moments inverted_double_pendulum[] = {
#include "resets/InvertedDoublePendulum-v5.inc"
};
static const struct sac_reset_moments inverted_pendulum[] = {
#include "resets/InvertedPendulum-v5.inc"
};
static const struct sac_reset_moments mountain_car_continuous[] = {
#include "resets/MountainCarContinuous-v0.inc"
};
static const struct sac_reset_moments pendulum[] = {
#include "resets/Pendulum-v1.inc"
};
static const struct sac_reset_moments planar_quadrotor[] = {
#include "resets/PlanarQuadrotor-v0.inc"
};
static const struct sac_reset_moments pusher[] = {
#include "resets/Pusher-v5.inc"
};
static const struct sac_reset_moments reacher[] = {
#include "resets/Reacher-v5.inc"
};
static const struct sac_reset_moments swimmer[] = {
#include "resets/Swimmer-v5.inc"
};
static const struct sac_reset_moments walker2d[] = {
#include "resets/Walker2d-v5.inc"
};

#define MOMENTS(table) sizeof(table) / sizeof *(table), table

/* A new task is a table above, made by src/resets/make_resets.py, and a line here. */
static const struct sac_reset_reference references[] = {
    {"Ant-v5", MOMENTS(ant)},
    {"AntBulletEnv-v0", MOMENTS(bullet_ant)},
    {"CartPoleSwingUp-v0", MOMENTS(cart_pole_swing_up)},
    {"ContinuousAcrobot-v0", MOMENTS(continuous_acrobot)},
    {"HalfCheetah-v5", MOMENTS(half_cheetah)},
    {"HalfCheetahBulletEnv-v0", MOMENTS(bullet_half_cheetah)},
    {"HopperBulletEnv-v0", MOMENTS(bullet_hopper)},
    {"HumanoidBulletEnv-v0", MOMENTS(bullet_humanoid)},
    {"Hopper-v5", MOMENTS(hopper)},
    {"Humanoid-v5", MOMENTS(humanoid)},
    {"HumanoidStandup-v5", MOMENTS(humanoid_standup)},
    {"InvertedDoublePendulum-v5", MOMENTS(inverted_double_pendulum)},
    {"InvertedDoublePendulumBulletEnv-v0", MOMENTS(bullet_inverted_double_pendulum)},
    {"InvertedPendulum-v5", MOMENTS(inverted_pendulum)},
    {"InvertedPendulumBulletEnv-v0", MOMENTS(bullet_inverted_pendulum)},
    {"InvertedPendulumSwingupBulletEnv-v0", MOMENTS(bullet_inverted_pendulum_swingup)},
    {"MountainCarContinuous-v0", MOMENTS(mountain_car_continuous)},
    {"Pendulum-v1", MOMENTS(pendulum)},
    {"PlanarQuadrotor-v0", MOMENTS(planar_quadrotor)},
    {"Pusher-v5", MOMENTS(pusher)},
    {"Reacher-v5", MOMENTS(reacher)},
    {"ReacherBulletEnv-v0", MOMENTS(bullet_reacher)},
    {"Walker2DBulletEnv-v0", MOMENTS(bullet_walker2d)},
    {"Swimmer-v5", MOMENTS(swimmer)},
    {"Walker2d-v5", MOMENTS(walker2d)},
};

const struct sac_reset_reference *sac_reset_reference_find(const char *id)
{
    for (size_t i = 0; i < sizeof references / sizeof *references; i++)
        if (!strcmp(references[i].id, id))
            return &references[i];
    return NULL;
}

/* In standard errors. */
#define SIGMAS 6.0
/* That many of one sample beyond the extreme of another as large have the probability 2^-BEYOND. */
enum { BEYOND = 30 };
/* A deviation up to this is rounding, here and in make_resets.py. */
#define STILL 1e-9

/* What the rounding to float and the table's nine digits leave open. */
static double slack(const struct sac_reset_moments *m)
{
    return STILL + 1e-7 * fabs(m->mean);
}

enum sac_status sac_reset_sample_make(struct sac_reset_sample *sample,
                                      const struct sac_reset_reference *reference)
{
    *sample = (struct sac_reset_sample){.reference = reference};
    sample->sums = sac_allocate((size_t)reference->size * sizeof *sample->sums);
    return sample->sums ? SAC_OK : sac_fail(SAC_NOMEM, "no memory for the moments of first observations");
}

void sac_reset_sample_free(struct sac_reset_sample *sample)
{
    sac_free(sample->sums);
    sample->sums = NULL;
}

static const struct sac_reset_moments *next_of(const struct sac_reset_reference *reference, int32_t i)
{
    return &reference->moments[(i + 1) % reference->size];
}

void sac_reset_sample_add(struct sac_reset_sample *sample, const float *observation)
{
    const int32_t size = sample->reference->size;
    for (int32_t i = 0; i < size; i++) {
        const struct sac_reset_moments *m = &sample->reference->moments[i];
        struct sac_reset_sums *sums = &sample->sums[i];
        const double x = (double)observation[i], difference = x - m->mean;
        const double neighbour = (double)observation[(i + 1) % size] - next_of(sample->reference, i)->mean;
        sums->below += x < m->low - slack(m);
        sums->above += x > m->high + slack(m);
        sums->difference += difference;
        sums->square += difference * difference;
        sums->product += difference * neighbour;
    }
    sample->count++;
}

static enum sac_status judge_bounds(int32_t i, const struct sac_reset_moments *m,
                                    const struct sac_reset_sums *sums)
{
    if (sums->below <= BEYOND && sums->above <= BEYOND)
        return SAC_OK;
    return sac_fail(SAC_ENV,
                    "observation[%d]: of %d first observations %d are below and %d above the reference's "
                    "bounds, %.9g and %.9g",
                    i, SAC_RESETS, sums->below, sums->above, m->low, m->high);
}

/* The variance is taken about the reference's mean, whose own error adds the last term. */
static enum sac_status judge_moments(int32_t i, const struct sac_reset_moments *m,
                                     const struct sac_reset_sums *sums)
{
    const double n = SAC_RESETS, mean = sums->difference / n, variance = sums->square / n;
    const double reference = m->deviation * m->deviation;
    const double mean_error = SIGMAS * m->deviation * sqrt(2 / n) + slack(m);
    const double variance_error =
        reference * (SIGMAS * sqrt(fmax(m->kurtosis - 1, 0) * 2 / n) + SIGMAS * SIGMAS / n) +
        slack(m) * slack(m);
    if (!(fabs(mean) <= mean_error))
        return sac_fail(SAC_ENV,
                        "observation[%d]: first observations have the mean %.9g, the reference's %.9g", i,
                        m->mean + mean, m->mean);
    if (!(fabs(variance - reference) <= variance_error))
        return sac_fail(SAC_ENV,
                        "observation[%d]: first observations have the standard deviation %.4g, the "
                        "reference's %.4g",
                        i, sqrt(variance), m->deviation);
    return SAC_OK;
}

static enum sac_status judge_product(int32_t i, const struct sac_reset_moments *m,
                                     const struct sac_reset_moments *next, const struct sac_reset_sums *sums)
{
    const double n = SAC_RESETS;
    if (m->deviation <= STILL || next->deviation <= STILL)
        return SAC_OK;
    const double product = sums->product / n / m->deviation / next->deviation;
    const double error = SIGMAS * m->product_deviation * sqrt(2 / n) + SIGMAS * SIGMAS / n;
    if (fabs(product - m->product) <= error)
        return SAC_OK;
    return sac_fail(SAC_ENV,
                    "observation[%d]: its correlation with the next one is %.3f over first observations, the "
                    "reference's %.3f",
                    i, product, m->product);
}

enum sac_status sac_reset_sample_judge(const struct sac_reset_sample *sample)
{
    enum sac_status status = SAC_OK;
    SAC_ASSERT(sample->count == SAC_RESETS);
    for (int32_t i = 0; i < sample->reference->size && !status; i++) {
        const struct sac_reset_moments *m = &sample->reference->moments[i];
        status = judge_bounds(i, m, &sample->sums[i]);
        if (!status)
            status = judge_moments(i, m, &sample->sums[i]);
        if (!status)
            status = judge_product(i, m, next_of(sample->reference, i), &sample->sums[i]);
    }
    return status;
}
