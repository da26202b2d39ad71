/* Training and evaluation. */
#ifndef SOFTAC_TRAINER_H
#define SOFTAC_TRAINER_H

#include <stdbool.h>
#include <stdint.h>

#include <softac/env.h>
#include <softac/policy.h>
#include <softac/settings.h>
#include <softac/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The result of playing episodes with a fixed policy. */
struct sac_evaluation {
    int episodes;
    int64_t environment_steps; /* of the training run when the policy was taken; -1 outside a run */
    uint64_t policy_version;   /* updates behind the policy */
    double mean_return, std_return, median_return;
    double iqm_return, iqm_low,
        iqm_high; /* interquartile mean and its 95 % bootstrap interval (Agarwal et al. 2021) */
    double mean_length;
    const double *returns; /* (episodes) valid during the callback, or until the owner frees it */
};

/* One look at a run. Means are over what happened since the previous look; NaN where nothing did. */
struct sac_progress {
    int64_t environment_steps;
    uint64_t updates;
    int64_t episodes; /* finished so far */
    double wall_seconds;
    double steps_per_second, updates_per_second; /* since the previous look */
    double mean_return, mean_length;             /* of the last 100 episodes, as in Stable-Baselines3 */
    double critic_loss, value_loss, policy_loss, temperature_loss;
    double temperature;    /* alpha */
    double entropy;        /* -mean log pi of fresh actions, nats */
    double update_to_data; /* achieved after warm-up */
    double staleness_mean, staleness_p95,
        staleness_max; /* age of what was drawn, in updates of the acting policy */
    double env_wait_fraction, learner_wait_fraction; /* share of the time slept in the governor */
};

/* Called on the thread that called sac_trainer_run, never at the same time. Any pointer may be null. */
struct sac_observer {
    void *context;
    void (*progress)(void *context, const struct sac_progress *progress);
    void (*evaluation)(void *context, const struct sac_evaluation *evaluation);
};

struct sac_trainer;

/* Allocate everything and start nothing. `env` and `env_options` must outlive the trainer. */
enum sac_status sac_trainer_create(const struct sac_settings *settings, const struct sac_machine *machine,
                                   const struct sac_env_ops *env, const char *const *env_options,
                                   struct sac_trainer **trainer);

/* Train to the end of the step budget, evaluate, return SAC_OK; SAC_STOPPED after sac_trainer_stop; the first
 * error of any thread otherwise. All threads are joined on return. Once per trainer. */
enum sac_status sac_trainer_run(struct sac_trainer *trainer, const struct sac_observer *observer);

/* Ask for an early, clean end. Any thread, and signal handlers. */
void sac_trainer_stop(struct sac_trainer *trainer);

/* A copy of the policy as it is after sac_trainer_run (whatever that returned) or before it. Caller destroys.
 */
enum sac_status sac_trainer_policy(const struct sac_trainer *trainer, struct sac_policy **policy);

void sac_trainer_destroy(struct sac_trainer *trainer); /* takes NULL */

/* NULL, or a sentence with the paths of the OpenMP runtimes that this process has loaded, if there are
 * several: training works, but may be slow. Valid until the calling thread's next call. */
const char *sac_openmp_warning(void);

/* Play `episodes` episodes. The result depends on policy, environment, seed and episodes alone. *evaluation's
 * `returns` is malloc'ed: the caller frees it. */
enum sac_status sac_evaluate(const struct sac_policy *policy, const struct sac_env_ops *env,
                             const char *const *env_options, int episodes, uint64_t seed, bool deterministic,
                             struct sac_evaluation *evaluation);

#ifdef __cplusplus
}
#endif
#endif
