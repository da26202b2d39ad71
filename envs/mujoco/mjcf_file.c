/* YAML through libyaml's documents: trees whose nodes know their lines. */
#include "mjcf_file.h"

#include "../envs.h"
#include "environment.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { MOST_WORDS = 20000, LONGEST_WORD = 127, MOST_KEYS = 16, PLACE_SIZE = 160 };

static const char *const source_names[] = {"qpos", "qvel", "sensor", "ctrl", NULL};
static const char *const function_names[] = {"value", "abs", "square", "sin", "cos", "norm", NULL};
static const char *const section_names[] = {"observation", "reward", "termination", "reset_noise", NULL};

const char *mjcf_source_name(enum mjcf_source source)
{
    return source_names[source];
}

const char *mjcf_section_name(enum mjcf_section section)
{
    return section_names[section];
}

struct reader {
    struct mjcf_file *file;
    yaml_document_t document;
    int words; /* copied so far: aliases can make much of little */
    char *error;
};

/* The item that is being read. */
struct place {
    enum mjcf_section section;
    struct mjcf_item *item;
    bool has_source, has_range;
};

static int fail_with(const struct mjcf_file *file, size_t line, const char *where, char *error,
                     const char *format, va_list arguments)
{
    char sentence[SAC_ENV_ERROR_SIZE];
    vsnprintf(sentence, sizeof sentence, format, arguments);
    return sac_env_fail(error, "%.150s:%zu: %s%s%s", file->name, line, where, *where ? ": " : "", sentence);
}

static int __attribute__((format(printf, 3, 4)))
fail_at(const struct reader *reader, const yaml_node_t *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fail_with(reader->file, node->start_mark.line + 1, "", reader->error, format, arguments);
    va_end(arguments);
    return 1;
}

int mjcf_item_fail(const struct mjcf_file *file, enum mjcf_section section, const struct mjcf_item *item,
                   char *error, const char *format, ...)
{
    char where[PLACE_SIZE];
    va_list arguments;
    snprintf(where, sizeof where, "%s%s%.100s", section_names[section], item->name ? "." : "",
             item->name ? item->name : "");
    va_start(arguments, format);
    fail_with(file, item->line, where, error, format, arguments);
    va_end(arguments);
    return 1;
}

/* --- words and numbers --- */

static const char *kind_of(const yaml_node_t *node)
{
    return node->type == YAML_SEQUENCE_NODE ? "a list" : node->type == YAML_MAPPING_NODE ? "a mapping" : "";
}

/* The scalar's text, or NULL after telling why it is none. */
static const char *word_of(const struct reader *reader, const yaml_node_t *node, const char *what)
{
    if (node->type != YAML_SCALAR_NODE) {
        fail_at(reader, node, "%s: expected one word, not %s", what, kind_of(node));
        return NULL;
    }
    const char *word = (const char *)node->data.scalar.value;
    const size_t length = node->data.scalar.length;
    if (length >= 1 && length <= LONGEST_WORD && strlen(word) == length)
        return word;
    fail_at(reader, node, "%s: expected a word of 1 to %d bytes, none of them 0, found one of %zu", what,
            LONGEST_WORD, length);
    return NULL;
}

static int copy_word(struct reader *reader, const yaml_node_t *node, const char *what, char **copy)
{
    const char *word = word_of(reader, node, what);
    if (!word)
        return 1;
    if (++reader->words > MOST_WORDS)
        return fail_at(reader, node, "%s: more than %d names in this file", what, MOST_WORDS);
    *copy = strdup(word);
    return *copy ? 0 : sac_env_fail(reader->error, "no memory for %s", what);
}

/* Decimal text; YAML writes infinity .inf. */
static bool parse_number(const char *word, double *number)
{
    char *end;
    const char *digits = *word == '-' || *word == '+' ? word + 1 : word;
    if (strcmp(digits, ".inf") == 0) {
        *number = *word == '-' ? -HUGE_VAL : HUGE_VAL;
        return true;
    }
    *number = strtod(word, &end);
    return !word[strspn(word, "0123456789.eE+-")] && !*end && end != word;
}

static int take_number(const struct reader *reader, const yaml_node_t *node, const char *what, double *number)
{
    const char *word = word_of(reader, node, what);
    if (!word)
        return 1;
    if (parse_number(word, number) && isfinite(*number))
        return 0;
    return fail_at(reader, node, "%s: %s: expected a finite number", what, word);
}

static int take_whole(const struct reader *reader, const yaml_node_t *node, const char *what, int32_t least,
                      int32_t most, int32_t *whole)
{
    double number;
    const char *word = word_of(reader, node, what);
    if (!word)
        return 1;
    if (!parse_number(word, &number) || !(number >= least && number <= most) || number != floor(number))
        return fail_at(reader, node, "%s: %s: expected a whole number from %d to %d", what, word, least,
                       most);
    *whole = (int32_t)number;
    return 0;
}

/* Which of `names` it is, NULL at their end; -1 after telling that it is none. */
static int find_word(const struct reader *reader, const yaml_node_t *node, const char *what,
                     const char *const *names)
{
    char list[200] = "";
    const char *word = word_of(reader, node, what);
    for (int i = 0; word && names[i]; i++) {
        if (strcmp(word, names[i]) == 0)
            return i;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", names[i]);
    }
    if (!word)
        return -1;
    const char *nearest = sac_nearest_name(word, names);
    if (nearest)
        fail_at(reader, node, "%s: there is no '%s'; did you mean %s?", what, word, nearest);
    else
        fail_at(reader, node, "%s: there is no '%s'; there are %s", what, word, list);
    return -1;
}

/* --- mappings: a function for each key --- */

struct key {
    const char *name; /* NULL at the end */
    int (*take)(struct reader *reader, const yaml_node_t *value, void *into);
};

static int take_keys(struct reader *reader, const yaml_node_t *node, const char *what, const struct key *keys,
                     void *into)
{
    const char *names[MOST_KEYS + 1] = {NULL};
    bool seen[MOST_KEYS] = {false};
    for (int i = 0; keys[i].name; i++)
        names[i] = keys[i].name;
    if (node->type != YAML_MAPPING_NODE)
        return fail_at(reader, node, "%s: expected lines of the form \"key: value\"", what);
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    for (; pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
        const int i = find_word(reader, key, what, names);
        if (i < 0)
            return 1;
        if (seen[i])
            return fail_at(reader, key, "%s: '%s' is given a second time; give it once", what, names[i]);
        seen[i] = true;
        if (keys[i].take(reader, yaml_document_get_node(&reader->document, pair->value), into))
            return 1;
    }
    return 0;
}

/* --- items --- */

/* "all", a name, or a list of names. */
static int take_names(struct reader *reader, const yaml_node_t *node, struct mjcf_item *item)
{
    const char *what = source_names[item->source];
    const bool list = node->type == YAML_SEQUENCE_NODE;
    const char *word = list ? NULL : word_of(reader, node, what);
    if (!list && (!word || strcmp(word, "all") == 0))
        return !word;
    const yaml_node_item_t *start = list ? node->data.sequence.items.start : NULL;
    const size_t count = list ? (size_t)(node->data.sequence.items.top - start) : 1;
    if (count < 1 || count > MOST_WORDS)
        return fail_at(reader, node, "%s: expected 1 to %d names, found %zu", what, MOST_WORDS, count);
    item->names = calloc(count, sizeof *item->names);
    if (!item->names)
        return sac_env_fail(reader->error, "no memory for %zu names", count);
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *name = list ? yaml_document_get_node(&reader->document, start[i]) : node;
        item->count = (int)i + 1;
        if (copy_word(reader, name, what, &item->names[i]))
            return 1;
    }
    return 0;
}

static int take_source(struct reader *reader, const yaml_node_t *value, struct place *place,
                       enum mjcf_source source)
{
    if (place->has_source)
        return fail_at(reader, value, "%s: one of qpos, qvel, sensor and ctrl, not both %s and %s",
                       section_names[place->section], source_names[place->item->source],
                       source_names[source]);
    if (place->section == MJCF_RESET_NOISE && source != MJCF_QPOS && source != MJCF_QVEL)
        return fail_at(reader, value, "reset_noise: %s can not be set; name qpos or qvel",
                       source_names[source]);
    place->has_source = true;
    place->item->source = source;
    return take_names(reader, value, place->item);
}

static int take_qpos(struct reader *reader, const yaml_node_t *value, void *into)
{
    return take_source(reader, value, into, MJCF_QPOS);
}

static int take_qvel(struct reader *reader, const yaml_node_t *value, void *into)
{
    return take_source(reader, value, into, MJCF_QVEL);
}

static int take_sensor(struct reader *reader, const yaml_node_t *value, void *into)
{
    return take_source(reader, value, into, MJCF_SENSOR);
}

static int take_ctrl(struct reader *reader, const yaml_node_t *value, void *into)
{
    return take_source(reader, value, into, MJCF_CTRL);
}

static int take_component(struct reader *reader, const yaml_node_t *value, void *into)
{
    const struct place *place = into;
    int32_t component = 0;
    if (take_whole(reader, value, "component", 0, 1000000, &component))
        return 1;
    place->item->component = component;
    return 0;
}

static int take_as(struct reader *reader, const yaml_node_t *value, void *into)
{
    const struct place *place = into;
    const int function = find_word(reader, value, "as", function_names);
    if (function < 0)
        return 1;
    if (place->section == MJCF_RESET_NOISE)
        return fail_at(reader, value, "reset_noise: takes no 'as': noise is added as it is");
    place->item->function = (enum mjcf_function)function;
    return 0;
}

static int take_target(struct reader *reader, const yaml_node_t *value, void *into)
{
    const struct place *place = into;
    if (place->section == MJCF_RESET_NOISE)
        return fail_at(reader, value, "reset_noise: takes no 'target'; move the range instead");
    return take_number(reader, value, "target", &place->item->target);
}

static int take_weight(struct reader *reader, const yaml_node_t *value, void *into)
{
    const struct place *place = into;
    if (place->section != MJCF_REWARD)
        return fail_at(reader, value, "%s: takes no 'weight', only reward does",
                       section_names[place->section]);
    return take_number(reader, value, "weight", &place->item->weight);
}

static int take_bound(const struct reader *reader, const yaml_node_t *node, double *bound)
{
    const char *word = word_of(reader, node, "range");
    if (!word)
        return 1;
    return parse_number(word, bound) ? 0 : fail_at(reader, node, "range: %s: expected a number", word);
}

/* Noise is drawn from its range; elsewhere a side may be open. */
static int take_range(struct reader *reader, const yaml_node_t *value, void *into)
{
    struct place *place = into;
    struct mjcf_item *item = place->item;
    if (place->section != MJCF_TERMINATION && place->section != MJCF_RESET_NOISE)
        return fail_at(reader, value, "%s: takes no 'range', only termination and reset_noise do",
                       section_names[place->section]);
    if (value->type != YAML_SEQUENCE_NODE ||
        value->data.sequence.items.top - value->data.sequence.items.start != 2)
        return fail_at(reader, value, "range: expected [LOW, HIGH]");
    const yaml_node_item_t *bounds = value->data.sequence.items.start;
    if (take_bound(reader, yaml_document_get_node(&reader->document, bounds[0]), &item->low) ||
        take_bound(reader, yaml_document_get_node(&reader->document, bounds[1]), &item->high))
        return 1;
    if (item->low > item->high)
        return fail_at(reader, value, "range: [%g, %g]: expected LOW <= HIGH", item->low, item->high);
    if (place->section == MJCF_RESET_NOISE && !isfinite(item->high - item->low))
        return fail_at(reader, value, "range: [%g, %g]: expected finite bounds", item->low, item->high);
    place->has_range = true;
    return 0;
}

static const struct key item_keys[] = {
    {"qpos", take_qpos},     {"qvel", take_qvel},
    {"sensor", take_sensor}, {"ctrl", take_ctrl},
    {"as", take_as},         {"component", take_component},
    {"target", take_target}, {"weight", take_weight},
    {"range", take_range},   {0},
};

static int take_item(struct reader *reader, const yaml_node_t *node, enum mjcf_section section,
                     struct mjcf_item *item)
{
    struct place place = {.section = section, .item = item};
    char *error = reader->error;
    item->line = node->start_mark.line + 1;
    item->component = -1;
    item->weight = 1;
    if (section == MJCF_REWARD && node->type == YAML_SCALAR_NODE) {
        item->source = MJCF_CONSTANT;
        return take_number(reader, node, item->name, &item->weight);
    }
    if (take_keys(reader, node, item->name ? item->name : section_names[section], item_keys, &place))
        return 1;
    if (!place.has_source)
        return mjcf_item_fail(reader->file, section, item, error,
                              "expected one of qpos, qvel, sensor and ctrl, and names behind it");
    if ((section == MJCF_TERMINATION || section == MJCF_RESET_NOISE) && !place.has_range)
        return mjcf_item_fail(reader->file, section, item, error, "expected range: [LOW, HIGH], too");
    return 0;
}

/* --- sections --- */

static int make_room(const struct reader *reader, struct mjcf_list *list, ptrdiff_t items)
{
    list->item = calloc((size_t)items + 1, sizeof *list->item);
    return list->item ? 0 : sac_env_fail(reader->error, "no memory for %td items", items);
}

static int take_list(struct reader *reader, const yaml_node_t *node, enum mjcf_section section)
{
    struct mjcf_list *list = &reader->file->section[section];
    if (node->type != YAML_SEQUENCE_NODE)
        return fail_at(reader, node, "%s: expected a list of items, each behind \"- \"",
                       section_names[section]);
    const yaml_node_item_t *start = node->data.sequence.items.start, *end = node->data.sequence.items.top;
    if (make_room(reader, list, end - start))
        return 1;
    for (; start < end; start++) {
        const yaml_node_t *one = yaml_document_get_node(&reader->document, *start);
        if (take_item(reader, one, section, &list->item[list->count++]))
            return 1;
    }
    return 0;
}

static int refuse_second(const struct reader *reader, const yaml_node_t *key, const struct mjcf_list *list,
                         const char *name)
{
    for (int i = 0; i < list->count - 1; i++)
        if (strcmp(list->item[i].name, name) == 0)
            return fail_at(reader, key, "'%s': a second term of that name, after line %zu; rename one", name,
                           list->item[i].line);
    return 0;
}

static int take_terms(struct reader *reader, const yaml_node_t *node, enum mjcf_section section)
{
    struct mjcf_list *list = &reader->file->section[section];
    if (node->type != YAML_MAPPING_NODE)
        return fail_at(reader, node, "%s: expected terms with names, \"NAME: {...}\"",
                       section_names[section]);
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start, *end = node->data.mapping.pairs.top;
    if (make_room(reader, list, end - pair))
        return 1;
    for (; pair < end; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
        struct mjcf_item *item = &list->item[list->count++];
        if (copy_word(reader, key, section_names[section], &item->name) ||
            refuse_second(reader, key, list, item->name) ||
            take_item(reader, yaml_document_get_node(&reader->document, pair->value), section, item))
            return 1;
    }
    return 0;
}

static int take_observation(struct reader *reader, const yaml_node_t *value, void *into)
{
    (void)into;
    return take_list(reader, value, MJCF_OBSERVATION);
}

static int take_reward(struct reader *reader, const yaml_node_t *value, void *into)
{
    (void)into;
    return take_terms(reader, value, MJCF_REWARD);
}

static int take_termination(struct reader *reader, const yaml_node_t *value, void *into)
{
    (void)into;
    return take_terms(reader, value, MJCF_TERMINATION);
}

static int take_reset_noise(struct reader *reader, const yaml_node_t *value, void *into)
{
    (void)into;
    return take_list(reader, value, MJCF_RESET_NOISE);
}

static int take_frame_skip(struct reader *reader, const yaml_node_t *value, void *into)
{
    (void)into;
    return take_whole(reader, value, "frame_skip", 1, 1000, &reader->file->frame_skip);
}

static int take_step_limit(struct reader *reader, const yaml_node_t *value, void *into)
{
    (void)into;
    return take_whole(reader, value, "step_limit", 0, 1000000000, &reader->file->step_limit);
}

static int take_threshold(struct reader *reader, const yaml_node_t *value, void *into)
{
    (void)into;
    return take_number(reader, value, "reward_threshold", &reader->file->reward_threshold);
}

static int take_keyframe(struct reader *reader, const yaml_node_t *value, void *into)
{
    (void)into;
    reader->file->keyframe_line = value->start_mark.line + 1;
    return copy_word(reader, value, "keyframe", &reader->file->keyframe);
}

static const struct key file_keys[] = {
    {"observation", take_observation},
    {"reward", take_reward},
    {"termination", take_termination},
    {"reset_noise", take_reset_noise},
    {"frame_skip", take_frame_skip},
    {"step_limit", take_step_limit},
    {"keyframe", take_keyframe},
    {"reward_threshold", take_threshold},
    {0},
};

static int take_root(struct reader *reader)
{
    const struct mjcf_file *file = reader->file;
    const yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    if (!root)
        return sac_env_fail(reader->error, "%.150s: it is empty; it must have observation and reward",
                            file->name);
    if (take_keys(reader, root, "task", file_keys, NULL))
        return 1;
    for (int section = MJCF_OBSERVATION; section <= MJCF_REWARD; section++)
        if (file->section[section].count == 0)
            return fail_at(reader, root,
                           "%s: nothing is in it; a task must say what is observed and rewarded",
                           section_names[section]);
    return 0;
}

static int refuse_yaml(const struct reader *reader, const yaml_parser_t *parser)
{
    return sac_env_fail(reader->error, "%.150s:%zu: not valid YAML: %s", reader->file->name,
                        parser->problem_mark.line + 1,
                        parser->problem ? parser->problem : "no memory for it");
}

/* Nothing may follow the document. */
static int check_end(const struct reader *reader, yaml_parser_t *parser)
{
    yaml_document_t second;
    if (!yaml_parser_load(parser, &second))
        return refuse_yaml(reader, parser);
    const yaml_node_t *root = yaml_document_get_root_node(&second);
    const int failed =
        root ? fail_at(reader, root, "expected the end of the file, not a second document") : 0;
    yaml_document_delete(&second);
    return failed;
}

static int read_document(struct reader *reader, yaml_parser_t *parser)
{
    if (!yaml_parser_load(parser, &reader->document))
        return refuse_yaml(reader, parser);
    int failed = take_root(reader);
    if (!failed)
        failed = check_end(reader, parser);
    yaml_document_delete(&reader->document);
    return failed;
}

int mjcf_file_parse(const char *name, const char *text, size_t size, struct mjcf_file *file, char *error)
{
    struct reader reader = {.file = file, .error = error};
    yaml_parser_t parser;
    *file = (struct mjcf_file){.frame_skip = 1, .step_limit = 1000, .reward_threshold = (double)NAN};
    file->name = strdup(name);
    if (!file->name || !yaml_parser_initialize(&parser)) {
        mjcf_file_free(file);
        return sac_env_fail(error, "%.150s: no memory to read it", name);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    const int failed = read_document(&reader, &parser);
    yaml_parser_delete(&parser);
    if (failed)
        mjcf_file_free(file);
    return failed;
}

static void free_list(struct mjcf_list *list)
{
    for (int i = 0; i < list->count; i++) {
        for (int k = 0; k < list->item[i].count; k++)
            free(list->item[i].names[k]);
        free(list->item[i].names);
        free(list->item[i].name);
    }
    free(list->item);
}

void mjcf_file_free(struct mjcf_file *file)
{
    for (int section = 0; section < MJCF_SECTIONS; section++)
        free_list(&file->section[section]);
    free(file->keyframe);
    free(file->name);
    *file = (struct mjcf_file){0};
}
