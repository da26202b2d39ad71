/* The kernels, once: the including file says how many lanes (SAC_LANES), for which instruction set its flags
 * are, and what the table is called (SAC_KERNELS, SAC_KERNELS_NAME). Contracts and bounds: kernels.h. */
#include <stdbool.h>

#include "../copy_floats.h"
#include "../integers.h"
#include "kernels.h"
#include "product.h"
#include "vec_math.h"

enum { LANES = SAC_LANES, SIDE_LANES = SAC_SIDE * SAC_LANES };

/* ---- chunks of rows ----
 *
 * Rows of actions are short, so whole rows are packed side by side into stack arrays of CHUNK floats before
 * the lanes are filled, and unpacked after. */

enum { CHUNK = 512 };

/* A part of a (rows, A) array that takes CHUNK elements at most: whole rows, or some columns of one row. Its
 * elements follow each other where rows are packed, from element `first` on. */
struct chunk {
    int row, col, rows, cols;
    size_t first;
    int count; /* rows * cols */
};

SAC_INLINE struct chunk chunk_at(int row, int col, int rows, int A)
{
    struct chunk b = {.row = row, .col = col, .rows = 1, .cols = sac_least(A - col, CHUNK)};
    const int most = CHUNK / A; /* of short rows a multiple of 32, so that chunks begin at whole vectors */
    if (most > 0)
        b.rows = sac_least(rows - row, most < 64 ? most : most / 32 * 32);
    b.first = (size_t)row * (size_t)A + (size_t)col;
    b.count = b.rows * b.cols;
    return b;
}

/* Goes on to the chunk after b; false when there is none. */
SAC_INLINE bool chunk_next(struct chunk *b, int rows, int A)
{
    const bool row_done = b->col + b->cols == A;
    const int row = row_done ? b->row + b->rows : b->row, col = row_done ? 0 : b->col + b->cols;
    if (row >= rows)
        return false;
    *b = chunk_at(row, col, rows, A);
    return true;
}

SAC_INLINE size_t chunk_offset(const struct chunk *b, int ld)
{
    return (size_t)b->row * (size_t)ld + (size_t)b->col;
}

/* to (rows, to_ld) = from (rows, from_ld), `cols` columns. The width is looked at once for all rows, and most
 * rows take two pieces, which overlap. */
static void copy_rows(float *to, int to_ld, const float *from, int from_ld, int rows, int cols)
{
    if (to_ld == cols && from_ld == cols) {
        memcpy(to, from, (size_t)rows * (size_t)cols * sizeof *to);
    } else if (cols == 1) {
        for (int r = 0; r < rows; r++, to += to_ld, from += from_ld)
            *to = *from;
    } else if (cols < 4) {
        for (int r = 0; r < rows; r++, to += to_ld, from += from_ld) {
            memcpy(to, from, 2 * sizeof *to);
            memcpy(to + cols - 2, from + cols - 2, 2 * sizeof *to);
        }
    } else if (cols < 8) {
        for (int r = 0; r < rows; r++, to += to_ld, from += from_ld) {
            memcpy(to, from, 4 * sizeof *to);
            memcpy(to + cols - 4, from + cols - 4, 4 * sizeof *to);
        }
    } else {
        for (int r = 0; r < rows; r++, to += to_ld, from += from_ld)
            sac_copy_floats(to, from, cols);
    }
}

/* Calls SIDE(first element, how many, vectors side by side) for all of `count` elements. */
#define EACH_SIDE(SIDE, count)                                                                               \
    do {                                                                                                     \
        int each = 0;                                                                                        \
        for (; each + SIDE_LANES <= (count); each += SIDE_LANES)                                             \
            SIDE(each, SIDE_LANES, SAC_SIDE);                                                                \
        if (each + LANES < (count))                                                                          \
            SIDE(each, (count)-each, SAC_SIDE);                                                              \
        else if (each < (count))                                                                             \
            SIDE(each, (count)-each, 1);                                                                     \
    } while (0)

/* ---- random numbers ---- */

/* LANES counters side by side, 32 bits each: those of even lanes are Philox's first half, those of odd lanes
 * its second. The high half of a wide lane does not matter to it. */
SAC_INLINE void philox_at(vw word[2][4], vu block, vu row, uint64_t seed, enum sac_purpose purpose,
                          uint64_t step)
{
    SAC_UNROLL
    for (int g = 0; g < 2; g++) {
        word[g][0] = g == 0 ? (vw)block : (vw)block >> 32;
        word[g][1] = g == 0 ? (vw)row : (vw)row >> 32;
        word[g][2] = (vw){0} + (uint32_t)step;
        word[g][3] = (vw){0} + ((uint32_t)purpose << 24 | (uint32_t)(step >> 32 & 0xFFFFFF));
    }
    vw_philox(word, seed);
}

/* Where the lanes of philox_at are in a chunk of rows of `blocks` random blocks, which is walked row by row,
 * LANES of them at a time. */
struct grid {
    vi row, block;
    int blocks;
};

/* Lanes are numbered so that store_words leaves the words in order. */
SAC_INLINE struct grid grid_start(int blocks)
{
    int row[LANES], block[LANES];
    for (int lane = 0; lane < LANES; lane++) {
        const int n = lane % 2 * (LANES / 2) + lane / 2 % 2 * (LANES / 4) + lane / 4;
        row[lane] = n / blocks;
        block[lane] = n % blocks;
    }
    struct grid grid = {.blocks = blocks};
    memcpy(&grid.row, row, sizeof row);
    memcpy(&grid.block, block, sizeof block);
    return grid;
}

SAC_INLINE void grid_step(struct grid *grid)
{
    grid->row += LANES / grid->blocks;
    grid->block += LANES % grid->blocks;
    const vi past = grid->block >= grid->blocks;
    grid->row -= past; /* -1 where it holds */
    grid->block -= past & grid->blocks;
}

/* to (LANES, 4): the four words of each */
SAC_INLINE void store_words(float *to, const vw word[2][4])
{
    SAC_UNROLL
    for (int g = 0; g < 2; g++) {
        vu first, second;
        vu_interleave_pairs(vw_join(word[g][0], word[g][1]), vw_join(word[g][2], word[g][3]), &first,
                            &second);
        vf_store(to + 2 * g * LANES, (vf)first);
        vf_store(to + (2 * g + 1) * LANES, (vf)second);
    }
}

enum { WORDS = CHUNK + 4 * LANES }; /* the last lanes may have nothing to do */

/* word (WORDS): the bits of the chunk's random words */
SAC_INLINE void random_words(float *word, uint64_t seed, enum sac_purpose purpose, uint64_t step,
                             uint32_t first_row, const struct chunk *b)
{
    struct grid grid = grid_start(b->cols / 4);
    for (int i = 0; i < b->count; i += 4 * LANES) {
        vw philox[2][4];
        philox_at(philox, (vu)grid.block + (uint32_t)b->col / 4,
                  (vu)grid.row + (first_row + (uint32_t)b->row), seed, purpose, step);
        store_words(word + i, philox);
        grid_step(&grid);
    }
}

/* N times LANES pairs of words, in place */
SAC_INLINE void normal_side(float *word, const int N)
{
    vu a[SAC_SIDE], b[SAC_SIDE];
    vf x[SAC_SIDE], y[SAC_SIDE], first, second;
    SAC_UNROLL
    for (int i = 0; i < N; i++)
        vu_split_pairs((vu)vf_load(word + 2 * i * LANES), (vu)vf_load(word + (2 * i + 1) * LANES), &a[i],
                       &b[i]);
    vf_box_muller(x, y, a, b, N);
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        vf_interleave(x[i], y[i], &first, &second);
        vf_store(word + 2 * i * LANES, first);
        vf_store(word + (2 * i + 1) * LANES, second);
    }
}

static void normal(float *out, int ld, uint64_t seed, enum sac_purpose purpose, uint64_t step,
                   uint32_t first_row, int rows, int cols)
{
    enum { PAIRS = CHUNK + 2 * SIDE_LANES };
    float word[WORDS], pair[PAIRS];
    const int words = (cols + 3) / 4 * 4;
    struct chunk b = chunk_at(0, 0, rows, words);
    do {
        /* pairs of words that make no number wanted are left out */
        const int wanted = sac_least(cols - b.col, b.cols), used = (wanted + 1) / 2 * 2;
        random_words(word, seed, purpose, step, first_row, &b);
        copy_rows(pair, used, word, b.cols, b.rows, used);
#define SIDE(i, n, N) normal_side(pair + 2 * (i), N)
        EACH_SIDE(SIDE, b.rows * used / 2);
#undef SIDE
        copy_rows(out + chunk_offset(&b, ld), ld, pair, used, b.rows, wanted);
    } while (chunk_next(&b, rows, words));
}

static void uniform(float *out, int ld, uint64_t seed, enum sac_purpose purpose, uint64_t step,
                    uint32_t first_row, int rows, int cols)
{
    float word[WORDS];
    const int words = (cols + 3) / 4 * 4;
    struct chunk b = chunk_at(0, 0, rows, words);
    do {
        random_words(word, seed, purpose, step, first_row, &b);
        for (int i = 0; i < b.count; i += LANES)
            vf_store(word + i, vf_from_int((vi)((vu)vf_load(word + i) >> 8)) * 0x1p-23f - 1.0f);
        copy_rows(out + chunk_offset(&b, ld), ld, word, b.cols, b.rows, sac_least(cols - b.col, b.cols));
    } while (chunk_next(&b, rows, words));
}

static void bits(uint64_t *out, uint64_t seed, enum sac_purpose purpose, uint64_t step, uint32_t row,
                 uint32_t first_block, int n)
{
    uint32_t block[LANES];
    for (int lane = 0; lane < LANES; lane++)
        block[lane] = first_block + (uint32_t)(lane % 2 * (LANES / 2) + lane / 2);
    vu blocks;
    memcpy(&blocks, block, sizeof blocks);
    for (int i = 0; i < n; i += LANES, blocks += LANES) {
        vw word[2][4];
        philox_at(word, blocks, (vu){0} + row, seed, purpose, step);
        const vu number[2] = {vw_join(word[0][0], word[0][1]), vw_join(word[1][0], word[1][1])};
        if (n - i >= LANES)
            memcpy(out + i, number, sizeof number);
        else
            memcpy(out + i, number, (size_t)(n - i) * sizeof *out);
    }
}

/* ---- the squashed Gaussian ---- */

/* flat (count) = the chunk of x (rows, ld) */
SAC_INLINE void pack(float *flat, const float *x, int ld, const struct chunk *b)
{
    copy_rows(flat, b->cols, x + chunk_offset(b, ld), ld, b->rows, b->cols);
}

/* The same elements where they are, when they lie side by side already. */
SAC_INLINE const float *packed(float *flat, const float *x, int ld, const struct chunk *b, int A)
{
    if (ld == A)
        return x + b->first;
    pack(flat, x, ld, b);
    return flat;
}

SAC_INLINE void unpack(float *x, int ld, const float *flat, const struct chunk *b)
{
    copy_rows(x + chunk_offset(b, ld), ld, flat, b->cols, b->rows, b->cols);
}

/* flat (count): the row's value for each of its elements */
SAC_INLINE void pack_rows(float *flat, const float *value, const struct chunk *b)
{
    for (int r = 0; r < b->rows; r++, flat += b->cols) {
        for (int i = 0; i < b->cols; i++)
            flat[i] = value[b->row + r];
    }
}

/* sum (rows) += each row's elements, in an order that depends on A alone; its first chunk starts the sum */
SAC_INLINE void add_rows(float *sum, const float *flat, const struct chunk *b)
{
    if (b->cols == 1 && b->col == 0) {
        memcpy(sum + b->row, flat, (size_t)b->rows * sizeof *sum);
        return;
    }
    for (int r = 0; r < b->rows; r++, flat += b->cols) {
        vf lanes = load_lanes(flat, b->cols);
        for (int i = LANES; i < b->cols; i += LANES)
            lanes += load_lanes(flat + i, b->cols - i);
        const float part = vf_sum(lanes);
        sum[b->row + r] = b->col == 0 ? part : sum[b->row + r] + part;
    }
}

/* N vectors of floats, their first n lanes together. */
SAC_INLINE void load_side(vf *x, const float *p, int n, const int N)
{
    SAC_UNROLL
    for (int i = 0; i < N; i++)
        x[i] = load_lanes(p + i * LANES, sac_most(n - i * LANES, 0));
}

SAC_INLINE void store_side(float *p, const vf *x, int n, const int N)
{
    SAC_UNROLL
    for (int i = 0; i < N; i++)
        store_lanes(p + i * LANES, x[i], sac_most(n - i * LANES, 0));
}

/* log sigma from the network's raw output, and its slope */
SAC_INLINE void map_log_std(vf *s, vf *slope, const vf *raw, const struct sac_log_std *log_std, const int N)
{
    const vf low = vf_set(log_std->low), high = vf_set(log_std->high);
    if (log_std->mapping == SAC_LOG_STD_TANH) {
        struct vf_tanh t;
        vf_tanh_parts(&t, raw, N);
        const vf half = 0.5f * (high - low);
        SAC_UNROLL
        for (int i = 0; i < N; i++) {
            slope[i] = half * t.slope[i];
            /* low + half (tanh + 1), told from the nearer end so that it never passes it */
            const vf from_end = half * (1.0f - vf_abs(t.tanh[i]));
            s[i] = vf_select(raw[i] < 0.0f, low + from_end, high - from_end);
        }
    } else {
        SAC_UNROLL
        for (int i = 0; i < N; i++) {
            slope[i] = vf_select((raw[i] >= low) & (raw[i] <= high), vf_set(1), vf_set(0));
            s[i] = vf_min(high, vf_max(low, raw[i]));
        }
    }
}

/* y = log N(u; mu, sigma) - log(1 - tanh^2 u) of each element */
SAC_INLINE void log_prob_elements(vf *y, const vf *u, const vf *exponential, const vf *log_std,
                                  const vf *noise, const int N)
{
    vf log1p[SAC_SIDE];
    vf_log1p_unit(log1p, exponential, N);
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        const vf half_log_slope = 0.69314718f - vf_abs(u[i]) - log1p[i];
        const vf gaussian = vf_fma(-0.5f * noise[i], noise[i], -0.91893853f - log_std[i]);
        y[i] = vf_fma(vf_set(-2), half_log_slope, gaussian);
    }
}

/* n elements side by side: action takes the mean's place, log_prob that of the raw log std */
SAC_INLINE void squash_side(const struct sac_squash *squash, size_t at, float *mean, float *raw,
                            const float *noise, const struct sac_log_std *log_std, int n, const int N)
{
    vf x[SAC_SIDE], s[SAC_SIDE], slope[SAC_SIDE], sigma[SAC_SIDE], u[SAC_SIDE], z[SAC_SIDE];
    load_side(x, raw, n, N);
    map_log_std(s, slope, x, log_std, N);
    vf_exp(sigma, s, N);
    store_side(squash->log_std_slope + at, slope, n, N);
    store_side(squash->std + at, sigma, n, N);
    load_side(x, mean, n, N);
    load_side(z, noise, n, N);
    SAC_UNROLL
    for (int i = 0; i < N; i++)
        u[i] = vf_fma(sigma[i], z[i], x[i]);
    struct vf_tanh t;
    vf_tanh_parts(&t, u, N);
    store_side(mean, t.tanh, n, N);
    store_side(squash->tanh_slope + at, t.slope, n, N);
    log_prob_elements(x, u, t.exponential, s, z, N);
    store_side(raw, x, n, N);
}

static void squash(float *action, int action_ld, float *log_prob, const struct sac_squash *squash,
                   const float *head, int head_ld, const float *noise, int noise_ld,
                   struct sac_log_std log_std, int rows, int A)
{
    float mean[CHUNK], raw[CHUNK], noise_flat[CHUNK];
    struct chunk b = chunk_at(0, 0, rows, A);
    do {
        pack(mean, head, head_ld, &b);
        pack(raw, head + A, head_ld, &b);
        const float *z = packed(noise_flat, noise, noise_ld, &b, A);
#define SIDE(i, n, N)                                                                                        \
    squash_side(squash, b.first + (size_t)(i), mean + (i), raw + (i), z + (i), &log_std, n, N)
        EACH_SIDE(SIDE, b.count);
#undef SIDE
        unpack(action, action_ld, mean, &b);
        add_rows(log_prob, raw, &b);
    } while (chunk_next(&b, rows, A));
}

/* mean += sigma noise */
SAC_INLINE void add_noise_side(float *mean, const float *raw, const float *noise,
                               const struct sac_log_std *log_std, int n, const int N)
{
    vf x[SAC_SIDE], s[SAC_SIDE], slope[SAC_SIDE], sigma[SAC_SIDE], u[SAC_SIDE], z[SAC_SIDE];
    load_side(x, raw, n, N);
    map_log_std(s, slope, x, log_std, N);
    vf_exp(sigma, s, N);
    load_side(u, mean, n, N);
    load_side(z, noise, n, N);
    SAC_UNROLL
    for (int i = 0; i < N; i++)
        u[i] = vf_fma(sigma[i], z[i], u[i]);
    store_side(mean, u, n, N);
}

/* x = tanh x */
SAC_INLINE void tanh_side(float *x, int n, const int N)
{
    vf u[SAC_SIDE];
    struct vf_tanh t;
    load_side(u, x, n, N);
    vf_tanh_parts(&t, u, N);
    store_side(x, t.tanh, n, N);
}

static void tanh_flat(float *x, int count)
{
#define SIDE(i, n, N) tanh_side(x + (i), n, N)
    EACH_SIDE(SIDE, count);
#undef SIDE
}

static void act(float *action, int action_ld, const float *head, int head_ld, const float *noise,
                int noise_ld, struct sac_log_std log_std, int rows, int A)
{
    float u[CHUNK], raw[CHUNK], noise_flat[CHUNK];
    struct chunk b = chunk_at(0, 0, rows, A);
    do {
        pack(u, head, head_ld, &b);
        if (noise != NULL) {
            pack(raw, head + A, head_ld, &b);
            const float *z = packed(noise_flat, noise, noise_ld, &b, A);
#define SIDE(i, n, N) add_noise_side(u + (i), raw + (i), z + (i), &log_std, n, N)
            EACH_SIDE(SIDE, b.count);
#undef SIDE
        }
        tanh_flat(u, b.count);
        unpack(action, action_ld, u, &b);
    } while (chunk_next(&b, rows, A));
}

static void policy_gradient(float *d_head, int head_ld, const float *dq_da, int dq_ld, const float *action,
                            int action_ld, const struct sac_squash *squash, const float *noise, int noise_ld,
                            float alpha, float scale, int rows, int A)
{
    float dq_flat[CHUNK], action_flat[CHUNK], noise_flat[CHUNK], d_mean[CHUNK], d_raw[CHUNK];
    struct chunk b = chunk_at(0, 0, rows, A);
    do {
        const float *dq = packed(dq_flat, dq_da, dq_ld, &b, A);
        const float *a = packed(action_flat, action, action_ld, &b, A);
        const float *z = packed(noise_flat, noise, noise_ld, &b, A);
        for (int i = 0; i < b.count; i += LANES) {
            const int n = b.count - i;
            const vf sigma_noise = load_lanes(squash->std + b.first + i, n) * load_lanes(z + i, n);
            /* by u, without and with the part of log pi that the action's noise does not see */
            const vf d_u = vf_fma(2.0f * alpha - (vf){0}, load_lanes(a + i, n),
                                  -load_lanes(dq + i, n) * load_lanes(squash->tanh_slope + b.first + i, n));
            const vf d_log_std = vf_fma(d_u, sigma_noise, vf_set(-alpha));
            store_lanes(d_mean + i, scale * d_u, n);
            store_lanes(d_raw + i, scale * d_log_std * load_lanes(squash->log_std_slope + b.first + i, n), n);
        }
        unpack(d_head, head_ld, d_mean, &b);
        unpack(d_head + A, head_ld, d_raw, &b);
    } while (chunk_next(&b, rows, A));
}

static void score_gradient(float *d_head, int head_ld, const float *weight, const struct sac_squash *squash,
                           const float *noise, int noise_ld, float scale, int rows, int A)
{
    float weight_flat[CHUNK], noise_flat[CHUNK], d_raw[CHUNK];
    struct chunk b = chunk_at(0, 0, rows, A);
    do {
        pack_rows(weight_flat, weight, &b);
        const float *z = packed(noise_flat, noise, noise_ld, &b, A);
        for (int i = 0; i < b.count; i += LANES) {
            const int n = b.count - i;
            const vf w = scale * load_lanes(weight_flat + i, n), x = load_lanes(z + i, n);
            store_lanes(weight_flat + i, w * x / load_lanes(squash->std + b.first + i, n), n);
            store_lanes(d_raw + i,
                        w * vf_fma(x, x, vf_set(-1)) * load_lanes(squash->log_std_slope + b.first + i, n), n);
        }
        unpack(d_head, head_ld, weight_flat, &b);
        unpack(d_head + A, head_ld, d_raw, &b);
    } while (chunk_next(&b, rows, A));
}

/* ---- the optimiser ---- */

/* The lines of the turn after the next: four and five streams at once are more than the processor sees
 * coming. */
SAC_INLINE void ask_for_side(const float *from, const int N)
{
    SAC_UNROLL
    for (int i = 0; i < N * LANES && SAC_ASKS_AHEAD; i += SAC_LINE)
        vec_ask(from + 2 * SIDE_LANES + i);
}

/* N vectors of Adam: the new parameters. Side by side the square roots and divisions keep their unit busy. */
SAC_INLINE void adam_side(vf *parameter, float *p, float *m, float *v, const float *g,
                          const struct sac_adam *adam, const int N)
{
    vf first[SAC_SIDE], second[SAC_SIDE];
    ask_for_side(p, N);
    ask_for_side(m, N);
    ask_for_side(v, N);
    ask_for_side(g, N);
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        const vf gradient = vf_load(g + i * LANES);
        first[i] = vf_normal(vf_fma(vf_load(m + i * LANES), vf_set(adam->beta1), adam->rest1 * gradient));
        second[i] =
            vf_normal(vf_fma(vf_load(v + i * LANES), vf_set(adam->beta2), adam->rest2 * gradient * gradient));
        vf_store(m + i * LANES, first[i]);
        vf_store(v + i * LANES, second[i]);
    }
    vf denominator[SAC_SIDE];
    SAC_UNROLL
    for (int i = 0; i < N; i++)
        denominator[i] = vf_fma(vf_sqrt(second[i]), vf_set(adam->root_correction), vf_set(adam->epsilon));
    SAC_UNROLL
    for (int i = 0; i < N; i++)
        first[i] /= denominator[i];
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        parameter[i] = vf_fma(vf_set(-adam->step_size), first[i], vf_load(p + i * LANES));
        vf_store(p + i * LANES, parameter[i]);
    }
}

static void adam(float *p, float *m, float *v, const float *g, const struct sac_adam *adam, size_t n)
{
    vf parameter[SAC_SIDE];
    size_t i = 0;
    for (; i + SIDE_LANES <= n; i += SIDE_LANES)
        adam_side(parameter, p + i, m + i, v + i, g + i, adam, SAC_SIDE);
    for (; i < n; i += LANES)
        adam_side(parameter, p + i, m + i, v + i, g + i, adam, 1);
}

/* target += tau (parameter - target) */
SAC_INLINE void polyak_side(float *target, const vf *parameter, float tau, const int N)
{
    ask_for_side(target, N);
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        const vf old = vf_load(target + i * LANES);
        vf_store(target + i * LANES, vf_fma(vf_set(tau), parameter[i] - old, old));
    }
}

static void adam_polyak(float *p, float *target, float *m, float *v, const float *g,
                        const struct sac_adam *adam, float tau, size_t n)
{
    vf parameter[SAC_SIDE];
    size_t i = 0;
    for (; i + SIDE_LANES <= n; i += SIDE_LANES) {
        adam_side(parameter, p + i, m + i, v + i, g + i, adam, SAC_SIDE);
        polyak_side(target + i, parameter, tau, SAC_SIDE);
    }
    for (; i < n; i += LANES) {
        adam_side(parameter, p + i, m + i, v + i, g + i, adam, 1);
        polyak_side(target + i, parameter, tau, 1);
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
    for (int r = 0; r < rows; r++)
        tanh_flat(y + (size_t)r * (size_t)ld, n);
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

enum { BACKWARD_VECTORS = 4 }; /* of columns side by side */

/* C vectors of columns, the last with `lanes` columns. dq = NULL: d is there already. h = NULL: d stays as
 * it is and is only summed. */
SAC_INLINE void backward_columns(float *d, float *sums, const float *dq, const float *w, const float *h,
                                 const int *h_row, enum sac_activation activation, int rows, size_t ld,
                                 const int C, const int lanes)
{
    vf sum[BACKWARD_VECTORS], weight[BACKWARD_VECTORS];
    SAC_UNROLL
    for (int c = 0; c < C; c++) {
        sum[c] = vf_set(0);
        weight[c] = w != NULL ? load_lanes(w + c * LANES, lanes) : vf_set(0);
    }
    for (int r = 0; r < rows; r++) {
        const size_t at = (size_t)r * ld, output_at = h_row != NULL ? (size_t)h_row[r] * ld : at;
        SAC_UNROLL
        for (int c = 0; c < C; c++) {
            vf x = dq != NULL ? dq[r] * weight[c] : load_lanes(d + at + c * LANES, lanes);
            if (h != NULL) {
                x = times_derivative(x, load_lanes(h + output_at + c * LANES, lanes), activation);
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
                                     const int *h_row, enum sac_activation activation, int rows, int n,
                                     int ld)
{
    enum { COLUMNS = BACKWARD_VECTORS * LANES };
    const size_t stride = (size_t)ld;
    int j = 0;
    for (; j + COLUMNS <= n; j += COLUMNS)
        backward_columns(d + j, sums + j, dq, w != NULL ? w + j : NULL, h != NULL ? h + j : NULL, h_row,
                         activation, rows, stride, BACKWARD_VECTORS, LANES);
    for (; j < n; j += LANES)
        backward_columns(d + j, sums + j, dq, w != NULL ? w + j : NULL, h != NULL ? h + j : NULL, h_row,
                         activation, rows, stride, 1, n - j);
}

/* h_row is told apart once for all rows. */
SAC_INLINE void backward_rows(float *d, float *sums, const float *dq, const float *w, const float *h,
                              const int *h_row, enum sac_activation activation, int rows, int n, int ld)
{
    if (h_row != NULL)
        backward_all_columns(d, sums, dq, w, h, h_row, activation, rows, n, ld);
    else
        backward_all_columns(d, sums, dq, w, h, NULL, activation, rows, n, ld);
}

static void activation_backward(float *d, float *d_bias, const float *h, const int *h_row,
                                enum sac_activation activation, int rows, int n, int ld)
{
    if (activation == SAC_RELU)
        backward_rows(d, d_bias, NULL, NULL, h, h_row, SAC_RELU, rows, n, ld);
    else
        backward_rows(d, d_bias, NULL, NULL, h, h_row, SAC_TANH, rows, n, ld);
}

static void column_sums(float *sums, const float *d, int rows, int n, int ld)
{
    /* h = NULL: d is only read */
    backward_all_columns((float *)d, sums, NULL, NULL, NULL, NULL, SAC_RELU, rows, n, ld);
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
                                const int *h_row, enum sac_activation activation, int rows, int n, int ld)
{
    if (activation == SAC_RELU)
        backward_rows(dh, d_bias, dq, w, h, h_row, SAC_RELU, rows, n, ld);
    else
        backward_rows(dh, d_bias, dq, w, h, h_row, SAC_TANH, rows, n, ld);
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
    vd sum[2] = {{0}, {0}}; /* of squares, lane by lane */
    for (int r = 0; r < rows; r += LANES) {
        const int n = rows - r;
        const vf difference = load_lanes(x + r, n) - load_lanes(y + r, n);
        store_lanes(d + r, scale * difference, n);
        vd wide[2];
        vd_from_floats(wide, difference);
        sum[0] += wide[0] * wide[0];
        sum[1] += wide[1] * wide[1];
    }
    sum[0] += sum[1];
    double total = 0;
    for (int i = 0; i < LANES / 2; i++)
        total += sum[0][i];
    return 0.5 * total;
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
    .most_forward_multiply_adds = SAC_MOST_FORWARD_MULTIPLY_ADDS,
    .most_backward_multiply_adds = SAC_MOST_BACKWARD_MULTIPLY_ADDS,
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
