/* The kernels, once: the including file says how many lanes (SAC_LANES), for which instruction set its flags
 * are, and what the table is called (SAC_KERNELS, SAC_KERNELS_NAME). Contracts and bounds: kernels.h. */
#include <stdbool.h>

#include "../copy_floats.h"
#include "kernels.h"
#include "product.h"
#include "vec_math.h"

enum { LANES = SAC_LANES };

/* ---- small helpers ---- */

SAC_INLINE int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* ---- random numbers ---- */

/* Words 2 and 3 of every counter, and the rounds: words 0 (block) and 1 (row) are the caller's. */
SAC_INLINE void philox_at(vu word[4], uint64_t seed, enum sac_purpose purpose, uint64_t step)
{
    word[2] = (vu){0} + (uint32_t)step;
    word[3] = (vu){0} + ((uint32_t)purpose << 24 | (uint32_t)(step >> 32 & 0xFFFFFF));
    vu_philox(word, seed);
}

/* LANES blocks of a (rows, blocks) grid, counted row by row from (*row, *block), which move on. */
SAC_INLINE void philox_lanes(vu word[4], uint64_t seed, enum sac_purpose purpose, uint64_t step,
                             uint32_t first_row, int *row, int *block, int blocks)
{
    uint32_t lane_row[LANES], lane_block[LANES];
    for (int i = 0; i < LANES; i++) {
        lane_row[i] = first_row + (uint32_t)*row;
        lane_block[i] = (uint32_t)*block;
        if (++*block == blocks) {
            *block = 0;
            ++*row;
        }
    }
    memcpy(&word[0], lane_block, sizeof lane_block);
    memcpy(&word[1], lane_row, sizeof lane_row);
    philox_at(word, seed, purpose, step);
}

SAC_INLINE void random_fill(float *out, int ld, uint64_t seed, enum sac_purpose purpose, uint64_t step,
                            uint32_t first_row, int rows, int cols, const bool gaussian)
{
    const int blocks = (cols + 3) / 4;
    int row = 0, block = 0;
    while (row < rows && cols > 0) {
        int out_row = row, out_block = block;
        vu word[4];
        philox_lanes(word, seed, purpose, step, first_row, &row, &block, blocks);
        float number[4][LANES];
        for (int w = 0; w < 4; w += 2) {
            vf x, y;
            if (gaussian) {
                vf_box_muller(word[w], word[w + 1], &x, &y);
            } else {
                x = vf_from_int((vi)(word[w] >> 8)) * 0x1p-23f - 1.0f;
                y = vf_from_int((vi)(word[w + 1] >> 8)) * 0x1p-23f - 1.0f;
            }
            vf_store(number[w], x);
            vf_store(number[w + 1], y);
        }
        for (int i = 0; i < LANES && out_row < rows; i++) {
            float *to = out + (size_t)out_row * (size_t)ld + 4 * out_block;
            const int count = min_int(4, cols - 4 * out_block);
            for (int w = 0; w < count; w++)
                to[w] = number[w][i];
            if (++out_block == blocks) {
                out_block = 0;
                out_row++;
            }
        }
    }
}

static void normal(float *out, int ld, uint64_t seed, enum sac_purpose purpose, uint64_t step,
                   uint32_t first_row, int rows, int cols)
{
    random_fill(out, ld, seed, purpose, step, first_row, rows, cols, true);
}

static void uniform(float *out, int ld, uint64_t seed, enum sac_purpose purpose, uint64_t step,
                    uint32_t first_row, int rows, int cols)
{
    random_fill(out, ld, seed, purpose, step, first_row, rows, cols, false);
}

static void bits(uint64_t *out, uint64_t seed, enum sac_purpose purpose, uint64_t step, uint32_t row,
                 uint32_t first_block, int n)
{
    for (int i = 0; i < n; i += LANES) {
        uint32_t block[LANES], low[LANES], high[LANES];
        for (int lane = 0; lane < LANES; lane++)
            block[lane] = first_block + (uint32_t)(i + lane);
        vu word[4];
        memcpy(&word[0], block, sizeof block);
        word[1] = (vu){0} + row;
        philox_at(word, seed, purpose, step);
        memcpy(low, &word[0], sizeof low);
        memcpy(high, &word[1], sizeof high);
        for (int lane = 0; lane < LANES && i + lane < n; lane++)
            out[i + lane] = (uint64_t)high[lane] << 32 | low[lane];
    }
}

/* ---- the squashed Gaussian ----
 *
 * Actions are few, so rows are packed side by side into stack arrays of CHUNK floats before the lanes are
 * filled, and unpacked after. */

enum { CHUNK = 256 };

/* An element of a (rows, A) block, counted row by row. */
struct place {
    int row, col;
};

SAC_INLINE struct place place_after(struct place at, int count, int A)
{
    const int col = at.col + count;
    return (struct place){at.row + col / A, col % A};
}

/* flat (count) = elements from `at` on of x (rows, ld); zeros up to the next multiple of LANES. */
SAC_INLINE void pack(float *flat, const float *x, int ld, struct place at, int count, int A)
{
    const float *row = x + (size_t)at.row * (size_t)ld;
    int col = at.col, done = 0;
    while (done < count) {
        const int run = min_int(A - col, count - done);
        sac_copy_floats(flat + done, row + col, run);
        done += run;
        col = 0;
        row += ld;
    }
    for (; done % LANES != 0; done++)
        flat[done] = 0;
}

SAC_INLINE void unpack(float *x, int ld, const float *flat, struct place at, int count, int A)
{
    float *row = x + (size_t)at.row * (size_t)ld;
    int col = at.col, done = 0;
    while (done < count) {
        const int run = min_int(A - col, count - done);
        sac_copy_floats(row + col, flat + done, run);
        done += run;
        col = 0;
        row += ld;
    }
}

/* flat (count): the row's value for each of its elements */
SAC_INLINE void pack_rows(float *flat, const float *value, struct place at, int count, int A)
{
    int done = 0;
    for (; done < count; done++) {
        flat[done] = value[at.row];
        if (++at.col == A)
            at = (struct place){at.row + 1, 0};
    }
    for (; done % LANES != 0; done++)
        flat[done] = 0;
}

/* sum (rows) += the elements of each row, from the left; a row's first element starts the sum */
SAC_INLINE void add_rows(float *sum, const float *flat, struct place at, int count, int A)
{
    for (int i = 0; i < count; i++) {
        sum[at.row] = at.col == 0 ? flat[i] : sum[at.row] + flat[i];
        if (++at.col == A)
            at = (struct place){at.row + 1, 0};
    }
}

/* log sigma from the network's raw output, and its slope */
SAC_INLINE vf map_log_std(vf raw, const struct sac_log_std *log_std, vf *slope)
{
    const vf low = vf_set(log_std->low), high = vf_set(log_std->high);
    if (log_std->mapping == SAC_LOG_STD_TANH) {
        const struct vf_tanh t = vf_tanh_parts(raw);
        const vf half = 0.5f * (high - low);
        *slope = half * t.slope;
        /* low + half (tanh + 1), told from the nearer end so that it never passes it */
        const vf from_end = half * (1.0f - vf_abs(t.tanh));
        return vf_select(raw < 0.0f, low + from_end, high - from_end);
    }
    *slope = vf_select((raw >= low) & (raw <= high), vf_set(1), vf_set(0));
    return vf_min(high, vf_max(low, raw));
}

/* log N(u; mu, sigma) - log(1 - tanh^2 u) of one element */
SAC_INLINE vf log_prob_element(vf u, vf exponential, vf log_std, vf noise)
{
    const vf half_log_slope = 0.69314718f - vf_abs(u) - vf_log1p_unit(exponential);
    const vf gaussian = vf_fma(-0.5f * noise, noise, -0.91893853f - log_std);
    return vf_fma(vf_set(-2), half_log_slope, gaussian);
}

static void squash(float *action, int action_ld, float *log_prob, const struct sac_squash *squash,
                   const float *head, int head_ld, const float *noise, int noise_ld,
                   struct sac_log_std log_std, int rows, int A)
{
    float mean_flat[CHUNK], raw_flat[CHUNK], noise_flat[CHUNK], action_flat[CHUNK], log_prob_flat[CHUNK];
    const size_t total = (size_t)rows * (size_t)A;
    struct place at = {0, 0};
    for (size_t first = 0; first < total; first += CHUNK) {
        const int count = total - first < CHUNK ? (int)(total - first) : CHUNK;
        pack(mean_flat, head, head_ld, at, count, A);
        pack(raw_flat, head + A, head_ld, at, count, A);
        pack(noise_flat, noise, noise_ld, at, count, A);
        for (int i = 0; i < count; i += LANES) {
            const vf n = vf_load(noise_flat + i);
            vf slope;
            const vf s = map_log_std(vf_load(raw_flat + i), &log_std, &slope);
            const vf sigma = vf_exp(s);
            const vf u = vf_fma(sigma, n, vf_load(mean_flat + i));
            const struct vf_tanh t = vf_tanh_parts(u);
            vf_store(action_flat + i, t.tanh);
            vf_store(log_prob_flat + i, log_prob_element(u, t.exponential, s, n));
            store_lanes(squash->std + first + i, sigma, count - i);
            store_lanes(squash->log_std_slope + first + i, slope, count - i);
            store_lanes(squash->tanh_slope + first + i, t.slope, count - i);
        }
        unpack(action, action_ld, action_flat, at, count, A);
        add_rows(log_prob, log_prob_flat, at, count, A);
        at = place_after(at, count, A);
    }
}

static void act(float *action, int action_ld, const float *head, int head_ld, const float *noise,
                int noise_ld, struct sac_log_std log_std, int rows, int A)
{
    float u_flat[CHUNK], raw_flat[CHUNK], noise_flat[CHUNK];
    const size_t total = (size_t)rows * (size_t)A;
    struct place at = {0, 0};
    for (size_t first = 0; first < total; first += CHUNK) {
        const int count = total - first < CHUNK ? (int)(total - first) : CHUNK;
        pack(u_flat, head, head_ld, at, count, A);
        if (noise != NULL) {
            pack(raw_flat, head + A, head_ld, at, count, A);
            pack(noise_flat, noise, noise_ld, at, count, A);
            for (int i = 0; i < count; i += LANES) {
                vf slope;
                const vf sigma = vf_exp(map_log_std(vf_load(raw_flat + i), &log_std, &slope));
                vf_store(u_flat + i, vf_fma(sigma, vf_load(noise_flat + i), vf_load(u_flat + i)));
            }
        }
        for (int i = 0; i < count; i += LANES)
            vf_store(u_flat + i, vf_tanh(vf_load(u_flat + i)));
        unpack(action, action_ld, u_flat, at, count, A);
        at = place_after(at, count, A);
    }
}

static void policy_gradient(float *d_head, int head_ld, const float *dq_da, int dq_ld, const float *action,
                            int action_ld, const struct sac_squash *squash, const float *noise, int noise_ld,
                            float alpha, float scale, int rows, int A)
{
    float dq_flat[CHUNK], action_flat[CHUNK], noise_flat[CHUNK];
    const size_t total = (size_t)rows * (size_t)A;
    struct place at = {0, 0};
    for (size_t first = 0; first < total; first += CHUNK) {
        const int count = total - first < CHUNK ? (int)(total - first) : CHUNK;
        pack(dq_flat, dq_da, dq_ld, at, count, A);
        pack(action_flat, action, action_ld, at, count, A);
        pack(noise_flat, noise, noise_ld, at, count, A);
        for (int i = 0; i < count; i += LANES) {
            const vf sigma_noise = load_lanes(squash->std + first + i, count - i) * vf_load(noise_flat + i);
            /* by u, without and with the part of log pi that the action's noise does not see */
            const vf d_u =
                vf_fma(2.0f * alpha - (vf){0}, vf_load(action_flat + i),
                       -vf_load(dq_flat + i) * load_lanes(squash->tanh_slope + first + i, count - i));
            const vf d_log_std = vf_fma(d_u, sigma_noise, vf_set(-alpha));
            vf_store(dq_flat + i, scale * d_u);
            vf_store(noise_flat + i,
                     scale * d_log_std * load_lanes(squash->log_std_slope + first + i, count - i));
        }
        unpack(d_head, head_ld, dq_flat, at, count, A);
        unpack(d_head + A, head_ld, noise_flat, at, count, A);
        at = place_after(at, count, A);
    }
}

static void score_gradient(float *d_head, int head_ld, const float *weight, const struct sac_squash *squash,
                           const float *noise, int noise_ld, float scale, int rows, int A)
{
    float weight_flat[CHUNK], noise_flat[CHUNK];
    const size_t total = (size_t)rows * (size_t)A;
    struct place at = {0, 0};
    for (size_t first = 0; first < total; first += CHUNK) {
        const int count = total - first < CHUNK ? (int)(total - first) : CHUNK;
        pack_rows(weight_flat, weight, at, count, A);
        pack(noise_flat, noise, noise_ld, at, count, A);
        for (int i = 0; i < count; i += LANES) {
            const vf w = scale * vf_load(weight_flat + i), n = vf_load(noise_flat + i);
            vf_store(weight_flat + i, w * n / load_lanes(squash->std + first + i, count - i));
            vf_store(noise_flat + i,
                     w * vf_fma(n, n, vf_set(-1)) * load_lanes(squash->log_std_slope + first + i, count - i));
        }
        unpack(d_head, head_ld, weight_flat, at, count, A);
        unpack(d_head + A, head_ld, noise_flat, at, count, A);
        at = place_after(at, count, A);
    }
}

/* ---- the optimiser ---- */

/* One vector of Adam: the new parameters */
SAC_INLINE vf adam_lanes(float *p, float *m, float *v, const float *g, const struct sac_adam *adam)
{
    const vf gradient = vf_load(g);
    const vf first = vf_fma(vf_load(m), vf_set(adam->beta1), adam->rest1 * gradient);
    const vf second = vf_fma(vf_load(v), vf_set(adam->beta2), adam->rest2 * gradient * gradient);
    const vf denominator = vf_fma(vf_sqrt(second), vf_set(adam->root_correction), vf_set(adam->epsilon));
    const vf parameter = vf_fma(vf_set(-adam->step_size), first / denominator, vf_load(p));
    vf_store(m, first);
    vf_store(v, second);
    vf_store(p, parameter);
    return parameter;
}

static void adam(float *p, float *m, float *v, const float *g, const struct sac_adam *adam, size_t n)
{
    for (size_t i = 0; i < n; i += LANES)
        adam_lanes(p + i, m + i, v + i, g + i, adam);
}

static void adam_polyak(float *p, float *target, float *m, float *v, const float *g,
                        const struct sac_adam *adam, float tau, size_t n)
{
    for (size_t i = 0; i < n; i += LANES) {
        const vf parameter = adam_lanes(p + i, m + i, v + i, g + i, adam), old = vf_load(target + i);
        vf_store(target + i, vf_fma(vf_set(tau), parameter - old, old));
    }
}

static void add(float *sum, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += LANES)
        vf_store(sum + i, vf_load(sum + i) + vf_load(x + i));
}

/* ---- dense layers ---- */

static void tanh_rows(float *y, int rows, int n, int ld)
{
    for (int r = 0; r < rows; r++) {
        float *row = y + (size_t)r * (size_t)ld;
        for (int j = 0; j < n; j += LANES)
            store_lanes(row + j, vf_tanh(load_lanes(row + j, n - j)), n - j);
    }
}

/* What every activation but tanh leaves of a sum: see struct product. */
SAC_INLINE float least_output(int hidden, enum sac_activation activation)
{
    return hidden && activation == SAC_RELU ? 0.0f : -INFINITY;
}

/* `out` columns of weights that stand as rows */
static void linear_dots(const struct product *p, int out)
{
    dot_products(p->y, p->y_row, p->x, p->x_row, p->w, (size_t)p->K, p->M, p->K, out);
    for (int r = 0; r < p->M; r++) {
        float *y = p->y + (size_t)r * p->y_row;
        for (int j = 0; j < out; j++) {
            const float sum = y[j] + p->bias[j];
            y[j] = sum < p->least ? p->least : sum; /* NaN stays */
        }
    }
}

static void linear_panels(float *y, int y_ld, const float *x, int x_ld, const float *panels,
                          const float *bias, int hidden, enum sac_activation activation, int rows, int in,
                          int out)
{
    const struct product p = {.y = y,
                              .x = x,
                              .w = panels,
                              .bias = bias,
                              .y_row = (size_t)y_ld,
                              .x_row = (size_t)x_ld,
                              .M = rows,
                              .K = in,
                              .N = (out + LANES - 1) / LANES * LANES,
                              .least = least_output(hidden, activation)};
    if (out <= SAC_FEW_OUTPUTS)
        linear_dots(&p, out);
    else
        product(p);
    if (hidden && activation == SAC_TANH)
        tanh_rows(y, rows, out, y_ld);
}

/* ---- backwards through an activation, and column sums ---- */

/* d times the activation's derivative, told from its output h; as PyTorch, a NaN in h lets d through */
SAC_INLINE vf times_derivative(vf d, vf h, enum sac_activation activation)
{
    if (activation == SAC_RELU)
        return vf_select(h <= 0.0f, vf_set(0), d);
    return d * vf_fma(-h, h, vf_set(1));
}

/* C vectors of columns, the last with `lanes` columns. dq = NULL: d is there already. h = NULL: d stays as
 * it is and is only summed. */
SAC_INLINE void backward_columns(float *d, float *sums, const float *dq, const float *w, const float *h,
                                 enum sac_activation activation, int rows, size_t ld, const int C,
                                 const int lanes)
{
    vf sum[4], weight[4];
    SAC_UNROLL
    for (int c = 0; c < C; c++) {
        sum[c] = vf_set(0);
        weight[c] = w != NULL ? load_lanes(w + c * LANES, lanes) : vf_set(0);
    }
    for (int r = 0; r < rows; r++) {
        const size_t at = (size_t)r * ld;
        SAC_UNROLL
        for (int c = 0; c < C; c++) {
            vf x = dq != NULL ? dq[r] * weight[c] : load_lanes(d + at + c * LANES, lanes);
            if (h != NULL) {
                x = times_derivative(x, load_lanes(h + at + c * LANES, lanes), activation);
                store_lanes(d + at + c * LANES, x, lanes);
            }
            sum[c] += x;
        }
    }
    SAC_UNROLL
    for (int c = 0; c < C; c++)
        store_lanes(sums + c * LANES, sum[c], lanes);
}

SAC_INLINE void backward_all_columns(float *d, float *sums, const float *dq, const float *w, const float *h,
                                     enum sac_activation activation, int rows, int n, int ld)
{
    const size_t stride = (size_t)ld;
    int j = 0;
    for (; j + 4 * LANES <= n; j += 4 * LANES)
        backward_columns(d + j, sums + j, dq, w != NULL ? w + j : NULL, h != NULL ? h + j : NULL, activation,
                         rows, stride, 4, LANES);
    for (; j < n; j += LANES)
        backward_columns(d + j, sums + j, dq, w != NULL ? w + j : NULL, h != NULL ? h + j : NULL, activation,
                         rows, stride, 1, n - j);
}

static void activation_backward(float *d, float *d_bias, const float *h, enum sac_activation activation,
                                int rows, int n, int ld)
{
    if (activation == SAC_RELU)
        backward_all_columns(d, d_bias, NULL, NULL, h, SAC_RELU, rows, n, ld);
    else
        backward_all_columns(d, d_bias, NULL, NULL, h, SAC_TANH, rows, n, ld);
}

static void column_sums(float *sums, const float *d, int rows, int n, int ld)
{
    backward_all_columns((float *)d, sums, NULL, NULL, NULL, SAC_RELU, rows, n, ld); /* h = NULL: d is read */
}

/* ---- a single output ---- */

static void head_forward(float *q, const float *h, int ld, const float *w, float bias, int rows, int n)
{
    dot_products(q, 1, h, (size_t)ld, w, 0, rows, n, 1);
    for (int r = 0; r < rows; r++)
        q[r] += bias;
}

/* dw = dq^T h for C vectors of columns, the last with `lanes` columns */
SAC_INLINE void head_columns(float *dw, const float *dq, const float *h, size_t ld, int rows, const int C,
                             const int lanes)
{
    vf sum[8];
    SAC_UNROLL
    for (int c = 0; c < C; c++)
        sum[c] = vf_set(0);
    for (int r = 0; r < rows; r++, h += ld) {
        const vf factor = vf_set(dq[r]);
        SAC_UNROLL
        for (int c = 0; c < C; c++)
            sum[c] = vf_fma(factor, load_lanes(h + c * LANES, lanes), sum[c]);
    }
    SAC_UNROLL
    for (int c = 0; c < C; c++)
        store_lanes(dw + c * LANES, sum[c], lanes);
}

static void head_backward(float *dw, float *d_bias, const float *dq, const float *h, int ld, int rows, int n)
{
    int j = 0;
    for (; j + 8 * LANES <= n; j += 8 * LANES)
        head_columns(dw + j, dq, h + j, (size_t)ld, rows, 8, LANES);
    for (; j + 4 * LANES <= n; j += 4 * LANES)
        head_columns(dw + j, dq, h + j, (size_t)ld, rows, 4, LANES);
    for (; j < n; j += LANES)
        head_columns(dw + j, dq, h + j, (size_t)ld, rows, 1, n - j);
    double sum = 0;
    for (int r = 0; r < rows; r++)
        sum += (double)dq[r];
    *d_bias = (float)sum;
}

static void head_backward_input(float *dh, float *d_bias, const float *dq, const float *w, const float *h,
                                enum sac_activation activation, int rows, int n, int ld)
{
    if (activation == SAC_RELU)
        backward_all_columns(dh, d_bias, dq, w, h, SAC_RELU, rows, n, ld);
    else
        backward_all_columns(dh, d_bias, dq, w, h, SAC_TANH, rows, n, ld);
}

/* ---- the learner's dense layers ---- */

#include "dense_impl.h"

/* ---- losses ---- */

static void bellman_target(float *y, const float *reward, const float *not_terminated, const float *a,
                           const float *b, const float *log_prob, float reward_scale, float gamma,
                           float alpha, int rows)
{
    for (int r = 0; r < rows; r += LANES) {
        const int n = rows - r;
        const vf first = load_lanes(a + r, n);
        const vf least = vf_select(first != first, first, vf_min(first, load_lanes(b + r, n)));
        const vf entropy = log_prob != NULL ? -alpha * load_lanes(log_prob + r, n) : vf_set(0);
        const vf next = gamma * load_lanes(not_terminated + r, n) * (least + entropy);
        store_lanes(y + r, vf_fma(vf_set(reward_scale), load_lanes(reward + r, n), next), n);
    }
}

static double squared_error(float *d, const float *x, const float *y, float scale, int rows)
{
    double sum = 0;
    for (int r = 0; r < rows; r += LANES) {
        const int n = min_int(rows - r, LANES);
        const vf difference = load_lanes(x + r, n) - load_lanes(y + r, n);
        store_lanes(d + r, scale * difference, n);
        float lane[LANES];
        vf_store(lane, difference);
        for (int i = 0; i < n; i++)
            sum += (double)lane[i] * (double)lane[i];
    }
    return 0.5 * sum;
}

/* ---- measuring the machine ---- */

static double multiply_adds(float *sink, int64_t rounds)
{
    enum { CHAINS = 12 }; /* more than latency times ports, fewer than registers */
    vf sum[CHAINS];
    const vf factor = vf_set(sink[0]), addend = vf_set(sink[1]);
    SAC_UNROLL
    for (int c = 0; c < CHAINS; c++)
        sum[c] = vf_set((float)c);
    for (int64_t i = 0; i < rounds; i++) {
        SAC_UNROLL
        for (int c = 0; c < CHAINS; c++)
            sum[c] = vf_fma(sum[c], factor, addend);
    }
    SAC_UNROLL
    for (int c = 1; c < CHAINS; c++)
        sum[0] += sum[c];
    sink[0] = vf_sum(sum[0]);
    return 2.0 * CHAINS * LANES * (double)rounds;
}

enum { STREAMS = 8, STREAM_STEP = STREAMS * LANES }; /* vectors in flight */

static float stream_read(const float *x, size_t n)
{
    vf sum[STREAMS];
    SAC_UNROLL
    for (int s = 0; s < STREAMS; s++)
        sum[s] = vf_set(0);
    for (size_t i = 0; i < n; i += STREAM_STEP) {
        SAC_UNROLL
        for (int s = 0; s < STREAMS; s++)
            sum[s] += vf_load(x + i + s * LANES);
    }
    SAC_UNROLL
    for (int s = 1; s < STREAMS; s++)
        sum[0] += sum[s];
    return vf_sum(sum[0]);
}

static void stream_write(float *x, float value, size_t n)
{
    const vf v = vf_set(value);
    for (size_t i = 0; i < n; i += STREAM_STEP) {
        SAC_UNROLL
        for (int s = 0; s < STREAMS; s++)
            vf_store(x + i + s * LANES, v);
    }
}

static void stream_write_past(float *x, float value, size_t n)
{
    const vf v = vf_set(value);
    for (size_t i = 0; i < n; i += STREAM_STEP) {
        SAC_UNROLL
        for (int s = 0; s < STREAMS; s++)
            vf_store_past_caches(x + i + s * LANES, v);
    }
    vec_drain();
}

static void stream_copy(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += STREAM_STEP) {
        SAC_UNROLL
        for (int s = 0; s < STREAMS; s++)
            vf_store(y + i + s * LANES, vf_load(x + i + s * LANES));
    }
}

static void stream_update(float *x, float factor, size_t n)
{
    const vf f = vf_set(factor);
    for (size_t i = 0; i < n; i += STREAM_STEP) {
        SAC_UNROLL
        for (int s = 0; s < STREAMS; s++)
            vf_store(x + i + s * LANES, f * vf_load(x + i + s * LANES));
    }
}

const struct sac_kernels SAC_KERNELS = {
    .name = SAC_KERNELS_NAME,
    .most_multiply_adds = SAC_MOST_MULTIPLY_ADDS,
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
    .stream_write_past = stream_write_past,
    .stream_copy = stream_copy,
    .stream_update = stream_update,
};
