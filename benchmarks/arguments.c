/* Options and names in any order; a wrong one is named, with the nearest right one. */
#include "arguments.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disturbance.h"
#include "environment.h"

enum { MOST_THREADS = BENCH_MOST_WATCHED, MOST_SECONDS = 3600 };

void arguments_print_help(void)
{
    fputs("usage: softac-bench [NAME ...] [options]\n"
          "\n"
          "Runs the benchmarks whose names begin with a NAME, or all, beside the limits of this machine.\n"
          "\n"
          "options:\n"
          "  --list          print the names and end\n"
          "  --threads N     size of the learner's team in update, phase  (default 1)\n"
          "  --seconds S     timing per benchmark                      (default 2)\n"
          "  --json          JSON on stdout and nothing else\n"
          "  --markdown      tables in Markdown, at the end, and nothing else on stdout\n"
          "  --compare FILE  ratios to what --json wrote before; exit status 3: something is slower\n"
          "  --perf          count cycles, instructions and cache misses where the kernel offers them\n"
          "  --help          this text\n",
          stdout);
}

static int refuse(const char *format, ...)
{
    va_list arguments;
    fputs("softac-bench: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("; see softac-bench --help\n", stderr);
    return EXIT_USAGE;
}

/* ---- options ---- */

static int take_threads(struct arguments *a, const char *text)
{
    char *end;
    errno = 0;
    const long n = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || n < 1 || n > MOST_THREADS)
        return refuse("--threads %s: expected a whole number from 1 to %d", text, MOST_THREADS);
    a->options.threads = (int)n;
    return EXIT_DONE;
}

static int take_seconds(struct arguments *a, const char *text)
{
    char *end;
    const double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds > 0 && seconds <= MOST_SECONDS))
        return refuse("--seconds %s: expected a number above 0, up to %d", text, MOST_SECONDS);
    a->options.seconds = seconds;
    return EXIT_DONE;
}

static int take_compare(struct arguments *a, const char *text)
{
    if (*text == '\0')
        return refuse("--compare: expected FILE after it");
    a->compare = text;
    return EXIT_DONE;
}

static const struct option {
    const char *name;
    const char *argument; /* what it is called in sentences; NULL: a flag */
    int (*take)(struct arguments *a, const char *text);
    size_t flag; /* where it is in struct arguments */
} options[] = {
    {"--list", NULL, NULL, offsetof(struct arguments, list)},
    {"--json", NULL, NULL, offsetof(struct arguments, json)},
    {"--markdown", NULL, NULL, offsetof(struct arguments, markdown)},
    {"--perf", NULL, NULL, offsetof(struct arguments, perf)},
    {"--help", NULL, NULL, offsetof(struct arguments, help)},
    {"--threads", "N", take_threads, 0},
    {"--seconds", "S", take_seconds, 0},
    {"--compare", "FILE", take_compare, 0},
};
enum { OPTIONS = sizeof options / sizeof *options };

static int refuse_option(const char *word)
{
    const char *names[OPTIONS + 1] = {NULL};
    for (int i = 0; i < OPTIONS; i++)
        names[i] = options[i].name;
    const char *nearest = sac_nearest_name(word, names);
    if (nearest != NULL)
        return refuse("%s: no such option; did you mean %s?", word, nearest);
    return refuse("%s: no such option", word);
}

/* argv[*i] and the word that belongs to it, after it or after '='. */
static int take_option(struct arguments *a, int argc, const char **argv, int *i)
{
    const char *word = argv[*i];
    const size_t length = strcspn(word, "=");
    const bool attached = word[length] == '=';
    for (int o = 0; o < OPTIONS; o++) {
        const struct option *option = &options[o];
        if (strlen(option->name) != length || strncmp(option->name, word, length) != 0)
            continue;
        if (option->argument == NULL && attached)
            return refuse("%s: takes no value", option->name);
        if (option->argument == NULL) {
            *((bool *)((char *)a + option->flag)) = true;
            return EXIT_DONE;
        }
        if (!attached && *i + 1 == argc)
            return refuse("%s: expected %s after it", option->name, option->argument);
        return option->take(a, attached ? word + length + 1 : argv[++*i]);
    }
    return refuse_option(word);
}

int arguments_parse(int argc, const char **argv, struct arguments *a)
{
    *a = (struct arguments){.options = {.threads = 1, .seconds = 2}, .names = argv};
    int status = EXIT_DONE;
    for (int i = 1; i < argc && status == EXIT_DONE; i++) {
        if (argv[i][0] == '-')
            status = take_option(a, argc, argv, &i);
        else
            a->names[a->name_count++] = argv[i];
    }
    if (status == EXIT_DONE && a->list && a->compare != NULL)
        return refuse("--list runs nothing: leave out --compare");
    if (status == EXIT_DONE && a->markdown && (a->list || a->json || a->compare != NULL))
        return refuse("--markdown: leave out --list, --json and --compare");
    return status;
}

/* ---- names ---- */

static bool begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

bool arguments_want(const struct arguments *a, const char *name)
{
    bool any = a->name_count == 0;
    for (int i = 0; i < a->name_count; i++)
        any |= begins(name, a->names[i]);
    return any;
}

/* The nearest among whole names and their beginnings up to a '/'. */
static int refuse_name(const char *word, const struct benchmark *list, int count)
{
    enum { MOST_PARTS = 4 };
    static char part[BENCH_MOST * MOST_PARTS][sizeof list->name];
    const char *names[BENCH_MOST * MOST_PARTS + 1] = {NULL};
    int parts = 0;
    for (int i = 0; i < count; i++) {
        const char *slash = list[i].name;
        for (int depth = 0; slash != NULL && depth < MOST_PARTS; depth++) {
            slash = strchr(slash + (depth > 0), '/');
            const int length = slash != NULL ? (int)(slash - list[i].name) : (int)strlen(list[i].name);
            snprintf(part[parts], sizeof part[parts], "%.*s", length, list[i].name);
            names[parts] = part[parts];
            parts++;
        }
    }
    const char *nearest = sac_nearest_name(word, names);
    if (nearest != NULL)
        return refuse("%s: no benchmark's name begins so; did you mean %s?", word, nearest);
    return refuse("%s: no benchmark's name begins so; --list prints them", word);
}

int arguments_select(const struct arguments *a, struct benchmark *list, int *count)
{
    int kept = 0;
    for (int i = 0; i < a->name_count; i++) {
        bool any = false;
        for (int b = 0; b < *count; b++)
            any |= begins(list[b].name, a->names[i]);
        if (!any)
            return refuse_name(a->names[i], list, *count);
    }
    for (int b = 0; b < *count; b++) {
        if (arguments_want(a, list[b].name))
            list[kept++] = list[b];
    }
    *count = kept;
    return EXIT_DONE;
}
