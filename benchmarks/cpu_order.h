/* In which order threads of a benchmark take CPUs. */
#ifndef SAC_CPU_ORDER_H
#define SAC_CPU_ORDER_H

#include <softac/status.h>

struct sac_topology;

/* One CPU of each core, the fastest cores first, then their siblings likewise: cpu (machine->cpus).
 * SAC_NOMEM. */
enum sac_status bench_cpu_order(const struct sac_topology *machine, int *cpu);

/* Those that this process may use; *cpu is the caller's to free. */
enum sac_status bench_cpus_read(int **cpu, int *count);

#endif
