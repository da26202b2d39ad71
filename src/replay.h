/* The replay: immutable records in a ring per environment, a shard of rings per env thread.
 *
 * A ring's rows are reset records (observation, start flag) and step records (action taken, reward, resulting
 * observation, terminated, truncated, version of the policy that acted). A transition is a step record and
 * the row before it, so each observation is stored once. Overwriting is by permission (docs/memory-model.md,
 * edges A-D).
 *
 * env thread -> sac_shard_*: only the thread that owns the shard.   learner -> sac_replay_*: the learner
 * only, and its team inside its jobs. */
#ifndef SAC_REPLAY_H
#define SAC_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include <softac/status.h>

#include "batch.h"

struct sac_replay;
struct sac_shard;

struct sac_replay_shape {
    int environments,
        env_threads; /* environments are dealt to threads in contiguous runs that differ by at most one */
    int observation_size, action_size;
    int64_t capacity; /* rows to keep readable, over all environments */
    int64_t guard;    /* rows per ring between two grants, >= 1: sac_governor_guard() */
    int64_t steps;    /* that will be recorded, over all environments; 0: not known */
};

/* Bytes that sac_replay_create would take. */
uint64_t sac_replay_bytes(const struct sac_replay_shape *shape);
/* SAC_NOMEM when that is more than the machine has, before anything is allocated. */
enum sac_status sac_replay_create(const struct sac_replay_shape *shape, struct sac_replay **replay);
void sac_replay_destroy(struct sac_replay *replay); /* takes NULL */

/* --- the env thread's side --- */
struct sac_shard *sac_replay_shard(struct sac_replay *replay, int env_thread);
int sac_shard_first_environment(const struct sac_shard *shard);
int sac_shard_environments(const struct sac_shard *shard);
/* May every ring of the shard take `rows` more rows? Wait-free; reads `limit` again only at the cached limit.
 */
bool sac_shard_has_room(struct sac_shard *shard, int rows);
/* Append and make visible. `environment` counts from 0 inside the shard. Room was checked before. */
void sac_shard_append_reset(struct sac_shard *shard, int environment, const float *observation);
void sac_shard_append_step(struct sac_shard *shard, int environment, const float *action, float reward,
                           const float *observation, bool terminated, bool truncated, uint32_t version);

/* --- the learner's side --- */
/* Take in what has been appended and let writers go on over rows that will not be drawn any more. All reads
 * of the former window must be over. True if some writer may now go further than before. */
bool sac_replay_grant(struct sac_replay *replay);
/* Rows in the present window over all rings. */
int64_t sac_replay_rows(const struct sac_replay *replay);
/* Draw batch->rows transitions uniformly, with replacement, from the window of the last grant, which must
 * hold at least one; fill next (s'), current (s), taken (s | a), reward, not_terminated, version. Depends on
 * seed, update and the window alone. */
void sac_replay_draw(struct sac_replay *replay, uint64_t seed, uint64_t update, struct sac_batch *batch);
/* The same in pieces that several threads may take at once: prepare first, then each row once. What is drawn
 * does not depend on the pieces. */
void sac_replay_prepare(struct sac_replay *replay);
void sac_replay_draw_rows(const struct sac_replay *replay, uint64_t seed, uint64_t update, int first, int end,
                          struct sac_batch *batch);

/* --- tests and checkpoints, at a safe point --- */
uint64_t sac_replay_head(const struct sac_replay *replay, int environment);
uint64_t sac_replay_floor(const struct sac_replay *replay, int environment);
struct sac_record {
    const float *observation, *action;
    float reward;
    bool start, terminated, truncated;
    uint32_t version;
};
/* Row `index` of a ring; floor <= index < head. */
struct sac_record sac_replay_record(const struct sac_replay *replay, int environment, uint64_t index);

#endif
