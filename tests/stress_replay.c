/* Writers and a learner on tiny rings, without a governor. The learner looks at every record once, in order,
 * looks again at whole windows while their writers go on, and draws from them: each record must be the one
 * that belongs there, whole, and each window must hold all that is to be kept. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assertion.h"
#include "shard.h"
#include "stress.h"
#include "stress_record.h"

enum { BATCH = 32, LD = 64, MOST_BURST = 16, MISTAKE_AT = 1000 * STRESS_EPISODE + 4 };

/* Made on purpose, to see that it is found. */
enum mistake { NONE, LOST, DUPLICATED, SWAPPED, SCRIBBLED, READ_AHEAD, LIMIT_TOO_LARGE, FLOOR_TOO_HIGH };

struct run {
    struct stress_sizes sizes;
    int writers, rings;      /* rings: of each writer */
    int64_t capacity, guard; /* rows of each ring */
    uint64_t rows;           /* to be written into each ring */
    enum mistake mistake;
    struct sac_replay *replay;
};

struct writer {
    const struct run *run;
    struct sac_shard *shard;
    uint64_t random;
    pthread_t thread;
};

/* --- writers --- */

/* What is written as row `index`. Around MISTAKE_AT there are steps of one episode. */
static uint64_t sequence_of(const struct run *run, uint64_t index)
{
    switch (run->mistake) {
    case LOST:
        return index < MISTAKE_AT ? index : index + STRESS_EPISODE;
    case DUPLICATED:
        return index == MISTAKE_AT ? index - 1 : index;
    case SWAPPED:
        return index == MISTAKE_AT ? index + 1 : index == MISTAKE_AT + 1 ? index - 1 : index;
    default:
        return index;
    }
}

/* Changes a record that readers may look at. */
static void scribble(const struct run *run, int environment, uint64_t index)
{
    const struct sac_record record = sac_replay_record(run->replay, environment, index);
    ((float *)record.observation)[run->sizes.observation - 1] += 1;
}

static void write_row(struct writer *w, int ring, uint64_t index)
{
    const struct run *run = w->run;
    const uint64_t sequence = sequence_of(run, index);
    stress_append(w->shard, &run->sizes, ring, sequence, (uint32_t)sequence);
    if (run->mistake == SCRIBBLED && index > MISTAKE_AT)
        scribble(run, sac_shard_first_environment(w->shard) + ring, index);
}

static void *writer_main(void *context)
{
    struct writer *w = context;
    const struct run *run = w->run;
    const uint32_t most = run->guard < MOST_BURST ? (uint32_t)run->guard : MOST_BURST;
    for (uint64_t index = 0; index < run->rows;) {
        uint64_t burst = 1 + stress_random(&w->random) % most;
        burst = burst < run->rows - index ? burst : run->rows - index;
        while (!sac_shard_has_room(w->shard, (int)burst))
            sched_yield();
        for (uint64_t end = index + burst; index < end; index++)
            for (int ring = 0; ring < run->rings; ring++)
                write_row(w, ring, index);
        stress_delay(&w->random);
    }
    return NULL;
}

/* --- the learner --- */

struct reader {
    const struct run *run;
    int environments;
    uint64_t *next; /* (environments) records below it have been looked at */
    uint64_t random, update;
    int64_t looked, again, drawn, overwritten;
};

static void check_rows(const struct reader *r, int environment, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        const struct sac_record record = sac_replay_record(r->run->replay, environment, i);
        stress_check_record(&record, &r->run->sizes, environment, i);
    }
}

/* Everything new. What was overwritten before its first look can only be of the time before the first grant.
 */
static void look(struct reader *r, int environment)
{
    const uint64_t floor = sac_replay_floor(r->run->replay, environment);
    const uint64_t head = sac_replay_head(r->run->replay, environment) + (r->run->mistake == READ_AHEAD);
    uint64_t *next = &r->next[environment];
    if (*next < floor) {
        if (*next >= (uint64_t)r->run->capacity)
            stress_found("lost: records %llu to %llu of environment %d were never readable",
                         (unsigned long long)*next, (unsigned long long)floor - 1, environment);
        r->overwritten += (int64_t)(floor - *next);
        *next = floor;
    }
    check_rows(r, environment, *next, head);
    r->looked += (int64_t)(head - *next);
    *next = head;
}

/* All that is readable, while the writer goes on. */
static void look_again(struct reader *r, int environment)
{
    const struct run *run = r->run;
    const uint64_t floor = sac_replay_floor(run->replay, environment) + (run->mistake == FLOOR_TOO_HIGH);
    const uint64_t head = sac_replay_head(run->replay, environment);
    const uint64_t kept = head < (uint64_t)run->capacity ? head : (uint64_t)run->capacity;
    if (head - floor < kept)
        stress_found("lost: environment %d has %llu records, of which only %llu are readable", environment,
                     (unsigned long long)head, (unsigned long long)(head - floor));
    check_rows(r, environment, floor, head);
    r->again += (int64_t)(head - floor);
}

static void draw(struct reader *r)
{
    float next[2 * BATCH * LD], taken[BATCH * LD], reward[BATCH], not_terminated[BATCH];
    uint32_t version[BATCH];
    const struct run *run = r->run;
    struct sac_batch batch = {BATCH,
                              run->sizes.observation,
                              run->sizes.action,
                              LD,
                              next,
                              next + BATCH * LD,
                              taken,
                              reward,
                              not_terminated,
                              version};
    if (sac_replay_rows(run->replay) < 2 * r->environments)
        return; /* at the very start there may be no transition yet */
    sac_replay_draw(run->replay, 3, r->update++, &batch);
    stress_delay(&r->random);
    for (int i = 0; i < BATCH; i++) {
        const struct stress_position at = stress_check_transition(&batch, i);
        const uint64_t floor = sac_replay_floor(run->replay, at.environment);
        if (at.sequence <= floor || version[i] != (uint32_t)at.sequence)
            stress_found("environment %d, record %llu drawn, but %llu is the first one readable",
                         at.environment, (unsigned long long)at.sequence, (unsigned long long)floor);
    }
    r->drawn += BATCH;
}

/* The writer may now write over records that can still be read. */
static void raise_limits(const struct reader *r)
{
    const struct run *run = r->run;
    for (int k = 0; k < run->writers; k++) {
        struct sac_shard *shard = sac_replay_shard(run->replay, k);
        for (int e = 0; e < run->rings; e++)
            atomic_fetch_add_explicit(&shard->limit[e], (uint64_t)run->capacity, memory_order_release);
    }
}

static bool all_looked_at(const struct reader *r)
{
    for (int e = 0; e < r->environments; e++)
        if (r->next[e] < r->run->rows)
            return false;
    return true;
}

static void learn(struct reader *r)
{
    while (!all_looked_at(r)) {
        const uint64_t before = r->next[0];
        for (int e = 0; e < r->environments; e++)
            look(r, e);
        if (sac_replay_grant(r->run->replay) && r->run->mistake == LIMIT_TOO_LARGE)
            raise_limits(r);
        const uint32_t what = stress_random(&r->random) % 16;
        if (what < 4)
            draw(r);
        if (what % 8 == 0 || r->run->mistake != NONE)
            look_again(r, (int)(stress_random(&r->random) % (uint32_t)r->environments));
        if (r->next[0] == before)
            sched_yield();
        else
            stress_delay(&r->random);
    }
}

/* --- runs --- */

static int64_t run_once(struct run *run)
{
    const int environments = run->rings * run->writers;
    const struct sac_replay_shape shape = {environments,
                                           run->writers,
                                           run->sizes.observation,
                                           run->sizes.action,
                                           run->capacity * environments,
                                           run->guard,
                                           0};
    struct writer writer[STRESS_MOST_THREADS];
    struct reader reader = {run, environments, calloc((size_t)environments, sizeof(uint64_t)), 5, 0, 0, 0, 0,
                            0};
    SAC_ASSERT(reader.next != NULL);
    SAC_ASSERT(sac_replay_create(&shape, &run->replay) == SAC_OK);
    for (int k = 0; k < run->writers; k++) {
        writer[k] = (struct writer){run, sac_replay_shard(run->replay, k), (uint64_t)k, 0};
        SAC_ASSERT(pthread_create(&writer[k].thread, NULL, writer_main, &writer[k]) == 0);
    }
    learn(&reader);
    for (int k = 0; k < run->writers; k++)
        pthread_join(writer[k].thread, NULL);
    sac_replay_destroy(run->replay);
    free(reader.next);
    const int64_t written = (int64_t)run->rows * environments;
    if (reader.looked + reader.overwritten != written)
        stress_found("%lld records written, %lld looked at", (long long)written, (long long)reader.looked);
    printf("%d writers, %lld + %lld rows a ring, %d words: %lld records, %lld of them overwritten before the "
           "first "
           "grant; %lld looked at again, %lld transitions drawn\n",
           run->writers, (long long)run->capacity, (long long)run->guard, run->sizes.observation,
           (long long)written, (long long)reader.overwritten, (long long)reader.again,
           (long long)reader.drawn);
    return written;
}

static void break_with(enum mistake mistake)
{
    struct run run = {{10, 3}, 2, 2, 64, 16, 3 * MISTAKE_AT, mistake, NULL};
    run_once(&run);
}

static void lose(void)
{
    break_with(LOST);
}

static void duplicate(void)
{
    break_with(DUPLICATED);
}

static void swap(void)
{
    break_with(SWAPPED);
}

static void scribble_on(void)
{
    break_with(SCRIBBLED);
}

static void read_ahead(void)
{
    break_with(READ_AHEAD);
}

static void raise_limit(void)
{
    break_with(LIMIT_TOO_LARGE);
}

static void raise_floor(void)
{
    break_with(FLOOR_TOO_HIGH);
}

int main(void)
{
    static const struct {
        int64_t capacity, guard;
        int percent;
        struct stress_sizes sizes;
    } kinds[] = {{3, 1, 2, {10, 3}},
                 {5, 2, 3, {41, 5}},
                 {64, 16, 15, {41, 5}},
                 {64, 16, 30, {10, 3}},
                 {1000, 64, 50, {10, 3}}};
    const int64_t records = stress_amount(4000000) / STRESS_LOADS;
    int64_t done = 0;
    stress_must_find("a record is left out", lose, "lost");
    stress_must_find("a record is written twice", duplicate, "duplicated");
    stress_must_find("two records change places", swap, "lost");
    stress_must_find("a record changes after it was made visible", scribble_on, "torn");
    stress_must_find("a record is read before it is written", read_ahead, "environment");
    stress_must_find("the writer's limit is too large", raise_limit, "environment");
    stress_must_find("a record that is to be kept is not readable", raise_floor, "lost");
    for (int load = 0; load < STRESS_LOADS; load++)
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            struct run run = {kinds[i].sizes,
                              stress_threads(load) - 1,
                              2,
                              kinds[i].capacity,
                              kinds[i].guard,
                              0,
                              NONE,
                              NULL};
            const int64_t each = records * kinds[i].percent / 100 / (run.rings * run.writers);
            run.rows = (uint64_t)each + 1;
            done += run_once(&run);
        }
    printf("%lld records, none torn, lost, duplicated or out of order\n", (long long)done);
    return 0;
}
