/* The policy's pass for small batches: our own layers, one row or a few. */
#include "policy_network.h"

#include "kernels/kernels.h"
#include "memory.h"

void sac_policy_network_init(struct sac_policy_network *policy, int observation_size, int action_size,
                             const struct sac_settings *settings)
{
    sac_network_init(&policy->network, observation_size, settings->hidden, settings->hidden_layers,
                     2 * action_size, settings->activation);
    policy->observation_size = observation_size;
    policy->action_size = action_size;
    policy->log_std = (struct sac_log_std){settings->log_std_mapping, (float)settings->log_std_low,
                                           (float)settings->log_std_high};
}

/* Floats per row of the widest layer's output; layers alternate between two such blocks. */
static int widest(const struct sac_network *network)
{
    int ld = 0;
    for (int l = 0; l < network->layers; l++)
        ld = network->layer[l].ld > ld ? network->layer[l].ld : ld;
    return ld;
}

size_t sac_policy_network_scratch(const struct sac_policy_network *policy, int rows)
{
    return 2 * sac_round_up((size_t)rows * (size_t)widest(&policy->network), 16);
}

const float *sac_policy_network_forward(const struct sac_policy_network *policy, const float *panels,
                                        float *scratch, int *head_ld, const float *observation,
                                        int observation_ld, int rows)
{
    const struct sac_kernels *kernels = sac_kernels();
    const struct sac_network *network = &policy->network;
    float *output[2] = {scratch, scratch + sac_policy_network_scratch(policy, rows) / 2};
    const float *x = observation;
    int x_ld = observation_ld;
    for (int l = 0; l < network->layers; l++) {
        const struct sac_layer *layer = &network->layer[l];
        float *y = output[l % 2];
        kernels->linear_panels(y, layer->ld, x, x_ld, panels + layer->weights, panels + layer->bias,
                               l + 1 < network->layers, network->activation, rows, layer->in, layer->out);
        x = y;
        x_ld = layer->ld;
    }
    *head_ld = x_ld;
    return x;
}

void sac_policy_network_act(const struct sac_policy_network *policy, const float *panels, float *scratch,
                            float *action, int action_ld, const float *observation, int observation_ld,
                            const float *noise, int noise_ld, int rows)
{
    int head_ld;
    const float *head =
        sac_policy_network_forward(policy, panels, scratch, &head_ld, observation, observation_ld, rows);
    sac_kernels()->act(action, action_ld, head, head_ld, noise, noise_ld, policy->log_std, rows,
                       policy->action_size);
}
