// The cart of train_own_environment.c as a C++17 class: exceptions end at the table, destructors free.
#include <softac/env_random.h>
#include <softac/softac.h>

#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <vector>

class Carts
{
  public:
    explicit Carts(const sac_env_create &make)
        : seed(make.seed), first(make.first_environment), cart(make.environments)
    {
    }

    void reset(int j, float *seen)
    {
        sac_env_stream stream{seed, cart[j].episodes++, static_cast<std::uint32_t>(first + j), 0};
        cart[j].x = static_cast<float>(sac_env_uniform(&stream, -1, 1));
        cart[j].v = 0;
        see(j, seen);
    }

    void step(int j, const float *action, float *seen, double &reward)
    {
        cart[j].v += 0.1f * action[0];
        cart[j].x += 0.1f * cart[j].v;
        reward = -(cart[j].x * cart[j].x + 0.1 * cart[j].v * cart[j].v);
        see(j, seen);
    }

  private:
    struct Cart {
        float x = 0, v = 0;
        std::uint64_t episodes = 0;
    };
    void see(int j, float *seen) const
    {
        seen[0] = cart[j].x;
        seen[1] = cart[j].v;
    }
    std::uint64_t seed;
    int first;
    std::vector<Cart> cart;
};

// No exception may cross the C functions of the table: it becomes the environment's error.
template <class Work> int guarded(char *error, Work work) noexcept
{
    try {
        work();
        return 0;
    } catch (const std::exception &e) {
        return std::snprintf(error, SAC_ENV_ERROR_SIZE, "%s", e.what()), 1;
    }
}

static sac_env_ops table()
{
    sac_env_ops ops{};
    ops.abi = SAC_ENV_ABI;
    ops.size = sizeof ops;
    ops.id = "Cart-v0";
    ops.spec = [](const char *const *, sac_env_spec *spec, char *) {
        static const float low[] = {-1}, high[] = {1};
        *spec = {};
        spec->size = sizeof *spec;
        spec->observation_size = 2;
        spec->action_size = 1;
        spec->step_limit = 100;
        spec->action_low = low;
        spec->action_high = high;
        spec->reward_threshold = NAN;
        return 0;
    };
    ops.create = [](const sac_env_create *make, void **instance, char *error) {
        return guarded(error, [&] { *instance = new Carts(*make); });
    };
    ops.reset = [](void *instance, std::int32_t count, const std::int32_t *which, float *observation,
                   std::size_t stride, char *error) {
        return guarded(error, [&] {
            for (int i = 0; i < count; i++)
                static_cast<Carts *>(instance)->reset(which[i], observation + which[i] * stride);
        });
    };
    ops.step = [](void *instance, const sac_env_step *s, char *error) {
        return guarded(error, [&] {
            for (int j = 0; j < s->count; j++) {
                static_cast<Carts *>(instance)->step(j, s->action + j * s->action_stride,
                                                     s->observation + j * s->observation_stride,
                                                     s->reward[j]);
                s->terminated[j] = s->truncated[j] = 0;
            }
        });
    };
    ops.destroy = [](void *instance) { delete static_cast<Carts *>(instance); };
    return ops;
}

static void check(sac_status status)
{
    if (status != SAC_OK)
        throw std::runtime_error(sac_last_error());
}

int main()
try {
    const sac_env_ops cart = table();
    sac_settings settings;
    sac_settings_default(&settings);
    settings.steps = 3000;
    settings.hidden[0] = settings.hidden[1] = 64;
    sac_trainer *made = nullptr;
    check(sac_trainer_create(&settings, nullptr, &cart, nullptr, &made));
    const std::unique_ptr<sac_trainer, decltype(&sac_trainer_destroy)> trainer(made, sac_trainer_destroy);
    check(sac_trainer_run(trainer.get(), nullptr));
    sac_policy *learnt = nullptr;
    check(sac_trainer_policy(trainer.get(), &learnt));
    const std::unique_ptr<sac_policy, decltype(&sac_policy_destroy)> policy(learnt, sac_policy_destroy);
    const float observation[2] = {1, 0};
    float action[1];
    check(sac_policy_act(policy.get(), observation, 1, action, true, 0, 0));
    std::printf("at x = 1, v = 0 the cart is pushed with %.6f\n", static_cast<double>(action[0]));
} catch (const std::exception &e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
