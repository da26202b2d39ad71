/* Task files of mjcf: environments: what they say arrives, and every mistake is told with its line. */
#include "../envs/mujoco/mjcf_file.h"

#include "suite.h"

#include <check.h>
#include <math.h>
#include <softac/env.h>
#include <stdio.h>
#include <string.h>

static const char whole[] = "frame_skip: 5\n"
                            "step_limit: 0\n"
                            "reward_threshold: -1.5\n"
                            "keyframe: home\n"
                            "observation:\n"
                            "  - {qpos: all}\n"
                            "  - {qvel: [hip, knee], as: abs, target: -2}\n"
                            "  - {sensor: foot, component: 2}\n"
                            "reward:\n"
                            "  alive: 1e-1\n"
                            "  effort: {ctrl: all, as: square, weight: -0.5}\n"
                            "termination:\n"
                            "  fallen: {qpos: hip, range: [-.inf, 0.5]}\n"
                            "reset_noise:\n"
                            "  - {qvel: all, range: [-1, 2]}\n";

/* A file with everything in it is read as it stands. */
START_TEST(everything)
{
    char error[SAC_ENV_ERROR_SIZE] = "";
    struct mjcf_file file;
    ck_assert_msg(mjcf_file_parse("t.yaml", whole, strlen(whole), &file, error) == 0, "%s", error);
    ck_assert_int_eq(file.frame_skip, 5);
    ck_assert_int_eq(file.step_limit, 0);
    ck_assert(file.reward_threshold == -1.5);
    ck_assert_str_eq(file.keyframe, "home");
    ck_assert_uint_eq(file.keyframe_line, 4);

    const struct mjcf_item *observed = file.section[MJCF_OBSERVATION].item;
    ck_assert_int_eq(file.section[MJCF_OBSERVATION].count, 3);
    ck_assert(observed[0].source == MJCF_QPOS && observed[0].count == 0 && observed[0].component == -1);
    ck_assert(observed[1].source == MJCF_QVEL && observed[1].count == 2 && observed[1].function == MJCF_ABS);
    ck_assert_str_eq(observed[1].names[1], "knee");
    ck_assert(observed[1].target == -2);
    ck_assert(observed[2].source == MJCF_SENSOR && observed[2].component == 2 && observed[2].line == 8);

    const struct mjcf_item *reward = file.section[MJCF_REWARD].item;
    ck_assert_int_eq(file.section[MJCF_REWARD].count, 2);
    ck_assert_str_eq(reward[0].name, "alive");
    ck_assert(reward[0].source == MJCF_CONSTANT && reward[0].weight == 0.1);
    ck_assert(reward[1].source == MJCF_CTRL && reward[1].function == MJCF_SQUARE && reward[1].weight == -0.5);

    const struct mjcf_item *end = file.section[MJCF_TERMINATION].item;
    ck_assert_int_eq(file.section[MJCF_TERMINATION].count, 1);
    ck_assert(isinf(end->low) && end->low < 0 && end->high == 0.5);
    const struct mjcf_item *noise = file.section[MJCF_RESET_NOISE].item;
    ck_assert(noise->source == MJCF_QVEL && noise->low == -1 && noise->high == 2);
    mjcf_file_free(&file);
}
END_TEST

/* What is not there has the default that the document promises. */
START_TEST(defaults)
{
    char error[SAC_ENV_ERROR_SIZE] = "";
    struct mjcf_file file;
    const char text[] = "observation: [{qpos: all}]\nreward: {speed: {qvel: x}}\n";
    ck_assert_msg(mjcf_file_parse("t.yaml", text, strlen(text), &file, error) == 0, "%s", error);
    ck_assert_int_eq(file.frame_skip, 1);
    ck_assert_int_eq(file.step_limit, 1000);
    ck_assert(isnan(file.reward_threshold));
    ck_assert_ptr_null(file.keyframe);
    ck_assert_int_eq(file.section[MJCF_TERMINATION].count + file.section[MJCF_RESET_NOISE].count, 0);
    const struct mjcf_item *speed = file.section[MJCF_REWARD].item;
    ck_assert(speed->weight == 1 && speed->target == 0 && speed->function == MJCF_VALUE);
    mjcf_file_free(&file);
}
END_TEST

#define GOOD "observation: [{qpos: all}]\nreward: {alive: 1}\n"

static const struct {
    const char *text, *sentence;
} mistakes[] = {
    {"", "t.yaml: it is empty"},
    {"hello", "t.yaml:1: task: expected lines of the form"},
    {GOOD "a: [", "t.yaml:4: not valid YAML"},
    {GOOD "--- {}\n", "t.yaml:3: expected the end of the file"},
    {GOOD "frame_skp: 2\n", "t.yaml:3: task: there is no 'frame_skp'; did you mean frame_skip?"},
    {GOOD "weather: 2\n", "there is no 'weather'; there are observation, reward, termination"},
    {GOOD "frame_skip: 0\n", "t.yaml:3: frame_skip: 0: expected a whole number from 1 to 1000"},
    {GOOD "frame_skip: 1.5\n", "frame_skip: 1.5: expected a whole number"},
    {GOOD "frame_skip: [1]\n", "frame_skip: expected one word, not a list"},
    {GOOD "frame_skip: ''\n", "frame_skip: expected a word of 1 to 127 bytes"},
    {GOOD "step_limit: -1\n", "step_limit: -1: expected a whole number from 0"},
    {GOOD "reward_threshold: .inf\n", "reward_threshold: .inf: expected a finite number"},
    {GOOD "reward_threshold: 0x10\n", "reward_threshold: 0x10: expected a finite number"},
    {GOOD "reward_threshold: 1e999\n", "reward_threshold: 1e999: expected a finite number"},
    {GOOD "keyframe: {a: 1}\n", "keyframe: expected one word, not a mapping"},
    {GOOD "reward: {alive: 2}\n", "t.yaml:3: task: 'reward' is given a second time"},
    {"reward: {alive: 1}\n", "t.yaml:1: observation: nothing is in it"},
    {"observation: [{qpos: all}]\n", "reward: nothing is in it"},
    {"observation: {qpos: all}\nreward: {a: 1}\n", "t.yaml:1: observation: expected a list of items"},
    {"observation: [qpos]\nreward: {a: 1}\n", "t.yaml:1: observation: expected lines of the form"},
    {"observation: [{as: sin}]\nreward: {a: 1}\n", "observation: expected one of qpos, qvel, sensor"},
    {"observation: [{qpos: all, qvel: all}]\nreward: {a: 1}\n", "not both qpos and qvel"},
    {"observation: [{qpos: []}]\nreward: {a: 1}\n", "qpos: expected 1 to 20000 names, found 0"},
    {"observation: [{qpos: all, as: sine}]\nreward: {a: 1}\n", "as: there is no 'sine'; did you mean sin?"},
    {"observation: [{qpos: all, weight: 2}]\nreward: {a: 1}\n", "observation: takes no 'weight'"},
    {"observation: [{qpos: all, range: [0, 1]}]\nreward: {a: 1}\n", "observation: takes no 'range'"},
    {"observation: [{qpos: a, component: -1}]\nreward: {a: 1}\n", "component: -1: expected a whole"},
    {"observation: [{qpos: a, target: x}]\nreward: {a: 1}\n", "target: x: expected a finite number"},
    {GOOD "termination: [{qpos: a, range: [0, 1]}]\n", "termination: expected terms with names"},
    {GOOD "termination: {over: {qpos: a}}\n", "t.yaml:3: termination.over: expected range: [LOW, HIGH]"},
    {GOOD "termination: {over: {qpos: a, range: [2, 1]}}\n", "range: [2, 1]: expected LOW <= HIGH"},
    {GOOD "termination: {over: {qpos: a, range: [1]}}\n", "range: expected [LOW, HIGH]"},
    {GOOD "termination: {over: {qpos: a, range: [.nan, 1]}}\n", "range: .nan: expected a number"},
    {GOOD "termination: {over: 1}\n", "over: expected lines of the form"},
    {"observation: [{qpos: all}]\nreward:\n  a: 1\n  b: 2\n  a: 3\n",
     "t.yaml:5: 'a': a second term of that name, after line 3"},
    {GOOD "reset_noise: [{sensor: a, range: [0, 1]}]\n", "reset_noise: sensor can not be set"},
    {GOOD "reset_noise: [{qpos: a, range: [0, .inf]}]\n", "expected finite bounds"},
    {GOOD "reset_noise: [{qpos: a, as: sin, range: [0, 1]}]\n", "reset_noise: takes no 'as'"},
    {GOOD "reset_noise: [{qpos: a, target: 1, range: [0, 1]}]\n", "reset_noise: takes no 'target'"},
};

/* Each mistake is refused with the line where it is and what would be right. */
START_TEST(mistake)
{
    char error[SAC_ENV_ERROR_SIZE] = "";
    struct mjcf_file file;
    const char *text = mistakes[_i].text;
    ck_assert_msg(mjcf_file_parse("t.yaml", text, strlen(text), &file, error) != 0, "accepted: %s", text);
    ck_assert_msg(strstr(error, mistakes[_i].sentence), "%s\nlacks: %s\nfor: %s", error,
                  mistakes[_i].sentence, text);
}
END_TEST

/* Aliases that make much out of little end at a limit. */
START_TEST(aliases)
{
    char error[SAC_ENV_ERROR_SIZE] = "", text[4096], many[3072] = "";
    struct mjcf_file file;
    for (int i = 0; i < 1000; i++)
        strcat(many, "x,");
    snprintf(text, sizeof text, "observation:\n- {qpos: &a [%s x]}\n", many);
    for (int i = 0; i < 30; i++)
        strcat(text, "- {qpos: *a}\n");
    strcat(text, "reward: {alive: 1}\n");
    ck_assert_int_ne(mjcf_file_parse("t.yaml", text, strlen(text), &file, error), 0);
    ck_assert_msg(strstr(error, "more than 20000 names"), "%s", error);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("mjcf_file");
    tcase_add_test(cases, everything);
    tcase_add_test(cases, defaults);
    tcase_add_loop_test(cases, mistake, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(cases, aliases);
    return suite_run(CK_FORK_GETENV, "mjcf_file", 1, cases);
}
