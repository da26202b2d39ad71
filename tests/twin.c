#include "twin.h"

#include <math.h>
#include <stdlib.h>

enum { WIDEST = 64 }; /* units of a layer in a twin */

static const double pi = 3.14159265358979323846;

/* --- copies --- */

static double *copy(const float *x, size_t n)
{
    double *y = malloc(n * sizeof *y);
    for (size_t i = 0; i < n; i++)
        y[i] = (double)x[i];
    return y;
}

static double *copy_rows(const float *x, int rows, int columns, int ld)
{
    double *y = malloc((size_t)rows * (size_t)columns * sizeof *y);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            y[r * columns + c] = (double)x[r * ld + c];
    return y;
}

static struct twin_network copy_network(const struct sac_network *network, const float *parameters)
{
    return (struct twin_network){network, parameters ? copy(parameters, network->size) : NULL};
}

struct twin *twin_create(const struct sac_agent *agent)
{
    const struct sac_batch *b = &agent->batch;
    const int width = b->observation_size + b->action_size;
    struct twin *t = calloc(1, sizeof *t);
    t->agent = agent;
    t->policy = copy_network(&agent->policy.policy.network, agent->policy.weights.parameters);
    for (int k = 0; k < 2; k++) {
        const struct sac_critic *c = &agent->critic[k];
        t->critic[k] = copy_network(&c->network, c->weights.parameters);
        t->critic_target[k] = copy_network(&c->network, c->weights.target);
    }
    t->value = copy_network(&agent->value.network, agent->value.weights.parameters);
    t->value_target = copy_network(&agent->value.network, agent->value.weights.target);
    t->log_alpha = agent->temperature->log_alpha;
    t->next = copy_rows(b->next, b->rows, width, b->ld);
    t->current = copy_rows(b->current, b->rows, width, b->ld);
    t->taken = copy_rows(b->taken, b->rows, width, b->ld);
    t->reward = copy(b->reward, (size_t)b->rows);
    t->not_terminated = copy(b->not_terminated, (size_t)b->rows);
    return t;
}

void twin_destroy(struct twin *t)
{
    double *const blocks[] = {t->policy.parameters,
                              t->critic[0].parameters,
                              t->critic[1].parameters,
                              t->critic_target[0].parameters,
                              t->critic_target[1].parameters,
                              t->value.parameters,
                              t->value_target.parameters,
                              t->next,
                              t->current,
                              t->taken,
                              t->reward,
                              t->not_terminated,
                              t->noise,
                              t->next_noise};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
    free(t);
}

void twin_take_noise(struct twin *t)
{
    const struct sac_policy_learner *p = &t->agent->policy;
    const size_t A = (size_t)p->policy.action_size, current = (size_t)(p->draws - p->division.rows) * A;
    t->noise = copy(p->noise + current, (size_t)p->division.rows * A);
    t->next_noise = current ? copy(p->noise, (size_t)p->division.rows * A) : NULL;
}

void twin_take_critics(struct twin *t)
{
    for (int k = 0; k < 2; k++) {
        free(t->critic[k].parameters);
        t->critic[k] = copy_network(&t->agent->critic[k].network, t->agent->critic[k].weights.parameters);
    }
}

/* --- networks --- */

static void network_output(double *output, const struct twin_network *n, const double *x)
{
    double h[2][WIDEST];
    const double *in = x;
    for (int l = 0; l < n->network->layers; l++) {
        const struct sac_layer *layer = &n->network->layer[l];
        const bool last = l == n->network->layers - 1;
        double *out = last ? output : h[l % 2];
        for (int o = 0; o < layer->out; o++) {
            double sum = n->parameters[layer->bias + (size_t)o];
            for (int i = 0; i < layer->in; i++)
                sum += in[i] * n->parameters[layer->weights + (size_t)(i * layer->ld + o)];
            out[o] = last ? sum : n->network->activation == SAC_RELU ? fmax(sum, 0) : tanh(sum);
        }
        in = out;
    }
}

static double single_output(const struct twin_network *n, const double *x)
{
    double q;
    network_output(&q, n, x);
    return q;
}

/* --- the squashed Gaussian --- */

struct gaussian {
    double mean[WIDEST], log_std[WIDEST];
};

static struct gaussian policy_at(const struct twin *t, const double *observation)
{
    const struct sac_log_std *map = &t->agent->policy.policy.log_std;
    const double low = (double)map->low, high = (double)map->high;
    const int A = t->agent->batch.action_size;
    double head[2 * WIDEST];
    struct gaussian g = {0};
    network_output(head, &t->policy, observation);
    for (int d = 0; d < A; d++) {
        const double raw = head[A + d];
        g.mean[d] = head[d];
        g.log_std[d] = map->mapping == SAC_LOG_STD_TANH ? low + (high - low) * (tanh(raw) + 1) / 2
                                                        : fmin(fmax(raw, low), high);
    }
    return g;
}

/* log pi of a = tanh(u), by the definition: log N(u) - log |da/du|. */
static double log_prob_of(const struct twin *t, const struct gaussian *g, const double *u)
{
    double sum = 0;
    for (int d = 0; d < t->agent->batch.action_size; d++) {
        const double z = (u[d] - g->mean[d]) / exp(g->log_std[d]);
        sum += -z * z / 2 - g->log_std[d] - log(2 * pi) / 2 + 2 * log(cosh(u[d]));
    }
    return sum;
}

/* The fresh action of one row: x becomes s | a~; returns log pi(a~|s). */
static double draw(const struct twin *t, double *x, double *u, const double *observation, const double *noise)
{
    const int O = t->agent->batch.observation_size, A = t->agent->batch.action_size;
    const struct gaussian g = policy_at(t, observation);
    for (int i = 0; i < O; i++)
        x[i] = observation[i];
    for (int d = 0; d < A; d++) {
        u[d] = g.mean[d] + exp(g.log_std[d]) * noise[d];
        x[O + d] = tanh(u[d]);
    }
    return log_prob_of(t, &g, u);
}

static double draw_current(const struct twin *t, int row, double *x, double *u)
{
    const int A = t->agent->batch.action_size, width = t->agent->batch.observation_size + A;
    return draw(t, x, u, t->current + row * width, t->noise + row * A);
}

static double lower_critic(const struct twin_network *critic, const double *x)
{
    return fmin(single_output(&critic[0], x), single_output(&critic[1], x));
}

/* --- losses --- */

double twin_alpha(const struct twin *t)
{
    const struct sac_settings *s = &t->agent->settings;
    return s->algorithm == SAC_V1 ? 1 : s->temperature_auto ? exp(t->log_alpha) : s->temperature;
}

static double next_value(const struct twin *t, int row)
{
    const int A = t->agent->batch.action_size, width = t->agent->batch.observation_size + A;
    if (t->agent->settings.algorithm == SAC_V1)
        return single_output(&t->value_target, t->next + row * width);
    double x[2 * WIDEST], u[WIDEST];
    const double log_prob = draw(t, x, u, t->next + row * width, t->next_noise + row * A);
    return lower_critic(t->critic_target, x) - twin_alpha(t) * log_prob;
}

double twin_critic_loss(const struct twin *t, int i)
{
    const struct sac_settings *s = &t->agent->settings;
    const int B = t->agent->batch.rows,
              width = t->agent->batch.observation_size + t->agent->batch.action_size;
    double sum = 0;
    for (int r = 0; r < B; r++) {
        const double y = s->reward_scale * t->reward[r] + s->gamma * t->not_terminated[r] * next_value(t, r);
        const double error = single_output(&t->critic[i], t->taken + r * width) - y;
        sum += error * error / 2;
    }
    return sum / B;
}

double twin_value_loss(const struct twin *t, const double *bracket)
{
    const int B = t->agent->batch.rows,
              width = t->agent->batch.observation_size + t->agent->batch.action_size;
    double sum = 0;
    for (int r = 0; r < B; r++) {
        const double error = single_output(&t->value, t->current + r * width) - bracket[r];
        sum += error * error / 2;
    }
    return sum / B;
}

double twin_score_surrogate(const struct twin *t, const double *u, const double *weight)
{
    const int B = t->agent->batch.rows, A = t->agent->batch.action_size;
    double sum = 0;
    for (int r = 0; r < B; r++) {
        const struct gaussian g = policy_at(t, t->current + r * (t->agent->batch.observation_size + A));
        sum += log_prob_of(t, &g, u + r * A) * weight[r];
    }
    return sum / B;
}

double twin_policy_loss(const struct twin *t)
{
    const int B = t->agent->batch.rows;
    double sum = 0, x[2 * WIDEST], u[WIDEST];
    for (int r = 0; r < B; r++) {
        const double log_prob = draw_current(t, r, x, u);
        sum += twin_alpha(t) * log_prob - lower_critic(t->critic, x);
    }
    return sum / B;
}

double twin_temperature_loss(double log_alpha, double mean_log_prob, double target_entropy)
{
    return -log_alpha * (mean_log_prob + target_entropy);
}

/* --- what is held constant --- */

void twin_bracket(const struct twin *t, double *bracket)
{
    double x[2 * WIDEST], u[WIDEST];
    for (int r = 0; r < t->agent->batch.rows; r++) {
        const double log_prob = draw_current(t, r, x, u);
        bracket[r] = lower_critic(t->critic, x) - log_prob;
    }
}

void twin_score_constants(const struct twin *t, double *u, double *weight)
{
    double x[2 * WIDEST];
    for (int r = 0; r < t->agent->batch.rows; r++) {
        const double log_prob = draw_current(t, r, x, u + r * t->agent->batch.action_size);
        weight[r] = log_prob - lower_critic(t->critic, x) + single_output(&t->value, x);
    }
}

double twin_mean_log_prob(const struct twin *t)
{
    double sum = 0, x[2 * WIDEST], u[WIDEST];
    for (int r = 0; r < t->agent->batch.rows; r++)
        sum += draw_current(t, r, x, u);
    return sum / t->agent->batch.rows;
}
