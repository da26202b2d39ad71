/* Random numbers for environments: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1,
 * 2, 3"), a pure function of (seed, environment, episode, how many were drawn).
 *
 * An environment that draws all its numbers here gives the same episodes however environments are grouped
 * into instances and threads. The stream is three numbers, so saving and restoring it is a copy. */
#ifndef SOFTAC_ENV_RANDOM_H
#define SOFTAC_ENV_RANDOM_H

#include <math.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sac_philox {
    uint32_t word[4];
};

static inline struct sac_philox sac_philox4x32(struct sac_philox counter, uint64_t key)
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    uint32_t *c = counter.word;
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c[0];
        const uint64_t p1 = (uint64_t)0xCD9E8D57u * c[2];
        const uint32_t c1 = c[1], c3 = c[3];
        c[0] = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c[1] = (uint32_t)p1;
        c[2] = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c[3] = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return counter;
}

/* The numbers of one episode of one environment, in order. */
struct sac_env_stream {
    uint64_t seed;        /* of struct sac_env_create */
    uint64_t episode;     /* resets of this environment before this one */
    uint32_t environment; /* number in the whole run: first_environment + index */
    uint32_t drawn;       /* numbers taken so far; starts at 0 */
};

/* 53 random bits in [0, 1); `half` picks one of the two in a block. */
static inline double sac_env_unit(struct sac_philox block, int half)
{
    const uint64_t bits = (uint64_t)block.word[2 * half + 1] << 32 | block.word[2 * half];
    return (double)(bits >> 11) * 0x1p-53;
}

static inline struct sac_philox sac_env_block(struct sac_env_stream *stream)
{
    const struct sac_philox counter = {
        {stream->drawn++, stream->environment, (uint32_t)stream->episode, (uint32_t)(stream->episode >> 32)}};
    return sac_philox4x32(counter, stream->seed);
}

/* Uniform in [low, high). */
static inline double sac_env_uniform(struct sac_env_stream *stream, double low, double high)
{
    return low + (high - low) * sac_env_unit(sac_env_block(stream), 0);
}

/* Standard normal, by Box and Muller: sqrt(-2 log(1 - u)) cos(2 pi v). */
static inline double sac_env_normal(struct sac_env_stream *stream)
{
    const struct sac_philox block = sac_env_block(stream);
    return sqrt(-2.0 * log1p(-sac_env_unit(block, 0))) * cos(6.28318530717958647692 * sac_env_unit(block, 1));
}

#ifdef __cplusplus
}
#endif
#endif
