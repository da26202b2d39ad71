/* Peaks are the best of many short runs: whatever disturbs a run only makes it slower. There are enough runs
 * when several agree with the best. */
#include "machine_limits.h"

#include <string.h>

#include "kernels/kernels.h"
#include "thread.h"

enum { LEAST_RUNS = 64, MOST_RUNS = 600, AGREEING = 8, RUN_NS = 500000 };
static const double near_best = 0.99;

/* Operations per second of one run of `rounds`; *ns is how long it took. */
static double run(const struct sac_kernels *kernels, int64_t rounds, uint64_t *ns)
{
    float sink[2] = {0.999f, 1e-3f}; /* settles at 1: no denormal and no infinite numbers */
    const uint64_t start = sac_time_ns();
    const double operations = kernels->multiply_adds(sink, rounds);
    *ns = sac_time_ns() - start + 1;
    return operations / (double)*ns * 1e9;
}

/* Rounds that take RUN_NS or more; the CPU has reached its full clock by then. */
static int64_t calibrate(const struct sac_kernels *kernels)
{
    int64_t rounds = 1000;
    uint64_t ns;
    for (run(kernels, rounds, &ns); ns < RUN_NS; run(kernels, rounds, &ns))
        rounds *= 2;
    return rounds;
}

static double measure(const struct sac_kernels *kernels)
{
    const int64_t rounds = calibrate(kernels);
    double flops[MOST_RUNS], best = 0;
    uint64_t ns;
    int runs = 0, agreeing = 0;
    while (runs < MOST_RUNS && (runs < LEAST_RUNS || agreeing < AGREEING)) {
        flops[runs] = run(kernels, rounds, &ns);
        best = flops[runs] > best ? flops[runs] : best;
        runs++;
        agreeing = 0;
        for (int i = 0; i < runs; i++)
            agreeing += flops[i] > near_best * best;
    }
    return best;
}

void sac_machine_limits_measure(struct sac_machine_limits *limits)
{
    const struct sac_kernels *table[4];
    limits->tables = sac_kernels_available(table);
    for (int i = 0; i < limits->tables; i++) {
        limits->peak[i].isa = table[i]->name;
        limits->peak[i].flops = measure(table[i]);
    }
}

static int index_in_use(const struct sac_machine_limits *limits)
{
    int i = limits->tables - 1;
    while (i > 0 && strcmp(limits->peak[i].isa, sac_kernels()->name) != 0)
        i--;
    return i;
}

double sac_machine_limits_peak(const struct sac_machine_limits *limits)
{
    return limits->peak[index_in_use(limits)].flops;
}

double sac_machine_limits_raise(struct sac_machine_limits *limits, double flops)
{
    double *peak = &limits->peak[index_in_use(limits)].flops;
    *peak = flops > *peak ? flops : *peak;
    return *peak;
}
