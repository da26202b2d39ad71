/* Made-up machines for tests: hwloc's synthetic descriptions ("pack:2 l3:2 core:8 pu:2"). */
#ifndef SAC_TEST_MACHINES_H
#define SAC_TEST_MACHINES_H

#include <check.h>
#include <hwloc.h>

#include "topology.h"

enum { MACHINE_CPUS = 4096 };

static inline hwloc_topology_t make_machine(const char *description)
{
    hwloc_topology_t machine;
    ck_assert_int_eq(hwloc_topology_init(&machine), 0);
    ck_assert_int_eq(hwloc_topology_set_synthetic(machine, description), 0);
    ck_assert_int_eq(hwloc_topology_load(machine), 0);
    return machine;
}

/* What is left of it under an affinity mask: hwloc's list of CPUs, or NULL for all. */
static inline struct sac_topology *restrict_machine(hwloc_topology_t machine, const char *cpus, double quota)
{
    struct sac_topology *t = NULL;
    hwloc_bitmap_t set = hwloc_bitmap_dup(hwloc_topology_get_topology_cpuset(machine));
    cpu_set_t *mask = CPU_ALLOC(MACHINE_CPUS);
    const size_t size = CPU_ALLOC_SIZE(MACHINE_CPUS);
    if (cpus)
        hwloc_bitmap_list_sscanf(set, cpus);
    CPU_ZERO_S(size, mask);
    for (int cpu = hwloc_bitmap_first(set); cpu >= 0; cpu = hwloc_bitmap_next(set, cpu))
        CPU_SET_S((size_t)cpu, size, mask);
    ck_assert_int_eq(sac_topology_make(machine, mask, size, quota, &t), SAC_OK);
    CPU_FREE(mask);
    hwloc_bitmap_free(set);
    return t;
}

static inline struct sac_topology *make_topology(const char *description, const char *cpus, double quota)
{
    hwloc_topology_t machine = make_machine(description);
    struct sac_topology *t = restrict_machine(machine, cpus, quota);
    hwloc_topology_destroy(machine);
    return t;
}

#endif
