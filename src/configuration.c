/* YAML through libyaml's events, and the order of sources. */
#include "configuration.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "environment.h"
#include "error.h"
#include "file.h"
#include "settings.h"

#define MOST_BYTES   (1 << 20) /* of a file: ours have hundreds */
#define MOST_ENTRIES 1024
#define VALUE_SIZE   256

enum section { COMMON, IN_V1, IN_V2 };

struct entry {
    enum section section;
    size_t line; /* in its file */
    char *key, *value;
};

struct sac_config {
    char *name;        /* NULL: the command line */
    char *environment; /* NULL: none named */
    size_t environment_line;
    bool has_section[3]; /* by enum section */
    struct entry *entries;
    int count;
};

struct sac_config *sac_config_create(const char *name)
{
    struct sac_config *config = calloc(1, sizeof *config);
    if (!config || !name)
        return config;
    config->name = strdup(name);
    if (config->name)
        return config;
    free(config);
    return NULL;
}

void sac_config_destroy(struct sac_config *config)
{
    if (!config)
        return;
    for (int i = 0; i < config->count; i++) {
        free(config->entries[i].key);
        free(config->entries[i].value);
    }
    free(config->entries);
    free(config->environment);
    free(config->name);
    free(config);
}

/* Put file and line before the last sentence. */
static enum sac_status at(const struct sac_config *config, size_t line, enum sac_status status)
{
    char sentence[1024];
    if (!config->name)
        return status;
    snprintf(sentence, sizeof sentence, "%s", sac_last_error());
    return sac_fail(status, "%s:%zu: %s", config->name, line, sentence);
}

static const struct entry *find(const struct sac_config *config, enum section section, const char *key)
{
    for (int i = 0; i < config->count; i++)
        if (config->entries[i].section == section && !strcmp(config->entries[i].key, key))
            return &config->entries[i];
    return NULL;
}

static enum sac_status append(struct sac_config *config, enum section section, size_t line, const char *key,
                              const char *value)
{
    if (config->count == MOST_ENTRIES)
        return sac_fail(SAC_INVALID, "more than %d settings", MOST_ENTRIES);
    struct entry *grown = realloc(config->entries, ((size_t)config->count + 1) * sizeof *grown);
    if (!grown)
        return sac_fail(SAC_NOMEM, "no memory for setting %s", key);
    config->entries = grown;
    struct entry *entry = &grown[config->count++];
    *entry = (struct entry){section, line, strdup(key), strdup(value)};
    return entry->key && entry->value ? SAC_OK : sac_fail(SAC_NOMEM, "no memory for setting %s", key);
}

/* Whose order decides would be a guess. */
static enum sac_status refuse_second(const char *key, const char *value, const struct entry *first)
{
    char one[SAC_PRINTABLE_SIZE], two[SAC_PRINTABLE_SIZE];
    return sac_fail(SAC_INVALID, "%s: given a second time, as %s after %s; give it once", key,
                    sac_printable(two, value), sac_printable(one, first->value));
}

static enum sac_status add(struct sac_config *config, enum section section, size_t line, const char *key,
                           const char *value)
{
    struct sac_settings scratch;
    sac_settings_default(&scratch);
    const struct entry *first = find(config, section, key);
    if (first)
        return refuse_second(key, value, first);
    const enum sac_status status = sac_settings_set(&scratch, key, value);
    return status ? status : append(config, section, line, key, value);
}

enum sac_status sac_config_add(struct sac_config *config, const char *key, const char *value)
{
    return add(config, COMMON, 0, key, value);
}

enum sac_status sac_config_add_argument(struct sac_config *config, const char *argument)
{
    char key[64], copy[SAC_PRINTABLE_SIZE];
    const char *equals = strchr(argument, '=');
    if (!equals)
        return sac_fail(SAC_INVALID, "%s: expected key=value",
                        sac_printable(copy, *argument ? argument : "''"));
    if (snprintf(key, sizeof key, "%.*s", (int)(equals - argument), argument) >= (int)sizeof key)
        return sac_fail(SAC_INVALID, "%s: no such setting; softac train --help lists them",
                        sac_printable(copy, argument));
    return sac_config_add(config, key, equals + 1);
}

/* --- YAML --- */

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the present one; next() frees it */
    struct sac_config *config;
};

static size_t line_of(const struct reader *reader)
{
    return reader->event.start_mark.line + 1;
}

static enum sac_status next(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    if (yaml_parser_parse(&reader->parser, &reader->event))
        return SAC_OK;
    sac_fail(SAC_FORMAT, "not valid YAML: %s",
             reader->parser.problem ? reader->parser.problem : "no memory for it");
    return at(reader->config, reader->parser.problem_mark.line + 1, SAC_FORMAT);
}

static const char *kind_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return "an alias (*name)";
    case YAML_SEQUENCE_START_EVENT:
        return "a list";
    case YAML_MAPPING_START_EVENT:
        return "a section";
    default:
        return "this";
    }
}

/* The present event as a word without zero bytes, of at most `size` - 1 bytes. */
static enum sac_status take_word(struct reader *reader, const char *what, char *word, size_t size)
{
    const yaml_event_t *event = &reader->event;
    if (event->type != YAML_SCALAR_EVENT)
        sac_fail(SAC_INVALID, "%s: expected a plain value, not %s", what, kind_of(event));
    else if (event->data.scalar.length >= size)
        sac_fail(SAC_INVALID, "%s: expected at most %zu bytes, found %zu", what, size - 1,
                 event->data.scalar.length);
    else if (event->data.scalar.length == 0 || memchr(event->data.scalar.value, 0, event->data.scalar.length))
        sac_fail(SAC_INVALID, "%s: expected a plain value, not an empty one", what);
    else {
        snprintf(word, size, "%s", (const char *)event->data.scalar.value);
        return SAC_OK;
    }
    return at(reader->config, line_of(reader), SAC_INVALID);
}

/* [256, 256] becomes "256,256", the form of the command line. */
static enum sac_status take_sequence(struct reader *reader, const char *key, char *value)
{
    const size_t line = line_of(reader);
    size_t used = 0;
    for (;;) {
        char word[VALUE_SIZE];
        enum sac_status status = next(reader);
        if (status || reader->event.type == YAML_SEQUENCE_END_EVENT)
            return status;
        status = take_word(reader, key, word, sizeof word);
        if (status)
            return status;
        const int length = snprintf(value + used, VALUE_SIZE - used, used ? ",%s" : "%s", word);
        used += (size_t)length;
        if (used >= VALUE_SIZE) {
            sac_fail(SAC_INVALID, "%s: expected a list of at most %d bytes", key, VALUE_SIZE - 1);
            return at(reader->config, line, SAC_INVALID);
        }
    }
}

static enum sac_status take_environment(struct reader *reader)
{
    char id[VALUE_SIZE];
    const enum sac_status status = take_word(reader, "environment", id, sizeof id);
    if (status)
        return status;
    reader->config->environment_line = line_of(reader);
    reader->config->environment = strdup(id);
    return reader->config->environment ? SAC_OK : sac_fail(SAC_NOMEM, "no memory for the environment's name");
}

/* The present event is the value of `key`. */
static enum sac_status take_setting(struct reader *reader, enum section section, const char *key)
{
    char value[VALUE_SIZE] = "";
    const size_t line = line_of(reader);
    enum sac_status status = sac_settings_find(key);
    if (status)
        return at(reader->config, line, status);
    status = reader->event.type == YAML_SEQUENCE_START_EVENT ? take_sequence(reader, key, value)
                                                             : take_word(reader, key, value, sizeof value);
    if (status)
        return status;
    status = add(reader->config, section, line, key, value);
    return status ? at(reader->config, line, status) : SAC_OK;
}

static enum sac_status take_mapping(struct reader *reader, enum section section);

static enum sac_status take_section(struct reader *reader, enum section section, const char *key)
{
    if (reader->event.type == YAML_MAPPING_START_EVENT && !reader->config->has_section[section]) {
        reader->config->has_section[section] = true;
        return take_mapping(reader, section);
    }
    if (reader->config->has_section[section])
        sac_fail(SAC_INVALID, "%s: a second section; put all its settings into one", key);
    else
        sac_fail(SAC_INVALID, "%s: expected a section of settings", key);
    return at(reader->config, line_of(reader), SAC_INVALID);
}

/* One "key: value" of a mapping; the present event is the key. */
static enum sac_status take_pair(struct reader *reader, enum section section)
{
    char key[VALUE_SIZE];
    enum sac_status status = take_word(reader, "key", key, sizeof key);
    if (!status)
        status = next(reader);
    if (status)
        return status;
    if (section == COMMON && !strcmp(key, "sac_v1"))
        return take_section(reader, IN_V1, key);
    if (section == COMMON && !strcmp(key, "sac_v2"))
        return take_section(reader, IN_V2, key);
    if (section != COMMON && !strcmp(key, "algorithm")) {
        sac_fail(SAC_INVALID, "algorithm: stands in the common part only, not in an algorithm's section");
        return at(reader->config, line_of(reader), SAC_INVALID);
    }
    if (section == COMMON && !strcmp(key, "environment")) {
        if (!reader->config->environment)
            return take_environment(reader);
        sac_fail(SAC_INVALID, "environment: given a second time, after %s; give it once",
                 reader->config->environment);
        return at(reader->config, line_of(reader), SAC_INVALID);
    }
    return take_setting(reader, section, key);
}

/* The present event starts the mapping; afterwards it ends it. */
static enum sac_status take_mapping(struct reader *reader, enum section section)
{
    enum sac_status status = next(reader);
    while (!status && reader->event.type != YAML_MAPPING_END_EVENT) {
        status = take_pair(reader, section);
        if (!status)
            status = next(reader);
    }
    return status;
}

/* One document that is a mapping; an empty file is an empty one. */
static enum sac_status take_file(struct reader *reader)
{
    enum sac_status status = next(reader); /* stream start */
    if (!status)
        status = next(reader);
    if (status || reader->event.type == YAML_STREAM_END_EVENT)
        return status;
    status = next(reader); /* after document start */
    if (!status && reader->event.type != YAML_MAPPING_START_EVENT) {
        sac_fail(SAC_FORMAT, "expected lines of the form \"key: value\"");
        return at(reader->config, line_of(reader), SAC_FORMAT);
    }
    if (!status)
        status = take_mapping(reader, COMMON);
    if (!status)
        status = next(reader); /* document end */
    if (!status)
        status = next(reader);
    if (!status && reader->event.type != YAML_STREAM_END_EVENT) {
        sac_fail(SAC_FORMAT, "expected the end of the file, not a second document");
        return at(reader->config, line_of(reader), SAC_FORMAT);
    }
    return status;
}

enum sac_status sac_config_parse(const char *name, const char *text, size_t size, struct sac_config **config)
{
    struct reader reader = {.config = sac_config_create(name)};
    if (!reader.config || !yaml_parser_initialize(&reader.parser)) {
        sac_config_destroy(reader.config);
        return sac_fail(SAC_NOMEM, "%s: no memory to read it", name);
    }
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
    const enum sac_status status = take_file(&reader);
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    if (status)
        sac_config_destroy(reader.config);
    else
        *config = reader.config;
    return status;
}

enum sac_status sac_config_read(const char *path, struct sac_config **config)
{
    char *text;
    size_t size;
    enum sac_status status = sac_file_read(path, MOST_BYTES, &text, &size);
    if (status)
        return status;
    status = sac_config_parse(path, text, size, config);
    free(text);
    return status;
}

/* --- which source wins --- */

static enum section section_of(enum sac_algorithm algorithm)
{
    return algorithm == SAC_V1 ? IN_V1 : IN_V2;
}

void sac_config_each(const struct sac_config *config, enum sac_algorithm algorithm,
                     void (*visit)(void *context, const char *key), void *context)
{
    for (int i = 0; i < config->count; i++)
        if (config->entries[i].section == COMMON || config->entries[i].section == section_of(algorithm))
            visit(context, config->entries[i].key);
}

/* Keys that set several fields come first, so that order inside a source says nothing. */
static enum sac_status apply(const struct sac_config *config, enum section section,
                             struct sac_settings *settings)
{
    enum sac_status status = SAC_OK;
    for (int several = 1; several >= 0; several--)
        for (int i = 0; config && i < config->count && !status; i++) {
            const struct entry *entry = &config->entries[i];
            if (entry->section == section && sac_settings_sets_several(entry->key) == several)
                status = sac_settings_set(settings, entry->key, entry->value);
        }
    return status;
}

enum sac_status sac_config_check_environment(const struct sac_config *config, const char *id)
{
    if (!config || !config->environment || !strcmp(config->environment, id))
        return SAC_OK;
    sac_fail(SAC_INVALID, "is for environment %s, not for %s; train that one, or take the line out",
             config->environment, id);
    return at(config, config->environment_line, SAC_INVALID);
}

static bool says_algorithm(const struct sac_config *config)
{
    return config && find(config, COMMON, "algorithm");
}

static enum sac_status choose_algorithm(const struct sac_config *const *sources, int count,
                                        struct sac_settings *settings, enum sac_algorithm_reason *reason)
{
    const struct sac_config *preset = sources[0];
    *reason = SAC_ALGORITHM_BY_DEFAULT;
    if (preset && find(preset, IN_V1, "reward_scale")) {
        settings->algorithm = SAC_V1;
        *reason = SAC_ALGORITHM_BY_PRESET;
    }
    enum sac_status status = SAC_OK;
    for (int i = 0; i < count && !status; i++)
        if (says_algorithm(sources[i])) {
            *reason = SAC_ALGORITHM_GIVEN;
            status = apply(sources[i], COMMON, settings);
        }
    return status;
}

/* Say where the refused key's value came from, if that was a file. */
static enum sac_status blame(const struct sac_config *const *sources, int count, enum section section,
                             const char *key)
{
    for (int i = count - 1; i >= 0; i--) {
        const struct entry *entry = sources[i] ? find(sources[i], section, key) : NULL;
        if (!entry && sources[i])
            entry = find(sources[i], COMMON, key);
        if (entry)
            return at(sources[i], entry->line, SAC_INVALID);
    }
    return SAC_INVALID;
}

enum sac_status sac_config_resolve(const struct sac_config *preset, const struct sac_config *file,
                                   const struct sac_config *command_line, struct sac_settings *settings,
                                   enum sac_algorithm_reason *reason)
{
    const struct sac_config *const sources[] = {preset, file, command_line};
    struct sac_settings chosen;
    sac_settings_default(&chosen);
    enum sac_status status = choose_algorithm(sources, 3, &chosen, reason);
    sac_settings_default(settings);
    for (int i = 0; i < 3 && !status; i++) {
        status = apply(sources[i], COMMON, settings);
        if (!status)
            status = apply(sources[i], section_of(chosen.algorithm), settings);
    }
    settings->algorithm = chosen.algorithm;
    const char *key;
    if (status || !sac_settings_check_keys(settings, &key))
        return status;
    return blame(sources, 3, section_of(chosen.algorithm), key);
}
