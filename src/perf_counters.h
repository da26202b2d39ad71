/* Hardware events of threads (cycles, instructions, cache misses in user code), counted by the kernel. */
#ifndef SAC_PERF_COUNTERS_H
#define SAC_PERF_COUNTERS_H

#include <stdbool.h>

enum sac_perf_event {
    SAC_PERF_CYCLES,
    SAC_PERF_INSTRUCTIONS,
    SAC_PERF_L1D_MISSES,   /* reads that the first level of cache did not hold */
    SAC_PERF_CACHE_MISSES, /* as the kernel defines it: of the last level on Intel, of the second on AMD Zen
                            */
    SAC_PERF_EVENTS
};

/* Belongs to the thread that opened it. */
struct sac_perf_counters {
    int file[SAC_PERF_EVENTS]; /* -1: the kernel does not offer this one here */
    char reason[256];          /* why the first of those is missing, with a remedy; "": all are counted */
};

/* Events so far. Scaled up where the CPU's counters had to be shared; NaN: not counted. */
struct sac_perf_counts {
    double count[SAC_PERF_EVENTS];
};

/* Count events of the calling thread and of all threads that it starts from now on. Never fails: what the
 * kernel does not offer is not counted, and `reason` says so. */
void sac_perf_open(struct sac_perf_counters *counters);
struct sac_perf_counts sac_perf_read(const struct sac_perf_counters *counters);
void sac_perf_close(struct sac_perf_counters *counters);

struct sac_perf_counts sac_perf_none(void); /* everything is missing */

/* What was counted between two reads; the sum of two threads. */
struct sac_perf_counts sac_perf_between(struct sac_perf_counts before, struct sac_perf_counts after);
struct sac_perf_counts sac_perf_sum(struct sac_perf_counts a, struct sac_perf_counts b);

bool sac_perf_any(const struct sac_perf_counts *counts);    /* was anything counted? */
const char *sac_perf_event_name(enum sac_perf_event event); /* "l1d_misses" */

#endif
