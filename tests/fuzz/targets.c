/* Promises that hold for any bytes. */
#include "targets.h"

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../benchmarks/compare.h"
#include "../../envs/mujoco/mjcf_file.h"
#include "assertion.h"
#include "cgroup.h"
#include "cli/rollout_files.h"
#include "configuration.h"
#include "memory_limit.h"
#include "policy.h"
#include "run_note.h"
#include "settings.h"

/* A failure has a sentence. */
static void check_told(enum sac_status status)
{
    SAC_ASSERT(status == SAC_OK || *sac_last_error());
}

/* A value that is taken is shown in a form that is taken, too, and means the same. */
static void check_shown(const struct sac_settings *settings, const char *key)
{
    char text[256];
    struct sac_settings again;
    sac_settings_default(&again);
    if (!sac_settings_text(settings, key, text, sizeof text))
        return;
    SAC_ASSERT(sac_settings_set(&again, key, text) == SAC_OK);
    char second[256];
    SAC_ASSERT(sac_settings_text(&again, key, second, sizeof second));
    SAC_ASSERT(!strcmp(text, second));
}

void fuzz_settings(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    char *equals = strchr(text, '=');
    struct sac_settings settings;
    sac_settings_default(&settings);
    if (equals) {
        *equals = '\0';
        const enum sac_status status = sac_settings_set(&settings, text, equals + 1);
        check_told(status);
        if (status == SAC_OK)
            check_shown(&settings, text);
        SAC_ASSERT(sac_settings_check(&settings) == SAC_OK || status == SAC_OK);
    }
    free(text);
}

void fuzz_configuration(const uint8_t *data, size_t size)
{
    struct sac_config *config = NULL;
    struct sac_settings settings;
    enum sac_algorithm_reason reason;
    enum sac_status status = sac_config_parse("F.yaml", (const char *)data, size, &config);
    check_told(status);
    if (status == SAC_OK) {
        const struct sac_config_sources sources = {{[SAC_SOURCE_PRESET] = config}};
        status = sac_config_resolve(&sources, &settings, &reason);
        check_told(status);
        SAC_ASSERT(status != SAC_OK || sac_settings_check(&settings) == SAC_OK);
    }
    sac_config_destroy(config);
}

void fuzz_policy(const uint8_t *data, size_t size)
{
    struct sac_policy *policy = NULL;
    const enum sac_status status = sac_policy_parse("F", data, size, &policy);
    check_told(status);
    if (status == SAC_OK) {
        for (size_t i = 0; i < policy->network.network.size; i++)
            SAC_ASSERT(isfinite(policy->parameters[i]));
        for (int i = 0; i < sac_policy_action_size(policy); i++)
            SAC_ASSERT(policy->action_low[i] < policy->action_high[i]);
    }
    sac_policy_destroy(policy);
}

/* --- readers of files --- */

static void fill(int descriptor, const void *data, size_t size)
{
    SAC_ASSERT(ftruncate(descriptor, 0) == 0);
    SAC_ASSERT(pwrite(descriptor, data, size, 0) == (ssize_t)size);
}

/* The path of a file in memory with these bytes. */
static const char *file_of(const uint8_t *data, size_t size)
{
    static char path[64];
    static int descriptor = -1;
    if (descriptor < 0) {
        descriptor = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    }
    SAC_ASSERT(descriptor >= 0);
    fill(descriptor, data, size);
    return path;
}

void fuzz_state(const uint8_t *data, size_t size)
{
    static const float low[] = {-1}, high[] = {1};
    const struct sac_env_spec spec = {.size = sizeof spec,
                                      .observation_size = 2,
                                      .action_size = 1,
                                      .action_low = low,
                                      .action_high = high,
                                      .position_size = 2,
                                      .velocity_size = 1};
    double position[2], velocity[1];
    const enum sac_status status = rollout_read_state(file_of(data, size), &spec, position, velocity);
    check_told(status);
    if (status == SAC_OK)
        SAC_ASSERT(isfinite(position[0]) && isfinite(position[1]) && isfinite(velocity[0]));
}

void fuzz_actions(const uint8_t *data, size_t size)
{
    enum { ACTIONS = 2 };
    float *action = NULL;
    size_t rows = 0;
    const enum sac_status status = rollout_read_actions(file_of(data, size), ACTIONS, &action, &rows);
    check_told(status);
    if (status == SAC_OK) {
        for (size_t i = 0; i < rows * ACTIONS; i++)
            SAC_ASSERT(isfinite(action[i]));
        free(action);
    }
}

void fuzz_results(const uint8_t *data, size_t size)
{
    json_t *output = NULL;
    const enum sac_status status = bench_comparison_read(file_of(data, size), &output);
    check_told(status);
    if (status == SAC_OK) {
        json_t *comparison = bench_compare(output, output);
        SAC_ASSERT(comparison && json_integer_value(json_object_get(comparison, "slower")) == 0);
        json_decref(comparison);
        json_decref(output);
    }
}

static int count_bits(const struct sac_cpu_bits *bits)
{
    int count = 0;
    for (int cpu = 0; cpu < SAC_NOTE_CPUS; cpu++)
        count += sac_cpu_bits_has(bits, cpu);
    return count;
}

void fuzz_note(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct sac_run_note note;
    if (!text)
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    if (sac_run_note_parse(text, size, &note)) {
        SAC_ASSERT(note.process >= 0 && note.learning >= 0);
        SAC_ASSERT(note.busy >= 0 && note.busy <= SAC_NOTE_CPUS);
        SAC_ASSERT(note.learner_count <= note.learning && note.env_count >= 1);
        SAC_ASSERT(count_bits(&note.learner) == note.learner_count);
        SAC_ASSERT(count_bits(&note.env) == note.env_count);
    }
    free(text);
}

void fuzz_task(const uint8_t *data, size_t size)
{
    struct mjcf_file file;
    char error[SAC_ENV_ERROR_SIZE] = "";
    if (mjcf_file_parse("fuzz", (const char *)data, size, &file, error)) {
        SAC_ASSERT(*error && !file.name);
        return;
    }
    SAC_ASSERT(file.frame_skip >= 1 && file.step_limit >= 0 && !isinf(file.reward_threshold));
    SAC_ASSERT(file.section[MJCF_OBSERVATION].count > 0 && file.section[MJCF_REWARD].count > 0);
    for (int section = 0; section < MJCF_SECTIONS; section++)
        for (int i = 0; i < file.section[section].count; i++) {
            const struct mjcf_item *item = &file.section[section].item[i];
            const bool named = section == MJCF_REWARD || section == MJCF_TERMINATION;
            SAC_ASSERT(isfinite(item->weight) && isfinite(item->target) && item->low <= item->high);
            SAC_ASSERT(item->component >= -1 && (item->name != NULL) == named);
            for (int k = 0; k < item->count; k++)
                SAC_ASSERT(*item->names[k]);
        }
    mjcf_file_free(&file);
}

/* --- the system's files --- */

enum { MOUNTS, GROUPS, QUOTA, SYSTEM_FILES };
static const char *const system_file[SYSTEM_FILES] = {"/proc/self/mountinfo", "/proc/self/cgroup",
                                                      "/group/cpu.max"};
static char system_root[] = "/tmp/softac_fuzz.XXXXXX";
static int system_descriptor[SYSTEM_FILES];

static void remove_system(void)
{
    static const char *const folders[] = {"/group", "/proc/self", "/proc", ""};
    char path[PATH_MAX];
    for (int i = 0; i < SYSTEM_FILES; i++) {
        snprintf(path, sizeof path, "%s%s", system_root, system_file[i]);
        unlink(path);
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s%s", system_root, folders[i]);
        rmdir(path);
    }
}

static void make_system(void)
{
    static const char *const folders[] = {"/proc", "/proc/self", "/group"};
    char path[PATH_MAX];
    SAC_ASSERT(mkdtemp(system_root));
    atexit(remove_system);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s%s", system_root, folders[i]);
        SAC_ASSERT(mkdir(path, 0700) == 0);
    }
    for (int i = 0; i < SYSTEM_FILES; i++) {
        snprintf(path, sizeof path, "%s%s", system_root, system_file[i]);
        system_descriptor[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        SAC_ASSERT(system_descriptor[i] >= 0);
    }
}

void fuzz_cgroup(const uint8_t *data, size_t size)
{
    static bool made;
    if (!made)
        make_system();
    made = true;
    for (int i = 0; i < SYSTEM_FILES; i++) {
        const uint8_t *end = size > 0 ? memchr(data, '\f', size) : NULL;
        const size_t length = end && i + 1 < SYSTEM_FILES ? (size_t)(end - data) : size;
        fill(system_descriptor[i], data, length);
        data += length < size ? length + 1 : size;
        size -= length < size ? length + 1 : size;
    }
    struct sac_memory_limit limit;
    SAC_ASSERT(sac_cgroup_cpus(system_root) > 0);
    sac_memory_limit(system_root, 1, &limit);
    SAC_ASSERT(*limit.whose);
}
