/* softac rollout: the files it reads, the table it prints, and its exit status. */
#include "cli/command.h"
#include "cli/rollout_files.h"
#include "environment.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE   "rollout_test_state.json"
#define ACTIONS "rollout_test_actions.csv"
#define TABLE   "rollout_test_table.csv"

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void remove_files(void)
{
    unlink(STATE);
    unlink(ACTIONS);
    unlink(TABLE);
}

static int run_rollout(const char *environment, const char *out)
{
    char *words[] = {"rollout", (char *)environment, "--state", STATE, "--actions", ACTIONS,
                     "--out",   (char *)out};
    return command_rollout.run(8, words);
}

/* The table has the head, the state's row without reward and flags, and numbers that read back to the same
 * double: what the environment itself gives. */
START_TEST(prints_what_the_environment_does)
{
    const float actions[] = {0.5f, -1.25f, 2.0f};
    const double state[] = {1.5, -0.25};
    const struct sac_env_ops *ops = sac_environment_entry(0)->ops;
    char error[SAC_ENV_ERROR_SIZE], line[512];
    void *instance;
    float o[3];
    double reward, got[4];
    uint8_t terminated, truncated;
    int at;
    write_file(STATE, "{\"state\": [1.5, -0.25]}");
    write_file(ACTIONS, "0.5\n-1.25\n2\n");
    ck_assert_int_eq(run_rollout("Pendulum-v1", TABLE), EXIT_DONE);
    FILE *table = fopen(TABLE, "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, table));
    ck_assert_str_eq(line, "step,obs_0,obs_1,obs_2,reward,terminated,truncated\n");

    const struct sac_env_create create = {.size = sizeof create, .environments = 1};
    ck_assert_int_eq(ops->create(&create, &instance, error), 0);
    ck_assert_int_eq(ops->reset_to(instance, 0, state, NULL, o, error), 0);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, table));
    ck_assert_int_eq(sscanf(line, "0,%lf,%lf,%lf,,,%n", &got[0], &got[1], &got[2], &at), 3);
    ck_assert_str_eq(line + at, "\n");
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq(got[i], (double)o[i]);
    for (int t = 0; t < 3; t++) {
        const struct sac_env_step step = {sizeof step, 1,       &actions[t], 1,         o,
                                          3,           &reward, &terminated, &truncated};
        ck_assert_int_eq(ops->step(instance, &step, error), 0);
        ck_assert_ptr_nonnull(fgets(line, sizeof line, table));
        ck_assert_int_eq(atoi(line), t + 1);
        at = (int)strcspn(line, ",");
        ck_assert_int_eq(sscanf(line + at, ",%lf,%lf,%lf,%lf", &got[0], &got[1], &got[2], &got[3]), 4);
        for (int i = 0; i < 3; i++)
            ck_assert_double_eq(got[i], (double)o[i]);
        ck_assert_double_eq(got[3], reward);
        ck_assert_str_eq(line + strlen(line) - 5, ",0,0\n");
    }
    ck_assert_ptr_null(fgets(line, sizeof line, table));
    fclose(table);
    ops->destroy(instance);
}
END_TEST

/* Wrong usage is exit status 2; files that can not be read, used or written are 1. */
START_TEST(exit_status)
{
    char *no_files[] = {"rollout", "Pendulum-v1"}, *no_environment[] = {"rollout", "--state", STATE};
    write_file(STATE, "{\"state\": [0, 0]}");
    write_file(ACTIONS, "0\n");
    ck_assert_int_eq(command_rollout.run(2, no_files), EXIT_USAGE);
    ck_assert_int_eq(command_rollout.run(3, no_environment), EXIT_USAGE);
    ck_assert_int_eq(run_rollout("Pendulum-v9", TABLE), EXIT_USAGE);
    ck_assert_int_eq(run_rollout("Pendulum-v1", "no/such/folder"), EXIT_FAILED);
    write_file(ACTIONS, "x\n");
    ck_assert_int_eq(run_rollout("Pendulum-v1", TABLE), EXIT_FAILED);
    unlink(ACTIONS);
    ck_assert_int_eq(run_rollout("Pendulum-v1", TABLE), EXIT_FAILED);
    ck_assert_int_ne(access(TABLE, F_OK), 0);
}
END_TEST

static void check_actions_refused(const char *text, const char *words)
{
    float *actions;
    size_t rows;
    write_file(ACTIONS, text);
    ck_assert_int_eq(rollout_read_actions(ACTIONS, 2, &actions, &rows), SAC_FORMAT);
    ck_assert_msg(strstr(sac_last_error(), words), "%s", sac_last_error());
}

/* Action files: any line end, the last one optional; what is wrong is named with file and line. */
START_TEST(action_files)
{
    float *actions;
    size_t rows;
    write_file(ACTIONS, "1,2\r\n-3e-1, 4\n5 ,6");
    ck_assert_int_eq(rollout_read_actions(ACTIONS, 2, &actions, &rows), SAC_OK);
    ck_assert_uint_eq(rows, 3);
    ck_assert_float_eq(actions[2], -0.3f);
    ck_assert_float_eq(actions[5], 6);
    free(actions);
    check_actions_refused("1,2\n3\n", ACTIONS ":2: expected 2 numbers with commas between, found 1");
    check_actions_refused("1,2,3\n", ACTIONS ":1: expected 2 numbers and the line's end, found ',3'");
    check_actions_refused("1,2\n\n1,2\n", ACTIONS ":2: ");
    check_actions_refused("1,\n2,3\n", ACTIONS ":1: ");
    check_actions_refused("1,two\n", ":1: expected 2 finite numbers, number 2 is 'two'");
    check_actions_refused("1,2\n1,inf\n", ":2: ");
    check_actions_refused("1,2\n1,1e99\n", ":2: ");
}
END_TEST

static void check_state_refused(const char *text, const char *words)
{
    const struct sac_env_spec spec = {.position_size = 2, .velocity_size = 1};
    double position[2], velocity[1];
    write_file(STATE, text);
    ck_assert_int_eq(rollout_read_state(STATE, &spec, position, velocity), SAC_FORMAT);
    ck_assert_msg(strstr(sac_last_error(), words), "%s", sac_last_error());
    ck_assert_ptr_nonnull(strstr(sac_last_error(), STATE));
}

/* State files: both lists, of the environment's sizes, of numbers. */
START_TEST(state_files)
{
    const struct sac_env_spec spec = {.position_size = 2, .velocity_size = 1};
    double position[2], velocity[1];
    write_file(STATE, "{\"qpos\": [1, 2.5], \"qvel\": [-3e-3]}");
    ck_assert_int_eq(rollout_read_state(STATE, &spec, position, velocity), SAC_OK);
    ck_assert_double_eq(position[1], 2.5);
    ck_assert_double_eq(velocity[0], -3e-3);
    check_state_refused("{\"qpos\": [1, 2]}", "\"qvel\"");
    check_state_refused("{\"qpos\": [1], \"qvel\": [3]}", "\"qpos\" has 1 number, the environment 2");
    check_state_refused("{\"qpos\": [1, \"x\"], \"qvel\": [3]}", "entry 1 is not a number");
    check_state_refused("{\"qpos\": [1, 2],\n \"qvel\": [3}", ":2: ");
    check_state_refused("{\"state\": [1, 2, 3]}", "\"qpos\"");
    check_state_refused("[1, 2, 3]", "\"qpos\"");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("rollout");
    tcase_add_checked_fixture(tests, remove_files, remove_files);
    tcase_add_test(tests, prints_what_the_environment_does);
    tcase_add_test(tests, exit_status);
    tcase_add_test(tests, action_files);
    tcase_add_test(tests, state_files);
    return suite_run(CK_FORK_GETENV, "rollout", 1, tests);
}
