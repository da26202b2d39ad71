#include "update_work.h"

#include <stdbool.h>

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
