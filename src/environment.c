#include "environment.h"

#include "../envs/envs.h"
#include "error.h"

#include <ctype.h>
#include <dlfcn.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* written by: nobody; a new built-in environment is a line here */
static const struct sac_environment_entry entries[] = {
    {"Pendulum-v1", &sac_pendulum, NULL},
    {"MountainCarContinuous-v0", &sac_mountain_car_continuous, NULL},
};

enum { ENTRIES = sizeof entries / sizeof *entries, LONGEST_NAME = 64 };

const struct sac_environment_entry *sac_environment_entry(int index)
{
    return index >= 0 && index < ENTRIES ? &entries[index] : NULL;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance, letter case ignored; names of up to LONGEST_NAME letters. */
static int edit_distance(const char *a, const char *b)
{
    int row[LONGEST_NAME + 1];
    const int n = (int)strlen(b);
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; a[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            const int changed = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
            const int best = smaller(smaller(row[j], row[j - 1]) + 1, diagonal + changed);
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[n];
}

/* "Near": a third of the longer name may differ, and one letter more ("pendulum" for "Pendulum-v1"). */
const char *sac_nearest_name(const char *word, const char *const *names)
{
    const char *nearest = NULL;
    int least = 0;
    for (; *names; names++) {
        const size_t a = strlen(word), b = strlen(*names);
        if (a > LONGEST_NAME || b > LONGEST_NAME)
            continue;
        const int distance = edit_distance(word, *names);
        if (distance <= 1 + (int)(a > b ? a : b) / 3 && (!nearest || distance < least)) {
            nearest = *names;
            least = distance;
        }
    }
    return nearest;
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

/* The first thing wrong with a table, or NULL. */
static const char *table_fault(const struct sac_env_ops *ops)
{
    if (ops->abi != SAC_ENV_ABI)
        return "its table says another interface version; build it again with this <softac/env.h>";
    if (ops->size < sizeof *ops)
        return "its table is shorter than this program's; build it again with this <softac/env.h>";
    if (!ops->id)
        return "its table has no id";
    if (!ops->spec || !ops->create || !ops->reset || !ops->step || !ops->destroy)
        return "its table lacks one of spec, create, reset, step, destroy";
    return NULL;
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
        table ? table_fault(table)
              : "it serves other interface versions only; build it again with this <softac/env.h>";
    if (fault) {
        dlclose(library);
        return sac_fail(SAC_FORMAT, "the environment plugin %s does not fit interface version %d: %s", path,
                        SAC_ENV_ABI, fault);
    }
    *ops = table;
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

static enum sac_status check_bounds(const char *id, const struct sac_env_spec *spec)
{
    if (!spec->action_low || !spec->action_high)
        return sac_fail(SAC_ENV, "%s gives no action bounds; SAC needs finite ones", id);
    for (int i = 0; i < spec->action_size; i++) {
        const double low = (double)spec->action_low[i], high = (double)spec->action_high[i];
        if (!isfinite(low) || !isfinite(high) || low >= high)
            return sac_fail(SAC_ENV,
                            "%s: action %d has bounds [%g, %g]; finite ones with low < high are needed", id,
                            i, low, high);
    }
    return SAC_OK;
}

enum sac_status sac_environment_spec(const struct sac_env_ops *ops, const char *const *options,
                                     struct sac_env_spec *spec)
{
    char error[SAC_ENV_ERROR_SIZE] = "it gives no reason";
    const char *fault = table_fault(ops);
    if (fault)
        return sac_fail(SAC_ENV, "the environment does not fit interface version %d: %s", SAC_ENV_ABI, fault);
    *spec = (struct sac_env_spec){.size = sizeof *spec};
    if (ops->spec(options, spec, error))
        return sac_fail(SAC_ENV, "%s: %s", ops->id, error);
    if (spec->size < sizeof *spec)
        return sac_fail(SAC_ENV, "%s fills a spec of %u bytes, this program reads %zu; build it again",
                        ops->id, spec->size, sizeof *spec);
    if (spec->observation_size < 1 || spec->action_size < 1)
        return sac_fail(SAC_ENV, "%s: %d observations and %d actions; at least one of each is needed",
                        ops->id, spec->observation_size, spec->action_size);
    if (spec->step_limit < 0 || spec->position_size < 0 || spec->velocity_size < 0)
        return sac_fail(SAC_ENV, "%s: a negative step limit or state size (%d, %d, %d)", ops->id,
                        spec->step_limit, spec->position_size, spec->velocity_size);
    return check_bounds(ops->id, spec);
}
