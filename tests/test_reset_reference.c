/* First observations beside the reference's: of every built-in environment, and of distributions that are
 * wrong. */
#include "environment.h"
#include "reset_reference.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <softac/env_random.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENVIRONMENTS = 8, SEED = 3 };

static void sample_environment(struct sac_reset_sample *sample, const struct sac_env_ops *ops, void *instance)
{
    static const int32_t all[ENVIRONMENTS] = {0, 1, 2, 3, 4, 5, 6, 7};
    const size_t size = (size_t)sample->reference->size;
    float *rows = calloc(ENVIRONMENTS * size, sizeof *rows);
    char error[SAC_ENV_ERROR_SIZE];
    for (int k = 0; k < SAC_RESETS / ENVIRONMENTS; k++) {
        ck_assert_msg(!ops->reset(instance, ENVIRONMENTS, all, rows, size, error), "%s", error);
        for (size_t j = 0; j < ENVIRONMENTS; j++)
            sac_reset_sample_add(sample, rows + j * size);
    }
    free(rows);
}

/* Each built-in environment has a reference, begins as it does, and is not made to by chance of its seed. */
START_TEST(built_in)
{
    const struct sac_environment_entry *entry = sac_environment_entry(_i);
    const struct sac_env_create create = {.size = sizeof create, .environments = ENVIRONMENTS, .seed = SEED};
    struct sac_reset_sample sample;
    void *instance;
    char error[SAC_ENV_ERROR_SIZE];
    const struct sac_reset_reference *reference = sac_reset_reference_find(entry->id);
    ck_assert_msg(reference != NULL, "%s: no reference; run src/resets/make_resets.py", entry->id);
    if (!entry->ops || entry->ops->create(&create, &instance, error)) {
        fprintf(stderr, "SKIPPED: %s: %s\n", entry->id, entry->ops ? error : entry->remedy);
        return;
    }
    ck_assert_int_eq(sac_reset_sample_make(&sample, reference), SAC_OK);
    sample_environment(&sample, entry->ops, instance);
    ck_assert_msg(sac_reset_sample_judge(&sample) == SAC_OK, "%s: %s", entry->id, sac_last_error());
    sac_reset_sample_free(&sample);
    entry->ops->destroy(instance);
}
END_TEST

/* Two uniform numbers from -1 to 1, independent, and a third that never moves. */
static const struct sac_reset_moments moments[] = {
    {-0.9999, 0.9999, 0, 0.57735, 1.8, 0, 1},
    {-0.9999, 0.9999, 0, 0.57735, 1.8, 0, 0},
    {0.5, 0.5, 0.5, 0, 0, 0, 0},
};
static const struct sac_reset_reference uniform = {"uniform", 3, moments};

/* What a wrong environment draws: shift, scale, and how much of the first number is in the second. */
struct wrong {
    double shift, scale, shared, third;
    int outliers;      /* far out, of all */
    const char *words; /* "": nothing is wrong */
};

static const struct wrong wrongs[] = {
    {0, 1, 0, 0.5, 0, ""},
    {0, 1, 0, 0.5, 20, ""},
    {0, 1, 0, 0.5, 40, "observation[0]: of 10000 first observations 3 are below and 40 above"},
    {0.06, 1, 0, 0.5, 0, "observation[0]: "},
    {0, 1.1, 0, 0.5, 0, "observation[0]: of 10000 first observations"},
    {0, 0.93, 0, 0.5, 0, "standard deviation 0.53"},
    {0, 1, 1, 0.5, 0, "observation[0]: its correlation with the next one is 1.0"},
    {0, 1, 0, 0.500001, 0, "observation[2]: of 10000 first observations 0 are below and 10000 above"},
    {0, 1, 0, NAN, 0, "observation[2]: first observations have the mean"},
};

/* Each kind of wrong distribution is told, and the right one is not. */
START_TEST(distributions)
{
    const struct wrong *w = &wrongs[_i];
    struct sac_reset_sample sample;
    ck_assert_int_eq(sac_reset_sample_make(&sample, &uniform), SAC_OK);
    for (int k = 0; k < SAC_RESETS; k++) {
        struct sac_env_stream stream = {SEED, (uint64_t)k, 0, 0};
        const double a = sac_env_uniform(&stream, -1, 1), b = sac_env_uniform(&stream, -1, 1);
        const double first = k < w->outliers ? 1.001 : w->scale * a + w->shift;
        const double second = w->shared * a + (1 - w->shared) * b;
        sac_reset_sample_add(&sample, (float[]){(float)first, (float)second, (float)w->third});
    }
    const enum sac_status status = sac_reset_sample_judge(&sample);
    ck_assert_int_eq(status, *w->words ? SAC_ENV : SAC_OK);
    if (status)
        ck_assert_msg(strstr(sac_last_error(), w->words) != NULL, "'%s' lacks '%s'", sac_last_error(),
                      w->words);
    sac_reset_sample_free(&sample);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("reset_reference");
    int entries = 0;
    while (sac_environment_entry(entries))
        entries++;
    tcase_add_loop_test(tests, built_in, 0, entries);
    tcase_add_loop_test(tests, distributions, 0, sizeof wrongs / sizeof *wrongs);
    return suite_run(CK_FORK_GETENV, "reset_reference", 1, tests);
}
