/* The numeric kernels: one table of functions per instruction set, chosen once at start.
 *
 * Written once over a vector type (vec.h, kernels_impl.h) and compiled per instruction set; kernels_scalar.c
 * holds a plain twin of each, the oracle of tests/test_kernels.c. Bounds are against that twin evaluated in
 * double. Order of arguments: outputs, inputs, scalars, sizes. Arrays do not overlap unless said. */
#ifndef SAC_KERNELS_H
#define SAC_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include <softac/status.h>

#include "../policy_network.h"
#include "../random.h"

/* What a squashed Gaussian leaves for the backward pass; all packed (rows, A). */
struct sac_squash {
    float *std;           /* sigma */
    float *log_std_slope; /* d log sigma / d raw log std: 0 outside the clamp */
    float *tanh_slope;    /* 1 - tanh(u)^2, exact also where tanh(u) rounds to 1 */
};

/* One Adam step in PyTorch's form (Kingma & Ba 2015, algorithm 1):
 *   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 *   p -= step_size * m / (sqrt(v) * root_correction + epsilon)
 * step_size = lr / (1 - beta1^t), root_correction = 1 / sqrt(1 - beta2^t). */
struct sac_adam {
    float step_size, root_correction, beta1, beta2, epsilon;
    float rest1, rest2; /* 1 - beta in double, then rounded: 1 - 0.999f would be off by 1.3e-5 */
};
/* t counts from 1; beta .9, .999; epsilon 1e-8 */
struct sac_adam sac_adam_step(double learning_rate, uint64_t t);

/* Weights for few rows (linear_panels): panels of SAC_PANEL columns of W (in, ld), each (in, SAC_PANEL) and
 * contiguous, one after the other; of SAC_FEW_OUTPUTS and fewer columns W^T (out, in). They take no more than
 * in * ld floats. */
#define SAC_PANEL       16
#define SAC_FEW_OUTPUTS 4
void sac_panels_pack(float *panels, const float *w, int ld, int in, int out);
void sac_panels_unpack(float *w, int ld, const float *panels, int in, int out); /* padding columns stay */

struct sac_kernels {
    const char *name; /* "scalar", "portable", "avx2", "avx512" */
    /* Up to how many multiply-adds linear, and linear_backward_input and linear_backward_weights, are sooner
     * done than oneDNN's product, by measurements that docs/performance.md lists. */
    int64_t most_forward_multiply_adds, most_backward_multiply_adds;

    /* --- random numbers: out (rows, ld); element (r, c) comes from word c % 4 of block c / 4 of row
     * first_row + r --- */
    /* Standard normal by Box-Muller: words 0,1 -> elements 0,1; words 2,3 -> elements 2,3; 24 bits of each
     * word, so |x| < 5.77. |error| <= 2e-6. */
    void (*normal)(float *out, int ld, uint64_t seed, enum sac_purpose purpose, uint64_t step,
                   uint32_t first_row, int rows, int cols);
    /* Uniform in [-1, 1): exact. */
    void (*uniform)(float *out, int ld, uint64_t seed, enum sac_purpose purpose, uint64_t step,
                    uint32_t first_row, int rows, int cols);

    /* 64 bits each: words 0 and 1 of blocks first_block .. first_block + n - 1 of one row. Exact. */
    void (*bits)(uint64_t *out, uint64_t seed, enum sac_purpose purpose, uint64_t step, uint32_t row,
                 uint32_t first_block, int n);

    /* --- the squashed Gaussian; head (rows, head_ld) holds mean | raw log std, noise (rows, noise_ld);
     * bounds of log sigma lie within -87 and 88 --- */
    /* u = mean + sigma noise; action = tanh u; log_prob (rows) = sum_d [ -noise^2/2 - log sigma - log(2 pi)/2
     *   - 2 (log 2 - u - softplus(-2u)) ]   (Haarnoja et al. 2018a, appendix C, in its exact form).
     * With b = 1e-6 (1 + |mean| + sigma |noise| + noise^2/2 + |log sigma|) per element: std and both slopes
     * are within b relative, action within b, log_prob within the sum of b over d. NaN stays in its row. */
    void (*squash)(float *action, int action_ld, float *log_prob, const struct sac_squash *squash,
                   const float *head, int head_ld, const float *noise, int noise_ld,
                   struct sac_log_std log_std, int rows, int A);
    /* action = tanh(mean), or tanh(mean + sigma noise), squash's to the bit, when noise is not NULL. For
     * acting. Relative error of tanh <= 4e-7. */
    void (*act)(float *action, int action_ld, const float *head, int head_ld, const float *noise,
                int noise_ld, struct sac_log_std log_std, int rows, int A);
    /* Gradient of  scale * sum_rows (alpha log pi - Q)  by the head's outputs, through the action:
     *   d_mean = scale (2 alpha a - dq tanh_slope)
     *   d_raw  = scale (alpha (2 a sigma noise - 1) - dq tanh_slope sigma noise) log_std_slope
     * Within 5e-7 of the sum of the terms' magnitudes. Writes 2 A columns; so does score_gradient. */
    void (*policy_gradient)(float *d_head, int head_ld, const float *dq_da, int dq_ld, const float *action,
                            int action_ld, const struct sac_squash *squash, const float *noise, int noise_ld,
                            float alpha, float scale, int rows, int A);
    /* Gradient of  scale * sum_rows weight_r log pi(a_r)  with a_r constant (score function):
     *   d_mean = scale weight noise / sigma;  d_raw = scale weight (noise^2 - 1) log_std_slope
     * Within 5e-7 of the sum of the terms' magnitudes. */
    void (*score_gradient)(float *d_head, int head_ld, const float *weight, const struct sac_squash *squash,
                           const float *noise, int noise_ld, float scale, int rows, int A);

    /* --- the optimiser, flat over n floats (n a multiple of 16) --- */
    /* Square root and division are the exact ones: the step's relative error is <= 7e-7, and equal on all
     * CPUs of an instruction set. A zero gradient on zero moments moves nothing. A moment below the smallest
     * normal number (1.2e-38) becomes zero: those of a dead unit would stay denormal for ever, and every
     * later step would take three times as long. */
    void (*adam)(float *p, float *m, float *v, const float *g, const struct sac_adam *adam, size_t n);
    /* The same, then target += tau (p - target) with the new p. */
    void (*adam_polyak)(float *p, float *target, float *m, float *v, const float *g,
                        const struct sac_adam *adam, float tau, size_t n);
    void (*add)(float *sum, const float *x, size_t n); /* sum += x */

    /* --- layers, by hand: a sum of k products is within k 2^-24 of the sum of their magnitudes --- */
    /* In place: d (rows, ld) *= activation'(.) told from the activation's output h (rows, ld); row r of d
     * goes with row h_row[r] of h, here and below, or with row r where h_row is NULL. d_bias (n) = column
     * sums of the result. Columns from n on are left alone here and below. */
    void (*activation_backward)(float *d, float *d_bias, const float *h, const int *h_row,
                                enum sac_activation activation, int rows, int n, int ld);
    void (*column_sums)(float *sums, const float *d, int rows, int n, int ld);
    /* y (rows, y_ld) = activation(x (rows, x_ld) W (in, w_ld) + bias); hidden = 0 leaves y linear. Each row
     * adds its products in the order of k, whatever `rows` is. Writes w_ld columns of y (y_ld >= w_ld). bias
     * (w_ld) or NULL. For batches: the weights are packed on the way. */
    void (*linear)(float *y, int y_ld, const float *x, int x_ld, const float *w, int w_ld, const float *bias,
                   int hidden, enum sac_activation activation, int rows, int in, int out);
    /* The same for a few rows, from weights that sac_panels_pack has packed. A row's bits are the same
     * whatever `rows` is. Writes `out` columns of y and up to the next multiple of SAC_PANEL, but not beyond
     * y_ld, which is no less than that. */
    void (*linear_panels)(float *y, int y_ld, const float *x, int x_ld, const float *panels,
                          const float *bias, int hidden, enum sac_activation activation, int rows, int in,
                          int out);
    /* dx (rows, dx_ld) = (dy (rows, dy_ld) W^T) activation'(.) told from the activation's output h (rows,
     * dx_ld); d_bias (in) = column sums of the result. With h = NULL there are neither. Reads `out` columns,
     * writes `in`. */
    void (*linear_backward_input)(float *dx, int dx_ld, float *d_bias, const float *dy, int dy_ld,
                                  const float *w, int w_ld, const float *h, const int *h_row,
                                  enum sac_activation activation, int rows, int in, int out);
    /* dw (in, w_ld) = x^T dy; writes `out` columns. */
    void (*linear_backward_weights)(float *dw, int w_ld, const float *x, int x_ld, const float *dy, int dy_ld,
                                    int rows, int in, int out);

    /* --- a single output (critic and value heads): w (n) --- */
    void (*head_forward)(float *q, const float *h, int ld, const float *w, float bias, int rows, int n);
    void (*head_backward)(float *dw, float *d_bias, const float *dq, const float *h, int ld, int rows, int n);
    /* dh (rows, ld) = dq w^T, then times activation'; d_bias of the layer below as in activation_backward. */
    void (*head_backward_input)(float *dh, float *d_bias, const float *dq, const float *w, const float *h,
                                const int *h_row, enum sac_activation activation, int rows, int n, int ld);

    /* --- losses, (rows) each --- */
    /* y = reward_scale r + gamma not_terminated (min(a, b) - alpha log_prob); log_prob may be NULL (v1: a = b
     * = V). */
    void (*bellman_target)(float *y, const float *reward, const float *not_terminated, const float *a,
                           const float *b, const float *log_prob, float reward_scale, float gamma,
                           float alpha, int rows);
    /* d = scale (x - y); returns the sum over rows of (x - y)^2 / 2 */
    double (*squared_error)(float *d, const float *x, const float *y, float scale, int rows);

    /* --- measuring the machine: independent multiply-adds in registers. sink (2) holds factor and addend and
     * takes a result that nobody needs; returns the floating point operations done. --- */
    double (*multiply_adds)(float *sink, int64_t rounds);
    /* Memory as fast as it goes; n a multiple of 128, arrays at 64-byte boundaries. Each moves what its
     * formula says, 4 n bytes for each x and y in it. */
    float (*stream_read)(const float *x, size_t n);             /* sum of x */
    void (*stream_write)(float *x, float value, size_t n);      /* x = value */
    void (*stream_write_past)(float *x, float value, size_t n); /* the same, past the caches */
    void (*stream_copy)(float *y, const float *x, size_t n);    /* y = x */
    void (*stream_update)(float *x, float factor, size_t n);    /* x = factor x */
};

extern const struct sac_kernels sac_kernels_scalar;   /* the twins; double inside where that is the oracle */
extern const struct sac_kernels sac_kernels_portable; /* no instruction beyond the build's baseline */
#ifdef SAC_HAVE_AVX2
extern const struct sac_kernels sac_kernels_avx2;
#endif
#ifdef SAC_HAVE_AVX512
extern const struct sac_kernels sac_kernels_avx512;
#endif

/* The table in use: the best the CPU has, or what sac_kernels_select chose. Never NULL. */
const struct sac_kernels *sac_kernels(void);

/* Force an instruction set: "portable", "avx2", "avx512"; NULL or "auto": the best. Before any thread starts.
 * SAC_INVALID names what this CPU and build have. oneDNN is capped to the same set, which it allows once in a
 * process and before its first use: SAC_STATE after. */
enum sac_status sac_kernels_select(const char *isa);

/* Tables this CPU can run, best last; returns how many (for tests and `softac info`). */
int sac_kernels_available(const struct sac_kernels *table[4]);

#endif
