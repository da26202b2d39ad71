#include "environment_batch.h"

#include "error.h"
#include "memory.h"

/* Stands behind each observation. Whoever writes more floats than the spec says, or takes rows for packed,
 * writes over it. */
static const float MARK = -0x1.5a5a5ap+99f;

static enum sac_status allocate(struct sac_environment_batch *b)
{
    const size_t n = (size_t)b->count, A = (size_t)b->instance.spec.action_size;
    b->observation_ld = (int)sac_round_up((size_t)b->instance.spec.observation_size + 1, 16);
    b->observation = sac_allocate(n * (size_t)b->observation_ld * sizeof(float));
    b->action = sac_allocate(n * A * sizeof(float));
    b->environment_action = sac_allocate(n * A * sizeof(float));
    b->noise = sac_allocate(n * A * sizeof(float));
    b->scratch = sac_allocate(sac_policy_network_scratch(b->policy, b->count) * sizeof(float));
    b->reward = sac_allocate(n * sizeof(double));
    b->terminated = sac_allocate(n);
    b->truncated = sac_allocate(n);
    b->episode_return = sac_allocate(n * sizeof(double));
    b->episode_length = sac_allocate(n * sizeof(uint32_t));
    b->finished = sac_allocate(n * sizeof(int32_t));
    if (!b->observation || !b->action || !b->environment_action || !b->noise || !b->scratch || !b->reward ||
        !b->terminated || !b->truncated || !b->episode_return || !b->episode_length || !b->finished)
        return sac_fail(SAC_NOMEM, "no memory for the rows of %d environments%s", b->count, b->instance.part);
    return SAC_OK;
}

static float *mark_of(const struct sac_environment_batch *b, int j)
{
    return sac_environment_batch_observation(b, j) + b->instance.spec.observation_size;
}

enum sac_status sac_environment_batch_create(struct sac_environment_batch *b,
                                             const struct sac_instance *instance,
                                             const struct sac_env_create *create,
                                             const struct sac_policy_network *policy)
{
    b->instance = *instance;
    b->policy = policy;
    b->count = create->environments;
    const enum sac_status status = allocate(b);
    if (status != SAC_OK)
        return status;
    for (int j = 0; j < b->count; j++)
        *mark_of(b, j) = MARK;
    return sac_instance_create(&b->instance, create);
}

void sac_environment_batch_destroy(struct sac_environment_batch *b)
{
    (void)sac_instance_destroy(&b->instance); /* that it crashed matters to nobody any more */
    void *const buffers[] = {b->observation, b->action,         b->environment_action, b->noise,
                             b->scratch,     b->reward,         b->terminated,         b->truncated,
                             b->finished,    b->episode_return, b->episode_length};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        sac_free(buffers[i]);
}

float *sac_environment_batch_observation(const struct sac_environment_batch *b, int environment)
{
    return b->observation + (size_t)environment * (size_t)b->observation_ld;
}

static enum sac_status check_row(const struct sac_environment_batch *b, int j, const char *function)
{
    const int32_t size = b->instance.spec.observation_size;
    if (*mark_of(b, j) != MARK)
        return sac_instance_fail_row(
            &b->instance, j,
            "observation[%d] is %g after %s, beyond its observation_size of %d: row j "
            "begins at observation + j * observation_stride",
            size, (double)*mark_of(b, j), function, size);
    return sac_instance_check_observation(&b->instance, j, sac_environment_batch_observation(b, j), function);
}

enum sac_status sac_environment_batch_start(struct sac_environment_batch *b, int count)
{
    if (count == 0)
        return SAC_OK;
    enum sac_status status =
        sac_instance_reset(&b->instance, count, b->finished, b->observation, (size_t)b->observation_ld);
    for (int i = 0; i < count && status == SAC_OK; i++) {
        const int j = b->finished[i];
        b->episode_return[j] = 0;
        b->episode_length[j] = 0;
        status = check_row(b, j, "reset()");
    }
    return status;
}

void sac_environment_batch_act(struct sac_environment_batch *b, const float *panels, const float *noise,
                               int count)
{
    const int A = b->instance.spec.action_size;
    sac_policy_network_act(b->policy, panels, b->scratch, b->action, A, b->observation, b->observation_ld,
                           noise, A, count);
}

static enum sac_status check_step(const struct sac_environment_batch *b, int j)
{
    enum sac_status status = sac_instance_check_reward(&b->instance, j, b->reward[j]);
    if (status == SAC_OK)
        status = sac_instance_check_flags(&b->instance, j, b->terminated[j], b->truncated[j]);
    return status == SAC_OK ? check_row(b, j, "step()") : status;
}

enum sac_status sac_environment_batch_step(struct sac_environment_batch *b, int count)
{
    const struct sac_env_spec *spec = &b->instance.spec;
    const struct sac_env_step step = {
        .size = sizeof step,
        .count = count,
        .action = b->environment_action,
        .action_stride = (size_t)spec->action_size,
        .observation = b->observation,
        .observation_stride = (size_t)b->observation_ld,
        .reward = b->reward,
        .terminated = b->terminated,
        .truncated = b->truncated,
    };
    sac_action_scale(b->environment_action, b->action, spec->action_low, spec->action_high, count,
                     spec->action_size);
    enum sac_status status = sac_instance_step(&b->instance, &step);
    for (int j = 0; j < count && status == SAC_OK; j++) {
        b->episode_return[j] += b->reward[j];
        b->episode_length[j]++;
        status = check_step(b, j);
    }
    return status;
}

bool sac_environment_batch_at_limit(const struct sac_environment_batch *b, int environment)
{
    const int32_t limit = b->instance.spec.step_limit;
    return limit > 0 && b->episode_length[environment] >= (uint32_t)limit;
}
