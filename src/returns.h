/* What a set of episode returns says. */
#ifndef SAC_RETURNS_H
#define SAC_RETURNS_H

#include <softac/trainer.h>

/* Fill mean, std (of the population, as NumPy), median, interquartile mean and its 95 % percentile-bootstrap
 * interval (2,000 resamples with a fixed seed; Agarwal et al. 2021, "Deep RL at the edge of the statistical
 * precipice"), and point evaluation->returns at `returns` (episodes), which is kept. */
void sac_returns_summarize(struct sac_evaluation *evaluation, const double *returns, int episodes);

/* Mean of the middle half of sorted[0 .. n-1], the outer two values weighted where n is no multiple of 4. */
double sac_interquartile_mean(const double *sorted, int n);

#endif
