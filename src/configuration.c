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
#include "tuned.h"

#define MOST_BYTES   (1 << 20) /* of a file: ours have hundreds */
#define MOST_ENTRIES 1024
#define MOST_PARTS   64 /* profiles, and measurements of threads */
#define VALUE_SIZE   256

/* Of a file: profile i of its list is section FIRST_PROFILE + i. */
enum { COMMON, IN_V1, IN_V2, IN_ENV, FIRST_PROFILE };

struct entry {
    int section;
    size_t line; /* in its file */
    char *key, *value;
};

struct sac_config {
    char *name;        /* NULL: the command line */
    char *environment; /* NULL: none named */
    size_t environment_line;
    char *gym_module, *gym_kwargs; /* NULL: not said */
    bool has_section[FIRST_PROFILE];
    bool has_profiles, has_threads;
    char *profiles[MOST_PARTS]; /* their names */
    int profile_count;
    struct sac_tuned tuned[MOST_PARTS];
    int tuned_count;
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
    for (int i = 0; i < config->profile_count; i++)
        free(config->profiles[i]);
    free(config->environment);
    free(config->gym_module);
    free(config->gym_kwargs);
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

static const struct entry *find(const struct sac_config *config, int section, const char *key)
{
    for (int i = 0; i < config->count; i++)
        if (config->entries[i].section == section && !strcmp(config->entries[i].key, key))
            return &config->entries[i];
    return NULL;
}

static enum sac_status append(struct sac_config *config, int section, size_t line, const char *key,
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

static enum sac_status add(struct sac_config *config, int section, size_t line, const char *key,
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

/* Whether the environment has the option is for it to say. */
static enum sac_status add_option(struct sac_config *config, size_t line, const char *name, const char *value)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    char copy[SAC_PRINTABLE_SIZE];
    const struct entry *first = find(config, IN_ENV, name);
    if (first)
        return refuse_second(name, value, first);
    if (!*name || name[strspn(name, letters)])
        return sac_fail(SAC_INVALID, "env.%s: expected env.NAME=VALUE, the name of letters, digits, _ and -",
                        sac_printable(copy, name));
    if (!*value || !sac_is_printable(value))
        return sac_fail(SAC_INVALID, "env.%s: expected a value of UTF-8 without control characters",
                        sac_printable(copy, name));
    return append(config, IN_ENV, line, name, value);
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
    if (!strncmp(key, "env.", 4))
        return add_option(config, 0, key + 4, equals + 1);
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

/* The last sentence is about the present event. */
static enum sac_status here(const struct reader *reader, enum sac_status status)
{
    return at(reader->config, line_of(reader), status);
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
    return here(reader, SAC_INVALID);
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

/* The present event is the value of `key`, which may be long and stands once. */
static enum sac_status take_text(struct reader *reader, const char *key, char **text)
{
    const yaml_event_t *event = &reader->event;
    const bool word = event->type == YAML_SCALAR_EVENT;
    const char *value = word ? (const char *)event->data.scalar.value : "";
    if (*text)
        sac_fail(SAC_INVALID, "%s: given a second time, after %s; give it once", key, *text);
    else if (!word)
        sac_fail(SAC_INVALID, "%s: expected a plain value, not %s", key, kind_of(event));
    else if (!*value || strlen(value) != event->data.scalar.length || !sac_is_printable(value))
        sac_fail(SAC_INVALID, "%s: expected UTF-8 without control characters", key);
    else
        return (*text = strdup(value)) ? SAC_OK : sac_fail(SAC_NOMEM, "no memory for %s", key);
    return here(reader, SAC_INVALID);
}

/* The present event is the value of `key`. */
static enum sac_status take_setting(struct reader *reader, int section, const char *key)
{
    char value[VALUE_SIZE] = "";
    const size_t line = line_of(reader);
    enum sac_status status = section == IN_ENV ? SAC_OK : sac_settings_find(key);
    if (status)
        return at(reader->config, line, status);
    status = reader->event.type == YAML_SEQUENCE_START_EVENT ? take_sequence(reader, key, value)
                                                             : take_word(reader, key, value, sizeof value);
    if (status)
        return status;
    status = section == IN_ENV ? add_option(reader->config, line, key, value)
                               : add(reader->config, section, line, key, value);
    return status ? at(reader->config, line, status) : SAC_OK;
}

/* The present event starts a list or a section: take_one for each of its parts, whose first event is then the
 * present one and whose last one it leaves there. Afterwards the present event is the end. */
static enum sac_status take_each(struct reader *reader, enum sac_status (*take_one)(struct reader *, int),
                                 int context)
{
    const bool list = reader->event.type == YAML_SEQUENCE_START_EVENT;
    const yaml_event_type_t end = list ? YAML_SEQUENCE_END_EVENT : YAML_MAPPING_END_EVENT;
    enum sac_status status = next(reader);
    while (!status && reader->event.type != end) {
        status = take_one(reader, context);
        if (!status)
            status = next(reader);
    }
    return status;
}

static enum sac_status take_pair(struct reader *reader, int section);

static enum sac_status take_section(struct reader *reader, int section, const char *key)
{
    if (reader->event.type == YAML_MAPPING_START_EVENT && !reader->config->has_section[section]) {
        reader->config->has_section[section] = true;
        return take_each(reader, take_pair, section);
    }
    if (reader->config->has_section[section])
        sac_fail(SAC_INVALID, "%s: a second section; put all its settings into one", key);
    else
        sac_fail(SAC_INVALID, "%s: expected a section of settings", key);
    return here(reader, SAC_INVALID);
}

static int profile_section(const struct sac_config *config, const char *name)
{
    for (int i = 0; i < config->profile_count; i++)
        if (!strcmp(config->profiles[i], name))
            return FIRST_PROFILE + i;
    return -1;
}

static enum sac_status check_profile(const struct sac_config *config, const char *name)
{
    char copy[SAC_PRINTABLE_SIZE];
    if (!sac_settings_is_profile(name))
        return sac_fail(SAC_INVALID,
                        "profiles: %s: expected a name of letters, digits, _ and -, other than none",
                        sac_printable(copy, name));
    if (profile_section(config, name) >= 0)
        return sac_fail(SAC_INVALID, "%s: a second profile of that name; put all its settings into one",
                        name);
    if (config->profile_count == MOST_PARTS)
        return sac_fail(SAC_INVALID, "profiles: more than %d", MOST_PARTS);
    return SAC_OK;
}

/* One "name: section" of profiles; the present event is the name. */
static enum sac_status take_profile(struct reader *reader, int number)
{
    (void)number;
    struct sac_config *config = reader->config;
    char name[VALUE_SIZE];
    enum sac_status status = take_word(reader, "profiles", name, sizeof name);
    if (status)
        return status;
    if (check_profile(config, name))
        return here(reader, SAC_INVALID);
    char *copy = strdup(name);
    if (!copy)
        return sac_fail(SAC_NOMEM, "no memory for profile %s", name);
    config->profiles[config->profile_count++] = copy;
    status = next(reader);
    if (!status && reader->event.type != YAML_MAPPING_START_EVENT) {
        sac_fail(SAC_INVALID, "%s: expected a section of settings", name);
        return here(reader, SAC_INVALID);
    }
    return status ? status : take_each(reader, take_pair, FIRST_PROFILE + config->profile_count - 1);
}

/* The present event is the value of "profiles": a section of sections. */
static enum sac_status take_profiles(struct reader *reader)
{
    struct sac_config *config = reader->config;
    if (reader->event.type != YAML_MAPPING_START_EVENT || config->has_profiles) {
        sac_fail(SAC_INVALID, "profiles: expected %s",
                 config->has_profiles ? "them in one section, not two" : "a section for each profile");
        return here(reader, SAC_INVALID);
    }
    config->has_profiles = true;
    return take_each(reader, take_profile, 0);
}

/* One measurement's "key: value"; the present event is the key. */
static enum sac_status take_measure(struct reader *reader, int number)
{
    struct sac_tuned *tuned = &reader->config->tuned[number];
    char key[VALUE_SIZE], value[VALUE_SIZE];
    enum sac_status status = take_word(reader, "key", key, sizeof key);
    if (!status)
        status = next(reader);
    if (!status)
        status = take_word(reader, key, value, sizeof value);
    if (!status && sac_tuned_set(tuned, key, value))
        status = here(reader, SAC_INVALID);
    return status;
}

/* One section of "threads". */
static enum sac_status take_measurement(struct reader *reader, int number)
{
    struct sac_config *config = reader->config;
    (void)number;
    if (reader->event.type != YAML_MAPPING_START_EVENT || config->tuned_count == MOST_PARTS) {
        sac_fail(SAC_INVALID, "threads: expected at most %d sections with what was measured", MOST_PARTS);
        return here(reader, SAC_INVALID);
    }
    const enum sac_status status = take_each(reader, take_measure, config->tuned_count);
    if (!status && sac_tuned_check(&config->tuned[config->tuned_count]))
        return here(reader, SAC_INVALID);
    config->tuned_count++;
    return status;
}

/* The present event is the value of "threads": a list, which softac tune writes. */
static enum sac_status take_threads(struct reader *reader)
{
    if (reader->event.type != YAML_SEQUENCE_START_EVENT || reader->config->has_threads) {
        sac_fail(SAC_INVALID, "threads: expected one list, as softac tune writes it");
        return here(reader, SAC_INVALID);
    }
    reader->config->has_threads = true;
    return take_each(reader, take_measurement, 0);
}

/* One "key: value" of a mapping; the present event is the key. */
static enum sac_status take_pair(struct reader *reader, int section)
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
    if (section == COMMON && !strcmp(key, "env"))
        return take_section(reader, IN_ENV, key);
    if (section == COMMON && !strcmp(key, "profiles"))
        return take_profiles(reader);
    if (section == COMMON && !strcmp(key, "threads"))
        return take_threads(reader);
    if (section == COMMON && !strcmp(key, "gym_module"))
        return take_text(reader, key, &reader->config->gym_module);
    if (section == COMMON && !strcmp(key, "gym_kwargs"))
        return take_text(reader, key, &reader->config->gym_kwargs);
    if ((section == IN_V1 || section == IN_V2) && !strcmp(key, "algorithm")) {
        sac_fail(SAC_INVALID, "algorithm: stands in the common part only, not in an algorithm's section");
        return here(reader, SAC_INVALID);
    }
    if (section != COMMON && section != IN_ENV && !strcmp(key, "profile")) {
        sac_fail(SAC_INVALID, "profile: stands in the common part only, not in a section");
        return here(reader, SAC_INVALID);
    }
    if (section == COMMON && !strcmp(key, "environment")) {
        if (!reader->config->environment)
            return take_environment(reader);
        sac_fail(SAC_INVALID, "environment: given a second time, after %s; give it once",
                 reader->config->environment);
        return here(reader, SAC_INVALID);
    }
    return take_setting(reader, section, key);
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
        return here(reader, SAC_FORMAT);
    }
    if (!status)
        status = take_each(reader, take_pair, COMMON);
    if (!status)
        status = next(reader); /* document end */
    if (!status)
        status = next(reader);
    if (!status && reader->event.type != YAML_STREAM_END_EVENT) {
        sac_fail(SAC_FORMAT, "expected the end of the file, not a second document");
        return here(reader, SAC_FORMAT);
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

static int section_of(enum sac_algorithm algorithm)
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
static enum sac_status apply(const struct sac_config *config, int section, struct sac_settings *settings)
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

const char *sac_config_gym_module(const struct sac_config_sources *sources)
{
    const char *module = NULL;
    for (int i = 0; i < SAC_SOURCES; i++)
        if (sources->of[i] && sources->of[i]->gym_module)
            module = sources->of[i]->gym_module;
    return module;
}

const char *sac_config_gym_kwargs(const struct sac_config_sources *sources)
{
    const char *kwargs = NULL;
    for (int i = 0; i < SAC_SOURCES; i++)
        if (sources->of[i] && sources->of[i]->gym_kwargs)
            kwargs = sources->of[i]->gym_kwargs;
    return kwargs;
}

/* --- profiles --- */

bool sac_config_has_profile(const struct sac_config *config, const char *name)
{
    return config && profile_section(config, name) >= 0;
}

/* Who asks for one, and the entry that does; the last source that has the key decides. */
static const struct entry *asked_profile(const struct sac_config_sources *sources,
                                         const struct sac_config **who)
{
    *who = NULL;
    for (int i = SAC_SOURCES - 1; i >= 0; i--) {
        const struct entry *entry = sources->of[i] ? find(sources->of[i], COMMON, "profile") : NULL;
        if (entry) {
            *who = sources->of[i];
            return entry;
        }
    }
    return NULL;
}

const char *sac_config_profile(const struct sac_config_sources *sources)
{
    const struct sac_config *who;
    const struct entry *entry = asked_profile(sources, &who);
    return entry && strcmp(entry->value, "none") ? entry->value : NULL;
}

/* "a, b" of all sources' profiles, and the nearest to `name`. */
static const char *list_profiles(const struct sac_config_sources *sources, const char *name,
                                 char list[VALUE_SIZE])
{
    const char *names[SAC_SOURCES * MOST_PARTS + 1] = {NULL};
    size_t used = 0;
    int count = 0;
    for (int i = 0; i < SAC_SOURCES; i++)
        for (int k = 0; sources->of[i] && k < sources->of[i]->profile_count; k++) {
            names[count] = sources->of[i]->profiles[k];
            if (used < VALUE_SIZE)
                used +=
                    (size_t)snprintf(list + used, VALUE_SIZE - used, "%s%s", count ? ", " : "", names[count]);
            count++;
        }
    return count ? sac_nearest_name(name, names) : NULL;
}

/* A profile that no file has would be ignored in silence. */
static enum sac_status check_asked_profile(const struct sac_config_sources *sources)
{
    const struct sac_config *who;
    const struct entry *entry = asked_profile(sources, &who);
    if (!entry || !strcmp(entry->value, "none"))
        return SAC_OK;
    for (int i = 0; i < SAC_SOURCES; i++)
        if (sac_config_has_profile(sources->of[i], entry->value))
            return SAC_OK;
    char list[VALUE_SIZE] = "";
    const char *nearest = list_profiles(sources, entry->value, list), *preset = NULL;
    if (sources->of[SAC_SOURCE_PRESET])
        preset = sources->of[SAC_SOURCE_PRESET]->name;
    if (*list)
        sac_fail(SAC_INVALID, "profile=%s: expected one of none, %s%s%s%s", entry->value, list,
                 nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    else if (preset)
        sac_fail(SAC_INVALID, "profile=%s: %s has no profiles; leave the key out", entry->value, preset);
    else
        sac_fail(SAC_INVALID,
                 "profile=%s: this environment has no preset and so no profiles; leave the key out",
                 entry->value);
    return at(who, entry->line, SAC_INVALID);
}

/* --- all together --- */

/* The sections of one source that count, in the order in which they do. */
struct layers {
    int section[3], count;
};

static struct layers layers_of(const struct sac_config *config, const char *profile, int algorithm_section)
{
    struct layers layers = {{COMMON}, 1};
    if (algorithm_section > COMMON)
        layers.section[layers.count++] = algorithm_section;
    if (profile && sac_config_has_profile(config, profile))
        layers.section[layers.count++] = profile_section(config, profile);
    return layers;
}

static enum sac_status apply_all(const struct sac_config_sources *sources, int algorithm_section,
                                 struct sac_settings *settings)
{
    const char *profile = sac_config_profile(sources);
    enum sac_status status = SAC_OK;
    for (int i = 0; i < SAC_SOURCES; i++) {
        const struct layers layers = layers_of(sources->of[i], profile, algorithm_section);
        for (int k = 0; k < layers.count && !status; k++)
            status = apply(sources->of[i], layers.section[k], settings);
    }
    return status;
}

static bool says_algorithm(const struct sac_config_sources *sources)
{
    const char *profile = sac_config_profile(sources);
    bool says = false;
    for (int i = 0; i < SAC_SOURCES; i++) {
        const struct sac_config *config = sources->of[i];
        says |= config && find(config, COMMON, "algorithm");
        says |= profile && sac_config_has_profile(config, profile) &&
                find(config, profile_section(config, profile), "algorithm");
    }
    return says;
}

static bool has_reward_scale(const struct sac_config *preset)
{
    return preset && find(preset, IN_V1, "reward_scale");
}

static enum sac_status choose_algorithm(const struct sac_config_sources *sources,
                                        struct sac_settings *settings, enum sac_algorithm_reason *reason)
{
    *reason = SAC_ALGORITHM_BY_DEFAULT;
    if (says_algorithm(sources)) {
        *reason = SAC_ALGORITHM_GIVEN;
        return apply_all(sources, COMMON, settings);
    }
    if (has_reward_scale(sources->of[SAC_SOURCE_PRESET]) ||
        has_reward_scale(sources->of[SAC_SOURCE_OWN_PRESET])) {
        settings->algorithm = SAC_V1;
        *reason = SAC_ALGORITHM_BY_PRESET;
    }
    return SAC_OK;
}

/* Say where the refused key's value came from, if that was a file. */
static enum sac_status blame(const struct sac_config_sources *sources, int algorithm_section, const char *key)
{
    const char *profile = sac_config_profile(sources);
    for (int i = SAC_SOURCES - 1; i >= 0; i--) {
        const struct layers layers = layers_of(sources->of[i], profile, algorithm_section);
        for (int k = layers.count - 1; sources->of[i] && k >= 0; k--) {
            const struct entry *entry = find(sources->of[i], layers.section[k], key);
            if (entry)
                return at(sources->of[i], entry->line, SAC_INVALID);
        }
    }
    return SAC_INVALID;
}

enum sac_status sac_config_resolve(const struct sac_config_sources *sources, struct sac_settings *settings,
                                   enum sac_algorithm_reason *reason)
{
    struct sac_settings chosen;
    sac_settings_default(&chosen);
    sac_settings_default(settings);
    enum sac_status status = check_asked_profile(sources);
    if (!status)
        status = choose_algorithm(sources, &chosen, reason);
    if (!status)
        status = apply_all(sources, section_of(chosen.algorithm), settings);
    settings->algorithm = chosen.algorithm;
    const char *key;
    if (status || !sac_settings_check_keys(settings, &key))
        return status;
    return blame(sources, section_of(chosen.algorithm), key);
}

/* --- options of the environment --- */

/* Does a later source have it, too? */
static bool is_overruled(const struct sac_config_sources *sources, int source, const char *name)
{
    bool overruled = false;
    for (int i = source + 1; i < SAC_SOURCES; i++)
        overruled |= sources->of[i] && find(sources->of[i], IN_ENV, name);
    return overruled;
}

enum sac_status sac_config_each_option(const struct sac_config_sources *sources,
                                       enum sac_status (*visit)(void *context, const char *name,
                                                                const char *value),
                                       void *context)
{
    enum sac_status status = SAC_OK;
    for (int i = 0; i < SAC_SOURCES; i++)
        for (int k = 0; sources->of[i] && k < sources->of[i]->count && !status; k++) {
            const struct entry *entry = &sources->of[i]->entries[k];
            if (entry->section == IN_ENV && !is_overruled(sources, i, entry->key))
                status = visit(context, entry->key, entry->value);
        }
    return status;
}

/* --- what else a preset of one's own holds --- */

int sac_config_tuned(const struct sac_config *config, const struct sac_tuned **tuned)
{
    *tuned = config ? config->tuned : NULL;
    return config ? config->tuned_count : 0;
}

bool sac_config_has_settings(const struct sac_config *config)
{
    return config && (config->count > 0 || config->profile_count > 0);
}
