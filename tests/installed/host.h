/* What the host programs share: training on a small environment through a table of functions. */
#ifndef HOST_H
#define HOST_H

#include <softac/softac.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct library {
    void (*settings_default)(struct sac_settings *settings);
    enum sac_status (*trainer_create)(const struct sac_settings *settings, const struct sac_machine *machine,
                                      const struct sac_env_ops *env, const char *const *env_options,
                                      struct sac_trainer **trainer);
    enum sac_status (*trainer_run)(struct sac_trainer *trainer, const struct sac_observer *observer);
    enum sac_status (*trainer_policy)(const struct sac_trainer *trainer, struct sac_policy **policy);
    void (*trainer_destroy)(struct sac_trainer *trainer);
    enum sac_status (*policy_act)(const struct sac_policy *policy, const float *observation, int rows,
                                  float *action, bool deterministic, uint64_t seed, uint64_t step);
    void (*policy_destroy)(struct sac_policy *policy);
    const char *(*last_error)(void);
};

static int host_spec(const char *const *options, struct sac_env_spec *spec, char *error)
{
    static const float low[] = {-1}, high[] = {1};
    (void)options;
    (void)error;
    memset(spec, 0, sizeof *spec);
    spec->size = sizeof *spec;
    spec->observation_size = spec->action_size = 1;
    spec->step_limit = 50;
    spec->action_low = low;
    spec->action_high = high;
    spec->reward_threshold = (double)NAN;
    return 0;
}

static int host_create(const struct sac_env_create *make, void **instance, char *error)
{
    (void)error;
    *instance = calloc((size_t)make->environments, sizeof(float));
    return !*instance;
}

static int host_reset(void *instance, int32_t count, const int32_t *which, float *observation, size_t stride,
                      char *error)
{
    (void)error;
    for (int i = 0; i < count; i++)
        observation[(size_t)which[i] * stride] = ((float *)instance)[which[i]] = 1;
    return 0;
}

static int host_step(void *instance, const struct sac_env_step *step, char *error)
{
    (void)error;
    for (int j = 0; j < step->count; j++) {
        float *place = (float *)instance + j;
        *place += 0.2f * step->action[(size_t)j * step->action_stride];
        step->observation[(size_t)j * step->observation_stride] = *place;
        step->reward[j] = -fabs((double)*place);
        step->terminated[j] = step->truncated[j] = 0;
    }
    return 0;
}

/* Train with two learner threads; returns a status, and the action at 1. */
static enum sac_status host_train(const struct library *l, float *action)
{
    static const struct sac_env_ops ops = {.abi = SAC_ENV_ABI,
                                           .size = sizeof ops,
                                           .id = "Host-v0",
                                           .spec = host_spec,
                                           .create = host_create,
                                           .reset = host_reset,
                                           .step = host_step,
                                           .destroy = free};
    const struct sac_machine machine = {.env_threads = 2, .learner_threads = 2};
    const float observation = 1;
    struct sac_settings settings;
    struct sac_trainer *trainer = NULL;
    struct sac_policy *policy = NULL;
    l->settings_default(&settings);
    settings.mode = SAC_LOCKSTEP;
    settings.steps = 400;
    settings.warmup_steps = 200;
    settings.batch_size = 32;
    settings.hidden[0] = settings.hidden[1] = 16;
    settings.eval_episodes = 1;
    enum sac_status status = l->trainer_create(&settings, &machine, &ops, NULL, &trainer);
    if (status == SAC_OK)
        status = l->trainer_run(trainer, NULL);
    if (status == SAC_OK)
        status = l->trainer_policy(trainer, &policy);
    if (status == SAC_OK)
        status = l->policy_act(policy, &observation, 1, action, true, 0, 0);
    l->policy_destroy(policy);
    l->trainer_destroy(trainer);
    return status;
}

#endif
