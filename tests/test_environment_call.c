/* Which call a thread is in, as another sees it: looks are counted, so nothing here depends on time. */
#include <check.h>
#include <string.h>

#include "environment_call.h"
#include "error.h"
#include "suite.h"

enum { PATIENCE = 3 };

static struct sac_calls calls;
static const struct sac_call_place place = {.whose = "Mine-v0",
                                            .function = "step()",
                                            .when = "at",
                                            .steps = 12,
                                            .part = " of the evaluation",
                                            .first_environment = 4,
                                            .environments = 2};

static void begin(void)
{
    memset(&calls, 0, sizeof calls);
    sac_calls_note(&calls);
}

static void look_often(void *argument)
{
    int *found = argument;
    for (int i = 0; i < 2 * PATIENCE; i++)
        *found += sac_calls_look(&calls, PATIENCE);
}

/* The same call at the first look and at PATIENCE more: found from there on, and named. */
START_TEST(a_call_that_stays_is_found)
{
    int found = 0;
    begin();
    sac_environment_call(&place, look_often, &found);
    ck_assert_int_eq(found, PATIENCE);
    ck_assert_int_eq(sac_calls_fail(&calls), SAC_ENV);
    ck_assert_ptr_nonnull(strstr(sac_last_error(),
                                 "Mine-v0, environments 4 to 5 of the evaluation: step() at step "
                                 "12 has not come back for 5 s"));
    ck_assert(!sac_calls_look(&calls, PATIENCE)); /* it has come back */
}
END_TEST

static void look_once(void *argument)
{
    int *found = argument;
    *found += sac_calls_look(&calls, PATIENCE);
}

/* Busy threads are never found: each look meets another call, or none. */
START_TEST(calls_that_change_are_not)
{
    int found = 0;
    begin();
    for (int i = 0; i < 10 * PATIENCE; i++)
        sac_environment_call(&place, look_once, &found);
    for (int i = 0; i < 10 * PATIENCE; i++)
        look_once(&found);
    ck_assert_int_eq(found, 0);
}
END_TEST

static void look_few(void *argument)
{
    int *found = argument;
    for (int i = 0; i < PATIENCE; i++)
        look_once(found);
}

/* Looks at one call do not count for the next, however alike. */
START_TEST(patience_begins_anew)
{
    int found = 0;
    begin();
    for (int i = 0; i < 10; i++)
        sac_environment_call(&place, look_few, &found);
    ck_assert_int_eq(found, 0);
}
END_TEST

/* A thread whose calls nobody notes is let alone. */
START_TEST(calls_may_go_unnoted)
{
    int found = 0;
    begin();
    sac_calls_note(NULL);
    sac_environment_call(&place, look_often, &found);
    ck_assert_int_eq(found, 0);
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("calls");
    tcase_add_test(all, a_call_that_stays_is_found);
    tcase_add_test(all, calls_that_change_are_not);
    tcase_add_test(all, patience_begins_anew);
    tcase_add_test(all, calls_may_go_unnoted);
    return suite_run(CK_NOFORK, "environment calls", 1, all);
}
