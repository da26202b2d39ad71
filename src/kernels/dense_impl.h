/* The learner's dense layers: y (M, N) = x (M, K) w (K, N), for the three products of a layer.
 *
 * A panel of w, a block of k by two or three vectors of columns, is copied side by side into a buffer on the
 * stack, less than the first cache, where all rows of x meet it: rows of w as they lie, a power of two apart,
 * would share a few lines of that cache. Tiles of a few rows by the panel's vectors live in registers while k
 * goes by, and what follows the product (bias, activation, an activation's derivative, sums of columns) is
 * done before they are written. Every element adds its products in the order of k, so it has the same bits in
 * whichever tile it is. Included by kernels_impl.h.
 *
 * A tile's shape decides how many instructions stand beside its multiply-adds. Where two threads share a
 * core, these are what is scarce: 4 rows by 3 vectors need 7 loads for 12 multiply-adds, 6 by 2 need 8. */

enum {
    MOST_VECTORS = LANES == 8 ? 3 : 2,
    NARROW_ROWS = LANES == 16 ? 8 : 6, /* by one or two vectors: 12 sums in 16 registers, or 16 in 32 */
    WIDE_ROWS = 4,                     /* by three */
    PANEL = MOST_VECTORS * LANES,      /* columns of a panel, at most */
    PANEL_DEPTH = 256,                 /* k of a panel, at most */
    BLOCK_ROWS = 264,                  /* rows of x, at most, that meet one panel after the other */
    BLOCK_UNIT = LANES == 16 ? 8 : 12, /* they are whole tiles of either height */
    FEW_INPUTS = 8                     /* too few columns of dx to fill tiles: dot products along w's rows */
};

/* What becomes of the sums. */
enum after { AFTER_NOTHING, AFTER_RELU, AFTER_TANH, AFTER_RELU_BACKWARD, AFTER_TANH_BACKWARD };

struct dense {
    float *y;
    const float *x, *w;
    size_t y_ld, x_row, x_k; /* x's element (i, k) is x[i x_row + k x_k]; one of the two is 1 */
    size_t w_ld;
    bool w_transposed; /* w's element (k, j) is w[j w_ld + k], else w[k w_ld + j] */
    int M, N, K;
    enum after after;
    const float *bias; /* (N) or NULL */
    const float *h;    /* backward: (., y_ld), the output of the activation whose derivative is taken */
    const int *h_row;  /* (M) which row of it, or NULL: the same */
    float *sums;       /* backward: (N), of y's columns */
};

/* A part of the product: rows i .. i_end - 1, k .. k + depth - 1, and from column j on a panel of `columns`:
 * one to MOST_VECTORS whole vectors, or the last columns alone, too few for one. */
struct block {
    int i, i_end, k, depth, j, columns;
};

static int round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

/* The size of equal blocks of n, none above `most`. */
static int block_size(int n, int most, int unit)
{
    const int blocks = (n + most - 1) / most;
    return round_up((n + blocks - 1) / blocks, unit);
}

/* Columns of the next panel when so many are left. No panel has a single vector, whose sums are too few to
 * keep the multiply-adds busy, where it can be helped. */
static int panel_columns(int left)
{
    const int vectors = left / LANES;
    if (vectors == 0)
        return left;
    return (vectors == MOST_VECTORS + 1 ? 2 : sac_least(vectors, MOST_VECTORS)) * LANES;
}

SAC_INLINE int tile_rows(const int C)
{
    return C > 2 ? WIDE_ROWS : NARROW_ROWS;
}

/* Columns of each of C vectors. */
SAC_INLINE int lanes_of(const struct block *b, const int C)
{
    return C > 1 ? LANES : b->columns;
}

/* --- panels: (depth, C vectors), zeros where the last vector has no columns --- */

SAC_INLINE void copy_vectors(float *panel, const struct dense *p, const struct block *b, const int C)
{
    const float *w = p->w + (size_t)b->k * p->w_ld + b->j;
    for (int k = 0; k < b->depth; k++, w += p->w_ld, panel += C * LANES) {
        SAC_UNROLL
        for (int c = 0; c < C; c++)
            vf_store(panel + c * LANES, load_lanes(w + c * LANES, lanes_of(b, C)));
    }
}

static void copy_panel(float *panel, const struct dense *p, const struct block *b)
{
    if (b->columns <= LANES)
        copy_vectors(panel, p, b, 1);
    else if (MOST_VECTORS > 2 && b->columns < PANEL)
        copy_vectors(panel, p, b, 2);
    else
        copy_vectors(panel, p, b, MOST_VECTORS);
}

/* LANES of k and of columns: all of them, or the first `depth` and `columns`. */
SAC_INLINE void transpose_lanes(float *panel, size_t panel_ld, const float *w, size_t w_ld, const int columns,
                                const int depth)
{
    vf row[LANES];
    SAC_UNROLL
    for (int l = 0; l < LANES; l++)
        row[l] = l < columns ? load_lanes(w + (size_t)l * w_ld, depth) : vf_set(0);
    vec_transpose(row);
    SAC_UNROLL
    for (int l = 0; l < LANES; l++) {
        if (l < depth)
            vf_store(panel + (size_t)l * panel_ld, row[l]);
    }
}

static void transpose_panel(float *panel, const struct dense *p, const struct block *b)
{
    const int vectors = round_up(b->columns, LANES) / LANES, columns = sac_least(b->columns, LANES);
    const size_t ld = (size_t)(vectors * LANES);
    for (int c = 0; c < vectors; c++) {
        const float *w = p->w + (size_t)(b->j + c * LANES) * p->w_ld + b->k;
        float *to = panel + c * LANES;
        int k = 0;
        for (; columns == LANES && k + LANES <= b->depth; k += LANES)
            transpose_lanes(to + (size_t)k * ld, ld, w + k, p->w_ld, LANES, LANES);
        for (; k < b->depth; k += LANES)
            transpose_lanes(to + (size_t)k * ld, ld, w + k, p->w_ld, columns, sac_least(b->depth - k, LANES));
    }
}

/* --- what is asked for ahead of time ---
 *
 * An update goes through several megabytes: little of what a product needs is in the second cache when it
 * begins. The processor sees coming what lies side by side. It does not see the next panel of w, which are
 * short pieces of rows, nor the pieces of y that a tile will write and those of h that it will read. */

enum { LEAST_DEPTH = 96 }; /* of a panel: below, tiles are short, and networks fit the second cache */

SAC_INLINE bool asks_ahead(const struct block *b)
{
    return SAC_ASKS_AHEAD && b->depth >= LEAST_DEPTH;
}

/* Where the next panel goes on, NULL when nobody asks for it: rows of a transposed w are long. */
SAC_INLINE const float *next_panel(const struct dense *p, const struct block *b)
{
    const int j = b->j + b->columns;
    return asks_ahead(b) && !p->w_transposed && j < p->N ? p->w + (size_t)b->k * p->w_ld + j : NULL;
}

enum { ROWS_ASKED = 4 };

/* A tile's share of the next panel, which ends at `end`: a number of rows that no branch depends on. A block
 * of 256 rows asks for all of it. */
SAC_INLINE const float *ask_for_panel(const float *next, const float *end, size_t w_ld)
{
    SAC_UNROLL
    for (int k = 0; k < ROWS_ASKED; k++) {
        vec_ask_for_later(next + (size_t)k * w_ld);
        vec_ask_for_later(next + (size_t)k * w_ld + PANEL - 1);
    }
    next += ROWS_ASKED * w_ld;
    return next < end ? next : end;
}

/* Row i of h that belongs to y's */
SAC_INLINE const float *h_of(const struct dense *p, int i)
{
    return p->h + (size_t)(p->h_row != NULL ? p->h_row[i] : i) * p->y_ld;
}

/* What the tile will write, and read, when its products are there. */
SAC_INLINE void ask_for_rows(const struct dense *p, const struct block *b, int i, const int R, const int C)
{
    SAC_UNROLL
    for (int r = 0; r < R; r++) {
        const float *y = p->y + (size_t)(i + r) * p->y_ld + b->j;
        vec_ask(y);
        vec_ask(y + C * LANES - 1);
    }
    if (p->after < AFTER_RELU_BACKWARD)
        return;
    SAC_UNROLL
    for (int r = 0; r < R; r++) {
        const float *h = h_of(p, i + r) + b->j;
        vec_ask(h);
        vec_ask(h + C * LANES - 1);
    }
}

/* --- one tile: R rows by C vectors --- */

typedef vf tile[8][MOST_VECTORS];

SAC_INLINE void tile_start(tile sum, const float *y, const struct dense *p, const struct block *b,
                           const int R, const int C)
{
    SAC_UNROLL
    for (int c = 0; c < C; c++) {
        const bool bias = b->k == 0 && p->bias != NULL;
        const vf start = bias ? load_lanes(p->bias + b->j + c * LANES, lanes_of(b, C)) : vf_set(0);
        SAC_UNROLL
        for (int r = 0; r < R; r++)
            sum[r][c] = b->k == 0 ? start : load_lanes(y + (size_t)r * p->y_ld + c * LANES, lanes_of(b, C));
    }
}

/* by_rows: a row of x is contiguous; else a column is. packing: the panel is filled on the way.
 *
 * The rows' addresses are hidden from the compiler, which would otherwise compute each from the one before,
 * four times in four steps: a sixth of the loop's instructions. */
SAC_INLINE void tile_products(tile sum, float *panel, const struct dense *p, const struct block *b, int i,
                              const int R, const int C, const bool by_rows, const bool packing)
{
    const float *x[8];
    SAC_UNROLL
    for (int r = 0; r < R; r++) {
        x[r] = p->x + (size_t)(i + r) * p->x_row + (size_t)b->k * p->x_k;
        if (by_rows || r == 0)
            SAC_HIDE(x[r]);
    }
    const float *w = packing ? p->w + (size_t)b->k * p->w_ld + b->j : panel;
    const size_t x_k = by_rows ? 1 : p->x_k, w_ld = packing ? p->w_ld : (size_t)(C * LANES);
    const int depth = b->depth;
    size_t at = 0;
    SAC_UNROLL_4
    for (int k = 0; k < depth; k++, w += w_ld, at += x_k) {
        vf row[MOST_VECTORS];
        SAC_UNROLL
        for (int c = 0; c < C; c++) {
            row[c] = vf_load(w + c * LANES);
            if (packing)
                vf_store(panel + (k * C + c) * LANES, row[c]);
        }
        SAC_UNROLL
        for (int r = 0; r < R; r++) {
            const vf factor = vf_set(by_rows ? x[r][at] : x[0][at + (size_t)r]);
            SAC_UNROLL
            for (int c = 0; c < C; c++)
                sum[r][c] = vf_fma(factor, row[c], sum[r][c]);
        }
    }
}

/* Times the activation's derivative, and the sums of what comes out. */
SAC_INLINE void tile_backward(tile sum, const struct dense *p, const struct block *b, int i,
                              enum sac_activation activation, const int R, const int C)
{
    const float *h[8];
    SAC_UNROLL
    for (int r = 0; r < R; r++)
        h[r] = h_of(p, i + r) + b->j;
    float *sums = p->sums + b->j;
    SAC_UNROLL
    for (int c = 0; c < C; c++) {
        const int lanes = lanes_of(b, C);
        vf total = i > 0 ? load_lanes(sums + c * LANES, lanes) : vf_set(0);
        SAC_UNROLL
        for (int r = 0; r < R; r++) {
            sum[r][c] = times_derivative(sum[r][c], load_lanes(h[r] + c * LANES, lanes), activation);
            total += sum[r][c];
        }
        store_lanes(sums + c * LANES, total, lanes);
    }
}

SAC_INLINE void tile_store(float *y, tile sum, const struct dense *p, const struct block *b, const int R,
                           const int C)
{
    SAC_UNROLL
    for (int r = 0; r < R; r++) {
        SAC_UNROLL
        for (int c = 0; c < C; c++)
            store_lanes(y + (size_t)r * p->y_ld + c * LANES, sum[r][c], lanes_of(b, C));
    }
}

SAC_INLINE void dense_tile(float *panel, const struct dense *p, const struct block *b, int i, const int R,
                           const int C, const bool by_rows, const bool packing)
{
    float *y = p->y + (size_t)i * p->y_ld + b->j;
    const enum after after = b->k + b->depth == p->K ? p->after : AFTER_NOTHING;
    tile sum;
    if (asks_ahead(b))
        ask_for_rows(p, b, i, R, C);
    tile_start(sum, y, p, b, R, C);
    tile_products(sum, panel, p, b, i, R, C, by_rows, packing);
    if (after == AFTER_RELU) {
        SAC_UNROLL
        for (int r = 0; r < R; r++) {
            SAC_UNROLL
            for (int c = 0; c < C; c++)
                sum[r][c] = vf_max(vf_set(0), sum[r][c]);
        }
    } else if (after == AFTER_RELU_BACKWARD) {
        tile_backward(sum, p, b, i, SAC_RELU, R, C);
    } else if (after == AFTER_TANH_BACKWARD) {
        tile_backward(sum, p, b, i, SAC_TANH, R, C);
    }
    tile_store(y, sum, p, b, R, C);
    if (after == AFTER_TANH)
        tanh_rows(y, R, b->columns, (int)p->y_ld);
}

/* --- a panel and the rows that meet it --- */

/* The last rows, too few for a tile. */
SAC_INLINE void dense_tail(float *panel, const struct dense *p, const struct block *b, int i, const int C,
                           const bool by_rows)
{
    switch (b->i_end - i) {
    case 1:
        dense_tile(panel, p, b, i, 1, C, by_rows, false);
        break;
    case 2:
        dense_tile(panel, p, b, i, 2, C, by_rows, false);
        break;
    case 3:
        dense_tile(panel, p, b, i, 3, C, by_rows, false);
        break;
    case 4:
        if (tile_rows(C) > 4)
            dense_tile(panel, p, b, i, 4, C, by_rows, false);
        break;
    case 5:
        if (tile_rows(C) > 5)
            dense_tile(panel, p, b, i, 5, C, by_rows, false);
        break;
#if SAC_LANES == 16
    case 6:
        if (tile_rows(C) > 6)
            dense_tile(panel, p, b, i, 6, C, by_rows, false);
        break;
    case 7:
        if (tile_rows(C) > 7)
            dense_tile(panel, p, b, i, 7, C, by_rows, false);
        break;
#endif
    default:
        break;
    }
}

/* Rows from i on; the panel is there. */
SAC_INLINE void dense_rows(float *panel, const struct dense *p, const struct block *b, int i,
                           const float *next, const int C, const bool by_rows)
{
    const int R = tile_rows(C);
    const float *end = next != NULL ? next + (size_t)b->depth * p->w_ld : NULL;
    for (; i + R <= b->i_end; i += R) {
        if (next != end)
            next = ask_for_panel(next, end, p->w_ld);
        dense_tile(panel, p, b, i, R, C, by_rows, false);
    }
    dense_tail(panel, p, b, i, C, by_rows);
}

/* A panel as wide as they are is copied by the first tile, while it computes. */
SAC_INLINE void dense_panel(float *panel, const struct dense *p, const struct block *b, const bool by_rows)
{
    const int R = tile_rows(MOST_VECTORS);
    const float *next = next_panel(p, b);
    int i = b->i;
    if (p->w_transposed) {
        transpose_panel(panel, p, b);
    } else if (b->columns == PANEL && b->i_end - i >= R) {
        dense_tile(panel, p, b, i, R, MOST_VECTORS, by_rows, true);
        i += R;
    } else {
        copy_panel(panel, p, b);
    }
    if (b->columns <= LANES)
        dense_rows(panel, p, b, i, next, 1, by_rows);
    else if (MOST_VECTORS > 2 && b->columns < PANEL)
        dense_rows(panel, p, b, i, next, 2, by_rows);
    else
        dense_rows(panel, p, b, i, next, MOST_VECTORS, by_rows);
}

SAC_INLINE void dense(const struct dense *p, const bool by_rows)
{
    _Alignas(64) float panel[PANEL_DEPTH * PANEL];
    const int rows = block_size(p->M, BLOCK_ROWS, BLOCK_UNIT), depth = block_size(p->K, PANEL_DEPTH, 4);
    struct block b;
    for (b.i = 0; b.i < p->M; b.i += rows) {
        b.i_end = sac_least(b.i + rows, p->M);
        for (b.k = 0; b.k < p->K; b.k += depth) {
            b.depth = sac_least(depth, p->K - b.k);
            for (b.j = 0; b.j < p->N; b.j += b.columns) {
                b.columns = panel_columns(p->N - b.j);
                dense_panel(panel, p, &b, by_rows);
            }
        }
    }
}

/* --- the three products of a layer --- */

static void linear(float *y, int y_ld, const float *x, int x_ld, const float *w, int w_ld, const float *bias,
                   int hidden, enum sac_activation activation, int rows, int in, int out)
{
    (void)out; /* the padding columns are computed too: zero weights give zeros */
    const struct dense p = {.y = y,
                            .x = x,
                            .w = w,
                            .y_ld = (size_t)y_ld,
                            .x_row = (size_t)x_ld,
                            .x_k = 1,
                            .w_ld = (size_t)w_ld,
                            .M = rows,
                            .N = w_ld,
                            .K = in,
                            .after = !hidden                  ? AFTER_NOTHING
                                     : activation == SAC_RELU ? AFTER_RELU
                                                              : AFTER_TANH,
                            .bias = bias};
    dense(&p, true);
}

static void linear_backward_input(float *dx, int dx_ld, float *d_bias, const float *dy, int dy_ld,
                                  const float *w, int w_ld, const float *h, const int *h_row,
                                  enum sac_activation activation, int rows, int in, int out)
{
    if (h == NULL && in <= FEW_INPUTS) {
        dot_products(dx, (size_t)dx_ld, dy, (size_t)dy_ld, w, (size_t)w_ld, rows, out, in);
        return;
    }
    const struct dense p = {.y = dx,
                            .x = dy,
                            .w = w,
                            .y_ld = (size_t)dx_ld,
                            .x_row = (size_t)dy_ld,
                            .x_k = 1,
                            .w_ld = (size_t)w_ld,
                            .w_transposed = true,
                            .M = rows,
                            .N = in,
                            .K = out,
                            .after = h == NULL                ? AFTER_NOTHING
                                     : activation == SAC_RELU ? AFTER_RELU_BACKWARD
                                                              : AFTER_TANH_BACKWARD,
                            .h = h,
                            .h_row = h_row,
                            .sums = d_bias};
    dense(&p, true);
}

static void linear_backward_weights(float *dw, int w_ld, const float *x, int x_ld, const float *dy, int dy_ld,
                                    int rows, int in, int out)
{
    const struct dense p = {.y = dw,
                            .x = x,
                            .w = dy,
                            .y_ld = (size_t)w_ld,
                            .x_row = 1,
                            .x_k = (size_t)x_ld,
                            .w_ld = (size_t)dy_ld,
                            .M = in,
                            .N = out,
                            .K = rows,
                            .after = AFTER_NOTHING};
    dense(&p, false);
}
