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

enum sac_algorithm {
    SAC_V1, /* Haarnoja et al. 2018a (arXiv:1801.01290): value network, reward_scale */
    SAC_V2  /* Haarnoja et al. 2018b (arXiv:1812.05905): temperature */
};
/* Of the policy's gradient. */
enum sac_estimator {
    SAC_REPARAMETERIZATION, /* 2018a, equation 13 */
    SAC_SCORE_FUNCTION      /* SAC_V1 only: grad log pi times (log pi - Q + V) */
};
enum sac_mode {
    SAC_ASYNC,   /* everybody at full speed */
    SAC_LOCKSTEP /* bit-identical results for a seed, whatever the number of threads */
};
enum sac_activation { SAC_RELU, SAC_TANH };
enum sac_log_std_mapping {
    SAC_LOG_STD_CLAMP, /* log sigma = raw, held to the bounds */
    SAC_LOG_STD_TANH   /* log sigma = low + (high - low) (1 + tanh raw) / 2 */
};

/* Ranges are checked by sac_settings_check and sac_trainer_create; docs/settings.md has the whole table. */
struct sac_settings {
    /* the run */
    int64_t steps; /* environment steps in all, >= 1 */
    uint64_t seed;
    enum sac_mode mode;
    int environments;   /* in all, over all env threads, 1 to 65536 */
    int64_t eval_every; /* environment steps between evaluations; 0: at the end only */
    int eval_episodes;  /* per evaluation, >= 1 */

    /* the algorithm */
    enum sac_algorithm algorithm;
    enum sac_estimator estimator;
    double gamma;          /* discount per step, [0, 1] */
    double tau;            /* Polyak step of the target networks, (0, 1] */
    double reward_scale;   /* > 0; multiplies rewards. SAC_V1's weight of reward against entropy */
    bool temperature_auto; /* SAC_V2: learn alpha (2018b, equation 18); else it stays at `temperature` */
    double temperature;    /* alpha at the start, > 0 */
    double target_entropy; /* nats; NaN: -action_size (2018b, appendix D) */

    /* the networks */
    int hidden_layers;                 /* 1 to SAC_MAX_HIDDEN_LAYERS */
    int hidden[SAC_MAX_HIDDEN_LAYERS]; /* widths of the first `hidden_layers`, 1 to 65536 */
    enum sac_activation activation;    /* behind every hidden layer */
    enum sac_log_std_mapping log_std_mapping;
    double log_std_low, log_std_high; /* -50 to 20, low < high */

    /* the optimiser: Adam (Kingma and Ba 2015), rates in (0, 1] */
    int batch_size; /* transitions per gradient update */
    double policy_learning_rate, critic_learning_rate, value_learning_rate, temperature_learning_rate;

    /* the data */
    int64_t replay_capacity; /* records kept over all environments, >= 3 for each */
    int64_t warmup_steps;    /* uniformly random actions before the first update, >= 0 */
    double update_to_data;   /* gradient updates per environment step, 1e-6 to 1e6, kept exactly */
    int updates_per_round;   /* gradient updates in a row, >= 1 */
    int learner_split;       /* parts the learner's work is divided into; 0: auto */
};

/* What depends on the machine and changes no result in lockstep. 0 everywhere: choose, by cores, affinity
 * mask and control groups; in async then as many of the learner's threads work as the environments leave room
 * for.
 */
struct sac_machine {
    int env_threads;
    int learner_threads; /* a host that OMP_THREAD_LIMIT allows fewer gets fewer */
    bool pin;            /* bind each thread to CPUs of its own, as far as there are enough */
    int env_timeout;     /* seconds after which an environment's function that has not come back ends the
                            run; 0: 60, -1: any time is allowed */
};

/* Every field at the default of the settings table. NULL: nothing. */
void sac_settings_default(struct sac_settings *settings);

/* Check single ranges and what depends on each other (score_function needs sac_v1, low < high, ...).
 * SAC_INVALID names the key, its value and what was expected; also for NULL and for settings of zeros. */
enum sac_status sac_settings_check(const struct sac_settings *settings);

#ifdef __cplusplus
}
#endif
#endif
