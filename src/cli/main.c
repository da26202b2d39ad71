/* softac: from words on a command line to one call of a command. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../crash_guard.h"
#include "../environment.h"
#include "../topology.h"
#include "command.h"

static const struct command *const commands[] = {
    &command_train, &command_eval, &command_export, &command_rollout,
    &command_envs,  &command_info, &command_tune,
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
    const char *names[COMMANDS + 1] = {NULL}, *const options[] = {"--help", "--version", NULL};
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i]->name;
    return word[0] == '-' ? say_nearest("", word, "option", sac_nearest_name(word, options))
                          : say_nearest("", word, "command", sac_nearest_name(word, names));
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    const bool help = !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h");
    const bool version = !strcmp(argv[1], "--version");
    if ((help || version) && argc > 2)
        return say_usage("", "%s: one word too many behind %s", argv[2], argv[1]);
    if (help)
        print_usage(stdout);
    if (version)
        puts("softac " PACKAGE_VERSION);
    if (help || version)
        return EXIT_DONE;
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(argv[1], commands[i]->name))
            return commands[i]->run(argc - 1, argv + 1);
    return refuse_command(argv[1]);
}

/* A descriptor that is closed would go to the next file that is opened, and what is printed would end up in
 * there. Standard output is opened so that writing to it fails, and is told. */
static void fill_closed_descriptors(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) >= 0)
            continue;
        const int opened = open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY);
        if (opened != descriptor)
            exit(EXIT_FAILED);
    }
}

/* Data that did not arrive (a full disk) is a failure, too. */
int main(int argc, char **argv)
{
    fill_closed_descriptors();
    sac_crash_guard_install();
    sac_topology_prepare_program();
    const int status = run(argc, argv);
    errno = 0;
    if (fflush(stdout) || ferror(stdout)) {
        say("", "standard output cannot be written%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
        return status ? status : EXIT_FAILED;
    }
    return status;
}
