/* What `softac tune` has measured: how many threads are fastest for some settings on some machine. Kept in a
 * preset of the user's own, as it is true on that machine only, and of settings that need as much work only.
 */
#ifndef SAC_TUNED_H
#define SAC_TUNED_H

#include <stdio.h>

#include <softac/settings.h>
#include <softac/status.h>

enum { SAC_TUNED_TEXT = 256 };

struct sac_tuned {
    char machine[SAC_TUNED_TEXT];  /* "2 cores, AMD EPYC 7B13 64-Core Processor" */
    char settings[SAC_TUNED_TEXT]; /* "algorithm=sac_v2 environments=8 ...": those that cost time */
    int env_threads, learner_threads;
};

/* This machine, these settings; no threads. `cores`: what this process may keep busy. */
void sac_tuned_describe(struct sac_tuned *tuned, double cores, const struct sac_settings *settings);

/* Of `count` measurements the one for the same machine and settings as `wanted`, or NULL. */
const struct sac_tuned *sac_tuned_find(const struct sac_tuned *list, int count,
                                       const struct sac_tuned *wanted);

/* A line of the file: SAC_INVALID names key and value. */
enum sac_status sac_tuned_set(struct sac_tuned *tuned, const char *key, const char *value);
enum sac_status sac_tuned_check(const struct sac_tuned *tuned); /* is it complete? */

/* As a preset: the measurements of `list`, `newest` in place of the one for the same machine and settings. */
void sac_tuned_write(FILE *stream, const char *environment, const struct sac_tuned *list, int count,
                     const struct sac_tuned *newest);

#endif
