#include "envs.h"

#include <stdarg.h>
#include <stdio.h>

int sac_env_fail(char *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, SAC_ENV_ERROR_SIZE, format, arguments);
    va_end(arguments);
    return 1;
}
