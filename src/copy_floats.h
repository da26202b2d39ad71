/* memcpy for the short rows of floats that steps and batches are made of: a call would cost more than the
 * copy. */
#ifndef SAC_COPY_FLOATS_H
#define SAC_COPY_FLOATS_H

#include <string.h>

static inline __attribute__((always_inline)) void sac_copy_floats(float *to, const float *from, int n)
{
    for (; n >= 8; n -= 8, to += 8, from += 8)
        memcpy(to, from, 8 * sizeof *to);
    if (n & 4) {
        memcpy(to, from, 4 * sizeof *to);
        to += 4;
        from += 4;
    }
    if (n & 2) {
        memcpy(to, from, 2 * sizeof *to);
        to += 2;
        from += 2;
    }
    if (n & 1)
        *to = *from;
}

#endif
