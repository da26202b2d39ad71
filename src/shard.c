/* The env thread's side of the replay. In steady state it touches no line that another thread writes. */
#include "shard.h"

#include "assertion.h"
#include "memory.h"

struct sac_row_layout sac_row_layout(int observation_size, int action_size)
{
    const int used = observation_size + action_size + 3;
    const size_t line = SAC_CACHE_LINE / sizeof(float);
    return (struct sac_row_layout){observation_size, action_size, used,
                                   (int)sac_round_up((size_t)used, line)};
}

struct sac_shard *sac_shard_create(const struct sac_row_layout *layout, uint64_t rows, bool huge_pages,
                                   int first_environment, int environments)
{
    struct sac_shard *s = sac_allocate(sizeof *s);
    if (s == NULL)
        return NULL;
    const size_t n = (size_t)environments;
    s->layout = *layout;
    s->first_environment = first_environment;
    s->environments = environments;
    s->rows = s->room = rows;
    s->memory = sac_allocate_untouched(n * rows * (size_t)layout->stride * sizeof(float), huge_pages);
    s->head = sac_allocate(n * sizeof *s->head);
    s->limit = sac_allocate(n * sizeof *s->limit);
    s->writers = sac_allocate(n * sizeof *s->writers);
    if (s->memory == NULL || s->head == NULL || s->limit == NULL || s->writers == NULL) {
        sac_shard_destroy(s);
        return NULL;
    }
    for (int e = 0; e < environments; e++)
        sac_store_relaxed(limit, &s->limit[e], rows); /* before threads start */
    return s;
}

void sac_shard_destroy(struct sac_shard *shard)
{
    if (shard == NULL)
        return;
    sac_free(shard->memory);
    sac_free(shard->head);
    sac_free(shard->limit);
    sac_free(shard->writers);
    sac_free(shard);
}

int sac_shard_first_environment(const struct sac_shard *shard)
{
    return shard->first_environment;
}

int sac_shard_environments(const struct sac_shard *shard)
{
    return shard->environments;
}

static void look_at_limits(struct sac_shard *shard)
{
    uint64_t room = UINT64_MAX;
    for (int e = 0; e < shard->environments; e++) {
        struct sac_ring_writer *w = &shard->writers[e];
        const uint64_t left = sac_load_acquire(A, &shard->limit[e]) - w->head; /* pairs with D */
        room = left < room ? left : room;
        w->spent = 0;
    }
    shard->room = room;
    shard->spent = 0;
}

/* The busiest ring and the tightest limit need not belong together: the quick answer may be a needless no,
 * after which the limits are looked at. */
bool sac_shard_has_room(struct sac_shard *shard, int rows)
{
    if (shard->spent + (uint64_t)rows <= shard->room)
        return true;
    look_at_limits(shard);
    return (uint64_t)rows <= shard->room;
}

/* The row that is to be written next. */
static float *next_row(struct sac_shard *shard, int environment)
{
    const struct sac_ring_writer *w = &shard->writers[environment];
    SAC_ASSERT(w->spent < shard->room);
    return sac_shard_ring(shard, environment) + w->place * (uint64_t)shard->layout.stride;
}

/* The row that is to be written some records from now, by an env thread that records one environment after
 * the other: AHEAD, or with few environments as many as leave it another one's row. */
static const float *row_ahead(const struct sac_shard *shard, int environment)
{
    enum { AHEAD = 6 };
    const int n = shard->environments, ahead = n > AHEAD ? AHEAD : n > 1 ? n - 1 : 1;
    const int e = (environment + ahead) % n;
    const uint64_t place = (shard->writers[e].place + (e == environment)) % shard->rows;
    return sac_shard_ring(shard, e) + place * (uint64_t)shard->layout.stride;
}

/* A row that lies in memory, not in a cache, would keep its writer waiting: a long one is asked for ahead,
 * a line with each line that is copied, so that memory and copying go on side by side. Short rows are fetched
 * in time by the CPU itself. */
static void copy_observation(float *row, const float *observation, const struct sac_shard *shard,
                             int environment)
{
    enum { LINE = SAC_CACHE_LINE / sizeof(float), LONG = 16 * LINE };
    const int O = shard->layout.observation_size, stride = shard->layout.stride;
    int i = 0;
    if (stride >= LONG) {
        const float *ahead = row_ahead(shard, environment);
        for (; i + LINE <= O; i += LINE) {
            __builtin_prefetch(ahead + i, 1);
            memcpy(row + i, observation + i, LINE * sizeof *row);
        }
        for (int rest = i; rest < stride; rest += LINE)
            __builtin_prefetch(ahead + rest, 1);
    }
    memcpy(row + i, observation + i, (size_t)(O - i) * sizeof *row);
}

static void write_tail(float *row, const struct sac_row_layout *layout, float reward, uint32_t flags,
                       uint32_t version)
{
    float *tail = row + layout->observation_size + layout->action_size;
    tail[0] = reward;
    memcpy(tail + 1, &flags, sizeof flags);
    memcpy(tail + 2, &version, sizeof version);
}

static void make_visible(struct sac_shard *shard, int environment)
{
    struct sac_ring_writer *w = &shard->writers[environment];
    w->head++;
    w->place = w->place + 1 < shard->rows ? w->place + 1 : 0;
    w->spent++;
    shard->spent = w->spent > shard->spent ? w->spent : shard->spent;
    sac_store_release(B, &shard->head[environment], w->head); /* pairs with C */
}

void sac_shard_append_reset(struct sac_shard *shard, int environment, const float *observation)
{
    const struct sac_row_layout *layout = &shard->layout;
    struct sac_ring_writer *w = &shard->writers[environment];
    SAC_ASSERT(w->episode != SAC_RING_STARTED); /* two resets in a row could leave nothing to draw */
    float *row = next_row(shard, environment);
    copy_observation(row, observation, shard, environment);
    write_tail(row, layout, 0, SAC_ROW_START, 0);
    memset(row + layout->observation_size, 0, (size_t)layout->action_size * sizeof(float));
    w->episode = SAC_RING_STARTED;
    make_visible(shard, environment);
}

void sac_shard_append_step(struct sac_shard *shard, int environment, const float *action, float reward,
                           const float *observation, bool terminated, bool truncated, uint32_t version)
{
    const struct sac_row_layout *layout = &shard->layout;
    struct sac_ring_writer *w = &shard->writers[environment];
    SAC_ASSERT(w->episode == SAC_RING_STARTED || w->episode == SAC_RING_RUNNING);
    float *row = next_row(shard, environment);
    const uint32_t flags =
        (terminated ? (uint32_t)SAC_ROW_TERMINATED : 0) | (truncated ? (uint32_t)SAC_ROW_TRUNCATED : 0);
    copy_observation(row, observation, shard, environment);
    write_tail(row, layout, reward, flags, version);
    memcpy(row + layout->observation_size, action, (size_t)layout->action_size * sizeof(float));
    w->episode = flags != 0 ? SAC_RING_OVER : SAC_RING_RUNNING;
    make_visible(shard, environment);
}
