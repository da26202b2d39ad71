/* A cart on a line is to stop at 0: an environment of one's own, in a program of one's own. Trains, saves,
 * acts. */
#include <softac/env_random.h>
#include <softac/softac.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct cart {
    float x, v;
    uint64_t episodes;
};

/* One instance: carts that one thread steps together. */
struct carts {
    uint64_t seed;
    uint32_t first;
    struct cart cart[];
};

static int spec(const char *const *options, struct sac_env_spec *spec, char *error)
{
    static const float low[] = {-1}, high[] = {1};
    (void)options, (void)error;
    *spec = (struct sac_env_spec){.size = sizeof *spec,
                                  .observation_size = 2,
                                  .action_size = 1,
                                  .step_limit = 100,
                                  .action_low = low,
                                  .action_high = high,
                                  .reward_threshold = NAN};
    return 0;
}

static int create(const struct sac_env_create *make, void **instance, char *error)
{
    struct carts *carts = calloc(1, sizeof *carts + (size_t)make->environments * sizeof carts->cart[0]);
    if (!carts)
        return snprintf(error, SAC_ENV_ERROR_SIZE, "no memory for %d carts", make->environments);
    carts->seed = make->seed;
    carts->first = (uint32_t)make->first_environment;
    *instance = carts;
    return 0;
}

static int reset(void *instance, int32_t count, const int32_t *which, float *observation, size_t stride,
                 char *error)
{
    struct carts *carts = instance;
    (void)error;
    for (int i = 0; i < count; i++) {
        struct cart *cart = &carts->cart[which[i]];
        struct sac_env_stream stream = {carts->seed, cart->episodes++, carts->first + (uint32_t)which[i], 0};
        float *seen = observation + (size_t)which[i] * stride;
        seen[0] = cart->x = (float)sac_env_uniform(&stream, -1, 1);
        seen[1] = cart->v = 0;
    }
    return 0;
}

static int step(void *instance, const struct sac_env_step *s, char *error)
{
    struct carts *carts = instance;
    (void)error;
    for (int j = 0; j < s->count; j++) {
        struct cart *cart = &carts->cart[j];
        float *seen = s->observation + (size_t)j * s->observation_stride;
        cart->v += 0.1f * s->action[(size_t)j * s->action_stride];
        cart->x += 0.1f * cart->v;
        seen[0] = cart->x;
        seen[1] = cart->v;
        s->reward[j] = -(double)(cart->x * cart->x + 0.1f * cart->v * cart->v);
        s->terminated[j] = fabsf(cart->x) > 5; /* off the rails */
        s->truncated[j] = 0;
    }
    return 0;
}

static const struct sac_env_ops cart = {.abi = SAC_ENV_ABI,
                                        .size = sizeof cart,
                                        .id = "Cart-v0",
                                        .spec = spec,
                                        .create = create,
                                        .reset = reset,
                                        .step = step,
                                        .destroy = free};

static void tell(void *context, const struct sac_evaluation *evaluation)
{
    (void)context;
    fprintf(stderr, "%lld steps: mean return %.2f\n", (long long)evaluation->environment_steps,
            evaluation->mean_return);
}

int main(void)
{
    struct sac_settings settings;
    struct sac_trainer *trainer = NULL;
    struct sac_policy *policy = NULL;
    const struct sac_observer observer = {.evaluation = tell};
    const float observation[2] = {1, 0};
    float action[1];

    sac_settings_default(&settings);
    settings.steps = 6000;
    settings.eval_every = 2000;
    settings.hidden[0] = settings.hidden[1] = 64;
    enum sac_status status = sac_trainer_create(&settings, NULL, &cart, NULL, &trainer);
    if (status == SAC_OK)
        status = sac_trainer_run(trainer, &observer);
    if (status == SAC_OK)
        status = sac_trainer_policy(trainer, &policy);
    if (status == SAC_OK)
        status = sac_policy_save(policy, "cart.safetensors");
    if (status == SAC_OK)
        status = sac_policy_act(policy, observation, 1, action, true, 0, 0);
    if (status == SAC_OK)
        printf("at x = 1, v = 0 the cart is pushed with %.6f\n", (double)action[0]);
    else
        fprintf(stderr, "%s: %s\n", sac_status_name(status), sac_last_error());
    sac_policy_destroy(policy);
    sac_trainer_destroy(trainer);
    return status != SAC_OK;
}
