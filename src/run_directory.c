/* Run directories. */
#include "run_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "settings.h"

struct sac_run_directory {
    char *path, *policy, *config, *csv;
    size_t kept; /* bytes of `path` that name what was there before */
    int lock;    /* the directory itself, open and locked; -1: not yet */
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
    {"perf/env_duty", REAL, P(env_duty), -1},
    {"perf/learner_threads", WHOLE, P(learner_threads), -1},
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

/* Bytes of the path without the last name and the slashes around it; 0 when there is only one name. */
static size_t above(const char *path, size_t length)
{
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    return length;
}

/* The directories that were made for the path, the deepest first. Others may have put something there. */
static void remove_made(const char *path, size_t kept)
{
    char *copy = strdup(path);
    size_t length = strlen(path), before = length + 1;
    for (; copy && length > kept && length < before; length = above(copy, before = length)) {
        copy[length] = '\0';
        rmdir(copy);
    }
    free(copy);
}

static enum sac_status failed_to_make(const char *path)
{
    if (errno == ENOTDIR)
        return sac_fail(SAC_INVALID, "%s: cannot be made: a name in front of the last is no directory", path);
    return sac_fail(SAC_IO, "%s: cannot be made: %s", path, strerror(errno));
}

/* Every directory above the last name. `kept`: as in the structure. */
static enum sac_status make_parents(const char *path, size_t *kept)
{
    char *copy = strdup(path);
    if (!copy)
        return sac_fail(SAC_NOMEM, "%s: no memory for its name", path);
    *kept = 0;
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        if (!slash[1 + strspn(slash + 1, "/")])
            break; /* at its end */
        *slash = '\0';
        const bool made = mkdir(copy, 0777) == 0;
        if (!made && errno != EEXIST) {
            const enum sac_status status = failed_to_make(copy);
            remove_made(copy, *kept);
            free(copy);
            return status;
        }
        *kept = made ? *kept : strlen(copy);
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
    if (run->lock >= 0)
        close(run->lock);
    free(run->csv);
    free(run->config);
    free(run->policy);
    free(run->path);
    free(run);
}

void sac_run_directory_discard(struct sac_run_directory *run)
{
    unlink(run->csv);
    unlink(run->config);
    unlink(run->policy);
    remove_made(run->path, run->kept);
    sac_run_directory_destroy(run);
}

/* --- one run at a time --- */

/* Who locked that file: a line of /proc/locks is "1: FLOCK ADVISORY WRITE 1234 08:01:567 0 EOF". 0: unknown.
 */
static int lock_holder(int descriptor)
{
    struct stat status;
    FILE *locks = fopen("/proc/locks", "re");
    char line[256];
    int holder = 0;
    const bool known = fstat(descriptor, &status) == 0;
    while (locks && known && !holder && fgets(line, sizeof line, locks)) {
        int pid;
        unsigned on_major, on_minor;
        unsigned long inode;
        if (sscanf(line, "%*s FLOCK %*s WRITE %d %x:%x:%lu", &pid, &on_major, &on_minor, &inode) == 4 &&
            on_major == major(status.st_dev) && on_minor == minor(status.st_dev) && inode == status.st_ino)
            holder = pid;
    }
    if (locks)
        fclose(locks);
    return holder;
}

static enum sac_status refuse_taken(const struct sac_run_directory *run)
{
    const int holder = lock_holder(run->lock);
    char who[64] = "another process";
    if (holder > 0)
        snprintf(who, sizeof who, "process %d", holder);
    return sac_fail(SAC_INVALID, "%s: %s writes a run there; name another directory with --out", run->path,
                    who);
}

/* The kernel drops the lock when the process ends, and leaves no file behind. On a file system without locks
 * progress.csv, which only one can make, decides. */
static enum sac_status lock_directory(struct sac_run_directory *run, bool *taken)
{
    run->lock = open(run->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run->lock < 0 && errno == ENOTDIR)
        return sac_fail(SAC_INVALID, "%s: is no directory; name another one with --out", run->path);
    if (run->lock < 0 && errno == ENOENT)
        return sac_fail(SAC_INVALID, "%s: is a link to nothing; name another directory with --out",
                        run->path);
    if (run->lock < 0)
        return sac_fail(SAC_IO, "%s: cannot be used as run directory: %s", run->path, strerror(errno));
    *taken = flock(run->lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
    return *taken ? refuse_taken(run) : SAC_OK;
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
    if (!fflush(run->progress))
        return SAC_OK;
    failed_to_write(run);
    unlink(run->csv);
    return SAC_IO;
}

static struct sac_run_directory *allocate(const char *path, size_t kept)
{
    struct sac_run_directory *run = calloc(1, sizeof *run);
    if (!run)
        return NULL;
    run->kept = kept;
    run->lock = -1;
    run->path = strdup(path);
    run->policy = joined(path, "policy.safetensors");
    run->config = joined(path, "config.yaml");
    run->csv = joined(path, "progress.csv");
    if (run->path && run->policy && run->config && run->csv)
        return run;
    sac_run_directory_destroy(run);
    return NULL;
}

/* The directory is there, though perhaps somebody else's. */
static enum sac_status open_run(const char *path, size_t kept, struct sac_run_directory **run)
{
    struct sac_run_directory *made = allocate(path, kept);
    if (!made)
        return sac_fail(SAC_NOMEM, "%s: no memory for a run directory", path);
    bool taken = false;
    enum sac_status status = lock_directory(made, &taken);
    if (!status)
        status = require_empty(path);
    if (!status)
        status = start_progress(made);
    if (status && !taken)
        remove_made(path, kept);
    if (status)
        sac_run_directory_destroy(made);
    else
        *run = made;
    return status;
}

enum sac_status sac_run_directory_create(const char *path, struct sac_run_directory **run)
{
    size_t kept;
    enum sac_status status = make_parents(path, &kept);
    if (status)
        return status;
    if (mkdir(path, 0777) == 0)
        return open_run(path, kept, run);
    if (errno == EEXIST)
        return open_run(path, strlen(path), run);
    status = failed_to_make(path);
    remove_made(path, kept);
    return status;
}

/* A directory that somebody else takes between its making and its lock is passed over like one that is there.
 */
enum sac_status sac_run_directory_create_numbered(const char *stem, struct sac_run_directory **run)
{
    char path[PATH_MAX];
    size_t kept;
    enum sac_status status = make_parents(stem, &kept);
    if (status)
        return status;
    for (int number = 1; number < INT_MAX; number++) {
        const int length = number == 1 ? snprintf(path, sizeof path, "%s", stem)
                                       : snprintf(path, sizeof path, "%s-%d", stem, number);
        if (length >= (int)sizeof path)
            break;
        if (mkdir(path, 0777) == 0) {
            status = open_run(path, kept, run);
            if (status != SAC_INVALID)
                return status;
        } else if (errno != EEXIST) {
            status = failed_to_make(path);
            remove_made(path, kept);
            return status;
        }
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
                                              const char *environment, const struct sac_settings *settings,
                                              const char *options)
{
    char *yaml = sac_settings_yaml(settings), *text = NULL;
    const int length =
        yaml ? asprintf(&text, "%senvironment: %s\n%s%s", comment, environment, yaml, options) : -1;
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
