/* Summaries of episode returns against values worked out by hand and with SciPy. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "returns.h"
#include "suite.h"

/* The interquartile mean equals the plain definition where n is a multiple of 4, and weights the edges
 * elsewhere. */
START_TEST(interquartile_mean)
{
    const double eight[] = {1, 2, 3, 4, 5, 6, 7, 100};
    ck_assert_double_eq_tol(sac_interquartile_mean(eight, 8), 4.5, 1e-12);
    const double six[] = {0, 1, 2, 3, 4, 50}; /* middle half: half of 1, 2, 3, half of 4 */
    ck_assert_double_eq_tol(sac_interquartile_mean(six, 6), (0.5 * 1 + 2 + 3 + 0.5 * 4) / 3, 1e-12);
    const double one[] = {7};
    ck_assert_double_eq_tol(sac_interquartile_mean(one, 1), 7, 1e-12);
}
END_TEST

/* Mean, population deviation and median are NumPy's; the interval holds the estimate and shrinks with n. */
START_TEST(summary)
{
    const double four[] = {4, 1, 3, 2};
    struct sac_evaluation e;
    sac_returns_summarize(&e, four, 4);
    ck_assert_double_eq_tol(e.mean_return, 2.5, 1e-12);
    ck_assert_double_eq_tol(e.std_return, sqrt(1.25), 1e-12);
    ck_assert_double_eq_tol(e.median_return, 2.5, 1e-12);
    double width[2];
    for (int k = 0; k < 2; k++) {
        const int n = k ? 400 : 25;
        double *many = malloc((size_t)n * sizeof *many);
        for (int i = 0; i < n; i++)
            many[i] = (double)(i * 7919 % n) / n;
        sac_returns_summarize(&e, many, n);
        ck_assert_double_le(e.iqm_low, e.iqm_return);
        ck_assert_double_ge(e.iqm_high, e.iqm_return);
        width[k] = e.iqm_high - e.iqm_low;
        free(many);
    }
    ck_assert_double_lt(width[1], 0.5 * width[0]);
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("all");
    tcase_add_test(all, interquartile_mean);
    tcase_add_test(all, summary);
    return suite_run(CK_FORK_GETENV, "returns", 1, all);
}
