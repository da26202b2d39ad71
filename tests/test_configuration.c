/* Configuration files and the order of sources. */
#include "configuration.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"
#include "suite.h"

static struct sac_config *parse(const char *text)
{
    struct sac_config *config = NULL;
    ck_assert_msg(sac_config_parse("F.yaml", text, strlen(text), &config) == SAC_OK, "%s", sac_last_error());
    return config;
}

static const struct {
    const char *text, *sentence;
} refused[] = {
    {"batch_size: 128\nbach_size: 64\n", "F.yaml:2: bach_size: no such setting; did you mean batch_size?"},
    {"\n\ngamma: 2\n", "F.yaml:3: gamma=2: expected a number from 0 to 1"},
    {"gamma: 0.9\ngamma: 0.8\n", "F.yaml:2: gamma: given a second time, as 0.8 after 0.9; give it once"},
    {"gamma:\n", "F.yaml:1: gamma: expected a plain value, not an empty one"},
    {"gamma: {a: 1}\n", "F.yaml:1: gamma: expected a plain value, not a section"},
    {"hidden: [64, [64]]\n", "F.yaml:1: hidden: expected a plain value, not a list"},
    {"gamma: \"0\\09\"\n", "F.yaml:1: gamma: expected a plain value, not an empty one"},
    {"- 1\n", "F.yaml:1: expected lines of the form \"key: value\""},
    {"sac_v1: 1\n", "F.yaml:1: sac_v1: expected a section of settings"},
    {"sac_v1:\n  algorithm: sac_v1\n",
     "F.yaml:2: algorithm: stands in the common part only, not in an algorithm's section"},
    {"sac_v1:\n  sac_v2:\n    gamma: 1\n",
     "F.yaml:3: sac_v2: no such setting; softac train --help lists them"},
    {"gamma: 1\n---\ngamma: 1\n", "F.yaml:2: expected the end of the file, not a second document"},
    {"gamma: *x\n", "F.yaml:1: gamma: expected a plain value, not an alias (*name)"},
    {"sac_v1: {gamma: 1}\nsac_v1: {tau: 1}\n",
     "F.yaml:2: sac_v1: a second section; put all its settings into one"},
    {"environment: A\nenvironment: B\n", "F.yaml:2: environment: given a second time, after A; give it once"},
};

/* A bad file is refused with its name, the line, the key, what was expected and the nearest name. */
START_TEST(bad_files_are_refused)
{
    struct sac_config *config = NULL;
    ck_assert_int_ne(sac_config_parse("F.yaml", refused[_i].text, strlen(refused[_i].text), &config), SAC_OK);
    ck_assert_str_eq(sac_last_error(), refused[_i].sentence);
    ck_assert_ptr_null(config);
}
END_TEST

/* What libyaml refuses comes with file and line too. */
START_TEST(invalid_yaml_names_the_line)
{
    struct sac_config *config = NULL;
    const char *text = "gamma: 1\nhidden: [1\n";
    ck_assert_int_eq(sac_config_parse("F.yaml", text, strlen(text), &config), SAC_FORMAT);
    ck_assert_msg(!strncmp(sac_last_error(), "F.yaml:3: not valid YAML", 24), "%s", sac_last_error());
}
END_TEST

/* An empty file, comments and lists are fine. */
START_TEST(good_files_are_taken)
{
    sac_config_destroy(parse(""));
    sac_config_destroy(parse("# nothing\n"));
    struct sac_config *config = parse("environment: Pendulum-v1\nhidden: [64, 32]\nlog_std_bounds: -9,1\n");
    struct sac_settings settings;
    enum sac_algorithm_reason reason;
    ck_assert_int_eq(sac_config_resolve(NULL, config, NULL, &settings, &reason), SAC_OK);
    ck_assert_int_eq(sac_config_check_environment(config, "Pendulum-v1"), SAC_OK);
    ck_assert_int_eq(sac_config_check_environment(config, "Pendulum-v2"), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(), "F.yaml:1: is for environment Pendulum-v1, not for Pendulum-v2; train "
                                       "that one, or take the line out");
    ck_assert_int_eq(settings.hidden[0], 64);
    ck_assert_int_eq(settings.hidden[1], 32);
    ck_assert_double_eq(settings.log_std_low, -9);
    sac_config_destroy(config);
}
END_TEST

/* default < preset's common part < preset's section < --config < command line, key by key. */
START_TEST(later_sources_win)
{
    struct sac_config *preset = parse("batch_size: 1\ngamma: 0.1\ntau: 0.1\nreward_scale: 2\n"
                                      "sac_v1: {gamma: 0.2, tau: 0.2, reward_scale: 3}\n"
                                      "sac_v2: {batch_size: 9}\n");
    struct sac_config *file = parse("tau: 0.3\nreward_scale: 4\n");
    struct sac_config *line = sac_config_create(NULL);
    ck_assert_int_eq(sac_config_add_argument(line, "reward_scale=5"), SAC_OK);
    struct sac_settings settings;
    enum sac_algorithm_reason reason;
    ck_assert_int_eq(sac_config_resolve(preset, file, line, &settings, &reason), SAC_OK);
    ck_assert_int_eq(settings.algorithm, SAC_V1);
    ck_assert_int_eq(settings.batch_size, 1);
    ck_assert_double_eq(settings.gamma, 0.2);
    ck_assert_double_eq(settings.tau, 0.3);
    ck_assert_double_eq(settings.reward_scale, 5);
    ck_assert_int_eq(settings.eval_episodes, 10);
    sac_config_destroy(preset);
    sac_config_destroy(file);
    sac_config_destroy(line);
}
END_TEST

static enum sac_algorithm_reason choose(const char *preset_text, const char *argument,
                                        enum sac_algorithm *algorithm)
{
    struct sac_config *preset = preset_text ? parse(preset_text) : NULL, *line = sac_config_create(NULL);
    if (argument)
        ck_assert_int_eq(sac_config_add_argument(line, argument), SAC_OK);
    struct sac_settings settings;
    enum sac_algorithm_reason reason;
    ck_assert_int_eq(sac_config_resolve(preset, NULL, line, &settings, &reason), SAC_OK);
    *algorithm = settings.algorithm;
    sac_config_destroy(preset);
    sac_config_destroy(line);
    return reason;
}

/* sac_v1 by default exactly where the preset's v1 section has a reward_scale; its section then holds. */
START_TEST(algorithm_by_rule)
{
    enum sac_algorithm algorithm;
    ck_assert_int_eq(choose(NULL, NULL, &algorithm), SAC_ALGORITHM_BY_DEFAULT);
    ck_assert_int_eq(algorithm, SAC_V2);
    ck_assert_int_eq(choose("reward_scale: 5\n", NULL, &algorithm), SAC_ALGORITHM_BY_DEFAULT);
    ck_assert_int_eq(algorithm, SAC_V2);
    ck_assert_int_eq(choose("sac_v1: {reward_scale: 5}\n", NULL, &algorithm), SAC_ALGORITHM_BY_PRESET);
    ck_assert_int_eq(algorithm, SAC_V1);
    ck_assert_int_eq(choose("sac_v1: {reward_scale: 5}\n", "algorithm=sac_v2", &algorithm),
                     SAC_ALGORITHM_GIVEN);
    ck_assert_int_eq(algorithm, SAC_V2);
    ck_assert_int_eq(choose("algorithm: sac_v2\nsac_v1: {reward_scale: 5}\n", NULL, &algorithm),
                     SAC_ALGORITHM_GIVEN);
    ck_assert_int_eq(algorithm, SAC_V2);
}
END_TEST

/* In one source, learning_rate and log_std_mapping do not undo the narrower keys before them; a later
 * source's does. */
START_TEST(order_inside_a_source_says_nothing)
{
    struct sac_config *file = parse("policy_learning_rate: 0.1\nlearning_rate: 0.2\n"
                                    "log_std_bounds: [-3, 1]\nlog_std_mapping: tanh\n");
    struct sac_config *line = sac_config_create(NULL);
    struct sac_settings settings;
    enum sac_algorithm_reason reason;
    ck_assert_int_eq(sac_config_resolve(NULL, file, line, &settings, &reason), SAC_OK);
    ck_assert_double_eq(settings.policy_learning_rate, 0.1);
    ck_assert_double_eq(settings.critic_learning_rate, 0.2);
    ck_assert_double_eq(settings.log_std_low, -3);
    ck_assert_int_eq(sac_config_add(line, "learning_rate", "0.3"), SAC_OK);
    ck_assert_int_eq(sac_config_resolve(NULL, file, line, &settings, &reason), SAC_OK);
    ck_assert_double_eq(settings.policy_learning_rate, 0.3);
    sac_config_destroy(file);
    sac_config_destroy(line);
}
END_TEST

/* score_function is refused with sac_v2 whichever sources they come from. */
START_TEST(sources_are_checked_together)
{
    struct sac_config *line = sac_config_create(NULL);
    struct sac_settings settings;
    enum sac_algorithm_reason reason;
    ck_assert_int_eq(sac_config_add_argument(line, "estimator=score_function"), SAC_OK);
    ck_assert_int_eq(sac_config_resolve(NULL, NULL, line, &settings, &reason), SAC_INVALID);
    ck_assert_int_eq(sac_config_add_argument(line, "algorithm=sac_v1"), SAC_OK);
    ck_assert_int_eq(sac_config_resolve(NULL, NULL, line, &settings, &reason), SAC_OK);
    ck_assert_int_eq(sac_config_add_argument(line, "gamma"), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(), "gamma: expected key=value");
    ck_assert_int_eq(sac_config_add_argument(line, "algorithm=sac_v2"), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(),
                     "algorithm: given a second time, as sac_v2 after sac_v1; give it once");
    sac_config_destroy(line);
}
END_TEST

/* A value that does not go with the others is looked up where it stands: the winning source's file and line.
 */
START_TEST(conflicts_name_the_line)
{
    struct sac_config *preset = parse("batch_size: 50\n"), *file = parse("\nsac_v2:\n  batch_size: 200\n");
    struct sac_config *line = sac_config_create(NULL);
    struct sac_settings settings;
    enum sac_algorithm_reason reason;
    ck_assert_int_eq(sac_config_add_argument(line, "replay_capacity=100"), SAC_OK);
    ck_assert_int_eq(sac_config_resolve(preset, file, line, &settings, &reason), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(),
                     "F.yaml:3: batch_size=200: expected at most 100, as replay_capacity keeps "
                     "no more records");
    ck_assert_int_eq(sac_config_add_argument(line, "batch_size=101"), SAC_OK);
    ck_assert_int_eq(sac_config_resolve(preset, file, line, &settings, &reason), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(),
                     "batch_size=101: expected at most 100, as replay_capacity keeps no more records");
    sac_config_destroy(preset);
    sac_config_destroy(file);
    sac_config_destroy(line);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("configuration");
    tcase_add_loop_test(cases, bad_files_are_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(cases, invalid_yaml_names_the_line);
    tcase_add_test(cases, good_files_are_taken);
    tcase_add_test(cases, later_sources_win);
    tcase_add_test(cases, algorithm_by_rule);
    tcase_add_test(cases, order_inside_a_source_says_nothing);
    tcase_add_test(cases, sources_are_checked_together);
    tcase_add_test(cases, conflicts_name_the_line);
    return suite_run(CK_FORK_GETENV, "configuration", 1, cases);
}
