/* The first error of any thread of a run: it is kept, later ones are dropped. */
#ifndef SAC_FIRST_ERROR_H
#define SAC_FIRST_ERROR_H

#include <softac/status.h>

#include "atomics.h"

struct sac_first_error {
    /* written by: the first thread that fails; relaxed: it only picks one winner */
    _Atomic uint32_t taken;
    /* written by: the winner; read by: main after joining it */
    enum sac_status status;
    char text[1024];
};

/* Keep `status` and the calling thread's sac_last_error(), if it is the first. */
void sac_first_error_keep(struct sac_first_error *error, enum sac_status status);
/* Main, after all threads are joined that may have kept it: the status, with its sentence in
 * sac_last_error(). SAC_OK if there was none. */
enum sac_status sac_first_error_take(const struct sac_first_error *error);

#endif
