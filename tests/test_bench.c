/* softac-bench keeps its contract: names, JSON, exit codes. Nothing here looks at a time. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* What the program prints on stdout (1 MiB at most); *status is its exit code. */
static char *run(const char *arguments, int *status)
{
    static char output[1 << 20];
    char command[512];
    snprintf(command, sizeof command, SOFTAC_BENCH " %s", arguments);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    const size_t n = fread(output, 1, sizeof output - 1, pipe);
    output[n] = '\0';
    const int ended = pclose(pipe);
    ck_assert(WIFEXITED(ended));
    *status = WEXITSTATUS(ended);
    return output;
}

/* Every shape with both algorithms, a name a line, in a fixed order. */
START_TEST(list)
{
    static const char *const shapes[] = {"pendulum", "halfcheetah", "ant", "humanoid", "small"};
    char want[1024] = "";
    for (int i = 0; i < 10; i++)
        snprintf(want + strlen(want), sizeof want - strlen(want), "update/%s/sac_v%d\n", shapes[i / 2],
                 1 + i % 2);
    int status;
    ck_assert_str_eq(run("update --list", &status), want);
    ck_assert_int_eq(status, 0);
    ck_assert_str_eq(run("update/ant --list", &status), "update/ant/sac_v1\nupdate/ant/sac_v2\n");
    ck_assert_int_eq(status, 0);
}
END_TEST

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(json_is_number(value), "no number \"%s\"", key);
    return json_number_value(value);
}

/* One benchmark is really run, on a team of two, and reported in the agreed shape: only what was asked for,
 * in order, with numbers that belong together. */
START_TEST(json)
{
    int status;
    json_error_t error;
    json_t *root =
        json_loads(run("update/small/sac_v2 --threads 2 --seconds 0.05 --json", &status), 0, &error);
    ck_assert_int_eq(status, 0);
    ck_assert_msg(root != NULL, "line %d: %s", error.line, error.text);
    const json_t *machine = json_object_get(root, "machine");
    const char *kernels = json_string_value(json_object_get(machine, "kernels"));
    ck_assert_ptr_nonnull(kernels);
    ck_assert_int_gt((int)strlen(json_string_value(json_object_get(machine, "cpu"))), 0);
    const double peak = 1e9 * number(json_object_get(machine, "fma_peak_gflops"), kernels);
    ck_assert_double_gt(peak, 0);

    const json_t *benchmarks = json_object_get(root, "benchmarks");
    ck_assert_uint_eq(json_array_size(benchmarks), 1);
    const json_t *b = json_array_get(benchmarks, 0);
    ck_assert_str_eq(json_string_value(json_object_get(b, "name")), "update/small/sac_v2");
    ck_assert_str_eq(json_string_value(json_object_get(b, "unit")), "updates/s");
    const double median = number(b, "median");
    ck_assert(0 < number(b, "min") && number(b, "min") <= median && median <= number(b, "max"));
    ck_assert_int_ge((int)number(b, "runs"), 3);
    const double fraction = number(b, "fraction_of_peak");
    ck_assert(fraction > 0);
    /* An update is 2 threads' peak times the fraction over the rate: 64 x 64 layers and 100 rows. */
    const double flops = fraction * 2 * peak / median;
    ck_assert_double_ge(flops, 12e6);
    ck_assert_double_le(flops, 18e6);
    json_decref(root);
}
END_TEST

/* Usage errors are exit code 2, say what was wrong on stderr alone, and run nothing. */
START_TEST(usage)
{
    static const char *const wrong[] = {"no-such-name", "--no-such-option", "--threads 0",  "--threads x",
                                        "--seconds 0",  "--seconds",        "--seconds 1y", "update/small x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char arguments[128];
        int status;
        snprintf(arguments, sizeof arguments, "%s 2>&1 >/dev/null", wrong[i]);
        ck_assert_ptr_nonnull(strstr(run(arguments, &status), "softac-bench: "));
        ck_assert_int_eq(status, 2);
        snprintf(arguments, sizeof arguments, "%s 2>/dev/null", wrong[i]);
        ck_assert_str_eq(run(arguments, &status), "");
    }
    int status;
    ck_assert_ptr_nonnull(strstr(run("--help", &status), "usage: softac-bench"));
    ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("bench");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, list);
    tcase_add_test(tc, json);
    tcase_add_test(tc, usage);
    Suite *suite = suite_create("bench");
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
