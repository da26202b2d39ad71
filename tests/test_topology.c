/* Which cores there are for us: made-up machines, masks and this one. */
#include <check.h>
#include <link.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>

#include "machine_files.h"
#include "suite.h"
#include "thread.h"

static void expect_counts(const struct sac_topology *t, int packages, int nodes, int l3s, int cores, int cpus)
{
    ck_assert_int_eq(t->packages, packages);
    ck_assert_int_eq(t->nodes, nodes);
    ck_assert_int_eq(t->l3s, l3s);
    ck_assert_int_eq(t->cores, cores);
    ck_assert_int_eq(t->cpus, cpus);
}

/* Every CPU belongs to one core, and cores lie in the order of their numbers. */
static void expect_sound(const struct sac_topology *t)
{
    int cpus = 0;
    for (int c = 0; c < t->cores; c++) {
        const struct sac_core *core = &t->core[c], *last = c ? core - 1 : core;
        ck_assert_int_eq(core->first, cpus);
        ck_assert_int_ge(core->count, 1);
        ck_assert_int_ge(core->package, last->package);
        ck_assert_int_ge(core->l3, last->l3);
        ck_assert_int_lt(core->package, t->packages);
        ck_assert_int_lt(core->node, t->nodes);
        ck_assert_int_lt(core->l3, t->l3s);
        cpus += core->count;
    }
    ck_assert_int_eq(cpus, t->cpus);
}

static const struct {
    const char *machine, *cpus;
    int packages, nodes, l3s, cores, all;
} machines[] = {
    {"core:1 pu:1", NULL, 1, 1, 1, 1, 1},
    {"core:2 pu:1", NULL, 1, 1, 1, 2, 2},
    {"pack:1 l3:1 core:8 pu:2", NULL, 1, 1, 1, 8, 16},
    {"pack:1 l3:8 core:8 pu:1", NULL, 1, 1, 8, 64, 64},
    {"pack:2 numa:2 l3:2 core:8 pu:2", NULL, 2, 4, 8, 64, 128},
    {"pack:4 l3:8 core:8 pu:1", NULL, 4, 1, 32, 256, 256},
    {"pack:8 numa:1 l3:8 core:24 pu:1", NULL, 8, 8, 64, 1536, 1536},
    /* masks: one thread of each core; half a core; across packages; CPUs above 1024; some hwloc knows nothing
       of */
    {"pack:1 l3:1 core:8 pu:2", "0,2,4,6", 1, 1, 1, 4, 4},
    {"pack:1 l3:1 core:8 pu:2", "0-3", 1, 1, 1, 2, 4},
    {"pack:2 numa:2 l3:2 core:8 pu:2", "31,32,64-66", 2, 3, 3, 4, 5},
    {"pack:8 numa:1 l3:8 core:24 pu:1", "1300,1500", 2, 2, 2, 2, 2},
    {"core:2 pu:1", "0-3", 1, 1, 1, 4, 4},
};

/* Numbers of everything, for whole machines and under masks. */
START_TEST(counts)
{
    struct sac_topology *t = make_topology(machines[_i].machine, machines[_i].cpus, INFINITY);
    expect_counts(t, machines[_i].packages, machines[_i].nodes, machines[_i].l3s, machines[_i].cores,
                  machines[_i].all);
    expect_sound(t);
    sac_topology_destroy(t);
}
END_TEST

static const struct {
    const char *machine, *cpus;
    int packages, nodes, l3s, cores, all;
} files[] = {
    {"two_sockets", NULL, 2, 2, 4, 16, 32},
    {"two_sockets", "8-15", 1, 1, 2, 8, 8},            /* one socket's first threads */
    {"two_sockets", "0,16,7,23,15,31", 2, 2, 3, 3, 6}, /* siblings are 16 apart */
    {"four_nodes", NULL, 2, 4, 4, 24, 24},
    {"four_nodes", "5-12", 2, 3, 3, 8, 8},
    {"two_kinds", NULL, 1, 1, 1, 16, 24},
    {"two_kinds", "12-19", 1, 1, 1, 6, 8},
};

/* The same of machines as hwloc describes real ones. */
START_TEST(whole_machines)
{
    struct sac_topology *t = read_topology(files[_i].machine, files[_i].cpus);
    expect_counts(t, files[_i].packages, files[_i].nodes, files[_i].l3s, files[_i].cores, files[_i].all);
    expect_sound(t);
    sac_topology_destroy(t);
}
END_TEST

/* Where hwloc is told of another machine than this one, as in some containers, the CPUs are still those of
 * the mask. */
START_TEST(wrong_machine)
{
    char path[512];
    cpu_set_t mask;
    struct sac_topology *t = NULL;
    machine_path(files[_i].machine, path, sizeof path);
    ck_assert_int_eq(setenv("HWLOC_XMLFILE", path, 1), 0);
    ck_assert_int_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    ck_assert_int_eq(sac_topology_read(&t), SAC_OK);
    ck_assert_int_eq(t->cpus, CPU_COUNT(&mask));
    expect_sound(t);
    sac_topology_destroy(t);
    unsetenv("HWLOC_XMLFILE");
}
END_TEST

/* A quota lowers how many can be busy, not which cores there are. */
START_TEST(capacity)
{
    struct sac_topology *t = make_topology("core:4 pu:2", NULL, 1.5);
    ck_assert_int_eq(t->cores, 4);
    ck_assert_double_eq_tol(sac_topology_capacity(t), 1.5, 1e-9);
    sac_topology_destroy(t);
    t = make_topology("core:4 pu:2", NULL, 64);
    ck_assert_double_eq_tol(sac_topology_capacity(t), 4, 1e-9);
    sac_topology_destroy(t);
}
END_TEST

/* Fast and slow cores are told apart. */
START_TEST(kinds)
{
    hwloc_topology_t machine = make_machine("pack:1 l3:1 core:8 pu:1");
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    hwloc_bitmap_set_range(cpus, 0, 3);
    ck_assert_int_eq(hwloc_cpukinds_register(machine, cpus, 1, 0, NULL, 0), 0);
    hwloc_bitmap_zero(cpus);
    hwloc_bitmap_set_range(cpus, 4, 7);
    ck_assert_int_eq(hwloc_cpukinds_register(machine, cpus, 7, 0, NULL, 0), 0);
    struct sac_topology *t = restrict_machine(machine, NULL, INFINITY);
    for (int c = 0; c < 4; c++)
        ck_assert_int_lt(t->core[c].speed, t->core[c + 4].speed);
    sac_topology_destroy(t);
    hwloc_bitmap_free(cpus);
    hwloc_topology_destroy(machine);
}
END_TEST

/* Without anything from the system the mask is all there is. */
START_TEST(mask_alone)
{
    cpu_set_t mask;
    struct sac_topology *t = NULL;
    CPU_ZERO(&mask);
    CPU_SET(3, &mask);
    CPU_SET(5, &mask);
    ck_assert_int_eq(sac_topology_make(NULL, &mask, sizeof mask, INFINITY, &t), SAC_OK);
    expect_counts(t, 1, 1, 1, 2, 2);
    expect_sound(t);
    sac_topology_destroy(t);
}
END_TEST

/* This machine: as many CPUs as the affinity mask has, also when it is narrowed to one. */
START_TEST(this_machine)
{
    cpu_set_t before, one;
    ck_assert_int_eq(sched_getaffinity(0, sizeof before, &before), 0);
    struct sac_topology *t = NULL;
    ck_assert_int_eq(sac_topology_read(&t), SAC_OK);
    ck_assert_int_eq(t->cpus, CPU_COUNT(&before));
    expect_sound(t);
    CPU_ZERO(&one);
    CPU_SET((size_t)t->cpu[t->cpus - 1], &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    struct sac_topology *narrow = NULL;
    ck_assert_int_eq(sac_topology_read(&narrow), SAC_OK);
    expect_counts(narrow, 1, 1, 1, 1, 1);
    ck_assert_int_eq(narrow->cpu[0], t->cpu[t->cpus - 1]);
    ck_assert_int_eq(sched_setaffinity(0, sizeof before, &before), 0);
    sac_topology_destroy(narrow);
    sac_topology_destroy(t);
    sac_topology_destroy(NULL);
}
END_TEST

static int keep_libraries(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    *(unsigned long long *)context = info->dlpi_adds;
    return 1; /* it is the same for all */
}

/* Libraries loaded since the program started, those that are gone again as well. */
static unsigned long long libraries_loaded(void)
{
    unsigned long long count = 0;
    dl_iterate_phdr(keep_libraries, &count);
    return count;
}

/* A look at the machine leaves the environment alone, which a host's other threads may be reading. A program
 * may say at its start that no plugin is loaded; where somebody has said something else that stays. */
START_TEST(environment_variables)
{
    struct sac_topology *t = NULL;
    ck_assert_int_eq(unsetenv("HWLOC_PLUGINS_PATH") + unsetenv("HWLOC_HIDE_ERRORS"), 0);
    ck_assert_int_eq(sac_topology_read(&t), SAC_OK);
    ck_assert_ptr_null(getenv("HWLOC_PLUGINS_PATH"));
    ck_assert_ptr_null(getenv("HWLOC_HIDE_ERRORS"));
    sac_topology_destroy(t);
    ck_assert_int_eq(setenv("HWLOC_HIDE_ERRORS", "1", 1), 0);
    sac_topology_prepare_program();
    ck_assert_str_eq(getenv("HWLOC_PLUGINS_PATH"), "");
    ck_assert_str_eq(getenv("HWLOC_HIDE_ERRORS"), "1");
    const unsigned long long before = libraries_loaded();
    ck_assert_uint_gt(before, 0);
    ck_assert_int_eq(sac_topology_read(&t), SAC_OK);
    ck_assert_uint_eq(libraries_loaded(), before);
    sac_topology_destroy(t);
}
END_TEST

/* A thread binds itself, to CPUs that there are; where there are none of them it stays as it is. */
START_TEST(bind)
{
    cpu_set_t before, now;
    ck_assert_int_eq(sched_getaffinity(0, sizeof before, &before), 0);
    int last = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        last = CPU_ISSET((size_t)cpu, &before) ? cpu : last;
    const int nowhere = 9999;
    sac_thread_bind(&nowhere, 1);
    ck_assert_int_eq(sched_getaffinity(0, sizeof now, &now), 0);
    ck_assert(CPU_EQUAL(&before, &now));
    sac_thread_bind(&last, 1);
    ck_assert_int_eq(sched_getaffinity(0, sizeof now, &now), 0);
    ck_assert_int_eq(CPU_COUNT(&now), 1);
    ck_assert(CPU_ISSET((size_t)last, &now));
    ck_assert_int_eq(sched_setaffinity(0, sizeof before, &before), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("topology");
    tcase_add_loop_test(tc, counts, 0, (int)(sizeof machines / sizeof *machines));
    tcase_add_loop_test(tc, whole_machines, 0, (int)(sizeof files / sizeof *files));
    tcase_add_loop_test(tc, wrong_machine, 0, (int)(sizeof files / sizeof *files));
    tcase_add_test(tc, capacity);
    tcase_add_test(tc, kinds);
    tcase_add_test(tc, mask_alone);
    tcase_add_test(tc, this_machine);
    tcase_add_test(tc, environment_variables);
    tcase_add_test(tc, bind);
    return suite_run(CK_FORK_GETENV, "topology", 1, tc);
}
