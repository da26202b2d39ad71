/* softac export: write a policy for other programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <softac/policy.h>

#include "../environment.h"
#include "../error.h"
#include "../policy.h"
#include "command.h"

struct format {
    const char *name;
    enum sac_status (*write)(const struct sac_policy *policy, const char *path);
};

static const struct format formats[] = {{"safetensors", sac_policy_export}};
#define FORMATS     (sizeof formats / sizeof *formats)
#define FORMAT_LIST "safetensors"

static const struct format *find_format(const char *name)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (!strcmp(formats[i].name, name))
            return &formats[i];
    return NULL;
}

static int refuse_format(const char *name)
{
    const char *names[FORMATS + 1] = {NULL};
    for (size_t i = 0; i < FORMATS; i++)
        names[i] = formats[i].name;
    const char *nearest = sac_nearest_name(name, names);
    if (nearest) {
        say("export", "--format %s: no such format; did you mean %s?", name, nearest);
        return EXIT_USAGE;
    }
    return say_usage("export", "--format %s: no such format; there is: " FORMAT_LIST, name);
}

/* The run's own file keeps the names that it was written with. */
static enum sac_status refuse_source(const char *word, const char *out)
{
    struct stat source, target;
    char *path = policy_path(word);
    if (!path)
        return sac_fail(SAC_NOMEM, "no memory for the policy's name");
    const bool same = stat(path, &source) == 0 && stat(out, &target) == 0 && source.st_dev == target.st_dev &&
                      source.st_ino == target.st_ino;
    free(path);
    return same ? sac_fail(SAC_INVALID, "--out %s: is the policy to export; name another file", out) : SAC_OK;
}

static enum sac_status export_policy(const char *word, const struct format *format, const char *out)
{
    struct sac_policy *policy = NULL;
    enum sac_status status = policy_load_word(word, &policy);
    if (!status)
        status = refuse_source(word, out);
    if (!status)
        status = format->write(policy, out);
    if (!status)
        say("export", "%s: %s, %d observations, %d actions", out, sac_policy_environment(policy),
            sac_policy_observation_size(policy), sac_policy_action_size(policy));
    sac_policy_destroy(policy);
    return status;
}

static int run(int argc, char **argv)
{
    const char *name = NULL, *out = NULL, *word;
    const struct option options[] = {
        {"--format", OPTION_TEXT, "FORMAT", &name,
         FORMAT_LIST ": for PyTorch, with Stable-Baselines3's names"},
        {"--out", OPTION_TEXT, "F", &out, "write this file; one that is there is replaced whole"},
        {0},
    };
    const struct usage usage = {
        .command = "export",
        .form = "DIR|POLICY --format FORMAT --out F",
        .text = "Write the policy of a run directory, or of a policy.safetensors file, for other programs.\n",
        .options = options,
    };
    int words;
    const int taken = arguments_take(&usage, argc, argv, &word, 1, &words);
    if (taken != ARGUMENTS_TAKEN)
        return taken;
    if (words != 1)
        return say_usage("export", "expected a run directory or a policy file");
    if (!name)
        return say_usage("export", "expected --format FORMAT; there is: " FORMAT_LIST);
    const struct format *format = find_format(name);
    if (!format)
        return refuse_format(name);
    if (!out)
        return say_usage("export", "expected --out F, the file to write");
    const enum sac_status status = export_policy(word, format, out);
    return status ? say_failure("export", status) : EXIT_DONE;
}

const struct command command_export = {"export", "write a policy for other programs", run};
