/* What threads tell the main thread about their work: single-writer counters, read at any time.
 * All are relaxed: each value stands for itself, and a look a moment old is as good as any. Only the ring of
 * finished episodes orders its words before its count (X, Y). */
#ifndef SAC_COUNTERS_H
#define SAC_COUNTERS_H

#include <stdint.h>

#include "agent.h"
#include "atomics.h"

#define SAC_EPISODE_RING 256

struct sac_episode {
    float total_reward;
    uint32_t length;
};

/* written by: one env thread; read by: main */
struct sac_env_counters {
    /* words first, then the count: store release (X) <-> load acquire (Y) */
    _Alignas(SAC_CACHE_LINE) _Atomic uint64_t episodes;
    _Atomic uint64_t episode[SAC_EPISODE_RING]; /* length << 32 | bits of the return, of the last ones */
};

/* written by: the learner; read by: main. Sums since the start. */
struct sac_learner_counters {
    _Alignas(SAC_CACHE_LINE) _Atomic uint64_t updates;
    _Atomic double critic_loss, value_loss, policy_loss, temperature_loss, entropy;
    _Atomic double alpha;                                        /* latest */
    _Atomic double staleness_mean, staleness_p95, staleness_max; /* of the latest batch looked at */
};

/* Env thread: one more finished episode. */
static inline void sac_count_episode(struct sac_env_counters *counters, double total_reward, uint32_t length)
{
    union {
        float value;
        uint32_t bits;
    } reward = {.value = (float)total_reward};
    const uint64_t n = sac_load_relaxed(episodes, &counters->episodes);
    sac_store_relaxed(episode, &counters->episode[n % SAC_EPISODE_RING],
                      (uint64_t)length << 32 | reward.bits);
    sac_store_release(X, &counters->episodes, n + 1);
}

/* Main: episodes finished by this thread so far; those from `count - SAC_EPISODE_RING` on can be read. */
static inline uint64_t sac_counted_episodes(struct sac_env_counters *counters)
{
    return sac_load_acquire(Y, &counters->episodes);
}

static inline struct sac_episode sac_counted_episode(struct sac_env_counters *counters, uint64_t number)
{
    const uint64_t word = sac_load_relaxed(episode, &counters->episode[number % SAC_EPISODE_RING]);
    const union {
        uint32_t bits;
        float value;
    } reward = {.bits = (uint32_t)word};
    return (struct sac_episode){reward.value, (uint32_t)(word >> 32)};
}

#endif
