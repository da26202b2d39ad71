#include "unit.h"

#include <string.h>

bool bench_unit_is_rate(const char *unit)
{
    const size_t length = strlen(unit);
    return length >= 2 && strcmp(unit + length - 2, "/s") == 0;
}

double bench_unit_value(const char *unit, double units, double seconds)
{
    if (bench_unit_is_rate(unit))
        return units / seconds;
    const double scale = strcmp(unit, "ns") == 0   ? 1e9
                         : strcmp(unit, "us") == 0 ? 1e6
                         : strcmp(unit, "ms") == 0 ? 1e3
                                                   : 1;
    return scale * seconds / units;
}
