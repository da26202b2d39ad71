/* How the reference implementations begin episodes, and whether what was seen here is the same distribution.
 */
#ifndef SAC_RESET_REFERENCE_H
#define SAC_RESET_REFERENCE_H

#include <stdint.h>

#include <softac/status.h>

enum { SAC_RESETS = 10000 }; /* first observations, the reference's and those of a whole sample */

/* One component of the observation, as src/resets/make_resets.py describes it. */
struct sac_reset_moments {
    double low, high, mean, deviation, kurtosis;
    double product, product_deviation; /* of this component times the next, both standardised */
};

struct sac_reset_reference {
    const char *id;
    int32_t size; /* components */
    const struct sac_reset_moments *moments;
};

/* The reference of a built-in environment, or NULL. */
const struct sac_reset_reference *sac_reset_reference_find(const char *id);

/* What has been seen of one component; differences are taken from the reference's mean. */
struct sac_reset_sums {
    int32_t below, above; /* the reference's lowest and highest */
    double difference, square, product;
};

struct sac_reset_sample {
    const struct sac_reset_reference *reference;
    int32_t count;               /* observations so far */
    struct sac_reset_sums *sums; /* (size) */
};

/* SAC_NOMEM. Free it in any case. */
enum sac_status sac_reset_sample_make(struct sac_reset_sample *sample,
                                      const struct sac_reset_reference *reference);
void sac_reset_sample_free(struct sac_reset_sample *sample);

void sac_reset_sample_add(struct sac_reset_sample *sample, const float *observation); /* (size) */

/* After SAC_RESETS observations: SAC_ENV with the first component whose bounds, mean, deviation or product
 * with its neighbour differ from the reference's by more than both samples' error explains. Equal
 * distributions fail with a probability of about 1e-8 a component. */
enum sac_status sac_reset_sample_judge(const struct sac_reset_sample *sample);

#endif
