/* The learner's side of the replay: permissions, the window, drawing and gathering.
 *
 * Rings are numbered by environment, so what is drawn does not depend on which thread carries which ring. */
#include "replay.h"

#include "assertion.h"
#include "copy_floats.h"
#include "error.h"
#include "integers.h"
#include "kernels/kernels.h"
#include "memory.h"
#include "memory_limit.h"
#include "random.h"
#include "shard.h"

enum {
    WALK_BACK = 1,             /* rows before a step record that a transition needs */
    MIN_WINDOW = 3,            /* fewer readable rows per ring could hold no transition: step, reset */
    LOOKAHEAD = 16,            /* long rows of a batch whose memory is asked for ahead of their gathering */
    BLOCK = 64,                /* short ones, asked for together; also random numbers made side by side */
    SHORT_FLOATS = 4096,       /* of a block of short rows, at most: half of a first cache */
    WORTH_HUGE_PAGES = 4 << 20 /* bytes that will be written of a ring */
};

/* What the learner may read of one ring: rows [floor, head). */
struct window {
    const float *ring;
    _Atomic uint64_t *head_of_writer; /* C */
    _Atomic uint64_t *limit;          /* D */
    uint64_t floor, head;
    uint64_t place; /* floor % rows */
};

/* Everything here is the learner's; env threads only know their shard. */
struct sac_replay {
    struct sac_row_layout layout;
    int environments, env_threads;
    uint64_t rows, guard;      /* per ring */
    struct sac_shard **shards; /* (env_threads) */
    struct window *windows;    /* (environments) */

    /* Which window holds the g-th drawable row: start[w] <= g < start[w + 1]. Bucket g >> shift names the
     * first candidate; there are at least twice as many buckets as windows, so the search takes a step or
     * none. */
    bool indexed;     /* the fields below are those of the present windows */
    uint64_t *start;  /* (environments + 1) */
    uint32_t *bucket; /* (buckets) */
    uint32_t buckets; /* a power of two */
    int shift;
};

static uint64_t ring_rows(const struct sac_replay_shape *shape)
{
    const int64_t environments = shape->environments;
    return (uint64_t)((shape->capacity + environments - 1) / environments) + (uint64_t)shape->guard;
}

uint64_t sac_replay_bytes(const struct sac_replay_shape *shape)
{
    const struct sac_row_layout layout = sac_row_layout(shape->observation_size, shape->action_size);
    const unsigned __int128 row = (unsigned __int128)layout.stride * sizeof(float);
    const unsigned __int128 bytes = row * ring_rows(shape) * (unsigned)shape->environments;
    return bytes > UINT64_MAX ? UINT64_MAX : (uint64_t)bytes;
}

static enum sac_status check_shape(const struct sac_replay_shape *shape)
{
    if (shape->environments < 1 || shape->env_threads < 1 || shape->env_threads > shape->environments)
        return sac_fail(SAC_INVALID,
                        "%d env_threads for %d environments: every env thread needs at least one "
                        "environment",
                        shape->env_threads, shape->environments);
    if (shape->observation_size < 1 || shape->action_size < 1 || shape->guard < 1)
        return sac_fail(SAC_INVALID,
                        "a replay of %d observations, %d actions and guard %lld: all must be at "
                        "least 1",
                        shape->observation_size, shape->action_size, (long long)shape->guard);
    if ((shape->capacity + shape->environments - 1) / shape->environments < MIN_WINDOW)
        return sac_fail(SAC_INVALID,
                        "replay_capacity=%lld is too small for %d environments: each needs %d rows, "
                        "so set replay_capacity to %lld or more",
                        (long long)shape->capacity, shape->environments, MIN_WINDOW,
                        (long long)MIN_WINDOW * shape->environments);
    return SAC_OK;
}

/* A trainer has looked at the whole run before; this is for those who use a replay alone. */
static enum sac_status check_memory(const struct sac_replay_shape *shape)
{
    struct sac_memory_limit limit;
    const uint64_t needed = sac_replay_bytes(shape);
    sac_memory_limit("", 0, &limit);
    if (needed <= limit.bytes)
        return SAC_OK;
    return sac_fail(SAC_NOMEM,
                    "the replay needs %.2f GiB (replay_capacity=%lld rows and %lld spare rows for each "
                    "of %d environments), but only %.2f GiB are %s; lower replay_capacity%s",
                    (double)needed * 0x1p-30, (long long)shape->capacity, (long long)shape->guard,
                    shape->environments, (double)limit.bytes * 0x1p-30, limit.whose,
                    shape->guard > shape->capacity ? ", or updates_per_round / update_to_data" : "");
}

/* A run that ends early touches the beginning of each ring. In huge pages that would be 2 MiB for each,
 * zeroed first, however few rows it takes. */
static bool fills_huge_pages(const struct sac_replay_shape *shape)
{
    const uint64_t rows = ring_rows(shape), written = (uint64_t)(shape->steps / shape->environments);
    const uint64_t stride = (uint64_t)sac_row_layout(shape->observation_size, shape->action_size).stride;
    return shape->steps == 0 || written >= rows || written * stride * sizeof(float) >= WORTH_HUGE_PAGES;
}

/* Environments are dealt in contiguous runs that differ by at most one; the first runs are the longer ones.
 */
static enum sac_status create_shards(struct sac_replay *r, bool huge_pages)
{
    int first = 0;
    for (int k = 0; k < r->env_threads; k++) {
        const int count = r->environments / r->env_threads + (k < r->environments % r->env_threads);
        struct sac_shard *shard = sac_shard_create(&r->layout, r->rows, huge_pages, first, count);
        if (shard == NULL)
            return sac_fail(SAC_NOMEM, "no memory for %d rings of %llu rows: lower replay_capacity", count,
                            (unsigned long long)r->rows);
        r->shards[k] = shard;
        for (int e = 0; e < count; e++)
            r->windows[first + e] = (struct window){.ring = sac_shard_ring(shard, e),
                                                    .head_of_writer = &shard->head[e],
                                                    .limit = &shard->limit[e]};
        first += count;
    }
    return SAC_OK;
}

enum sac_status sac_replay_create(const struct sac_replay_shape *shape, struct sac_replay **replay)
{
    *replay = NULL;
    enum sac_status status = check_shape(shape);
    if (status == SAC_OK)
        status = check_memory(shape);
    if (status != SAC_OK)
        return status;
    const size_t n = (size_t)shape->environments;
    struct sac_replay *r = sac_allocate(sizeof *r);
    if (r == NULL)
        return sac_fail(SAC_NOMEM, "no memory for the replay's tables");
    r->layout = sac_row_layout(shape->observation_size, shape->action_size);
    r->environments = shape->environments;
    r->env_threads = shape->env_threads;
    r->rows = ring_rows(shape);
    r->guard = (uint64_t)shape->guard;
    for (r->buckets = 2; r->buckets < 2 * n; r->buckets *= 2)
        ;
    r->shards = sac_allocate((size_t)r->env_threads * sizeof(struct sac_shard *));
    r->windows = sac_allocate(n * sizeof *r->windows);
    r->start = sac_allocate((n + 1) * sizeof *r->start);
    r->bucket = sac_allocate(r->buckets * sizeof *r->bucket);
    status = r->shards != NULL && r->windows != NULL && r->start != NULL && r->bucket != NULL
                 ? create_shards(r, fills_huge_pages(shape))
                 : sac_fail(SAC_NOMEM, "no memory for the replay's tables of %zu environments", n);
    if (status != SAC_OK) {
        sac_replay_destroy(r);
        return status;
    }
    *replay = r;
    return SAC_OK;
}

void sac_replay_destroy(struct sac_replay *replay)
{
    if (replay == NULL)
        return;
    for (int k = 0; replay->shards != NULL && k < replay->env_threads; k++)
        sac_shard_destroy(replay->shards[k]);
    sac_free(replay->shards);
    sac_free(replay->windows);
    sac_free(replay->start);
    sac_free(replay->bucket);
    sac_free(replay);
}

struct sac_shard *sac_replay_shard(struct sac_replay *replay, int env_thread)
{
    return replay->shards[env_thread];
}

/* --- the window --- */

static uint64_t head_of(const struct window *w)
{
    return sac_load_acquire(C, w->head_of_writer); /* pairs with B */
}

/* True if the ring's writer may now go further. */
static bool grant(struct window *w, uint64_t rows, uint64_t guard)
{
    w->head = head_of(w);
    if (w->head + guard <= w->floor + rows)
        return false;
    const uint64_t floor = w->head + guard - rows;
    w->place += floor - w->floor; /* less than rows, as the writer obeys the limit */
    w->place -= w->place < rows ? 0 : rows;
    w->floor = floor;
    sac_store_release(D, w->limit, floor + rows); /* pairs with A */
    return true;
}

bool sac_replay_grant(struct sac_replay *replay)
{
    bool further = false;
    for (int e = 0; e < replay->environments; e++) {
        struct window *w = &replay->windows[e];
        const uint64_t head = w->head;
        further |= grant(w, replay->rows, replay->guard);
        replay->indexed &= w->head == head;
    }
    return further;
}

int64_t sac_replay_rows(const struct sac_replay *replay)
{
    uint64_t rows = 0;
    for (int e = 0; e < replay->environments; e++)
        rows += replay->windows[e].head - replay->windows[e].floor;
    return (int64_t)rows;
}

/* --- drawing --- */

static uint64_t drawable(const struct window *w)
{
    const uint64_t rows = w->head - w->floor;
    return rows > WALK_BACK ? rows - WALK_BACK : 0;
}

static void build_index(struct sac_replay *r)
{
    for (int e = 0; e < r->environments; e++)
        r->start[e + 1] = r->start[e] + drawable(&r->windows[e]);
    const uint64_t total = r->start[r->environments];
    SAC_ASSERT(total > 0);
    for (r->shift = 0; (total - 1) >> r->shift >= r->buckets; r->shift++)
        ;
    uint32_t w = 0;
    for (uint64_t b = 0; b < r->buckets && b << r->shift < total; b++) {
        while (r->start[w + 1] <= b << r->shift)
            w++;
        r->bucket[b] = w;
    }
    r->indexed = true;
}

/* A step record and where it came from. */
struct transition {
    const float *row, *before;
};

/* The transition that a random number stands for. */
static inline struct transition choose(const struct sac_replay *r, uint64_t number)
{
    const uint64_t total = r->start[r->environments];
    const uint64_t g = (uint64_t)((unsigned __int128)number * total >> 64); /* uniform below total */
    uint32_t i = r->bucket[g >> r->shift];
    while (g >= r->start[i + 1])
        i++;
    const struct window *w = &r->windows[i];
    uint64_t before = w->place + (g - r->start[i]);
    before -= before < r->rows ? 0 : r->rows;
    const uint64_t row = before + 1 < r->rows ? before + 1 : 0;
    const uint64_t stride = (uint64_t)r->layout.stride;
    return (struct transition){w->ring + row * stride, w->ring + before * stride};
}

static void prefetch(const float *from, int floats)
{
    for (int i = 0; i < floats; i += SAC_CACHE_LINE / (int)sizeof(float))
        __builtin_prefetch(from + i);
}

/* Long rows gain by memcpy's wider moves. */
static inline void copy(float *to, const float *from, int n)
{
    enum { SHORT = 64 };
    if (n <= SHORT)
        sac_copy_floats(to, from, n);
    else
        memcpy(to, from, (size_t)n * sizeof *to);
}

static void gather(const struct sac_row_layout *layout, struct transition t, int i, struct sac_batch *batch)
{
    const int O = layout->observation_size;
    const size_t at = (size_t)i * (size_t)batch->ld;
    copy(batch->next + at, t.row, O);
    copy(batch->current + at, t.before, O);
    copy(batch->taken + at, t.before, O);
    copy(batch->taken + at + O, sac_row_action(t.row, layout), layout->action_size);
    batch->reward[i] = sac_row_reward(t.row, layout);
    batch->not_terminated[i] = sac_row_flags(t.row, layout) & SAC_ROW_TERMINATED ? 0.0f : 1.0f;
    batch->version[i] = sac_row_version(t.row, layout);
}

/* A reset record is no transition: draw again, with the next attempt's number. */
static struct transition settle(const struct sac_replay *r, struct transition t, uint64_t seed,
                                uint64_t update, int i)
{
    for (uint32_t attempt = 1; sac_row_flags(t.row, &r->layout) & SAC_ROW_START; attempt++) {
        uint64_t number;
        sac_kernels()->bits(&number, seed, SAC_PURPOSE_DRAW, update, attempt, (uint32_t)i, 1);
        t = choose(r, number);
    }
    return t;
}

void sac_replay_prepare(struct sac_replay *replay)
{
    if (!replay->indexed)
        build_index(replay);
}

/* The transition that a random number stands for, its memory asked for. */
static inline struct transition ask(const struct sac_replay *r, uint64_t number)
{
    const struct transition t = choose(r, number);
    prefetch(t.row, r->layout.used);
    prefetch(t.before, r->layout.observation_size);
    return t;
}

/* Ask for the n rows of a batch from `first` on: in a loop of its own, so short that many misses, of caches
 * and of address translation, are under way at once. */
static void ask_block(const struct sac_replay *replay, uint64_t seed, uint64_t update, int first, int n,
                      struct transition t[BLOCK])
{
    uint64_t number[BLOCK];
    sac_kernels()->bits(number, seed, SAC_PURPOSE_DRAW, update, 0, (uint32_t)first, n);
    for (int i = 0; i < n; i++)
        t[i] = ask(replay, number[i]);
}

/* Short rows: a block is gathered when the next has been asked for. */
static void draw_blocks(const struct sac_replay *replay, uint64_t seed, uint64_t update, int first, int end,
                        struct sac_batch *batch)
{
    struct transition asked[2][BLOCK];
    int n = sac_least(end - first, BLOCK), turn = 0;
    ask_block(replay, seed, update, first, n, asked[turn]);
    while (n > 0) {
        const int next = sac_least(end - first - n, BLOCK);
        ask_block(replay, seed, update, first + n, next, asked[!turn]);
        for (int i = 0; i < n; i++) {
            const struct transition t = settle(replay, asked[turn][i], seed, update, first + i);
            gather(&replay->layout, t, first + i, batch);
        }
        first += n, n = next, turn = !turn;
    }
}

/* Long rows, whose lines are many by themselves: one by one, some rows ahead. */
static void draw_one_by_one(const struct sac_replay *replay, uint64_t seed, uint64_t update, int first,
                            int end, struct sac_batch *batch)
{
    struct transition ahead[LOOKAHEAD];
    uint64_t number[BLOCK];
    for (int i = first; i < end + LOOKAHEAD; i++) {
        if (i >= first + LOOKAHEAD) {
            const struct transition t = settle(replay, ahead[i % LOOKAHEAD], seed, update, i - LOOKAHEAD);
            gather(&replay->layout, t, i - LOOKAHEAD, batch);
        }
        if (i < end) {
            if ((i - first) % BLOCK == 0)
                sac_kernels()->bits(number, seed, SAC_PURPOSE_DRAW, update, 0, (uint32_t)i,
                                    sac_least(end - i, BLOCK));
            ahead[i % LOOKAHEAD] = ask(replay, number[(i - first) % BLOCK]);
        }
    }
}

void sac_replay_draw_rows(const struct sac_replay *replay, uint64_t seed, uint64_t update, int first, int end,
                          struct sac_batch *batch)
{
    const struct sac_row_layout *layout = &replay->layout;
    if ((layout->used + layout->observation_size) * BLOCK <= SHORT_FLOATS)
        draw_blocks(replay, seed, update, first, end, batch);
    else
        draw_one_by_one(replay, seed, update, first, end, batch);
}

void sac_replay_draw(struct sac_replay *replay, uint64_t seed, uint64_t update, struct sac_batch *batch)
{
    sac_replay_prepare(replay);
    sac_replay_draw_rows(replay, seed, update, 0, batch->rows, batch);
}

/* --- tests and checkpoints --- */

uint64_t sac_replay_head(const struct sac_replay *replay, int environment)
{
    return head_of(&replay->windows[environment]);
}

uint64_t sac_replay_floor(const struct sac_replay *replay, int environment)
{
    return replay->windows[environment].floor;
}

struct sac_record sac_replay_record(const struct sac_replay *replay, int environment, uint64_t index)
{
    const struct sac_row_layout *layout = &replay->layout;
    const float *row = replay->windows[environment].ring + index % replay->rows * (uint64_t)layout->stride;
    const uint32_t flags = sac_row_flags(row, layout);
    return (struct sac_record){
        .observation = row,
        .action = sac_row_action(row, layout),
        .reward = sac_row_reward(row, layout),
        .start = flags & SAC_ROW_START,
        .terminated = flags & SAC_ROW_TERMINATED,
        .truncated = flags & SAC_ROW_TRUNCATED,
        .version = sac_row_version(row, layout),
    };
}
