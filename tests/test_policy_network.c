/* The policy's small-batch pass: the right numbers, and a row's action is its own affair. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "memory.h"
#include "policy_network.h"
#include "suite.h"

enum { ROWS = 37, MAX_A = 17 };

static const struct {
    int observation_size, action_size, hidden_layers, hidden[3];
    enum sac_activation activation;
    enum sac_log_std_mapping mapping;
} shapes[] = {
    {3, 1, 2, {64, 64}, SAC_RELU, SAC_LOG_STD_CLAMP},
    {17, 6, 2, {256, 256}, SAC_RELU, SAC_LOG_STD_CLAMP},
    {5, 17, 3, {33, 7, 50}, SAC_TANH, SAC_LOG_STD_TANH},
    {1, 3, 1, {1}, SAC_RELU, SAC_LOG_STD_TANH},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

struct fixture {
    struct sac_policy_network policy;
    float *parameters, *panels, *observation, *noise, *action;
    int observation_ld, noise_ld, action_ld;
};

static struct fixture make(int shape)
{
    struct sac_settings settings = {.hidden_layers = shapes[shape].hidden_layers,
                                    .activation = shapes[shape].activation,
                                    .log_std_mapping = shapes[shape].mapping,
                                    .log_std_low = -5,
                                    .log_std_high = 2};
    memcpy(settings.hidden, shapes[shape].hidden, sizeof shapes[shape].hidden);
    struct fixture f = {.observation_ld = shapes[shape].observation_size + 2,
                        .noise_ld = shapes[shape].action_size + 1,
                        .action_ld = shapes[shape].action_size + 3};
    sac_policy_network_init(&f.policy, shapes[shape].observation_size, shapes[shape].action_size, &settings);
    f.parameters = sac_allocate(f.policy.network.size * sizeof(float));
    f.panels = sac_allocate(f.policy.network.size * sizeof(float));
    f.observation = sac_allocate((size_t)(ROWS * f.observation_ld) * sizeof(float));
    f.noise = sac_allocate((size_t)(ROWS * f.noise_ld) * sizeof(float));
    f.action = sac_allocate((size_t)(ROWS * f.action_ld) * sizeof(float));
    ck_assert(f.parameters && f.panels && f.observation && f.noise && f.action);
    sac_network_randomize(&f.policy.network, f.parameters, 1, 0);
    sac_network_pack(&f.policy.network, f.panels, f.parameters);
    sac_kernels_scalar.normal(f.observation, f.observation_ld, 2, SAC_PURPOSE_EVALUATION, 0, 0, ROWS,
                              shapes[shape].observation_size);
    sac_kernels_scalar.normal(f.noise, f.noise_ld, 2, SAC_PURPOSE_ACTION_NOISE, 0, 0, ROWS,
                              shapes[shape].action_size);
    return f;
}

static void destroy(struct fixture *f)
{
    sac_free(f->parameters);
    sac_free(f->panels);
    sac_free(f->observation);
    sac_free(f->noise);
    sac_free(f->action);
}

/* Rows first .. first+rows-1 into f->action, the rest of which is set to 9. */
static void act(struct fixture *f, int first, int rows, int stochastic)
{
    for (int i = 0; i < ROWS * f->action_ld; i++)
        f->action[i] = 9;
    float *scratch = sac_allocate(sac_policy_network_scratch(&f->policy, rows) * sizeof(float));
    ck_assert_ptr_nonnull(scratch);
    sac_policy_network_act(&f->policy, f->panels, scratch, f->action, f->action_ld,
                           f->observation + first * f->observation_ld, f->observation_ld,
                           stochastic ? f->noise + first * f->noise_ld : NULL, f->noise_ld, rows);
    sac_free(scratch);
}

/* One row in double precision, straight from the definition. */
static void act_by_hand(const struct fixture *f, int row, int stochastic, double *action)
{
    const struct sac_network *network = &f->policy.network;
    const int A = f->policy.action_size;
    double x[256], y[256];
    for (int i = 0; i < f->policy.observation_size; i++)
        x[i] = (double)f->observation[row * f->observation_ld + i];
    for (int l = 0; l < network->layers; l++) {
        const struct sac_layer *layer = &network->layer[l];
        for (int j = 0; j < layer->out; j++) {
            y[j] = (double)f->parameters[layer->bias + (size_t)j];
            for (int k = 0; k < layer->in; k++)
                y[j] += x[k] * (double)f->parameters[layer->weights + (size_t)(k * layer->ld + j)];
            if (l + 1 < network->layers)
                y[j] = network->activation == SAC_RELU ? fmax(0, y[j]) : tanh(y[j]);
        }
        memcpy(x, y, sizeof x);
    }
    for (int d = 0; d < A; d++) {
        const double raw = x[A + d];
        const double log_std = f->policy.log_std.mapping == SAC_LOG_STD_TANH ? -5 + 3.5 * (tanh(raw) + 1)
                                                                             : fmin(2, fmax(-5, raw));
        action[d] = tanh(x[d] + (stochastic ? exp(log_std) * (double)f->noise[row * f->noise_ld + d] : 0));
    }
}

/* Layers, squashing and strides are right: equal to the definition in double, and nothing else is written. */
START_TEST(equals_definition)
{
    for (int s = 0; s < SHAPES; s++) {
        struct fixture f = make(s);
        for (int stochastic = 0; stochastic < 2; stochastic++) {
            act(&f, 0, ROWS - 1, stochastic);
            for (int r = 0; r < ROWS; r++) {
                double want[MAX_A];
                act_by_hand(&f, r, stochastic, want);
                for (int d = 0; d < f.action_ld; d++) {
                    const double got = (double)f.action[r * f.action_ld + d];
                    const int written = r < ROWS - 1 && d < f.policy.action_size;
                    ck_assert_double_eq_tol(got, written ? want[d] : 9, written ? 3e-6 : 1e-9);
                }
            }
        }
        destroy(&f);
    }
}
END_TEST

/* With each table: any run of rows gives the bits that those rows have in the whole batch. */
START_TEST(rows_are_independent)
{
    const struct sac_kernels *table[4];
    sac_kernels_available(table);
    ck_assert_int_eq(sac_kernels_select(table[_i]->name), SAC_OK);
    for (int s = 0; s < SHAPES; s++) {
        struct fixture f = make(s);
        float all[ROWS * (MAX_A + 3)];
        act(&f, 0, ROWS, 1);
        memcpy(all, f.action, (size_t)(ROWS * f.action_ld) * sizeof(float));
        for (int rows = 1; rows < ROWS; rows += 1 + rows / 9) {
            const int first = (5 * rows) % (ROWS - rows);
            act(&f, first, rows, 1);
            ck_assert_mem_eq(f.action, all + first * f.action_ld,
                             (size_t)(rows * f.action_ld - 3) * sizeof(float));
        }
        destroy(&f);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("policy network");
    tcase_add_test(tc, equals_definition);
    const struct sac_kernels *table[4];
    tcase_add_loop_test(tc, rows_are_independent, 0, sac_kernels_available(table));
    return suite_run(CK_FORK_GETENV, "policy network", 1, tc);
}
