/* Act, step, record: the loop of one env thread. */
#include "env_thread.h"

#include <stdlib.h>
#include <string.h>

#include "environment_instance.h"
#include "error.h"
#include "kernels/kernels.h"
#include "memory.h"
#include "random.h"

/* Everything here belongs to the env thread itself, but for `counters` (counters.h). */
struct sac_env_thread {
    struct sac_env_context context;
    int number, environments, first_environment;
    struct sac_shard *shard;
    struct sac_instance instance;
    struct sac_holder holder;
    uint64_t steps;   /* of each of its environments; keys their random numbers */
    uint64_t version; /* of the policy that acts */
    int observation_ld;
    float *observation;        /* (environments, observation_ld) what the policy sees */
    float *action;             /* (environments, A) in [-1, 1] */
    float *environment_action; /* (environments, A) in environment units */
    float *noise;              /* (environments, A) */
    float *scratch;
    double *reward; /* (environments) */
    uint8_t *terminated, *truncated;
    int32_t *finished; /* (environments) list */
    double *episode_return;
    uint32_t *episode_length;
    struct sac_env_counters *counters;
};

static enum sac_status allocate_buffers(struct sac_env_thread *t)
{
    const size_t n = (size_t)t->environments, A = (size_t)t->context.spec->action_size;
    t->observation_ld = (int)sac_round_up((size_t)t->context.spec->observation_size, 16);
    t->observation = sac_allocate(n * (size_t)t->observation_ld * sizeof(float));
    t->action = sac_allocate(n * A * sizeof(float));
    t->environment_action = sac_allocate(n * A * sizeof(float));
    t->noise = sac_allocate(n * A * sizeof(float));
    t->scratch = sac_allocate(sac_policy_network_scratch(t->context.policy, t->environments) * sizeof(float));
    t->reward = sac_allocate(n * sizeof(double));
    t->terminated = sac_allocate(n);
    t->truncated = sac_allocate(n);
    t->finished = sac_allocate(n * sizeof(int32_t));
    t->episode_return = sac_allocate(n * sizeof(double));
    t->episode_length = sac_allocate(n * sizeof(uint32_t));
    t->counters = sac_allocate(sizeof *t->counters);
    if (!t->observation || !t->action || !t->environment_action || !t->noise || !t->scratch || !t->reward ||
        !t->terminated || !t->truncated || !t->finished || !t->episode_return || !t->episode_length ||
        !t->counters)
        return sac_fail(SAC_NOMEM, "no memory for the buffers of env thread %d (%d environments)", t->number,
                        t->environments);
    return SAC_OK;
}

static enum sac_status create_environments(struct sac_env_thread *t)
{
    const struct sac_env_create create = {
        .size = sizeof create,
        .environments = t->environments,
        .first_environment = t->first_environment,
        .seed = sac_random_seed(t->context.settings->seed, SAC_PURPOSE_TRAINING, 0),
        .options = t->context.options,
    };
    t->instance = (struct sac_instance){.ops = t->context.ops, .spec = *t->context.spec, .part = ""};
    return sac_instance_create(&t->instance, &create);
}

enum sac_status sac_env_thread_create(const struct sac_env_context *context, int number,
                                      struct sac_env_thread **env_thread)
{
    struct sac_env_thread *t = sac_allocate(sizeof *t);
    if (!t)
        return sac_fail(SAC_NOMEM, "no memory for env thread %d", number);
    t->context = *context;
    t->number = number;
    t->shard = sac_replay_shard(context->replay, number);
    t->environments = sac_shard_environments(t->shard);
    t->first_environment = sac_shard_first_environment(t->shard);
    t->holder.slot = -1;
    enum sac_status status = allocate_buffers(t);
    if (status == SAC_OK)
        status = create_environments(t);
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
    (void)sac_instance_destroy(&t->instance); /* that it crashed matters to nobody any more */
    void *const buffers[] = {t->observation, t->action,   t->environment_action, t->noise,
                             t->scratch,     t->reward,   t->terminated,         t->truncated,
                             t->finished,    t->counters, t->episode_return,     t->episode_length};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        sac_free(buffers[i]);
    sac_free(t);
}

struct sac_env_counters *sac_env_thread_counters(struct sac_env_thread *t)
{
    return t->counters;
}

static float *observation_of(struct sac_env_thread *t, int environment)
{
    return t->observation + (size_t)environment * (size_t)t->observation_ld;
}

/* Start new episodes in the `count` environments listed in t->finished and record where they begin. */
static enum sac_status start_episodes(struct sac_env_thread *t, int count)
{
    const enum sac_status status =
        sac_instance_reset(&t->instance, count, t->finished, t->observation, (size_t)t->observation_ld);
    if (status != SAC_OK)
        return status;
    for (int i = 0; i < count; i++) {
        const int environment = t->finished[i];
        t->episode_return[environment] = 0;
        t->episode_length[environment] = 0;
        sac_shard_append_reset(t->shard, environment, observation_of(t, environment));
    }
    return SAC_OK;
}

/* Steps below warmup_steps act uniformly at random, the others by the newest policy. */
static void choose_actions(struct sac_env_thread *t, const struct sac_ticket *ticket)
{
    const struct sac_kernels *kernels = sac_kernels();
    const struct sac_settings *settings = t->context.settings;
    const int A = t->context.spec->action_size;
    const int64_t left = settings->warmup_steps - ticket->first_step;
    const int random = (int)(left < 0 ? 0 : left < ticket->count ? left : ticket->count);
    const float *parameters = sac_snapshots_hold(t->context.snapshots, &t->holder, &t->version);
    if (random < ticket->count) {
        kernels->normal(t->noise, A, settings->seed, SAC_PURPOSE_ACTION_NOISE, t->steps,
                        (uint32_t)t->first_environment, ticket->count, A);
        sac_policy_network_act(t->context.policy, parameters, t->scratch, t->action, A, t->observation,
                               t->observation_ld, t->noise, A, ticket->count);
    }
    if (random > 0)
        kernels->uniform(t->action, A, settings->seed, SAC_PURPOSE_WARMUP_ACTION, t->steps,
                         (uint32_t)t->first_environment, random, A);
}

static enum sac_status step_environments(struct sac_env_thread *t, const struct sac_ticket *ticket)
{
    sac_action_scale(t->environment_action, t->action, t->context.spec->action_low,
                     t->context.spec->action_high, ticket->count, t->context.spec->action_size);
    const struct sac_env_step step = {
        .size = sizeof step,
        .count = ticket->count,
        .action = t->environment_action,
        .action_stride = (size_t)t->context.spec->action_size,
        .observation = t->observation,
        .observation_stride = (size_t)t->observation_ld,
        .reward = t->reward,
        .terminated = t->terminated,
        .truncated = t->truncated,
    };
    return sac_instance_step(&t->instance, &step);
}

/* Write the step records; list environments whose episode is over. Returns how many. */
static int record_steps(struct sac_env_thread *t, const struct sac_ticket *ticket)
{
    const struct sac_env_spec *spec = t->context.spec;
    int finished = 0;
    for (int j = 0; j < ticket->count; j++) {
        t->episode_return[j] += t->reward[j];
        t->episode_length[j]++;
        const bool terminated = t->terminated[j];
        const bool at_limit = spec->step_limit > 0 && t->episode_length[j] >= (uint32_t)spec->step_limit;
        const bool truncated = t->truncated[j] || at_limit;
        sac_shard_append_step(t->shard, j, t->action + (size_t)j * (size_t)spec->action_size,
                              (float)t->reward[j], observation_of(t, j), terminated, truncated,
                              (uint32_t)t->version);
        if (terminated || truncated) {
            sac_count_episode(t->counters, t->episode_return[j], t->episode_length[j]);
            t->finished[finished++] = j;
        }
    }
    t->steps++;
    return finished;
}

static enum sac_status run_ticket(struct sac_env_thread *t, const struct sac_ticket *ticket)
{
    choose_actions(t, ticket);
    enum sac_status status = step_environments(t, ticket);
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
    for (int j = 0; j < t->environments; j++)
        t->finished[j] = j;
    enum sac_status status = start_episodes(t, t->environments);
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
    const size_t n = (size_t)t->environments;
    return sizeof t->steps + n * (sizeof *t->episode_return + sizeof *t->episode_length) +
           n * (size_t)t->observation_ld * sizeof *t->observation;
}

/* Of one environment's own bytes; 0 if it can not tell, and then saving fails. */
static size_t environment_state_size(struct sac_env_thread *t)
{
    size_t size = 0;
    if (t->context.ops->state_size)
        (void)sac_instance_state_size(&t->instance, &size);
    return size;
}

size_t sac_env_thread_state_size(struct sac_env_thread *t)
{
    return own_state_size(t) + (size_t)t->environments * environment_state_size(t);
}

static char *put(char *to, const void *from, size_t bytes)
{
    memcpy(to, from, bytes);
    return to + bytes;
}

enum sac_status sac_env_thread_save(struct sac_env_thread *t, void *state)
{
    const size_t n = (size_t)t->environments, each = environment_state_size(t);
    enum sac_status status = SAC_OK;
    if (!t->context.ops->get_state)
        return sac_fail(SAC_ENV, "%s can not save its state: its table has no get_state", t->context.ops->id);
    char *to = put(state, &t->steps, sizeof t->steps);
    to = put(to, t->episode_return, n * sizeof *t->episode_return);
    to = put(to, t->episode_length, n * sizeof *t->episode_length);
    to = put(to, t->observation, n * (size_t)t->observation_ld * sizeof *t->observation);
    for (int j = 0; j < t->environments && status == SAC_OK; j++, to += each)
        status = sac_instance_get_state(&t->instance, j, to);
    return status;
}
