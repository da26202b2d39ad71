/* The calling thread's last sentence. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char last_error[1024];

const char *sac_last_error(void)
{
    return last_error;
}

enum sac_status sac_fail(enum sac_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    return status;
}

const char *sac_status_name(enum sac_status status)
{
    static const char *const names[] = {
        [SAC_OK] = "SAC_OK",           [SAC_INVALID] = "SAC_INVALID", [SAC_NOMEM] = "SAC_NOMEM",
        [SAC_IO] = "SAC_IO",           [SAC_FORMAT] = "SAC_FORMAT",   [SAC_ENV] = "SAC_ENV",
        [SAC_BACKEND] = "SAC_BACKEND", [SAC_STATE] = "SAC_STATE",     [SAC_STOPPED] = "SAC_STOPPED",
    };
    return (unsigned)status < sizeof names / sizeof *names ? names[status] : "unknown status";
}
