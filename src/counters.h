/* What threads tell the main thread about their work: single-writer counters, read at any time.
 * All are relaxed: each value stands for itself, and a look a moment old is as good as any. Only the ring of
 * finished episodes orders its words before its count (X, Y). */
#ifndef SAC_COUNTERS_H
#define SAC_COUNTERS_H

#include <stdint.h>

#include "agent.h"
#include "atomics.h"

#define SAC_EPISODE_RING 256

enum {
    SAC_AGES_FINE = 16, /* buckets per doubling of an age: below twice as many, each age has one */
    SAC_AGES = (32 - 3) * SAC_AGES_FINE
};

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
    _Atomic double alpha; /* latest */
    /* Rows drawn, by age: gradient updates since the policy that acted. */
    _Atomic uint64_t drawn[SAC_AGES];
    _Atomic uint64_t age_sum;
    _Atomic uint64_t age_max; /* since main last took it, which leaves 0 */
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

/* Two looks at a number of one writer. */
static inline void sac_count_more(_Atomic uint64_t *count, uint64_t more)
{
    sac_store_relaxed(staleness, count, sac_load_relaxed(staleness, count) + more);
}

static inline int sac_age_bucket(uint32_t age)
{
    if (age < SAC_AGES_FINE)
        return (int)age;
    const int doubling = 31 - __builtin_clz(age); /* 4 .. 31 */
    return (doubling - 3) * SAC_AGES_FINE + (int)(age >> (doubling - 4) & (SAC_AGES_FINE - 1));
}

/* The greatest age in it. */
static inline uint32_t sac_bucket_age(int bucket)
{
    if (bucket < SAC_AGES_FINE)
        return (uint32_t)bucket;
    const uint64_t next = SAC_AGES_FINE + (uint64_t)bucket % SAC_AGES_FINE + 1;
    return (uint32_t)((next << (bucket / SAC_AGES_FINE - 1)) - 1);
}

/* Learner: `rows` rows are drawn after so many updates; version (rows) says after how many the policies were
 * made that acted. Both wrap at 2^32. */
static inline void sac_count_ages(struct sac_learner_counters *counters, uint32_t updates,
                                  const uint32_t *version, int rows)
{
    uint64_t sum = 0;
    uint32_t max = 0;
    for (int r = 0; r < rows; r++) {
        const uint32_t age = updates - version[r];
        sac_count_more(&counters->drawn[sac_age_bucket(age)], 1);
        sum += age;
        max = age > max ? age : max;
    }
    sac_count_more(&counters->age_sum, sum);
    if (max > sac_load_relaxed(staleness, &counters->age_max))
        sac_store_relaxed(staleness, &counters->age_max, max);
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
