/* Was a run alone on its cores? Told from what the kernel counted meanwhile, and from how fast the machine's
 * limit could be reached just before and after. */
#ifndef SAC_DISTURBANCE_H
#define SAC_DISTURBANCE_H

#include <stdbool.h>

/* What was seen during one run. NaN: not known here. */
struct bench_observation {
    double wall;        /* seconds it took */
    double cpu;         /* CPU seconds of its thread; NaN where that may sleep by its own will */
    double waited;      /* seconds a thread of it was ready and did not run: the most of any */
    double preemptions; /* times a thread of it was put aside: the sum */
    int cpus;           /* CPUs watched: those it is pinned to and their siblings */
    double stolen,
        others;   /* CPU seconds taken on those by the hypervisor; by other processes and the kernel */
    double probe; /* the limit's probe, the lower of before and after, as a share of its best */
    double probe_tolerance; /* how far the probe may stay below 1 by itself */
};

enum {
    BENCH_WAITED = 1, /* something else ran on its core */
    BENCH_STOLEN = 2, /* the hypervisor ran something else */
    BENCH_OTHERS = 4, /* other processes were busy on these cores or on their siblings */
    BENCH_SLOWED = 8, /* the machine itself was slower than it can be */
    BENCH_CAUSES = 4  /* how many kinds */
};

/* A set of the above; 0: undisturbed. A pure function. */
unsigned bench_disturbance(const struct bench_observation *seen);

/* The greatest share of its time or speed that any of these took. */
double bench_loss(const struct bench_observation *seen);

/* "waited", "stolen", "others", "slowed": of bit 1 << index. */
const char *bench_cause_name(int index);

/* ---- gathering ---- */

enum { BENCH_MOST_WATCHED = 256 };

/* Whom to watch. */
struct bench_watch {
    int threads;
    int thread[BENCH_MOST_WATCHED]; /* kernel ids; [0] is the leader */
    int cpus;
    int cpu[BENCH_MOST_WATCHED];
    bool leader_works; /* it never sleeps by its own will */
};

/* Counters at one moment. */
struct bench_moment {
    double wall, cpu, process_cpu; /* seconds */
    double waited[BENCH_MOST_WATCHED];
    double preemptions;
    double stolen, busy; /* CPU seconds of the watched CPUs so far */
};

void bench_watch_read(const struct bench_watch *watch, struct bench_moment *moment);

/* What happened between two moments; the probe is the caller's to add. */
struct bench_observation bench_observe(const struct bench_watch *watch, const struct bench_moment *before,
                                       const struct bench_moment *after);

#endif
