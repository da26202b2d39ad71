/* Where parameters lie, and what they start as. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "network.h"
#include "suite.h"

static const int hidden[] = {17, 256, 5};

static struct sac_network make_network(int out)
{
    struct sac_network n;
    sac_network_init(&n, 3, hidden, 3, out, SAC_RELU);
    return n;
}

/* Layers follow each other without overlap, on cache lines, rows padded to 16 (a single output is not). */
START_TEST(test_layout)
{
    for (int out = 1; out < 40; out += 3) {
        const struct sac_network n = make_network(out);
        size_t end = 0;
        ck_assert_int_eq(n.layers, 4);
        for (int l = 0; l < n.layers; l++) {
            const struct sac_layer *layer = &n.layer[l];
            ck_assert_int_eq(layer->in, l ? hidden[l - 1] : 3);
            ck_assert_int_eq(layer->out, l < 3 ? hidden[l] : out);
            ck_assert_int_eq(layer->ld, layer->out == 1 ? 1 : (layer->out + 15) / 16 * 16);
            ck_assert_uint_ge(layer->weights, end);
            ck_assert_uint_ge(layer->bias, layer->weights + (size_t)(layer->in * layer->ld));
            ck_assert_uint_eq(layer->weights % 16, 0);
            ck_assert_uint_eq(layer->bias % 16, 0);
            end = layer->bias + (size_t)layer->ld;
        }
        ck_assert_uint_ge(n.size, end);
        ck_assert_uint_lt(n.size, end + 16);
        ck_assert_uint_eq(n.size % 16, 0);
    }
}
END_TEST

/* How often each place of the block belongs to a parameter. */
static int *count_places(const struct sac_network *n)
{
    int *count = calloc(n->size, sizeof *count);
    for (int l = 0; l < n->layers; l++)
        for (int o = 0; o < n->layer[l].out; o++) {
            count[n->layer[l].bias + (size_t)o]++;
            for (int i = 0; i < n->layer[l].in; i++)
                count[n->layer[l].weights + (size_t)(i * n->layer[l].ld + o)]++;
        }
    return count;
}

/* Every parameter is drawn, none is drawn into padding. */
START_TEST(test_padding_is_zero)
{
    const struct sac_network n = make_network(12);
    float *p = malloc(n.size * sizeof *p);
    int *count = count_places(&n);
    for (size_t i = 0; i < n.size; i++)
        p[i] = NAN;
    sac_network_randomize(&n, p, 1, 0);
    for (size_t i = 0; i < n.size; i++) {
        ck_assert_int_le(count[i], 1);
        ck_assert(count[i] ? isfinite(p[i]) : p[i] == 0);
    }
    free(count);
    free(p);
}
END_TEST

static void check_uniform(const float *x, int rows, int columns, int ld, double bound)
{
    double sum = 0, squares = 0, largest = 0;
    const double n = (double)rows * columns;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            const double v = (double)x[i * ld + j];
            sum += v;
            squares += v * v;
            largest = fmax(largest, fabs(v));
        }
    ck_assert_double_le(largest, bound);
    ck_assert_double_ge(largest, 0.99 * bound);
    ck_assert_double_le(fabs(sum / n), 4 * bound / sqrt(3 * n));
    ck_assert_double_eq_tol(squares / n, bound * bound / 3, 0.1 * bound * bound);
}

/* Weights and biases are uniform in +-1/sqrt(in), as those of PyTorch's Linear: range, mean and variance of
 * the 17 -> 256 layer's. */
START_TEST(test_distribution)
{
    const struct sac_network n = make_network(12);
    float *p = malloc(n.size * sizeof *p);
    sac_network_randomize(&n, p, 3, 0);
    const struct sac_layer *layer = &n.layer[1];
    check_uniform(p + layer->weights, layer->in, layer->out, layer->ld, 1 / sqrt(17));
    check_uniform(p + layer->bias, 1, layer->out, layer->ld, 1 / sqrt(17));
    free(p);
}
END_TEST

static size_t equal_parameters(const struct sac_network *n, uint64_t seed_a, uint32_t number_a,
                               uint64_t seed_b, uint32_t number_b)
{
    float *a = malloc(n->size * sizeof *a), *b = malloc(n->size * sizeof *b);
    size_t equal = 0;
    sac_network_randomize(n, a, seed_a, number_a);
    sac_network_randomize(n, b, seed_b, number_b);
    for (size_t i = 0; i < n->size; i++)
        equal += a[i] != 0 && a[i] == b[i];
    free(a);
    free(b);
    return equal;
}

/* Seed and number, and nothing else, make two networks differ. */
START_TEST(test_seed_and_number)
{
    const struct sac_network n = make_network(12);
    ck_assert_uint_gt(equal_parameters(&n, 1, 2, 1, 2), 5000);
    ck_assert_uint_lt(equal_parameters(&n, 1, 2, 1, 3), 5);
    ck_assert_uint_lt(equal_parameters(&n, 1, 2, 2, 2), 5);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("network");
    tcase_add_test(tc, test_layout);
    tcase_add_test(tc, test_padding_is_zero);
    tcase_add_test(tc, test_distribution);
    tcase_add_test(tc, test_seed_and_number);
    return suite_run(CK_FORK_GETENV, "network", 1, tc);
}
