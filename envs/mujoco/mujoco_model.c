#include "mujoco_model.h"

#include "mujoco_trap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static bool readable(char *path, const char *directory, const char *file)
{
    return *directory && snprintf(path, PATH_SIZE, "%s/%s", directory, file) < PATH_SIZE &&
           access(path, R_OK) == 0;
}

/* The folder the caller asked for, and by what words; NULL: none. */
static const char *asked_directory(const char *const *options, const char **by)
{
    const char *directory = mujoco_options_model_dir(options);
    *by = directory ? "model_dir" : "SOFTAC_MODEL_DIR";
    return directory ? directory : getenv("SOFTAC_MODEL_DIR");
}

static int find_model(const char *file, const char *const *options, char *path, char *error)
{
    const char *by, *asked = asked_directory(options, &by);
    if (asked)
        return readable(path, asked, file) ? 0
                                           : sac_env_fail(error, "%s=%s has no readable %s", by, asked, file);
    if (readable(path, SAC_PKGDATADIR "/mujoco", file) || readable(path, SAC_MUJOCO_MODELS, file))
        return 0;
    return sac_env_fail(error,
                        "the model file %s is not found; `./quickstart deps mujoco` fetches Gymnasium's, or "
                        "name their folder: --model-dir DIR (option model_dir) or SOFTAC_MODEL_DIR=DIR",
                        file);
}

/* A model of another size would be read beyond its end. */
static int check_sizes(const struct mujoco_task *task, const mjModel *model, const char *path, char *error)
{
    const struct sac_env_spec *spec = &task->spec;
    if (model->nq == spec->position_size && model->nv == spec->velocity_size &&
        model->nu == spec->action_size && model->nbody == task->bodies && model->nsite == task->sites)
        return 0;
    return sac_env_fail(
        error,
        "%s is not Gymnasium's model: %d positions, %d velocities, %d actuators, %d bodies, %d "
        "sites; expected %d, %d, %d, %d, %d",
        path, (int)model->nq, (int)model->nv, (int)model->nu, (int)model->nbody, (int)model->nsite,
        spec->position_size, spec->velocity_size, spec->action_size, task->bodies, task->sites);
}

struct load {
    const char *path;
    mjModel *model;
};

static int load_xml(void *argument, char *error)
{
    struct load *load = argument;
    char reason[SAC_ENV_ERROR_SIZE / 2] = "";
    load->model = mj_loadXML(load->path, NULL, reason, sizeof reason);
    return load->model ? 0 : sac_env_fail(error, "%.200s: %s", load->path, reason);
}

/* Structures differ from version to version, and a library path may lead to another one than the build's. */
static int check_version(char *error)
{
    return mj_version() == mjVERSION_HEADER
               ? 0
               : sac_env_fail(error,
                              "the MuJoCo library found is %s (%d), but softac was built for %d; look at "
                              "LD_LIBRARY_PATH and LD_PRELOAD, or build softac again",
                              mj_versionString(), mj_version(), mjVERSION_HEADER);
}

int mujoco_model_read(const char *path, mjModel **model, char *error)
{
    struct load load = {path, NULL};
    const int failed = check_version(error) || mujoco_trap(load_xml, &load, error);
    *model = load.model;
    return failed;
}

int mujoco_model_load(const struct mujoco_task *task, const char *const *options, mjModel **model,
                      char *error)
{
    char path[PATH_SIZE];
    mjModel *read;
    if (find_model(task->model, options, path, error) || mujoco_model_read(path, &read, error))
        return 1;
    if (check_sizes(task, read, path, error)) {
        mj_deleteModel(read);
        return 1;
    }
    *model = read;
    return 0;
}
