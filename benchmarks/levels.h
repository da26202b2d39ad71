/* The levels of memory of this machine. */
#ifndef SAC_LEVELS_H
#define SAC_LEVELS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    BENCH_MOST_LEVELS = 5,
    BENCH_STEP = 128,     /* floats: what the stream kernels go by */
    BENCH_CHUNK = 1 << 20 /* bytes of memory that a pass goes through */
};

/* The caches of one core, smallest first, and memory as the last. */
struct bench_level {
    char name[16];   /* "L1", "memory" */
    size_t bytes;    /* its size; 0: memory */
    size_t measured; /* bytes that one core touches again and again to measure it */
    bool shared;     /* by more cores than one */
};

/* Those of `cpu` for that many threads at once; returns how many. Sizes to measure are multiples of 2
 * BENCH_STEP floats, memory's of 2 BENCH_CHUNK bytes. */
int bench_levels_find(int cpu, int threads, struct bench_level level[BENCH_MOST_LEVELS]);

#endif
