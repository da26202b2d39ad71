/* Mean, median, interquartile mean and its interval. */
#include "returns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { RESAMPLES = 2000 };

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double sac_interquartile_mean(const double *sorted, int n)
{
    const double low = 0.25 * n, high = 0.75 * n;
    double sum = 0;
    for (int i = 0; i < n; i++) {
        const double weight =
            fmin(i + 1, high) - fmax(i, low); /* how much of [i, i+1) lies in the middle half */
        if (weight > 0)
            sum += weight * sorted[i];
    }
    return sum / (high - low);
}

/* One resample drawn with replacement; sorted by counting how often each rank was drawn. */
static double resampled_mean(const double *sorted, int n, int resample, double *drawn, uint32_t *count)
{
    memset(count, 0, (size_t)n * sizeof *count);
    for (int i = 0; i < n; i++) {
        const struct sac_philox r = sac_random(0, SAC_PURPOSE_BOOTSTRAP, (uint64_t)resample, (uint32_t)i, 0);
        count[(uint64_t)r.word[0] * (uint64_t)n >> 32]++;
    }
    int filled = 0;
    for (int i = 0; i < n; i++)
        for (uint32_t c = 0; c < count[i]; c++)
            drawn[filled++] = sorted[i];
    return sac_interquartile_mean(drawn, n);
}

/* NaN interval where there is no memory for it. */
static void bootstrap_interval(struct sac_evaluation *evaluation, const double *sorted, int n)
{
    double *means = malloc(RESAMPLES * sizeof *means), *drawn = malloc((size_t)n * sizeof *drawn);
    uint32_t *count = malloc((size_t)n * sizeof *count);
    evaluation->iqm_low = evaluation->iqm_high = NAN;
    if (means && drawn && count) {
        for (int i = 0; i < RESAMPLES; i++)
            means[i] = resampled_mean(sorted, n, i, drawn, count);
        qsort(means, RESAMPLES, sizeof *means, by_value);
        evaluation->iqm_low = means[RESAMPLES * 25 / 1000];
        evaluation->iqm_high = means[RESAMPLES * 975 / 1000 - 1];
    }
    free(means);
    free(drawn);
    free(count);
}

void sac_returns_summarize(struct sac_evaluation *evaluation, const double *returns, int episodes)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < episodes; i++)
        sum += returns[i];
    const double mean = sum / episodes;
    for (int i = 0; i < episodes; i++)
        squares += (returns[i] - mean) * (returns[i] - mean);
    evaluation->episodes = episodes;
    evaluation->returns = returns;
    evaluation->mean_return = mean;
    evaluation->std_return = sqrt(squares / episodes);
    evaluation->median_return = evaluation->iqm_return = evaluation->iqm_low = evaluation->iqm_high = NAN;
    double *sorted = malloc((size_t)episodes * sizeof *sorted);
    if (!sorted)
        return;
    memcpy(sorted, returns, (size_t)episodes * sizeof *sorted);
    qsort(sorted, (size_t)episodes, sizeof *sorted, by_value);
    evaluation->median_return = 0.5 * (sorted[(episodes - 1) / 2] + sorted[episodes / 2]);
    evaluation->iqm_return = sac_interquartile_mean(sorted, episodes);
    bootstrap_interval(evaluation, sorted, episodes);
    free(sorted);
}
