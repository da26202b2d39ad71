/* Real numbers as text, with a decimal point whatever the host's locale. */
#ifndef SAC_REAL_TEXT_H
#define SAC_REAL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Plain decimal text only: strtod alone would take "inf", "nan" and hexadecimal too. What is too large for a
 * double, or so small that digits are lost (1e-999 would be 0), is not taken either. */
bool sac_real_parse(const char *text, double *number);

/* The shortest text that reads back as the same number. */
void sac_real_show(double number, char *text, size_t size);

#endif
