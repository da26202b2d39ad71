/* What the machine can do at most, measured: multiply-adds, bandwidth of each level of memory, the clock. */
#ifndef SAC_LIMITS_H
#define SAC_LIMITS_H

#include "bench.h"
#include "crew.h"
#include "levels.h"
#include "machine_limits.h"

/* How memory is used. */
enum bench_traffic {
    BENCH_READ,
    BENCH_WRITE,
    BENCH_WRITE_PAST, /* past the caches */
    BENCH_COPY,       /* from one place to another; as many bytes read as written, both counted */
    BENCH_UPDATE,     /* in place; the same */
    BENCH_TRAFFICS
};
const char *bench_traffic_name(enum bench_traffic traffic); /* "read" */

/* One thing that the machine does at a limited rate. */
struct bench_limit {
    bool memory; /* else multiply-adds */
    int level;   /* memory only */
    enum bench_traffic traffic;
    int threads; /* that do it at once, each on a core of its own */
};

struct bench_limits;

/* Takes about a second. The crew is used as long as the limits are; it must be gathered
 * where something is measured. */
enum sac_status bench_limits_measure(struct bench_crew *crew, struct bench_limits **limits);
void bench_limits_destroy(struct bench_limits *limits); /* takes NULL */

int bench_limits_levels(const struct bench_limits *limits);
const struct bench_level *bench_limits_level(const struct bench_limits *limits, int level);
const struct sac_machine_limits *bench_limits_machine(const struct bench_limits *limits);
double bench_limits_timer_ns(const struct bench_limits *limits); /* of one sac_time_ns */

/* The best that was ever seen, in operations or bytes per second over all threads; measured at first use,
 * and here already for one thread and for all. */
double bench_limits_best(struct bench_limits *limits, struct bench_limit limit);
/* How fast it goes now: under a millisecond on each core. */
double bench_limits_probe(struct bench_limits *limits, struct bench_limit limit);

/* Which limit bounds work of that cost, and how much of what it limits one call needs. false: neither. */
bool bench_limits_bound(struct bench_limits *limits, const struct bench_cost *cost, struct bench_limit *limit,
                        double *per_call);

/* "fma avx2 x 2 threads", "L2 read bandwidth" */
void bench_limit_name(const struct bench_limits *limits, struct bench_limit limit, char *name, size_t size);

/* How far below its best a probe may be by itself. */
double bench_limit_tolerance(const struct bench_limits *limits, struct bench_limit limit);

#endif
