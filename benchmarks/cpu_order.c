#include "cpu_order.h"

#include <stdlib.h>

#include "error.h"
#include "topology.h"

/* Cores of one speed stay in the order in which they lie side by side. */
static int compare_cores(const void *a, const void *b)
{
    const struct sac_core *x = *(const struct sac_core *const *)a, *y = *(const struct sac_core *const *)b;
    return x->speed != y->speed ? (x->speed < y->speed) - (x->speed > y->speed)
                                : (x->first > y->first) - (x->first < y->first);
}

enum sac_status bench_cpu_order(const struct sac_topology *machine, int *cpu)
{
    const struct sac_core **core = malloc((size_t)machine->cores * sizeof *core);
    if (core == NULL)
        return sac_fail(SAC_NOMEM, "no memory to put %d cores in order", machine->cores);
    for (int c = 0; c < machine->cores; c++)
        core[c] = &machine->core[c];
    qsort(core, (size_t)machine->cores, sizeof(const struct sac_core *), compare_cores);
    int count = 0;
    for (int sibling = 0; count < machine->cpus; sibling++)
        for (int c = 0; c < machine->cores; c++)
            if (sibling < core[c]->count)
                cpu[count++] = machine->cpu[core[c]->first + sibling];
    free(core);
    return SAC_OK;
}

enum sac_status bench_cpus_read(int **cpu, int *count)
{
    struct sac_topology *machine;
    enum sac_status status = sac_topology_read(&machine);
    if (status != SAC_OK)
        return status;
    *count = machine->cpus;
    *cpu = malloc((size_t)machine->cpus * sizeof **cpu);
    status = *cpu != NULL ? bench_cpu_order(machine, *cpu)
                          : sac_fail(SAC_NOMEM, "no memory for the numbers of %d CPUs", machine->cpus);
    sac_topology_destroy(machine);
    if (status != SAC_OK)
        free(*cpu);
    return status;
}
