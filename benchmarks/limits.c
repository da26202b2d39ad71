/* Each limit is the best of short runs, repeated until the best is no chance hit: whatever disturbs a run
 * only makes it slower. */
#include "limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomics.h"
#include "error.h"
#include "kernels/kernels.h"
#include "memory.h"
#include "thread.h"

enum {
    PROBE_NS = 250000, /* one short run */
    PROBES = 3,        /* the best of which is what a probe tells */
    LEAST_RUNS = 12,   /* to find a best */
    MOST_RUNS = 200,
    LONGEST_NS = 200000000, /* that a best is looked for on a busy machine */
    AGREEING = 4,           /* runs near the best make it believed */
    BARRIER_NS = 1000000,   /* longer is not waited for others to begin */
    MOST_LIMITS = 128       /* kinds of them in one run of the program */
};
static const double near_best = 0.98;

static const char *const traffic_name[BENCH_TRAFFICS] = {"read", "write", "write_past", "copy", "update"};

struct known_limit {
    struct bench_limit limit;
    int64_t passes; /* that take PROBE_NS */
    double best;
};

struct bench_limits {
    struct bench_crew *crew;
    struct sac_machine_limits machine;
    double timer_ns;
    int levels;
    struct bench_level level[BENCH_MOST_LEVELS];
    float *memory[BENCH_MOST_WATCHED]; /* (threads) each written first by its own */
    size_t next[BENCH_MOST_WATCHED];   /* floats: where in memory the member's next pass begins */
    int known;
    struct known_limit limit[MOST_LIMITS];
};

const char *bench_traffic_name(enum bench_traffic traffic)
{
    return traffic_name[traffic];
}

/* ---- one short run ---- */

struct probe {
    struct bench_limits *limits;
    struct bench_limit limit;
    int64_t passes;
    double work[BENCH_MOST_WATCHED]; /* (threads) operations or bytes */
    uint64_t begin[BENCH_MOST_WATCHED], end[BENCH_MOST_WATCHED];
    /* members count themselves in and wait for the others; only timing hangs on it, no data: relaxed */
    _Alignas(SAC_CACHE_LINE) _Atomic int present;
};

/* One pass over floats x: its bytes. */
static double move(enum bench_traffic traffic, float *x, float *other, size_t n)
{
    const struct sac_kernels *kernels = sac_kernels();
    const double bytes = (double)(n * sizeof *x);
    switch (traffic) {
    case BENCH_READ:
        kernels->stream_read(x, n);
        return bytes;
    case BENCH_WRITE:
        kernels->stream_write(x, 1, n);
        return bytes;
    case BENCH_WRITE_PAST:
        kernels->stream_write_past(x, 1, n);
        return bytes;
    case BENCH_COPY:
        kernels->stream_copy(other, x, n);
        return 2 * bytes;
    default:
        kernels->stream_update(x, 1, n);
        return 2 * bytes;
    }
}

/* Passes through a level: a cache's whole part each time; memory from where the last pass ended. */
static double move_passes(struct probe *p, int member)
{
    struct bench_limits *l = p->limits;
    const struct bench_level *level = &l->level[p->limit.level];
    const bool copies = p->limit.traffic == BENCH_COPY;
    const size_t span = level->measured / sizeof(float) / (copies ? 2 : 1); /* floats of each array */
    const size_t most = BENCH_CHUNK / sizeof(float);
    const size_t n = level->bytes == 0 && span > most ? most : span;
    float *x = l->memory[member];
    double bytes = 0;
    size_t at = l->next[member];
    for (int64_t i = 0; i < p->passes; i++) {
        at = at + n <= span ? at : 0;
        bytes += move(p->limit.traffic, x + at, x + span + at, n);
        at += n;
    }
    if (level->bytes == 0)
        l->next[member] = at;
    return bytes;
}

static double multiply_add(int64_t rounds)
{
    float sink[2] = {0.999f, 1e-3f}; /* settles at 1: no denormal and no infinite numbers */
    return sac_kernels()->multiply_adds(sink, rounds);
}

/* Members begin together; one that does not come (too few CPUs) is not waited for. */
static void wait_for_all(struct probe *p)
{
    const uint64_t deadline = sac_time_ns() + BARRIER_NS;
    sac_add_relaxed(test, &p->present, 1);
    while (sac_load_relaxed(test, &p->present) < p->limit.threads && sac_time_ns() < deadline)
        ;
}

static void probe_member(void *context, int member)
{
    struct probe *p = context;
    wait_for_all(p);
    p->begin[member] = sac_time_ns();
    p->work[member] = p->limit.memory ? move_passes(p, member) : multiply_add(p->passes);
    p->end[member] = sac_time_ns();
}

/* Work per second from the first begin to the last end. */
static double run_probe(struct bench_limits *l, struct bench_limit limit, int64_t passes, uint64_t *ns)
{
    struct probe p = {.limits = l, .limit = limit, .passes = passes};
    bench_crew_run(l->crew, limit.threads, probe_member, &p);
    uint64_t begin = p.begin[0], end = p.end[0];
    double work = 0;
    for (int m = 0; m < limit.threads; m++) {
        begin = p.begin[m] < begin ? p.begin[m] : begin;
        end = p.end[m] > end ? p.end[m] : end;
        work += p.work[m];
    }
    *ns = end - begin + 1;
    return work / (double)*ns * 1e9;
}

/* ---- a limit ---- */

static bool is_same(struct bench_limit a, struct bench_limit b)
{
    return a.memory == b.memory && a.threads == b.threads &&
           (!a.memory || (a.level == b.level && a.traffic == b.traffic));
}

static int64_t calibrate(struct bench_limits *l, struct bench_limit limit)
{
    uint64_t ns;
    int64_t passes = 1;
    run_probe(l, limit, passes, &ns);
    for (run_probe(l, limit, passes, &ns); ns < PROBE_NS / 2; run_probe(l, limit, passes, &ns))
        passes *= 2;
    return passes;
}

static double find_best(struct bench_limits *l, struct bench_limit limit, int64_t passes)
{
    double rate[MOST_RUNS], best = 0;
    uint64_t ns;
    const uint64_t deadline = sac_time_ns() + LONGEST_NS;
    int runs = 0, agreeing = 0;
    while (runs < LEAST_RUNS || (runs < MOST_RUNS && agreeing < AGREEING && sac_time_ns() < deadline)) {
        rate[runs] = run_probe(l, limit, passes, &ns);
        best = rate[runs] > best ? rate[runs] : best;
        runs++;
        agreeing = 0;
        for (int i = 0; i < runs; i++)
            agreeing += rate[i] > near_best * best;
    }
    return best;
}

static struct known_limit *get_limit(struct bench_limits *l, struct bench_limit limit)
{
    for (int i = 0; i < l->known; i++) {
        if (is_same(l->limit[i].limit, limit))
            return &l->limit[i];
    }
    struct known_limit *known = &l->limit[l->known < MOST_LIMITS ? l->known++ : MOST_LIMITS - 1];
    *known = (struct known_limit){.limit = limit, .passes = calibrate(l, limit)};
    known->best = find_best(l, limit, known->passes);
    return known;
}

/* The one-core peak that is told with the machine is the best of both ways to it. */
static double keep_best(struct bench_limits *l, struct known_limit *known, double rate)
{
    known->best = rate > known->best ? rate : known->best;
    if (!known->limit.memory && known->limit.threads == 1)
        known->best = sac_machine_limits_raise(&l->machine, known->best);
    return known->best;
}

double bench_limits_best(struct bench_limits *limits, struct bench_limit limit)
{
    return keep_best(limits, get_limit(limits, limit), 0);
}

double bench_limits_probe(struct bench_limits *limits, struct bench_limit limit)
{
    struct known_limit *known = get_limit(limits, limit);
    double best = 0;
    uint64_t ns;
    for (int i = 0; i < PROBES; i++) {
        const double rate = run_probe(limits, limit, known->passes, &ns);
        best = rate > best ? rate : best;
    }
    keep_best(limits, known, best);
    return best;
}

double bench_limit_tolerance(const struct bench_limits *limits, struct bench_limit limit)
{
    if (!limit.memory)
        return 0.1;
    return limits->level[limit.level].shared || limits->level[limit.level].bytes == 0 ? 0.3 : 0.15;
}

void bench_limit_name(const struct bench_limits *limits, struct bench_limit limit, char *name, size_t size)
{
    char threads[32] = "";
    if (limit.threads > 1)
        snprintf(threads, sizeof threads, " x %d threads", limit.threads);
    if (limit.memory)
        snprintf(name, size, "%s %s bandwidth%s", limits->level[limit.level].name,
                 traffic_name[limit.traffic], threads);
    else
        snprintf(name, size, "fma %s%s", sac_kernels()->name, threads);
}

/* ---- which one bounds ---- */

/* The first level that holds the working set. */
static int level_of(const struct bench_limits *l, double working_set)
{
    int level = 0;
    while (level < l->levels - 1 && working_set > (double)l->level[level].bytes)
        level++;
    return level;
}

static struct bench_limit memory_limit(struct bench_limits *l, const struct bench_cost *cost)
{
    struct bench_limit limit = {true, level_of(l, cost->working_set), BENCH_READ, cost->threads};
    struct bench_limit other = limit;
    if (cost->bytes_written >= cost->bytes) {
        limit.traffic = BENCH_WRITE;
        other.traffic = BENCH_WRITE_PAST;
    } else if (cost->bytes_written > 0) {
        limit.traffic = BENCH_COPY;
        other.traffic = BENCH_UPDATE;
    }
    return bench_limits_best(l, other) > bench_limits_best(l, limit) ? other : limit;
}

bool bench_limits_bound(struct bench_limits *limits, const struct bench_cost *cost, struct bench_limit *limit,
                        double *per_call)
{
    const struct bench_limit fma = {.threads = cost->threads};
    double seconds = 0;
    if (cost->flops > 0) {
        *limit = fma;
        *per_call = cost->flops;
        seconds = cost->flops / bench_limits_best(limits, fma);
    }
    if (cost->bytes > 0) {
        const struct bench_limit memory = memory_limit(limits, cost);
        if (cost->bytes / bench_limits_best(limits, memory) > seconds) {
            *limit = memory;
            *per_call = cost->bytes;
        }
    }
    return cost->flops > 0 || cost->bytes > 0;
}

/* ---- all of them ---- */

static double measure_timer(void)
{
    enum { CALLS = 1000, RUNS = 20 };
    uint64_t least = UINT64_MAX;
    for (int run = 0; run < RUNS; run++) {
        const uint64_t start = sac_time_ns();
        for (int i = 1; i < CALLS; i++)
            sac_time_ns();
        const uint64_t ns = sac_time_ns() - start;
        least = ns < least ? ns : least;
    }
    return (double)least / CALLS;
}

static void touch(void *context, int member)
{
    struct bench_limits *l = context;
    if (l->memory[member] != NULL)
        sac_kernels()->stream_write(l->memory[member], 1, l->level[l->levels - 1].measured / sizeof(float));
}

static enum sac_status allocate(struct bench_limits *l)
{
    size_t most = 0;
    for (int i = 0; i < l->levels; i++)
        most = l->level[i].measured > most ? l->level[i].measured : most;
    l->level[l->levels - 1].measured = most;
    for (int m = 0; m < bench_crew_threads(l->crew); m++) {
        l->memory[m] = sac_allocate(most);
        if (l->memory[m] == NULL)
            return sac_fail(SAC_NOMEM, "no memory to measure bandwidth: %zu bytes for each of %d threads",
                            most, bench_crew_threads(l->crew));
    }
    return SAC_OK;
}

/* What is told with the machine, for one core and for all. */
static void measure_all(struct bench_limits *l)
{
    const int threads = bench_crew_threads(l->crew);
    for (int team = 1; team <= threads; team += threads > 1 ? threads - 1 : 1) {
        bench_limits_best(l, (struct bench_limit){.threads = team});
        for (int level = 0; level < l->levels; level++) {
            for (int t = 0; t < BENCH_TRAFFICS; t++)
                bench_limits_best(l, (struct bench_limit){true, level, (enum bench_traffic)t, team});
        }
    }
}

enum sac_status bench_limits_measure(struct bench_crew *crew, struct bench_limits **limits)
{
    struct bench_limits *l = calloc(1, sizeof *l);
    if (l == NULL)
        return sac_fail(SAC_NOMEM, "no memory to measure this machine");
    l->crew = crew;
    l->levels = bench_levels_find(bench_crew_pinned(crew) ? bench_crew_cpu(crew, 0) : 0,
                                  bench_crew_threads(crew), l->level);
    bench_crew_gather(crew);
    const enum sac_status status = allocate(l);
    if (status != SAC_OK) {
        bench_limits_destroy(l);
        return status;
    }
    bench_crew_run(crew, bench_crew_threads(crew), touch, l);
    sac_machine_limits_measure(&l->machine);
    l->timer_ns = measure_timer();
    measure_all(l);
    bench_crew_scatter(crew);
    *limits = l;
    return SAC_OK;
}

void bench_limits_destroy(struct bench_limits *limits)
{
    if (limits == NULL)
        return;
    for (int m = 0; m < BENCH_MOST_WATCHED; m++)
        sac_free(limits->memory[m]);
    free(limits);
}

int bench_limits_levels(const struct bench_limits *limits)
{
    return limits->levels;
}

const struct bench_level *bench_limits_level(const struct bench_limits *limits, int level)
{
    return &limits->level[level];
}

const struct sac_machine_limits *bench_limits_machine(const struct bench_limits *limits)
{
    return &limits->machine;
}

double bench_limits_timer_ns(const struct bench_limits *limits)
{
    return limits->timer_ns;
}
