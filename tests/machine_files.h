/* Whole machines for tests, as hwloc describes real ones: caches, memory, kinds of cores, the system's own
 * numbers. The files are hwloc's export of such descriptions. */
#ifndef SAC_TEST_MACHINE_FILES_H
#define SAC_TEST_MACHINE_FILES_H

#include <math.h>
#include <stdio.h>

#include "machines.h"

/* The file of "two_sockets", "four_nodes" or "two_kinds". */
static inline void machine_path(const char *name, char *path, size_t size)
{
    snprintf(path, size, MACHINES "/%s.xml", name);
}

static inline struct sac_topology *read_topology(const char *name, const char *cpus)
{
    hwloc_topology_t machine;
    char path[512];
    machine_path(name, path, sizeof path);
    ck_assert_int_eq(hwloc_topology_init(&machine), 0);
    ck_assert_msg(hwloc_topology_set_xml(machine, path) == 0, "%s", path);
    ck_assert_int_eq(hwloc_topology_load(machine), 0);
    struct sac_topology *t = restrict_machine(machine, cpus, INFINITY);
    hwloc_topology_destroy(machine);
    return t;
}

#endif
