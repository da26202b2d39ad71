/* Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2,
 * 3").
 *
 * A number is a pure function of (seed, purpose, step, row, block): no thread owns a stream, so what is drawn
 * does not depend on how many threads draw. The key is the seed; the counter is { block, row, low 32 bits of
 * step, purpose << 24 | next 24 bits of step }. Vector forms with the same mapping are in kernels/. */
#ifndef SAC_RANDOM_H
#define SAC_RANDOM_H

#include <softac/env_random.h> /* sac_philox4x32 */

#include <stdint.h>

/* One value per use: two uses never share numbers. */
enum sac_purpose {
    SAC_PURPOSE_INIT = 1,      /* row: the network's number, block: index / 4 */
    SAC_PURPOSE_WARMUP_ACTION, /* row: environment, step: steps of that environment */
    SAC_PURPOSE_ACTION_NOISE,  /* the same */
    SAC_PURPOSE_UPDATE_NOISE,  /* row: batch row, step: update */
    SAC_PURPOSE_TARGET_NOISE,  /* the same, for next observations */
    SAC_PURPOSE_DRAW,          /* row: attempt, block: batch row, step: update */
    SAC_PURPOSE_EVALUATION,    /* seeds of the evaluator's environments */
    SAC_PURPOSE_TRAINING,      /* seeds of the training environments */
    SAC_PURPOSE_BOOTSTRAP      /* resampling of evaluation returns */
};

static inline struct sac_philox sac_random(uint64_t seed, enum sac_purpose purpose, uint64_t step,
                                           uint32_t row, uint32_t block)
{
    const struct sac_philox counter = {
        {block, row, (uint32_t)step, (uint32_t)purpose << 24 | (uint32_t)(step >> 32 & 0xFFFFFF)}};
    return sac_philox4x32(counter, seed);
}

/* A seed of its own for a part of the run. */
static inline uint64_t sac_random_seed(uint64_t seed, enum sac_purpose purpose, uint64_t step)
{
    const struct sac_philox r = sac_random(seed, purpose, step, 0, 0);
    return (uint64_t)r.word[1] << 32 | r.word[0];
}

/* [0, 1) with 24 bits. */
static inline float sac_unit_float(uint32_t word)
{
    return (float)(word >> 8) * 0x1p-24f;
}

#endif
