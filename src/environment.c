#include "environment.h"

#include "../envs/envs.h"
#include "error.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifdef HAVE_MUJOCO
#define MUJOCO(ops) &(ops), NULL
#else
#define MUJOCO(ops)                                                                                          \
    NULL, "it was made without MuJoCo; run ./quickstart deps mujoco, then configure and make again"
#endif

/* A new built-in environment is a line here. */
static const struct sac_environment_entry entries[] = {
    {"Pendulum-v1", &sac_pendulum, NULL},
    {"MountainCarContinuous-v0", &sac_mountain_car_continuous, NULL},
    {"HalfCheetah-v5", MUJOCO(sac_half_cheetah)},
    {"InvertedPendulum-v5", MUJOCO(sac_inverted_pendulum)},
};

enum { ENTRIES = sizeof entries / sizeof *entries };

const struct sac_environment_entry *sac_environment_entry(int index)
{
    return index >= 0 && index < ENTRIES ? &entries[index] : NULL;
}

const char *sac_environment_mujoco_version(void)
{
#ifdef HAVE_MUJOCO
    return sac_mujoco_version();
#else
    return NULL;
#endif
}

static enum sac_status fail_unknown(const char *name)
{
    const char *names[ENTRIES + 1] = {NULL};
    for (int i = 0; i < ENTRIES; i++)
        names[i] = entries[i].id;
    const char *nearest = sac_nearest_name(name, names);
    if (nearest)
        return sac_fail(SAC_INVALID, "there is no environment '%s'; did you mean '%s'?", name, nearest);
    return sac_fail(SAC_INVALID, "there is no environment '%s'; `softac envs` lists those there are", name);
}

/* The plugin stays loaded until the process ends: its table, spec and code are used from anywhere. */
static enum sac_status load_plugin(const char *path, const struct sac_env_ops **ops)
{
    char with_directory[4096];
    /* without a slash dlopen would search the library path, not the current directory */
    const int length =
        snprintf(with_directory, sizeof with_directory, "%s%s", strchr(path, '/') ? "" : "./", path);
    if (length >= (int)sizeof with_directory)
        return sac_fail(SAC_INVALID, "the plugin's path is longer than %zu bytes", sizeof with_directory - 1);
    void *library = dlopen(with_directory, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return sac_fail(SAC_IO, "cannot load the environment plugin %s: %s", path, dlerror());
    const struct sac_env_ops *(*plugin)(uint32_t) = NULL;
    *(void **)&plugin =
        dlsym(library, "sac_env_plugin"); /* as POSIX shows it: ISO C has no such conversion */
    if (!plugin) {
        dlclose(library);
        return sac_fail(SAC_FORMAT, "%s is no environment plugin: it exports no sac_env_plugin()", path);
    }
    const struct sac_env_ops *table = plugin(SAC_ENV_ABI);
    const char *fault =
        table ? sac_environment_table_fault(table)
              : "it serves other interface versions only; build it again with this <softac/env.h>";
    if (fault) {
        dlclose(library);
        return sac_fail(SAC_FORMAT, "the environment plugin %s does not fit interface version %d: %s", path,
                        SAC_ENV_ABI, fault);
    }
    *ops = table;
    /* The plugin stays loaded: its table may be used to the end of the process. */
    /* cppcheck-suppress resourceLeak */
    return SAC_OK;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

enum sac_status sac_environment_find(const char *name, const struct sac_env_ops **ops)
{
    if (ends_with(name, ".so"))
        return load_plugin(name, ops);
    for (int i = 0; i < ENTRIES; i++) {
        if (strcmp(name, entries[i].id) != 0)
            continue;
        if (!entries[i].ops)
            return sac_fail(SAC_INVALID, "this build lacks %s: %s", name, entries[i].remedy);
        *ops = entries[i].ops;
        return SAC_OK;
    }
    return fail_unknown(name);
}
