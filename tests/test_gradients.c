/* The gradients that the training code computes in float against finite differences of every loss in double,
 * by every parameter.
 *
 * Bound: |gradient - difference| <= 2e-5 max |difference| over the parameter's layer. Central differences
 * with a step of 1e-5 are good to 1e-9 of that. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent_fixture.h"
#include "suite.h"
#include "twin.h"

#define BOUND 2e-5
#define STEP  1e-5

/* --- comparing --- */

typedef double (*loss_function)(const struct twin *twin, const void *context);

static double difference(const struct twin *twin, double *parameter, loss_function loss, const void *context)
{
    const double at = *parameter;
    *parameter = at + STEP;
    const double above = loss(twin, context);
    *parameter = at - STEP;
    const double below = loss(twin, context);
    *parameter = at;
    return (above - below) / (2 * STEP);
}

/* One block of weights or biases: `rows` rows of `columns` parameters, the rest of each row padding. */
static void compare_block(const char *name, int l, const float *gradient, const struct twin *twin,
                          double *parameters, int rows, int columns, int ld, loss_function loss,
                          const void *context)
{
    double expected[4096], largest = 0;
    ck_assert_int_le(rows * columns, 4096);
    for (int i = 0; i < rows * columns; i++) {
        double *parameter = &parameters[i / columns * ld + i % columns];
        expected[i] = difference(twin, parameter, loss, context);
        largest = fmax(largest, fabs(expected[i]));
    }
    for (int i = 0; i < rows * ld; i++) {
        const double g = (double)gradient[i];
        if (i % ld >= columns)
            ck_assert_msg(g == 0, "%s, layer %d: padding has the gradient %g", name, l, g);
        else
            ck_assert_msg(fabs(g - expected[i / ld * columns + i % ld]) <= BOUND * largest,
                          "%s, layer %d, [%d][%d]: gradient %.9g, finite difference %.9g, largest %.9g", name,
                          l, i / ld, i % ld, g, expected[i / ld * columns + i % ld], largest);
    }
    ck_assert_msg(largest > 0, "%s, layer %d: no gradient at all", name, l);
}

static void compare(const char *name, const float *gradient, const struct twin *twin,
                    const struct twin_network *n, loss_function loss, const void *context)
{
    for (int l = 0; l < n->network->layers; l++) {
        const struct sac_layer *layer = &n->network->layer[l];
        compare_block(name, l, gradient + layer->weights, twin, n->parameters + layer->weights, layer->in,
                      layer->out, layer->ld, loss, context);
        compare_block(name, l, gradient + layer->bias, twin, n->parameters + layer->bias, 1, layer->out,
                      layer->ld, loss, context);
    }
}

/* --- the losses as functions of the twin's parameters --- */

static double critic_loss(const struct twin *twin, const void *context)
{
    return twin_critic_loss(twin, *(const int *)context);
}

static double value_loss(const struct twin *twin, const void *context)
{
    return twin_value_loss(twin, context);
}

static double policy_loss(const struct twin *twin, const void *context)
{
    (void)context;
    return twin_policy_loss(twin);
}

enum { MOST_ROWS = 1031, MOST_ACTIONS = 2 };

struct score_constants {
    double u[MOST_ROWS * MOST_ACTIONS], weight[MOST_ROWS];
};

static double score_surrogate(const struct twin *twin, const void *context)
{
    const struct score_constants *c = context;
    return twin_score_surrogate(twin, c->u, c->weight);
}

/* --- one update, all of its gradients --- */

static void check_critics(const struct fixture *f, const struct twin *twin)
{
    for (int i = 0; i < 2; i++)
        compare(i ? "J_Q2" : "J_Q1", f->agent->critic[i].weights.gradient, twin, &twin->critic[i],
                critic_loss, &i);
}

static void check_v1(const struct fixture *f, const struct twin *twin)
{
    double bracket[MOST_ROWS];
    struct score_constants constants;
    twin_bracket(twin, bracket);
    twin_score_constants(twin, constants.u, constants.weight);
    check_critics(f, twin);
    compare("J_V", f->agent->value.weights.gradient, twin, &twin->value, value_loss, bracket);
    if (f->agent->settings.estimator == SAC_SCORE_FUNCTION)
        compare("J_pi by score function", f->agent->policy.weights.gradient, twin, &twin->policy,
                score_surrogate, &constants);
    else
        compare("J_pi", f->agent->policy.weights.gradient, twin, &twin->policy, policy_loss, NULL);
}

/* By log alpha: Adam's first moment after the first update is 0.1 of the gradient. */
static void check_temperature(const struct fixture *f, const struct twin *twin)
{
    const double mean = twin_mean_log_prob(twin), target = f->agent->target_entropy, at = twin->log_alpha;
    const double expected =
        (twin_temperature_loss(at + STEP, mean, target) - twin_temperature_loss(at - STEP, mean, target)) /
        (2 * STEP);
    ck_assert_double_eq_tol(f->agent->temperature->m / (1 - 0.9), expected, BOUND * fabs(expected));
}

static void check_v2(const struct fixture *f, struct twin *twin)
{
    check_critics(f, twin);
    twin_take_critics(twin);
    compare("J_pi", f->agent->policy.weights.gradient, twin, &twin->policy, policy_loss, NULL);
    if (f->agent->settings.temperature_auto)
        check_temperature(f, twin);
}

/* Push the second action's raw log std beyond its bound in about half of the rows. */
static void push_into_clamp(struct sac_agent *agent)
{
    const struct sac_layer *head = sac_network_last(&agent->policy.policy.network);
    float *parameters = agent->policy.weights.parameters;
    const size_t column = 3;
    parameters[head->bias + column] = agent->policy.policy.log_std.high - 0.1f;
    for (int i = 0; i < head->in; i++)
        parameters[head->weights + (size_t)(i * head->ld) + column] = i % 2 ? 1 : -1;
}

static int clamped_rows(const struct sac_agent *agent)
{
    const struct sac_policy_learner *p = &agent->policy;
    int n = 0;
    for (int r = p->draws - p->division.rows; r < p->draws; r++)
        n += p->squash.log_std_slope[r * p->policy.action_size + 1] == 0;
    return n;
}

static void check_all(const struct sac_settings *settings, int split, bool clamp)
{
    struct fixture f = fixture_create(settings, split, 1);
    if (clamp)
        push_into_clamp(f.agent);
    fixture_fill_batch(&f.agent->batch, 0);
    struct twin *twin = twin_create(f.agent);
    fixture_update(&f, 1);
    twin_take_noise(twin);
    if (clamp) {
        ck_assert_int_gt(clamped_rows(f.agent), 0);
        ck_assert_int_lt(clamped_rows(f.agent), f.agent->batch.rows);
    }
    if (settings->algorithm == SAC_V1)
        check_v1(&f, twin);
    else
        check_v2(&f, twin);
    twin_destroy(twin);
    fixture_destroy(&f);
}

static struct sac_settings variant(int i)
{
    struct sac_settings s = fixture_settings(i == 2 || i == 3 ? SAC_V2 : SAC_V1);
    s.estimator = i == 1 ? SAC_SCORE_FUNCTION : SAC_REPARAMETERIZATION;
    s.temperature_auto = i == 2;
    return s;
}

enum { VARIANTS = 4 };

/* Every loss of every variant (v1 by both estimators, v2 with learnt and fixed temperature), work undivided
 * and divided in four ways. */
START_TEST(test_all_losses)
{
    const struct sac_settings s = variant(_i);
    const int splits[] = {1, 2, 4, 5, 8};
    for (int i = 0; i < 5; i++)
        check_all(&s, splits[i], false);
}
END_TEST

/* The same of a large batch, which tasks walk in blocks of two sizes, none of them dividing it: the gradients
 * are those of all rows. */
START_TEST(test_large_batch)
{
    struct sac_settings s = variant(_i);
    s.batch_size = MOST_ROWS;
    s.hidden[0] = 4, s.hidden[1] = 3;
    for (int split = 1; split <= 3; split += 2)
        check_all(&s, split, false);
}
END_TEST

/* The same with tanh layers. */
START_TEST(test_tanh_layers)
{
    struct sac_settings s = variant(_i);
    s.activation = SAC_TANH;
    check_all(&s, 2, false);
}
END_TEST

/* The same with log std mapped by tanh. */
START_TEST(test_tanh_mapping)
{
    struct sac_settings s = variant(_i);
    s.log_std_mapping = SAC_LOG_STD_TANH;
    s.log_std_low = -5;
    check_all(&s, 1, false);
}
END_TEST

/* The same where the clamp of log std holds in some rows: no gradient passes there. */
START_TEST(test_clamp)
{
    struct sac_settings s = variant(_i);
    s.log_std_high = 0.25;
    check_all(&s, 1, true);
}
END_TEST

/* The same with one hidden layer, with four, and with one of 17 units, beyond a padded row. */
START_TEST(test_depths)
{
    const int hidden[][4] = {{4}, {4, 5, 3, 6}, {17, 3}}, layers[] = {1, 4, 2};
    for (int i = 0; i < 3; i++) {
        struct sac_settings s = variant(_i);
        s.activation = SAC_TANH; /* a dead ReLU layer would leave nothing to compare */
        s.hidden_layers = layers[i];
        memcpy(s.hidden, hidden[i], sizeof hidden[i]);
        check_all(&s, 2, false);
    }
}
END_TEST

/* --- the two estimators of the policy's gradient --- */

struct vector {
    double x[512];
};

static struct vector mean_policy_gradient(enum sac_estimator estimator, int updates)
{
    struct sac_settings s = fixture_settings(SAC_V1);
    s.estimator = estimator;
    s.hidden[0] = 4;
    s.hidden_layers = 1;
    s.activation = SAC_TANH;
    s.batch_size = 2048;
    s.policy_learning_rate = s.critic_learning_rate = s.value_learning_rate = 0;
    struct fixture f = fixture_create(&s, 1, 1);
    struct vector mean = {0};
    const struct sac_weights *w = &f.agent->policy.weights;
    ck_assert_uint_le(w->size, sizeof mean.x / sizeof *mean.x);
    fixture_fill_batch(&f.agent->batch, 0);
    struct sac_losses losses;
    for (int i = 0; i < updates; i++) {
        /* the score function's must not read dQ/da: it is NaN */
        for (int j = 0; j < s.batch_size * 2 && estimator == SAC_SCORE_FUNCTION; j++)
            f.agent->policy.dq_da[j] = NAN;
        sac_update(f.agent, (uint64_t)i, &losses);
        for (size_t j = 0; j < w->size; j++)
            mean.x[j] += (double)w->gradient[j] / updates;
    }
    fixture_destroy(&f);
    return mean;
}

static double dot(const struct vector *a, const struct vector *b)
{
    double sum = 0;
    for (size_t i = 0; i < sizeof a->x / sizeof *a->x; i++)
        sum += a->x[i] * b->x[i];
    return sum;
}

/* Over 800,000 draws at fixed parameters the score function's gradient points where the reparameterised one
 * does (cosine > 0.999) and is as long (within 2 %). */
START_TEST(test_estimators_agree)
{
    const struct vector a = mean_policy_gradient(SAC_REPARAMETERIZATION, 100);
    const struct vector b = mean_policy_gradient(SAC_SCORE_FUNCTION, 400);
    const double cosine = dot(&a, &b) / sqrt(dot(&a, &a) * dot(&b, &b)),
                 ratio = sqrt(dot(&b, &b) / dot(&a, &a));
    ck_assert_msg(cosine > 0.999, "cosine %.6f", cosine);
    ck_assert_msg(fabs(ratio - 1) < 0.02, "ratio of the norms %.6f", ratio);
}
END_TEST

/* An agent with the score function has no call site that gives a gradient of Q by the action. */
START_TEST(test_score_function_without_action_gradient)
{
    const struct sac_settings s = variant(1);
    struct fixture f = fixture_create(&s, 4, 1);
    for (int k = 0; k < 2; k++)
        for (int part = 0; part < f.agent->critic[k].division.parts; part++)
            ck_assert_int_eq(f.agent->critic[k].part[part].action_gradient.sizes, 0);
    fixture_destroy(&f);
}
END_TEST

int main(void)
{
    TCase *losses = tcase_create("losses");
    tcase_add_loop_test(losses, test_all_losses, 0, VARIANTS);
    tcase_add_loop_test(losses, test_tanh_layers, 0, VARIANTS);
    tcase_add_loop_test(losses, test_tanh_mapping, 0, VARIANTS);
    tcase_add_loop_test(losses, test_clamp, 0, VARIANTS);
    tcase_add_loop_test(losses, test_depths, 0, VARIANTS);
    TCase *many_rows = tcase_create("many rows");
    tcase_set_timeout(many_rows, 120);
    tcase_add_loop_test(many_rows, test_large_batch, 0, VARIANTS);
    tcase_add_test(many_rows, test_estimators_agree);
    tcase_add_test(many_rows, test_score_function_without_action_gradient);
    return suite_run(CK_FORK_GETENV, "gradients", 2, losses, many_rows);
}
