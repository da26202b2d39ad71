#include "real_text.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A host may have set a locale with a decimal comma. */
static locale_t enter_c_locale(void)
{
    const locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    return c ? uselocale(c) : (locale_t)0;
}

static void leave_c_locale(locale_t before)
{
    if (before)
        freelocale(uselocale(before));
}

bool sac_real_parse(const char *text, double *number)
{
    if (!*text || strspn(text, "+-.0123456789eE") != strlen(text))
        return false;
    char *end;
    const locale_t before = enter_c_locale();
    errno = 0;
    *number = strtod(text, &end);
    const bool exact = errno == 0;
    leave_c_locale(before);
    return !*end && exact && isfinite(*number) && fpclassify(*number) != FP_SUBNORMAL;
}

void sac_real_show(double number, char *text, size_t size)
{
    const locale_t before = enter_c_locale();
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    leave_c_locale(before);
}
