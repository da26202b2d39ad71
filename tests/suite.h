/* How every test program ends. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

/* Run the cases, the last of them NULL; CK_VERBOSITY says how much is printed. The program's exit status. */
static inline int suite_run(enum fork_status fork_status, const char *name, TCase *first, ...)
{
    Suite *suite = suite_create(name);
    va_list rest;
    va_start(rest, first);
    for (TCase *tcase = first; tcase != NULL; tcase = va_arg(rest, TCase *))
        suite_add_tcase(suite, tcase);
    va_end(rest);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, fork_status);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
