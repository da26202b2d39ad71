/* Writers and a learner on tiny rings, without a governor: every drawn transition is a whole row and its
 * whole predecessor. A row says which it is and carries a checksum, so that a row overwritten while it is
 * read, or read before it was written, is found. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "assertion.h"
#include "atomics.h"
#include "replay.h"
#include "stress.h"

enum { O = 11, A = 3, LD = 16, ROWS = 32, EACH = 2, MAX_WRITERS = 4 };

struct writer {
    struct sac_replay *replay;
    struct sac_shard *shard;
    uint64_t random;
    int64_t rows; /* to write into each ring */
    pthread_t thread;
};

/* Whole numbers below 2^24 are exact in a float. */
static float float_of(uint64_t bits)
{
    return (float)(bits & 0xFFFFFF);
}

static void observation_of(float *observation, int environment, int64_t index)
{
    observation[0] = (float)environment;
    observation[1] = float_of((uint64_t)index);
    for (int i = 2; i < O - 1; i++)
        observation[i] = float_of(XXH64(&index, sizeof index, (uint64_t)(environment * O + i)));
    observation[O - 1] = float_of(XXH64(observation, (O - 1) * sizeof(float), 0));
}

static uint32_t checksum_of(const float *observation, const float *action, float reward)
{
    const uint32_t seed = XXH32(observation, O * sizeof(float), 1);
    return XXH32(action, A * sizeof(float), XXH32(&reward, sizeof reward, seed));
}

/* Row i of a ring starts an episode when its number says so; the rows before and after do not. */
static bool starts(int64_t index)
{
    return index % 9 == 0;
}

static void write_row(struct writer *w, int ring, int64_t index)
{
    float observation[O], action[A];
    observation_of(observation, sac_shard_first_environment(w->shard) + ring, index);
    if (starts(index)) {
        sac_shard_append_reset(w->shard, ring, observation);
        return;
    }
    for (int i = 0; i < A; i++)
        action[i] = float_of(stress_random(&w->random));
    const float reward = float_of(stress_random(&w->random));
    sac_shard_append_step(w->shard, ring, action, reward, observation, index % 9 == 8, false,
                          checksum_of(observation, action, reward));
}

static void *writer_main(void *context)
{
    struct writer *w = context;
    for (int64_t index = 0; index < w->rows; index++) {
        while (!sac_shard_has_room(w->shard, 1))
            sched_yield();
        for (int ring = 0; ring < EACH; ring++) {
            write_row(w, ring, index);
            stress_delay(&w->random);
        }
    }
    return NULL;
}

struct columns {
    float next[ROWS * LD], current[ROWS * LD], taken[ROWS * LD], reward[ROWS], not_terminated[ROWS];
    uint32_t version[ROWS];
};

static void assert_transition(const struct columns *c, int i)
{
    const float *next = c->next + i * LD, *current = c->current + i * LD, *taken = c->taken + i * LD;
    const int64_t index = (int64_t)next[1];
    float observation[O];
    observation_of(observation, (int)next[0], index);
    SAC_ASSERT(memcmp(next, observation, sizeof observation) == 0);
    observation_of(observation, (int)next[0], index - 1);
    SAC_ASSERT(memcmp(current, observation, sizeof observation) == 0);
    SAC_ASSERT(memcmp(taken, observation, sizeof observation) == 0);
    SAC_ASSERT(!starts(index));
    SAC_ASSERT(c->version[i] == checksum_of(next, taken + O, c->reward[i]));
    SAC_ASSERT(c->not_terminated[i] == (index % 9 == 8 ? 0.0f : 1.0f));
}

/* Draw until every row of every ring has been granted over. */
static int64_t learn(struct sac_replay *replay, int rings, int64_t rows)
{
    static struct columns c;
    struct sac_batch batch = {ROWS,     O, A, LD, c.next, c.current, c.taken, c.reward, c.not_terminated,
                              c.version};
    uint64_t random = 5;
    int64_t drawn = 0;
    for (uint64_t update = 0;; update++) {
        sac_replay_grant(replay);
        bool over = true;
        for (int e = 0; e < rings; e++)
            over &= sac_replay_head(replay, e) == (uint64_t)rows;
        if (over)
            return drawn;
        if (sac_replay_rows(replay) < 2 * rings)
            continue; /* at the very start there may be no transition yet */
        sac_replay_draw(replay, 3, update, &batch);
        stress_delay(&random);
        for (int i = 0; i < ROWS; i++)
            assert_transition(&c, i);
        drawn += ROWS;
    }
}

static void run(int writers, int64_t capacity, int64_t guard, int64_t rows)
{
    const struct sac_replay_shape shape = {EACH * writers, writers, O, A, capacity * EACH * writers, guard};
    struct sac_replay *replay;
    struct writer w[MAX_WRITERS];
    SAC_ASSERT(sac_replay_create(&shape, &replay) == SAC_OK);
    for (int k = 0; k < writers; k++) {
        w[k] = (struct writer){replay, sac_replay_shard(replay, k), (uint64_t)k, rows, 0};
        SAC_ASSERT(pthread_create(&w[k].thread, NULL, writer_main, &w[k]) == 0);
    }
    const int64_t drawn = learn(replay, EACH * writers, rows);
    for (int k = 0; k < writers; k++)
        pthread_join(w[k].thread, NULL);
    printf("%d writers, %lld + %lld rows a ring: %lld rows written, %lld transitions drawn, all whole\n",
           writers, (long long)capacity, (long long)guard, (long long)rows * EACH * writers,
           (long long)drawn);
    sac_replay_destroy(replay);
}

int main(void)
{
    const int64_t rows = stress_amount(4000);
    for (int writers = 1; writers <= MAX_WRITERS; writers++) {
        run(writers, 3, 1, rows / 4);
        run(writers, 5, 2, rows / 2);
        run(writers, 64, 16, rows);
    }
    return 0;
}
