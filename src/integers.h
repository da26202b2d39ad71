/* The lesser and the greater of two whole numbers. */
#ifndef SAC_INTEGERS_H
#define SAC_INTEGERS_H

static inline int sac_least(int a, int b)
{
    return a < b ? a : b;
}

static inline int sac_most(int a, int b)
{
    return a > b ? a : b;
}

#endif
