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
#include "memory.h"
#include "random.h"

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

static const struct {
    const char *from, *to, *sentence;
} spoilt[] = {
    {"softac.policy", "softac.polite", "metadata format is softac.polite"},
    {"\"format_version\":\"1\"", "\"format_version\":\"2\"", "metadata format_version is 2"},
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
    Suite *suite = suite_create("policy");
    TCase *cases = tcase_create("policy");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, saved_policies_load);
    tcase_add_test(cases, equal_policies_give_equal_bytes);
    tcase_add_test(cases, weights_are_in_torch_order);
    tcase_add_loop_test(cases, rows_do_not_depend_on_each_other, 0, 2);
    tcase_add_loop_test(cases, spoilt_policies_are_refused, 0, sizeof spoilt / sizeof *spoilt);
    tcase_add_test(cases, nan_is_refused);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
