/* The command line of softac-bench. */
#ifndef SAC_BENCH_ARGUMENTS_H
#define SAC_BENCH_ARGUMENTS_H

#include <stdbool.h>

#include "bench.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SLOWER = 3 };

struct arguments {
    struct bench_options options;
    bool list, json, markdown, perf, help;
    const char *compare; /* a file, or NULL */
    const char **names;  /* (name_count) prefixes, within argv */
    int name_count;
};

void arguments_print_help(void);

/* EXIT_DONE, or EXIT_USAGE after a sentence on stderr. Names are moved to the front of argv. */
int arguments_parse(int argc, const char **argv, struct arguments *arguments);

/* Keep those of the list that are asked for, in their order, *count of them then. EXIT_USAGE after a sentence
 * where a name fits none. */
int arguments_select(const struct arguments *arguments, struct benchmark *list, int *count);

/* Is a benchmark of that name asked for? */
bool arguments_want(const struct arguments *arguments, const char *name);

#endif
