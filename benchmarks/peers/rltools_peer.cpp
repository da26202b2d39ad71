// Times RLtools' SAC through its public headers. Sizes are constants there, so each shape is a program of its
// own: compiled with PEER_OBSERVATION, PEER_ACTION, PEER_HIDDEN and PEER_BATCH defined.
// usage: rltools_peer update SECONDS
//        rltools_peer train SEED POLICY    where the sizes are those of its own pendulum
// Prints a line of JSON: updates per second, or the mean return of what it trained and saved.

// Each needs those before it.
// clang-format off
#include <rl_tools/operations/cpu_mux.h>
#include <rl_tools/rl/environments/pendulum/operations_cpu.h>
#include <rl_tools/nn/optimizers/adam/instance/operations_generic.h>
#include <rl_tools/nn/operations_cpu_mux.h>
#include <rl_tools/nn/layers/sample_and_squash/operations_generic.h>
#include <rl_tools/nn_models/mlp/operations_generic.h>
#include <rl_tools/nn_models/sequential/operations_generic.h>
#include <rl_tools/nn/optimizers/adam/operations_generic.h>
#include <rl_tools/containers/matrix/persist_code.h>
#include <rl_tools/containers/tensor/persist_code.h>
#include <rl_tools/numeric_types/persist_code.h>
#include <rl_tools/nn/optimizers/adam/instance/persist_code.h>
#include <rl_tools/nn/parameters/persist_code.h>
#include <rl_tools/nn/layers/sample_and_squash/persist_code.h>
#include <rl_tools/nn/layers/dense/persist_code.h>
#include <rl_tools/nn_models/mlp/persist_code.h>
#include <rl_tools/nn_models/sequential/persist_code.h>
#include <rl_tools/rl/algorithms/sac/loop/core/config.h>
#include <rl_tools/rl/algorithms/sac/loop/core/operations_generic.h>
#include <rl_tools/rl/utils/evaluation/operations_generic.h>
// clang-format on

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <type_traits>

namespace rlt = rl_tools;

using Device = rlt::devices::DEVICE_FACTORY<>;
using Random = Device::SPEC::RANDOM::ENGINE<>;
using Index = Device::index_t;
using Types = rlt::numeric_types::Policy<float>;
using Pendulum =
    rlt::rl::environments::Pendulum<rlt::rl::environments::pendulum::Specification<float, Index>>;

// Other sizes than a pendulum's: for learners that never act.
struct Shape : Pendulum {
    struct Observation {
        static constexpr Index DIM = PEER_OBSERVATION;
    };
    using ObservationPrivileged = Observation;
    static constexpr Index ACTION_DIM = PEER_ACTION;
};

constexpr bool is_pendulum =
    PEER_OBSERVATION == Pendulum::Observation::DIM && PEER_ACTION == Pendulum::ACTION_DIM;
using Environment = rlt::utils::typing::conditional_t<is_pendulum, Pendulum, Shape>;

namespace sac = rlt::rl::algorithms::sac;

template <typename ENVIRONMENT, Index ROWS>
struct Parameters : sac::loop::core::DefaultParameters<Types, Index, ENVIRONMENT> {
    struct SAC_PARAMETERS : sac::DefaultParameters<Types, Index, PEER_ACTION> {
        static constexpr Index ACTOR_BATCH_SIZE = PEER_BATCH, CRITIC_BATCH_SIZE = PEER_BATCH;
    };
    static constexpr Index ACTOR_HIDDEN_DIM = PEER_HIDDEN, CRITIC_HIDDEN_DIM = PEER_HIDDEN;
    static constexpr Index REPLAY_BUFFER_CAP = ROWS;
};

// The defaults say the rest: 10,000 steps, 100 of them warm-up, an update for each other, learning rate 1e-3.
template <typename ENVIRONMENT, Index ROWS>
using Config = sac::loop::core::Config<Types, Index, Random, ENVIRONMENT, Parameters<ENVIRONMENT, ROWS>>;

template <typename CONFIG> struct Training : CONFIG::template State<CONFIG> {
    Device device;

    explicit Training(Index seed)
    {
        rlt::malloc(device, state());
        rlt::init(device, state(), seed);
    }
    ~Training() { rlt::free(device, state()); }
    typename CONFIG::template State<CONFIG> &state() { return *this; }
};

template <typename TRAINING> void fill_replay(TRAINING &t)
{
    auto &replay = rlt::get(t.off_policy_runner.replay_buffers, 0, 0);
    rlt::randn(t.device, replay.data, t.rng);
    rlt::set_all(t.device, replay.terminated, 0);
    rlt::set_all(t.device, replay.truncated, 0);
    replay.full = true;
}

// As its loop does between two steps of the environment.
template <typename TRAINING> void update(TRAINING &t)
{
    auto &networks = t.actor_critic;
    rlt::gather_batch(t.device, t.off_policy_runner, t.critic_batch, t.rng);
    rlt::randn(t.device, t.action_noise_critic, t.rng);
    for (int i = 0; i < 2; i++)
        rlt::train_critic(t.device, networks, networks.critics[i], t.critic_batch,
                          networks.critic_optimizers[i], t.actor_target_buffers[i], t.critic_buffers[i],
                          t.critic_target_buffers[i], t.critic_training_buffers[i], t.action_noise_critic,
                          t.rng);
    rlt::update_critic_targets(t.device, networks);
    rlt::randn(t.device, t.action_noise_actor, t.rng);
    rlt::train_actor(t.device, networks, t.critic_batch, networks.actor_optimizer, t.actor_buffers[0],
                     t.critic_buffers[0], t.actor_training_buffers, t.action_noise_actor, t.rng);
}

static void time_updates(double seconds)
{
    using Clock = std::chrono::steady_clock;
    Training<Config<Environment, 100000>> training(0);
    fill_replay(training);
    for (int i = 0; i < 100; i++)
        update(training);
    const auto start = Clock::now();
    std::chrono::duration<double> passed{};
    long updates = 0;
    for (; passed.count() < seconds; passed = Clock::now() - start, updates++)
        update(training);
    std::printf("{\"1\": %.6g}\n", (double)updates / passed.count());
}

template <typename ENVIRONMENT> void train(Index seed, const char *policy)
{
    Training<Config<ENVIRONMENT, 10000>> training(seed);
    while (!rlt::step(training.device, training.state())) {
    }
    std::ofstream(policy) << rlt::save_code(training.device, rlt::get_actor(training), "policy");

    using Evaluation = rlt::rl::utils::evaluation::Specification<Types, Index, ENVIRONMENT, 50, 200>;
    rlt::rl::utils::evaluation::Result<Evaluation> result;
    ENVIRONMENT environment;
    rlt::rl::environments::DummyUI ui;
    rlt::Mode<rlt::mode::Evaluation<>> mode;
    rlt::evaluate(training.device, environment, ui, rlt::get_actor(training), result, training.rng, mode);
    std::printf("{\"return\": %.6g}\n", (double)result.returns_mean);
}

// A template, so that there is no training where there is no such environment.
template <typename ENVIRONMENT> int run(int count, char **word)
{
    if (count == 3 && std::strcmp(word[1], "update") == 0) {
        time_updates(std::atof(word[2]));
        return 0;
    }
    if constexpr (std::is_same_v<ENVIRONMENT, Pendulum>) {
        if (count == 4 && std::strcmp(word[1], "train") == 0) {
            train<ENVIRONMENT>(std::strtoul(word[2], nullptr, 10), word[3]);
            return 0;
        }
    }
    return 2;
}

int main(int count, char **word)
{
    return run<Environment>(count, word);
}
