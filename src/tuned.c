/* Measurements of threads as lines of YAML. */
#include "tuned.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "environment.h"
#include "error.h"
#include "settings.h"

static const int most_threads = 65536;

/* Fit for a line between double quotes. */
static void tidy(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
            *text = '?';
}

void sac_tuned_describe(struct sac_tuned *tuned, double cores, const struct sac_settings *settings)
{
    /* Widths last: what does not fit into the text is cut off. */
    static const char *const keys[] = {"algorithm",         "estimator",     "environments",
                                       "batch_size",        "activation",    "update_to_data",
                                       "updates_per_round", "learner_split", "hidden"};
    char cpu[128], value[SAC_TUNED_TEXT];
    size_t used = 0;
    *tuned = (struct sac_tuned){.env_threads = 0};
    sac_cpu_name(cpu, sizeof cpu);
    snprintf(tuned->machine, sizeof tuned->machine, "%.3g core%s, %s", cores, cores > 1 ? "s" : "", cpu);
    tidy(tuned->machine);
    for (size_t i = 0; i < sizeof keys / sizeof *keys && used < SAC_TUNED_TEXT; i++)
        if (sac_settings_text(settings, keys[i], value, sizeof value))
            used += (size_t)snprintf(tuned->settings + used, SAC_TUNED_TEXT - used, "%s%s=%s",
                                     used ? " " : "", keys[i], value);
}

static bool same_case(const struct sac_tuned *a, const struct sac_tuned *b)
{
    return !strcmp(a->machine, b->machine) && !strcmp(a->settings, b->settings);
}

const struct sac_tuned *sac_tuned_find(const struct sac_tuned *list, int count,
                                       const struct sac_tuned *wanted)
{
    for (int i = 0; i < count; i++)
        if (same_case(&list[i], wanted))
            return &list[i];
    return NULL;
}

/* --- lines --- */

static enum sac_status set_count(int *count, const char *key, const char *value)
{
    char *end, copy[SAC_PRINTABLE_SIZE];
    const long number = strtol(value, &end, 10);
    if (*end || number < 1 || number > most_threads)
        return sac_fail(SAC_INVALID, "%s=%s: expected a whole number from 1 to %d", key,
                        sac_printable(copy, value), most_threads);
    *count = (int)number;
    return SAC_OK;
}

enum sac_status sac_tuned_set(struct sac_tuned *tuned, const char *key, const char *value)
{
    static const char *const keys[] = {"machine", "settings", "env_threads", "learner_threads", NULL};
    if (!strcmp(key, "env_threads"))
        return set_count(&tuned->env_threads, key, value);
    if (!strcmp(key, "learner_threads"))
        return set_count(&tuned->learner_threads, key, value);
    if (!strcmp(key, "machine") || !strcmp(key, "settings")) {
        snprintf(*key == 'm' ? tuned->machine : tuned->settings, SAC_TUNED_TEXT, "%s", value);
        return SAC_OK;
    }
    char copy[SAC_PRINTABLE_SIZE];
    const char *nearest = sac_nearest_name(key, keys);
    return sac_fail(SAC_INVALID, "threads: %s: no such key%s%s%s", sac_printable(copy, key),
                    nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

enum sac_status sac_tuned_check(const struct sac_tuned *tuned)
{
    if (*tuned->machine && *tuned->settings && tuned->env_threads && tuned->learner_threads)
        return SAC_OK;
    return sac_fail(SAC_INVALID,
                    "threads: expected machine, settings, env_threads and learner_threads in each section");
}

static void write_one(FILE *stream, const struct sac_tuned *tuned)
{
    fprintf(stream,
            "  - machine: \"%s\"\n    settings: \"%s\"\n    env_threads: %d\n    learner_threads: %d\n",
            tuned->machine, tuned->settings, tuned->env_threads, tuned->learner_threads);
}

void sac_tuned_write(FILE *stream, const char *environment, const struct sac_tuned *list, int count,
                     const struct sac_tuned *newest)
{
    fprintf(stream,
            "# Written by softac tune. softac train takes the numbers of threads for the same machine and\n"
            "# settings from here, unless flags give others. Delete the file, or a section, to undo.\n"
            "environment: %s\nthreads:\n",
            environment);
    for (int i = 0; i < count; i++)
        if (!same_case(&list[i], newest))
            write_one(stream, &list[i]);
    write_one(stream, newest);
}
