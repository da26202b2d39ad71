/* A learner that publishes as fast as it can and holders that take, read and give back at random: what is
 * held is whole from the first to the last look at it, versions never go back, and a slot is always found. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "assertion.h"
#include "atomics.h"
#include "snapshot.h"
#include "stress.h"

enum { FLOATS = 1000, BODY = FLOATS - 2, MAX_HOLDERS = 4 };

static _Atomic bool over;

struct reader {
    struct sac_snapshots *snapshots;
    uint64_t random;
    int64_t holds, changes;
    pthread_t thread;
};

/* Version v in every float, with a checksum of all of them at the end. */
static void fill(float *parameters, uint64_t version)
{
    for (int i = 0; i < BODY; i++)
        parameters[i] = (float)((version * 31 + (uint64_t)i) & 0xFFFFFF);
    const uint64_t sum = XXH64(parameters, BODY * sizeof(float), version);
    memcpy(parameters + BODY, &sum, sizeof sum);
}

static void assert_whole(const float *parameters, uint64_t version)
{
    uint64_t sum;
    memcpy(&sum, parameters + BODY, sizeof sum);
    SAC_ASSERT(sum == XXH64(parameters, BODY * sizeof(float), version));
    SAC_ASSERT(parameters[0] == (float)(version * 31 & 0xFFFFFF));
}

static void *reader_main(void *context)
{
    struct reader *r = context;
    struct sac_holder holder = {-1};
    uint64_t version = 0, last = 0;
    while (!sac_load_relaxed(test, &over)) {
        const float *parameters = sac_snapshots_hold(r->snapshots, &holder, &version);
        SAC_ASSERT(version >= last);
        r->changes += version > last;
        r->holds++;
        last = version;
        assert_whole(parameters, version);
        stress_delay(&r->random);
        assert_whole(parameters, version);
        if (stress_random(&r->random) % 8 == 0)
            sac_snapshots_release(r->snapshots, &holder);
    }
    sac_snapshots_release(r->snapshots, &holder);
    return NULL;
}

static void run(int holders, int64_t publishes)
{
    float parameters[FLOATS];
    struct sac_snapshots *snapshots;
    struct reader reader[MAX_HOLDERS];
    uint64_t random = 9;
    int64_t missed = 0, holds = 0, changes = 0;
    fill(parameters, 0);
    sac_store_relaxed(test, &over, false);
    SAC_ASSERT(sac_snapshots_create(holders, FLOATS, parameters, &snapshots) == SAC_OK);
    for (int k = 0; k < holders; k++) {
        reader[k] = (struct reader){snapshots, (uint64_t)k, 0, 0, 0};
        SAC_ASSERT(pthread_create(&reader[k].thread, NULL, reader_main, &reader[k]) == 0);
    }
    for (uint64_t version = 1; version <= (uint64_t)publishes; version++) {
        fill(parameters, version);
        while (!sac_snapshots_publish(snapshots, parameters, version))
            missed++;
        stress_delay(&random);
    }
    sac_store_relaxed(test, &over, true);
    for (int k = 0; k < holders; k++) {
        pthread_join(reader[k].thread, NULL);
        holds += reader[k].holds;
        changes += reader[k].changes;
    }
    printf(
        "%d holders: %lld publishes (%lld looks for a slot more), %lld holds of %lld versions, all whole\n",
        holders, (long long)publishes, (long long)missed, (long long)holds, (long long)changes);
    sac_snapshots_destroy(snapshots);
}

int main(void)
{
    const int64_t publishes = stress_amount(60000);
    for (int holders = 1; holders <= MAX_HOLDERS; holders++)
        run(holders, publishes / holders);
    return 0;
}
