/* Assertions in two strengths. SAC_ASSERT is cheap and always on; SAC_ASSERT_SLOW walks data and is on
 * in --enable-debug builds. */
#ifndef SAC_ASSERTION_H
#define SAC_ASSERTION_H

#include <stdio.h>
#include <stdlib.h>

#define SAC_ASSERT(condition)                                                                                \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "softac: internal error: %s:%d: %s does not hold; please report this\n",         \
                    __FILE__, __LINE__, #condition);                                                         \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#ifdef SAC_DEBUG
#define SAC_ASSERT_SLOW(condition) SAC_ASSERT(condition)
#else
#define SAC_ASSERT_SLOW(condition) ((void)0)
#endif

#endif
