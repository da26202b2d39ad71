/* What must happen before a program's libraries wake up. In the programs alone: a library has no such moment.
 *
 * An OpenMP runtime reads its environment variables as it is loaded, before main. The learner's team has a
 * size and a place of its own (--learner-threads, --pin); variables meant for another program would bind all
 * our threads to one core, make the team smaller, or give its members stacks too small to work on. So these
 * are taken out before the runtime looks. Those that only set defaults or print something stay. */
#include <stddef.h>

static const char *const harmful[] = {
    "OMP_PROC_BIND=",     "OMP_PLACES=",      "GOMP_CPU_AFFINITY=", "KMP_AFFINITY=",
    "KMP_PLACE_THREADS=", "KMP_HW_SUBSET=",   "OMP_THREAD_LIMIT=",  "KMP_DEVICE_THREAD_LIMIT=",
    "KMP_ALL_THREADS=",   "KMP_MAX_THREADS=", "KMP_LIBRARY=",       "OMP_STACKSIZE=",
    "GOMP_STACKSIZE=",    "KMP_STACKSIZE=",
};

/* Before the sanitizers' own start, too. */
#define UNINSTRUMENTED                                                                                       \
    __attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined")))

UNINSTRUMENTED static int begins(const char *text, const char *beginning)
{
    while (*beginning && *text == *beginning) {
        text++;
        beginning++;
    }
    return !*beginning;
}

UNINSTRUMENTED static int is_harmful(const char *variable)
{
    for (size_t i = 0; i < sizeof harmful / sizeof *harmful; i++)
        if (begins(variable, harmful[i]))
            return 1;
    return 0;
}

UNINSTRUMENTED static void drop_harmful_variables(int argc, char **argv, char **environment)
{
    (void)argc;
    (void)argv;
    char **kept = environment;
    for (char **variable = environment; *variable; variable++)
        if (!is_harmful(*variable))
            *kept++ = *variable;
    *kept = NULL;
}

__attribute__((section(".preinit_array"),
               used)) static void (*const before_libraries)(int, char **, char **) = drop_harmful_variables;
