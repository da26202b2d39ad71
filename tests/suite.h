/* How every test program ends. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <stdarg.h>
#include <stdlib.h>

/* Run `count` cases (TCase *); CK_VERBOSITY says how much is printed. The program's exit status. */
static inline int suite_run(enum fork_status fork_status, const char *name, int count, ...)
{
    Suite *suite = suite_create(name);
    va_list cases;
    va_start(cases, count);
    for (int i = 0; i < count; i++)
        suite_add_tcase(suite, va_arg(cases, TCase *));
    va_end(cases);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, fork_status);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
