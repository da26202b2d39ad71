#include "agent_fixture.h"

#include <check.h>
#include <math.h>
#include <pthread.h>

#include "random.h"

enum { OBSERVATION_SIZE = 3, ACTION_SIZE = 2 };

struct sac_settings fixture_settings(enum sac_algorithm algorithm)
{
    return (struct sac_settings){
        .seed = 7,
        .algorithm = algorithm,
        .estimator = SAC_REPARAMETERIZATION,
        .gamma = 0.97,
        .tau = 0.01,
        .reward_scale = 1.5,
        .temperature_auto = algorithm == SAC_V2,
        .temperature = 0.3,
        .target_entropy = NAN,
        .hidden_layers = 2,
        .hidden = {6, 5},
        .activation = SAC_RELU,
        .log_std_mapping = SAC_LOG_STD_CLAMP,
        .log_std_low = -20,
        .log_std_high = 2,
        .batch_size = 11,
        .policy_learning_rate = 1e-3,
        .critic_learning_rate = 2e-3,
        .value_learning_rate = 1.5e-3,
        .temperature_learning_rate = 5e-4,
    };
}

struct fixture fixture_create(const struct sac_settings *settings, int split, int members)
{
    struct fixture f;
    ck_assert_msg(sac_team_create(members, &f.team) == SAC_OK, "%s", sac_last_error());
    ck_assert_msg(sac_agent_create(settings, OBSERVATION_SIZE, ACTION_SIZE, split, f.team, &f.agent) ==
                      SAC_OK,
                  "%s", sac_last_error());
    return f;
}

void fixture_destroy(struct fixture *fixture)
{
    sac_agent_destroy(fixture->agent);
    sac_team_destroy(fixture->team);
}

/* Numbers in [-1, 1) that belong to no purpose of the library. */
static float number_at(uint64_t batch, int row, int column)
{
    const struct sac_philox r =
        sac_random(99, (enum sac_purpose)77, batch, (uint32_t)row, (uint32_t)column / 4);
    return 2 * sac_unit_float(r.word[column % 4]) - 1;
}

void fixture_fill_batch(struct sac_batch *batch, uint64_t number)
{
    const int O = batch->observation_size, A = batch->action_size;
    for (int r = 0; r < batch->rows; r++) {
        const size_t row = (size_t)r * (size_t)batch->ld;
        for (int i = 0; i < O; i++) {
            batch->current[row + (size_t)i] = batch->taken[row + (size_t)i] = number_at(number, r, i);
            batch->next[row + (size_t)i] = number_at(number, r, O + i);
        }
        for (int i = 0; i < A; i++)
            batch->taken[row + (size_t)(O + i)] = number_at(number, r, 2 * O + i);
        batch->reward[r] = 2 * number_at(number, r, 2 * O + A);
        batch->not_terminated[r] = r % 5 == 4 ? 0 : 1;
    }
}

struct lead {
    struct fixture *fixture;
    int updates;
    struct sac_losses losses;
};

static void lead(void *context)
{
    struct lead *l = context;
    struct sac_agent *agent = l->fixture->agent;
    for (int i = 0; i < l->updates; i++) {
        fixture_fill_batch(sac_agent_batch(agent), (uint64_t)i);
        sac_update(agent, (uint64_t)i, &l->losses);
    }
}

static void *learner(void *context)
{
    struct lead *l = context;
    sac_team_enter(l->fixture->team, lead, l);
    return NULL;
}

/* On a thread of its own, as in a run: so each region gets new threads from libgomp, whose re-use of old ones
 * looks like a race to ThreadSanitizer. */
struct sac_losses fixture_update(struct fixture *fixture, int updates)
{
    struct lead l = {.fixture = fixture, .updates = updates};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, learner, &l), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    return l.losses;
}
