/* A plugin for tests/test_environment.c, built four times: as it should be, of another interface version
 * (WRONG_ABI), without the function that a plugin exports (NO_SYMBOL), and failing after so many calls of
 * step (FAIL_AFTER). Its observation counts steps. */
#include <softac/env.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct counter {
    int32_t environments, calls;
    float steps[];
};

static int spec(const char *const *options, struct sac_env_spec *spec, char *error)
{
    static const float low[] = {-1}, high[] = {1};
    (void)options;
    (void)error;
    *spec = (struct sac_env_spec){.size = sizeof *spec,
                                  .observation_size = 1,
                                  .action_size = 1,
                                  .step_limit = 10,
                                  .action_low = low,
                                  .action_high = high,
                                  .reward_threshold = NAN};
    return 0;
}

static int create(const struct sac_env_create *create, void **instance, char *error)
{
    struct counter *c = calloc(1, sizeof *c + (size_t)create->environments * sizeof *c->steps);
    if (!c) {
        snprintf(error, SAC_ENV_ERROR_SIZE, "no memory");
        return 1;
    }
    c->environments = create->environments;
    *instance = c;
    return 0;
}

static int reset(void *instance, int32_t count, const int32_t *which, float *observation,
                 size_t observation_stride, char *error)
{
    struct counter *c = instance;
    (void)error;
    for (int32_t i = 0; i < count; i++) {
        c->steps[which[i]] = 0;
        observation[(size_t)which[i] * observation_stride] = 0;
    }
    return 0;
}

static int step(void *instance, const struct sac_env_step *step, char *error)
{
    struct counter *c = instance;
#ifdef FAIL_AFTER
    if (c->calls++ == FAIL_AFTER) {
        snprintf(error, SAC_ENV_ERROR_SIZE, "the counter is worn out");
        return 1;
    }
#endif
    (void)error;
    for (int32_t j = 0; j < step->count; j++) {
        c->steps[j]++;
        step->observation[(size_t)j * step->observation_stride] = c->steps[j];
        step->reward[j] = 1;
        step->terminated[j] = step->truncated[j] = 0;
    }
    return 0;
}

static const struct sac_env_ops ops = {
#ifdef WRONG_ABI
    .abi = SAC_ENV_ABI + 1,
#else
    .abi = SAC_ENV_ABI,
#endif
    .size = sizeof ops,
    .id = "Counter-v0",
    .spec = spec,
    .create = create,
    .reset = reset,
    .step = step,
    .destroy = free,
};

#ifdef NO_SYMBOL
#define sac_env_plugin another_name
const struct sac_env_ops *another_name(uint32_t abi);
#endif

const struct sac_env_ops *sac_env_plugin(uint32_t abi)
{
    (void)abi;
    return &ops;
}
