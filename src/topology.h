/* The cores this process may use and how they lie together. A plain description, constant once made. */
#ifndef SAC_TOPOLOGY_H
#define SAC_TOPOLOGY_H

#include <sched.h>
#include <stddef.h>
#include <stdint.h>

#include <softac/status.h>

/* A physical core, as far as this process may use it. */
struct sac_core {
    int package, node, l3; /* numbers from 0; node: NUMA; l3: cores around one L3 cache (and in one node) */
    int speed;             /* of its kind; higher is faster, all equal where there is one kind */
    int first, count;      /* its hardware threads: cpu[first] .. cpu[first + count - 1] */
};

struct sac_topology {
    int cores, cpus, packages, nodes, l3s;
    struct sac_core *core; /* (cores) neighbours side by side */
    int *cpu;              /* (cpus) the system's numbers, core by core */
    double quota;          /* CPU time per time that control groups allow; INFINITY: no limit */
    uint64_t quota_group;  /* the group that allows it (sac_cgroup_quota); 0: none */
};

/* The machine's. Where the system tells nothing about cores every CPU of the affinity mask is one of its own.
 * SAC_NOMEM. */
enum sac_status sac_topology_read(struct sac_topology **topology);

/* The same from parts: hwloc's view (NULL: nothing is known), the affinity mask of `size` bytes, the quota.
 */
struct hwloc_topology;
enum sac_status sac_topology_make(struct hwloc_topology *machine, const cpu_set_t *mask, size_t size,
                                  double quota, struct sac_topology **topology);

void sac_topology_destroy(struct sac_topology *topology); /* takes NULL */

/* How many threads can be busy at a time, each on a core of its own: the cores, or the quota if that is less.
 */
double sac_topology_capacity(const struct sac_topology *topology);

/* For a program's main(), while it has one thread: hwloc is to print nothing and to load no plugin, unless
 * the environment says otherwise. The library never does this: a host's threads may be reading the
 * environment. */
void sac_topology_prepare_program(void);

#endif
