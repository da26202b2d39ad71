/* One 64-bit word, slot << 32 | holders that took it since it was published, and a release counter per slot.
 * Slot and count change in one instruction, so the exchange that publishes a new slot tells the learner
 * exactly how many took the old one: a slot is free when it is not the published one and has been released
 * as often as it was taken. Wait-free for holders; the order of versions is the modification order of the
 * word. */
#include "snapshot.h"

#include <string.h>

#include "assertion.h"
#include "atomics.h"
#include "error.h"
#include "memory.h"

struct slot {
    /* written by: holders (release, E); read by: learner (acquire, F) */
    _Alignas(SAC_CACHE_LINE) _Atomic uint64_t released; /* times given back */
    /* The rest is written by the learner while the slot is free and read by holders: edge H to G. */
    _Alignas(SAC_CACHE_LINE) uint64_t version;
    float *parameters; /* (floats) into sac_snapshots.parameters; never changes */
    uint64_t taken;    /* learner only: times taken, without those still counted in the word */
};

struct sac_snapshots {
    /* written by: learner (exchange release, H) and holders (add acquire, G); read by the same */
    _Alignas(SAC_CACHE_LINE) _Atomic uint64_t word;
    /* Never change after creation. */
    _Alignas(SAC_CACHE_LINE) struct slot *slots;
    int slot_count; /* holders + 2: each holds one, one is published, one is left to write */
    const struct sac_network *network; /* whose parameters are packed, or NULL: they are copied */
    size_t floats;
    float *parameters; /* (slot_count, floats rounded up to a cache line) */
    int published;     /* learner only */
};

static int slot_of(uint64_t word)
{
    return (int)(word >> 32);
}

/* A slot nobody holds and nobody can take, or -1. An acquire load may be old: then a free slot looks held,
 * never the other way round. */
static int find_free(const struct sac_snapshots *snapshots)
{
    for (int s = 0; s < snapshots->slot_count; s++) {
        struct slot *slot = &snapshots->slots[s];
        if (s != snapshots->published &&
            sac_load_acquire(F, &slot->released) == slot->taken) /* pairs with E */
            return s;
    }
    return -1;
}

static void write_slot(const struct sac_snapshots *snapshots, float *slot, const float *parameters)
{
    if (snapshots->network != NULL)
        sac_network_pack(snapshots->network, slot, parameters);
    else
        memcpy(slot, parameters, snapshots->floats * sizeof *slot);
}

enum sac_status sac_snapshots_create(int holders, size_t floats, const float *initial,
                                     struct sac_snapshots **snapshots)
{
    *snapshots = NULL;
    if (holders < 0 || floats == 0)
        return sac_fail(SAC_INVALID,
                        "snapshots for %d holders of %zu parameters: need 0 or more holders and "
                        "at least one parameter",
                        holders, floats);
    const size_t stride = sac_round_up(floats, SAC_CACHE_LINE / sizeof(float));
    struct sac_snapshots *s = sac_allocate(sizeof *s);
    if (s != NULL) {
        s->slot_count = holders + 2;
        s->floats = floats;
        s->slots = sac_allocate((size_t)s->slot_count * sizeof *s->slots);
        s->parameters = sac_allocate((size_t)s->slot_count * stride * sizeof(float));
    }
    if (s == NULL || s->slots == NULL || s->parameters == NULL) {
        sac_snapshots_destroy(s);
        return sac_fail(SAC_NOMEM,
                        "no memory for %d policy snapshots of %zu parameters: use fewer "
                        "env_threads or smaller hidden layers",
                        holders + 2, floats);
    }
    for (int i = 0; i < s->slot_count; i++)
        s->slots[i].parameters = s->parameters + (size_t)i * stride;
    memcpy(s->parameters, initial, floats * sizeof(float));
    *snapshots = s; /* slot 0 is published: word and published are 0 */
    return SAC_OK;
}

enum sac_status sac_snapshots_create_packed(int holders, const struct sac_network *network,
                                            const float *initial, struct sac_snapshots **snapshots)
{
    const enum sac_status status = sac_snapshots_create(holders, network->size, initial, snapshots);
    if (status == SAC_OK) {
        (*snapshots)->network = network;
        write_slot(*snapshots, (*snapshots)->slots[0].parameters, initial);
    }
    return status;
}

void sac_snapshots_destroy(struct sac_snapshots *snapshots)
{
    if (snapshots == NULL)
        return;
    sac_free(snapshots->parameters);
    sac_free(snapshots->slots);
    sac_free(snapshots);
}

bool sac_snapshots_publish(struct sac_snapshots *snapshots, const float *parameters, uint64_t version)
{
    SAC_ASSERT(version >= snapshots->slots[snapshots->published].version);
    const int s = find_free(snapshots);
    if (s < 0)
        return false;
    struct slot *slot = &snapshots->slots[s];
    write_slot(snapshots, slot->parameters, parameters);
    slot->version = version;
    const uint64_t old = sac_exchange_release(H, &snapshots->word, (uint64_t)s << 32); /* pairs with G */
    snapshots->slots[slot_of(old)].taken += (uint32_t)old;
    snapshots->published = s;
    return true;
}

void sac_snapshots_publish_surely(struct sac_snapshots *snapshots, const float *parameters, uint64_t version)
{
    while (!sac_snapshots_publish(snapshots, parameters, version)) {
        /* again */
    }
}

/* The look at the word may be relaxed: what a holder may do depends only on the slot it took at G. */
const float *sac_snapshots_hold(struct sac_snapshots *snapshots, struct sac_holder *holder, uint64_t *version)
{
    if (holder->slot < 0 || slot_of(sac_load_relaxed(snapshot_word, &snapshots->word)) != holder->slot) {
        sac_snapshots_release(snapshots, holder);
        holder->slot = slot_of(sac_add_acquire(G, &snapshots->word, 1)); /* pairs with H */
    }
    const struct slot *slot = &snapshots->slots[holder->slot];
    *version = slot->version;
    return slot->parameters;
}

void sac_snapshots_release(struct sac_snapshots *snapshots, struct sac_holder *holder)
{
    if (holder->slot >= 0)
        sac_add_release(E, &snapshots->slots[holder->slot].released, 1); /* pairs with F */
    holder->slot = -1;
}
