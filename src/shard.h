/* The inside of a shard: the rings of one env thread, as that thread (shard.c) and the learner (replay.c) see
 * them. Row i of a ring lies at place i % rows. */
#ifndef SAC_SHARD_H
#define SAC_SHARD_H

#include <stdint.h>
#include <string.h>

#include "atomics.h"
#include "replay.h"

enum sac_row_flag { SAC_ROW_START = 1, SAC_ROW_TERMINATED = 2, SAC_ROW_TRUNCATED = 4 };

/* A row: observation (O) | action (A) | reward | flags | version, up to a whole number of cache lines. */
struct sac_row_layout {
    int observation_size, action_size;
    int used;   /* floats */
    int stride; /* floats */
};

static inline uint32_t sac_row_word(const float *word)
{
    uint32_t value;
    memcpy(&value, word, sizeof value);
    return value;
}

static inline const float *sac_row_action(const float *row, const struct sac_row_layout *layout)
{
    return row + layout->observation_size;
}

static inline float sac_row_reward(const float *row, const struct sac_row_layout *layout)
{
    return row[layout->observation_size + layout->action_size];
}

static inline uint32_t sac_row_flags(const float *row, const struct sac_row_layout *layout)
{
    return sac_row_word(row + layout->observation_size + layout->action_size + 1);
}

static inline uint32_t sac_row_version(const float *row, const struct sac_row_layout *layout)
{
    return sac_row_word(row + layout->observation_size + layout->action_size + 2);
}

/* The env thread's own view of one of its rings. */
struct sac_ring_writer {
    uint64_t head;  /* rows ever written; its private copy */
    uint64_t place; /* head % rows */
    uint64_t spent; /* rows written since the last look at `limit` */
    enum { SAC_RING_EMPTY, SAC_RING_STARTED, SAC_RING_RUNNING, SAC_RING_OVER } episode;
};

struct sac_shard {
    /* Never change after creation. */
    struct sac_row_layout layout;
    int first_environment, environments;
    uint64_t rows; /* per ring */
    float *memory; /* (environments, rows, stride) written by: the env thread below `limit`;
                      read by: learner in [floor, head) */
    /* written by: the shard's env thread (release, B); read by: learner (acquire, C) */
    _Atomic uint64_t *head; /* (environments) rows below it are complete */
    /* written by: learner (release, D); read by: the shard's env thread (acquire, A) */
    _Atomic uint64_t *limit; /* (environments) rows below it may be written */

    /* The env thread's alone, on lines of its own. */
    _Alignas(SAC_CACHE_LINE) struct sac_ring_writer *writers; /* (environments) */
    uint64_t room;  /* rows that every ring could take at the last look at `limit` */
    uint64_t spent; /* rows that the busiest ring has taken since */
};

struct sac_row_layout sac_row_layout(int observation_size, int action_size);

/* NULL when there is no memory. Every ring's `limit` starts at `rows`: an empty ring may be filled. */
struct sac_shard *sac_shard_create(const struct sac_row_layout *layout, uint64_t rows, bool huge_pages,
                                   int first_environment, int environments);
void sac_shard_destroy(struct sac_shard *shard); /* takes NULL */

static inline float *sac_shard_ring(const struct sac_shard *shard, int environment)
{
    return shard->memory + (uint64_t)environment * shard->rows * (uint64_t)shard->layout.stride;
}

#endif
