/* Training and evaluation. docs/library.md is the guide. */
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

/* The result of playing episodes with a fixed policy. A return is the sum of an episode's rewards, neither
 * discounted nor scaled. */
struct sac_evaluation {
    int episodes;
    int64_t environment_steps; /* of the training run when the policy was taken; -1 outside a run */
    uint64_t policy_version;   /* gradient updates behind the policy; 0 outside a run */
    double mean_return, std_return, median_return;
    double iqm_return, iqm_low,
        iqm_high;       /* interquartile mean and its 95 % bootstrap interval (Agarwal et al. 2021) */
    double mean_length; /* steps per episode */
    const double
        *returns; /* (episodes) valid during the callback; from sac_evaluate the caller's to free() */
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
        staleness_max; /* age of what was drawn, in updates since the acting policy */
    double env_wait_fraction, learner_wait_fraction; /* share of the time slept in the governor */
    double env_duty;                                 /* CPUs that the env threads together kept busy */
    int64_t learner_threads;                         /* that share the work now */
};

/* Callbacks, on the thread that called sac_trainer_run, never at the same time; training goes on meanwhile.
 * Any pointer may be NULL. What they are given is valid during the call. They may call sac_trainer_stop and
 * sac_trainer_policy of their trainer and nothing else of it. */
struct sac_observer {
    void *context; /* handed to all */
    void (*progress)(void *context,
                     const struct sac_progress *progress); /* about once a second, and at the end */
    void (*evaluation)(void *context,
                       const struct sac_evaluation *evaluation); /* every eval_every environment
                                                                   steps, and at the end */
    /* How the run uses the machine, and why: a sentence without a full stop, at its start and at each change.
     */
    void (*placement)(void *context, const char *sentence);
};

/* One training run: settings, environments, replay, networks. One thread at a time may use it, whichever it
 * is; sac_trainer_stop may be called by any at any time until it is destroyed. Trainers share nothing. */
struct sac_trainer;

/* Check everything, allocate everything, make the environments, start nothing. *trainer is NULL unless
 * SAC_OK.
 *
 * settings: copied; filled by sac_settings_default() first. machine: copied; NULL: choose. env: the table of
 * the environment, the caller's own or a plugin's. env_options: "name=value" strings handed to it, NULL at
 * the end; NULL: none. `env` and `env_options` are not copied and must outlive the trainer.
 *
 * The machine is read through hwloc, which says on standard error what contradicts itself there, unless the
 * host has set HWLOC_HIDE_ERRORS=2 before.
 *
 * SAC_INVALID: NULL, or a setting or thread count outside its range. SAC_ENV: the table, sizes or bounds can
 * not be, or spec or create failed. SAC_NOMEM. SAC_BACKEND. */
enum sac_status sac_trainer_create(const struct sac_settings *settings, const struct sac_machine *machine,
                                   const struct sac_env_ops *env, const char *const *env_options,
                                   struct sac_trainer **trainer);

/* Train to the end of the step budget, play the last evaluation, return SAC_OK. Once per trainer: SAC_STATE.
 * observer: NULL for none, else valid until it returns. All threads are joined on return, but for those that
 * are inside a reset or step of the environment that does not come back (machine->env_timeout): SAC_ENV names
 * it.
 *
 * SAC_STOPPED after sac_trainer_stop; otherwise the first error of any thread: SAC_ENV, SAC_NOMEM. Whatever
 * it returned, sac_trainer_policy gives what was learnt. */
enum sac_status sac_trainer_run(struct sac_trainer *trainer, const struct sac_observer *observer);

/* Ask for an early, clean end: any thread, observers, signal handlers; also before the run, which then ends
 * at once. Takes NULL. */
void sac_trainer_stop(struct sac_trainer *trainer);

/* A copy of the policy, the caller's to destroy: after sac_trainer_run what it learnt, whatever it returned;
 * during it, in an observer's callback, the newest. *policy is NULL unless SAC_OK. SAC_STATE: before the run,
 * or during it in another thread. SAC_INVALID (NULL), SAC_NOMEM. */
enum sac_status sac_trainer_policy(const struct sac_trainer *trainer, struct sac_policy **policy);

/* Frees it and destroys its environments. Takes NULL. Not during its run. Does nothing where the run left a
 * thread behind in an environment: that may come back and go on using all of it. */
void sac_trainer_destroy(struct sac_trainer *trainer);

/* NULL, or a sentence with the paths of the OpenMP runtimes that this process has loaded, if there are
 * several: training works, but may be slow. Valid until the calling thread's next call. */
const char *sac_openmp_warning(void);

/* Play `episodes` >= 1 episodes in the calling thread. The result depends on policy, environment, seed and
 * episodes alone; with deterministic false, actions are drawn. *evaluation's `returns` is malloc'ed: the
 * caller frees it. SAC_INVALID: NULL, episodes < 1, or an environment of other sizes than the policy's.
 * SAC_ENV, SAC_NOMEM. Any thread. */
enum sac_status sac_evaluate(const struct sac_policy *policy, const struct sac_env_ops *env,
                             const char *const *env_options, int episodes, uint64_t seed, bool deterministic,
                             struct sac_evaluation *evaluation);

#ifdef __cplusplus
}
#endif
#endif
