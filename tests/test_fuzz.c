/* Thousands of small changes to good input, always the same ones: nothing crashes, leaks or breaks a promise
 * of fuzz/targets.c. AddressSanitizer builds make the most of it; make fuzz goes on where this stops. */
#include "fuzz/targets.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "memory.h"
#include "policy.h"
#include "random.h"
#include "suite.h"

enum { CHANGES = 20000, MOST = 4096, AT_ONCE = 4 };

struct input {
    uint8_t bytes[MOST];
    size_t size;
};

static uint32_t draw(uint64_t round, uint32_t number, uint32_t below)
{
    return below ? sac_random(1, SAC_PURPOSE_DRAW, round, number, 0).word[0] % below : 0;
}

/* Bytes that mean something to one of the formats. */
static uint8_t draw_byte(uint64_t round, uint32_t number)
{
    static const char telling[] = "0123456789.,:;={}[]\"'\\/-+eE#&*!|>%@~ \n\t\r_aftnul";
    const uint32_t word = draw(round, number, 512);
    return word < 256 ? (uint8_t)word : (uint8_t)telling[word % (sizeof telling - 1)];
}

/* One change: a byte replaced, a bit flipped, a piece taken out, a piece put in again elsewhere. */
static void change(struct input *input, uint64_t round, uint32_t first)
{
    const uint32_t size = (uint32_t)input->size;
    if (!size)
        return;
    const uint32_t at = draw(round, first + 1, size), length = 1 + draw(round, first + 2, size - at);
    const uint32_t from = draw(round, first + 3, size - length + 1);
    switch (draw(round, first, 4)) {
    case 0:
        input->bytes[at] = draw_byte(round, first + 4);
        break;
    case 1:
        input->bytes[at] ^= (uint8_t)(1u << draw(round, first + 4, 8));
        break;
    case 2:
        memmove(input->bytes + at, input->bytes + at + length, size - at - length);
        input->size -= length;
        break;
    default:
        if (size + length > MOST)
            break;
        memmove(input->bytes + at + length, input->bytes + at, size - at);
        memmove(input->bytes + at, input->bytes + from, length);
        input->size += length;
    }
}

static void try_changes(void (*target)(const uint8_t *data, size_t size), const struct input *good,
                        uint64_t salt)
{
    for (uint64_t round = 0; round < CHANGES; round++) {
        struct input input = *good;
        const uint32_t changes = 1 + draw(round + salt, 0, AT_ONCE);
        for (uint32_t i = 0; i < changes; i++)
            change(&input, round + salt, 1 + 5 * i);
        uint8_t *exact = malloc(input.size + 1); /* so that a sanitizer sees the end */
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, input.bytes, input.size);
        target(exact, input.size);
        free(exact);
    }
}

static struct input from_text(const char *text)
{
    struct input input = {.size = strlen(text)};
    memcpy(input.bytes, text, input.size);
    return input;
}

static const char *const arguments[] = {
    "batch_size=128",  "hidden=256,256",   "update_to_data=1/64", "log_std_bounds=-20,2", "temperature=auto",
    "seed=1234567890", "algorithm=sac_v1", "gamma=0.99",          "target_entropy=-6",    "learner_split=4",
};

/* key=value */
START_TEST(changed_settings)
{
    const struct input good = from_text(arguments[_i]);
    try_changes(fuzz_settings, &good, (uint64_t)_i << 32);
}
END_TEST

/* YAML */
START_TEST(changed_configurations)
{
    const struct input good =
        from_text("# comment\nenvironment: Pendulum-v1\nsteps: 20000\nhidden: [64, 64]\n"
                  "learning_rate: 1e-3\nlog_std_mapping: tanh\nlog_std_bounds: \"-5,2\"\n\n"
                  "sac_v1:\n  reward_scale: 0.5\n  estimator: score_function\n"
                  "sac_v2: {temperature: auto, target_entropy: -1}\n");
    try_changes(fuzz_configuration, &good, 0);
}
END_TEST

/* policy.safetensors */
START_TEST(changed_policies)
{
    char path[] = "/tmp/test_fuzz.XXXXXX", *bytes;
    struct input good;
    struct sac_settings settings;
    struct sac_policy_network network;
    struct sac_policy *made;
    const float low[] = {-1}, high[] = {1};
    close(mkstemp(path));
    sac_settings_default(&settings);
    settings.hidden[0] = settings.hidden[1] = 3;
    sac_policy_network_init(&network, 2, 1, &settings);
    float *parameters = sac_allocate(network.network.size * sizeof *parameters);
    ck_assert_int_eq(sac_policy_create(&network, parameters, "Test-v0", low, high, &made), SAC_OK);
    ck_assert_int_eq(sac_policy_save(made, path), SAC_OK);
    ck_assert_int_eq(sac_file_read(path, MOST, &bytes, &good.size), SAC_OK);
    memcpy(good.bytes, bytes, good.size);
    unlink(path);
    free(bytes);
    sac_policy_destroy(made);
    sac_free(parameters);
    try_changes(fuzz_policy, &good, 0);
}
END_TEST

static const struct file {
    void (*target)(const uint8_t *data, size_t size);
    const char *text;
} files[] = {
    {fuzz_state, "{\"qpos\": [0.25, -1.5e-3], \"qvel\": [12]}"},
    {fuzz_actions, "0.5,-1\n1e-3,0\n-0.25,1\n"},
    {fuzz_results,
     "{\"machine\": {\"cpu\": \"a\", \"kernels\": \"avx2\"}, \"benchmarks\": [{\"name\": \"update/a\", "
     "\"unit\": \"updates/s\", \"median\": 2.5, \"min\": 2, \"max\": 3, \"runs\": 3, "
     "\"samples\": [2, 2.5, 3], \"fraction_of_peak\": 0.5}]}"},
    {fuzz_note, "softac 1\nprocess 1234\nlearning 2\nenv_millicpus 250\ngroup 17\nlearner 0,2\nenv 4-15\n"},
    {fuzz_task, "frame_skip: 5\nkeyframe: home\nobservation:\n- {qpos: [a, b], as: sin, target: -1}\n"
                "- {sensor: all, component: 2}\nreward:\n  alive: 0.5\n  effort: {ctrl: all, as: square, "
                "weight: -2}\ntermination:\n  over: {qvel: a, range: [-.inf, 2]}\nreset_noise:\n"
                "- {qpos: all, range: [-1, 1]}\n"},
    {fuzz_cgroup, "30 29 0:26 / /group rw,nosuid shared:4 - cgroup2 cgroup2 rw\n\f0::/\n\f150000 100000\n"},
};

/* Files that rollout and softac-bench read, and the system's that limits are read from. */
START_TEST(changed_files)
{
    const struct input good = from_text(files[_i].text);
    try_changes(files[_i].target, &good, (uint64_t)_i << 40);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("fuzz");
    tcase_set_timeout(cases, 300);
    tcase_add_loop_test(cases, changed_settings, 0, sizeof arguments / sizeof *arguments);
    tcase_add_test(cases, changed_configurations);
    tcase_add_test(cases, changed_policies);
    tcase_add_loop_test(cases, changed_files, 0, sizeof files / sizeof *files);
    return suite_run(CK_FORK_GETENV, "fuzz", 1, cases);
}
