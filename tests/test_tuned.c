/* Measurements of threads: written, read again, found for the same machine and settings only. */
#include "tuned.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "configuration.h"
#include "settings.h"
#include "suite.h"

static struct sac_tuned describe(double cores, const char *key, const char *value)
{
    struct sac_settings settings;
    struct sac_tuned tuned;
    sac_settings_default(&settings);
    ck_assert_int_eq(sac_settings_set(&settings, key, value), SAC_OK);
    sac_tuned_describe(&tuned, cores, &settings);
    return tuned;
}

/* What costs time tells measurements apart, and so does the machine; what costs none does not. */
START_TEST(found_for_the_same_case)
{
    struct sac_tuned here = describe(2, "seed", "1");
    here.env_threads = 3;
    const struct sac_tuned same = describe(2, "steps", "77"), others[] = {
                                                                  describe(4, "seed", "1"),
                                                                  describe(2, "batch_size", "1024"),
                                                                  describe(2, "update_to_data", "1/16"),
                                                                  describe(2, "environments", "9"),
                                                                  describe(2, "hidden", "64"),
                                                                  describe(2, "algorithm", "sac_v1"),
                                                              };
    ck_assert_ptr_eq(sac_tuned_find(&here, 1, &same), &here);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(!sac_tuned_find(&here, 1, &others[i]), "case %zu", i);
    ck_assert_ptr_null(sac_tuned_find(NULL, 0, &here));
}
END_TEST

static struct sac_config *write_and_read(const struct sac_tuned *list, int count,
                                         const struct sac_tuned *newest)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    struct sac_config *config = NULL;
    sac_tuned_write(stream, "Pendulum-v1", list, count, newest);
    ck_assert_int_eq(fclose(stream), 0);
    ck_assert_msg(sac_config_parse("F.yaml", text, size, &config) == SAC_OK, "%s in\n%s", sac_last_error(),
                  text);
    ck_assert_int_eq(sac_config_check_environment(config, "Pendulum-v1"), SAC_OK);
    free(text);
    return config;
}

/* What is written is read as it was; a new measurement of a case takes the old one's place, others stay. */
START_TEST(written_and_read_again)
{
    const struct sac_tuned *list;
    struct sac_tuned newest = describe(2, "seed", "1"), other = describe(2, "batch_size", "1024");
    newest.env_threads = 1, newest.learner_threads = 2;
    other.env_threads = 5, other.learner_threads = 6;
    struct sac_config *first = write_and_read(NULL, 0, &newest);
    ck_assert_int_eq(sac_config_tuned(first, &list), 1);
    struct sac_config *second = write_and_read(list, 1, &other);
    ck_assert_int_eq(sac_config_tuned(second, &list), 2);
    newest.learner_threads = 9;
    struct sac_config *third = write_and_read(list, 2, &newest);
    ck_assert_int_eq(sac_config_tuned(third, &list), 2);
    ck_assert_int_eq(sac_tuned_find(list, 2, &newest)->learner_threads, 9);
    ck_assert_int_eq(sac_tuned_find(list, 2, &newest)->env_threads, 1);
    ck_assert_int_eq(sac_tuned_find(list, 2, &other)->env_threads, 5);
    sac_config_destroy(first);
    sac_config_destroy(second);
    sac_config_destroy(third);
}
END_TEST

/* The longest settings there are still fit, and are told apart to their end. */
START_TEST(long_settings_fit)
{
    struct sac_tuned a = describe(2, "hidden", "65536,65536,65536,65536,65536,65536,65536,65536");
    ck_assert_ptr_nonnull(strstr(a.settings, "learner_split=auto"));
    a.env_threads = a.learner_threads = 1;
    struct sac_config *config = write_and_read(NULL, 0, &a);
    const struct sac_tuned *list;
    ck_assert_int_eq(sac_config_tuned(config, &list), 1);
    ck_assert_ptr_nonnull(sac_tuned_find(list, 1, &a));
    sac_config_destroy(config);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("tuned");
    tcase_add_test(tc, found_for_the_same_case);
    tcase_add_test(tc, written_and_read_again);
    tcase_add_test(tc, long_settings_fit);
    return suite_run(CK_FORK_GETENV, "tuned", 1, tc);
}
