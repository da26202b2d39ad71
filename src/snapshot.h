/* Snapshots of the policy: the learner publishes, anybody holds. Readers are wait-free, the learner never
 * waits, a held slot is never written (docs/memory-model.md, edges E-H). */
#ifndef SAC_SNAPSHOT_H
#define SAC_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <softac/status.h>

#include "network.h"

struct sac_snapshots;

/* `holders` threads hold at most one snapshot each; `floats` parameters per snapshot. `initial` is published
 * as version 0. */
enum sac_status sac_snapshots_create(int holders, size_t floats, const float *initial,
                                     struct sac_snapshots **snapshots);
/* Of a network's parameters: what is published is packed (sac_network_pack), which costs no more than the
 * copy that it is. `network` outlives them. */
enum sac_status sac_snapshots_create_packed(int holders, const struct sac_network *network,
                                            const float *initial, struct sac_snapshots **snapshots);
void sac_snapshots_destroy(struct sac_snapshots *snapshots); /* takes NULL */

/* Learner: publish a copy of `parameters` as `version` (never less than before). False if no free slot was
 * seen: skip, or try again. */
bool sac_snapshots_publish(struct sac_snapshots *snapshots, const float *parameters, uint64_t version);
/* The same, trying again until a free slot is seen, which takes finitely many looks. */
void sac_snapshots_publish_surely(struct sac_snapshots *snapshots, const float *parameters, uint64_t version);

/* A holder's view; start with {-1}. One per thread, owned by it. */
struct sac_holder {
    int slot; /* -1: holds nothing */
};
/* Give back what is held, if it is no longer the newest, and hold the newest. The parameters stay unchanged
 * until the next call with the same holder. */
const float *sac_snapshots_hold(struct sac_snapshots *snapshots, struct sac_holder *holder,
                                uint64_t *version);
void sac_snapshots_release(struct sac_snapshots *snapshots, struct sac_holder *holder);

#endif
