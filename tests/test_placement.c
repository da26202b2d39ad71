/* Where threads go and how many they are, on made-up machines. */
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "machine_files.h"
#include "neighbours.h"
#include "placement.h"
#include "suite.h"

static const double CHEETAH = 5.4e8; /* FLOPs of an update */

static struct sac_placement *place(const struct sac_topology *t, int env_threads, int learner_threads,
                                   int environments, double flops)
{
    const struct sac_placement_request request = {env_threads, learner_threads, environments, 100000,
                                                  flops,       false,           NULL};
    struct sac_placement *p = NULL;
    ck_assert_int_eq(sac_placement_create(t, &request, &p), SAC_OK);
    return p;
}

/* --- invariants, on every machine for every request --- */

static const char *const machines[] = {
    "core:1 pu:1",
    "core:1 pu:2",
    "core:2 pu:1",
    "core:3 pu:1",
    "core:4 pu:2",
    "pack:1 l3:1 core:16 pu:2",
    "pack:1 l3:8 core:8 pu:2",
    "pack:2 numa:2 l3:2 core:8 pu:2",
    "pack:4 numa:1 l3:8 core:8 pu:1",
    "pack:8 numa:1 l3:8 core:24 pu:1",
};
static const char *const files[] = {"two_sockets", "four_nodes", "two_kinds"};
static const char *const masks[] = {NULL, "0", "0-2", "1,3,5,7"};
static const double quotas[] = {INFINITY, 0.5, 3};

static int owner[MACHINE_CPUS]; /* of each CPU of the machine looked at: its core, or -1 */

static void note_owners(const struct sac_topology *t)
{
    for (int cpu = 0; cpu < MACHINE_CPUS; cpu++)
        owner[cpu] = -1;
    for (int c = 0; c < t->cores; c++)
        for (int i = 0; i < t->core[c].count; i++)
            owner[t->cpu[t->core[c].first + i]] = c;
}

/* Shared lists are looked at once. */
static bool seen_before(const struct sac_cpu_list *list, int k)
{
    return k > 0 && list[k].cpu == list[k - 1].cpu && list[k].count == list[k - 1].count;
}

static void expect_allowed(const struct sac_cpu_list *list, int threads)
{
    bool allowed = true; /* asserting each CPU takes long */
    for (int k = 0; k < threads; k++) {
        allowed &= list[k].count >= 1;
        for (int i = 0; i < list[k].count && !seen_before(list, k); i++)
            allowed &= owner[list[k].cpu[i]] >= 0;
    }
    ck_assert(allowed);
}

static bool team_core[MACHINE_CPUS]; /* of the placement looked at: is one of the team there? */

/* On how many cores the team is, and around how many L3 caches. */
static int count_team(const struct sac_topology *t, const struct sac_placement *p, int *l3s)
{
    bool l3[512] = {false};
    int cores = 0;
    memset(team_core, 0, sizeof team_core);
    *l3s = 0;
    for (int m = 0; m < p->learner_threads; m++)
        for (int i = 0; i < p->learner[m].count && !seen_before(p->learner, m); i++) {
            const int c = owner[p->learner[m].cpu[i]];
            cores += !team_core[c];
            team_core[c] = true;
            *l3s += !l3[t->core[c].l3];
            l3[t->core[c].l3] = true;
        }
    return cores;
}

static int cores_around(const struct sac_topology *t, int l3)
{
    int cores = 0;
    for (int c = 0; c < t->cores; c++)
        cores += t->core[c].l3 == l3;
    return cores;
}

/* A team that fits has a core for each and one L3 cache; env threads stay off its cores while there are
 * others.
 */
static void expect_good(const struct sac_topology *t, const struct sac_placement *p)
{
    int l3s, largest = 0;
    for (int l3 = 0; l3 < t->l3s; l3++)
        largest = cores_around(t, l3) > largest ? cores_around(t, l3) : largest;
    const int cores = count_team(t, p, &l3s), team = p->learner_threads;
    if (team <= t->cores)
        ck_assert_int_eq(cores, team);
    if (team <= largest)
        ck_assert_int_eq(l3s, 1);
    bool apart = true;
    for (int k = 0; team < t->cores && k < p->env_threads; k++)
        for (int i = 0; i < p->env[k].count && !seen_before(p->env, k); i++)
            apart &= !team_core[owner[p->env[k].cpu[i]]];
    ck_assert(apart);
}

static void expect_numbers(const struct sac_topology *t, const struct sac_placement *p, int env_threads,
                           int learner_threads, int environments)
{
    const int capacity = (int)ceil(sac_topology_capacity(t));
    ck_assert_int_ge(p->env_threads, 1);
    ck_assert_int_ge(p->learner_threads, 1);
    ck_assert_int_le(p->env_threads, environments);
    if (env_threads)
        ck_assert_int_eq(p->env_threads, env_threads < environments ? env_threads : environments);
    else
        ck_assert_int_le(p->env_threads, capacity);
    if (learner_threads)
        ck_assert_int_eq(p->learner_threads, learner_threads);
    else
        ck_assert_int_le(p->learner_threads, capacity);
}

static void check_requests(const struct sac_topology *t)
{
    static const int numbers[] = {0, 1, 2, 3, 7, 40, 300};
    static const double flops[] = {1e6, 5.4e8, 2e10};
    const int n = sizeof numbers / sizeof *numbers;
    note_owners(t);
    for (int request = 0; request < n * n * 3 * 2; request++) {
        const int env = numbers[request % n], learner = numbers[request / n % n];
        const int environments = request / (n * n) % 2 ? 64 : 3;
        struct sac_placement *p = place(t, env, learner, environments, flops[request / (n * n * 2)]);
        expect_numbers(t, p, env, learner, environments);
        expect_allowed(p->learner, p->learner_threads);
        expect_allowed(p->env, p->env_threads);
        expect_allowed(&p->evaluator, 1);
        expect_good(t, p);
        sac_placement_destroy(p);
    }
}

/* Threads are where they may be, the team is together and by itself, numbers are as asked or fit the machine.
 */
START_TEST(invariants)
{
    for (size_t mask = 0; mask < sizeof masks / sizeof *masks; mask++) {
        hwloc_topology_t machine = make_machine(machines[_i]);
        struct sac_topology *t = restrict_machine(machine, masks[mask], quotas[mask % 3]);
        check_requests(t);
        sac_topology_destroy(t);
        hwloc_topology_destroy(machine);
    }
}
END_TEST

/* The same on machines as hwloc describes real ones. */
START_TEST(invariants_of_whole_machines)
{
    for (size_t mask = 0; mask < sizeof masks / sizeof *masks; mask++) {
        struct sac_topology *t = read_topology(files[_i], masks[mask]);
        t->quota = quotas[mask % 3];
        check_requests(t);
        sac_topology_destroy(t);
    }
}
END_TEST

/* --- single cases --- */

static const struct {
    const char *machine;
    double quota;
    int environments;
    double flops;
    int learner_threads, env_threads;
} choices[] = {
    {"core:1 pu:1", INFINITY, 8, 5.4e8, 1, 1}, /* one core is shared */
    {"core:1 pu:2", INFINITY, 8, 5.4e8, 1, 1},
    {"core:2 pu:1", INFINITY, 8, 5.4e8, 2, 2}, /* both cores learn, both warm up */
    {"core:2 pu:1", INFINITY, 8, 1e7, 1, 1},   /* a small update is one thread's */
    {"core:4 pu:1", INFINITY, 8, 5.4e8, 2, 2},
    {"core:16 pu:1", INFINITY, 8, 5.4e8, 2, 8}, /* no more env threads than environments */
    {"core:16 pu:2", INFINITY, 64, 5.4e8, 2, 14},
    {"core:16 pu:1", INFINITY, 64, 1.1e9, 4, 12},            /* larger updates, larger teams, */
    {"core:16 pu:1", INFINITY, 64, 1e11, 16, 16},            /* up to all cores, */
    {"pack:1 l3:8 core:8 pu:1", INFINITY, 256, 1e11, 8, 56}, /* but of one L3 cache */
    {"pack:4 l3:8 core:8 pu:1", INFINITY, 512, 5.4e8, 2, 254},
    {"pack:4 l3:8 core:8 pu:1", 2, 512, 5.4e8, 2, 2}, /* a quota counts like cores, rounded up */
    {"pack:4 l3:8 core:8 pu:1", 3.5, 512, 5.4e8, 2, 2},
    {"pack:4 l3:8 core:8 pu:1", 0.5, 512, 5.4e8, 1, 1},
};

/* Numbers of threads when none are asked for. */
START_TEST(numbers_are_chosen)
{
    struct sac_topology *t = make_topology(choices[_i].machine, NULL, choices[_i].quota);
    struct sac_placement *p = place(t, 0, 0, choices[_i].environments, choices[_i].flops);
    ck_assert_int_eq(p->learner_threads, choices[_i].learner_threads);
    ck_assert_int_eq(p->env_threads, choices[_i].env_threads);
    sac_placement_destroy(p);
    sac_topology_destroy(t);
}
END_TEST

/* Cores of the fast kind learn, wherever they are; env threads take the rest of these first. */
START_TEST(fast_cores_learn)
{
    hwloc_topology_t machine = make_machine("pack:1 l3:1 core:8 pu:1");
    hwloc_bitmap_t slow = hwloc_bitmap_alloc(), fast = hwloc_bitmap_alloc();
    hwloc_bitmap_set_range(slow, 0, 4);
    hwloc_bitmap_set_range(fast, 5, 7);
    hwloc_cpukinds_register(machine, slow, 0, 0, NULL, 0);
    hwloc_cpukinds_register(machine, fast, 1, 0, NULL, 0);
    struct sac_topology *t = restrict_machine(machine, NULL, INFINITY);
    struct sac_placement *p = place(t, 2, 2, 8, CHEETAH);
    ck_assert_int_eq(p->learner[0].cpu[0], 5);
    ck_assert_int_eq(p->learner[1].cpu[0], 6);
    ck_assert_int_eq(p->env[0].cpu[0], 7);
    ck_assert_int_lt(p->env[1].cpu[0], 5);
    sac_placement_destroy(p);
    sac_topology_destroy(t);
    hwloc_topology_destroy(machine);
    hwloc_bitmap_free(slow);
    hwloc_bitmap_free(fast);
}
END_TEST

/* Env threads fill the learner's L3 cache, then its node, then its package, before they go elsewhere; each
 * has a CPU of its own, other hardware threads come last and those beside the team not at all. */
START_TEST(near_first)
{
    struct sac_topology *t = make_topology("pack:2 numa:2 l3:2 core:4 pu:2", NULL, INFINITY);
    struct sac_placement *p = place(t, 45, 2, 64, CHEETAH);
    note_owners(t);
    static const int ends[] = {2, 6, 14, 30}; /* env threads in L3, node, package, machine */
    for (int k = 0; k < 30; k++) {
        const struct sac_core *core = &t->core[owner[p->env[k].cpu[0]]];
        ck_assert_int_eq(p->env[k].count, 1);
        ck_assert_int_eq(p->env[k].cpu[0] % 2, 0); /* the first hardware thread */
        ck_assert(k >= ends[0] || core->l3 == 0);
        ck_assert(k >= ends[1] || core->node == 0);
        ck_assert(k >= ends[2] || core->package == 0);
    }
    for (int k = 30; k < 45; k++)
        ck_assert_int_eq(p->env[k].cpu[0] % 2, 1);
    ck_assert_int_eq(p->evaluator.count, 60);
    sac_placement_destroy(p);
    p = place(t, 61, 2, 64, CHEETAH); /* more than there are CPUs: they share what is not the team's */
    ck_assert_int_eq(p->env[0].count, 60);
    sac_placement_destroy(p);
    sac_topology_destroy(t);
}
END_TEST

/* Of uneven L3 caches under a mask, the one with most of our cores is the team's. */
START_TEST(largest_cache_is_home)
{
    struct sac_topology *t = make_topology("pack:1 l3:3 core:4 pu:1", "0,4-6,8", INFINITY);
    struct sac_placement *p = place(t, 0, 3, 8, CHEETAH);
    for (int m = 0; m < 3; m++)
        ck_assert_int_eq(p->learner[m].cpu[0], 4 + m);
    sac_placement_destroy(p);
    sac_topology_destroy(t);
}
END_TEST

/* --- beside other runs --- */

static double load[MACHINE_CPUS];
static bool learning[MACHINE_CPUS];
static struct sac_neighbours neighbours = {.load = load, .learning = learning};

/* A run whose team has cores first .. first + team - 1, and whose env threads take `env` of each of the next
 * ones. */
static void add_run(int first, int team, int env_cores, double env)
{
    for (int c = first; c < first + team + env_cores; c++) {
        load[c] = c < first + team ? 1 : env;
        learning[c] = c < first + team;
        neighbours.cores += load[c];
    }
    neighbours.runs++;
}

static struct sac_placement *place_beside(const struct sac_topology *t, int env_threads, int learner_threads,
                                          double flops, bool resizes)
{
    const struct sac_placement_request request = {env_threads, learner_threads, 64,         100000,
                                                  flops,       resizes,         &neighbours};
    struct sac_placement *p = NULL;
    ck_assert_int_eq(sac_placement_create(t, &request, &p), SAC_OK);
    return p;
}

static void expect_team(const struct sac_placement *p, int members, const int *cpu)
{
    for (int m = 0; m < members; m++)
        ck_assert_int_eq(p->learner[m].cpu[0], cpu[m]);
}

static void expect_env_threads(const struct sac_placement *p, int threads, const int *cpu)
{
    for (int k = 0; k < threads; k++)
        ck_assert_int_eq(p->env[k].cpu[0], cpu[k]);
}

/* The L3 cache that another run's team has no part in is taken, env threads fill what is free of the
 * other, and no thread goes where the other learns. */
START_TEST(teams_part)
{
    struct sac_topology *t = make_topology("pack:1 l3:2 core:4 pu:1", NULL, INFINITY);
    add_run(0, 2, 0, 0);
    struct sac_placement *p = place_beside(t, 0, 0, CHEETAH, true);
    ck_assert_int_eq(p->learner_threads, 2);
    ck_assert_int_eq(p->sharing, 2);
    expect_team(p, 2, (const int[]){4, 5});
    ck_assert_int_eq(p->env_threads, 4); /* of 8 cores 6 are left, the team takes 2 */
    expect_env_threads(p, 4, (const int[]){6, 7, 2, 3});
    sac_placement_destroy(p);
    sac_topology_destroy(t);
}
END_TEST

/* A core that env threads of another run use now and then is nearly free, one they fill is not; a free slow
 * core is better than a fast one that is taken. */
START_TEST(places_of_others)
{
    struct sac_topology *t = make_topology("pack:1 l3:1 core:8 pu:1", NULL, INFINITY);
    add_run(0, 1, 3, 0.1);
    add_run(4, 1, 1, 0.9);
    t->core[6].speed = t->core[7].speed = 1;
    struct sac_placement *p = place_beside(t, 0, 5, CHEETAH, false);
    expect_team(p, 5, (const int[]){6, 7, 1, 2, 3});
    sac_placement_destroy(p);
    for (int c = 0; c < 8; c++)
        t->core[c].speed = c < 6;
    p = place_beside(t, 1, 7, CHEETAH, false);
    expect_team(p, 7,
                (const int[]){1, 2, 3, 6, 7, 5, 0}); /* then where env threads are, where a team is last */
    ck_assert_int_eq(p->env[0].cpu[0], 4);
    sac_placement_destroy(p);
    sac_topology_destroy(t);
}
END_TEST

/* Env threads go beside each other on one core rather than onto another run's. */
START_TEST(siblings_before_other_runs)
{
    struct sac_topology *t = make_topology("pack:1 l3:1 core:4 pu:2", NULL, INFINITY);
    add_run(0, 1, 0, 0);
    struct sac_placement *p = place_beside(t, 5, 1, 1e6, true);
    expect_team(p, 1, (const int[]){2});
    expect_env_threads(p, 5, (const int[]){4, 6, 5, 7, 0});
    sac_placement_destroy(p);
    sac_topology_destroy(t);
}
END_TEST

/* Where all is taken runs share: of n each has an n-th. A team that can change its size keeps its members for
 * the time after. */
START_TEST(all_is_taken)
{
    struct sac_topology *t = make_topology("core:8 pu:1", NULL, INFINITY);
    add_run(0, 4, 4, 1);
    ck_assert_double_eq_tol(sac_placement_capacity(t, &neighbours), 4, 1e-9);
    struct sac_placement *p = place_beside(t, 0, 0, 1e11, true);
    ck_assert_int_eq(p->learner_threads, 8);
    ck_assert_int_eq(p->sharing, 4);
    ck_assert_ptr_nonnull(strstr(p->reason, "8 threads learn (4 of them beside other runs)"));
    sac_placement_destroy(p);
    p = place_beside(t, 0, 0, 1e11, false);
    ck_assert_int_eq(p->learner_threads, 4);
    sac_placement_destroy(p);
    p = place_beside(t, 3, 5, 1e11, false); /* as asked for, whoever else there is */
    ck_assert_int_eq(p->learner_threads, 5);
    ck_assert_int_eq(p->env_threads, 3);
    sac_placement_destroy(p);
    neighbours.runs = 31;
    p = place_beside(t, 0, 0, 1e11, true);
    ck_assert_int_eq(p->sharing, 1);
    ck_assert_int_eq(p->env_threads, 1);
    sac_placement_destroy(p);
    sac_topology_destroy(t);
}
END_TEST

/* What is left: less the cores of other runs and programs, and less what other runs take of our quota. */
START_TEST(capacity_left)
{
    static const struct {
        double quota, cores, quota_taken, programs;
        int runs;
        double left;
    } cases[] = {
        {INFINITY, 0, 0, 0, 0, 16}, {INFINITY, 4, 0, 0, 1, 12}, {INFINITY, 4, 0, 3, 1, 9},
        {INFINITY, 15, 0, 0, 1, 8}, {INFINITY, 0, 0, 14, 0, 2}, {4, 10, 0, 0, 1, 4},
        {4, 2, 2, 0, 1, 2},         {4, 4, 4, 0, 3, 1},         {4, 0, 0, 13, 0, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sac_topology *t = make_topology("core:16 pu:1", NULL, cases[i].quota);
        const struct sac_neighbours n = {.runs = cases[i].runs,
                                         .cores = cases[i].cores,
                                         .quota = cases[i].quota_taken,
                                         .programs = cases[i].programs};
        ck_assert_double_eq_tol(sac_placement_capacity(t, &n), cases[i].left, 1e-9);
        sac_topology_destroy(t);
    }
}
END_TEST

static void expect_cpus(const struct sac_cpu_list *list, int threads, const int *cpu)
{
    for (int k = 0; k < threads; k++) {
        ck_assert_int_eq(list[k].count, 1);
        ck_assert_int_eq(list[k].cpu[0], cpu[k]);
    }
}

/* Two sockets of eight cores: the team around one cache, env threads on the other cores, those of the team's
 * cache and socket first; siblings (16 apart) come after all cores, the team's own not at all. */
START_TEST(on_two_sockets)
{
    struct sac_topology *t = read_topology("two_sockets", NULL);
    struct sac_placement *p = place(t, 0, 0, 64, 1.1e9);
    ck_assert_int_eq(p->learner_threads, 4);
    expect_cpus(p->learner, 4, (const int[]){0, 1, 2, 3});
    ck_assert_int_eq(p->env_threads, 12);
    expect_cpus(p->env, 12, (const int[]){4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
    sac_placement_destroy(p);
    p = place(t, 24, 2, 64, 1.1e9);
    expect_cpus(p->learner, 2, (const int[]){0, 1});
    expect_cpus(p->env + 14, 10, (const int[]){18, 19, 20, 21, 22, 23, 24, 25, 26, 27});
    sac_placement_destroy(p);
    add_run(0, 4, 4, 0.1); /* a second run takes the next cache, a third the other socket */
    p = place_beside(t, 0, 4, 1.1e9, false);
    expect_cpus(p->learner, 4, (const int[]){4, 5, 6, 7});
    sac_placement_destroy(p);
    add_run(4, 4, 4, 0.1);
    p = place_beside(t, 0, 4, 1.1e9, false);
    expect_cpus(p->learner, 4, (const int[]){8, 9, 10, 11});
    sac_placement_destroy(p);
    sac_topology_destroy(t);
}
END_TEST

/* Two sockets of two nodes each: the other node of the team's socket before the other socket. */
START_TEST(on_four_nodes)
{
    struct sac_topology *t = read_topology("four_nodes", "4-23");
    struct sac_placement *p = place(t, 0, 4, 64, 1.1e9);
    expect_cpus(p->learner, 4, (const int[]){6, 7, 8, 9}); /* of node 0 the mask has left two cores */
    ck_assert_int_eq(p->env_threads, 16);
    expect_cpus(p->env, 16, (const int[]){10, 11, 4, 5, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23});
    sac_placement_destroy(p);
    sac_topology_destroy(t);
}
END_TEST

/* Eight fast cores of two threads, eight slow ones of one: fast ones learn, the other fast ones and then the
 * slow ones step, and only then second threads of fast cores. */
START_TEST(on_two_kinds)
{
    struct sac_topology *t = read_topology("two_kinds", NULL);
    struct sac_placement *p = place(t, 16, 4, 64, 1.1e9);
    expect_cpus(p->learner, 4, (const int[]){0, 2, 4, 6});
    expect_cpus(p->env, 16, (const int[]){8, 10, 12, 14, 16, 17, 18, 19, 20, 21, 22, 23, 9, 11, 13, 15});
    sac_placement_destroy(p);
    p = place(t, 0, 0, 64, 1e11); /* no slow member holds up the others */
    ck_assert_int_eq(p->learner_threads, 8);
    sac_placement_destroy(p);
    sac_topology_destroy(t);
}
END_TEST

/* Ten runs on 64 cores: each finds cores for its team that nobody learns on, around one L3 cache. */
START_TEST(many_runs)
{
    struct sac_topology *t = make_topology("pack:1 l3:8 core:8 pu:2", NULL, INFINITY);
    note_owners(t);
    for (int run = 0; run < 10; run++) {
        struct sac_placement *p = place_beside(t, 0, 0, 1.1e9, true);
        int l3s;
        ck_assert_int_eq(p->sharing, 4);
        ck_assert_int_eq(count_team(t, p, &l3s), 4);
        ck_assert_int_eq(l3s, 1);
        for (int m = 0; m < 4; m++) {
            const int core = owner[p->learner[m].cpu[0]];
            ck_assert(!learning[core]);
            add_run(core, 1, 0, 0);
        }
        neighbours.runs = run + 1;
        sac_placement_destroy(p);
    }
    sac_topology_destroy(t);
}
END_TEST

/* The sentence tells numbers, reasons and limits. */
START_TEST(reasons)
{
    struct sac_topology *t = make_topology("core:4 pu:1", NULL, 1.5);
    struct sac_placement *p = place(t, 0, 3, 1, CHEETAH);
    ck_assert_str_eq(p->reason, "3 threads learn (as asked for), 1 steps environments (one for each "
                                "environment), on 4 cores with a quota of 1.5");
    sac_placement_destroy(p);
    const struct sac_placement_request request = {0, 8, 4, 2, CHEETAH, false, NULL};
    ck_assert_int_eq(sac_placement_create(t, &request, &p), SAC_OK);
    ck_assert_int_eq(p->learner_threads, 2);
    ck_assert_ptr_nonnull(strstr(p->reason, "OpenMP grants no more"));
    sac_placement_destroy(p);
    sac_placement_destroy(NULL);
    sac_topology_destroy(t);
}
END_TEST

/* --- sizes of the team --- */

/* A look at a team of `team`: updates of so many seconds, environment steps of so many CPU seconds. */
static struct sac_duty duty(int team, double update_seconds, double step_seconds, double update_to_data,
                            int env_threads)
{
    return (struct sac_duty){
        .learner_threads = team,
        .updates = 200,
        .learner_cpu_seconds = 200 * update_seconds,
        .environment_steps = 5000,
        .env_cpu_seconds = 5000 * step_seconds,
        .update_to_data = update_to_data,
        .env_threads = env_threads,
    };
}

/* HalfCheetah at an update for each step: environments are busy 2 %, so both of two cores learn. */
START_TEST(cheap_environments)
{
    const struct sac_duty full = duty(2, 4e-3, 80e-6, 1, 2);
    ck_assert_double_eq_tol(sac_placement_env_duty(&full, 2), 0.02, 1e-9);
    ck_assert_int_eq(sac_placement_team(2, 2, &full), 2);
    const struct sac_duty small = duty(1, 7e-3, 80e-6, 1, 2);
    ck_assert_int_eq(sac_placement_team(2, 2, &small), 2);
}
END_TEST

/* HalfCheetah at an update for 16 steps: busy 18 % beside a team of two, which makes 1.6 times the updates of
 * one thread nevertheless. */
START_TEST(middling_environments)
{
    const struct sac_duty full = duty(2, 5e-3, 56e-6, 1.0 / 16, 2), one = duty(1, 10e-3, 56e-6, 1.0 / 16, 2);
    ck_assert_double_eq_tol(sac_placement_env_duty(&full, 2), 0.18, 0.001);
    ck_assert_int_eq(sac_placement_team(2, 2, &full), 2);
    ck_assert_int_eq(sac_placement_team(2, 2, &one), 2);
}
END_TEST

/* Environments that fill a core leave one of two; on three cores there is room for both. */
START_TEST(expensive_environments)
{
    const struct sac_duty full = duty(2, 4e-3, 1e-3, 1.0 / 16, 2);
    ck_assert_int_eq(sac_placement_team(2, 2, &full), 1);
    const struct sac_duty one = duty(2, 4e-3, 1e-3, 1.0 / 16, 1);
    ck_assert_double_eq_tol(sac_placement_env_duty(&one, 2), 1,
                            1e-9); /* a thread is never busier than that */
    ck_assert_int_eq(sac_placement_team(3, 2, &one), 2);
}
END_TEST

/* Never more busy threads than CPUs, but for what is tolerated, and never less than could be. */
START_TEST(size_is_the_largest_that_fits)
{
    for (int capacity = 1; capacity <= 16; capacity++)
        for (int step = 1; step <= 4000; step *= 2) {
            const struct sac_duty d = duty(4, 2e-3, step * 1e-6, 0.5, 16);
            const int team = sac_placement_team(capacity, 8, &d);
            ck_assert_int_ge(team, 1);
            ck_assert_int_le(team, 8);
            if (team > 1)
                ck_assert_double_le(team + sac_placement_env_duty(&d, team),
                                    capacity + (team > 4 ? 0.5 : 0.7) / team);
            if (team < 8)
                ck_assert_double_gt(team + 1 + sac_placement_env_duty(&d, team + 1),
                                    capacity + (team + 1 > 4 ? 0.5 : 0.7) / (team + 1));
        }
}
END_TEST

/* A look near the limit changes nothing: what made a team smaller must lessen before it grows again. */
START_TEST(sizes_do_not_swing)
{
    const struct sac_duty full = duty(2, 4e-3, 1.2e-3, 1, 2), one = duty(1, 8e-3, 1.2e-3, 1, 2);
    ck_assert_int_eq(sac_placement_team(2, 2, &full), 2);
    ck_assert_int_eq(sac_placement_team(2, 2, &one), 1);
}
END_TEST

/* An evaluation is one more busy thread, while it lasts. */
START_TEST(evaluation_takes_a_core)
{
    struct sac_duty d = duty(2, 4e-3, 80e-6, 1, 2);
    d.others = 1;
    ck_assert_int_eq(sac_placement_team(2, 2, &d), 1);
    ck_assert_int_eq(sac_placement_team(3, 2, &d), 2);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("placement");
    tcase_add_loop_test(tc, invariants, 0, (int)(sizeof machines / sizeof *machines));
    tcase_add_loop_test(tc, numbers_are_chosen, 0, (int)(sizeof choices / sizeof *choices));
    tcase_add_test(tc, fast_cores_learn);
    tcase_add_test(tc, near_first);
    tcase_add_test(tc, largest_cache_is_home);
    tcase_add_test(tc, reasons);
    tcase_add_test(tc, teams_part);
    tcase_add_test(tc, places_of_others);
    tcase_add_test(tc, siblings_before_other_runs);
    tcase_add_test(tc, all_is_taken);
    tcase_add_test(tc, capacity_left);
    tcase_add_test(tc, many_runs);
    tcase_add_loop_test(tc, invariants_of_whole_machines, 0, (int)(sizeof files / sizeof *files));
    tcase_add_test(tc, on_two_sockets);
    tcase_add_test(tc, on_four_nodes);
    tcase_add_test(tc, on_two_kinds);
    tcase_add_test(tc, cheap_environments);
    tcase_add_test(tc, middling_environments);
    tcase_add_test(tc, expensive_environments);
    tcase_add_test(tc, size_is_the_largest_that_fits);
    tcase_add_test(tc, sizes_do_not_swing);
    tcase_add_test(tc, evaluation_takes_a_core);
    return suite_run(CK_FORK_GETENV, "placement", 1, tc);
}
