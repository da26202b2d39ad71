/* A learner that publishes as fast as it can and holders that take, read and give back at random: what is
 * held is whole from the first to the last look at it, versions never go back, a slot is always found, and
 * after the last publish everybody gets the last version. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "assertion.h"
#include "snapshot.h"
#include "stress.h"

enum {
    MOST_FLOATS = 1000,
    CHECKSUM_FLOATS = 2,
    MOST_LOOKS = 1000000 /* for a slot, before there is none */
};

/* Made on purpose, to see that it is found. */
enum mistake { NONE, GIVES_BACK_EARLY, HALF_OLD, GOES_BACK, LEFT_OUT };

struct run {
    int holders, floats;
    int64_t publishes;
    enum mistake mistake;
    struct sac_snapshots *snapshots;
    _Atomic bool
        over; /* stored by the learner after its last publish (release), loaded by holders (acquire) */
    _Atomic int ready; /* holders that have begun; relaxed, nothing is read because of it */
};

struct reader {
    struct run *run;
    uint64_t random;
    uint64_t last; /* version seen */
    int64_t holds, versions;
    pthread_t thread;
};

/* --- what is published: the version, words that follow from it, a checksum of all --- */

static void fill(float *parameters, int floats, uint64_t version)
{
    uint32_t word[MOST_FLOATS];
    memcpy(word, &version, sizeof version);
    for (int i = 2; i < floats - CHECKSUM_FLOATS; i++)
        word[i] = (uint32_t)version * 0x9E3779B9u + (uint32_t)i;
    const uint64_t sum = XXH64(word, (size_t)(floats - CHECKSUM_FLOATS) * sizeof *word, 0);
    memcpy(word + floats - CHECKSUM_FLOATS, &sum, sizeof sum);
    memcpy(parameters, word, (size_t)floats * sizeof *word);
}

static void check_whole(const float *parameters, int floats, uint64_t version)
{
    uint64_t sum, inside;
    memcpy(&inside, parameters, sizeof inside);
    memcpy(&sum, parameters + floats - CHECKSUM_FLOATS, sizeof sum);
    if (sum != XXH64(parameters, (size_t)(floats - CHECKSUM_FLOATS) * sizeof(float), 0))
        stress_found("torn: snapshot %llu", (unsigned long long)version);
    if (inside != version)
        stress_found("snapshot %llu is handed out as version %llu", (unsigned long long)inside,
                     (unsigned long long)version);
}

/* --- holders --- */

static void hold_once(struct reader *r, struct sac_holder *holder)
{
    struct run *run = r->run;
    uint64_t version;
    const float *parameters = sac_snapshots_hold(run->snapshots, holder, &version);
    if (run->mistake == GIVES_BACK_EARLY)
        sac_snapshots_release(run->snapshots, holder);
    if (version < r->last)
        stress_found("out of order: version %llu after %llu", (unsigned long long)version,
                     (unsigned long long)r->last);
    r->versions += version > r->last;
    r->holds++;
    r->last = version;
    check_whole(parameters, run->floats, version);
    stress_delay(&r->random);
    check_whole(parameters, run->floats, version);
    if (stress_random(&r->random) % 8 == 0)
        sac_snapshots_release(run->snapshots, holder);
}

static void *reader_main(void *context)
{
    struct reader *r = context;
    struct sac_holder holder = {-1};
    atomic_fetch_add_explicit(&r->run->ready, 1, memory_order_relaxed);
    while (!atomic_load_explicit(&r->run->over, memory_order_acquire))
        hold_once(r, &holder);
    hold_once(r, &holder);
    if (r->last != (uint64_t)r->run->publishes)
        stress_found("lost: the last version is %lld, but %llu is handed out", (long long)r->run->publishes,
                     (unsigned long long)r->last);
    sac_snapshots_release(r->run->snapshots, &holder);
    return NULL;
}

/* --- the learner --- */

static void make_mistake(const struct run *run, float *parameters, uint64_t version)
{
    if (run->mistake == HALF_OLD)
        fill(parameters, run->floats / 2, version - 1);
    if (run->mistake == GOES_BACK && version % 16 == 0)
        fill(parameters, run->floats, version - 2);
}

/* Returns the looks for a slot that found none. */
static int64_t publish_all(struct run *run)
{
    float parameters[MOST_FLOATS];
    uint64_t random = 9;
    int64_t missed = 0;
    for (uint64_t version = 1; version <= (uint64_t)run->publishes; version++) {
        fill(parameters, run->floats, version);
        if (run->mistake != NONE)
            make_mistake(run, parameters, version);
        if (run->mistake == LEFT_OUT && version == (uint64_t)run->publishes)
            break;
        for (int looks = 0; !sac_snapshots_publish(run->snapshots, parameters, version); looks++, missed++) {
            sched_yield();
            if (looks > MOST_LOOKS)
                stress_found("no slot is free for version %llu", (unsigned long long)version);
        }
        stress_delay(&random);
        if (version % 64 == 0)
            sched_yield(); /* busy cores: so that holders see more of them */
    }
    return missed;
}

static void run_once(struct run *run)
{
    float parameters[MOST_FLOATS];
    struct reader reader[STRESS_MOST_THREADS];
    int64_t holds = 0, versions = 0;
    fill(parameters, run->floats, 0);
    SAC_ASSERT(sac_snapshots_create(run->holders, (size_t)run->floats, parameters, &run->snapshots) ==
               SAC_OK);
    for (int k = 0; k < run->holders; k++) {
        reader[k] = (struct reader){run, (uint64_t)k, 0, 0, 0, 0};
        SAC_ASSERT(pthread_create(&reader[k].thread, NULL, reader_main, &reader[k]) == 0);
    }
    while (atomic_load_explicit(&run->ready, memory_order_relaxed) < run->holders)
        sched_yield();
    const int64_t missed = publish_all(run);
    atomic_store_explicit(&run->over, true, memory_order_release);
    for (int k = 0; k < run->holders; k++) {
        pthread_join(reader[k].thread, NULL);
        holds += reader[k].holds;
        versions += reader[k].versions;
    }
    sac_snapshots_destroy(run->snapshots);
    printf(
        "%d holders, %d floats: %lld snapshots (%lld looks for a slot more), %lld holds of %lld versions\n",
        run->holders, run->floats, (long long)run->publishes, (long long)missed, (long long)holds,
        (long long)versions);
}

static void break_with(enum mistake mistake)
{
    struct run run = {.holders = 3, .floats = MOST_FLOATS, .publishes = 200000, .mistake = mistake};
    run_once(&run);
}

static void give_back_early(void)
{
    break_with(GIVES_BACK_EARLY);
}

static void publish_half_old(void)
{
    break_with(HALF_OLD);
}

static void go_back(void)
{
    break_with(GOES_BACK);
}

static void leave_last_out(void)
{
    break_with(LEFT_OUT);
}

int main(void)
{
    static const struct {
        int floats, percent;
    } kinds[] = {{8, 40}, {64, 45}, {MOST_FLOATS, 15}};
    const int64_t snapshots = stress_amount(400000) / STRESS_LOADS;
    int64_t done = 0;
    stress_must_find("a holder gives back before its last look", give_back_early, "snapshot");
    stress_must_find("a snapshot is half an older one", publish_half_old, "torn");
    stress_must_find("a version goes back", go_back, "handed out as version");
    stress_must_find("the last publish is lost", leave_last_out, "lost");
    for (int load = 0; load < STRESS_LOADS; load++)
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            struct run run = {.holders = stress_threads(load) - 1,
                              .floats = kinds[i].floats,
                              .publishes = snapshots * kinds[i].percent / 100 + 1};
            run_once(&run);
            done += run.publishes;
        }
    printf("%lld snapshots, none torn, lost, duplicated or out of order\n", (long long)done);
    return 0;
}
