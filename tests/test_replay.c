/* Replay: what is kept, what is drawn, and that neither depends on threads. */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "memory.h"
#include "memory_limit.h"
#include "random.h"
#include "replay.h"
#include "shard.h"
#include "suite.h"

/* Compiled twice: short rows are drawn in blocks, long ones one by one. ROWS is no multiple of a block. */
#ifndef OBSERVATION_SIZE
#define OBSERVATION_SIZE 3
#endif
enum { O = OBSERVATION_SIZE, A = 2, LD = (O + A + 15) / 16 * 16, ROWS = 200 };

/* --- a log that remembers everything, as the oracle --- */

#define LOG_ROWS 4096

struct log_row {
    bool start, terminated, truncated;
    float reward;
};

struct history {
    struct sac_replay *replay;
    struct sac_replay_shape shape;
    struct log_row (*log)[LOG_ROWS]; /* (environments) */
    uint64_t *rows;                  /* (environments) */
    uint64_t *episode_step;          /* (environments) */
};

/* Row `index` of environment `e` is told by its observation and action. */
static void observation_of(float *observation, int e, uint64_t index)
{
    observation[0] = (float)e;
    observation[1] = (float)index;
    for (int d = 2; d < O; d++)
        observation[d] = (float)(index * 7 % (uint64_t)(9 + d)) - (float)e;
}

static struct history begin(int environments, int env_threads, int64_t capacity, int64_t guard)
{
    struct history h = {.shape = {environments, env_threads, O, A, capacity, guard, 0}};
    ck_assert_int_eq(sac_replay_create(&h.shape, &h.replay), SAC_OK);
    h.log = calloc((size_t)environments, sizeof *h.log);
    h.rows = calloc((size_t)environments, sizeof *h.rows);
    h.episode_step = calloc((size_t)environments, sizeof *h.episode_step);
    return h;
}

static void end(struct history *h)
{
    sac_replay_destroy(h->replay);
    free(h->log);
    free(h->rows);
    free(h->episode_step);
}

static struct sac_shard *shard_of(struct history *h, int e, int *local)
{
    for (int k = 0;; k++) {
        struct sac_shard *shard = sac_replay_shard(h->replay, k);
        *local = e - sac_shard_first_environment(shard);
        if (*local < sac_shard_environments(shard))
            return shard;
    }
}

static void append_reset(struct history *h, int e)
{
    int local;
    struct sac_shard *shard = shard_of(h, e, &local);
    float observation[O];
    observation_of(observation, e, h->rows[e]);
    sac_shard_append_reset(shard, local, observation);
    h->log[e][h->rows[e]++] = (struct log_row){.start = true};
    h->episode_step[e] = 0;
}

static void append_step(struct history *h, int e, bool terminated, bool truncated)
{
    int local;
    struct sac_shard *shard = shard_of(h, e, &local);
    const uint64_t index = h->rows[e];
    float observation[O];
    observation_of(observation, e, index);
    const float action[A] = {(float)index * 0.5f, (float)e + 0.25f}, reward = (float)(index % 100) - 50.0f;
    sac_shard_append_step(shard, local, action, reward, observation, terminated, truncated,
                          (uint32_t)index * 3u);
    h->log[e][h->rows[e]++] = (struct log_row){false, terminated, truncated, reward};
    h->episode_step[e]++;
}

/* One environment step: a reset first where one is due, an episode's end now and then, as a pure function of
 * environment and row. */
static void step(struct history *h, int e)
{
    const uint64_t index = h->rows[e];
    if (index == 0 || h->log[e][index - 1].terminated || h->log[e][index - 1].truncated)
        append_reset(h, e);
    const struct sac_philox r = sac_random(5, SAC_PURPOSE_TRAINING, h->rows[e], (uint32_t)e, 0);
    append_step(h, e, r.word[0] % 5 == 0, r.word[1] % 7 == 0);
}

static bool has_room(struct history *h, int e, int rows)
{
    int local;
    return sac_shard_has_room(shard_of(h, e, &local), rows);
}

static void make_room(struct history *h, int e)
{
    if (!has_room(h, e, 2))
        sac_replay_grant(h->replay);
    ck_assert(has_room(h, e, 2));
}

/* Steps for all environments until each has taken `steps`, with a grant whenever there is no room. */
static void play(struct history *h, int steps)
{
    for (int i = 0; i < steps; i++)
        for (int e = 0; e < h->shape.environments; e++) {
            make_room(h, e);
            step(h, e);
        }
    sac_replay_grant(h->replay);
}

/* --- a batch --- */

struct columns {
    float next[ROWS * LD], current[ROWS * LD], taken[ROWS * LD], reward[ROWS], not_terminated[ROWS];
    uint32_t version[ROWS];
    struct sac_batch batch;
};

static void draw(struct history *h, uint64_t seed, uint64_t update, struct columns *c)
{
    memset(c, 0, sizeof *c);
    c->batch = (struct sac_batch){
        ROWS, O, A, LD, c->next, c->current, c->taken, c->reward, c->not_terminated, c->version};
    sac_replay_draw(h->replay, seed, update, &c->batch);
}

/* The drawn row, checked against the log in every field. */
static void assert_transition(const struct history *h, const struct columns *c, int i, int *e,
                              uint64_t *index)
{
    const float *next = c->next + i * LD, *current = c->current + i * LD, *taken = c->taken + i * LD;
    float observation[O];
    *e = (int)next[0];
    *index = (uint64_t)next[1];
    observation_of(observation, *e, *index);
    ck_assert_mem_eq(next, observation, sizeof observation);
    observation_of(observation, *e, *index - 1);
    ck_assert_mem_eq(current, observation, sizeof observation);
    ck_assert_mem_eq(taken, observation, sizeof observation);
    const struct log_row *row = &h->log[*e][*index];
    ck_assert(!row->start);
    ck_assert_float_eq(taken[O], (float)*index * 0.5f);
    ck_assert_float_eq(taken[O + 1], (float)*e + 0.25f);
    ck_assert_float_eq(c->reward[i], row->reward);
    ck_assert_float_eq(c->not_terminated[i], row->terminated ? 0.0f : 1.0f);
    ck_assert_uint_eq(c->version[i], (uint32_t)*index * 3u);
    ck_assert_uint_gt(*index, sac_replay_floor(h->replay, *e));
    ck_assert_uint_lt(*index, h->rows[*e]);
}

static void assert_batch(const struct history *h, const struct columns *c)
{
    for (int i = 0; i < ROWS; i++) {
        int e;
        uint64_t index;
        assert_transition(h, c, i, &e, &index);
        for (int d = O; d < LD; d++) {
            ck_assert_float_eq(c->next[i * LD + d], 0);
            ck_assert_float_eq(c->current[i * LD + d], 0);
            ck_assert(d < O + A || c->taken[i * LD + d] == 0);
        }
    }
}

/* --- tests --- */

/* Environments are dealt in contiguous runs that differ by at most one, none left out. */
START_TEST(dealing)
{
    for (int threads = 1; threads <= 7; threads++) {
        struct history h = begin(7, threads, 70, 4);
        int next = 0;
        for (int k = 0; k < threads; k++) {
            const struct sac_shard *shard = sac_replay_shard(h.replay, k);
            ck_assert_int_eq(sac_shard_first_environment(shard), next);
            next += sac_shard_environments(shard);
            ck_assert(sac_shard_environments(shard) == 7 / threads ||
                      sac_shard_environments(shard) == 7 / threads + 1);
        }
        ck_assert_int_eq(next, 7);
        end(&h);
    }
}
END_TEST

/* Every drawn row is a step record with its own predecessor, action, reward, flags and version, through many
 * turns of tiny rings; reset rows and the window's first row are never drawn; no other column is touched. */
START_TEST(transitions_are_whole)
{
    const int64_t capacities[] = {9, 10, 30, 100};
    for (size_t k = 0; k < sizeof capacities / sizeof *capacities; k++) {
        struct history h = begin(3, 2, capacities[k], 2 + (int64_t)k);
        static struct columns c;
        for (uint64_t update = 0; update < 100; update++) {
            play(&h, 1 + (int)(update % 9));
            draw(&h, 42, update, &c);
            assert_batch(&h, &c);
        }
        end(&h);
    }
}
END_TEST

/* The observation that ends an episode, by its own end or by a limit, is kept as the step's result, and the
 * next episode's first observation takes no part in that transition. */
START_TEST(final_observation_is_kept)
{
    struct history h = begin(1, 1, 100, 2);
    append_reset(&h, 0);
    append_step(&h, 0, false, true); /* row 1: truncated */
    append_reset(&h, 0);
    append_step(&h, 0, true, false); /* row 3: terminated */
    append_reset(&h, 0);
    sac_replay_grant(h.replay);
    static struct columns c;
    draw(&h, 1, 0, &c);
    int seen[2] = {0};
    for (int i = 0; i < ROWS; i++) {
        const uint64_t index = (uint64_t)c.next[i * LD + 1];
        ck_assert(index == 1 || index == 3);
        ck_assert_float_eq(c.current[i * LD + 1], (float)(index - 1));
        ck_assert_float_eq(c.not_terminated[i], index == 1 ? 1.0f : 0.0f);
        seen[index / 2]++;
    }
    ck_assert(seen[0] > 0 && seen[1] > 0);
    end(&h);
}
END_TEST

/* A ring that is never granted takes exactly capacity + guard rows; a grant then leaves `capacity` readable
 * and lets the writer go on for `guard`. */
START_TEST(permission)
{
    struct history h = begin(1, 1, 10, 4);
    append_reset(&h, 0);
    for (int i = 1; i < 14; i++) {
        ck_assert(has_room(&h, 0, 1));
        append_step(&h, 0, false, false);
    }
    ck_assert(!has_room(&h, 0, 1));
    ck_assert_int_eq(sac_replay_rows(h.replay), 0);
    ck_assert(sac_replay_grant(h.replay));
    ck_assert_int_eq(sac_replay_rows(h.replay), 10);
    ck_assert_uint_eq(sac_replay_floor(h.replay, 0), 4);
    ck_assert(!sac_replay_grant(h.replay));
    ck_assert(has_room(&h, 0, 4));
    ck_assert(!has_room(&h, 0, 5));
    for (int i = 0; i < 4; i++)
        append_step(&h, 0, false, false);
    ck_assert(!has_room(&h, 0, 1));
    ck_assert_int_eq(sac_replay_rows(h.replay), 10); /* the learner has not looked yet */
    end(&h);
}
END_TEST

/* The room of a shard is that of its fullest ring, also when another ring was the busiest since. */
START_TEST(room_of_fullest_ring)
{
    struct history h = begin(2, 1, 10, 3); /* 8 rows a ring */
    append_reset(&h, 0);
    append_reset(&h, 1);
    for (int i = 0; i < 5; i++)
        append_step(&h, 0, false, false); /* ring 0: 6 of 8 */
    ck_assert(has_room(&h, 0, 2));
    ck_assert(!has_room(&h, 0, 3));
    append_step(&h, 1, false, false); /* ring 1: 2 of 8 */
    ck_assert(has_room(&h, 0, 2));
    append_step(&h, 0, false, false);
    append_step(&h, 0, false, false);
    ck_assert(!has_room(&h, 0, 1));
    ck_assert(sac_replay_grant(h.replay));
    ck_assert(has_room(&h, 0, 3));
    ck_assert(!has_room(&h, 0, 4));
    end(&h);
}
END_TEST

/* Room that was promised for every ring may be used in every ring. */
START_TEST(room_is_for_every_ring)
{
    struct history h = begin(3, 1, 12, 4); /* 8 rows a ring */
    ck_assert(has_room(&h, 0, 8));
    for (int e = 0; e < 3; e++) {
        append_reset(&h, e);
        for (int i = 0; i < 7; i++)
            append_step(&h, e, false, false);
    }
    ck_assert(!has_room(&h, 0, 1));
    end(&h);
}
END_TEST

/* Full rings keep ceil(capacity / environments) rows each, whatever the guard is, and the floor only grows.
 */
START_TEST(kept_rows)
{
    struct history h = begin(3, 1, 31, 9);
    uint64_t floor = 0;
    for (int i = 0; i < 60; i++) {
        play(&h, 1);
        ck_assert_uint_ge(sac_replay_floor(h.replay, 1), floor);
        floor = sac_replay_floor(h.replay, 1);
    }
    ck_assert_int_eq(sac_replay_rows(h.replay), 3 * 11);
    end(&h);
}
END_TEST

/* Chi-square over all transitions of rings with very different windows (one of them empty but for its reset):
 * every step record is equally likely. Fixed seed; the bound is mean + 5 standard deviations. */
START_TEST(uniform)
{
    enum { E = 5, UPDATES = 4000 };
    struct history h = begin(E, 2, 400, 4);
    const int steps[E] = {200, 3, 0, 41, 1};
    for (int e = 0; e < E; e++) {
        if (steps[e] == 0) {
            make_room(&h, e);
            append_reset(&h, e);
        }
        for (int i = 0; i < steps[e]; i++) {
            make_room(&h, e);
            step(&h, e);
        }
    }
    sac_replay_grant(h.replay);
    static int count[E][LOG_ROWS];
    static struct columns c;
    memset(count, 0, sizeof count);
    for (uint64_t update = 0; update < UPDATES; update++) {
        draw(&h, 9, update, &c);
        for (int i = 0; i < ROWS; i++)
            count[(int)c.next[i * LD]][(int)c.next[i * LD + 1]]++;
    }
    int cells = 0;
    for (int e = 0; e < E; e++)
        for (uint64_t j = sac_replay_floor(h.replay, e) + 1; j < h.rows[e]; j++)
            cells += !h.log[e][j].start;
    const double expected = (double)UPDATES * ROWS / cells;
    double chi_square = 0;
    for (int e = 0; e < E; e++)
        for (uint64_t j = sac_replay_floor(h.replay, e) + 1; j < h.rows[e]; j++) {
            if (h.log[e][j].start)
                continue;
            chi_square += (count[e][j] - expected) * (count[e][j] - expected) / expected;
        }
    const double freedom = cells - 1;
    ck_assert_int_gt(cells, 100);
    ck_assert_double_lt(chi_square, freedom + 5 * sqrt(2 * freedom));
    ck_assert_double_gt(chi_square, freedom - 5 * sqrt(2 * freedom)); /* too even is not random either */
    end(&h);
}
END_TEST

/* What is drawn does not depend on the number of env threads, nor on how often the learner granted. */
START_TEST(independent_of_threads)
{
    static struct columns one, many;
    for (int threads = 2; threads <= 12; threads++) {
        struct history a = begin(12, 1, 200, 6), b = begin(12, threads, 200, 6);
        for (uint64_t update = 0; update < 20; update++) {
            play(&a, 3);
            play(&b, 1);
            play(&b, 2);
            draw(&a, 3, update, &one);
            draw(&b, 3, update, &many);
            ck_assert_mem_eq(one.next, many.next, sizeof one.next);
            ck_assert_mem_eq(one.current, many.current, sizeof one.current);
            ck_assert_mem_eq(one.taken, many.taken, sizeof one.taken);
            ck_assert_mem_eq(one.version, many.version, sizeof one.version);
        }
        end(&a);
        end(&b);
    }
}
END_TEST

/* The same seed and update draw the same batch again; another seed or update another one. */
START_TEST(seed_and_update_decide)
{
    struct history h = begin(2, 1, 500, 4);
    play(&h, 100);
    static struct columns a, b, c, d;
    draw(&h, 1, 7, &a);
    draw(&h, 1, 7, &b);
    draw(&h, 2, 7, &c);
    draw(&h, 1, 8, &d);
    ck_assert_mem_eq(a.next, b.next, sizeof a.next);
    ck_assert_mem_ne(a.next, c.next, sizeof a.next);
    ck_assert_mem_ne(a.next, d.next, sizeof a.next);
    end(&h);
}
END_TEST

/* Records read back at a safe point are what was appended. */
START_TEST(records)
{
    struct history h = begin(2, 2, 12, 3);
    play(&h, 30);
    for (int e = 0; e < 2; e++) {
        ck_assert_uint_eq(sac_replay_head(h.replay, e), h.rows[e]);
        for (uint64_t j = sac_replay_floor(h.replay, e); j < h.rows[e]; j++) {
            const struct sac_record record = sac_replay_record(h.replay, e, j);
            const struct log_row *row = &h.log[e][j];
            float observation[O];
            observation_of(observation, e, j);
            ck_assert_mem_eq(record.observation, observation, sizeof observation);
            ck_assert_float_eq(record.action[0], row->start ? 0.0f : (float)j * 0.5f);
            ck_assert_float_eq(record.reward, row->reward);
            ck_assert(record.start == row->start && record.terminated == row->terminated &&
                      record.truncated == row->truncated);
            ck_assert_uint_eq(record.version, row->start ? 0 : (uint32_t)j * 3u);
        }
    }
    end(&h);
}
END_TEST

/* More than the machine has is refused before anything is taken, with the setting to change; sizes that
 * overflow 64 bits as well. */
START_TEST(memory_is_refused)
{
    struct sac_replay *replay;
    struct sac_replay_shape shape = {4, 2, 17, 6, 1000000, 32, 0};
    ck_assert_uint_eq(sac_replay_bytes(&shape), 4ull * (250000 + 32) * 128);
    struct sac_memory_limit limit;
    sac_memory_limit("", 0, &limit);
    shape.capacity = (int64_t)(limit.bytes / 128) + 1000000;
    ck_assert_int_eq(sac_replay_create(&shape, &replay), SAC_NOMEM);
    ck_assert_ptr_null(replay);
    ck_assert(strstr(sac_last_error(), "lower replay_capacity") != NULL);
    shape.capacity = INT64_MAX / 2;
    ck_assert_uint_eq(sac_replay_bytes(&shape), UINT64_MAX);
    ck_assert_int_eq(sac_replay_create(&shape, &replay), SAC_NOMEM);
}
END_TEST

/* More threads than environments, and rings too small to hold a transition, are refused. */
START_TEST(bad_shapes_are_refused)
{
    struct sac_replay *replay;
    const struct sac_replay_shape shapes[] = {
        {2, 3, O, A, 100, 4, 0}, {0, 0, O, A, 100, 4, 0}, {2, 1, O, A, 4, 4, 0},  {2, 1, 0, A, 100, 4, 0},
        {2, 1, O, 0, 100, 4, 0}, {2, 1, O, A, 100, 0, 0}, {2, 1, O, A, -1, 4, 0},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        ck_assert_int_eq(sac_replay_create(&shapes[i], &replay), SAC_INVALID);
    sac_replay_destroy(NULL);
}
END_TEST

/* A step after an episode's end would join two episodes: it is caught, not stored. */
START_TEST(step_after_the_end)
{
    struct history h = begin(1, 1, 10, 2);
    append_reset(&h, 0);
    append_step(&h, 0, false, true);
    append_step(&h, 0, false, false);
}
END_TEST

/* Writing without room would overwrite what the learner reads: it is caught. */
START_TEST(append_without_room)
{
    struct history h = begin(1, 1, 3, 1);
    append_reset(&h, 0);
    for (int i = 0; i < 4; i++)
        append_step(&h, 0, false, false);
}
END_TEST

/* --- whose memory it is --- */

enum { SHARDS = 3, SHARD_ROWS = 16384 };

/* Pages of a shard's rings that are there. */
static size_t resident_pages(const struct sac_shard *shard)
{
    const size_t bytes =
        (size_t)shard->environments * shard->rows * (size_t)shard->layout.stride * sizeof(float);
    const size_t pages = (bytes + 4095) / 4096;
    unsigned char *page = malloc(pages);
    size_t resident = 0;
    ck_assert_int_eq(mincore(shard->memory, bytes, page), 0);
    for (size_t i = 0; i < pages; i++)
        resident += page[i] & 1;
    free(page);
    return resident;
}

static void append_episodes(struct sac_shard *shard, int environment, int episodes)
{
    const float observation[O] = {1, 2, 3}, action[A] = {0.5f, -0.5f};
    for (int i = 0; i < episodes; i++) {
        sac_shard_append_reset(shard, environment, observation);
        sac_shard_append_step(shard, environment, action, 1, observation, true, false, 0);
    }
}

static void *fill_shard(void *context)
{
    struct sac_shard *shard = context;
    append_episodes(shard, 0, (int)((shard->rows / 2 + 1) / 2));
    return NULL;
}

/* Nobody but its env thread touches a shard's rows: making the replay, looking for room, granting and filling
 * the other shards bring none of its pages into being; so they come from the memory next to where it runs. */
START_TEST(first_touch)
{
    const struct sac_replay_shape shape = {SHARDS, SHARDS, O, A, (int64_t)SHARDS * SHARD_ROWS, 64, 0};
    struct sac_replay *replay;
    ck_assert_int_eq(sac_replay_create(&shape, &replay), SAC_OK);
    for (int k = 0; k < SHARDS; k++) {
        for (int other = k; other < SHARDS; other++) {
            ck_assert(sac_shard_has_room(sac_replay_shard(replay, other), 2));
            ck_assert_uint_eq(resident_pages(sac_replay_shard(replay, other)), 0);
        }
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, fill_shard, sac_replay_shard(replay, k)), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert_uint_gt(resident_pages(sac_replay_shard(replay, k)), 0);
        sac_replay_grant(replay);
    }
    sac_replay_destroy(replay);
}
END_TEST

/* A short run that may keep many rows takes the pages that it writes, and no more. */
START_TEST(short_run)
{
    enum { RINGS = 8, EPISODES = 32, ROW_BYTES = ((O + A + 3) * 4 + 63) / 64 * 64 };
    const struct sac_replay_shape shape = {RINGS, 1, O, A, 1000000, 64, (int64_t)RINGS * EPISODES};
    struct sac_replay *replay;
    ck_assert_int_eq(sac_replay_create(&shape, &replay), SAC_OK);
    struct sac_shard *shard = sac_replay_shard(replay, 0);
    ck_assert_int_eq(shard->layout.stride * (int)sizeof(float), ROW_BYTES);
    for (int e = 0; e < RINGS; e++)
        append_episodes(shard, e, EPISODES);
    /* a ring begins anywhere in a page */
    ck_assert_uint_le(resident_pages(shard), RINGS * (2 * EPISODES * ROW_BYTES / 4096 + 1));
    sac_replay_destroy(replay);
}
END_TEST

/* Drawn in pieces of any length and in any order, a batch is the one that is drawn at once. */
START_TEST(pieces_make_the_whole)
{
    struct history h = begin(3, 2, 70, 4);
    static struct columns whole, pieces;
    play(&h, 60);
    draw(&h, 5, 9, &whole);
    for (int length = 1; length < ROWS; length = 2 * length + 1) {
        draw(&h, 6, 10, &pieces); /* something else, and its padding */
        sac_replay_prepare(h.replay);
        for (int first = (ROWS - 1) / length * length; first >= 0; first -= length)
            sac_replay_draw_rows(h.replay, 5, 9, first, first + length < ROWS ? first + length : ROWS,
                                 &pieces.batch);
        ck_assert_mem_eq(pieces.next, whole.next, sizeof whole.next);
        ck_assert_mem_eq(pieces.current, whole.current, sizeof whole.current);
        ck_assert_mem_eq(pieces.taken, whole.taken, sizeof whole.taken);
        ck_assert_mem_eq(pieces.reward, whole.reward, sizeof whole.reward);
        ck_assert_mem_eq(pieces.not_terminated, whole.not_terminated, sizeof whole.not_terminated);
        ck_assert_mem_eq(pieces.version, whole.version, sizeof whole.version);
    }
    end(&h);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("replay");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, dealing);
    tcase_add_test(tc, transitions_are_whole);
    tcase_add_test(tc, final_observation_is_kept);
    tcase_add_test(tc, permission);
    tcase_add_test(tc, room_of_fullest_ring);
    tcase_add_test(tc, room_is_for_every_ring);
    tcase_add_test(tc, kept_rows);
    tcase_add_test(tc, uniform);
    tcase_add_test(tc, independent_of_threads);
    tcase_add_test(tc, seed_and_update_decide);
    tcase_add_test(tc, pieces_make_the_whole);
    tcase_add_test(tc, records);
    tcase_add_test(tc, memory_is_refused);
    tcase_add_test(tc, bad_shapes_are_refused);
    tcase_add_test(tc, first_touch);
    tcase_add_test(tc, short_run);
    tcase_add_test_raise_signal(tc, step_after_the_end, SIGABRT);
    tcase_add_test_raise_signal(tc, append_without_room, SIGABRT);
    return suite_run(CK_FORK_GETENV, "replay", 1, tc);
}
