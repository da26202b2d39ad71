/* The plain twin of every kernel: what it computes, in the fewest words and mostly in double. Oracle of
 * tests/test_kernels.c; never fast. */
#include "kernels.h"

#include <float.h>
#include <math.h>

static const double pi = 3.14159265358979323846;

static size_t at(int row, int ld, int col)
{
    return (size_t)row * (size_t)ld + (size_t)col;
}

/* ---- random numbers ---- */

static void normal(float *out, int ld, uint64_t seed, enum sac_purpose purpose, uint64_t step,
                   uint32_t first_row, int rows, int cols)
{
    for (int r = 0; r < rows; r++) {
        for (int c = 0; c < cols; c++) {
            const struct sac_philox word =
                sac_random(seed, purpose, step, first_row + (uint32_t)r, (uint32_t)c / 4);
            const uint32_t *pair = &word.word[c % 4 & 2];
            const double radius = sqrt(-2 * log(((double)(pair[0] >> 8) + 1) * 0x1p-24));
            const double angle = 2 * pi * (double)sac_unit_float(pair[1]);
            out[at(r, ld, c)] = (float)(radius * (c % 2 == 0 ? cos(angle) : sin(angle)));
        }
    }
}

static void uniform(float *out, int ld, uint64_t seed, enum sac_purpose purpose, uint64_t step,
                    uint32_t first_row, int rows, int cols)
{
    for (int r = 0; r < rows; r++) {
        for (int c = 0; c < cols; c++) {
            const struct sac_philox word =
                sac_random(seed, purpose, step, first_row + (uint32_t)r, (uint32_t)c / 4);
            out[at(r, ld, c)] = 2 * sac_unit_float(word.word[c % 4]) - 1;
        }
    }
}

static void bits(uint64_t *out, uint64_t seed, enum sac_purpose purpose, uint64_t step, uint32_t row,
                 uint32_t first_block, int n)
{
    for (int i = 0; i < n; i++) {
        const struct sac_philox word = sac_random(seed, purpose, step, row, first_block + (uint32_t)i);
        out[i] = (uint64_t)word.word[1] << 32 | word.word[0];
    }
}

/* ---- the squashed Gaussian ---- */

static double map_log_std(double raw, const struct sac_log_std *log_std, double *slope)
{
    const double low = (double)log_std->low, high = (double)log_std->high;
    if (log_std->mapping == SAC_LOG_STD_TANH) {
        const double cosh_raw = cosh(raw);
        *slope = 0.5 * (high - low) / (cosh_raw * cosh_raw);
        return low + 0.5 * (high - low) * (tanh(raw) + 1);
    }
    *slope = raw >= low && raw <= high ? 1 : 0;
    return raw < low ? low : raw > high ? high : raw;
}

static double softplus(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

static void squash(float *action, int action_ld, float *log_prob, const struct sac_squash *squash,
                   const float *head, int head_ld, const float *noise, int noise_ld,
                   struct sac_log_std log_std, int rows, int A)
{
    for (int r = 0; r < rows; r++) {
        double sum = 0;
        for (int d = 0; d < A; d++) {
            const double n = (double)noise[at(r, noise_ld, d)];
            double slope;
            const double s = map_log_std((double)head[at(r, head_ld, A + d)], &log_std, &slope);
            const double u = (double)head[at(r, head_ld, d)] + exp(s) * n;
            sum += -0.5 * n * n - s - 0.5 * log(2 * pi) - 2 * (log(2) - u - softplus(-2 * u));
            action[at(r, action_ld, d)] = (float)tanh(u);
            squash->std[at(r, A, d)] = (float)exp(s);
            squash->log_std_slope[at(r, A, d)] = (float)slope;
            squash->tanh_slope[at(r, A, d)] = (float)(1 / (cosh(u) * cosh(u)));
        }
        log_prob[r] = (float)sum;
    }
}

static void act(float *action, int action_ld, const float *head, int head_ld, const float *noise,
                int noise_ld, struct sac_log_std log_std, int rows, int A)
{
    for (int r = 0; r < rows; r++) {
        for (int d = 0; d < A; d++) {
            double u = (double)head[at(r, head_ld, d)], slope;
            if (noise != NULL)
                u += exp(map_log_std((double)head[at(r, head_ld, A + d)], &log_std, &slope)) *
                     (double)noise[at(r, noise_ld, d)];
            action[at(r, action_ld, d)] = (float)tanh(u);
        }
    }
}

static void policy_gradient(float *d_head, int head_ld, const float *dq_da, int dq_ld, const float *action,
                            int action_ld, const struct sac_squash *squash, const float *noise, int noise_ld,
                            float alpha, float scale, int rows, int A)
{
    for (int r = 0; r < rows; r++) {
        for (int d = 0; d < A; d++) {
            const double dq = (double)dq_da[at(r, dq_ld, d)] * (double)squash->tanh_slope[at(r, A, d)];
            const double sigma_noise = (double)squash->std[at(r, A, d)] * (double)noise[at(r, noise_ld, d)];
            const double a = (double)action[at(r, action_ld, d)], temperature = (double)alpha;
            d_head[at(r, head_ld, d)] = (float)((double)scale * (2 * temperature * a - dq));
            d_head[at(r, head_ld, A + d)] =
                (float)((double)scale * (temperature * (2 * a * sigma_noise - 1) - dq * sigma_noise) *
                        (double)squash->log_std_slope[at(r, A, d)]);
        }
    }
}

static void score_gradient(float *d_head, int head_ld, const float *weight, const struct sac_squash *squash,
                           const float *noise, int noise_ld, float scale, int rows, int A)
{
    for (int r = 0; r < rows; r++) {
        const double w = (double)scale * (double)weight[r];
        for (int d = 0; d < A; d++) {
            const double n = (double)noise[at(r, noise_ld, d)];
            d_head[at(r, head_ld, d)] = (float)(w * n / (double)squash->std[at(r, A, d)]);
            d_head[at(r, head_ld, A + d)] =
                (float)(w * (n * n - 1) * (double)squash->log_std_slope[at(r, A, d)]);
        }
    }
}

/* ---- the optimiser ---- */

static float normal_or_zero(double x)
{
    return fabsf((float)x) < FLT_MIN ? 0 : (float)x;
}

static void adam(float *p, float *m, float *v, const float *g, const struct sac_adam *adam, size_t n)
{
    const double beta1 = (double)adam->beta1, beta2 = (double)adam->beta2;
    for (size_t i = 0; i < n; i++) {
        const double gradient = (double)g[i];
        const double first = beta1 * (double)m[i] + (double)adam->rest1 * gradient;
        const double second = beta2 * (double)v[i] + (double)adam->rest2 * gradient * gradient;
        const double denominator = sqrt(second) * (double)adam->root_correction + (double)adam->epsilon;
        p[i] = (float)((double)p[i] - (double)adam->step_size * first / denominator);
        m[i] = normal_or_zero(first);
        v[i] = normal_or_zero(second);
    }
}

static void adam_polyak(float *p, float *target, float *m, float *v, const float *g,
                        const struct sac_adam *step, float tau, size_t n)
{
    adam(p, m, v, g, step, n);
    for (size_t i = 0; i < n; i++)
        target[i] = (float)((double)target[i] + (double)tau * ((double)p[i] - (double)target[i]));
}

static void add(float *sum, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += x[i];
}

/* ---- layers ---- */

static double derivative(double h, enum sac_activation activation)
{
    if (activation == SAC_RELU)
        return h <= 0 ? 0 : 1;
    return 1 - h * h;
}

static void column_sums(float *sums, const float *d, int rows, int n, int ld)
{
    for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int r = 0; r < rows; r++)
            sum += (double)d[at(r, ld, j)];
        sums[j] = (float)sum;
    }
}

static void activation_backward(float *d, float *d_bias, const float *h, const int *h_row,
                                enum sac_activation activation, int rows, int n, int ld)
{
    for (int r = 0; r < rows; r++) {
        const float *output = h + at(h_row != NULL ? h_row[r] : r, ld, 0);
        for (int j = 0; j < n; j++)
            d[at(r, ld, j)] = (float)((double)d[at(r, ld, j)] * derivative((double)output[j], activation));
    }
    column_sums(d_bias, d, rows, n, ld);
}

static void activate(float *y, enum sac_activation activation, int rows, int n, int ld)
{
    for (int r = 0; r < rows; r++) {
        for (int j = 0; j < n; j++) {
            float *x = &y[at(r, ld, j)];
            if (activation == SAC_RELU)
                *x = *x < 0 ? 0 : *x;
            else
                *x = (float)tanh((double)*x);
        }
    }
}

static void linear(float *y, int y_ld, const float *x, int x_ld, const float *w, int w_ld, const float *bias,
                   int hidden, enum sac_activation activation, int rows, int in, int out)
{
    (void)out;
    for (int r = 0; r < rows; r++) {
        for (int j = 0; j < w_ld; j++) {
            double sum = bias != NULL ? (double)bias[j] : 0;
            for (int k = 0; k < in; k++)
                sum += (double)x[at(r, x_ld, k)] * (double)w[at(k, w_ld, j)];
            y[at(r, y_ld, j)] = (float)sum;
        }
    }
    if (hidden)
        activate(y, activation, rows, w_ld, y_ld);
}

static void linear_panels(float *y, int y_ld, const float *x, int x_ld, const float *panels,
                          const float *bias, int hidden, enum sac_activation activation, int rows, int in,
                          int out)
{
    for (int r = 0; r < rows; r++) {
        for (int j = 0; j < out; j++) {
            const float *w = out <= SAC_FEW_OUTPUTS
                                 ? panels + at(j, in, 0)
                                 : panels + at(j / SAC_PANEL * in, SAC_PANEL, j % SAC_PANEL);
            const int next = out <= SAC_FEW_OUTPUTS ? 1 : SAC_PANEL;
            double sum = (double)bias[j];
            for (int k = 0; k < in; k++)
                sum += (double)x[at(r, x_ld, k)] * (double)w[at(k, next, 0)];
            y[at(r, y_ld, j)] = (float)sum;
        }
    }
    if (hidden)
        activate(y, activation, rows, out, y_ld);
}

static void linear_backward_input(float *dx, int dx_ld, float *d_bias, const float *dy, int dy_ld,
                                  const float *w, int w_ld, const float *h, const int *h_row,
                                  enum sac_activation activation, int rows, int in, int out)
{
    for (int r = 0; r < rows; r++) {
        for (int i = 0; i < in; i++) {
            double sum = 0;
            for (int j = 0; j < out; j++)
                sum += (double)dy[at(r, dy_ld, j)] * (double)w[at(i, w_ld, j)];
            dx[at(r, dx_ld, i)] = (float)sum;
        }
    }
    if (h != NULL)
        activation_backward(dx, d_bias, h, h_row, activation, rows, in, dx_ld);
}

static void linear_backward_weights(float *dw, int w_ld, const float *x, int x_ld, const float *dy, int dy_ld,
                                    int rows, int in, int out)
{
    for (int i = 0; i < in; i++) {
        for (int j = 0; j < out; j++) {
            double sum = 0;
            for (int r = 0; r < rows; r++)
                sum += (double)x[at(r, x_ld, i)] * (double)dy[at(r, dy_ld, j)];
            dw[at(i, w_ld, j)] = (float)sum;
        }
    }
}

/* ---- a single output ---- */

static void head_forward(float *q, const float *h, int ld, const float *w, float bias, int rows, int n)
{
    for (int r = 0; r < rows; r++) {
        double sum = (double)bias;
        for (int j = 0; j < n; j++)
            sum += (double)h[at(r, ld, j)] * (double)w[j];
        q[r] = (float)sum;
    }
}

static void head_backward(float *dw, float *d_bias, const float *dq, const float *h, int ld, int rows, int n)
{
    linear_backward_weights(dw, n, dq, 1, h, ld, rows, 1, n);
    column_sums(d_bias, dq, rows, 1, 1);
}

static void head_backward_input(float *dh, float *d_bias, const float *dq, const float *w, const float *h,
                                const int *h_row, enum sac_activation activation, int rows, int n, int ld)
{
    for (int r = 0; r < rows; r++) {
        for (int j = 0; j < n; j++)
            dh[at(r, ld, j)] = dq[r] * w[j];
    }
    activation_backward(dh, d_bias, h, h_row, activation, rows, n, ld);
}

/* ---- losses ---- */

static void bellman_target(float *y, const float *reward, const float *not_terminated, const float *a,
                           const float *b, const float *log_prob, float reward_scale, float gamma,
                           float alpha, int rows)
{
    for (int r = 0; r < rows; r++) {
        const double least = (double)(isnan(a[r]) || a[r] < b[r] ? a[r] : b[r]);
        const double entropy = log_prob != NULL ? -(double)alpha * (double)log_prob[r] : 0;
        y[r] = (float)((double)reward_scale * (double)reward[r] +
                       (double)gamma * (double)not_terminated[r] * (least + entropy));
    }
}

static double squared_error(float *d, const float *x, const float *y, float scale, int rows)
{
    double sum = 0;
    for (int r = 0; r < rows; r++) {
        const double difference = (double)x[r] - (double)y[r];
        d[r] = (float)((double)scale * difference);
        sum += 0.5 * difference * difference;
    }
    return sum;
}

static double multiply_adds(float *sink, int64_t rounds)
{
    float sum = 0;
    for (int64_t i = 0; i < rounds; i++)
        sum = sum * sink[0] + sink[1];
    sink[0] = sum;
    return 2.0 * (double)rounds;
}

static float stream_read(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    return (float)sum;
}

static void stream_write(float *x, float value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = value;
}

static void stream_copy(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i];
}

static void stream_update(float *x, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

const struct sac_kernels sac_kernels_scalar = {
    .name = "scalar",
    .normal = normal,
    .uniform = uniform,
    .bits = bits,
    .squash = squash,
    .act = act,
    .policy_gradient = policy_gradient,
    .score_gradient = score_gradient,
    .adam = adam,
    .adam_polyak = adam_polyak,
    .add = add,
    .activation_backward = activation_backward,
    .column_sums = column_sums,
    .linear = linear,
    .linear_panels = linear_panels,
    .linear_backward_input = linear_backward_input,
    .linear_backward_weights = linear_backward_weights,
    .head_forward = head_forward,
    .head_backward = head_backward,
    .head_backward_input = head_backward_input,
    .bellman_target = bellman_target,
    .squared_error = squared_error,
    .multiply_adds = multiply_adds,
    .stream_read = stream_read,
    .stream_write = stream_write,
    .stream_write_past = stream_write,
    .stream_copy = stream_copy,
    .stream_update = stream_update,
};
