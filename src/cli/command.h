/* The program's commands: what each offers to main.c, and what they share. */
#ifndef SAC_COMMAND_H
#define SAC_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include <softac/policy.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;
    const char *summary; /* one line of `softac --help` */
    /* argv[0] is the command's name. Returns the exit status. */
    int (*run)(int argc, char **argv);
};

extern const struct command command_train, command_eval, command_export, command_rollout, command_envs,
    command_info, command_tune;

/* --- arguments: one table of options per command drives parsing and help --- */

enum option_kind {
    OPTION_FLAG,    /* bool *: set when given */
    OPTION_TEXT,    /* const char **: the word that follows, or after '=' */
    OPTION_COUNT,   /* int *: a whole number from 1 to 1000000 */
    OPTION_FEW,     /* int *: a whole number from 1 to 256 */
    OPTION_SECONDS, /* int *: a whole number from 0 to 1000000 */
    OPTION_SEED     /* uint64_t * */
};

struct option {
    const char *name; /* "--seed" */
    enum option_kind kind;
    const char *argument; /* what help calls its word: "S"; NULL for a flag */
    void *value;          /* by kind; stays as it was when the option is not given */
    const char *help;
};

struct usage {
    const char *command;          /* "train" */
    const char *form;             /* "ENV [key=value ...]": what stands before the options */
    const char *text;             /* a paragraph about it, ending in a newline */
    const struct option *options; /* name = NULL at the end; --help is understood besides */
    char *(*more)(void);          /* malloc'ed text behind the options, or NULL; itself NULL: none */
    bool takes_settings;          /* key=value words */
};

enum { ARGUMENTS_TAKEN = -1 };

/* Sort argv into options and up to `most` positional words, *count of them. ARGUMENTS_TAKEN, or the status to
 * exit with: help was asked for and printed, or the arguments are wrong and a sentence said so. */
int arguments_take(const struct usage *usage, int argc, char **argv, const char **words, int most,
                   int *count);

/* ARGUMENTS_TAKEN if all (count) words are env.NAME=VALUE; else a sentence said of one that it is too many.
 */
int arguments_check_env_words(const char *command, const char *const *words, int count);

/* --- saying things: all on stderr, one line each, behind "softac COMMAND: " ("softac: " if it is "") --- */

void say(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A usage error; says where help is and returns EXIT_USAGE. */
int say_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "WORD: no such WHAT", with the nearest name or, if that is NULL, where help is. Returns EXIT_USAGE. */
int say_nearest(const char *command, const char *word, const char *what, const char *nearest);
/* The library's last sentence; returns the exit status for it: EXIT_USAGE for SAC_INVALID, else EXIT_FAILED.
 */
int say_failure(const char *command, enum sac_status status);

/* What the command line says of how to make an environment; NULL: nothing. */
struct env_words {
    const char *model_directory, *gym_module, *gym_kwargs;
};
/* The options that every command with environments has. */
#define ENV_OPTIONS(words)                                                                                   \
    {"--model-dir", OPTION_TEXT, "DIR", &(words).model_directory,                                            \
     "where the environment's model files are"},                                                             \
        {"--gym-module", OPTION_TEXT, "M", &(words).gym_module, "Python module that registers gym:ID"},      \
    {                                                                                                        \
        "--gym-kwargs", OPTION_TEXT, "JSON", &(words).gym_kwargs, "keyword arguments of gymnasium.make"      \
    }

/* "name=value" as environments take it; env_options_free when done. `id`: the environment's. */
enum { MOST_ENV_OPTIONS = 64, MOST_WORDS = 256 /* of a command */ };
struct env_options {
    const char *list[MOST_ENV_OPTIONS + 1]; /* NULL at the end */
    char *text[MOST_ENV_OPTIONS];
    int count;
};
enum sac_status env_options_make(struct env_options *options, const char *id, const struct env_words *words);
/* value NULL: nothing to add. */
enum sac_status env_options_add(struct env_options *options, const char *name, const char *value);
void env_options_free(struct env_options *options);

/* For every command that calls environments: end the process, with a sentence, once a call that the calling
 * thread makes has not come back for so many seconds (0: never). */
void watchdog_start(const char *command, int seconds);
#define ENV_TIMEOUT_HELP "give up an environment that hangs for S seconds, 0: never [60]"

/* DIR|POLICY: a run directory stands for the policy in it. malloc'ed; NULL: no memory. */
char *policy_path(const char *word);
enum sac_status policy_load_word(const char *word, struct sac_policy **policy);

#endif
