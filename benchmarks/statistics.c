/* Order statistics and the bootstrap: no assumption about how times are distributed, which is never normal.
 */
#include "statistics.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { MOST_VALUES = 1024, RESAMPLES = 2000, SEED = 1 };

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double sorted_quantile(const double *sorted, int count, double p)
{
    const double position = p * (count - 1);
    const int below = (int)position;
    const int above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

static int sort_into(double *sorted, const double *value, int count)
{
    const int n = count < MOST_VALUES ? count : MOST_VALUES;
    memcpy(sorted, value, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_size);
    return n;
}

double bench_quantile(const double *value, int count, double p)
{
    double sorted[MOST_VALUES];
    const int n = sort_into(sorted, value, count);
    return sorted_quantile(sorted, n, p);
}

double bench_median(const double *value, int count)
{
    return bench_quantile(value, count, 0.5);
}

/* The median of `count` of them, drawn with replacement: sample `stream` of resample `round`. */
static double resampled_median(const double *value, int count, uint32_t stream, uint64_t round)
{
    double drawn[MOST_VALUES];
    const int n = count < MOST_VALUES ? count : MOST_VALUES;
    for (int i = 0; i < n; i++) {
        const struct sac_philox r = sac_random(SEED, SAC_PURPOSE_BOOTSTRAP, round, stream, (uint32_t)i);
        drawn[i] = value[(int)((uint64_t)r.word[0] * (uint64_t)n >> 32)];
    }
    return bench_median(drawn, n);
}

struct bench_interval bench_ratio_interval(const double *a, int a_count, const double *b, int b_count)
{
    double ratio[RESAMPLES];
    for (int i = 0; i < RESAMPLES; i++)
        ratio[i] =
            resampled_median(a, a_count, 0, (uint64_t)i) / resampled_median(b, b_count, 1, (uint64_t)i);
    qsort(ratio, RESAMPLES, sizeof *ratio, by_size);
    return (struct bench_interval){sorted_quantile(ratio, RESAMPLES, 0.025),
                                   sorted_quantile(ratio, RESAMPLES, 0.975)};
}
