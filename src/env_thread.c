/* Act, step, record: the loop of one env thread. */
#include "env_thread.h"

#include <stdlib.h>
#include <string.h>

#include "environment_batch.h"
#include "error.h"
#include "kernels/kernels.h"
#include "memory.h"
#include "random.h"

/* Everything here belongs to the env thread itself, but for `counters` (counters.h). */
struct sac_env_thread {
    struct sac_env_context context;
    int number, first_environment;
    struct sac_shard *shard;
    struct sac_environment_batch batch;
    struct sac_holder holder;
    uint64_t steps;   /* of each of its environments; keys their random numbers */
    uint64_t version; /* of the policy that acts */
    struct sac_env_counters *counters;
};

static enum sac_status create_environments(struct sac_env_thread *t)
{
    const struct sac_env_create create = {
        .size = sizeof create,
        .environments = sac_shard_environments(t->shard),
        .first_environment = t->first_environment,
        .seed = sac_random_seed(t->context.settings->seed, SAC_PURPOSE_TRAINING, 0),
        .options = t->context.options,
    };
    const struct sac_instance instance = {.ops = t->context.ops, .spec = *t->context.spec, .part = ""};
    return sac_environment_batch_create(&t->batch, &instance, &create, t->context.policy);
}

enum sac_status sac_env_thread_create(const struct sac_env_context *context, int number,
                                      struct sac_env_thread **env_thread)
{
    struct sac_env_thread *t = sac_allocate(sizeof *t);
    if (t)
        t->counters = sac_allocate(sizeof *t->counters);
    if (!t || !t->counters) {
        sac_env_thread_destroy(t);
        return sac_fail(SAC_NOMEM, "no memory for env thread %d", number);
    }
    t->context = *context;
    t->number = number;
    t->shard = sac_replay_shard(context->replay, number);
    t->first_environment = sac_shard_first_environment(t->shard);
    t->holder.slot = -1;
    const enum sac_status status = create_environments(t);
    if (status != SAC_OK) {
        sac_env_thread_destroy(t);
        return status;
    }
    *env_thread = t;
    return SAC_OK;
}

void sac_env_thread_destroy(struct sac_env_thread *t)
{
    if (!t)
        return;
    sac_environment_batch_destroy(&t->batch);
    sac_free(t->counters);
    sac_free(t);
}

struct sac_env_counters *sac_env_thread_counters(struct sac_env_thread *t)
{
    return t->counters;
}

/* Start new episodes in the first `count` environments listed and record where they begin. */
static enum sac_status start_episodes(struct sac_env_thread *t, int count)
{
    struct sac_environment_batch *b = &t->batch;
    const enum sac_status status = sac_environment_batch_start(b, count);
    for (int i = 0; i < count && status == SAC_OK; i++)
        sac_shard_append_reset(t->shard, b->finished[i],
                               sac_environment_batch_observation(b, b->finished[i]));
    return status;
}

/* Steps below warmup_steps act uniformly at random, the others by the newest policy. */
static void choose_actions(struct sac_env_thread *t, const struct sac_ticket *ticket)
{
    const struct sac_kernels *kernels = sac_kernels();
    const struct sac_settings *settings = t->context.settings;
    struct sac_environment_batch *b = &t->batch;
    const int A = t->context.spec->action_size;
    const int64_t left = settings->warmup_steps - ticket->first_step;
    const int random = (int)(left < 0 ? 0 : left < ticket->count ? left : ticket->count);
    const float *panels = sac_snapshots_hold(t->context.snapshots, &t->holder, &t->version);
    if (random < ticket->count) {
        kernels->normal(b->noise, A, settings->seed, SAC_PURPOSE_ACTION_NOISE, t->steps,
                        (uint32_t)t->first_environment, ticket->count, A);
        sac_environment_batch_act(b, panels, b->noise, ticket->count);
    }
    if (random > 0)
        kernels->uniform(b->action, A, settings->seed, SAC_PURPOSE_WARMUP_ACTION, t->steps,
                         (uint32_t)t->first_environment, random, A);
}

/* Write the step records; list environments whose episode is over. Returns how many. */
static int record_steps(struct sac_env_thread *t, const struct sac_ticket *ticket)
{
    struct sac_environment_batch *b = &t->batch;
    const size_t A = (size_t)t->context.spec->action_size;
    int finished = 0;
    for (int j = 0; j < ticket->count; j++) {
        const bool at_limit = sac_environment_batch_at_limit(b, j);
        const bool terminated = b->terminated[j], truncated = b->truncated[j] || at_limit;
        sac_shard_append_step(t->shard, j, b->action + (size_t)j * A, (float)b->reward[j],
                              sac_environment_batch_observation(b, j), terminated, truncated,
                              (uint32_t)t->version);
        if (terminated || truncated) {
            sac_count_episode(t->counters, b->episode_return[j], b->episode_length[j]);
            b->finished[finished++] = j;
        }
    }
    t->steps++;
    return finished;
}

static enum sac_status run_ticket(struct sac_env_thread *t, const struct sac_ticket *ticket)
{
    choose_actions(t, ticket);
    enum sac_status status = sac_environment_batch_step(&t->batch, ticket->count);
    if (status != SAC_OK) {
        sac_governor_give_back(t->context.governor, ticket);
        return status;
    }
    const int finished = record_steps(t, ticket);
    if (finished > 0)
        status = start_episodes(t, finished);
    sac_governor_stepped(t->context.governor, t->number, ticket);
    return status;
}

void sac_env_thread_run(struct sac_env_thread *t)
{
    for (int j = 0; j < t->batch.count; j++)
        t->batch.finished[j] = j;
    enum sac_status status = start_episodes(t, t->batch.count);
    while (status == SAC_OK) {
        const struct sac_ticket ticket = sac_governor_take(t->context.governor, t->number);
        if (ticket.count == 0)
            break;
        status = run_ticket(t, &ticket);
    }
    sac_snapshots_release(t->context.snapshots, &t->holder);
    if (status != SAC_OK) {
        sac_first_error_keep(t->context.error, status);
        sac_governor_stop(t->context.governor);
    }
}

/* The state block: counters of the streams and episodes, observations, then each environment's own bytes. */
static size_t own_state_size(const struct sac_env_thread *t)
{
    const size_t n = (size_t)t->batch.count;
    return sizeof t->steps + n * (sizeof *t->batch.episode_return + sizeof *t->batch.episode_length) +
           n * (size_t)t->batch.observation_ld * sizeof *t->batch.observation;
}

/* Of one environment's own bytes; 0 if it can not tell, and then saving fails. */
static size_t environment_state_size(struct sac_env_thread *t)
{
    size_t size = 0;
    if (t->context.ops->state_size)
        (void)sac_instance_state_size(&t->batch.instance, &size);
    return size;
}

size_t sac_env_thread_state_size(struct sac_env_thread *t)
{
    return own_state_size(t) + (size_t)t->batch.count * environment_state_size(t);
}

static char *put(char *to, const void *from, size_t bytes)
{
    memcpy(to, from, bytes);
    return to + bytes;
}

enum sac_status sac_env_thread_save(struct sac_env_thread *t, void *state)
{
    const size_t n = (size_t)t->batch.count, each = environment_state_size(t);
    enum sac_status status = SAC_OK;
    if (!t->context.ops->get_state)
        return sac_fail(SAC_ENV, "%s can not save its state: its table has no get_state", t->context.ops->id);
    char *to = put(state, &t->steps, sizeof t->steps);
    to = put(to, t->batch.episode_return, n * sizeof *t->batch.episode_return);
    to = put(to, t->batch.episode_length, n * sizeof *t->batch.episode_length);
    to = put(to, t->batch.observation, n * (size_t)t->batch.observation_ld * sizeof *t->batch.observation);
    for (int j = 0; j < t->batch.count && status == SAC_OK; j++, to += each)
        status = sac_instance_get_state(&t->batch.instance, j, to);
    return status;
}
