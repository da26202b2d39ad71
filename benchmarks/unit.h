/* Units: a rate such as "updates/s", of which more is better, or a time, "ns", "us", "ms" or "s", or a share,
 * "%", of which less is. */
#ifndef SAC_UNIT_H
#define SAC_UNIT_H

#include <stdbool.h>

bool bench_unit_is_rate(const char *unit);

/* So many units of work in so many seconds, in that unit; not for shares. */
double bench_unit_value(const char *unit, double units, double seconds);

#endif
