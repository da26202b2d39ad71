/* Settings of a training run. Plain values: fill with sac_settings_default(), change, pass on.
 *
 * The one table of keys, ranges, defaults and help texts is in src/settings.c; `softac train --help`
 * prints it. Nothing here depends on the machine: see struct sac_machine for what does. */
#ifndef SOFTAC_SETTINGS_H
#define SOFTAC_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <softac/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SAC_MAX_HIDDEN_LAYERS 16

enum sac_algorithm { SAC_V1, SAC_V2 }; /* Haarnoja et al. 2018a, 2018b */
enum sac_estimator {
    SAC_REPARAMETERIZATION,
    SAC_SCORE_FUNCTION
}; /* of the policy gradient; the second: v1 only */
enum sac_mode { SAC_ASYNC, SAC_LOCKSTEP };
enum sac_activation { SAC_RELU, SAC_TANH };
enum sac_log_std_mapping { SAC_LOG_STD_CLAMP, SAC_LOG_STD_TANH };

struct sac_settings {
    /* the run */
    int64_t steps; /* environment steps in all, >= 1 */
    uint64_t seed;
    enum sac_mode mode;
    int environments;   /* in all, over all env threads, >= 1 */
    int64_t eval_every; /* environment steps between evaluations; 0: at the end only */
    int eval_episodes;

    /* the algorithm */
    enum sac_algorithm algorithm;
    enum sac_estimator estimator;
    double gamma; /* discount, [0, 1] */
    double tau;   /* Polyak step of the target networks, (0, 1] */
    double reward_scale;
    bool temperature_auto; /* v2: learn alpha; else it stays at `temperature` */
    double temperature;    /* alpha at the start */
    double target_entropy; /* nats; NaN: -action_size */

    /* the networks */
    int hidden_layers;
    int hidden[SAC_MAX_HIDDEN_LAYERS];
    enum sac_activation activation;
    enum sac_log_std_mapping log_std_mapping;
    double log_std_low, log_std_high;

    /* the optimiser (Adam) */
    int batch_size;
    double policy_learning_rate, critic_learning_rate, value_learning_rate, temperature_learning_rate;

    /* the data */
    int64_t replay_capacity; /* rows kept over all environments */
    int64_t warmup_steps;    /* uniformly random actions before the first update */
    double update_to_data;   /* gradient updates per environment step */
    int updates_per_round;   /* gradient updates in a row */
    int learner_split;       /* parts the learner's work is divided into; 0: auto */
};

/* What depends on the machine and changes no result in lockstep. 0 everywhere: choose. */
struct sac_machine {
    int env_threads;
    int learner_threads; /* a host that OMP_THREAD_LIMIT allows fewer gets fewer */
};

/* Every field at the default of the settings table. */
void sac_settings_default(struct sac_settings *settings);

/* Check single ranges and what depends on each other (score_function needs sac_v1, low < high, ...).
 * SAC_INVALID names the key, its value and what was expected. */
enum sac_status sac_settings_check(const struct sac_settings *settings);

#ifdef __cplusplus
}
#endif
#endif
