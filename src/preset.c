/* Finding presets. */
#include "preset.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

static bool is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* presets/ in the running program's own directory, or "". An installed program has none there. */
static void beside_program(char *directory, size_t size)
{
    char program[PATH_MAX];
    directory[0] = '\0';
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return;
    program[length] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash)
        return;
    *slash = '\0';
    if (snprintf(directory, size, "%s/presets", program) >= (int)size || !is_directory(directory))
        directory[0] = '\0';
}

/* DIRECTORY BELOW / ENVIRONMENT .yaml; NULL where that is no name of a file. */
static enum sac_status join(const char *directory, const char *below, const char *environment, char **path)
{
    if (strchr(environment, '/'))
        return SAC_OK;
    const size_t size = strlen(directory) + strlen(below) + strlen(environment) + sizeof "/.yaml";
    *path = malloc(size);
    if (!*path)
        return sac_fail(SAC_NOMEM, "no memory for the name of a preset");
    snprintf(*path, size, "%s%s/%s.yaml", directory, below, environment);
    return SAC_OK;
}

enum sac_status sac_preset_find(const char *environment, char **path)
{
    char beside[PATH_MAX];
    *path = NULL;
    const char *directory = getenv("SOFTAC_PRESET_DIR");
    if (directory && !is_directory(directory))
        return sac_fail(SAC_IO, "SOFTAC_PRESET_DIR=%s: expected a directory of presets", directory);
    if (!directory) {
        beside_program(beside, sizeof beside);
        directory = *beside ? beside : SAC_PKGDATADIR "/presets";
    }
    const enum sac_status status = join(directory, "", environment, path);
    if (status || !*path || access(*path, R_OK) == 0)
        return status;
    free(*path);
    *path = NULL;
    return SAC_OK;
}

enum sac_status sac_preset_own(const char *environment, char **path)
{
    const char *configuration = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    *path = NULL;
    if (configuration && *configuration == '/') /* relative ones are to be ignored, says the specification */
        return join(configuration, "/softac/presets", environment, path);
    return home && *home == '/' ? join(home, "/.config/softac/presets", environment, path) : SAC_OK;
}
