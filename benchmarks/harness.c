/* One turn of a benchmark is: pin, probe its limit, run, probe again. What the machine itself loses meanwhile
 * shows in the probes as in the run; what something else takes shows in the kernel's counts. Either way the
 * run is set aside and another one made, up to a bound. */
#include "harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "memory_limit.h"
#include "statistics.h"
#include "thread.h"
#include "unit.h"

enum {
    MOST_MEMBERS = 32, /* of a group */
    WANTED_RUNS = 15,
    LEAST_RUNS = 3 /* undisturbed ones, to count alone */
};

/* Seconds: a short run is more often left alone. */
static const double longest_run = 0.05;

/* Times the seconds asked for that disturbed runs may prolong a benchmark to. */
static const double patience = 2;

struct member {
    const struct benchmark *benchmark;
    struct bench_result *result;
    void *state;
    struct bench_limit limit; /* its own, or what tells whether the machine is as fast as ever */
    double limit_per_call;    /* 0: has none of its own */
    struct bench_watch watch;
    int64_t calls; /* a run */
    double elapsed;
    /* all runs */
    double value[BENCH_MOST_RUNS], limit_value[BENCH_MOST_RUNS];
    unsigned causes[BENCH_MOST_RUNS];
    double loss[BENCH_MOST_RUNS];
    struct sac_perf_counts perf[BENCH_MOST_RUNS];
};

void bench_result_destroy(struct bench_result *result)
{
    if (result != NULL)
        json_decref(result->table);
}

/* ---- preparing ---- */

/* Length of GROUP/SUBJECT. */
static size_t subject_length(const char *name)
{
    const size_t group = strcspn(name, "/");
    return name[group] == '\0' ? group : group + 1 + strcspn(name + group + 1, "/");
}

static bool goes_with(const struct benchmark *a, const struct benchmark *b)
{
    const char *one = a->turns != NULL ? a->turns : a->name, *other = b->turns != NULL ? b->turns : b->name;
    const size_t length = subject_length(one);
    return length == subject_length(other) && strncmp(one, other, length) == 0;
}

static double seconds_of(struct member *m, int64_t calls)
{
    const uint64_t start = sac_time_ns();
    m->benchmark->run(m->state, calls);
    return 1e-9 * (double)(sac_time_ns() - start + 1);
}

/* Warm-up, too: calls are doubled until they take a good part of a run. */
static void calibrate(struct member *m, double run_seconds)
{
    m->calls = 1;
    double seconds = seconds_of(m, m->calls);
    while (seconds < run_seconds / 4) {
        m->calls *= 2;
        seconds = seconds_of(m, m->calls);
    }
    const double wanted = (double)m->calls * run_seconds / seconds;
    m->calls = wanted > 1 ? (int64_t)wanted : 1;
}

static void describe(struct bench_harness *h, struct member *m)
{
    struct bench_result *r = m->result;
    r->cost = (struct bench_cost){.threads = 1};
    m->benchmark->describe(m->state, &r->cost);
    m->limit = (struct bench_limit){.threads = r->cost.threads};
    r->limited = bench_limits_bound(h->limits, &r->cost, &m->limit, &m->limit_per_call);
    bench_limit_name(h->limits, m->limit, r->limit, sizeof r->limit);
    if (m->benchmark->table != NULL)
        r->table = m->benchmark->table(m->state);
    bench_crew_watch(h->crew, m->benchmark->own_threads ? 0 : r->cost.threads, &m->watch);
}

/* Its threads where it wants them. */
static void place(struct bench_harness *h, const struct member *m)
{
    bench_crew_gather(h->crew);
    if (m->benchmark->own_threads)
        bench_crew_scatter(h->crew);
}

static enum sac_status prepare(struct bench_harness *h, struct member *m)
{
    /* Memory is first touched on the cores that will use it, and a team sees as many CPUs as it has members.
     */
    bench_crew_gather(h->crew);
    if (m->benchmark->own_threads)
        bench_crew_scatter(h->crew);
    else
        bench_crew_surround(h->crew);
    const enum sac_status status = bench_open(m->benchmark, &h->options, &m->state);
    if (status != SAC_OK)
        return status;
    place(h, m);
    calibrate(m, fmin(h->options.seconds / WANTED_RUNS, longest_run));
    bench_crew_gather(h->crew);
    describe(h, m);
    return SAC_OK;
}

/* ---- running ---- */

static void keep_run(struct bench_harness *h, struct member *m, struct bench_observation *seen,
                     const double probe[2])
{
    struct bench_result *r = m->result;
    const int i = r->attempts++;
    const double best = bench_limits_best(h->limits, m->limit);
    seen->probe = fmin(probe[0], probe[1]) / best;
    seen->probe_tolerance = bench_limit_tolerance(h->limits, m->limit);
    m->causes[i] = bench_disturbance(seen);
    m->loss[i] = bench_loss(seen);
    const double units = r->cost.units * (double)m->calls;
    m->value[i] = m->benchmark->value != NULL ? m->benchmark->value(m->state)
                                              : bench_unit_value(m->benchmark->unit, units, seen->wall);
    if (r->limited) {
        const double seconds = m->limit_per_call * (double)m->calls / ((probe[0] + probe[1]) / 2);
        m->limit_value[i] = bench_unit_value(m->benchmark->unit, units, seconds);
    }
    m->elapsed += seen->wall;
}

static void run_once(struct bench_harness *h, struct member *m)
{
    static struct bench_moment before, after;
    struct sac_perf_counts counts = {{0}};
    double probe[2];
    bench_crew_gather(h->crew);
    probe[0] = bench_limits_probe(h->limits, m->limit);
    place(h, m);
    if (h->counters != NULL)
        counts = sac_perf_read(h->counters);
    bench_watch_read(&m->watch, &before);
    m->benchmark->run(m->state, m->calls);
    bench_watch_read(&m->watch, &after);
    if (h->counters != NULL)
        m->perf[m->result->attempts] = sac_perf_between(counts, sac_perf_read(h->counters));
    bench_crew_gather(h->crew);
    probe[1] = bench_limits_probe(h->limits, m->limit);
    struct bench_observation seen = bench_observe(&m->watch, &before, &after);
    keep_run(h, m, &seen, probe);
}

static int count_undisturbed(const struct member *m)
{
    int count = 0;
    for (int i = 0; i < m->result->attempts; i++)
        count += m->causes[i] == 0;
    return count;
}

static bool is_done(const struct bench_harness *h, const struct member *m)
{
    const double seconds = h->options.seconds;
    return m->result->attempts >= BENCH_MOST_RUNS ||
           (m->elapsed >= seconds && count_undisturbed(m) >= WANTED_RUNS) ||
           (m->elapsed >= patience * seconds && m->result->attempts >= LEAST_RUNS);
}

static void take_turns(struct bench_harness *h, struct member *member, int members)
{
    for (bool all_done = false; !all_done;) {
        all_done = true;
        for (int i = 0; i < members; i++) {
            if (!is_done(h, &member[i])) {
                run_once(h, &member[i]);
                all_done = false;
            }
        }
    }
}

/* ---- what came out ---- */

/* Where too few runs were undisturbed, those count that lost least: a choice by what was taken from them, not
 * by what they reached. */
static double most_loss(const struct member *m)
{
    const int attempts = m->result->attempts;
    const int wanted = attempts / 4 > LEAST_RUNS ? attempts / 4 : LEAST_RUNS;
    return bench_quantile(m->loss, attempts, (wanted - 1.0) / (attempts - 1.0));
}

static void select_runs(struct member *m)
{
    struct bench_result *r = m->result;
    const int undisturbed = count_undisturbed(m);
    r->disturbed = r->attempts - undisturbed;
    r->noisy = undisturbed < LEAST_RUNS;
    const double allowed = most_loss(m) * (1 + 1e-9);
    for (int i = 0; i < r->attempts; i++) {
        r->causes |= m->causes[i];
        if (r->noisy ? m->loss[i] > allowed : m->causes[i] != 0)
            continue;
        r->sample[r->runs] = m->value[i];
        r->limit_sample[r->runs] = m->limit_value[i];
        m->perf[r->runs++] = m->perf[i];
    }
}

static void summarise(struct member *m)
{
    struct bench_result *r = m->result;
    double fraction[BENCH_MOST_RUNS];
    const bool rate = bench_unit_is_rate(m->benchmark->unit);
    r->median = bench_median(r->sample, r->runs);
    r->min = bench_quantile(r->sample, r->runs, 0);
    r->low_quartile = bench_quantile(r->sample, r->runs, 0.25);
    r->high_quartile = bench_quantile(r->sample, r->runs, 0.75);
    r->max = bench_quantile(r->sample, r->runs, 1);
    if (!r->limited)
        return;
    for (int i = 0; i < r->runs; i++)
        fraction[i] = rate ? r->sample[i] / r->limit_sample[i] : r->limit_sample[i] / r->sample[i];
    r->fraction = bench_median(fraction, r->runs);
    r->limit_value = bench_median(r->limit_sample, r->runs);
}

static void average_counts(const struct bench_harness *h, struct member *m)
{
    struct bench_result *r = m->result;
    r->counted = h->counters != NULL;
    if (!r->counted)
        return;
    r->perf = m->perf[0];
    for (int i = 1; i < r->runs; i++)
        r->perf = sac_perf_sum(r->perf, m->perf[i]);
    for (int e = 0; e < SAC_PERF_EVENTS; e++)
        r->perf.count[e] /= (double)m->calls * r->cost.units * r->runs;
}

static enum sac_status finish(const struct bench_harness *h, struct member *member, int members)
{
    for (int i = 0; i < members; i++) {
        struct member *m = &member[i];
        select_runs(m);
        summarise(m);
        average_counts(h, m);
        const enum sac_status status = m->benchmark->check != NULL ? m->benchmark->check(m->state) : SAC_OK;
        if (status != SAC_OK)
            return status;
    }
    return SAC_OK;
}

/* ---- groups ---- */

/* As many of the list as go together and leave as much memory free as the largest of them has taken. */
static enum sac_status gather(struct bench_harness *h, const struct benchmark *list, int count,
                              struct member *member, struct bench_result *result, int *members)
{
    uint64_t largest = 0, available = sac_memory_available();
    while (*members < count && *members < MOST_MEMBERS && goes_with(&list[0], &list[*members]) &&
           (*members == 0 || available > 2 * largest)) {
        struct member *m = &member[*members];
        m->benchmark = &list[*members];
        m->result = &result[(*members)++];
        *m->result = (struct bench_result){0};
        const enum sac_status status = prepare(h, m);
        if (status != SAC_OK)
            return status;
        const uint64_t left = sac_memory_available();
        largest = left < available && available - left > largest ? available - left : largest;
        available = left;
    }
    return SAC_OK;
}

enum sac_status bench_group_run(struct bench_harness *harness, const struct benchmark *list, int count,
                                struct bench_result *result, int *ran)
{
    struct member *member = calloc(MOST_MEMBERS, sizeof *member);
    if (member == NULL)
        return sac_fail(SAC_NOMEM, "no memory to run %s", list[0].name);
    *ran = 0;
    enum sac_status status = gather(harness, list, count, member, result, ran);
    if (status == SAC_OK) {
        take_turns(harness, member, *ran);
        status = finish(harness, member, *ran);
    }
    for (int i = 0; i < *ran; i++) {
        bench_close(member[i].benchmark, member[i].state);
        if (status != SAC_OK)
            bench_result_destroy(&result[i]);
    }
    free(member);
    bench_crew_scatter(harness->crew);
    return status;
}
