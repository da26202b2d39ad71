/* Records for the stress programs: each says of which environment and the how-maniest of its ring it is, and
 * carries checksums of everything in it. */
#ifndef STRESS_RECORD_H
#define STRESS_RECORD_H

#include "replay.h"

enum {
    STRESS_EPISODE = 9, /* rows: a reset record and eight steps, the last of which ends it */
    STRESS_MOST_WORDS = 64
};

/* Sizes of records: 5 <= observation, 2 <= action, both <= STRESS_MOST_WORDS. */
struct stress_sizes {
    int observation, action;
};

/* Append record `sequence` of environment `ring` of the shard. `version` goes into step records. */
void stress_append(struct sac_shard *shard, const struct stress_sizes *sizes, int ring, uint64_t sequence,
                   uint32_t version);
/* How many of a ring's first `rows` are steps. */
uint64_t stress_steps_in(uint64_t rows);

/* Find anything in it that does not belong to this sequence number. */
void stress_check_record(const struct sac_record *record, const struct stress_sizes *sizes, int environment,
                         uint64_t sequence);
/* The same for row `row` of a batch, whose sequence number it tells; the state it came from must be the
 * record before. */
struct stress_position {
    int environment;
    uint64_t sequence;
} stress_check_transition(const struct sac_batch *batch, int row);

#endif
