/* Policies: saved and loaded without loss, the same bytes for the same policy, rows that do not depend on
 * each other. */
#include "policy.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "kernels/kernels.h"
#include "memory.h"
#include "random.h"
#include "suite.h"

enum { O = 5, A = 3, ROWS = 150 };

static const float low[A] = {-2, -0.4f, 0}, high[A] = {2, 1, 0.1f};
static struct sac_policy *policy;
static char path[64];

static void setup(void)
{
    struct sac_settings settings;
    struct sac_policy_network network;
    sac_settings_default(&settings);
    settings.hidden_layers = 3;
    settings.hidden[0] = 7;
    settings.hidden[1] = 33;
    settings.hidden[2] = 16;
    settings.activation = SAC_TANH;
    settings.log_std_mapping = SAC_LOG_STD_TANH;
    settings.log_std_low = -5.25;
    sac_policy_network_init(&network, O, A, &settings);
    float *parameters = sac_allocate(network.network.size * sizeof *parameters);
    sac_network_randomize(&network.network, parameters, 1, 0);
    ck_assert_int_eq(sac_policy_create(&network, parameters, "Test-v0", low, high, &policy), SAC_OK);
    sac_free(parameters);
    snprintf(path, sizeof path, "/tmp/test_policy.XXXXXX");
    close(mkstemp(path));
}

static void teardown(void)
{
    sac_policy_destroy(policy);
    unlink(path);
}

static void make_observations(float *observations)
{
    for (int i = 0; i < ROWS * O; i++)
        observations[i] = 4 * sac_unit_float(sac_random(3, SAC_PURPOSE_DRAW, 0, 0, (uint32_t)i).word[0]) - 2;
}

/* A loaded policy is the saved one bit by bit: network, bounds, parameters, actions. */
START_TEST(saved_policies_load)
{
    struct sac_policy *loaded;
    ck_assert_int_eq(sac_policy_save(policy, path), SAC_OK);
    ck_assert_msg(sac_policy_load(path, &loaded) == SAC_OK, "%s", sac_last_error());
    ck_assert_int_eq(sac_policy_observation_size(loaded), O);
    ck_assert_int_eq(sac_policy_action_size(loaded), A);
    ck_assert_str_eq(sac_policy_environment(loaded), "Test-v0");
    ck_assert_int_eq(loaded->network.network.activation, SAC_TANH);
    ck_assert_int_eq(loaded->network.log_std.mapping, SAC_LOG_STD_TANH);
    ck_assert_float_eq(loaded->network.log_std.low, -5.25f);
    ck_assert_uint_eq(loaded->network.network.size, policy->network.network.size);
    ck_assert_mem_eq(loaded->action_low, low, sizeof low);
    ck_assert_mem_eq(loaded->action_high, high, sizeof high);
    ck_assert_mem_eq(loaded->parameters, policy->parameters, policy->network.network.size * sizeof(float));
    sac_policy_destroy(loaded);
}
END_TEST

/* Nothing but the policy is in the file: it does not depend on its name or on when it is written. */
START_TEST(equal_policies_give_equal_bytes)
{
    char *first, *second, other[sizeof path + 8];
    size_t first_size, second_size;
    snprintf(other, sizeof other, "%s.other", path);
    ck_assert_int_eq(sac_policy_save(policy, path), SAC_OK);
    ck_assert_int_eq(sac_policy_save(policy, other), SAC_OK);
    ck_assert_int_eq(sac_file_read(path, 1 << 20, &first, &first_size), SAC_OK);
    ck_assert_int_eq(sac_file_read(other, 1 << 20, &second, &second_size), SAC_OK);
    ck_assert_uint_eq(first_size, second_size);
    ck_assert_mem_eq(first, second, first_size);
    free(first);
    free(second);
    unlink(other);
}
END_TEST

/* Weights lie as PyTorch's Linear has them: (out, in), row-major, without padding. */
START_TEST(weights_are_in_torch_order)
{
    char *bytes;
    size_t size;
    ck_assert_int_eq(sac_policy_save(policy, path), SAC_OK);
    ck_assert_int_eq(sac_file_read(path, 1 << 20, &bytes, &size), SAC_OK);
    uint64_t header;
    memcpy(&header, bytes, sizeof header);
    ck_assert_ptr_nonnull(strstr(bytes + 8, "\"policy.0.weight\":{\"dtype\":\"F32\",\"shape\":[7,5],"
                                            "\"data_offsets\":[0,140]}"));
    float weight[7 * O];
    memcpy(weight, bytes + 8 + header, sizeof weight);
    const struct sac_layer *layer = &policy->network.network.layer[0];
    for (int o = 0; o < 7; o++)
        for (int i = 0; i < O; i++)
            ck_assert_float_eq(weight[o * O + i],
                               policy->parameters[layer->weights + (size_t)(i * layer->ld + o)]);
    free(bytes);
}
END_TEST

/* A row's action is the same alone and among others, within the bounds, and drawn anew for each step. */
START_TEST(rows_do_not_depend_on_each_other)
{
    const bool deterministic = _i;
    float observations[ROWS * O], all[ROWS * A], later[ROWS * A], alone[A];
    make_observations(observations);
    ck_assert_int_eq(sac_policy_act(policy, observations, ROWS, all, deterministic, 9, 4), SAC_OK);
    ck_assert_int_eq(sac_policy_act(policy, observations, ROWS, later, deterministic, 9, 5), SAC_OK);
    ck_assert_int_eq(memcmp(all, later, sizeof all) == 0, deterministic);
    for (int i = 0; i < ROWS * A; i++)
        ck_assert(all[i] >= low[i % A] && all[i] <= high[i % A]);
    ck_assert_int_eq(sac_policy_act(policy, observations, 1, alone, deterministic, 9, 4), SAC_OK);
    ck_assert_mem_eq(alone, all, sizeof alone);
    if (deterministic) {
        ck_assert_int_eq(sac_policy_act(policy, observations + 100 * O, 1, alone, true, 0, 0), SAC_OK);
        ck_assert_mem_eq(alone, all + 100 * A, sizeof alone);
    }
}
END_TEST

/* A row of a fixture: an observation, its deterministic action, and what is drawn for seed 9, step 4. */
static void read_row(FILE *file, float *observation, int o, float *actions, int a)
{
    for (int i = 0; i < o; i++)
        ck_assert_int_eq(fscanf(file, "%f", &observation[i]), 1);
    for (int i = 0; i < 2 * a; i++)
        ck_assert_int_eq(fscanf(file, "%f", &actions[i]), 1);
}

static const char *const fixtures[] = {"policy-0.1", "policy-0.1-tanh"};
enum { FIXTURE_COUNT = sizeof fixtures / sizeof *fixtures };

/* Files that softac 0.1 wrote are read forever and give the actions that NumPy computed from them in double
 * precision, and the draws of that time, with the best kernels and with the portable ones. */
START_TEST(files_of_earlier_versions_act_the_same)
{
    enum { FIXTURE_ROWS = 6, MOST = 32 };
    char name[512];
    struct sac_policy *earlier;
    if (_i >= FIXTURE_COUNT)
        ck_assert_int_eq(sac_kernels_select("portable"), SAC_OK);
    snprintf(name, sizeof name, "%s/%s.safetensors", FIXTURES, fixtures[_i % FIXTURE_COUNT]);
    ck_assert_msg(sac_policy_load(name, &earlier) == SAC_OK, "%s", sac_last_error());
    const int o = sac_policy_observation_size(earlier), a = sac_policy_action_size(earlier);
    ck_assert_int_le(o, MOST);
    float observation[FIXTURE_ROWS * MOST], expected[FIXTURE_ROWS * 2 * MOST], action[FIXTURE_ROWS * MOST];
    snprintf(name, sizeof name, "%s/%s.txt", FIXTURES, fixtures[_i % FIXTURE_COUNT]);
    FILE *file = fopen(name, "r");
    ck_assert_msg(file != NULL, "%s", name);
    for (int r = 0; r < FIXTURE_ROWS; r++)
        read_row(file, observation + r * o, o, expected + r * 2 * a, a);
    fclose(file);
    for (int drawn = 0; drawn < 2; drawn++) {
        ck_assert_int_eq(sac_policy_act(earlier, observation, FIXTURE_ROWS, action, !drawn, 9, 4), SAC_OK);
        for (int r = 0; r < FIXTURE_ROWS; r++)
            for (int i = 0; i < a; i++)
                ck_assert_float_eq_tol(action[r * a + i], expected[(r * 2 + drawn) * a + i], 1e-5f);
    }
    sac_policy_destroy(earlier);
}
END_TEST

/* An exported file holds the same policy under other names, bit by bit, and can be loaded as well. */
START_TEST(exported_policies_load)
{
    struct sac_policy *loaded;
    char *bytes;
    size_t size;
    ck_assert_int_eq(sac_policy_export(policy, path), SAC_OK);
    ck_assert_int_eq(sac_file_read(path, 1 << 20, &bytes, &size), SAC_OK);
    static const char *const tensors[] = {"\"latent_pi.0.weight\":{\"dtype\":\"F32\",\"shape\":[7,5]",
                                          "\"latent_pi.4.bias\":{\"dtype\":\"F32\",\"shape\":[16]",
                                          "\"mu.weight\":{\"dtype\":\"F32\",\"shape\":[3,16]",
                                          "\"log_std.bias\":{\"dtype\":\"F32\",\"shape\":[3]"};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        ck_assert_msg(strstr(bytes + 8, tensors[i]) != NULL, "%s", tensors[i]);
    free(bytes);
    ck_assert_msg(sac_policy_load(path, &loaded) == SAC_OK, "%s", sac_last_error());
    ck_assert_mem_eq(loaded->parameters, policy->parameters, policy->network.network.size * sizeof(float));
    ck_assert_mem_eq(loaded->action_low, low, sizeof low);
    sac_policy_destroy(loaded);
}
END_TEST

static const struct {
    const char *from, *to, *sentence;
} spoilt[] = {
    {"softac.policy", "softac.polite", "metadata format is softac.polite"},
    {"\"softac.policy\"", "\"softac.actor\" ", "tensor latent_pi.0.weight: is missing"},
    {"\"format_version\":\"1\"", "\"format_version\":\"2\"",
     "metadata format_version is 2; this softac (" PACKAGE_VERSION
     ") reads up to 1: read the file with the softac"},
    {"\"format_version\":\"1\"", "\"format_version\":\"x\"",
     "metadata format_version is x; expected a whole number from 1"},
    {"\"format_version\":\"1\"", "\"format_nonsion\":\"1\"", "metadata format_version is nothing"},
    {"environment\":", "environmint\":", "metadata environment is nothing; expected an environment's name"},
    {"\"tanh\",\"log_std_mapping", "\"tonh\",\"log_std_mapping", "metadata activation is tonh"},
    {"\"[7,33,16]\"", "\"[7,33,17]\"", "tensor policy.2.weight: its shape is not what the metadata says"},
    {"\"[7,33,16]\"", "\"[7,33,0 ]\"",
     "metadata hidden is [7,33,0 ]; expected an array of 1 to 16 layer widths"},
    {"observation_size\":\"5\"", "observation_size\":\"6\"", "tensor policy.0.weight"},
    {"observation_size\":\"5\"", "observation_size\":\"x\"", "metadata observation_size is x"},
    {"action_low\":\"[-2.0,", "action_low\":\"[+2.0,", "metadata action_low"},
    {"action_low\":\"[-2.0,", "action_low\":\"[32.0,", "metadata action_high"},
    {"action_low\":\"[-2.0,", "action_xyz\":\"[-2.0,", "metadata action_low is nothing"},
    {"policy.3.bias", "policy.4.bias", "tensor policy.3.bias: is missing"},
    {"policy.3.bias", "policy.0.bias", "duplicate"},
    {"action_low", "action_siz", "metadata action_low is nothing"},
    {"\"[-5.25,2.0]\"", "\"[2.0,-5.25]\"", "log_std_bounds is [2.0,-5.25]; expected a lower and a greater"},
    {"\"[-5.25,2.0]\"", "\"[-5.25,99 ]\"", "expected a lower and a greater upper bound, from -50 to 20"},
    {"\"[-5.25,2.0]\"", "\"[-999 ,2.0]\"", "expected a lower and a greater upper bound, from -50 to 20"},
    {"\"[-5.25,2.0]\"", "\"[-5.25,1e9]\"", "expected a lower and a greater upper bound, from -50 to 20"},
    {"\"[-5.25,2.0]\"", "\"[-5.250002]\"", "metadata log_std_bounds is [-5.250002]; expected an array"},
    {"\"[-5.25,2.0]\"", "\"[null,2.0 ]\"", "metadata log_std_bounds is [null,2.0 ]; expected an array"},
    {"\"[7,33,16]\"", "\"[7,3e3,6]\"", "metadata hidden is [7,3e3,6]"},
    {"\"dtype\":\"F32\",\"shape\":[16]", "\"dtype\":\"I32\",\"shape\":[16]", "expected dtype F32"},
    {"\"shape\":[7,5]", "\"shape\":[5,7]", "tensor policy.0.weight: its shape is not what the metadata says"},
    {"\"data_offsets\":[0,140]", "\"data_offsets\":[4,144]", "tensors overlap or leave a hole"},
};

/* Metadata and tensors must fit each other, and sentences say where they do not. */
START_TEST(spoilt_policies_are_refused)
{
    char *bytes;
    size_t size;
    struct sac_policy *loaded = NULL;
    ck_assert_int_eq(sac_policy_save(policy, path), SAC_OK);
    ck_assert_int_eq(sac_file_read(path, 1 << 20, &bytes, &size), SAC_OK);
    ck_assert_uint_eq(strlen(spoilt[_i].from), strlen(spoilt[_i].to));
    char *place = strstr(bytes + 8, spoilt[_i].from);
    ck_assert_msg(place != NULL, "%s is not in the file", spoilt[_i].from);
    memcpy(place, spoilt[_i].to, strlen(spoilt[_i].to));
    ck_assert_int_eq(sac_policy_parse("F", bytes, size, &loaded), SAC_FORMAT);
    ck_assert_msg(strstr(sac_last_error(), spoilt[_i].sentence) != NULL, "%s", sac_last_error());
    ck_assert_ptr_null(loaded);
    free(bytes);
}
END_TEST

/* Cut short anywhere, the file is refused by name; nothing is read beyond its end (AddressSanitizer). */
START_TEST(cut_policies_are_refused)
{
    char *bytes;
    size_t size;
    struct sac_policy *loaded;
    ck_assert_int_eq(sac_policy_save(policy, path), SAC_OK);
    ck_assert_int_eq(sac_file_read(path, 1 << 20, &bytes, &size), SAC_OK);
    for (size_t cut = 0; cut < size; cut++) {
        char *part = malloc(cut + 1); /* not one byte more than it says, for AddressSanitizer */
        memcpy(part, bytes, cut);
        ck_assert_int_eq(sac_policy_parse("F", part, cut, &loaded), SAC_FORMAT);
        ck_assert_msg(!strncmp(sac_last_error(), "F: ", 3), "%s", sac_last_error());
        free(part);
    }
    free(bytes);
}
END_TEST

/* What a host does wrong with a policy is told, and nothing is written. */
START_TEST(misuse_is_refused)
{
    float observation[O] = {0}, action[A] = {7, 7, 7};
    struct sac_policy *loaded = policy;
    ck_assert_int_eq(sac_policy_load(NULL, &loaded), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(), "sac_policy_load: path is NULL; expected a file's name");
    ck_assert_ptr_null(loaded);
    ck_assert_int_eq(sac_policy_load(path, NULL), SAC_INVALID);
    ck_assert_int_eq(sac_policy_save(NULL, path), SAC_INVALID);
    ck_assert_int_eq(sac_policy_save(policy, NULL), SAC_INVALID);
    ck_assert_int_eq(sac_policy_act(NULL, observation, 1, action, true, 0, 0), SAC_INVALID);
    ck_assert_int_eq(sac_policy_act(policy, NULL, 1, action, true, 0, 0), SAC_INVALID);
    ck_assert_int_eq(sac_policy_act(policy, observation, 1, NULL, true, 0, 0), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(),
                     "sac_policy_act: action is NULL; expected an array with a row per observation");
    ck_assert_int_eq(sac_policy_act(policy, observation, -1, action, true, 0, 0), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(), "sac_policy_act: rows is -1; expected at least 0");
    ck_assert_int_eq(sac_policy_act(policy, observation, 0, action, true, 0, 0), SAC_OK);
    observation[3] = NAN;
    ck_assert_int_eq(sac_policy_act(policy, observation, 1, action, true, 0, 0), SAC_INVALID);
    ck_assert_str_eq(sac_last_error(), "row 0: observation[3] is nan; expected a finite number");
    ck_assert_float_eq(action[0], 7);
    ck_assert_int_eq(sac_policy_observation_size(NULL) + sac_policy_action_size(NULL), 0);
    ck_assert_ptr_null(sac_policy_environment(NULL));
    sac_policy_destroy(NULL);
}
END_TEST

/* A diverged run's policy says so instead of acting on NaN. */
START_TEST(nan_is_refused)
{
    struct sac_policy *loaded;
    policy->parameters[0] = NAN;
    ck_assert_int_eq(sac_policy_save(policy, path), SAC_OK);
    ck_assert_int_eq(sac_policy_load(path, &loaded), SAC_FORMAT);
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "not a finite number"));
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("policy");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, saved_policies_load);
    tcase_add_test(cases, equal_policies_give_equal_bytes);
    tcase_add_test(cases, weights_are_in_torch_order);
    tcase_add_loop_test(cases, rows_do_not_depend_on_each_other, 0, 2);
    tcase_add_loop_test(cases, spoilt_policies_are_refused, 0, sizeof spoilt / sizeof *spoilt);
    tcase_add_loop_test(cases, files_of_earlier_versions_act_the_same, 0, 2 * FIXTURE_COUNT);
    tcase_add_test(cases, exported_policies_load);
    tcase_add_test(cases, cut_policies_are_refused);
    tcase_add_test(cases, misuse_is_refused);
    tcase_add_test(cases, nan_is_refused);
    return suite_run(CK_FORK_GETENV, "policy", 1, cases);
}
