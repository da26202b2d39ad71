/* hwloc tells how cores lie together; which of them are ours the affinity mask and control groups tell. */
#include "topology.h"

#include <hwloc.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "cgroup.h"
#include "error.h"
#include "memory.h"
#include "thread.h"

/* Where one CPU is: hwloc's numbers, outermost first, which sorting puts side by side. */
struct site {
    int package, node, l3, core, cpu, speed;
};

static int number_of(hwloc_obj_t object)
{
    return object ? (int)object->logical_index : 0;
}

static int node_of(hwloc_topology_t machine, int cpu)
{
    hwloc_obj_t node = NULL;
    while ((node = hwloc_get_next_obj_by_type(machine, HWLOC_OBJ_NUMANODE, node)) != NULL)
        if (hwloc_bitmap_isset(node->cpuset, (unsigned)cpu))
            return number_of(node);
    return 0;
}

static int speed_of(hwloc_topology_t machine, hwloc_const_bitmap_t cpu)
{
    int efficiency = -1;
    const int kind = hwloc_cpukinds_get_by_cpuset(machine, cpu, 0);
    if (kind >= 0)
        hwloc_cpukinds_get_info(machine, (unsigned)kind, NULL, &efficiency, NULL, NULL, 0);
    return efficiency < 0 ? 0 : efficiency;
}

/* A CPU that hwloc does not know is a core of its own. */
static struct site site_of(hwloc_topology_t machine, int cpu)
{
    const hwloc_obj_t pu = machine ? hwloc_get_pu_obj_by_os_index(machine, (unsigned)cpu) : NULL;
    if (!pu)
        return (struct site){.core = INT_MAX - cpu, .cpu = cpu};
    const hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(machine, HWLOC_OBJ_CORE, pu);
    return (struct site){
        .package = number_of(hwloc_get_ancestor_obj_by_type(machine, HWLOC_OBJ_PACKAGE, pu)),
        .node = node_of(machine, cpu),
        .l3 = number_of(hwloc_get_ancestor_obj_by_type(machine, HWLOC_OBJ_L3CACHE, pu)),
        .core = number_of(core ? core : pu),
        .cpu = cpu,
        .speed = speed_of(machine, pu->cpuset),
    };
}

static int compare_sites(const void *a, const void *b)
{
    const struct site *x = a, *y = b;
    const int differences[] = {x->package - y->package, x->node - y->node, x->l3 - y->l3, x->core - y->core,
                               x->cpu - y->cpu};
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++)
        if (differences[i] != 0)
            return differences[i];
    return 0;
}

/* Sorted sites become cores; a number steps where a site differs from the one before. */
static void gather_cores(struct sac_topology *t, const struct site *site)
{
    t->packages = t->nodes = t->l3s = 1;
    for (int i = 0; i < t->cpus; i++) {
        const struct site *s = &site[i], *last = i > 0 ? s - 1 : s;
        const bool package = s->package != last->package;
        const bool node = package || s->node != last->node, l3 = node || s->l3 != last->l3;
        t->packages += package;
        t->nodes += s->node != last->node;
        t->l3s += l3;
        if (i == 0 || l3 || s->core != last->core)
            t->core[t->cores++] =
                (struct sac_core){t->packages - 1, t->nodes - 1, t->l3s - 1, s->speed, i, 0};
        t->core[t->cores - 1].count++;
        t->cpu[i] = s->cpu;
    }
}

enum sac_status sac_topology_make(struct hwloc_topology *machine, const cpu_set_t *mask, size_t size,
                                  double quota, struct sac_topology **topology)
{
    const int cpus = CPU_COUNT_S(size, mask);
    struct sac_topology *t = sac_allocate(sizeof *t);
    struct site *site = calloc((size_t)cpus + 1, sizeof *site);
    if (t) {
        t->core = sac_allocate((size_t)cpus * sizeof *t->core);
        t->cpu = sac_allocate((size_t)cpus * sizeof *t->cpu);
    }
    if (!t || !site || !t->core || !t->cpu) {
        free(site);
        sac_topology_destroy(t);
        return sac_fail(SAC_NOMEM, "no memory to describe %d CPUs", cpus);
    }
    for (int cpu = 0; cpu < (int)(8 * size); cpu++)
        if (CPU_ISSET_S((size_t)cpu, size, mask))
            site[t->cpus++] = site_of(machine, cpu);
    qsort(site, (size_t)cpus, sizeof *site, compare_sites);
    t->quota = quota;
    gather_cores(t, site);
    free(site);
    *topology = t;
    return SAC_OK;
}

/* Only what is asked about. hwloc's cpuid discovery is left out, for it binds the calling thread to each CPU
 * in turn. NULL: the system tells nothing. */
static hwloc_topology_t read_machine(void)
{
    hwloc_topology_t machine;
    if (hwloc_topology_init(&machine))
        return NULL;
    hwloc_topology_set_all_types_filter(machine, HWLOC_TYPE_FILTER_KEEP_NONE);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_PACKAGE, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_L3CACHE, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_type_filter(machine, HWLOC_OBJ_CORE, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_components(machine, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
    if (hwloc_topology_load(machine)) {
        hwloc_topology_destroy(machine);
        return NULL;
    }
    return machine;
}

enum sac_status sac_topology_read(struct sac_topology **topology)
{
    size_t size;
    cpu_set_t *mask = sac_process_cpus(&size);
    if (!mask)
        return sac_fail(SAC_NOMEM, "the CPUs of this process are not known: no memory for its affinity mask");
    hwloc_topology_t machine = read_machine();
    uint64_t group;
    const double quota = sac_cgroup_quota("", &group);
    const enum sac_status status = sac_topology_make(machine, mask, size, quota, topology);
    if (status == SAC_OK)
        (*topology)->quota_group = group;
    if (machine)
        hwloc_topology_destroy(machine);
    CPU_FREE(mask);
    return status;
}

void sac_topology_destroy(struct sac_topology *topology)
{
    if (!topology)
        return;
    sac_free(topology->core);
    sac_free(topology->cpu);
    sac_free(topology);
}

double sac_topology_capacity(const struct sac_topology *topology)
{
    return fmin(topology->cores, topology->quota);
}

/* hwloc's plugins (XML, graphics cards, PCI) bring a dozen libraries with them, Unicode tables and X11 among
 * them, only to be asked for nothing; a folder without a name holds none. hwloc's own words about
 * contradictions in what a machine tells would go to standard error. */
void sac_topology_prepare_program(void)
{
    setenv("HWLOC_PLUGINS_PATH", "", 0);
    setenv("HWLOC_HIDE_ERRORS", "2", 0);
}
