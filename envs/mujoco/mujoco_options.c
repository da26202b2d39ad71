#include "mujoco_options.h"

#include "../envs.h"
#include "environment.h"
#include "real_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_OPTIONS = 32, LONGEST_NAME = 64, LONGEST_NUMBER = 64 };

static const char model_dir[] = "model_dir=";

const char *mujoco_options_model_dir(const char *const *options)
{
    const char *directory = NULL;
    for (; options && *options; options++)
        if (strncmp(*options, model_dir, strlen(model_dir)) == 0)
            directory = *options + strlen(model_dir);
    return directory;
}

static bool set_count(const char *text, void *field)
{
    double number;
    if (!sac_real_parse(text, &number) || number < 1 || number > 1000 || number != floor(number))
        return false;
    *(int32_t *)field = (int32_t)number;
    return true;
}

static bool set_number(const char *text, double least, void *field)
{
    double number;
    if (!sac_real_parse(text, &number) || number < least)
        return false;
    *(double *)field = number;
    return true;
}

/* One end of a range; "inf" and "-inf" leave it open. */
static bool read_end(const char *text, double *end)
{
    const bool below = strcmp(text, "-inf") == 0;
    if (!below && strcmp(text, "inf") != 0)
        return sac_real_parse(text, end);
    *end = below ? -HUGE_VAL : HUGE_VAL;
    return true;
}

static bool set_range(const char *text, void *field)
{
    char low[LONGEST_NUMBER + 1];
    struct mujoco_range range;
    const size_t length = strcspn(text, ",");
    if (!text[length] || length > LONGEST_NUMBER)
        return false;
    memcpy(low, text, length);
    low[length] = '\0';
    if (!read_end(low, &range.low) || !read_end(text + length + 1, &range.high) || range.low > range.high)
        return false;
    *(struct mujoco_range *)field = range;
    return true;
}

static bool set_flag(const char *text, void *field)
{
    *(bool *)field = strcmp(text, "true") == 0;
    return *(bool *)field || strcmp(text, "false") == 0;
}

static bool set_word(const char *text, void *field)
{
    char *word = field;
    const size_t size = sizeof((struct mujoco_settings *)NULL)->main_body, length = strlen(text);
    if (length == 0 || length >= size)
        return false;
    memcpy(word, text, length + 1);
    return true;
}

static bool set(const struct mujoco_option *option, const char *text, struct mujoco_settings *settings)
{
    void *field = (char *)settings + option->offset;
    switch (option->kind) {
    case MUJOCO_COUNT_OPTION:
        return set_count(text, field);
    case MUJOCO_NUMBER_OPTION:
        return set_number(text, -HUGE_VAL, field);
    case MUJOCO_SCALE_OPTION:
        return set_number(text, 0, field);
    case MUJOCO_RANGE_OPTION:
        return set_range(text, field);
    case MUJOCO_FLAG_OPTION:
        return set_flag(text, field);
    case MUJOCO_WORD_OPTION:
        return set_word(text, field);
    }
    return false;
}

static int refuse_name(const struct mujoco_option *table, const char *name, const char *option, char *error)
{
    const char *names[MOST_OPTIONS + 2] = {"model_dir"};
    for (int i = 0; i < MOST_OPTIONS && table[i].name; i++)
        names[i + 1] = table[i].name;
    const char *nearest = sac_nearest_name(name, names);
    char list[MOST_OPTIONS * LONGEST_NAME] = "";
    if (nearest)
        return sac_env_fail(error, "unknown option '%.200s'; did you mean %s?", option, nearest);
    for (int i = 0; names[i]; i++) {
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", names[i]);
    }
    return sac_env_fail(error, "unknown option '%.60s'; there are %s", option, list);
}

static int refuse_value(const struct mujoco_option *option, const char *text, char *error)
{
    static const char *const expected[] = {
        [MUJOCO_COUNT_OPTION] = "a whole number from 1 to 1000",
        [MUJOCO_NUMBER_OPTION] = "a finite number",
        [MUJOCO_SCALE_OPTION] = "a finite number, 0 or more",
        [MUJOCO_RANGE_OPTION] = "LOW,HIGH with LOW <= HIGH; -inf and inf are allowed",
        [MUJOCO_FLAG_OPTION] = "true or false",
        [MUJOCO_WORD_OPTION] = "a word of at most 63 bytes",
    };
    return sac_env_fail(error, "option %s=%.200s: expected %s; the default is %s", option->name, text,
                        expected[option->kind], option->otherwise);
}

static int take(const struct mujoco_option *table, const char *option, struct mujoco_settings *settings,
                char *error)
{
    char name[LONGEST_NAME + 1];
    const size_t length = strcspn(option, "=");
    if (strncmp(option, model_dir, strlen(model_dir)) == 0)
        return 0;
    snprintf(name, sizeof name, "%.*s", (int)length, option);
    const struct mujoco_option *known = table;
    while (known->name && strcmp(known->name, name) != 0)
        known++;
    if (!known->name || !option[length])
        return refuse_name(table, name, option, error);
    return set(known, option + length + 1, settings) ? 0 : refuse_value(known, option + length + 1, error);
}

int mujoco_options_read(const struct mujoco_option *table, const char *const *options,
                        struct mujoco_settings *settings, char *error)
{
    *settings = (struct mujoco_settings){0};
    for (const struct mujoco_option *option = table; option->name; option++)
        set(option, option->otherwise, settings);
    for (; options && *options; options++)
        if (take(table, *options, settings, error))
            return 1;
    return 0;
}
