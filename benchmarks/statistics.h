/* What a handful of numbers says. */
#ifndef SAC_STATISTICS_H
#define SAC_STATISTICS_H

/* By linear interpolation between the sorted values: p = 0 is the least, 0.5 the median, 1 the greatest.
 * count >= 1; the values stay as they are. */
double bench_quantile(const double *value, int count, double p);
double bench_median(const double *value, int count);

struct bench_interval {
    double low, high;
};

/* 95 % interval of median(a) / median(b) by the percentile bootstrap (Efron 1979): both are drawn from anew,
 * with replacement. The same numbers give the same interval. */
struct bench_interval bench_ratio_interval(const double *a, int a_count, const double *b, int b_count);

#endif
