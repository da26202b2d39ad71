/* What a training run leaves behind: config.yaml (fully resolved), progress.csv, policy.safetensors. */
#ifndef SAC_RUN_DIRECTORY_H
#define SAC_RUN_DIRECTORY_H

#include <softac/policy.h>
#include <softac/settings.h>
#include <softac/status.h>
#include <softac/trainer.h>

struct sac_run_directory;

/* Make the directory, its parents too, and start progress.csv. It is locked until it is destroyed or the
 * process ends, however that happens. SAC_INVALID if there is something in it, another process writes a run
 * there, or it is no directory. What fails leaves nothing behind. */
enum sac_status sac_run_directory_create(const char *path, struct sac_run_directory **run);
/* The same with the first of STEM, STEM-2, STEM-3, ... that does not exist yet. */
enum sac_status sac_run_directory_create_numbered(const char *stem, struct sac_run_directory **run);
void sac_run_directory_destroy(struct sac_run_directory *run); /* takes NULL */
/* Destroy it together with its files and the directories that were made for it. */
void sac_run_directory_discard(struct sac_run_directory *run);

const char *sac_run_directory_path(const struct sac_run_directory *run);
const char *sac_run_directory_policy(const struct sac_run_directory *run); /* path of policy.safetensors */

/* Write config.yaml: `comment` (lines that start with #), the environment, all settings, then the lines of
 * `options`. */
enum sac_status sac_run_directory_save_config(const struct sac_run_directory *run, const char *comment,
                                              const char *environment, const struct sac_settings *settings,
                                              const char *options);
enum sac_status sac_run_directory_save_policy(const struct sac_run_directory *run,
                                              const struct sac_policy *policy);

/* Add a row to progress.csv; a number that is not there leaves its cell empty. */
enum sac_status sac_run_directory_progress(struct sac_run_directory *run,
                                           const struct sac_progress *progress);
enum sac_status sac_run_directory_evaluation(struct sac_run_directory *run,
                                             const struct sac_evaluation *evaluation);

#endif
