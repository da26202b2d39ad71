/* Configuration files and the order of sources. */
#include "configuration.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"
#include "suite.h"

static enum sac_status resolve(const struct sac_config *preset, const struct sac_config *file,
                               const struct sac_config *line, struct sac_settings *settings,
                               enum sac_algorithm_reason *reason)
{
    const struct sac_config_sources sources = {
        {[SAC_SOURCE_PRESET] = preset, [SAC_SOURCE_FILE] = file, [SAC_SOURCE_LINE] = line}};
    return sac_config_resolve(&sources, settings, reason);
}

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
     "F.yaml:3: sac_v2: no such setting; softac train --help lists them; the environment's own are env.NAME"},
    {"gamma: 1\n---\ngamma: 1\n", "F.yaml:2: expected the end of the file, not a second document"},
    {"gamma: *x\n", "F.yaml:1: gamma: expected a plain value, not an alias (*name)"},
    {"sac_v1: {gamma: 1}\nsac_v1: {tau: 1}\n",
     "F.yaml:2: sac_v1: a second section; put all its settings into one"},
    {"environment: A\nenvironment: B\n", "F.yaml:2: environment: given a second time, after A; give it once"},
    {"sac_v2: {profile: fast}\n", "F.yaml:1: profile: stands in the common part only, not in a section"},
    {"profile: two words\n", "F.yaml:1: profile=two words: expected none or a profile of the preset, such as "
                             "wall_clock"},
    {"profiles: fast\n", "F.yaml:1: profiles: expected a section for each profile"},
    {"profiles: {}\nprofiles: {}\n", "F.yaml:2: profiles: expected them in one section, not two"},
    {"profiles:\n  none: {tau: 1}\n",
     "F.yaml:2: profiles: none: expected a name of letters, digits, _ and -, other than none"},
    {"profiles:\n  fast: {tau: 1}\n  fast: {tau: 1}\n",
     "F.yaml:3: fast: a second profile of that name; put all its settings into one"},
    {"profiles:\n  fast: 1\n", "F.yaml:2: fast: expected a section of settings"},
    {"profiles:\n  fast: {taw: 1}\n", "F.yaml:2: taw: no such setting; did you mean tau?"},
    {"env: 3\n", "F.yaml:1: env: expected a section of settings"},
    {"env: {}\nenv: {}\n", "F.yaml:2: env: a second section; put all its settings into one"},
    {"env:\n  a: 1\n  a: 2\n", "F.yaml:3: a: given a second time, as 2 after 1; give it once"},
    {"env:\n  a b: 1\n", "F.yaml:2: env.a b: expected env.NAME=VALUE, the name of letters, digits, _ and -"},
    {"env: {a: \"1\\n\"}\n", "F.yaml:1: env.a: expected a value of UTF-8 without control characters"},
    {"sac_v1: {env: {a: 1}}\n", "F.yaml:1: env: no such setting; did you mean environments?"},
    {"threads: 3\n", "F.yaml:1: threads: expected one list, as softac tune writes it"},
    {"threads: [3]\n", "F.yaml:1: threads: expected at most 64 sections with what was measured"},
    {"threads:\n  - env_threads: 0\n", "F.yaml:2: env_threads=0: expected a whole number from 1 to 65536"},
    {"threads:\n  - env_thread: 1\n",
     "F.yaml:2: threads: env_thread: no such key; did you mean env_threads?"},
    {"threads:\n  - env_threads: 1\n",
     "F.yaml:3: threads: expected machine, settings, env_threads and learner_threads in each section"},
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
    ck_assert_int_eq(resolve(NULL, config, NULL, &settings, &reason), SAC_OK);
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

static enum sac_status append_option(void *context, const char *name, const char *value)
{
    char *text = context;
    const size_t used = strlen(text);
    snprintf(text + used, 128 - used, "%s=%s ", name, value);
    return SAC_OK;
}

/* Options of the environment: later sources win name by name, lists are as on the command line, and the names
 * of settings are as good as any. */
START_TEST(options_of_the_environment)
{
    struct sac_config *preset = parse("env: {a: 1, b: [0.5, inf]}\n");
    struct sac_config *file = parse("env:\n  c: x\n  profile: y\ngamma: 0.5\n");
    struct sac_config *line = sac_config_create(NULL);
    const struct sac_config_sources sources = {
        {[SAC_SOURCE_PRESET] = preset, [SAC_SOURCE_FILE] = file, [SAC_SOURCE_LINE] = line}};
    char text[128] = "";
    ck_assert_int_eq(sac_config_add_argument(line, "env.a=2"), SAC_OK);
    ck_assert_int_eq(sac_config_add_argument(line, "env.a=3"), SAC_INVALID);
    ck_assert_int_eq(sac_config_add_argument(line, "env.=3"), SAC_INVALID);
    ck_assert_int_eq(sac_config_each_option(&sources, append_option, text), SAC_OK);
    ck_assert_str_eq(text, "b=0.5,inf c=x profile=y a=2 ");
    sac_config_destroy(preset);
    sac_config_destroy(file);
    sac_config_destroy(line);
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
    ck_assert_int_eq(resolve(preset, file, line, &settings, &reason), SAC_OK);
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
    ck_assert_int_eq(resolve(preset, NULL, line, &settings, &reason), SAC_OK);
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
    ck_assert_int_eq(resolve(NULL, file, line, &settings, &reason), SAC_OK);
    ck_assert_double_eq(settings.policy_learning_rate, 0.1);
    ck_assert_double_eq(settings.critic_learning_rate, 0.2);
    ck_assert_double_eq(settings.log_std_low, -3);
    ck_assert_int_eq(sac_config_add(line, "learning_rate", "0.3"), SAC_OK);
    ck_assert_int_eq(resolve(NULL, file, line, &settings, &reason), SAC_OK);
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
    ck_assert_int_eq(resolve(NULL, NULL, line, &settings, &reason), SAC_INVALID);
    ck_assert_int_eq(sac_config_add_argument(line, "algorithm=sac_v1"), SAC_OK);
    ck_assert_int_eq(resolve(NULL, NULL, line, &settings, &reason), SAC_OK);
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
    ck_assert_int_eq(resolve(preset, file, line, &settings, &reason), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(),
                     "F.yaml:3: batch_size=200: expected at most 100, as replay_capacity keeps "
                     "no more records");
    ck_assert_int_eq(sac_config_add_argument(line, "batch_size=101"), SAC_OK);
    ck_assert_int_eq(resolve(preset, file, line, &settings, &reason), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(),
                     "batch_size=101: expected at most 100, as replay_capacity keeps no more records");
    sac_config_destroy(preset);
    sac_config_destroy(file);
    sac_config_destroy(line);
}
END_TEST

static const char with_profiles[] = "batch_size: 64\n"
                                    "sac_v1: {reward_scale: 5, gamma: 0.5}\n"
                                    "profiles:\n"
                                    "  wall_clock: {algorithm: sac_v2, batch_size: 1024, tau: 0.05}\n"
                                    "  gentle: {gamma: 0.7}\n";

/* A profile lies over the other lines of its preset and under every later source; it may name the algorithm.
 */
START_TEST(a_profile_is_laid_over_its_preset)
{
    struct sac_config *preset = parse(with_profiles), *file = parse("tau: 0.1\n"),
                      *line = sac_config_create(NULL);
    struct sac_settings settings;
    enum sac_algorithm_reason reason;
    ck_assert_int_eq(resolve(preset, file, line, &settings, &reason), SAC_OK);
    ck_assert_int_eq(settings.batch_size, 64);
    ck_assert_int_eq(settings.algorithm, SAC_V1);
    ck_assert_int_eq(sac_config_add_argument(line, "profile=wall_clock"), SAC_OK);
    ck_assert_int_eq(resolve(preset, file, line, &settings, &reason), SAC_OK);
    ck_assert_int_eq(settings.batch_size, 1024);
    ck_assert_int_eq(settings.algorithm, SAC_V2);
    ck_assert_int_eq(reason, SAC_ALGORITHM_GIVEN);
    ck_assert_double_eq(settings.tau, 0.1);
    ck_assert_double_eq(settings.gamma, 0.99);
    ck_assert_int_eq(sac_config_add_argument(line, "batch_size=32"), SAC_OK);
    ck_assert_int_eq(sac_config_add_argument(line, "algorithm=sac_v1"), SAC_OK);
    ck_assert_int_eq(resolve(preset, file, line, &settings, &reason), SAC_OK);
    ck_assert_int_eq(settings.batch_size, 32);
    ck_assert_int_eq(settings.algorithm, SAC_V1);
    ck_assert_double_eq(settings.reward_scale, 5);
    sac_config_destroy(preset);
    sac_config_destroy(file);
    sac_config_destroy(line);
}
END_TEST

/* A later source may ask for another profile, or for none. */
START_TEST(the_last_profile_asked_for_wins)
{
    struct sac_config *preset = parse(with_profiles), *file = parse("profile: gentle\n");
    struct sac_config *line = sac_config_create(NULL);
    struct sac_settings settings;
    enum sac_algorithm_reason reason;
    const struct sac_config_sources sources = {
        {[SAC_SOURCE_PRESET] = preset, [SAC_SOURCE_FILE] = file, [SAC_SOURCE_LINE] = line}};
    ck_assert_int_eq(resolve(preset, file, line, &settings, &reason), SAC_OK);
    ck_assert_double_eq(settings.gamma, 0.7);
    ck_assert_str_eq(sac_config_profile(&sources), "gentle");
    ck_assert_int_eq(sac_config_add_argument(line, "profile=none"), SAC_OK);
    ck_assert_int_eq(resolve(preset, file, line, &settings, &reason), SAC_OK);
    ck_assert_double_eq(settings.gamma, 0.5);
    ck_assert_ptr_null(sac_config_profile(&sources));
    sac_config_destroy(preset);
    sac_config_destroy(file);
    sac_config_destroy(line);
}
END_TEST

/* A profile that no file has is refused with those there are and the nearest. */
START_TEST(unknown_profiles_are_refused)
{
    struct sac_config *preset = parse(with_profiles), *plain = parse("tau: 0.1\n"),
                      *line = sac_config_create(NULL);
    struct sac_settings settings;
    enum sac_algorithm_reason reason;
    ck_assert_int_eq(sac_config_add_argument(line, "profile=wallclock"), SAC_OK);
    ck_assert_int_eq(resolve(preset, NULL, line, &settings, &reason), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(),
                     "profile=wallclock: expected one of none, wall_clock, gentle; did you mean wall_clock?");
    ck_assert_int_eq(resolve(plain, NULL, line, &settings, &reason), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(), "profile=wallclock: F.yaml has no profiles; leave the key out");
    ck_assert_int_eq(resolve(NULL, NULL, line, &settings, &reason), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(),
                     "profile=wallclock: this environment has no preset and so no profiles; "
                     "leave the key out");
    sac_config_destroy(preset);
    sac_config_destroy(plain);
    sac_config_destroy(line);
}
END_TEST

/* A conflict that a profile's value brings is looked up in the profile's lines. */
START_TEST(conflicts_name_the_profile)
{
    struct sac_config *preset = parse(with_profiles), *line = sac_config_create(NULL);
    struct sac_settings settings;
    enum sac_algorithm_reason reason;
    ck_assert_int_eq(sac_config_add_argument(line, "profile=wall_clock"), SAC_OK);
    ck_assert_int_eq(sac_config_add_argument(line, "replay_capacity=1000"), SAC_OK);
    ck_assert_int_eq(resolve(preset, NULL, line, &settings, &reason), SAC_INVALID);
    ck_assert_msg(!strncmp(sac_last_error(), "F.yaml:4: batch_size=1024", 25), "%s", sac_last_error());
    sac_config_destroy(preset);
    sac_config_destroy(line);
}
END_TEST

/* Measurements of threads are read, and are no settings. */
START_TEST(measurements_are_read)
{
    struct sac_config *config =
        parse("environment: A\nthreads:\n  - {machine: m, settings: s, env_threads: 3, "
              "learner_threads: 4}\n");
    const struct sac_tuned *list;
    ck_assert_int_eq(sac_config_tuned(config, &list), 1);
    ck_assert_str_eq(list[0].machine, "m");
    ck_assert_str_eq(list[0].settings, "s");
    ck_assert_int_eq(list[0].env_threads, 3);
    ck_assert_int_eq(list[0].learner_threads, 4);
    ck_assert(!sac_config_has_settings(config));
    ck_assert_int_eq(sac_config_tuned(NULL, &list), 0);
    sac_config_destroy(config);
    config = parse("profiles: {fast: {tau: 1}}\n");
    ck_assert(sac_config_has_settings(config));
    sac_config_destroy(config);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("configuration");
    tcase_add_loop_test(cases, bad_files_are_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(cases, invalid_yaml_names_the_line);
    tcase_add_test(cases, good_files_are_taken);
    tcase_add_test(cases, options_of_the_environment);
    tcase_add_test(cases, later_sources_win);
    tcase_add_test(cases, algorithm_by_rule);
    tcase_add_test(cases, order_inside_a_source_says_nothing);
    tcase_add_test(cases, sources_are_checked_together);
    tcase_add_test(cases, conflicts_name_the_line);
    tcase_add_test(cases, a_profile_is_laid_over_its_preset);
    tcase_add_test(cases, the_last_profile_asked_for_wins);
    tcase_add_test(cases, unknown_profiles_are_refused);
    tcase_add_test(cases, conflicts_name_the_profile);
    tcase_add_test(cases, measurements_are_read);
    return suite_run(CK_FORK_GETENV, "configuration", 1, cases);
}
