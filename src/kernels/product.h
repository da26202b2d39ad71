/* The policy's dense layers for an env thread's few rows, y (M, N) = x (M, K) w (K, N) + bias: tiles of R
 * rows by C vectors that live in registers. Included by kernels_impl.h.
 *
 * w lies in panels of SAC_PANEL columns (sac_panels_pack): a panel comes from L2 once, as one stream, and
 * stays in L1 for all rows of x. Rows of w as the learner has them would be lines of the same few sets of L1.
 */
#ifndef SAC_PRODUCT_H
#define SAC_PRODUCT_H

#include "kernels.h"
#include "vec.h"

struct product {
    float *y;
    const float *x, *w, *bias; /* x (M, x_row), w: panels, bias (N) */
    size_t y_row, x_row;
    int M, K, N; /* N: a multiple of the lanes */
    float least; /* what is less becomes this: 0 for ReLU, else -infinity */
};

enum {
    VECTORS_IN_PANEL = SAC_PANEL / SAC_LANES,
    MOST_ROWS = SAC_LANES == 16 ? 8 : 6, /* of two vectors each, in 32 registers with AVX-512, else 16 */
    PARTS = 4
};

/* A multiply-add waits four cycles for the one before it in its sum: fewer than eight vectors of sums leave
 * the units idle. Then K is cut into PARTS with sums of their own, side by side where there is but one row.
 * Whether it is cut hangs on N alone, so that a row's bits are the same whatever rows are computed with it.
 */
SAC_INLINE int parts_of(const struct product *p)
{
    return p->N < 8 * SAC_LANES ? PARTS : 1;
}

SAC_INLINE int part_begin(const struct product *p, int part, const int parts)
{
    return part < parts ? part * (p->K / parts) : p->K;
}

/* The C vectors of w's first row from column j on, a multiple of C vectors. */
SAC_INLINE void find_columns(const float *w[8], const struct product *p, int j, const int C)
{
    SAC_UNROLL
    for (int c = 0; c < C; c++) {
        const int column = j + c * SAC_LANES;
        w[c] = c % VECTORS_IN_PANEL > 0
                   ? w[c - 1] + SAC_LANES
                   : p->w + (size_t)(column / SAC_PANEL) * (size_t)p->K * SAC_PANEL + column % SAC_PANEL;
    }
}

SAC_INLINE void store_sum(const struct product *p, int i, int j, vf sum)
{
    vf_store(p->y + (size_t)i * p->y_row + j, vf_max(vf_set(p->least), sum));
}

/* ---- a row alone ---- */

/* sum (C) += x[k] times row k of w */
SAC_INLINE void row_step(vf sum[8], const float *x, const float *const w[8], int k, const int C)
{
    const vf factor = vf_set(x[k]);
    SAC_UNROLL
    for (int c = 0; c < C; c++)
        sum[c] = vf_fma(factor, vf_load(w[c] + (size_t)k * SAC_PANEL), sum[c]);
}

/* Row i, C vectors from column j on. */
SAC_INLINE void product_row(const struct product *p, int i, int j, const int C, const int parts)
{
    vf sum[PARTS][8];
    const float *w[8], *x = p->x + (size_t)i * p->x_row;
    find_columns(w, p, j, C);
    SAC_UNROLL
    for (int part = 0; part < parts; part++) {
        SAC_UNROLL
        for (int c = 0; c < C; c++)
            sum[part][c] = part > 0 ? vf_set(0) : vf_load(p->bias + j + c * SAC_LANES);
    }
    const int length = p->K / parts;
    for (int k = 0; k < length; k++) {
        SAC_UNROLL
        for (int part = 0; part < parts; part++)
            row_step(sum[part], x, w, part * length + k, C);
    }
    for (int k = parts * length; k < p->K; k++)
        row_step(sum[parts - 1], x, w, k, C);
    SAC_UNROLL
    for (int c = 0; c < C; c++) {
        SAC_UNROLL
        for (int part = 1; part < parts; part++)
            sum[0][c] += sum[part][c];
        store_sum(p, i, j + c * SAC_LANES, sum[0][c]);
    }
}

/* ---- several rows ---- */

/* sum (R, C) += rows begin .. end-1 of w times x's columns */
SAC_INLINE void add_products(vf sum[8][4], const float *const x[8], const float *const w[8], int begin,
                             int end, const int R, const int C)
{
    SAC_UNROLL_4
    for (int k = begin; k < end; k++) {
        vf column[4];
        SAC_UNROLL
        for (int c = 0; c < C; c++)
            column[c] = vf_load(w[c] + (size_t)k * SAC_PANEL);
        SAC_UNROLL
        for (int r = 0; r < R; r++) {
            const vf factor = vf_set(x[r][k]);
            SAC_UNROLL
            for (int c = 0; c < C; c++)
                sum[r][c] = vf_fma(factor, column[c], sum[r][c]);
        }
    }
}

/* total = sum, or += sum if there is one already; sum = 0 */
SAC_INLINE void end_part(vf total[8][4], vf sum[8][4], const bool is_first, const int R, const int C)
{
    SAC_UNROLL
    for (int r = 0; r < R; r++) {
        SAC_UNROLL
        for (int c = 0; c < C; c++) {
            total[r][c] = is_first ? sum[r][c] : total[r][c] + sum[r][c];
            sum[r][c] = vf_set(0);
        }
    }
}

/* Rows i .. i+R-1, C vectors from column j on. */
SAC_INLINE void product_tile(const struct product *p, int i, int j, const int R, const int C, const int parts)
{
    vf sum[8][4], total[8][4];
    const float *x[8], *w[8];
    find_columns(w, p, j, C);
    SAC_UNROLL
    for (int r = 0; r < R; r++) {
        x[r] = p->x + (size_t)(i + r) * p->x_row;
        SAC_UNROLL
        for (int c = 0; c < C; c++)
            sum[r][c] = vf_load(p->bias + j + c * SAC_LANES);
    }
    for (int part = 0; part < parts - 1; part++) {
        add_products(sum, x, w, part_begin(p, part, parts), part_begin(p, part + 1, parts), R, C);
        end_part(total, sum, part == 0, R, C);
    }
    add_products(sum, x, w, part_begin(p, parts - 1, parts), p->K, R, C);
    SAC_UNROLL
    for (int r = 0; r < R; r++) {
        SAC_UNROLL
        for (int c = 0; c < C; c++)
            store_sum(p, i + r, j + c * SAC_LANES, parts > 1 ? total[r][c] + sum[r][c] : sum[r][c]);
    }
}

SAC_INLINE void product_rows(const struct product *p, int i, int rows, int j, const int C, const int parts)
{
    switch (rows) {
    case 1:
        product_row(p, i, j, C, parts);
        break;
    case 2:
        product_tile(p, i, j, 2, C, parts);
        break;
    case 3:
        product_tile(p, i, j, 3, C, parts);
        break;
    case 4:
        product_tile(p, i, j, 4, C, parts);
        break;
    case 5:
        product_tile(p, i, j, 5, C, parts);
        break;
    case 6:
        product_tile(p, i, j, 6, C, parts);
        break;
#if SAC_LANES == 16
    case 7:
        product_tile(p, i, j, 7, C, parts);
        break;
    default:
        product_tile(p, i, j, 8, C, parts);
#endif
    }
}

/* All rows, C vectors from column j on, in tiles of much the same height. */
SAC_INLINE void product_columns(const struct product *p, int j, const int C, const int parts)
{
    const int tiles = (p->M + MOST_ROWS - 1) / MOST_ROWS;
    for (int t = 0, i = 0; t < tiles; t++) {
        const int end = (int)((int64_t)p->M * (t + 1) / tiles);
        product_rows(p, i, end - i, j, C, parts);
        i = end;
    }
}

/* ---- all of it ---- */

/* One row or two take more columns at once. Returns the first column that is left. */
SAC_INLINE int wide_product(const struct product *p)
{
    int j = 0;
    if (p->M == 1) {
        for (; j + 8 * SAC_LANES <= p->N; j += 8 * SAC_LANES)
            product_row(p, 0, j, 8, 1);
    } else if (p->M == 2) {
        for (; j + 4 * SAC_LANES <= p->N; j += 4 * SAC_LANES)
            product_tile(p, 0, j, 2, 4, 1);
    }
    return j;
}

SAC_INLINE void product_in_parts(const struct product *p, const int parts)
{
    int j = parts == 1 ? wide_product(p) : 0;
    for (; j + 2 * SAC_LANES <= p->N; j += 2 * SAC_LANES)
        product_columns(p, j, 2, parts);
    if (j < p->N)
        product_columns(p, j, 1, parts);
}

/* p: a copy, so that the compiler sees that nothing stored changes it. */
static void product(const struct product p)
{
    if (parts_of(&p) == 1)
        product_in_parts(&p, 1);
    else
        product_in_parts(&p, PARTS);
}

/* ---- y (M, N) = x (M, K) w (N, K)^T: dot products along rows ---- */

/* sum (R, N) += products of the next `lanes` elements of each row */
SAC_INLINE void dot_step(vf sum[4][4], const float *x, size_t x_row, const float *w, size_t w_row,
                         const int R, const int N, const int lanes)
{
    vf row[4];
    SAC_UNROLL
    for (int n = 0; n < N; n++)
        row[n] = load_lanes(w + (size_t)n * w_row, lanes);
    SAC_UNROLL
    for (int r = 0; r < R; r++) {
        const vf factor = load_lanes(x + (size_t)r * x_row, lanes);
        SAC_UNROLL
        for (int n = 0; n < N; n++)
            sum[r][n] = vf_fma(factor, row[n], sum[r][n]);
    }
}

SAC_INLINE void dot_tile(float *y, size_t y_row, const float *x, size_t x_row, const float *w, size_t w_row,
                         int K, const int R, const int N)
{
    vf sum[4][4];
    SAC_UNROLL
    for (int r = 0; r < R; r++) {
        SAC_UNROLL
        for (int n = 0; n < N; n++)
            sum[r][n] = vf_set(0);
    }
    int k = 0;
    for (; k + SAC_LANES <= K; k += SAC_LANES)
        dot_step(sum, x + k, x_row, w + k, w_row, R, N, SAC_LANES);
    if (k < K)
        dot_step(sum, x + k, x_row, w + k, w_row, R, N, K - k);
    SAC_UNROLL
    for (int r = 0; r < R; r++) {
        SAC_UNROLL
        for (int n = 0; n < N; n++)
            y[(size_t)r * y_row + (size_t)n] = vf_sum(sum[r][n]);
    }
}

/* R rows of y, all columns */
SAC_INLINE void dot_rows(float *y, size_t y_row, const float *x, size_t x_row, const float *w, size_t w_row,
                         int K, int N, const int R)
{
    int n = 0;
    for (; n + 3 <= N && N != 4; n += 3)
        dot_tile(y + n, y_row, x, x_row, w + (size_t)n * w_row, w_row, K, R, 3);
    for (; n + 2 <= N; n += 2)
        dot_tile(y + n, y_row, x, x_row, w + (size_t)n * w_row, w_row, K, R, 2);
    if (n < N)
        dot_tile(y + n, y_row, x, x_row, w + (size_t)n * w_row, w_row, K, R, 1);
}

static void dot_products(float *y, size_t y_row, const float *x, size_t x_row, const float *w, size_t w_row,
                         int M, int K, int N)
{
    int i = 0;
    for (; i + 4 <= M; i += 4)
        dot_rows(y + (size_t)i * y_row, y_row, x + (size_t)i * x_row, x_row, w, w_row, K, N, 4);
    for (; i < M; i++)
        dot_rows(y + (size_t)i * y_row, y_row, x + (size_t)i * x_row, x_row, w, w_row, K, N, 1);
}

#endif
