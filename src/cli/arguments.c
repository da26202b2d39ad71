/* Command lines by table. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../environment.h"
#include "../error.h"
#include "command.h"

#define MOST_OPTIONS 32

void say(const char *command, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "softac %s: ", command);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

int say_usage(const char *command, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "softac %s: ", command);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "; see softac %s --help\n", command);
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

static int refuse_option(const struct usage *usage, const char *word)
{
    const char *names[MOST_OPTIONS + 2] = {"--help"};
    for (int i = 0; i < MOST_OPTIONS && usage->options[i].name; i++)
        names[i + 1] = usage->options[i].name;
    const char *nearest = sac_nearest_name(word, names);
    if (nearest)
        return say_usage(usage->command, "%s: no such option; did you mean %s?", word, nearest);
    return say_usage(usage->command, "%s: no such option", word);
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
        if (!whole || number < 1 || number > 1000000)
            return say_usage(usage->command, "%s %s: expected a whole number from 1 to 1000000", option->name,
                             word);
        *(int *)option->value = (int)number;
        return ARGUMENTS_TAKEN;
    case OPTION_SEED:
        if (!whole)
            return say_usage(usage->command, "%s %s: expected a whole number from 0 to 18446744073709551615",
                             option->name, word);
        *(uint64_t *)option->value = number;
        return ARGUMENTS_TAKEN;
    }
    return EXIT_USAGE;
}

/* The option at argv[*i], as "--name word" or "--name=word". */
static int take_option(const struct usage *usage, int argc, char **argv, int *i)
{
    const char *word = argv[*i];
    const size_t length = strcspn(word, "=");
    const bool attached = word[length] == '=';
    for (const struct option *option = usage->options; option->name; option++) {
        if (strlen(option->name) != length || strncmp(option->name, word, length))
            continue;
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

int arguments_take(const struct usage *usage, int argc, char **argv, const char **words, int most, int *count)
{
    bool options = true; /* until "--" */
    *count = 0;
    for (int i = 1; i < argc; i++)
        if (options && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))) {
            print_help(usage);
            return EXIT_DONE;
        } else if (options && !strcmp(argv[i], "--")) {
            options = false;
        } else if (options && argv[i][0] == '-' && argv[i][1]) {
            const int status = take_option(usage, argc, argv, &i);
            if (status != ARGUMENTS_TAKEN)
                return status;
        } else if (*count == most) {
            return say_usage(usage->command, "%s: one word too many", argv[i]);
        } else {
            words[(*count)++] = argv[i];
        }
    return ARGUMENTS_TAKEN;
}

enum sac_status env_options_make(struct env_options *options, const char *model_directory)
{
    *options = (struct env_options){{NULL, NULL}, NULL};
    if (!model_directory)
        return SAC_OK;
    if (asprintf(&options->text, "model_dir=%s", model_directory) < 0) {
        options->text = NULL;
        return sac_fail(SAC_NOMEM, "no memory for the environment's options");
    }
    options->list[0] = options->text;
    return SAC_OK;
}

void env_options_free(struct env_options *options)
{
    free(options->text);
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
    const enum sac_status status =
        path ? sac_policy_load(path, policy) : sac_fail(SAC_NOMEM, "no memory for the policy's name");
    free(path);
    return status;
}
