/* Command lines by table. */
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../environment.h"
#include "../error.h"
#include "../settings.h"
#include "command.h"

#define MOST_OPTIONS 32

/* One line, whatever words from outside stand in it. */
static void print_sentence(const char *command, const char *format, va_list arguments, const char *end)
{
    char *text;
    if (vasprintf(&text, format, arguments) < 0)
        return;
    sac_sentence_tidy(text);
    fprintf(stderr, "softac%s%s: %s%s\n", *command ? " " : "", command, text, end);
    free(text);
}

void say(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_sentence(command, format, arguments, "");
    va_end(arguments);
}

int say_usage(const char *command, const char *format, ...)
{
    char help[64];
    va_list arguments;
    snprintf(help, sizeof help, "; see softac%s%s --help", *command ? " " : "", command);
    va_start(arguments, format);
    print_sentence(command, format, arguments, help);
    va_end(arguments);
    return EXIT_USAGE;
}

int say_nearest(const char *command, const char *word, const char *what, const char *nearest)
{
    if (!nearest)
        return say_usage(command, "%s: no such %s", *word ? word : "''", what);
    say(command, "%s: no such %s; did you mean %s?", word, what, nearest);
    return EXIT_USAGE;
}

int say_failure(const char *command, enum sac_status status)
{
    say(command, "%s", sac_last_error());
    return status == SAC_INVALID ? EXIT_USAGE : EXIT_FAILED;
}

static void print_help(const struct usage *usage)
{
    printf("usage: softac %s %s [options]\n\n%s\noptions:\n", usage->command, usage->form, usage->text);
    for (const struct option *option = usage->options; option->name; option++) {
        char form[64];
        snprintf(form, sizeof form, "%s %s", option->name, option->argument ? option->argument : "");
        printf("  %-22s %s\n", form, option->help);
    }
    printf("  %-22s %s\n", "--help", "this text");
    char *more = usage->more ? usage->more() : NULL;
    if (more)
        printf("\n%s", more);
    free(more);
}

/* "--batch-size" for the setting batch_size? */
static bool is_setting(const char *word, char *key, size_t size)
{
    snprintf(key, size, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    for (char *c = key; *c; c++)
        *c = *c == '-' ? '_' : *c;
    return sac_settings_find(key) == SAC_OK;
}

static int refuse_option(const struct usage *usage, const char *word)
{
    const char *names[MOST_OPTIONS + 2] = {"--help"};
    char name[64], key[64];
    for (int i = 0; i < MOST_OPTIONS && usage->options[i].name; i++)
        names[i + 1] = usage->options[i].name;
    if (usage->takes_settings && !strncmp(word, "--", 2) && is_setting(word, key, sizeof key)) {
        say(usage->command, "%s: no such option; %s is a setting: write %s=VALUE", word, key, key);
        return EXIT_USAGE;
    }
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    return say_nearest(usage->command, word, "option", sac_nearest_name(name, names));
}

static bool is_whole(const char *word, unsigned long long *number)
{
    errno = 0;
    *number = strtoull(word, NULL, 10);
    return *word && strspn(word, "0123456789") == strlen(word) && errno == 0;
}

static int take_value(const struct usage *usage, const struct option *option, const char *word)
{
    unsigned long long number;
    const bool whole = is_whole(word, &number);
    const unsigned long long least = option->kind == OPTION_SECONDS ? 0 : 1;
    const unsigned long long most = option->kind == OPTION_FEW ? 256 : 1000000;
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)option->value = true;
        return ARGUMENTS_TAKEN;
    case OPTION_TEXT:
        if (!*word)
            return say_usage(usage->command, "%s: expected %s after it", option->name, option->argument);
        *(const char **)option->value = word;
        return ARGUMENTS_TAKEN;
    case OPTION_COUNT:
    case OPTION_FEW:
    case OPTION_SECONDS:
        if (!whole || number < least || number > most)
            return say_usage(usage->command, "%s %s: expected a whole number from %llu to %llu", option->name,
                             *word ? word : "''", least, most);
        *(int *)option->value = (int)number;
        return ARGUMENTS_TAKEN;
    case OPTION_SEED:
        if (!whole)
            return say_usage(usage->command, "%s %s: expected a whole number from 0 to 18446744073709551615",
                             option->name, *word ? word : "''");
        *(uint64_t *)option->value = number;
        return ARGUMENTS_TAKEN;
    }
    return EXIT_USAGE;
}

/* The option at argv[*i], as "--name word" or "--name=word". `given`: by its place in the table. */
static int take_option(const struct usage *usage, int argc, char **argv, int *i, bool *given)
{
    const char *word = argv[*i];
    const size_t length = strcspn(word, "=");
    const bool attached = word[length] == '=';
    for (const struct option *option = usage->options; option->name; option++) {
        if (strlen(option->name) != length || strncmp(option->name, word, length))
            continue;
        bool *before = &given[option - usage->options];
        if (*before)
            return say_usage(usage->command, "%s: given a second time; give it once", option->name);
        *before = true;
        if (option->kind == OPTION_FLAG)
            return attached ? say_usage(usage->command, "%s: takes no value", option->name)
                            : take_value(usage, option, "");
        if (attached)
            return take_value(usage, option, word + length + 1);
        if (*i + 1 == argc)
            return say_usage(usage->command, "%s: expected %s after it", option->name, option->argument);
        return take_value(usage, option, argv[++*i]);
    }
    return refuse_option(usage, word);
}

static int refuse_unprintable(const struct usage *usage, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!sac_is_printable(argv[i]))
            return say_usage(usage->command, "%s: expected UTF-8 without control characters", argv[i]);
    return ARGUMENTS_TAKEN;
}

int arguments_take(const struct usage *usage, int argc, char **argv, const char **words, int most, int *count)
{
    bool options = true; /* until "--" */
    bool given[MOST_OPTIONS] = {false};
    int status = refuse_unprintable(usage, argc, argv);
    *count = 0;
    for (int i = 1; i < argc && status == ARGUMENTS_TAKEN; i++)
        if (options && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))) {
            print_help(usage);
            return EXIT_DONE;
        } else if (options && !strcmp(argv[i], "--")) {
            options = false;
        } else if (options && argv[i][0] == '-' && argv[i][1]) {
            status = take_option(usage, argc, argv, &i, given);
        } else if (*count == most) {
            status = say_usage(usage->command, "%s: one word too many", *argv[i] ? argv[i] : "''");
        } else {
            words[(*count)++] = argv[i];
        }
    return status;
}

int arguments_check_env_words(const char *command, const char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        if (strncmp(words[i], "env.", 4) != 0)
            return say_usage(command, "%s: one word too many; options of the environment are env.NAME=VALUE",
                             *words[i] ? words[i] : "''");
    return ARGUMENTS_TAKEN;
}

enum sac_status env_options_add(struct env_options *options, const char *name, const char *value)
{
    if (!value)
        return SAC_OK;
    if (options->count == MOST_ENV_OPTIONS)
        return sac_fail(SAC_INVALID, "more than %d options of the environment", MOST_ENV_OPTIONS);
    char **text = &options->text[options->count];
    if (asprintf(text, "%s=%s", name, value) < 0) {
        *text = NULL;
        return sac_fail(SAC_NOMEM, "no memory for the environment's options");
    }
    options->list[options->count++] = *text;
    return SAC_OK;
}

static enum sac_status check_gym_words(const char *id, const struct env_words *words)
{
    if (!words->gym_module && !words->gym_kwargs)
        return SAC_OK;
    if (!id || strncmp(id, "gym:", 4) != 0)
        return sac_fail(SAC_INVALID, "%s is for an environment gym:ID, not for %s",
                        words->gym_module ? "--gym-module" : "--gym-kwargs", id ? id : "all of them");
    json_t *kwargs = words->gym_kwargs ? json_loads(words->gym_kwargs, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const bool right = !words->gym_kwargs || json_is_object(kwargs);
    json_decref(kwargs);
    return right ? SAC_OK
                 : sac_fail(SAC_INVALID,
                            "--gym-kwargs %s: expected a JSON object, such as '{\"frame_skip\": 2}'",
                            words->gym_kwargs);
}

enum sac_status env_options_make(struct env_options *options, const char *id, const struct env_words *words)
{
    *options = (struct env_options){.count = 0};
    enum sac_status status = check_gym_words(id, words);
    if (!status)
        status = env_options_add(options, "gym_id", id && !strncmp(id, "gym:", 4) ? id + 4 : NULL);
    if (!status)
        status = env_options_add(options, "mjcf_model", id && !strncmp(id, "mjcf:", 5) ? id + 5 : NULL);
    if (!status)
        status = env_options_add(options, "gym_module", words->gym_module);
    if (!status)
        status = env_options_add(options, "gym_kwargs", words->gym_kwargs);
    if (!status)
        status = env_options_add(options, "model_dir", words->model_directory);
    return status;
}

void env_options_free(struct env_options *options)
{
    for (int i = 0; i < options->count; i++)
        free(options->text[i]);
}

char *policy_path(const char *word)
{
    struct stat status;
    const bool directory = stat(word, &status) == 0 && S_ISDIR(status.st_mode);
    char *path;
    return asprintf(&path, directory ? "%s/policy.safetensors" : "%s", word) < 0 ? NULL : path;
}

enum sac_status policy_load_word(const char *word, struct sac_policy **policy)
{
    char *path = policy_path(word);
    enum sac_status status = SAC_OK;
    if (!path)
        status = sac_fail(SAC_NOMEM, "no memory for the policy's name");
    else if (access(path, F_OK) && errno == ENOENT)
        status = sac_fail(SAC_IO,
                          "%s: there is no such file; name the directory of a run that softac train has "
                          "ended, or a policy file",
                          path);
    else
        status = sac_policy_load(path, policy);
    free(path);
    return status;
}
