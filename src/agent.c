/* Making an agent: all memory and call sites of an update, and first values. */
#include "agent_internal.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "memory.h"
#include "update_work.h"

_Static_assert(sizeof(struct sac_temperature) <= SAC_TEMPERATURE_FLOATS * sizeof(float),
               "the temperature has outgrown its place in the state block");

static int clamp(int x, int low, int high)
{
    return x < low ? low : x > high ? high : x;
}

/* --- the batch --- */

static enum sac_status create_batch(struct sac_batch *batch, int rows, int observation_size, int action_size)
{
    const size_t B = (size_t)rows, ld = sac_round_up((size_t)(observation_size + action_size), 16);
    batch->rows = rows;
    batch->observation_size = observation_size;
    batch->action_size = action_size;
    batch->ld = (int)ld;
    batch->next = sac_allocate(2 * B * ld * sizeof *batch->next);
    batch->taken = sac_allocate(B * ld * sizeof *batch->taken);
    batch->reward = sac_allocate(B * sizeof *batch->reward);
    batch->not_terminated = sac_allocate(B * sizeof *batch->not_terminated);
    batch->version = sac_allocate(B * sizeof *batch->version);
    if (!batch->next || !batch->taken || !batch->reward || !batch->not_terminated || !batch->version)
        return sac_fail(SAC_NOMEM, "no memory for a batch of %d transitions; use a smaller batch_size", rows);
    batch->current = batch->next + B * ld;
    return SAC_OK;
}

static void destroy_batch(struct sac_batch *batch)
{
    sac_free(batch->next);
    sac_free(batch->taken);
    sac_free(batch->reward);
    sac_free(batch->not_terminated);
    sac_free(batch->version);
}

struct sac_batch *sac_agent_batch(struct sac_agent *agent)
{
    return &agent->batch;
}

/* --- the agent --- */

void sac_agent_set_clock(struct sac_agent *agent, struct sac_phase_clock *clock)
{
    agent->clock = clock;
}

struct sac_phase_clock *sac_agent_clock(const struct sac_agent *agent)
{
    return agent->clock;
}

static size_t state_floats(const struct sac_agent *agent)
{
    const struct sac_settings *s = &agent->settings;
    const struct sac_batch *b = &agent->batch;
    struct sac_policy_network policy;
    struct sac_network critic, value;
    sac_policy_network_init(&policy, b->observation_size, b->action_size, s);
    sac_critic_network(&critic, s, b->observation_size, b->action_size);
    sac_value_network_network(&value, s, b->observation_size);
    return sac_weights_state(&policy.network, false) +
           2 * sac_weights_state(&critic, s->algorithm == SAC_V2) +
           (s->algorithm == SAC_V1 ? sac_weights_state(&value, true) : 0) + SAC_TEMPERATURE_FLOATS;
}

/* The state block's order: policy, critics, value network, temperature. */
static enum sac_status create_networks(struct sac_agent *agent)
{
    const struct sac_settings *s = &agent->settings;
    agent->state_floats = state_floats(agent);
    agent->state = sac_allocate(agent->state_floats * sizeof(float));
    if (!agent->state)
        return sac_fail(SAC_NOMEM, "no memory for %zu parameters and moments; use a smaller hidden",
                        agent->state_floats);
    float *state = agent->state;
    enum sac_status status =
        sac_policy_learner_create(&agent->policy, s, &agent->batch, agent->split, &state);
    for (int k = 0; k < 2 && status == SAC_OK; k++)
        status = sac_critic_create(&agent->critic[k], s, &agent->batch, agent->critic_parts, &state);
    if (status == SAC_OK && s->algorithm == SAC_V1)
        status = sac_value_network_create(&agent->value, s, &agent->batch, agent->split, &state);
    agent->temperature = (struct sac_temperature *)(void *)state;
    return status;
}

static void start(struct sac_agent *agent)
{
    const struct sac_settings *s = &agent->settings;
    sac_weights_start(&agent->policy.weights, &agent->policy.policy.network, s->seed, SAC_POLICY_NUMBER);
    for (uint32_t k = 0; k < 2; k++)
        sac_weights_start(&agent->critic[k].weights, &agent->critic[k].network, s->seed,
                          SAC_CRITIC_NUMBER + k);
    if (s->algorithm == SAC_V1)
        sac_weights_start(&agent->value.weights, &agent->value.network, s->seed, SAC_VALUE_NUMBER);
    agent->temperature->log_alpha = s->temperature_auto ? log(s->temperature) : 0;
}

int sac_agent_critic_parts(int split, int batch_size)
{
    return split % 2 == 0 && !sac_division_by_blocks(batch_size) ? split / 2 : split;
}

enum sac_status sac_agent_create(const struct sac_settings *settings, int observation_size, int action_size,
                                 int split, struct sac_team *team, struct sac_agent **agent)
{
    struct sac_agent *a = sac_allocate(sizeof *a);
    if (!a)
        return sac_fail(SAC_NOMEM, "no memory for an agent");
    a->settings = *settings;
    a->team = team;
    a->by_blocks = sac_division_by_blocks(settings->batch_size);
    a->split = clamp(split, 1, settings->batch_size);
    a->critic_parts = clamp(sac_agent_critic_parts(split, settings->batch_size), 1, settings->batch_size);
    a->critic_tasks = 2 * a->critic_parts;
    a->target_entropy = isnan(settings->target_entropy) ? -action_size : settings->target_entropy;
    enum sac_status status = create_batch(&a->batch, settings->batch_size, observation_size, action_size);
    if (status == SAC_OK)
        status = create_networks(a);
    if (status != SAC_OK) {
        sac_agent_destroy(a);
        return status;
    }
    start(a);
    *agent = a;
    return SAC_OK;
}

void sac_agent_destroy(struct sac_agent *agent)
{
    if (!agent)
        return;
    sac_policy_learner_destroy(&agent->policy);
    sac_critic_destroy(&agent->critic[0]);
    sac_critic_destroy(&agent->critic[1]);
    sac_value_network_destroy(&agent->value);
    destroy_batch(&agent->batch);
    sac_free(agent->state);
    sac_free(agent);
}

const struct sac_policy_network *sac_agent_policy(const struct sac_agent *agent)
{
    return &agent->policy.policy;
}

const float *sac_agent_policy_parameters(const struct sac_agent *agent)
{
    return agent->policy.weights.parameters;
}

float *sac_agent_state(struct sac_agent *agent, size_t *floats)
{
    *floats = agent->state_floats;
    return agent->state;
}

/* --- what computes it, and how much --- */

void sac_agent_describe(const struct sac_agent *agent, void (*line)(void *context, const char *text),
                        void *context)
{
    sac_pass_describe(&agent->policy.part[0].forward, "policy", line, context);
    sac_pass_describe(&agent->policy.part[0].backward, "policy", line, context);
    sac_pass_describe(&agent->critic[0].part[0].forward, "critic", line, context);
    sac_pass_describe(&agent->critic[0].part[0].backward, "critic", line, context);
    sac_critic_describe_action_gradient(&agent->critic[0], line, context);
    if (agent->settings.algorithm == SAC_V1) {
        sac_pass_describe(&agent->value.part[0].forward, "value", line, context);
        sac_pass_describe(&agent->value.part[0].backward, "value", line, context);
    }
}

double sac_agent_flops(const struct sac_agent *agent)
{
    return sac_update_flops(&agent->settings, agent->batch.observation_size, agent->batch.action_size);
}
