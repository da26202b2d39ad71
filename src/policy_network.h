/* The policy: a network whose last layer gives the mean and the raw log standard deviation of a Gaussian,
 * squashed by tanh. Small batches, used by env threads, evaluator and sac_policy_act; the learner has its
 * own, larger pass. */
#ifndef SAC_POLICY_NETWORK_H
#define SAC_POLICY_NETWORK_H

#include "network.h"

struct sac_log_std {
    enum sac_log_std_mapping mapping;
    float low, high;
};

struct sac_policy_network {
    struct sac_network network; /* last layer: out = 2 * action_size: mean | raw log std */
    int observation_size, action_size;
    struct sac_log_std log_std;
};

void sac_policy_network_init(struct sac_policy_network *policy, int observation_size, int action_size,
                             const struct sac_settings *settings);

/* Floats of scratch that sac_policy_network_act needs for `rows` rows. */
size_t sac_policy_network_scratch(const struct sac_policy_network *policy, int rows);

/* panels (network.size): the parameters as sac_network_pack lays them; observation (rows, observation_ld)
 * -> the last layer's output (rows, *head_ld), in scratch: mean | raw log std. A row's result does not depend
 * on `rows`. */
const float *sac_policy_network_forward(const struct sac_policy_network *policy, const float *panels,
                                        float *scratch, int *head_ld, const float *observation,
                                        int observation_ld, int rows);

/* The same, then with noise (rows, noise_ld) standard normal or NULL for the deterministic action
 * -> action (rows, action_ld) in [-1, 1]. */
void sac_policy_network_act(const struct sac_policy_network *policy, const float *panels, float *scratch,
                            float *action, int action_ld, const float *observation, int observation_ld,
                            const float *noise, int noise_ld, int rows);

/* [-1, 1] -> environment units, the paper's "times max action", never beyond the bounds by rounding. Packed
 * (rows, action_size); low and high (action_size). */
static inline void sac_action_scale(float *environment_action, const float *action, const float *low,
                                    const float *high, int rows, int action_size)
{
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < action_size; i++) {
            const int at = r * action_size + i;
            const float scaled = 0.5f * (low[i] + high[i]) + 0.5f * (high[i] - low[i]) * action[at];
            environment_action[at] = scaled < low[i] ? low[i] : scaled > high[i] ? high[i] : scaled;
        }
}

#endif
