/* What other programs leave of our CPUs. A member of the team that loses its CPU to one of them holds up the
 * others, who wait for it and burn theirs. */
#ifndef SAC_MACHINE_LOAD_H
#define SAC_MACHINE_LOAD_H

#include <stdbool.h>

#include "topology.h"

struct sac_machine_load {
    double busy_seconds, own_seconds, time; /* at the last look */
    double others;                          /* CPUs */
};

/* A line of /proc/stat: seconds that a CPU was busy with since the machine was started. */
struct sac_cpu_time {
    int cpu;
    double busy, niced, stolen; /* by a hypervisor */
};
bool sac_cpu_time_parse(const char *line, struct sac_cpu_time *time); /* false: about no single CPU */

/* CPU time that somebody has spent on these CPUs since the machine was started. Niced work counts where
 * `niced` is set: it gives way to work that is not. `root` goes before the path: "", but for tests. NaN: not
 * known. */
double sac_machine_busy_seconds(const char *root, const struct sac_topology *topology, bool niced);

/* Look for the first time, and again: CPUs of this topology that other processes keep busy, 0 where that is
 * not known. It rises at once and falls slowly, so that what follows it does not go to and fro. */
void sac_machine_load_begin(struct sac_machine_load *load, const struct sac_topology *topology);
double sac_machine_load_look(struct sac_machine_load *load, const struct sac_topology *topology);

/* One more look, at these sums. */
double sac_machine_load_add(struct sac_machine_load *load, double busy_seconds, double own_seconds,
                            double time);

#endif
