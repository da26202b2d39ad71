/* Every kernel of every table that this CPU can run against its plain twin, with the bounds of kernels.h. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "memory.h"
#include "suite.h"

extern const struct sac_kernels sac_kernels_16_lanes;

static const struct sac_kernels *table[5];
static int tables;
static const struct sac_kernels *const twin = &sac_kernels_scalar;

static const double e = 0x1p-24;     /* half a unit in the last place of 1 */
static const float untouched = 1234; /* what lies around results */

/* ---- arrays: exactly as long as asked for, so that AddressSanitizer sees a read too far ---- */

static void *owned[256];
static int owned_count;

static void free_numbers(void)
{
    while (owned_count > 0)
        free(owned[--owned_count]);
}

static float *constant(size_t n, float value)
{
    ck_assert_int_lt(owned_count, 256);
    float *x = malloc(n * sizeof *x);
    ck_assert_ptr_nonnull(x);
    owned[owned_count++] = x;
    for (size_t i = 0; i < n; i++)
        x[i] = value;
    return x;
}

/* Uniform in [-scale, scale), told from `seed`. */
static float *numbers(size_t n, uint64_t seed, float scale)
{
    float *x = constant(n, 0);
    for (size_t i = 0; i < n; i++)
        x[i] =
            scale * (2 * sac_unit_float(sac_random(seed, SAC_PURPOSE_INIT, 0, 0, (uint32_t)i).word[0]) - 1);
    return x;
}

static float *copy(const float *x, size_t n)
{
    return memcpy(constant(n, 0), x, n * sizeof *x);
}

static float *magnitudes(const float *x, size_t n)
{
    float *y = constant(n, 0);
    for (size_t i = 0; i < n; i++)
        y[i] = fabsf(x[i]);
    return y;
}

static size_t area(int rows, int ld)
{
    return (size_t)rows * (size_t)ld;
}

static void near(const struct sac_kernels *k, const char *what, size_t i, double got, double want,
                 double bound)
{
    if (isnan(want) ? !isnan(got) : !(got == want || fabs(got - want) <= bound))
        ck_abort_msg("%s: %s[%zu] is %.9g instead of %.9g, off by %.3g, more than %.3g", k->name, what, i,
                     got, want, fabs(got - want), bound);
}

/* got (rows, ld) is within `bound` (rows, ld; per element) + least of want in the first n columns, and equal
 * to want (untouched) in the others. */
static void near_block(const struct sac_kernels *k, const char *what, const float *got, const float *want,
                       const float *bound, double factor, double least, int rows, int n, int ld)
{
    for (int r = 0; r < rows; r++) {
        for (int c = 0; c < ld; c++) {
            const size_t i = area(r, ld) + (size_t)c;
            const double allowed = c < n ? (bound != NULL ? factor * fabs((double)bound[i]) : 0) + least : 0;
            near(k, what, i, (double)got[i], (double)want[i], allowed);
        }
    }
}

/* ---- random numbers ---- */

static const int random_shapes[][3] = {{1, 1, 1},  {1, 6, 6},   {3, 5, 8},   {7, 17, 20},
                                       {37, 4, 4}, {5, 70, 71}, {256, 6, 16}};

/* Uniform numbers have the twin's very bits, for counters at their ends too: so Philox is Philox in every
 * lane. */
START_TEST(uniform_is_exact)
{
    const struct sac_kernels *k = table[_i];
    for (size_t s = 0; s < sizeof random_shapes / sizeof *random_shapes; s++) {
        const int rows = random_shapes[s][0], cols = random_shapes[s][1], ld = random_shapes[s][2];
        const uint64_t seed = 0xFEDCBA9876543210u + s, step = (1ull << 56) - 1 - s;
        float *got = constant(area(rows, ld), untouched), *want = constant(area(rows, ld), untouched);
        k->uniform(got, ld, seed, SAC_PURPOSE_WARMUP_ACTION, step, UINT32_MAX - 2, rows, cols);
        twin->uniform(want, ld, seed, SAC_PURPOSE_WARMUP_ACTION, step, UINT32_MAX - 2, rows, cols);
        ck_assert_mem_eq(got, want, area(rows, ld) * sizeof *got);
    }
}
END_TEST

/* Random bits are the twin's, for any count, and nothing is written after them. */
START_TEST(bits_are_exact)
{
    enum { MOST = 70 };
    const struct sac_kernels *k = table[_i];
    for (int n = 0; n < MOST; n++) {
        uint64_t got[MOST] = {0}, want[MOST] = {0};
        const uint64_t seed = 0xFEDCBA9876543210u, step = 0xFFFFFFFFFFFFFFu ^ (uint64_t)n;
        k->bits(got, seed, SAC_PURPOSE_DRAW, step, 3, UINT32_MAX - 40, n);
        twin->bits(want, seed, SAC_PURPOSE_DRAW, step, 3, UINT32_MAX - 40, n);
        ck_assert_mem_eq(got, want, sizeof got);
    }
}
END_TEST

/* Normal numbers: within 2e-6 of the exact transformation of the same random words. */
START_TEST(normal_is_near)
{
    const struct sac_kernels *k = table[_i];
    for (size_t s = 0; s < sizeof random_shapes / sizeof *random_shapes; s++) {
        const int rows = random_shapes[s][0], cols = random_shapes[s][1], ld = random_shapes[s][2];
        float *got = constant(area(rows, ld), untouched), *want = constant(area(rows, ld), untouched);
        for (uint64_t step = 0; step < 30; step++) {
            k->normal(got, ld, s, SAC_PURPOSE_UPDATE_NOISE, step, 3, rows, cols);
            twin->normal(want, ld, s, SAC_PURPOSE_UPDATE_NOISE, step, 3, rows, cols);
            near_block(k, "normal", got, want, NULL, 0, 2e-6, rows, cols, ld);
        }
    }
}
END_TEST

/* 400,000 of them have the first four moments of a standard normal, and neighbours are uncorrelated. */
START_TEST(normal_moments)
{
    const int rows = 20000, cols = 20;
    const double n = (double)rows * cols;
    float *x = constant(area(rows, cols), 0);
    table[_i]->normal(x, cols, 11, SAC_PURPOSE_UPDATE_NOISE, 0, 0, rows, cols);
    double moment[5] = {0}, neighbours = 0;
    for (size_t i = 0; i < area(rows, cols); i++) {
        double power = 1;
        for (int m = 1; m <= 4; m++)
            moment[m] += (power *= (double)x[i]);
        neighbours += i > 0 ? (double)x[i] * (double)x[i - 1] : 0;
    }
    /* four standard errors: sqrt of 1, 2, 15, 96 over n */
    ck_assert_double_eq_tol(moment[1] / n, 0, 4 * sqrt(1 / n));
    ck_assert_double_eq_tol(moment[2] / n, 1, 4 * sqrt(2 / n));
    ck_assert_double_eq_tol(moment[3] / n, 0, 4 * sqrt(15 / n));
    ck_assert_double_eq_tol(moment[4] / n, 3, 4 * sqrt(96 / n));
    ck_assert_double_eq_tol(neighbours / n, 0, 4 * sqrt(1 / n));
}
END_TEST

/* ---- the squashed Gaussian ---- */

struct squashed {
    int rows, A, head_ld, noise_ld, action_ld;
    struct sac_log_std log_std;
    float *head, *noise;
};

struct squash_result {
    float *action, *log_prob;
    struct sac_squash squash;
};

static struct squash_result run_squash(const struct sac_kernels *k, const struct squashed *s)
{
    const size_t flat = area(s->rows, s->A);
    struct squash_result r = {
        .action = constant(area(s->rows, s->action_ld), untouched),
        .log_prob = constant((size_t)s->rows, untouched),
        .squash = {constant(flat, untouched), constant(flat, untouched), constant(flat, untouched)},
    };
    k->squash(r.action, s->action_ld, r.log_prob, &r.squash, s->head, s->head_ld, s->noise, s->noise_ld,
              s->log_std, s->rows, s->A);
    return r;
}

/* The stated bound of one element, before its factor of 1e-6. */
static double element_scale(const struct squashed *s, int row, int d, double std)
{
    const double mean = (double)s->head[area(row, s->head_ld) + (size_t)d];
    const double n = (double)s->noise[area(row, s->noise_ld) + (size_t)d];
    return 1 + fabs(mean) + std * fabs(n) + 0.5 * n * n + fabs(log(std));
}

static void compare_squash(const struct sac_kernels *k, const struct squashed *s)
{
    const struct squash_result got = run_squash(k, s), want = run_squash(twin, s);
    for (int r = 0; r < s->rows; r++) {
        double row_scale = 0;
        for (int d = 0; d < s->A; d++) {
            const size_t i = area(r, s->A) + (size_t)d, at = area(r, s->action_ld) + (size_t)d;
            const double std = (double)want.squash.std[i];
            const double slope = (double)want.squash.log_std_slope[i];
            const double tanh_slope = (double)want.squash.tanh_slope[i];
            const double bound = 1e-6 * element_scale(s, r, d, std);
            row_scale += bound;
            near(k, "std", i, (double)got.squash.std[i], std, bound * std);
            near(k, "log_std_slope", i, (double)got.squash.log_std_slope[i], slope, bound * slope + 1e-44);
            near(k, "tanh_slope", i, (double)got.squash.tanh_slope[i], tanh_slope,
                 bound * tanh_slope + 1e-44);
            near(k, "action", at, (double)got.action[at], (double)want.action[at], bound);
            ck_assert(fabsf(got.action[at]) <= 1);
        }
        for (int d = s->A; d < s->action_ld; d++)
            ck_assert(got.action[area(r, s->action_ld) + (size_t)d] == untouched);
        near(k, "log_prob", (size_t)r, (double)got.log_prob[r], (double)want.log_prob[r], row_scale);
    }
}

static const struct sac_log_std clamped = {SAC_LOG_STD_CLAMP, -20, 2}, mapped = {SAC_LOG_STD_TANH, -5, 2};

static struct squashed make_squashed(int rows, int A, struct sac_log_std log_std, uint64_t seed, float scale)
{
    struct squashed s = {
        rows, A, 2 * A + (int)(seed % 3), A + (int)(seed % 2), A + (int)(seed % 4), log_std, NULL, NULL};
    s.head = numbers(area(rows, s.head_ld), seed, scale);
    s.noise = constant(area(rows, s.noise_ld), 0);
    twin->normal(s.noise, s.noise_ld, seed, SAC_PURPOSE_UPDATE_NOISE, 0, 0, rows, A);
    return s;
}

static const int action_shapes[][2] = {{1, 1},  {2, 1},  {37, 1}, {5, 2},   {9, 3},   {33, 6},
                                       {16, 7}, {3, 17}, {8, 16}, {300, 6}, {2, 301}, {1, 70}};
enum { ACTION_SHAPES = sizeof action_shapes / sizeof *action_shapes };

/* Shapes of all kinds, moderate and large outputs of the network, both mappings of log sigma. */
START_TEST(squash_shapes)
{
    for (int s = 0; s < ACTION_SHAPES; s++) {
        for (int large = 0; large < 2; large++) {
            const struct squashed x =
                make_squashed(action_shapes[s][0], action_shapes[s][1], large ? mapped : clamped,
                              (uint64_t)(2 * s + large), large ? 30 : 3);
            compare_squash(table[_i], &x);
        }
        free_numbers();
    }
}
END_TEST

/* Along u = -60 .. 60 without noise: exact in the tails, where 1 - tanh^2 rounds to 0 if computed from tanh.
 */
START_TEST(squash_tails)
{
    const int rows = 24001;
    struct squashed x = {rows, 1, 2, 1, 1, clamped, constant(area(rows, 2), 0), constant((size_t)rows, 0)};
    for (int r = 0; r < rows; r++)
        x.head[2 * r] = (float)(r - 12000) / 200;
    compare_squash(table[_i], &x);
    const struct squash_result got = run_squash(table[_i], &x);
    const double far[] = {8, 10, 50};
    for (int i = 0; i < 6; i++) {
        const double u = i < 3 ? far[i] : -far[i - 3];
        const int r = 12000 + (int)lround(200 * u);
        const double exact = -0.5 * log(2 * acos(-1)) - 2 * (log(2) - fabs(u) - log1p(exp(-2 * fabs(u))));
        ck_assert_double_eq_tol((double)got.log_prob[r], exact, 1e-6 * (1 + fabs(u)));
        ck_assert_double_eq_tol((double)got.squash.tanh_slope[r] / (4 * exp(-2 * fabs(u))), 1,
                                fabs(u) < 40 ? 1e-6 : 0.05 /* a denormal number */);
        ck_assert(got.action[r] == (u > 0 ? 1.0f : -1.0f) || fabs(u) < 9);
    }
}
END_TEST

/* Along raw log std = -40 .. 40, past both bounds: std stays within them, the slope is 0 outside the clamp.
 */
START_TEST(log_std_bounds)
{
    const int rows = 8001;
    for (int m = 0; m < 2; m++) {
        struct squashed x = {
            rows, 1, 2, 1, 1, m ? mapped : clamped, constant(area(rows, 2), 0), constant((size_t)rows, 1)};
        for (int r = 0; r < rows; r++)
            x.head[2 * r + 1] = (float)(r - 4000) / 100;
        compare_squash(table[_i], &x);
        const struct squash_result got = run_squash(table[_i], &x);
        for (int r = 0; r < rows; r++) {
            const float raw = x.head[2 * r + 1];
            ck_assert(got.squash.std[r] >= expf(x.log_std.low) * (1 - 4e-7f));
            ck_assert(got.squash.std[r] <= expf(x.log_std.high) * (1 + 4e-7f));
            if (m == 0)
                ck_assert(got.squash.log_std_slope[r] == (raw >= -20 && raw <= 2 ? 1 : 0));
        }
    }
}
END_TEST

/* Values that no training should see give finite results, except that a NaN stays visible in its row alone.
 */
START_TEST(squash_extremes)
{
    const float mean[] = {1e30f, -1e30f, 0.0f, -0.0f, 1e-38f, 100, -100, 1};
    const float raw[] = {1e30f, -1e30f, 88, -88, 0, INFINITY, -INFINITY, NAN};
    struct squashed x = {8, 1, 2, 1, 1, clamped, constant(16, 0), numbers(8, 5, 3)};
    for (int m = 0; m < 2; m++) {
        x.log_std = m ? mapped : clamped;
        for (int i = 0; i < 8; i++) {
            x.head[2 * i] = mean[i];
            x.head[2 * i + 1] = raw[i];
        }
        const struct squash_result got = run_squash(table[_i], &x);
        for (int i = 0; i < 7; i++)
            ck_assert(isfinite(got.log_prob[i]) && fabsf(got.action[i]) <= 1 && isfinite(got.squash.std[i]));
        ck_assert(isnan(got.log_prob[7]) && isnan(got.action[7]) && isnan(got.squash.std[7]));
        x.head[0] = NAN;
        const struct squash_result again = run_squash(table[_i], &x);
        ck_assert(isnan(again.log_prob[0]) && isnan(again.action[0]) && isnan(again.squash.tanh_slope[0]));
        ck_assert(!isnan(again.log_prob[1]));
    }
}
END_TEST

/* act gives squash's actions to the bit; without noise it gives tanh of the mean. */
START_TEST(act_is_squash)
{
    const struct sac_kernels *k = table[_i];
    for (int s = 0; s < ACTION_SHAPES; s++) {
        const struct squashed x =
            make_squashed(action_shapes[s][0], action_shapes[s][1], s % 2 ? mapped : clamped, (uint64_t)s, 3);
        const struct squash_result want = run_squash(k, &x);
        const size_t n = area(x.rows, x.action_ld);
        float *got = constant(n, untouched);
        k->act(got, x.action_ld, x.head, x.head_ld, x.noise, x.noise_ld, x.log_std, x.rows, x.A);
        ck_assert_mem_eq(got, want.action, n * sizeof *got);
        float *plain = constant(n, untouched), *exact = constant(n, untouched);
        k->act(plain, x.action_ld, x.head, x.head_ld, NULL, 0, x.log_std, x.rows, x.A);
        twin->act(exact, x.action_ld, x.head, x.head_ld, NULL, 0, x.log_std, x.rows, x.A);
        near_block(k, "act", plain, exact, exact, 4e-7, 0, x.rows, x.A, x.action_ld);
        free_numbers();
    }
}
END_TEST

/* The gradient by the head through the action, against the twin on the same squash. */
START_TEST(policy_gradient)
{
    const struct sac_kernels *k = table[_i];
    const float alpha = 0.3f, scale = 1.0f / 256;
    for (int s = 0; s < ACTION_SHAPES; s++) {
        const struct squashed x =
            make_squashed(action_shapes[s][0], action_shapes[s][1], s % 2 ? mapped : clamped, (uint64_t)s, 3);
        const struct squash_result q = run_squash(twin, &x);
        const int dq_ld = x.A + 3;
        const float *dq = numbers(area(x.rows, dq_ld), 99, 5);
        const size_t n = area(x.rows, x.head_ld);
        float *got = constant(n, untouched), *want = constant(n, untouched);
        k->policy_gradient(got, x.head_ld, dq, dq_ld, q.action, x.action_ld, &q.squash, x.noise, x.noise_ld,
                           alpha, scale, x.rows, x.A);
        twin->policy_gradient(want, x.head_ld, dq, dq_ld, q.action, x.action_ld, &q.squash, x.noise,
                              x.noise_ld, alpha, scale, x.rows, x.A);
        float *bound = constant(n, 0); /* sum of the terms' magnitudes */
        for (int r = 0; r < x.rows; r++) {
            for (int d = 0; d < x.A; d++) {
                const size_t flat = area(r, x.A) + (size_t)d, at = area(r, x.head_ld) + (size_t)d;
                const float terms = 2 * alpha * fabsf(q.action[area(r, x.action_ld) + (size_t)d]) +
                                    fabsf(dq[area(r, dq_ld) + (size_t)d] * q.squash.tanh_slope[flat]);
                const float sigma_noise =
                    q.squash.std[flat] * fabsf(x.noise[area(r, x.noise_ld) + (size_t)d]);
                bound[at] = scale * terms;
                bound[at + (size_t)x.A] =
                    scale * (terms * sigma_noise + alpha) * q.squash.log_std_slope[flat];
            }
        }
        near_block(k, "policy_gradient", got, want, bound, 8 * e, 0, x.rows, 2 * x.A, x.head_ld);
        free_numbers();
    }
}
END_TEST

/* The score function's gradient, against the twin on the same squash. */
START_TEST(score_gradient)
{
    const struct sac_kernels *k = table[_i];
    for (int s = 0; s < ACTION_SHAPES; s++) {
        const struct squashed x =
            make_squashed(action_shapes[s][0], action_shapes[s][1], s % 2 ? mapped : clamped, (uint64_t)s, 3);
        const struct squash_result q = run_squash(twin, &x);
        const float *weight = numbers((size_t)x.rows, 99, 50);
        const size_t n = area(x.rows, x.head_ld);
        float *got = constant(n, untouched), *want = constant(n, untouched);
        k->score_gradient(got, x.head_ld, weight, &q.squash, x.noise, x.noise_ld, 0.25f, x.rows, x.A);
        twin->score_gradient(want, x.head_ld, weight, &q.squash, x.noise, x.noise_ld, 0.25f, x.rows, x.A);
        float *bound = copy(want, n); /* noise^2 - 1 cancels: its terms' magnitudes count */
        for (int r = 0; r < x.rows; r++) {
            for (int d = 0; d < x.A; d++) {
                const float z = x.noise[area(r, x.noise_ld) + (size_t)d];
                bound[area(r, x.head_ld) + (size_t)(x.A + d)] = 0.25f * weight[r] * (z * z + 1);
            }
        }
        near_block(k, "score_gradient", got, want, bound, 8 * e, 0, x.rows, 2 * x.A, x.head_ld);
        free_numbers();
    }
}
END_TEST

/* ---- the optimiser ---- */

enum { FLAT = 16 * 67 };

/* Ten steps of Adam and Polyak stay near the twin's, from moments at rest, with gradients of all sizes and
 * zero; Adam alone takes the very same steps. */
START_TEST(adam_and_polyak)
{
    const struct sac_kernels *k = table[_i];
    float *p = numbers(FLAT, 1, 0.1f), *m = constant(FLAT, 0), *v = constant(FLAT, 0);
    float *target = numbers(FLAT, 2, 0.1f), *g = constant(FLAT, 0);
    for (uint64_t t = 1; t <= 10; t++) {
        const float *random = numbers(FLAT, 10 + t, 1);
        for (int i = 0; i < FLAT; i++)
            g[i] = i % 7 == 0 ? 0 : random[i] * powf(10, (float)(i % 23 - 15));
        const struct sac_adam step = sac_adam_step(1e-3, t);
        float *want[4] = {copy(p, FLAT), copy(m, FLAT), copy(v, FLAT), copy(target, FLAT)};
        const float *before = copy(p, FLAT), *m_before = copy(m, FLAT);
        twin->adam_polyak(want[0], want[3], want[1], want[2], g, &step, 0.005f, FLAT);
        float *alone[3] = {copy(p, FLAT), copy(m, FLAT), copy(v, FLAT)};
        k->adam_polyak(p, target, m, v, g, &step, 0.005f, FLAT);
        k->adam(alone[0], alone[1], alone[2], g, &step, FLAT);
        ck_assert_mem_eq(alone[0], p, FLAT * sizeof *p);
        ck_assert_mem_eq(alone[1], m, FLAT * sizeof *m);
        ck_assert_mem_eq(alone[2], v, FLAT * sizeof *v);
        for (size_t i = 0; i < FLAT; i++) {
            const double m_terms = fabs(0.9 * (double)m_before[i]) + fabs(0.1 * (double)g[i]);
            const double denominator = sqrt((double)want[2][i]) * (double)step.root_correction + 1e-8;
            near(k, "m", i, (double)m[i], (double)want[1][i], 4 * e * m_terms + 1e-44);
            near(k, "v", i, (double)v[i], (double)want[2][i], 6 * e * (double)want[2][i] + 1e-44);
            near(k, "p", i, (double)p[i], (double)want[0][i],
                 12 * e * (double)step.step_size * m_terms / denominator + 2 * e * fabs((double)before[i]));
            near(k, "target", i, (double)target[i], (double)want[3][i], 3 * e * 0.2);
            ck_assert(i % 7 != 0 || p[i] == before[i]); /* zero gradients move nothing: padding stays */
        }
    }
}
END_TEST

/* A gradient that is NaN is seen in the parameter and nowhere else. */
START_TEST(adam_shows_nan)
{
    float *p = numbers(32, 1, 1), *m = constant(32, 0), *v = constant(32, 0), *g = numbers(32, 2, 1);
    g[21] = NAN;
    const struct sac_adam step = sac_adam_step(1e-3, 1);
    table[_i]->adam(p, m, v, g, &step, 32);
    for (int i = 0; i < 32; i++)
        ck_assert_int_eq(isnan(p[i]) != 0, i == 21);
}
END_TEST

/* Moments that are no longer fed end at zero and are never denormal on the way, as the twin's; those that are
 * just normal stay. */
START_TEST(adam_ends_at_zero)
{
    const struct sac_kernels *both[] = {table[_i], twin};
    for (int which = 0; which < 2; which++) {
        float *p = numbers(32, 1, 1), *m = constant(32, 0), *v = constant(32, 0), *g = constant(32, 0);
        for (int i = 0; i < 32; i++) {
            m[i] = ldexpf(i % 2 ? -1.5f : 1.5f, i / 2 - 130);
            v[i] = ldexpf(1.5f, i / 2 - 130);
        }
        for (uint64_t t = 1; t <= 200; t++) {
            const struct sac_adam step = sac_adam_step(1e-3, t);
            both[which]->adam(p, m, v, g, &step, 32);
            for (int i = 0; i < 32; i++)
                ck_assert(fpclassify(m[i]) != FP_SUBNORMAL && fpclassify(v[i]) != FP_SUBNORMAL);
            ck_assert(t > 1 || (m[30] > 0 && m[31] < 0 && v[8] > 0));
        }
        for (int i = 0; i < 32; i++)
            ck_assert(m[i] == 0 && (v[i] == 0) == (i < 8));
    }
}
END_TEST

/* Sums are the twin's to the bit. */
START_TEST(add_is_exact)
{
    float *got = numbers(FLAT, 1, 1), *want = copy(got, FLAT);
    const float *x = numbers(FLAT, 2, 1);
    table[_i]->add(got, x, FLAT);
    twin->add(want, x, FLAT);
    ck_assert_mem_eq(got, want, FLAT * sizeof *got);
}
END_TEST

/* Bias corrections are those of the definition, computed in double, for the first step and the millionth. */
START_TEST(adam_step)
{
    const struct sac_adam first = sac_adam_step(3e-4, 1), late = sac_adam_step(3e-4, 1000000);
    ck_assert_float_eq_tol(first.step_size, 3e-3f, 3e-10f);
    ck_assert_float_eq_tol(first.root_correction, 31.6227766f, 4e-6f);
    ck_assert_float_eq_tol(late.step_size, 3e-4f, 3e-11f);
    ck_assert(late.root_correction == 1);
}
END_TEST

/* ---- layers ---- */

static const int layer_shapes[][3] = {
    /* rows, in, out */
    {1, 1, 1},    {1, 17, 256}, {2, 3, 5},    {3, 70, 33},  {4, 4, 16},
    {5, 9, 70},   {7, 23, 24},  {8, 17, 64},  {9, 64, 31},  {12, 5, 48},
    {15, 33, 17}, {16, 16, 12}, {31, 2, 100}, {37, 31, 37}, {32, 256, 12},
};
enum { LAYER_SHAPES = sizeof layer_shapes / sizeof *layer_shapes };

struct layer {
    int rows, in, out, x_ld, w_ld, y_ld;
    float *x, *w, *bias, *dy;
};

/* `padded`: rows as the networks have them, 16 floats each; otherwise odd strides, told from s. */
static struct layer make_sized_layer(int rows, int in, int out, int s, int padded)
{
    struct layer l = {.rows = rows, .in = in, .out = out};
    l.x_ld = l.in + 3;
    l.w_ld = padded ? (int)sac_round_up((size_t)l.out, 16) : l.out + s % 3;
    l.y_ld = l.w_ld + (padded ? 0 : s % 2);
    l.x = numbers(area(l.rows, l.x_ld), 1, 1);
    l.w = numbers(area(l.in, l.w_ld), 2, 1);
    l.bias = numbers((size_t)l.w_ld, 3, 1);
    l.dy = numbers(area(l.rows, l.y_ld), 4, 1);
    for (int i = 0; i < l.in; i++) {
        for (int j = l.out; j < l.w_ld; j++)
            l.w[area(i, l.w_ld) + (size_t)j] = l.bias[j] = 0;
    }
    return l;
}

static struct layer make_layer(int s, int padded)
{
    return make_sized_layer(layer_shapes[s][0], layer_shapes[s][1], layer_shapes[s][2], s, padded);
}

static float *run_linear(const struct sac_kernels *k, const struct layer *l, int hidden,
                         enum sac_activation activation)
{
    float *y = constant(area(l->rows, l->y_ld), untouched);
    k->linear(y, l->y_ld, l->x, l->x_ld, l->w, l->w_ld, l->bias, hidden, activation, l->rows, l->in, l->out);
    return y;
}

/* The bound of a sum of products: a rounding for each, of the sum of the products' magnitudes. */
static float *product_bound(const struct layer *l)
{
    struct layer m = *l;
    m.x = magnitudes(l->x, area(l->rows, l->x_ld));
    m.w = magnitudes(l->w, area(l->in, l->w_ld));
    m.bias = magnitudes(l->bias, (size_t)l->w_ld);
    return run_linear(twin, &m, 0, SAC_RELU);
}

/* y = activation(x W + b) for shapes and strides of all kinds; padding columns come out as zeros. */
START_TEST(linear)
{
    const struct sac_kernels *k = table[_i];
    for (int s = 0; s < 2 * LAYER_SHAPES; s++) {
        const struct layer l = make_layer(s / 2, s % 2);
        const float *bound = product_bound(&l);
        for (int a = 0; a < 3; a++) {
            const int hidden = a > 0;
            const enum sac_activation activation = a == 2 ? SAC_TANH : SAC_RELU;
            const float *got = run_linear(k, &l, hidden, activation);
            const float *want = run_linear(twin, &l, hidden, activation);
            near_block(k, "linear", got, want, bound, (l.in + 1) * e, a == 2 ? 4e-7 : 0, l.rows, l.w_ld,
                       l.y_ld);
            for (int j = l.out; j < l.w_ld; j++)
                ck_assert(got[j] == 0);
        }
        free_numbers();
    }
}
END_TEST

/* A row's output has the same bits whether it is computed alone or among others. */
START_TEST(linear_rows_are_independent)
{
    const struct sac_kernels *k = table[_i];
    for (int s = 0; s < LAYER_SHAPES; s++) {
        const struct layer l = make_layer(s, s % 2);
        const float *all = run_linear(k, &l, 1, SAC_TANH);
        for (int first = 0; first < l.rows; first++) {
            for (int rows = 1; first + rows <= l.rows && rows <= 17; rows += 3) {
                struct layer part = l;
                part.rows = rows;
                part.x = l.x + area(first, l.x_ld);
                const float *got = run_linear(k, &part, 1, SAC_TANH);
                ck_assert_mem_eq(got, all + area(first, l.y_ld), area(rows, l.y_ld) * sizeof *got);
                free(owned[--owned_count]);
            }
        }
        free_numbers();
    }
}
END_TEST

/* A NaN in a row of x is seen in all of that row's outputs, ReLU or tanh, and in no other row. */
START_TEST(linear_shows_nan)
{
    for (int s = 0; s < LAYER_SHAPES; s++) {
        const struct layer l = make_layer(s, 1);
        const int bad = l.rows / 2;
        l.x[area(bad, l.x_ld) + (size_t)(l.in / 2)] = NAN;
        for (int a = 0; a < 2; a++) {
            const float *y = run_linear(table[_i], &l, 1, a ? SAC_TANH : SAC_RELU);
            for (int r = 0; r < l.rows; r++) {
                for (int j = 0; j < l.out; j++)
                    ck_assert_int_eq(isnan(y[area(r, l.y_ld) + (size_t)j]) != 0, r == bad);
            }
        }
        free_numbers();
    }
}
END_TEST

/* ---- the same from panels ---- */

/* Beside the shapes of all layers: sums in parts and not, at both sides of each limit; tiles of every height.
 */
static const int panel_shapes[][3] = {
    /* rows, in, out */
    {1, 1, 2},    {3, 7, 1},   {4, 64, 4},   {5, 63, 3},   {9, 9, 5},     {1, 3, 256},  {2, 5, 128},
    {11, 6, 112}, {10, 3, 55}, {14, 2, 56},  {13, 19, 57}, {32, 17, 130}, {23, 5, 300}, {6, 33, 64},
    {1, 64, 63},  {2, 31, 65}, {1, 256, 16}, {29, 4, 127}, {41, 348, 34}, {3, 512, 96}, {8, 256, 256},
};
enum { PANEL_SHAPES = sizeof panel_shapes / sizeof *panel_shapes };

struct panel_layer {
    int rows, in, out, x_ld, w_ld, y_ld;
    float *x, *w, *panels, *bias;
};

/* What lies behind the last number of a row of x is NaN: nobody may use it. */
static struct panel_layer make_panel_layer(int s)
{
    const int *shape = s < PANEL_SHAPES ? panel_shapes[s] : layer_shapes[s - PANEL_SHAPES];
    struct panel_layer l = {.rows = shape[0], .in = shape[1], .out = shape[2]};
    l.x_ld = l.in + 1;
    l.w_ld = l.out == 1 ? 1 : (int)sac_round_up((size_t)l.out, SAC_PANEL);
    l.y_ld = (int)sac_round_up((size_t)l.out, SAC_PANEL) + s % 2;
    l.x = numbers(area(l.rows, l.x_ld), 1, 1);
    l.w = numbers(area(l.in, l.w_ld), 2, 1);
    l.panels = constant(area(l.in, l.w_ld), NAN);
    l.bias = numbers((size_t)l.w_ld, 3, 1);
    for (int r = 0; r < l.rows; r++)
        l.x[area(r, l.x_ld) + (size_t)l.in] = NAN;
    for (int i = 0; i < l.in; i++) {
        for (int j = l.out; j < l.w_ld; j++)
            l.w[area(i, l.w_ld) + (size_t)j] = l.bias[j] = 0;
    }
    sac_panels_pack(l.panels, l.w, l.w_ld, l.in, l.out);
    return l;
}

static float *run_panels(const struct sac_kernels *k, const struct panel_layer *l, int first, int rows,
                         int hidden, enum sac_activation activation)
{
    float *y = constant(area(rows, l->y_ld), untouched);
    k->linear_panels(y, l->y_ld, l->x + area(first, l->x_ld), l->x_ld, l->panels, l->bias, hidden, activation,
                     rows, l->in, l->out);
    return y;
}

/* y = activation(x W + b) from panels: the twin's to a rounding for each product, and `linear`'s twin's,
 * which knows no panels. What stands behind the last panel of a row stays. */
START_TEST(linear_panels)
{
    const struct sac_kernels *k = table[_i];
    for (int s = 0; s < PANEL_SHAPES + LAYER_SHAPES; s++) {
        const struct panel_layer l = make_panel_layer(s);
        float *bound = constant(area(l.rows, l.y_ld), 0), *plain = constant(area(l.rows, l.y_ld), 0);
        float *x = magnitudes(l.x, area(l.rows, l.x_ld)), *w = magnitudes(l.w, area(l.in, l.w_ld));
        twin->linear(bound, l.y_ld, x, l.x_ld, w, l.w_ld, magnitudes(l.bias, (size_t)l.w_ld), 0, SAC_RELU,
                     l.rows, l.in, l.out);
        for (int a = 0; a < 3; a++) {
            const int hidden = a > 0;
            const enum sac_activation activation = a == 2 ? SAC_TANH : SAC_RELU;
            const float *got = run_panels(k, &l, 0, l.rows, hidden, activation);
            const float *want = run_panels(twin, &l, 0, l.rows, hidden, activation);
            twin->linear(plain, l.y_ld, l.x, l.x_ld, l.w, l.w_ld, l.bias, hidden, activation, l.rows, l.in,
                         l.out);
            for (int r = 0; r < l.rows; r++) {
                const size_t row = area(r, l.y_ld);
                ck_assert_mem_eq(want + row, plain + row, (size_t)l.out * sizeof *want);
                near_block(k, "linear_panels", got + row, want + row, bound + row, (l.in + 1) * e,
                           a == 2 ? 4e-7 : 0, 1, l.out, l.out);
                if (s % 2)
                    ck_assert(got[row + (size_t)l.y_ld - 1] == untouched);
            }
        }
        free_numbers();
    }
}
END_TEST

/* A row has the same bits alone and among any others, of which some are NaN. */
START_TEST(linear_panels_rows_are_independent)
{
    for (int s = 0; s < PANEL_SHAPES + LAYER_SHAPES; s++) {
        const struct panel_layer l = make_panel_layer(s);
        const float *all = run_panels(table[_i], &l, 0, l.rows, 1, SAC_RELU);
        for (int first = 0; first < l.rows; first++) {
            for (int rows = 1; first + rows <= l.rows && rows <= 17; rows += 1 + rows / 3) {
                const float *got = run_panels(table[_i], &l, first, rows, 1, SAC_RELU);
                for (int r = 0; r < rows; r++)
                    ck_assert_mem_eq(got + area(r, l.y_ld), all + area(first + r, l.y_ld),
                                     (size_t)l.out * sizeof *got);
                free(owned[--owned_count]);
            }
        }
        l.x[area(l.rows / 2, l.x_ld) + (size_t)(l.in / 2)] = NAN;
        const float *with_nan = run_panels(table[_i], &l, 0, l.rows, 1, SAC_RELU);
        for (int r = 0; r < l.rows; r++) {
            for (int j = 0; j < l.out; j++) {
                const size_t at = area(r, l.y_ld) + (size_t)j;
                ck_assert(r == l.rows / 2 ? isnan(with_nan[at]) : with_nan[at] == all[at]);
            }
        }
        free_numbers();
    }
}
END_TEST

/* Unpacking gives back what was packed, and packing needs no more room than the weights had. */
START_TEST(panels_are_undone)
{
    for (int s = 0; s < PANEL_SHAPES + LAYER_SHAPES; s++) {
        const struct panel_layer l = make_panel_layer(s);
        float *w = constant(area(l.in, l.w_ld), 0);
        sac_panels_unpack(w, l.w_ld, l.panels, l.in, l.out);
        ck_assert_mem_eq(w, l.w, area(l.in, l.w_ld) * sizeof *w);
        free_numbers();
    }
}
END_TEST

/* Layers whose sizes fall on both sides of every tile, panel and block: each size from 1 to 70 in each
 * dimension, and some that take several panels and blocks. */
enum { SMALL_SIZES = 70, LARGE_SIZES = 4, SIZES = SMALL_SIZES + LARGE_SIZES };

static struct layer make_size(int s)
{
    static const int large[LARGE_SIZES][3] = {{300, 17, 33}, {540, 3, 16}, {13, 530, 40}, {67, 300, 280}};
    if (s >= SMALL_SIZES)
        return make_sized_layer(large[s - SMALL_SIZES][0], large[s - SMALL_SIZES][1],
                                large[s - SMALL_SIZES][2], s, s % 2);
    return make_sized_layer(s + 1, (37 * s + 11) % SMALL_SIZES + 1, (53 * s + 29) % SMALL_SIZES + 1, s,
                            s % 2);
}

/* linear at all of them, for every activation and with no bias; it writes no more than w_ld columns. */
START_TEST(linear_of_all_sizes)
{
    const struct sac_kernels *k = table[_i];
    for (int s = 0; s < SIZES; s++) {
        const struct layer l = make_size(s);
        const float *bound = product_bound(&l);
        const size_t n = area(l.rows, l.y_ld);
        for (int a = 0; a < 4; a++) {
            const float *bias = a < 3 ? l.bias : NULL;
            const enum sac_activation activation = a == 2 ? SAC_TANH : SAC_RELU;
            float *got = constant(n, untouched), *want = constant(n, untouched);
            k->linear(got, l.y_ld, l.x, l.x_ld, l.w, l.w_ld, bias, a > 0, activation, l.rows, l.in, l.out);
            twin->linear(want, l.y_ld, l.x, l.x_ld, l.w, l.w_ld, bias, a > 0, activation, l.rows, l.in,
                         l.out);
            near_block(k, "linear", got, want, bound, (l.in + 1) * e, a == 2 ? 4e-7 : 0, l.rows, l.w_ld,
                       l.y_ld);
        }
        free_numbers();
    }
}
END_TEST

/* A gradient that padding would make NaN, if it were read. */
static void poison_padding(struct layer *l)
{
    for (int r = 0; r < l->rows; r++) {
        for (int j = l->out; j < l->y_ld; j++)
            l->dy[area(r, l->y_ld) + (size_t)j] = NAN;
    }
}

static void activate(float *h, enum sac_activation activation, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h[i] = activation == SAC_TANH ? tanhf(h[i]) : fmaxf(h[i], 0);
}

/* Some of `rows` rows, in no order, some of them twice. */
static const int *mixed_rows(int rows)
{
    static int row[1024];
    ck_assert_int_le(rows, 1024);
    for (int r = 0; r < rows; r++)
        row[r] = (r * 7 + 3) % rows / 2;
    return row;
}

/* dx = dy W^T, alone, through ReLU and through tanh with the sums of its columns, each row with its own of h
 * or with another; reads only `out` columns and writes only `in`. */
START_TEST(linear_backward_input)
{
    const struct sac_kernels *k = table[_i];
    for (int s = 0; s < 5 * SIZES; s++) {
        struct layer l = make_size(s / 5);
        const enum sac_activation activation = s % 5 / 3 ? SAC_TANH : SAC_RELU;
        const int *h_row = s % 5 % 2 ? NULL : mixed_rows(l.rows);
        const size_t n = area(l.rows, l.x_ld);
        const int after = l.in + 2; /* of the sums */
        const float *h = NULL;
        poison_padding(&l);
        if (s % 5 > 0) {
            float *output = numbers(n, 5, 0.99f);
            activate(output, activation, n);
            h = output;
        }
        float *got = constant(n, untouched), *want = constant(n, untouched), *bound = constant(n, 0);
        float *got_sums = constant((size_t)after, untouched), *want_sums = constant((size_t)after, untouched);
        float *sums_bound = constant((size_t)after, 0);
        k->linear_backward_input(got, l.x_ld, got_sums, l.dy, l.y_ld, l.w, l.w_ld, h, h_row, activation,
                                 l.rows, l.in, l.out);
        twin->linear_backward_input(want, l.x_ld, want_sums, l.dy, l.y_ld, l.w, l.w_ld, h, h_row, activation,
                                    l.rows, l.in, l.out);
        twin->linear_backward_input(bound, l.x_ld, NULL, magnitudes(l.dy, area(l.rows, l.y_ld)), l.y_ld,
                                    magnitudes(l.w, area(l.in, l.w_ld)), l.w_ld, NULL, NULL, activation,
                                    l.rows, l.in, l.out);
        near_block(k, "linear_backward_input", got, want, bound, (l.out + (h != NULL ? 3 : 1)) * e, 0, l.rows,
                   l.in, l.x_ld);
        twin->column_sums(sums_bound, bound, l.rows, l.in, l.x_ld);
        near_block(k, "d_bias", got_sums, want_sums, sums_bound, (l.rows + l.out + 3) * e, 0, 1, l.in, after);
        free_numbers();
    }
}
END_TEST

/* dw = x^T dy; reads and writes only `out` columns. */
START_TEST(linear_backward_weights)
{
    const struct sac_kernels *k = table[_i];
    for (int s = 0; s < SIZES; s++) {
        struct layer l = make_size(s);
        const size_t n = area(l.in, l.w_ld);
        poison_padding(&l);
        float *got = constant(n, untouched), *want = constant(n, untouched), *bound = constant(n, 0);
        k->linear_backward_weights(got, l.w_ld, l.x, l.x_ld, l.dy, l.y_ld, l.rows, l.in, l.out);
        twin->linear_backward_weights(want, l.w_ld, l.x, l.x_ld, l.dy, l.y_ld, l.rows, l.in, l.out);
        twin->linear_backward_weights(bound, l.w_ld, magnitudes(l.x, area(l.rows, l.x_ld)), l.x_ld,
                                      magnitudes(l.dy, area(l.rows, l.y_ld)), l.y_ld, l.rows, l.in, l.out);
        near_block(k, "linear_backward_weights", got, want, bound, (l.rows + 1) * e, 0, l.in, l.out, l.w_ld);
        free_numbers();
    }
}
END_TEST

/* tanh over all magnitudes, relative to the exact one; ReLU exactly; NaN goes through both. A layer without
 * weights is its activation at the bias. */
START_TEST(activations)
{
    const struct sac_kernels *k = table[_i];
    const int n = 20001;
    float *x = constant((size_t)n, NAN);
    for (int i = 0; i < n - 1; i++)
        x[i] = (i % 2 ? -1.0f : 1.0f) * powf(10, (float)(i - 14000) / 3000);
    const float *zero = constant((size_t)n, 0);
    float *got = constant((size_t)n, untouched), *want = constant((size_t)n, untouched);
    k->linear(got, n, zero, 1, zero, n, x, 1, SAC_TANH, 1, 1, n);
    twin->linear(want, n, zero, 1, zero, n, x, 1, SAC_TANH, 1, 1, n);
    near_block(k, "tanh", got, want, want, 4e-7, 0, 1, n, n);
    k->linear(got, n, zero, 1, zero, n, x, 1, SAC_RELU, 1, 1, n);
    twin->linear(want, n, zero, 1, zero, n, x, 1, SAC_RELU, 1, 1, n);
    near_block(k, "relu", got, want, NULL, 0, 0, 1, n, n);
    free_numbers();
}
END_TEST

static const int block_shapes[][3] = {/* rows, n, ld */ {1, 1, 1},
                                      {2, 70, 71},
                                      {37, 5, 16},
                                      {3, 64, 64},
                                      {13, 33, 48},
                                      {5, 17, 20},
                                      {256, 100, 112}};
enum { BLOCK_SHAPES = sizeof block_shapes / sizeof *block_shapes };

/* d times the derivative, and its column sums; columns past n stay. */
START_TEST(activation_backward)
{
    const struct sac_kernels *k = table[_i];
    for (int s = 0; s < 4 * BLOCK_SHAPES; s++) {
        const int rows = block_shapes[s / 4][0], n = block_shapes[s / 4][1], ld = block_shapes[s / 4][2];
        const enum sac_activation activation = s % 2 ? SAC_TANH : SAC_RELU;
        const int *h_row = s / 2 % 2 ? mixed_rows(rows) : NULL;
        float *h = numbers(area(rows, ld), 1, 0.99f), *got = numbers(area(rows, ld), 2, 1);
        activate(h, activation, area(rows, ld));
        float *want = copy(got, area(rows, ld));
        float *got_sums = constant((size_t)n + 1, untouched), *want_sums = constant((size_t)n + 1, untouched);
        float *bound = constant((size_t)n + 1, 0);
        k->activation_backward(got, got_sums, h, h_row, activation, rows, n, ld);
        twin->activation_backward(want, want_sums, h, h_row, activation, rows, n, ld);
        near_block(k, "activation_backward", got, want, NULL, 0, 3 * e, rows, n, ld);
        twin->column_sums(bound, magnitudes(want, area(rows, ld)), rows, n, ld);
        near_block(k, "d_bias", got_sums, want_sums, bound, rows * e, 3 * rows * e, 1, n, n + 1);
        free_numbers();
    }
}
END_TEST

/* Column sums of a block that stays as it is. */
START_TEST(column_sums)
{
    const struct sac_kernels *k = table[_i];
    for (int s = 0; s < BLOCK_SHAPES; s++) {
        const int rows = block_shapes[s][0], n = block_shapes[s][1], ld = block_shapes[s][2];
        float *d = numbers(area(rows, ld), 2, 1), *before = copy(d, area(rows, ld));
        float *got = constant((size_t)n + 1, untouched), *want = constant((size_t)n + 1, untouched);
        float *bound = constant((size_t)n + 1, 0);
        k->column_sums(got, d, rows, n, ld);
        twin->column_sums(want, d, rows, n, ld);
        twin->column_sums(bound, magnitudes(d, area(rows, ld)), rows, n, ld);
        near_block(k, "column_sums", got, want, bound, rows * e, 0, 1, n, n + 1);
        ck_assert_mem_eq(d, before, area(rows, ld) * sizeof *d);
        free_numbers();
    }
}
END_TEST

/* The three passes of a layer with one output. */
START_TEST(heads)
{
    const struct sac_kernels *k = table[_i];
    for (int s = 0; s < 4 * BLOCK_SHAPES; s++) {
        const int rows = block_shapes[s / 4][0], n = block_shapes[s / 4][1], ld = block_shapes[s / 4][2];
        const enum sac_activation activation = s % 2 ? SAC_TANH : SAC_RELU;
        const int *h_row = s / 2 % 2 ? mixed_rows(rows) : NULL;
        float *h = numbers(area(rows, ld), 1, 0.99f);
        activate(h, activation, area(rows, ld));
        const float *h_size = magnitudes(h, area(rows, ld));
        const float *w = numbers((size_t)n, 2, 1), *dq = numbers((size_t)rows, 3, 1);
        const float *w_size = magnitudes(w, (size_t)n), *dq_size = magnitudes(dq, (size_t)rows);
        float *q[3], *dw[3], *dh[3], *sums[3];
        for (int i = 0; i < 3; i++) { /* got, want, sum of magnitudes */
            const struct sac_kernels *by = i == 0 ? k : twin;
            const float *hi = i == 2 ? h_size : h, *wi = i == 2 ? w_size : w, *dqi = i == 2 ? dq_size : dq;
            q[i] = constant((size_t)rows, untouched);
            dw[i] = constant((size_t)n + 1, untouched);
            dh[i] = constant(area(rows, ld), untouched);
            sums[i] = constant((size_t)n + 1, untouched);
            by->head_forward(q[i], hi, ld, wi, 0.5f, rows, n);
            by->head_backward(dw[i], &dw[i][n], dqi, hi, ld, rows, n);
            by->head_backward_input(dh[i], sums[i], dqi, wi, h, h_row, activation, rows, n, ld);
        }
        near_block(k, "q", q[0], q[1], q[2], (n + 1) * e, 0, 1, rows, rows);
        near_block(k, "dw", dw[0], dw[1], dw[2], (rows + 1) * e, 0, 1, n + 1, n + 1);
        near_block(k, "dh", dh[0], dh[1], NULL, 0, 4 * e, rows, n, ld);
        near_block(k, "d_bias", sums[0], sums[1], sums[2], (rows + 4) * e, 4 * rows * e, 1, n, n + 1);
        free_numbers();
    }
}
END_TEST

/* ---- losses ---- */

/* The critics' target with and without entropy; terminal rows see no next value; either critic's NaN shows.
 */
START_TEST(bellman_target)
{
    const struct sac_kernels *k = table[_i];
    for (int rows = 1; rows <= 37; rows += 4) {
        const size_t n = (size_t)rows;
        float *a = numbers(n, 1, 50), *b = numbers(n, 2, 50), *alive = constant(n, 1);
        const float *reward = numbers(n, 3, 10), *log_prob = numbers(n, 4, 20);
        alive[rows / 2] = 0;
        for (int entropy = 0; entropy < 2; entropy++) {
            const float *lp = entropy ? log_prob : NULL;
            float *got = constant(n, untouched), *want = constant(n, untouched);
            k->bellman_target(got, reward, alive, a, b, lp, 5, 0.99f, 0.2f, rows);
            twin->bellman_target(want, reward, alive, a, b, lp, 5, 0.99f, 0.2f, rows);
            near_block(k, "bellman_target", got, want, NULL, 0, 104 * 4 * e, 1, rows, rows);
            ck_assert(rows == 1 || got[rows / 2] == 5 * reward[rows / 2]);
            a[0] = entropy ? a[0] : NAN;
            b[rows - 1] = entropy ? NAN : b[rows - 1];
        }
        free_numbers();
    }
}
END_TEST

/* Differences and half the sum of their squares. */
START_TEST(squared_error)
{
    const struct sac_kernels *k = table[_i];
    for (int rows = 1; rows <= 300; rows += 7) {
        const size_t n = (size_t)rows;
        const float *x = numbers(n, 1, 9), *y = numbers(n, 2, 9);
        float *got = constant(n, untouched), *want = constant(n, untouched);
        const double sum = k->squared_error(got, x, y, 0.5f, rows);
        const double exact = twin->squared_error(want, x, y, 0.5f, rows);
        near_block(k, "squared_error", got, want, want, 3 * e, 0, 1, rows, rows);
        near(k, "sum of squares", 0, sum, exact, 4 * e * exact);
        free_numbers();
    }
}
END_TEST

/* ---- measuring the machine ---- */

/* What bandwidth is measured with moves what it says: each element is read, written or scaled, none besides.
 */
START_TEST(streams)
{
    const struct sac_kernels *k = table[_i];
    for (size_t n = 128; n <= 2048; n *= 4) {
        const float *x = numbers(n, 1, 9);
        float *want = copy(x, n), *got = sac_allocate(n * sizeof *got); /* ends where the memory ends */
        ck_assert_ptr_nonnull(got);
        k->stream_copy(got, x, n);
        ck_assert_mem_eq(got, x, n * sizeof *got);
        near(k, "sum", 0, (double)k->stream_read(got, n), (double)twin->stream_read(x, n),
             (double)n * e * (double)twin->stream_read(magnitudes(x, n), n));
        k->stream_update(got, 0.3f, n);
        twin->stream_update(want, 0.3f, n);
        ck_assert_mem_eq(got, want, n * sizeof *got);
        k->stream_write(got, 7, n);
        ck_assert_mem_eq(got, constant(n, 7), n * sizeof *got);
        k->stream_write_past(got, 8, n);
        ck_assert_mem_eq(got, constant(n, 8), n * sizeof *got);
        sac_free(got);
        free_numbers();
    }
}
END_TEST

/* ---- the choice ---- */

/* Each table that this CPU has can be forced by its name, once in a process. */
START_TEST(choice)
{
    const struct sac_kernels *available[4];
    const int n = sac_kernels_available(available);
    ck_assert_str_eq(available[0]->name, "portable");
    ck_assert_ptr_eq(sac_kernels(), available[n - 1]);
    ck_assert_int_eq(sac_kernels_select(available[_i]->name), SAC_OK);
    ck_assert_ptr_eq(sac_kernels(), available[_i]);
}
END_TEST

/* NULL and auto give the best; another name is refused with a list of those there are and changes nothing. */
START_TEST(choice_refused)
{
    const struct sac_kernels *available[4];
    const int n = sac_kernels_available(available);
    const struct sac_kernels *const best = available[n - 1];
    ck_assert_int_eq(sac_kernels_select(NULL), SAC_OK);
    ck_assert_int_eq(sac_kernels_select("auto"), SAC_OK);
    ck_assert_int_eq(sac_kernels_select("neon"), SAC_INVALID);
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "'neon'"));
    ck_assert_ptr_nonnull(strstr(sac_last_error(), best->name));
    ck_assert_ptr_eq(sac_kernels(), best);
}
END_TEST

int main(void)
{
    tables = sac_kernels_available(table);
    table[tables++] = &sac_kernels_16_lanes;
    printf("tables tested:");
    for (int i = 0; i < tables; i++)
        printf(" %s%s", table[i]->name, i + 1 < tables ? "," : "\n");
    if (tables < 4)
        printf("SKIPPED: this CPU or build lacks some of avx2, avx512; their kernels were not run\n");
    fflush(stdout);

    const TTest *const tests[] = {uniform_is_exact,
                                  bits_are_exact,
                                  normal_is_near,
                                  normal_moments,
                                  squash_shapes,
                                  squash_tails,
                                  log_std_bounds,
                                  squash_extremes,
                                  act_is_squash,
                                  policy_gradient,
                                  score_gradient,
                                  adam_and_polyak,
                                  adam_shows_nan,
                                  adam_ends_at_zero,
                                  add_is_exact,
                                  linear,
                                  linear_rows_are_independent,
                                  linear_of_all_sizes,
                                  linear_shows_nan,
                                  linear_panels,
                                  linear_panels_rows_are_independent,
                                  linear_backward_input,
                                  linear_backward_weights,
                                  activations,
                                  activation_backward,
                                  column_sums,
                                  heads,
                                  bellman_target,
                                  squared_error,
                                  streams};
    TCase *each = tcase_create("each table");
    tcase_add_checked_fixture(each, NULL, free_numbers);
    tcase_set_timeout(each, 60);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_loop_test(each, tests[i], 0, tables);
    TCase *once = tcase_create("once");
    tcase_add_test(once, adam_step);
    tcase_add_test(once, panels_are_undone);
    tcase_add_loop_test(once, choice, 0, tables - 1);
    tcase_add_test(once, choice_refused);
    return suite_run(CK_FORK_GETENV, "kernels", 2, each, once);
}
