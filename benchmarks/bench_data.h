/* What benchmarks share: the SHAPES, and full replays of them. */
#ifndef SAC_BENCH_DATA_H
#define SAC_BENCH_DATA_H

#include <stdint.h>

#include <softac/settings.h>

#include "replay.h"

struct bench_shape {
    const char *name;
    int observation_size, action_size;
    int hidden; /* of both hidden layers */
    int batch_size;
};

/* Behind the shapes that every benchmark has: large batches, which only whole updates are timed with. */
enum { BENCH_HALFCHEETAH = 1, BENCH_SMALL = 4, BENCH_SHAPES = 5, BENCH_LARGE_BATCHES = 1, BENCH_SEED = 1 };
extern const struct bench_shape bench_shapes[BENCH_SHAPES + BENCH_LARGE_BATCHES];

/* The defaults, but for the shape, the algorithm and BENCH_SEED. */
struct sac_settings bench_settings(const struct bench_shape *shape, enum sac_algorithm algorithm);

/* A replay as training has it: one shard, the default number of environments and capacity (a million rows),
 * full. Benchmarks of one shape that are alive together share it. */
struct bench_replay {
    struct sac_replay *replay;
    const struct bench_shape *shape;
    int users;
    int environments;
    int64_t capacity;
    float *observation, *action;   /* (rows) what records are made from */
    struct bench_episode *episode; /* (environments) */
};

enum sac_status bench_replay_take(const struct bench_shape *shape, struct bench_replay **replay);
void bench_replay_give(struct bench_replay *replay); /* takes NULL; the last user frees it */

/* Append `rounds` records to each environment in turn, as an env thread does, and grant what the learner
 * would, when there is no room. Records are made from the first `rows` rows of observation and action. */
enum { BENCH_SOURCE_ROWS = 8192 };
void bench_replay_append(struct bench_replay *replay, int64_t rounds, uint32_t rows);

#endif
