#include "environment.h"

#include "../envs/envs.h"
#include "environment_call.h"
#include "error.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#ifdef HAVE_MUJOCO
#define MUJOCO(ops) &(ops), NULL
#else
static const char without_mujoco[] =
    "it was made without MuJoCo; run ./quickstart deps mujoco, then configure and make again";
#define MUJOCO(ops) NULL, without_mujoco
#endif

/* A new built-in environment is a line here. */
static const struct sac_environment_entry entries[] = {
    {"Pendulum-v1", &sac_pendulum, NULL},
    {"MountainCarContinuous-v0", &sac_mountain_car_continuous, NULL},
    {"CartPoleSwingUp-v0", &sac_cart_pole_swing_up, NULL},
    {"ContinuousAcrobot-v0", &sac_continuous_acrobot, NULL},
    {"PlanarQuadrotor-v0", &sac_planar_quadrotor, NULL},
    {"InvertedPendulum-v5", MUJOCO(sac_inverted_pendulum)},
    {"InvertedDoublePendulum-v5", MUJOCO(sac_inverted_double_pendulum)},
    {"Reacher-v5", MUJOCO(sac_reacher)},
    {"Pusher-v5", MUJOCO(sac_pusher)},
    {"Swimmer-v5", MUJOCO(sac_swimmer)},
    {"Hopper-v5", MUJOCO(sac_hopper)},
    {"HalfCheetah-v5", MUJOCO(sac_half_cheetah)},
    {"Walker2d-v5", MUJOCO(sac_walker2d)},
    {"Ant-v5", MUJOCO(sac_ant)},
    {"Humanoid-v5", MUJOCO(sac_humanoid)},
    {"HumanoidStandup-v5", MUJOCO(sac_humanoid_standup)},
    {"InvertedPendulumBulletEnv-v0", &sac_bullet_inverted_pendulum, NULL},
    {"InvertedPendulumSwingupBulletEnv-v0", &sac_bullet_inverted_pendulum_swingup, NULL},
    {"InvertedDoublePendulumBulletEnv-v0", &sac_bullet_inverted_double_pendulum, NULL},
    {"ReacherBulletEnv-v0", &sac_bullet_reacher, NULL},
    {"HopperBulletEnv-v0", &sac_bullet_hopper, NULL},
    {"Walker2DBulletEnv-v0", &sac_bullet_walker2d, NULL},
    {"HalfCheetahBulletEnv-v0", &sac_bullet_half_cheetah, NULL},
    {"AntBulletEnv-v0", &sac_bullet_ant, NULL},
    {"HumanoidBulletEnv-v0", &sac_bullet_humanoid, NULL},
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

const char *sac_environment_bullet_version(void)
{
    return sac_bullet_version();
}

static enum sac_status fail_unknown(const char *name)
{
    const char *names[ENTRIES + 1] = {NULL};
    for (int i = 0; i < ENTRIES; i++)
        names[i] = entries[i].id;
    const char *nearest = sac_nearest_name(name, names);
    struct stat file;
    if (strchr(name, '/') || stat(name, &file) == 0)
        return sac_fail(SAC_INVALID,
                        "'%s' is neither an environment's name nor a plugin, whose file name ends in .so; "
                        "`softac envs` lists the names",
                        name);
    if (nearest)
        return sac_fail(SAC_INVALID, "there is no environment '%s'; did you mean '%s'?", name, nearest);
    return sac_fail(
        SAC_INVALID,
        "there is no environment '%s'; `softac envs` lists those there are, and one of a plugin is "
        "given as its FILE.so",
        name);
}

/* --- plugins --- */

/* A plugin on its way into the process. */
struct loading {
    const char *path; /* as it was asked for */
    char with_directory[4096];
    void *library;
    const char *said; /* by dlerror() */
    const struct sac_env_ops *(*plugin)(uint32_t);
    const struct sac_env_ops *table;
    enum sac_status status;
};

static void open_library(void *argument)
{
    struct loading *l = argument;
    l->library = dlopen(l->with_directory, RTLD_NOW | RTLD_LOCAL);
    l->said = l->library ? NULL : dlerror();
}

static void ask_for_table(void *argument)
{
    struct loading *l = argument;
    l->table = l->plugin(SAC_ENV_ABI);
}

static void check_table(void *argument)
{
    struct loading *l = argument;
    char whose[512];
    snprintf(whose, sizeof whose, "the environment plugin %s", l->path);
    l->status = sac_environment_table_check(l->table, whose);
}

/* dlopen() would wait for a pipe and search a bare name in the library path. */
static enum sac_status check_file(struct loading *l)
{
    struct stat file;
    const int length = snprintf(l->with_directory, sizeof l->with_directory, "%s%s",
                                strchr(l->path, '/') ? "" : "./", l->path);
    if (length >= (int)sizeof l->with_directory)
        return sac_fail(SAC_INVALID, "the plugin's path is longer than %zu bytes",
                        sizeof l->with_directory - 1);
    if (stat(l->with_directory, &file))
        return sac_fail(SAC_IO, "cannot load the environment plugin %s: %s", l->path, strerror(errno));
    if (!S_ISREG(file.st_mode))
        return sac_fail(SAC_IO, "cannot load the environment plugin %s: it is not a regular file", l->path);
    return SAC_OK;
}

static enum sac_status load_library(struct loading *l)
{
    const struct sac_call_place place = {.whose = l->path, .function = "a constructor, while it was loaded"};
    const int signal_number = sac_environment_call(&place, open_library, l);
    if (signal_number)
        return sac_environment_crashed(&place, signal_number);
    if (!l->library)
        return sac_fail(
            SAC_FORMAT,
            "cannot load the environment plugin %s: %s; build it as a shared library of this machine "
            "(cc -shared -fPIC), linked with all libraries it uses",
            l->path, l->said);
    *(void **)&l->plugin =
        dlsym(l->library, "sac_env_plugin"); /* as POSIX shows it: ISO C has no such conversion */
    if (!l->plugin)
        return sac_fail(
            SAC_FORMAT,
            "%s is no environment plugin: it exports no sac_env_plugin(); define it as <softac/env.h> "
            "declares it, not static, and with extern \"C\" in C++",
            l->path);
    return SAC_OK;
}

static enum sac_status take_table(struct loading *l)
{
    const struct sac_call_place place = {.whose = l->path, .function = "sac_env_plugin()"};
    int signal_number = sac_environment_call(&place, ask_for_table, l);
    if (signal_number)
        return sac_environment_crashed(&place, signal_number);
    if (!l->table)
        return sac_fail(
            SAC_FORMAT,
            "the environment plugin %s does not serve interface version %d (sac_env_plugin(%d) returned "
            "NULL); build it again with this <softac/env.h>",
            l->path, SAC_ENV_ABI, SAC_ENV_ABI);
    signal_number = sac_environment_call(&place, check_table, l);
    if (signal_number)
        return sac_fail(SAC_FORMAT,
                        "the environment plugin %s: sac_env_plugin() returned %p, where there is no table",
                        l->path, (const void *)l->table);
    return l->status;
}

/* A plugin stays loaded until the process ends: its table, spec and code are used from anywhere. So does one
 * that is refused, whose code may be half-way through something. */
static enum sac_status load_plugin(const char *path, const struct sac_env_ops **ops)
{
    struct loading l = {.path = path};
    enum sac_status status = check_file(&l);
    if (status == SAC_OK)
        status = load_library(&l);
    if (status == SAC_OK)
        status = take_table(&l);
    if (status == SAC_OK)
        *ops = l.table;
    /* cppcheck-suppress resourceLeak */
    return status;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* A table and its id are fit to be used. */
static enum sac_status take_named(const struct sac_env_ops *table, const char *name,
                                  const struct sac_env_ops **ops)
{
    if (!table)
        return sac_fail(SAC_NOMEM, "no memory for the table of %s", name);
    *ops = table;
    return sac_environment_table_check(table, "the environment");
}

static enum sac_status find_gym(const char *name, const struct sac_env_ops **ops)
{
    if (!name[4])
        return sac_fail(SAC_INVALID, "gym: needs an environment's id behind it, such as gym:Pendulum-v1");
    return take_named(sac_gym_table(name), name, ops);
}

static enum sac_status find_mjcf(const char *name, const struct sac_env_ops **ops)
{
    if (!name[5])
        return sac_fail(SAC_INVALID, "mjcf: needs a model's file behind it, such as mjcf:robot.xml");
#ifdef HAVE_MUJOCO
    if (strlen(name) > 128 || strchr(name, ' '))
        return sac_fail(
            SAC_INVALID,
            "%s: such a name can be no environment's: at most 128 bytes and no blanks; call softac in "
            "the model's folder, or give the file another name",
            name);
    return take_named(sac_mjcf_table(name), name, ops);
#else
    (void)ops;
    return sac_fail(SAC_INVALID, "this build lacks %s: %s", name, without_mujoco);
#endif
}

uint64_t sac_environment_restarts(void)
{
    return sac_gym_restarts();
}

enum sac_status sac_environment_find(const char *name, const struct sac_env_ops **ops)
{
    if (strncmp(name, "gym:", 4) == 0)
        return find_gym(name, ops);
    if (strncmp(name, "mjcf:", 5) == 0)
        return find_mjcf(name, ops);
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
