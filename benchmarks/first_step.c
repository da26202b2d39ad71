/* An environment for cold_start.sh, of Pendulum-v1's sizes: the process ends in its first step. */
#include <softac/env.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OBSERVATIONS = 3 };

static int spec(const char *const *options, struct sac_env_spec *spec, char *error)
{
    static const float low[] = {-1}, high[] = {1};
    (void)options;
    (void)error;
    *spec = (struct sac_env_spec){.size = sizeof *spec,
                                  .observation_size = OBSERVATIONS,
                                  .action_size = 1,
                                  .step_limit = 200,
                                  .action_low = low,
                                  .action_high = high,
                                  .reward_threshold = NAN};
    return 0;
}

static int create(const struct sac_env_create *create, void **instance, char *error)
{
    (void)create;
    (void)error;
    *instance = malloc(1);
    return *instance == NULL;
}

static int reset(void *instance, int32_t count, const int32_t *which, float *observation,
                 size_t observation_stride, char *error)
{
    (void)instance;
    (void)error;
    for (int32_t i = 0; i < count; i++)
        memset(observation + (size_t)which[i] * observation_stride, 0, OBSERVATIONS * sizeof *observation);
    return 0;
}

static int step(void *instance, const struct sac_env_step *step, char *error)
{
    (void)instance;
    (void)step;
    (void)error;
    _exit(0);
}

static const struct sac_env_ops ops = {
    .abi = SAC_ENV_ABI,
    .size = sizeof ops,
    .id = "FirstStep-v0",
    .spec = spec,
    .create = create,
    .reset = reset,
    .step = step,
    .destroy = free,
};

const struct sac_env_ops *sac_env_plugin(uint32_t abi)
{
    (void)abi;
    return &ops;
}
