/* Judging and gathering. The kernel counts ready-but-not-running time in nanoseconds (schedstat), but stolen
 * time and other processes' time in ticks: these count only when they exceed what rounding to ticks can
 * feign. */
#include "disturbance.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "machine_load.h"
#include "thread.h"

static const double least_loss = 0.02;     /* of a run's time: less does not matter */
static const double most_preemptions = 10; /* a second; counts where waiting is not known */
static const double rounding = 0.02;       /* seconds: two ticks of 10 ms */

static const char *const cause_name[BENCH_CAUSES] = {"waited", "stolen", "others", "slowed"};

const char *bench_cause_name(int index)
{
    return cause_name[index];
}

/* Comparisons with NaN are false: what is not known disturbs nothing. */
unsigned bench_disturbance(const struct bench_observation *seen)
{
    unsigned causes = 0;
    const double loss = least_loss * seen->wall, loss_on_all = loss * seen->cpus + rounding;
    if (seen->waited > loss || seen->wall - seen->cpu > loss)
        causes |= BENCH_WAITED;
    if (isnan(seen->waited) && seen->preemptions > 1 + most_preemptions * seen->wall)
        causes |= BENCH_WAITED;
    if (seen->stolen > loss_on_all)
        causes |= BENCH_STOLEN;
    if (seen->others > loss_on_all)
        causes |= BENCH_OTHERS;
    if (seen->probe < 1 - seen->probe_tolerance)
        causes |= BENCH_SLOWED;
    return causes;
}

/* fmax passes over NaN. */
double bench_loss(const struct bench_observation *seen)
{
    const double on_all = seen->wall * seen->cpus;
    const double waited = fmax(seen->waited, seen->wall - seen->cpu) / seen->wall;
    const double taken = fmax(seen->stolen, seen->others) / on_all;
    return fmax(fmax(waited, taken), fmax(1 - seen->probe, 0));
}

/* ---- gathering ---- */

static double read_clock(clockid_t clock)
{
    struct timespec now;
    return clock_gettime(clock, &now) == 0 ? (double)now.tv_sec + 1e-9 * (double)now.tv_nsec : NAN;
}

/* Seconds that a thread of this process was ready but did not run. */
static double read_waited(int thread)
{
    char path[64];
    unsigned long long ran, waited;
    snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", thread);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NAN;
    const bool told = fscanf(file, "%llu %llu", &ran, &waited) == 2;
    fclose(file);
    return told ? 1e-9 * (double)waited : NAN;
}

static double read_preemptions(int thread)
{
    char path[64], line[256];
    double count = NAN;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NAN;
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long long n;
        if (sscanf(line, "nonvoluntary_ctxt_switches: %llu", &n) == 1)
            count = (double)n;
    }
    fclose(file);
    return count;
}

static bool is_watched(const struct bench_watch *watch, int cpu)
{
    for (int i = 0; i < watch->cpus; i++) {
        if (watch->cpu[i] == cpu)
            return true;
    }
    return false;
}

static void read_cpus(const struct bench_watch *watch, double *busy, double *stolen)
{
    char line[512];
    struct sac_cpu_time time;
    FILE *file = fopen("/proc/stat", "re");
    *busy = *stolen = file == NULL ? NAN : 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (!sac_cpu_time_parse(line, &time) || !is_watched(watch, time.cpu))
            continue;
        *busy += time.busy + time.niced;
        *stolen += time.stolen;
    }
    if (file != NULL)
        fclose(file);
}

void bench_watch_read(const struct bench_watch *watch, struct bench_moment *moment)
{
    moment->preemptions = 0;
    for (int t = 0; t < watch->threads; t++) {
        moment->waited[t] = read_waited(watch->thread[t]);
        moment->preemptions += read_preemptions(watch->thread[t]);
    }
    read_cpus(watch, &moment->busy, &moment->stolen);
    moment->process_cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    moment->cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
    moment->wall = 1e-9 * (double)sac_time_ns();
}

struct bench_observation bench_observe(const struct bench_watch *watch, const struct bench_moment *before,
                                       const struct bench_moment *after)
{
    struct bench_observation seen = {
        .wall = after->wall - before->wall,
        .cpu = watch->leader_works ? after->cpu - before->cpu : NAN,
        .waited = watch->threads > 0 ? 0 : NAN,
        .preemptions = after->preemptions - before->preemptions,
        .cpus = watch->cpus,
        .stolen = after->stolen - before->stolen,
        .others = after->busy - before->busy - (after->process_cpu - before->process_cpu),
        .probe = NAN,
    };
    for (int t = 0; t < watch->threads; t++) {
        const double waited = after->waited[t] - before->waited[t];
        seen.waited = isnan(waited) || waited > seen.waited ? waited : seen.waited;
    }
    return seen;
}
