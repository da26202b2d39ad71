/* Every kind of dense layer against its scalar twin. Bound: 2e-6 (sum |x| |w| + |bias|) for each element, the
 * sum being the twin's with absolute values; activations do not widen it. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "linear.h"
#include "random.h"
#include "suite.h"

#define BOUND 2e-6f

struct operands {
    float *x, *w, *bias, *y, *expected, *magnitude, *absolute_x, *absolute_w, *absolute_bias;
    int x_rows, w_rows, y_rows;
};

static float *numbers(size_t n, uint32_t stream)
{
    float *x = calloc(n, sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = 2 * sac_unit_float(sac_random(5, SAC_PURPOSE_INIT, 0, stream, (uint32_t)i).word[0]) - 1;
    return x;
}

static float *absolute(const float *x, size_t n)
{
    float *y = malloc(n * sizeof *y);
    for (size_t i = 0; i < n; i++)
        y[i] = fabsf(x[i]);
    return y;
}

static struct operands make_operands(const struct sac_linear_shape *s)
{
    struct operands o = {.x_rows = s->rows,
                         .w_rows = s->kind == SAC_LINEAR_BACKWARD_WEIGHTS ? s->rows : s->in,
                         .y_rows = s->kind == SAC_LINEAR_BACKWARD_WEIGHTS ? s->in : s->rows};
    const size_t nx = (size_t)(o.x_rows * s->x_ld), nw = (size_t)(o.w_rows * s->w_ld);
    o.x = numbers(nx, 1);
    o.w = numbers(nw, 2);
    o.bias = numbers((size_t)s->w_ld, 3);
    o.absolute_x = absolute(o.x, nx);
    o.absolute_w = absolute(o.w, nw);
    o.absolute_bias = absolute(o.bias, (size_t)s->w_ld);
    o.y = numbers((size_t)(o.y_rows * s->y_ld), 4);
    o.expected = numbers((size_t)(o.y_rows * s->y_ld), 4);
    o.magnitude = numbers((size_t)(o.y_rows * s->y_ld), 4);
    return o;
}

static void free_operands(struct operands *o)
{
    float *const all[] = {o->x,          o->w,          o->bias,         o->y, o->expected, o->magnitude,
                          o->absolute_x, o->absolute_w, o->absolute_bias};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void run_twin(const struct sac_linear_shape *s, float *y, const float *x, const float *w,
                     const float *bias, int hidden)
{
    const struct sac_kernels *k = &sac_kernels_scalar;
    if (s->kind == SAC_LINEAR_FORWARD)
        k->linear(y, s->y_ld, x, s->x_ld, w, s->w_ld, bias, hidden, s->activation, s->rows, s->in, s->out);
    else if (s->kind == SAC_LINEAR_BACKWARD_INPUT)
        k->linear_backward_input(y, s->y_ld, NULL, x, s->x_ld, w, s->w_ld, NULL, NULL, SAC_RELU, s->rows,
                                 s->in, s->out);
    else
        k->linear_backward_weights(y, s->y_ld, x, s->x_ld, w, s->w_ld, s->rows, s->in, s->out);
}

static void compare(const struct sac_linear_shape *s, const struct operands *o)
{
    const int columns = s->kind == SAC_LINEAR_BACKWARD_INPUT ? s->in : s->out;
    for (int i = 0; i < o->y_rows; i++)
        for (int j = 0; j < columns; j++) {
            const int at = i * s->y_ld + j;
            ck_assert_msg(fabsf(o->y[at] - o->expected[at]) <= BOUND * o->magnitude[at],
                          "kind %d, %d rows, %d -> %d, [%d][%d]: %.9g, not %.9g", (int)s->kind, s->rows,
                          s->in, s->out, i, j, (double)o->y[at], (double)o->expected[at]);
        }
}

static void check_site(const struct sac_linear_shape *s)
{
    struct sac_linear *site;
    ck_assert_msg(sac_linear_create(s, &site) == SAC_OK, "%s", sac_last_error());
    struct operands o = make_operands(s);
    const float *bias = s->kind == SAC_LINEAR_FORWARD ? o.bias : NULL;
    run_twin(s, o.expected, o.x, o.w, bias, s->hidden);
    run_twin(s, o.magnitude, o.absolute_x, o.absolute_w, bias ? o.absolute_bias : NULL, 0);
    for (int twice = 0; twice < 2; twice++) { /* a second run, at other addresses, overwrites */
        sac_linear_run(site, o.y, o.x, o.w, bias);
        compare(s, &o);
        float *const used = o.y;
        o.y = numbers((size_t)(o.y_rows * s->y_ld), 4);
        free(used);
    }
    free_operands(&o);
    sac_linear_destroy(site);
}

/* By the kernels where they are sooner, and by oneDNN where it can. */
static void check_shape(const struct sac_linear_shape *s)
{
    struct sac_linear_shape other = *s;
    other.onednn = 1;
    check_site(s);
    check_site(&other);
}

/* dx = (dy w^T) activation'(h) and its column sums: of both the same, but for rounding. */
static void check_backward(const struct sac_linear_shape *s)
{
    struct sac_linear *site;
    struct operands o = make_operands(s);
    float *h = numbers((size_t)(s->rows * s->y_ld), 5);
    float *sums = numbers((size_t)s->in, 6), *expected = numbers((size_t)s->in, 6);
    ck_assert_int_eq(sac_linear_create(s, &site), SAC_OK);
    run_twin(s, o.magnitude, o.absolute_x, o.absolute_w, NULL, 0);
    sac_kernels_scalar.linear_backward_input(o.expected, s->y_ld, expected, o.x, s->x_ld, o.w, s->w_ld, h,
                                             NULL, s->activation, s->rows, s->in, s->out);
    sac_linear_run_backward(site, o.y, sums, o.x, o.w, h);
    compare(s, &o);
    for (int i = 0; i < s->in; i++) {
        float magnitude = 0;
        for (int r = 0; r < s->rows; r++)
            magnitude += o.magnitude[r * s->y_ld + i];
        ck_assert(fabsf(sums[i] - expected[i]) <= 2 * BOUND * magnitude);
    }
    sac_linear_destroy(site);
    free_operands(&o);
    free(h), free(sums), free(expected);
}

static const int sizes[][3] = {{1, 1, 16},     {1, 3, 2},      {5, 7, 16},    {16, 17, 32},  {33, 23, 48},
                               {256, 17, 256}, {256, 256, 16}, {100, 64, 12}, {31, 256, 256}};

/* Each kind at shapes from 1 x 1 on, hidden and linear, both activations; outputs as wide as their rows. */
START_TEST(test_kinds)
{
    const int rows = sizes[_i][0], in = sizes[_i][1], out = sizes[_i][2];
    for (int hidden = 0; hidden < 3; hidden++) {
        check_shape(&(struct sac_linear_shape){SAC_LINEAR_FORWARD, rows, in, out, in, out, out, hidden > 0,
                                               hidden == 2 ? SAC_TANH : SAC_RELU, 0});
    }
    check_shape(
        &(struct sac_linear_shape){SAC_LINEAR_BACKWARD_INPUT, rows, in, out, out, out, in, 0, SAC_RELU, 0});
    check_shape(
        &(struct sac_linear_shape){SAC_LINEAR_BACKWARD_WEIGHTS, rows, in, out, in, out, out, 0, SAC_RELU, 0});
}
END_TEST

/* The same with rows that are longer than their contents, all differently. */
START_TEST(test_strides)
{
    const int rows = sizes[_i][0], in = sizes[_i][1], out = sizes[_i][2];
    for (int hidden = 0; hidden < 3; hidden++)
        check_shape(&(struct sac_linear_shape){SAC_LINEAR_FORWARD, rows, in, out, in + 5, out + 3, out + 16,
                                               hidden > 0, hidden == 2 ? SAC_TANH : SAC_RELU, 0});
    check_shape(&(struct sac_linear_shape){SAC_LINEAR_BACKWARD_INPUT, rows, in, out, out + 1, out + 2, in + 9,
                                           0, SAC_RELU, 0});
    check_shape(&(struct sac_linear_shape){SAC_LINEAR_BACKWARD_WEIGHTS, rows, in, out, in + 4, out + 3,
                                           out + 3, 0, SAC_RELU, 0});
}
END_TEST

/* A gradient that goes on through the activation of the layer below, by the kernels and by oneDNN. */
START_TEST(test_backward)
{
    const int rows = sizes[_i][0], in = sizes[_i][1], out = sizes[_i][2];
    for (int variant = 0; variant < 6; variant++) {
        const struct sac_linear_shape s = {.kind = SAC_LINEAR_BACKWARD_INPUT,
                                           .rows = rows,
                                           .in = in,
                                           .out = out,
                                           .x_ld = out + 1,
                                           .w_ld = out + 2,
                                           .y_ld = in + 9,
                                           .activation = variant % 2 ? SAC_TANH : SAC_RELU,
                                           .onednn = variant % 2};
        check_backward(&s);
    }
}
END_TEST

/* Fewer rows than a site has come out as with all of them, to the bit, whichever rows of h they go with. */
START_TEST(test_backward_of_some_rows)
{
    const int rows = sizes[_i][0], in = sizes[_i][1], out = sizes[_i][2], some = (rows + 1) / 2;
    for (int variant = 0; variant < 6; variant++) {
        const struct sac_linear_shape s = {.kind = SAC_LINEAR_BACKWARD_INPUT,
                                           .rows = rows,
                                           .in = in,
                                           .out = out,
                                           .x_ld = out + 1,
                                           .w_ld = out + 2,
                                           .y_ld = in,
                                           .onednn = variant % 2};
        struct sac_linear *site;
        ck_assert_int_eq(sac_linear_create(&s, &site), SAC_OK);
        struct operands o = make_operands(&s);
        float *h = numbers((size_t)(rows * s.y_ld), 5), *sums = numbers((size_t)in, 6);
        int *h_row = malloc((size_t)rows * sizeof *h_row);
        float *moved = malloc((size_t)(rows * s.y_ld) * sizeof *moved);
        for (int r = 0; r < rows; r++) { /* the same rows of h, the last first */
            h_row[r] = rows - 1 - r;
            memcpy(moved + (size_t)(h_row[r] * s.y_ld), h + (size_t)(r * s.y_ld), (size_t)s.y_ld * sizeof *h);
        }
        if (variant / 2 > 0)
            sac_linear_run_backward(site, o.expected, sums, o.x, o.w, h);
        else
            sac_linear_run(site, o.expected, o.x, o.w, NULL);
        const bool by_row = variant / 2 == 2;
        sac_linear_run_backward_rows(site, some, o.y, sums, o.x, o.w,
                                     variant / 2 == 0 ? NULL
                                     : by_row         ? moved
                                                      : h,
                                     by_row ? h_row : NULL);
        free(moved);
        free(h_row);
        ck_assert_mem_eq(o.y, o.expected, (size_t)(some * s.y_ld) * sizeof *o.y);
        free(h);
        free(sums);
        free_operands(&o);
        sac_linear_destroy(site);
    }
}
END_TEST

/* A gradient by an input's columns does not touch what lies beside them in the row. */
START_TEST(test_leaves_the_rest_of_a_row)
{
    const struct sac_linear_shape s = {SAC_LINEAR_BACKWARD_INPUT, 20, 6, 32, 32, 32, 16, 0, SAC_RELU, 0};
    struct sac_linear *site;
    ck_assert_int_eq(sac_linear_create(&s, &site), SAC_OK);
    struct operands o = make_operands(&s);
    sac_linear_run(site, o.y, o.x, o.w, NULL);
    for (int i = 0; i < s.rows * s.y_ld; i++)
        if (i % s.y_ld >= s.in)
            ck_assert(o.y[i] == o.expected[i]);
    free_operands(&o);
    sac_linear_destroy(site);
}
END_TEST

/* A site says what computes it, and never that it is oneDNN's reference code. */
START_TEST(test_implementation_is_named)
{
    const struct sac_linear_shape s = {SAC_LINEAR_FORWARD, 256, 17, 256, 32, 256, 256, 1, SAC_RELU, _i};
    struct sac_linear *site;
    ck_assert_int_eq(sac_linear_create(&s, &site), SAC_OK);
    const char *name = sac_linear_implementation(site);
    ck_assert_msg(strncmp(name, "softac:", 7) == 0 || strncmp(name, "oneDNN ", 7) == 0, "%s", name);
    ck_assert_msg(strncmp(name, "oneDNN ref", 10) != 0, "%s", name);
    ck_assert_uint_gt(strlen(sac_linear_backend()), 0);
    sac_linear_destroy(site);
    sac_linear_destroy(NULL);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("linear");
    const int n = (int)(sizeof sizes / sizeof *sizes);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_kinds, 0, n);
    tcase_add_loop_test(tc, test_strides, 0, n);
    tcase_add_loop_test(tc, test_backward, 0, n);
    tcase_add_loop_test(tc, test_backward_of_some_rows, 0, n);
    tcase_add_test(tc, test_leaves_the_rest_of_a_row);
    tcase_add_loop_test(tc, test_implementation_is_named, 0, 2);
    return suite_run(CK_FORK_GETENV, "linear", 1, tc);
}
