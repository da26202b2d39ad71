/* Presets, files and the command line. */
#include "sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../error.h"
#include "../preset.h"
#include "../settings.h"
#include "../topology.h"
#include "command.h"

/* `path`: NULL reads nothing. */
static enum sac_status read_one(struct sources *s, enum sac_source source, const char *path)
{
    if (!path)
        return SAC_OK;
    const enum sac_status status = sac_config_read(path, &s->config[source]);
    return status ? status : sac_config_check_environment(s->config[source], s->environment);
}

/* The user's own, if there is one. */
static enum sac_status find_own(struct sources *s)
{
    const enum sac_status status = sac_preset_own(s->environment, &s->own_path);
    if (!status && s->own_path && access(s->own_path, F_OK) != 0) {
        free(s->own_path);
        s->own_path = NULL;
    }
    return status;
}

static enum sac_status read_words(struct sources *s, const struct source_words *words)
{
    enum sac_status status = SAC_OK;
    struct sac_config *line = s->config[SAC_SOURCE_LINE] = sac_config_create(NULL);
    if (!line)
        return sac_fail(SAC_NOMEM, "no memory for the settings");
    for (int i = 0; i < words->count && !status; i++)
        status = sac_config_add_argument(line, words->settings[i]);
    if (!status && words->seed)
        status = sac_config_add(line, "seed", words->seed);
    if (!status && words->steps)
        status = sac_config_add(line, "steps", words->steps);
    return status;
}

enum sac_status sources_read(struct sources *s, const char *environment, const struct source_words *words)
{
    *s = (struct sources){.environment = environment};
    enum sac_status status = sac_preset_find(environment, &s->preset_path);
    if (!status)
        status = find_own(s);
    if (!status)
        status = read_one(s, SAC_SOURCE_PRESET, s->preset_path);
    if (!status)
        status = read_one(s, SAC_SOURCE_OWN_PRESET, s->own_path);
    if (!status)
        status = read_one(s, SAC_SOURCE_FILE, words->config);
    if (!status)
        status = read_words(s, words);
    if (status)
        return status;
    const struct sac_config_sources all = sources_of(s);
    return sac_config_resolve(&all, &s->settings, &s->reason);
}

void sources_free(struct sources *s)
{
    for (int i = 0; i < SAC_SOURCES; i++)
        sac_config_destroy(s->config[i]);
    free(s->preset_path);
    free(s->own_path);
}

/* --- options of the environment --- */

static enum sac_status add_option(void *options, const char *name, const char *value)
{
    return env_options_add(options, name, value);
}

enum sac_status sources_add_options(const struct sources *s, struct env_options *options)
{
    const struct sac_config_sources all = sources_of(s);
    return sac_config_each_option(&all, add_option, options);
}

static void put_quoted(FILE *stream, const char *value)
{
    fputc('\'', stream);
    for (; *value; value++)
        fprintf(stream, *value == '\'' ? "''" : "%c", *value);
    fputs("'\n", stream);
}

static void put_word(FILE *stream, const char *key, const char *value)
{
    if (!value)
        return;
    fprintf(stream, "%s: ", key);
    put_quoted(stream, value);
}

static enum sac_status put_option(void *stream, const char *name, const char *value)
{
    fprintf(stream, "%s  %s: ", ftell(stream) ? "" : "env:\n", name);
    put_quoted(stream, value);
    return SAC_OK;
}

char *sources_options_yaml(const struct sources *s, const struct env_words *words)
{
    const struct sac_config_sources all = sources_of(s);
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    sac_config_each_option(&all, put_option, stream);
    put_word(stream, "gym_module", words->gym_module);
    put_word(stream, "gym_kwargs", words->gym_kwargs);
    const bool whole = !ferror(stream);
    if (fclose(stream) == 0 && whole)
        return text;
    free(text);
    return NULL;
}

/* A policy that was copied elsewhere has no configuration beside it, or one of another task. */
static enum sac_status read_run(struct sources *s, const char *run)
{
    char *path;
    enum sac_status status = SAC_OK;
    if (!run)
        return SAC_OK;
    if (asprintf(&path, "%s/config.yaml", run) < 0)
        return sac_fail(SAC_NOMEM, "no memory for the configuration's name");
    if (access(path, F_OK) == 0)
        status = sac_config_read(path, &s->config[SAC_SOURCE_FILE]);
    if (!status && sac_config_check_environment(s->config[SAC_SOURCE_FILE], s->environment)) {
        sac_config_destroy(s->config[SAC_SOURCE_FILE]);
        s->config[SAC_SOURCE_FILE] = NULL;
    }
    free(path);
    return status;
}

enum sac_status options_add_words(struct env_options *options, const char *environment, const char *run,
                                  const char *const *words, int count)
{
    struct sources s = {.environment = environment};
    const struct source_words all = {.settings = words, .count = count};
    enum sac_status status = read_run(&s, run);
    if (!status)
        status = read_words(&s, &all);
    if (!status)
        status = sources_add_options(&s, options);
    sources_free(&s);
    return status;
}

struct sac_config_sources sources_of(const struct sources *s)
{
    struct sac_config_sources sources;
    for (int i = 0; i < SAC_SOURCES; i++)
        sources.of[i] = s->config[i];
    return sources;
}

void sources_fill(const struct sources *s, struct env_words *words)
{
    const struct sac_config_sources all = sources_of(s);
    if (!words->gym_module)
        words->gym_module = sac_config_gym_module(&all);
    if (!words->gym_kwargs)
        words->gym_kwargs = sac_config_gym_kwargs(&all);
}

/* --- telling --- */

struct idle {
    const char *command;
    const struct sac_settings *settings;
};

static void tell_if_idle(void *context, const char *key)
{
    const struct idle *idle = context;
    const char *reason = sac_settings_idle(idle->settings, key);
    if (reason)
        say(idle->command, "%s has no effect: %s", key, reason);
}

static void tell_presets(const char *command, const struct sources *s)
{
    const struct sac_config_sources all = sources_of(s);
    const char *profile = sac_config_profile(&all);
    const bool both = s->preset_path && s->own_path;
    if (!s->preset_path && !s->own_path)
        say(command, "no preset for %s: the defaults hold", s->environment);
    else
        say(command, "preset %s%s%s%s%s", s->preset_path ? s->preset_path : s->own_path,
            both ? ", over it " : "", both ? s->own_path : "", profile ? ", profile " : "",
            profile ? profile : "");
}

void sources_tell(const char *command, const struct sources *s)
{
    static const char *const reasons[] = {
        [SAC_ALGORITHM_GIVEN] = "as asked for",
        [SAC_ALGORITHM_BY_PRESET] = "by default, as the preset has a reward_scale for it",
        [SAC_ALGORITHM_BY_DEFAULT] = "by default, as no preset has a reward_scale for sac_v1",
    };
    struct idle idle = {command, &s->settings};
    char algorithm[32];
    sac_settings_text(&s->settings, "algorithm", algorithm, sizeof algorithm);
    say(command, "%s with %s, %s", s->environment, algorithm, reasons[s->reason]);
    tell_presets(command, s);
    for (int i = SAC_SOURCE_FILE; i < SAC_SOURCES; i++)
        if (s->config[i])
            sac_config_each(s->config[i], s->settings.algorithm, tell_if_idle, &idle);
}

/* --- threads --- */

/* The settings as they are for this machine. */
static enum sac_status describe(const struct sources *s, struct sac_tuned *tuned)
{
    struct sac_topology *topology;
    const enum sac_status status = sac_topology_read(&topology);
    if (status)
        return status;
    sac_tuned_describe(tuned, sac_topology_capacity(topology), &s->settings);
    sac_topology_destroy(topology);
    return SAC_OK;
}

const struct sac_tuned *sources_tuned(const struct sources *s)
{
    const struct sac_tuned *list;
    struct sac_tuned wanted;
    const int count = sac_config_tuned(s->config[SAC_SOURCE_OWN_PRESET], &list);
    if (count == 0 || describe(s, &wanted))
        return NULL;
    return sac_tuned_find(list, count, &wanted);
}
