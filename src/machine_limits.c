/* Peaks are the best of several short runs: whatever disturbs a run only makes it slower. */
#include "machine_limits.h"

#include <string.h>

#include "kernels/kernels.h"
#include "thread.h"

enum { RUNS = 64, RUN_NS = 500000 };

/* Operations per second of one run of `rounds`; *ns is how long it took. */
static double run(const struct sac_kernels *kernels, int64_t rounds, uint64_t *ns)
{
    float sink[2] = {0.999f, 1e-3f}; /* settles at 1: no denormal and no infinite numbers */
    const uint64_t start = sac_time_ns();
    const double operations = kernels->multiply_adds(sink, rounds);
    *ns = sac_time_ns() - start + 1;
    return operations / (double)*ns * 1e9;
}

static double measure(const struct sac_kernels *kernels)
{
    int64_t rounds = 1000;
    uint64_t ns;
    double best = run(kernels, rounds, &ns);
    while (ns < RUN_NS) {
        rounds *= 2;
        best = run(kernels, rounds, &ns);
    }
    for (int i = 0; i < RUNS; i++) {
        const double flops = run(kernels, rounds, &ns);
        best = flops > best ? flops : best;
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

double sac_machine_limits_peak(const struct sac_machine_limits *limits)
{
    for (int i = 0; i < limits->tables; i++) {
        if (strcmp(limits->peak[i].isa, sac_kernels()->name) == 0)
            return limits->peak[i].flops;
    }
    return 0;
}
