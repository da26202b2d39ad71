/* softac: from words on a command line to one call of a command. */
#include <stdio.h>
#include <string.h>

#include "../environment.h"
#include "command.h"

static const struct command *const commands[] = {
    &command_train, &command_eval, &command_export, &command_rollout, &command_envs, &command_info,
};
#define COMMANDS (sizeof commands / sizeof *commands)

static void print_usage(FILE *stream)
{
    fputs("Soft actor-critic on the cores of this machine.\n\nusage: softac COMMAND ...\n\n", stream);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(stream, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nsoftac COMMAND --help tells more; softac --version tells the version.\n"
          "Exit status: 0 done, 1 failed, 2 wrong usage, 128 + n ended by signal n.\n",
          stream);
}

static int refuse_command(const char *word)
{
    const char *names[COMMANDS + 1] = {NULL};
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i]->name;
    const char *nearest = sac_nearest_name(word, names);
    fprintf(stderr, "softac: %s: no such command; ", word);
    if (nearest)
        fprintf(stderr, "did you mean %s?\n", nearest);
    else
        fputs("softac --help lists them\n", stderr);
    return EXIT_USAGE;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        print_usage(stdout);
        return EXIT_DONE;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("softac " PACKAGE_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(argv[1], commands[i]->name))
            return commands[i]->run(argc - 1, argv + 1);
    return refuse_command(argv[1]);
}

/* Data that did not arrive (a full disk) is a failure, too. */
int main(int argc, char **argv)
{
    const int status = run(argc, argv);
    if (fflush(stdout) || ferror(stdout)) {
        perror("softac: writing to standard output");
        return status ? status : EXIT_FAILED;
    }
    return status;
}
