/* One winner among failing threads. */
#include "first_error.h"

#include <stdio.h>

#include "error.h"

void sac_first_error_keep(struct sac_first_error *error, enum sac_status status)
{
    if (sac_add_relaxed(error_taken, &error->taken, 1u) != 0)
        return;
    error->status = status;
    snprintf(error->text, sizeof error->text, "%s", sac_last_error());
}

enum sac_status sac_first_error_take(const struct sac_first_error *error)
{
    return error->status == SAC_OK ? SAC_OK : sac_fail(error->status, "%s", error->text);
}
