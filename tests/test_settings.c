/* The settings table: what is taken, what is refused, and in which words. */
#include "settings.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct sac_settings settings;

static void setup(void)
{
    sac_settings_default(&settings);
}

static void assert_refused(const char *key, const char *value, const char *sentence)
{
    const struct sac_settings before = settings;
    ck_assert_int_eq(sac_settings_set(&settings, key, value), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(), sentence);
    ck_assert_mem_eq(&before, &settings, sizeof before);
}

static void assert_text(const char *key, const char *expected)
{
    char text[256];
    ck_assert(sac_settings_text(&settings, key, text, sizeof text));
    ck_assert_str_eq(text, expected);
}

/* The defaults are those of the papers' code and pass their own checks. */
START_TEST(defaults_are_the_papers)
{
    ck_assert_int_eq(sac_settings_check(&settings), SAC_OK);
    ck_assert_int_eq(settings.algorithm, SAC_V2);
    ck_assert_double_eq(settings.critic_learning_rate, 3e-4);
    ck_assert_int_eq(settings.batch_size, 256);
    ck_assert_double_eq(settings.gamma, 0.99);
    ck_assert_double_eq(settings.tau, 0.005);
    ck_assert_int_eq(settings.hidden_layers, 2);
    ck_assert_int_eq(settings.hidden[1], 256);
    ck_assert_int_eq(settings.replay_capacity, 1000000);
    ck_assert_int_eq(settings.warmup_steps, 1000);
    ck_assert_double_eq(settings.update_to_data, 1);
    ck_assert(settings.temperature_auto);
    ck_assert(isnan(settings.target_entropy));
    ck_assert_double_eq(settings.log_std_low, -20);
    ck_assert_double_eq(settings.log_std_high, 2);
}
END_TEST

static const struct {
    const char *key, *value, *shown;
} taken[] = {
    {"algorithm", "sac_v1", "sac_v1"},
    {"steps", "1e6", "1000000"},
    {"seed", "18446744073709551615", "18446744073709551615"},
    {"hidden", "64", "64"},
    {"hidden", "[64, 32 16]", "64,32,16"},
    {"activation", "tanh", "tanh"},
    {"tau", "1", "1"},
    {"gamma", ".995", "0.995"},
    {"reward_scale", "1e-3", "0.001"},
    {"temperature", "0.2", "0.2"},
    {"temperature", "auto", "auto"},
    {"target_entropy", "-6", "-6"},
    {"update_to_data", "1/64", "0.015625"},
    {"update_to_data", "1/3", "0.3333333333333333"},
    {"log_std_bounds", "[-10, 1.5]", "-10,1.5"},
    {"learner_split", "4", "4"},
    {"learner_split", "auto", "auto"},
    {"eval_every", "0", "0"},
};

/* Every form a value may have is taken, and shown in the shortest form that reads back the same. */
START_TEST(values_are_taken)
{
    ck_assert_int_eq(sac_settings_set(&settings, taken[_i].key, taken[_i].value), SAC_OK);
    assert_text(taken[_i].key, taken[_i].shown);
    const struct sac_settings once = settings;
    ck_assert_int_eq(sac_settings_set(&settings, taken[_i].key, taken[_i].shown), SAC_OK);
    ck_assert_mem_eq(&once, &settings, sizeof once);
}
END_TEST

static const struct {
    const char *key, *value, *sentence;
} refused[] = {
    {"bach_size", "1", "bach_size: no such setting; did you mean batch_size?"},
    {"x", "1", "x: no such setting; softac train --help lists them; the environment's own are env.NAME"},
    {"batch_size", "0", "batch_size=0: expected a whole number from 1 to 1048576"},
    {"batch_size", "1.5", "batch_size=1.5: expected a whole number from 1 to 1048576"},
    {"batch_size", "99999999999999999999",
     "batch_size=99999999999999999999: expected a whole number from 1 to 1048576"},
    {"batch_size", "12x", "batch_size=12x: expected a whole number from 1 to 1048576"},
    {"batch_size", "", "batch_size=: expected a whole number from 1 to 1048576"},
    {"mode", "asinc", "mode=asinc: expected one of async, lockstep; did you mean async?"},
    {"gamma", "1.01", "gamma=1.01: expected a number from 0 to 1"},
    {"gamma", "nan", "gamma=nan: expected a number from 0 to 1"},
    {"gamma", "0x1p-1", "gamma=0x1p-1: expected a number from 0 to 1"},
    {"tau", "0", "tau=0: expected a number above 0, at most 1"},
    {"reward_scale", "-1", "reward_scale=-1: expected a number above 0, at most 1000000000"},
    {"reward_scale", "1e999", "reward_scale=1e999: expected a number above 0, at most 1000000000"},
    {"seed", "-1", "seed=-1: expected a whole number from 0 to 18446744073709551615"},
    {"seed", "18446744073709551616",
     "seed=18446744073709551616: expected a whole number from 0 to 18446744073709551615"},
    {"learner_split", "0", "learner_split=0: expected auto or a whole number from 1 to 256"},
    {"update_to_data", "1/0",
     "update_to_data=1/0: expected a number or a fraction such as 1/64 from 1e-06 to 1000000"},
    {"hidden", "64,-1", "hidden=64,-1: expected 1 to 16 whole numbers such as 256,256, each from 1 to 65536"},
    {"hidden", "", "hidden=: expected 1 to 16 whole numbers such as 256,256, each from 1 to 65536"},
    {"hidden", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
     "hidden=1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1: expected 1 to 16 whole numbers such as 256,256, each from 1 "
     "to "
     "65536"},
    {"log_std_bounds", "2,-20",
     "log_std_bounds=2,-20: expected a lower and a greater upper bound such as -20,2, each a number from -50 "
     "to 20"},
    {"temperature", "on\033[31m",
     "temperature=on?[31m: expected auto or a number above 0, at most 1000000000"},
    {"gamma", "1e-999", "gamma=1e-999: expected a number from 0 to 1"},
    {"hidden", "64,,64",
     "hidden=64,,64: expected 1 to 16 whole numbers such as 256,256, each from 1 to 65536"},
    {"hidden", "[64,]", "hidden=[64,]: expected 1 to 16 whole numbers such as 256,256, each from 1 to 65536"},
    {"algorithm", "v2", "algorithm=v2: expected one of sac_v1, sac_v2; did you mean sac_v2?"},
    {"buffer_size", "9", "buffer_size: no such setting; did you mean replay_capacity?"},
    {"env", "9", "env: no such setting; did you mean environments?"},
    {"x", "9", "x: no such setting; softac train --help lists them; the environment's own are env.NAME"},
    {"", "9", "'': no such setting; softac train --help lists them; the environment's own are env.NAME"},
};

/* A refusal says what, which value, what was expected and the nearest name, and changes nothing. */
START_TEST(refusals_say_why)
{
    assert_refused(refused[_i].key, refused[_i].value, refused[_i].sentence);
}
END_TEST

/* learning_rate sets four; the mapping brings its bounds, unless it was the mapping already. */
START_TEST(keys_that_set_several)
{
    ck_assert_int_eq(sac_settings_set(&settings, "learning_rate", "0.001"), SAC_OK);
    ck_assert_double_eq(settings.policy_learning_rate, 1e-3);
    ck_assert_double_eq(settings.critic_learning_rate, 1e-3);
    ck_assert_double_eq(settings.value_learning_rate, 1e-3);
    ck_assert_double_eq(settings.temperature_learning_rate, 1e-3);
    ck_assert_int_eq(sac_settings_set(&settings, "log_std_mapping", "tanh"), SAC_OK);
    assert_text("log_std_bounds", "-5,2");
    ck_assert_int_eq(sac_settings_set(&settings, "log_std_bounds", "-7,1"), SAC_OK);
    ck_assert_int_eq(sac_settings_set(&settings, "log_std_mapping", "tanh"), SAC_OK);
    assert_text("log_std_bounds", "-7,1");
    ck_assert_int_eq(sac_settings_set(&settings, "log_std_mapping", "clamp"), SAC_OK);
    assert_text("log_std_bounds", "-20,2");
}
END_TEST

/* A struct filled by hand is checked field by field and for what depends on each other. */
START_TEST(structs_are_checked)
{
    settings.estimator = SAC_SCORE_FUNCTION;
    ck_assert_int_eq(sac_settings_check(&settings), SAC_INVALID);
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "set algorithm=sac_v1"));
    settings.algorithm = SAC_V1;
    ck_assert_int_eq(sac_settings_check(&settings), SAC_OK);
    settings.policy_learning_rate = NAN;
    ck_assert_int_eq(sac_settings_check(&settings), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(), "policy_learning_rate=nan: expected a number above 0, at most 1");
    setup();
    settings.mode = (enum sac_mode)7;
    ck_assert_int_eq(sac_settings_check(&settings), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(), "mode=7: expected one of async, lockstep");
    setup();
    settings.hidden_layers = SAC_MAX_HIDDEN_LAYERS + 1;
    ck_assert_int_eq(sac_settings_check(&settings), SAC_INVALID);
    setup();
    settings.environments = 100;
    settings.replay_capacity = 299;
    ck_assert_int_eq(sac_settings_check(&settings), SAC_INVALID);
    ck_assert_str_eq(
        sac_last_error(),
        "replay_capacity=299: expected at least 300, 3 records for each of the 100 environments");
    settings.replay_capacity = 300;
    settings.batch_size = 301;
    ck_assert_int_eq(sac_settings_check(&settings), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(),
                     "batch_size=301: expected at most 300, as replay_capacity keeps no more records");
}
END_TEST

/* Settings that the chosen algorithm does not read are told apart. */
START_TEST(idle_settings_are_known)
{
    ck_assert_ptr_nonnull(sac_settings_idle(&settings, "value_learning_rate"));
    ck_assert_ptr_null(sac_settings_idle(&settings, "target_entropy"));
    settings.temperature_auto = false;
    ck_assert_ptr_nonnull(sac_settings_idle(&settings, "target_entropy"));
    settings.algorithm = SAC_V1;
    ck_assert_ptr_nonnull(sac_settings_idle(&settings, "temperature"));
    ck_assert_ptr_null(sac_settings_idle(&settings, "value_learning_rate"));
}
END_TEST

/* Every line of the resolved text is a key that takes its value back. */
START_TEST(resolved_text_reads_back)
{
    sac_settings_set(&settings, "update_to_data", "1/3");
    sac_settings_set(&settings, "log_std_mapping", "tanh");
    struct sac_settings again;
    sac_settings_default(&again);
    char *yaml = sac_settings_yaml(&settings), *rest = NULL;
    int lines = 0;
    for (char *line = strtok_r(yaml, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), lines++) {
        char *colon = strstr(line, ": ");
        ck_assert_ptr_nonnull(colon);
        *colon = '\0';
        ck_assert_int_eq(sac_settings_set(&again, line, colon + 2), SAC_OK);
    }
    free(yaml);
    ck_assert_int_gt(lines, 20);
    ck_assert_mem_eq(&settings, &again, sizeof again);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("settings");
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, defaults_are_the_papers);
    tcase_add_loop_test(cases, values_are_taken, 0, sizeof taken / sizeof *taken);
    tcase_add_loop_test(cases, refusals_say_why, 0, sizeof refused / sizeof *refused);
    tcase_add_test(cases, keys_that_set_several);
    tcase_add_test(cases, structs_are_checked);
    tcase_add_test(cases, idle_settings_are_known);
    tcase_add_test(cases, resolved_text_reads_back);
    return suite_run(CK_FORK_GETENV, "settings", 1, cases);
}
