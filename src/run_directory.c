/* Run directories. */
#include "run_directory.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "file.h"
#include "settings.h"

struct sac_run_directory {
    char *path, *policy, *config, *csv;
    FILE *progress;
};

/* A column of progress.csv and the fields it shows; the names are Stable-Baselines3's where it has one. */
struct column {
    const char *name;
    enum { REAL, WHOLE } kind;
    int of_progress, of_evaluation; /* offsets; -1: its cell stays empty */
};
#define P(field) (int)offsetof(struct sac_progress, field)
#define E(field) (int)offsetof(struct sac_evaluation, field)

static const struct column columns[] = {
    {"time/total_timesteps", WHOLE, P(environment_steps), E(environment_steps)},
    {"time/time_elapsed", REAL, P(wall_seconds), -1},
    {"time/fps", REAL, P(steps_per_second), -1},
    {"time/episodes", WHOLE, P(episodes), -1},
    {"rollout/ep_rew_mean", REAL, P(mean_return), -1},
    {"rollout/ep_len_mean", REAL, P(mean_length), -1},
    {"eval/mean_reward", REAL, -1, E(mean_return)},
    {"eval/mean_ep_length", REAL, -1, E(mean_length)},
    {"train/n_updates", WHOLE, P(updates), E(policy_version)},
    {"train/actor_loss", REAL, P(policy_loss), -1},
    {"train/critic_loss", REAL, P(critic_loss), -1},
    {"train/value_loss", REAL, P(value_loss), -1},
    {"train/ent_coef", REAL, P(temperature), -1},
    {"train/ent_coef_loss", REAL, P(temperature_loss), -1},
    {"train/entropy", REAL, P(entropy), -1},
    {"perf/updates_per_second", REAL, P(updates_per_second), -1},
    {"perf/update_to_data", REAL, P(update_to_data), -1},
    {"perf/staleness_mean", REAL, P(staleness_mean), -1},
    {"perf/staleness_p95", REAL, P(staleness_p95), -1},
    {"perf/staleness_max", REAL, P(staleness_max), -1},
    {"perf/env_wait_fraction", REAL, P(env_wait_fraction), -1},
    {"perf/learner_wait_fraction", REAL, P(learner_wait_fraction), -1},
};
#define COLUMNS (sizeof columns / sizeof *columns)

/* --- the directory --- */

static char *joined(const char *directory, const char *name)
{
    const size_t size = strlen(directory) + strlen(name) + 2;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s/%s", directory, name);
    return path;
}

/* Every directory above the last name. */
static enum sac_status make_parents(const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return sac_fail(SAC_NOMEM, "%s: no memory for its name", path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0777) && errno != EEXIST) {
            sac_fail(SAC_IO, "%s: cannot be made: %s", copy, strerror(errno));
            free(copy);
            return SAC_IO;
        }
        *slash = '/';
    }
    free(copy);
    return SAC_OK;
}

static enum sac_status require_empty(const char *path)
{
    DIR *directory = opendir(path);
    if (!directory)
        return sac_fail(SAC_IO, "%s: cannot be used as run directory: %s", path, strerror(errno));
    bool empty = true;
    /* cppcheck-suppress readdirCalled ; no other thread reads this stream */
    for (const struct dirent *entry; empty && (entry = readdir(directory));)
        empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
    closedir(directory);
    return empty ? SAC_OK
                 : sac_fail(SAC_INVALID, "%s: is not empty; name another directory with --out, or remove it",
                            path);
}

void sac_run_directory_destroy(struct sac_run_directory *run)
{
    if (!run)
        return;
    if (run->progress)
        fclose(run->progress);
    free(run->csv);
    free(run->config);
    free(run->policy);
    free(run->path);
    free(run);
}

static enum sac_status failed_to_write(const struct sac_run_directory *run)
{
    return sac_fail(SAC_IO, "%s: cannot be written: %s", run->csv, strerror(errno));
}

static enum sac_status start_progress(struct sac_run_directory *run)
{
    run->progress = fopen(run->csv, "wxe");
    if (!run->progress)
        return failed_to_write(run);
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(run->progress, "%s%s", i ? "," : "", columns[i].name);
    fputc('\n', run->progress);
    return fflush(run->progress) ? failed_to_write(run) : SAC_OK;
}

/* The directory is there and empty. */
static enum sac_status open_run(const char *path, struct sac_run_directory **run)
{
    struct sac_run_directory *made = calloc(1, sizeof *made);
    if (!made)
        return sac_fail(SAC_NOMEM, "%s: no memory for a run directory", path);
    made->path = strdup(path);
    made->policy = joined(path, "policy.safetensors");
    made->config = joined(path, "config.yaml");
    made->csv = joined(path, "progress.csv");
    enum sac_status status = SAC_NOMEM;
    if (made->path && made->policy && made->config && made->csv)
        status = start_progress(made);
    else
        sac_fail(SAC_NOMEM, "%s: no memory for a run directory", path);
    if (status)
        sac_run_directory_destroy(made);
    else
        *run = made;
    return status;
}

enum sac_status sac_run_directory_create(const char *path, struct sac_run_directory **run)
{
    enum sac_status status = make_parents(path);
    if (status)
        return status;
    if (mkdir(path, 0777) && errno != EEXIST)
        return sac_fail(SAC_IO, "%s: cannot be made: %s", path, strerror(errno));
    status = require_empty(path);
    return status ? status : open_run(path, run);
}

enum sac_status sac_run_directory_create_numbered(const char *stem, struct sac_run_directory **run)
{
    char path[PATH_MAX];
    const enum sac_status status = make_parents(stem);
    if (status)
        return status;
    for (int number = 1; number < INT_MAX; number++) {
        const int length = number == 1 ? snprintf(path, sizeof path, "%s", stem)
                                       : snprintf(path, sizeof path, "%s-%d", stem, number);
        if (length >= (int)sizeof path)
            break;
        if (mkdir(path, 0777) == 0)
            return open_run(path, run);
        if (errno != EEXIST)
            return sac_fail(SAC_IO, "%s: cannot be made: %s", path, strerror(errno));
    }
    return sac_fail(SAC_IO, "%s: no name left for a new run directory", stem);
}

const char *sac_run_directory_path(const struct sac_run_directory *run)
{
    return run->path;
}

const char *sac_run_directory_policy(const struct sac_run_directory *run)
{
    return run->policy;
}

/* --- the files --- */

enum sac_status sac_run_directory_save_config(const struct sac_run_directory *run, const char *comment,
                                              const char *environment, const struct sac_settings *settings)
{
    char *yaml = sac_settings_yaml(settings), *text = NULL;
    const int length = yaml ? asprintf(&text, "%senvironment: %s\n%s", comment, environment, yaml) : -1;
    free(yaml);
    if (length < 0)
        return sac_fail(SAC_NOMEM, "%s: no memory to write it", run->config);
    const enum sac_status status = sac_file_replace(run->config, text, (size_t)length);
    free(text);
    return status;
}

enum sac_status sac_run_directory_save_policy(const struct sac_run_directory *run,
                                              const struct sac_policy *policy)
{
    return sac_policy_save(policy, run->policy);
}

static void put_cell(FILE *stream, const struct column *column, const char *field)
{
    if (column->kind == WHOLE)
        fprintf(stream, "%lld", (long long)*(const int64_t *)(const void *)field);
    else if (isfinite(*(const double *)(const void *)field))
        fprintf(stream, "%.9g", *(const double *)(const void *)field);
}

enum sac_status sac_run_directory_progress(struct sac_run_directory *run, const struct sac_progress *progress)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        fputs(i ? "," : "", run->progress);
        if (columns[i].of_progress >= 0)
            put_cell(run->progress, &columns[i], (const char *)progress + columns[i].of_progress);
    }
    fputc('\n', run->progress);
    return fflush(run->progress) || ferror(run->progress) ? failed_to_write(run) : SAC_OK;
}

enum sac_status sac_run_directory_evaluation(struct sac_run_directory *run,
                                             const struct sac_evaluation *evaluation)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        fputs(i ? "," : "", run->progress);
        if (columns[i].of_evaluation >= 0)
            put_cell(run->progress, &columns[i], (const char *)evaluation + columns[i].of_evaluation);
    }
    fputc('\n', run->progress);
    return fflush(run->progress) || ferror(run->progress) ? failed_to_write(run) : SAC_OK;
}
