/* Filling a replay costs more memory traffic than time for random numbers: records come from a block of them,
 * each episode from a place of its own. */
#include "bench_data.h"

#include <stdlib.h>

#include "error.h"
#include "governor.h"
#include "kernels/kernels.h"
#include "memory.h"
#include "random.h"

const struct bench_shape bench_shapes[BENCH_SHAPES + BENCH_LARGE_BATCHES] = {
    {"pendulum", 3, 1, 256, 256},    {"halfcheetah", 17, 6, 256, 256}, {"ant", 105, 8, 256, 256},
    {"humanoid", 348, 17, 256, 256}, {"small", 3, 1, 64, 100},         {"halfcheetah_4096", 17, 6, 256, 4096},
};

enum { EPISODE_STEPS = 1000 };

struct bench_episode {
    uint32_t number, step;
    uint32_t observation, action; /* rows of the source that it begins with */
};

static struct bench_replay *in_use[BENCH_SHAPES + BENCH_LARGE_BATCHES]; /* by shape */

struct sac_settings bench_settings(const struct bench_shape *shape, enum sac_algorithm algorithm)
{
    struct sac_settings s;
    sac_settings_default(&s);
    s.algorithm = algorithm;
    s.seed = BENCH_SEED;
    s.batch_size = shape->batch_size;
    for (int i = 0; i < s.hidden_layers; i++)
        s.hidden[i] = shape->hidden;
    return s;
}

/* ---- appending ---- */

static void start_episode(struct bench_replay *r, struct sac_shard *shard, int e, uint32_t rows)
{
    struct bench_episode *episode = &r->episode[e];
    const struct sac_philox random =
        sac_random(BENCH_SEED, SAC_PURPOSE_TRAINING, episode->number, (uint32_t)e, 0);
    episode->observation = random.word[0] % rows;
    episode->action = random.word[1] % rows;
    episode->number++;
    sac_shard_append_reset(
        shard, e, r->observation + (size_t)episode->observation * (size_t)r->shape->observation_size);
}

static void append_record(struct bench_replay *r, struct sac_shard *shard, int e, uint32_t rows)
{
    struct bench_episode *episode = &r->episode[e];
    if (episode->step == 0) {
        start_episode(r, shard, e, rows);
    } else {
        const size_t to = (episode->observation + episode->step) % rows;
        const float *o = r->observation + to * (size_t)r->shape->observation_size;
        const float *a = r->action + (episode->action + episode->step) % rows * (size_t)r->shape->action_size;
        const float reward = o[0] - 0.1f * a[0] * a[0];
        sac_shard_append_step(shard, e, a, reward, o, false, episode->step == EPISODE_STEPS, 0);
    }
    episode->step = episode->step < EPISODE_STEPS ? episode->step + 1 : 0;
}

void bench_replay_append(struct bench_replay *r, int64_t rounds, uint32_t rows)
{
    struct sac_shard *shard = sac_replay_shard(r->replay, 0);
    for (int64_t i = 0; i < rounds; i++) {
        while (!sac_shard_has_room(shard, 1))
            sac_replay_grant(r->replay);
        for (int e = 0; e < r->environments; e++)
            append_record(r, shard, e, rows);
    }
}

/* ---- a full replay ---- */

static enum sac_status create_source(struct bench_replay *r)
{
    const int O = r->shape->observation_size, A = r->shape->action_size;
    r->observation = sac_allocate(sizeof(float) * BENCH_SOURCE_ROWS * (size_t)O);
    r->action = sac_allocate(sizeof(float) * BENCH_SOURCE_ROWS * (size_t)A);
    r->episode = sac_allocate((size_t)r->environments * sizeof *r->episode);
    if (r->observation == NULL || r->action == NULL || r->episode == NULL)
        return sac_fail(SAC_NOMEM, "no memory for %d observations", BENCH_SOURCE_ROWS);
    sac_kernels()->normal(r->observation, O, BENCH_SEED, SAC_PURPOSE_TRAINING, 0, 0, BENCH_SOURCE_ROWS, O);
    sac_kernels()->uniform(r->action, A, BENCH_SEED, SAC_PURPOSE_WARMUP_ACTION, 0, 0, BENCH_SOURCE_ROWS, A);
    return SAC_OK;
}

static enum sac_status create(struct bench_replay *r, const struct bench_shape *shape)
{
    const struct sac_settings settings = bench_settings(shape, SAC_V2);
    const struct sac_replay_shape replay = {
        .environments = settings.environments,
        .env_threads = 1,
        .observation_size = shape->observation_size,
        .action_size = shape->action_size,
        .capacity = settings.replay_capacity,
        .guard = sac_governor_guard(&settings),
    };
    r->shape = shape;
    r->environments = settings.environments;
    r->capacity = settings.replay_capacity;
    enum sac_status status = create_source(r);
    if (status == SAC_OK)
        status = sac_replay_create(&replay, &r->replay);
    while (status == SAC_OK && sac_replay_rows(r->replay) < r->capacity) {
        bench_replay_append(r, 1 + r->capacity / r->environments / 64, BENCH_SOURCE_ROWS);
        sac_replay_grant(r->replay);
    }
    return status;
}

static void destroy(struct bench_replay *r)
{
    sac_replay_destroy(r->replay);
    sac_free(r->observation);
    sac_free(r->action);
    sac_free(r->episode);
    free(r);
}

enum sac_status bench_replay_take(const struct bench_shape *shape, struct bench_replay **replay)
{
    struct bench_replay **place = &in_use[shape - bench_shapes];
    if (*place == NULL) {
        struct bench_replay *r = calloc(1, sizeof *r);
        const enum sac_status status = r != NULL ? create(r, shape) : sac_fail(SAC_NOMEM, "no memory");
        if (status != SAC_OK) {
            if (r != NULL)
                destroy(r);
            return status;
        }
        *place = r;
    }
    (*place)->users++;
    *replay = *place;
    return SAC_OK;
}

void bench_replay_give(struct bench_replay *replay)
{
    if (replay == NULL || --replay->users > 0)
        return;
    in_use[replay->shape - bench_shapes] = NULL;
    destroy(replay);
}
