#include "update_work.h"

#include <stdbool.h>
#include <string.h>

#include "critic.h"
#include "policy_network.h"
#include "value_network.h"

/* How often a network is passed, in batches. */
struct passes {
    int forward, backward_weights;
    int backward_input; /* down to the first hidden layer */
};

static int add_network(struct sac_layer_work *lines, int count, const char *name,
                       const struct sac_network *network, int rows, struct passes passes)
{
    for (int l = 0; l < network->layers; l++)
        lines[count++] = (struct sac_layer_work){
            .network = name,
            .layer = l,
            .rows = rows,
            .in = network->layer[l].in,
            .out = network->layer[l].out,
            .forward = passes.forward,
            .backward_input = l ? passes.backward_input : 0,
            .backward_weights = passes.backward_weights,
        };
    return count;
}

/* Fresh actions at s, in v2 also at s'; J_pi. */
static int add_policy(struct sac_layer_work *lines, const struct sac_settings *s, int O, int A)
{
    struct sac_policy_network policy;
    sac_policy_network_init(&policy, O, A, s);
    const struct passes passes = {
        .forward = s->algorithm == SAC_V2 ? 2 : 1, .backward_weights = 1, .backward_input = 1};
    return add_network(lines, 0, "policy", &policy.network, s->batch_size, passes);
}

/* Both critics: J_Q, Q(s, a~), in v2 Q_target(s', a~'). dQ/da~ goes through each row's lower critic alone, so
 * its two halves are one batch. */
static int add_critics(struct sac_layer_work *lines, int count, const struct sac_settings *s, int O, int A)
{
    struct sac_network critic;
    sac_critic_network(&critic, s, O, A);
    const bool through_actions = s->estimator == SAC_REPARAMETERIZATION;
    const struct passes passes = {.forward = 2 * (s->algorithm == SAC_V2 ? 3 : 2),
                                  .backward_weights = 2,
                                  .backward_input = 2 + through_actions};
    count = add_network(lines, count, "critic", &critic, s->batch_size, passes);
    if (through_actions)
        lines[count++] = (struct sac_layer_work){.network = "critic",
                                                 .layer = 0,
                                                 .rows = s->batch_size,
                                                 .in = A,
                                                 .out = critic.layer[0].out,
                                                 .backward_input = 1};
    return count;
}

/* V_target(s'); J_V. */
static int add_value_network(struct sac_layer_work *lines, int count, const struct sac_settings *s, int O)
{
    struct sac_network value;
    sac_value_network_network(&value, s, O);
    const struct passes passes = {.forward = 2, .backward_weights = 1, .backward_input = 1};
    return add_network(lines, count, "value network", &value, s->batch_size, passes);
}

int sac_update_work(const struct sac_settings *settings, int observation_size, int action_size,
                    struct sac_layer_work lines[SAC_MOST_LAYER_WORK])
{
    int count = add_policy(lines, settings, observation_size, action_size);
    count = add_critics(lines, count, settings, observation_size, action_size);
    if (settings->algorithm == SAC_V1)
        count = add_value_network(lines, count, settings, observation_size);
    return count;
}

double sac_layer_flops(const struct sac_layer_work *line)
{
    return 2.0 * line->rows * line->in * line->out *
           (line->forward + line->backward_input + line->backward_weights);
}

double sac_update_flops(const struct sac_settings *settings, int observation_size, int action_size)
{
    struct sac_layer_work lines[SAC_MOST_LAYER_WORK];
    const int count = sac_update_work(settings, observation_size, action_size, lines);
    double flops = 0;
    for (int i = 0; i < count; i++)
        flops += sac_layer_flops(&lines[i]);
    return flops;
}

/* Which lines a phase works at, and how often it does what there. */
struct phase_work {
    const char *network;
    struct passes passes;
};

static struct phase_work phase_work(const struct sac_settings *s, enum sac_phase phase)
{
    const bool v2 = s->algorithm == SAC_V2;
    switch (phase) {
    case SAC_PHASE_ACTIONS:
        return (struct phase_work){"policy", {.forward = v2 ? 2 : 1}};
    case SAC_PHASE_POLICY_GRADIENT:
        return (struct phase_work){"policy", {.backward_weights = 1, .backward_input = 1}};
    case SAC_PHASE_TARGET_CRITICS:
        return (struct phase_work){"critic", {.forward = v2 ? 2 : 0}};
    case SAC_PHASE_CRITICS:
        return (struct phase_work){"critic", {.forward = 2}};
    case SAC_PHASE_CRITIC_GRADIENTS:
        return (struct phase_work){"critic", {.forward = 2, .backward_weights = 2, .backward_input = 2}};
    case SAC_PHASE_ACTION_GRADIENTS:
        return (struct phase_work){"critic", {.backward_input = 1}};
    case SAC_PHASE_VALUES:
        return (struct phase_work){"value network", {.forward = 2}};
    case SAC_PHASE_VALUE_GRADIENT:
        return (struct phase_work){"value network", {.backward_weights = 1, .backward_input = 1}};
    default:
        return (struct phase_work){"", {0}};
    }
}

/* As much of the line as the phase does. The critic's line with nothing but one way back is that of dQ/da~.
 */
static double line_flops(const struct sac_layer_work *line, const struct phase_work *work,
                         bool action_gradient)
{
    struct sac_layer_work part = *line;
    const bool by_actions = line->forward == 0;
    if (strcmp(line->network, work->network) != 0 || (by_actions && !action_gradient))
        return 0;
    part.forward = work->passes.forward;
    part.backward_weights = work->passes.backward_weights;
    part.backward_input = line->backward_input ? work->passes.backward_input : 0;
    return sac_layer_flops(&part);
}

double sac_phase_flops(const struct sac_settings *settings, int observation_size, int action_size,
                       enum sac_phase phase)
{
    struct sac_layer_work lines[SAC_MOST_LAYER_WORK];
    const int count = sac_update_work(settings, observation_size, action_size, lines);
    const struct phase_work work = phase_work(settings, phase);
    const bool action_gradient = phase == SAC_PHASE_ACTION_GRADIENTS;
    double flops = 0;
    if (action_gradient && settings->estimator != SAC_REPARAMETERIZATION)
        return 0;
    for (int i = 0; i < count; i++)
        flops += line_flops(&lines[i], &work, action_gradient);
    return flops;
}
