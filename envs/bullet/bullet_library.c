#include "bullet_library.h"

#include "../envs.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Names, sizes and numbers in bullet_api.h belong to this version. */
#define WHEEL "3.2.7"

static const char model_dir[] = "model_dir=";

int bullet_library_check_options(const char *const *options, char *error)
{
    for (; options && *options; options++)
        if (strncmp(*options, model_dir, strlen(model_dir)) != 0)
            return sac_env_fail(error, "unknown option '%s': model_dir=DIR is the only one", *options);
    return 0;
}

/* The folder's entry that begins and ends so, into name[256]. */
static bool find_entry(const char *folder, const char *begin, const char *end, char *name)
{
    DIR *directory = opendir(folder);
    bool found = false;
    for (struct dirent *entry; directory && !found && (entry = readdir(directory));) {
        const size_t length = strlen(entry->d_name);
        found = strncmp(entry->d_name, begin, strlen(begin)) == 0 && length >= strlen(end) &&
                strcmp(entry->d_name + length - strlen(end), end) == 0;
        if (found)
            snprintf(name, 256, "%s", entry->d_name);
    }
    if (directory)
        closedir(directory);
    return found;
}

static bool is_wheel(const char *folder)
{
    char name[256];
    return *folder && find_entry(folder, "pybullet.", ".so", name) &&
           find_entry(folder, "pybullet-", ".dist-info", name);
}

/* The folder the caller asked for, and by what words; NULL: none. */
static const char *asked_folder(const char *const *options, const char **by)
{
    const char *folder = NULL;
    for (; options && *options; options++)
        folder = *options + strlen(model_dir);
    *by = folder ? "model_dir" : "SOFTAC_BULLET_DIR";
    return folder ? folder : getenv("SOFTAC_BULLET_DIR");
}

static int find_folder(const char *const *options, const char **folder, char *error)
{
    static const char *const places[] = {SAC_PKGLIBDIR "/bullet", SAC_BULLET};
    const char *by;
    *folder = asked_folder(options, &by);
    if (*folder)
        return is_wheel(*folder)
                   ? 0
                   : sac_env_fail(error,
                                  "%s=%s: no pybullet.*.so and pybullet-" WHEEL
                                  ".dist-info of an unpacked pybullet wheel are there; `./quickstart deps "
                                  "bullet` fetches one",
                                  by, *folder);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (is_wheel(*folder = places[i]))
            return 0;
    return sac_env_fail(error, "PyPI's pybullet " WHEEL
                               " is not found; `./quickstart deps bullet` fetches it, or name "
                               "the folder it is unpacked in: --model-dir DIR (option model_dir) or "
                               "SOFTAC_BULLET_DIR=DIR");
}

static int check_version(const char *folder, char *error)
{
    char name[256] = "";
    find_entry(folder, "pybullet-", ".dist-info", name);
    return strcmp(name, "pybullet-" WHEEL ".dist-info") == 0
               ? 0
               : sac_env_fail(error,
                              "%s holds %s; pybullet " WHEEL
                              " is needed, whose results these are: ./quickstart deps bullet",
                              folder, name);
}

/* Python's names, where the process has none of its own. */
static int provide_python_names(char *error)
{
    static const char *const places[] = {SAC_PKGLIBDIR "/python_names.so",
                                         SAC_BUILT_LIBRARIES "/python_names.so"};
    if (dlsym(RTLD_DEFAULT, "_Py_NoneStruct"))
        return 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const void *names = access(places[i], R_OK) == 0 ? dlopen(places[i], RTLD_NOW | RTLD_GLOBAL) : NULL;
        if (names) /* stays, as the library does */
            return 0;
    }
    return sac_env_fail(error, "%s is not there or can not be loaded: make install puts it there", places[0]);
}

static int bind(struct bullet_api *api, void *handle, const char *path, char *error)
{
#define BULLET_BIND(result, name, arguments)                                                                 \
    *(void **)&api->name = dlsym(handle, #name);                                                             \
    if (!api->name)                                                                                          \
        return sac_env_fail(error, "%s lacks %s(): it is not pybullet " WHEEL, path, #name);
    BULLET_FUNCTIONS(BULLET_BIND)
    return 0;
}

int bullet_library_load(struct bullet_library *library, const char *const *options, char *error)
{
    const char *folder;
    char name[256] = "", path[BULLET_PATH_SIZE + 256];
    if (bullet_library_check_options(options, error) || find_folder(options, &folder, error) ||
        check_version(folder, error) || provide_python_names(error))
        return 1;
    if (snprintf(library->folder, sizeof library->folder, "%s", folder) >= (int)sizeof library->folder)
        return sac_env_fail(error, "the folder's name is longer than %zu bytes", sizeof library->folder - 1);
    find_entry(folder, "pybullet.", ".so", name);
    snprintf(path, sizeof path, "%s%s/%s", *folder == '/' ? "" : "./", folder, name);
    void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL); /* lazily: Python's functions are not there */
    if (!handle)
        return sac_env_fail(error, "Bullet can not be loaded: %.400s", dlerror());
    return bind(&library->api, handle, path, error);
}

const char *sac_bullet_version(void)
{
    const char *folder;
    char error[SAC_ENV_ERROR_SIZE];
    return find_folder(NULL, &folder, error) || check_version(folder, error) ? NULL : WHEEL;
}
