/* Numbers of threads first, then a list of all CPUs in the order in which they are given away. */
#include "placement.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "memory.h"

/* FLOPs under which a second learner thread costs more than it gives. */
static const double SMALL_UPDATE = 5e7;
/* Two threads take a critic each; more split the rows of a batch, whose products then are less efficient: so
 * each should have this much to do. */
static const double MEMBER_FLOPS = 2e8;
/* Two threads make 1.5 to 1.9 times the updates of one, so they lose once the others take 0.3 of a core from
 * them. Less makes a team smaller, so that it does not go to and fro. */
static const double TOLERATED_DUTY = 0.2;

/* --- numbers --- */

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int most_of(int a, int b)
{
    return a > b ? a : b;
}

static int fastest(const struct sac_topology *t)
{
    int speed = 0;
    for (int c = 0; c < t->cores; c++)
        speed = most_of(speed, t->core[c].speed);
    return speed;
}

/* The L3 cache with the most fast cores around it, and how many they are. */
static int find_home(const struct sac_topology *t, int *cores)
{
    const int speed = fastest(t);
    int home = 0, count = 0, l3 = -1;
    *cores = 0;
    for (int c = 0; c < t->cores; c++) {
        count = t->core[c].l3 == l3 ? count : 0;
        l3 = t->core[c].l3;
        count += t->core[c].speed == speed;
        if (count > *cores) {
            *cores = count;
            home = l3;
        }
    }
    return home;
}

/* Even, as there are two critics. */
static int team_by_size(double flops)
{
    return flops < SMALL_UPDATE ? 1 : most_of(2, 2 * (int)fmin(flops / MEMBER_FLOPS / 2, 1e6));
}

static const char *plural(int n)
{
    return n == 1 ? "" : "s";
}

static void choose_team(struct sac_placement *p, const struct sac_placement_request *request, int cores,
                        int home_cores, char reason[64])
{
    const int by_size = team_by_size(request->update_flops);
    const int chosen = least(by_size, least(cores, home_cores));
    p->learner_threads = request->learner_threads > 0 ? request->learner_threads
                         : chosen > 1                 ? chosen & ~1
                                                      : 1;
    if (request->learner_threads > 0)
        snprintf(reason, 64, "as asked for");
    else if (p->learner_threads < by_size)
        snprintf(reason, 64, "as many cores as there are for it");
    else
        snprintf(reason, 64, "an update is about %.3g MFLOP", request->update_flops * 1e-6);
    if (p->learner_threads > request->most_learner_threads) {
        p->learner_threads = request->most_learner_threads;
        snprintf(reason, 64, "OpenMP grants no more");
    }
}

/* A team that takes most of the cores is for environments that need little time: then env threads are for
 * the warm-up, in which the learner sleeps. */
static void choose_env_threads(struct sac_placement *p, const struct sac_placement_request *request,
                               int cores, char reason[64])
{
    const int rest = cores - p->learner_threads;
    const bool beside = 2 * rest >= cores;
    const int wanted = request->env_threads > 0 ? request->env_threads : beside ? rest : cores;
    p->env_threads = least(wanted, request->environments);
    snprintf(reason, 64, "%s",
             p->env_threads < wanted ? "one for each environment"
             : request->env_threads  ? "as asked for"
             : beside                ? "the cores left"
                                     : "one for each core");
}

static void choose_numbers(struct sac_placement *p, const struct sac_topology *t,
                           const struct sac_placement_request *request)
{
    char learner[64], env[64], quota[64] = "";
    int home_cores;
    find_home(t, &home_cores);
    const int cores = (int)ceil(sac_topology_capacity(t));
    choose_team(p, request, cores, home_cores, learner);
    choose_env_threads(p, request, cores, env);
    if (t->quota < t->cores)
        snprintf(quota, sizeof quota, " with a quota of %.3g", t->quota);
    snprintf(p->reason, sizeof p->reason,
             "%d thread%s learn%s (%s), %d step%s environments (%s), on %d core%s%s", p->learner_threads,
             plural(p->learner_threads), p->learner_threads == 1 ? "s" : "", learner, p->env_threads,
             p->env_threads == 1 ? "s" : "", env, t->cores, plural(t->cores), quota);
}

/* --- places --- */

/* A CPU, with what decides when it is given away. */
struct seat {
    int sibling;  /* its number among its core's hardware threads */
    int slowness; /* behind the fastest kind */
    int distance; /* from the learner's L3 cache: 0 around it, 1 same node, 2 same package, 3 elsewhere */
    int core, cpu;
};

static int distance(const struct sac_core *core, const struct sac_core *home)
{
    return core->l3 == home->l3 ? 0 : core->package != home->package ? 3 : core->node != home->node ? 2 : 1;
}

static int compare_seats(const void *a, const void *b)
{
    const struct seat *x = a, *y = b;
    const int differences[] = {x->sibling - y->sibling, x->slowness - y->slowness, x->distance - y->distance,
                               x->core - y->core};
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++)
        if (differences[i] != 0)
            return differences[i];
    return 0;
}

static const struct sac_core *core_around(const struct sac_topology *t, int l3)
{
    const struct sac_core *core = t->core;
    while (core->l3 != l3)
        core++;
    return core;
}

static void sort_seats(const struct sac_topology *t, struct seat *seat)
{
    int home_cores;
    const struct sac_core *home = core_around(t, find_home(t, &home_cores));
    const int speed = fastest(t);
    for (int c = 0; c < t->cores; c++)
        for (int i = 0; i < t->core[c].count; i++) {
            const int cpu = t->core[c].first + i;
            seat[cpu] =
                (struct seat){i, speed - t->core[c].speed, distance(&t->core[c], home), c, t->cpu[cpu]};
        }
    qsort(seat, (size_t)t->cpus, sizeof *seat, compare_seats);
}

/* Into p->cpu: the team's CPUs, then those of other cores, then what is left of the team's cores. Returns how
 * many are on other cores. */
static int order_cpus(struct sac_placement *p, const struct sac_topology *t, const struct seat *seat,
                      int team, bool *learns)
{
    int count = 0, others = 0;
    for (int i = 0; i < team; i++) {
        learns[seat[i].core] = true;
        p->cpu[count++] = seat[i].cpu;
    }
    for (int idle = 0; idle < 2; idle++) {
        for (int i = team; i < t->cpus; i++)
            if (learns[seat[i].core] == (idle == 1))
                p->cpu[count++] = seat[i].cpu;
        others = idle ? others : count - team;
    }
    return others;
}

static void place(struct sac_placement *p, int cpus, int team, int others)
{
    const struct sac_cpu_list all = {p->cpu, cpus};
    const int rest = others > 0 ? others : cpus - team;
    const struct sac_cpu_list left = rest > 0 ? (struct sac_cpu_list){p->cpu + team, rest} : all;
    for (int m = 0; m < p->learner_threads; m++)
        p->learner[m] = p->learner_threads > team ? all : (struct sac_cpu_list){p->cpu + m, 1};
    for (int k = 0; k < p->env_threads; k++)
        p->env[k] = p->env_threads <= rest ? (struct sac_cpu_list){left.cpu + k, 1} : left;
    p->evaluator = left;
}

static bool allocate_places(struct sac_placement *p, int cpus)
{
    p->learner = sac_allocate((size_t)p->learner_threads * sizeof *p->learner);
    p->env = sac_allocate((size_t)p->env_threads * sizeof *p->env);
    p->cpu = sac_allocate((size_t)cpus * sizeof *p->cpu);
    return p->learner && p->env && p->cpu;
}

enum sac_status sac_placement_create(const struct sac_topology *t,
                                     const struct sac_placement_request *request,
                                     struct sac_placement **placement)
{
    struct sac_placement *p = sac_allocate(sizeof *p);
    struct seat *seat = sac_allocate((size_t)t->cpus * sizeof *seat);
    bool *learns = sac_allocate((size_t)t->cores * sizeof *learns), complete = p && seat && learns;
    if (complete) {
        choose_numbers(p, t, request);
        complete = allocate_places(p, t->cpus);
    }
    if (complete) {
        const int team = least(p->learner_threads, t->cpus);
        sort_seats(t, seat);
        place(p, t->cpus, team, order_cpus(p, t, seat, team, learns));
        *placement = p;
    } else {
        sac_placement_destroy(p);
    }
    sac_free(seat);
    sac_free(learns);
    return complete ? SAC_OK : sac_fail(SAC_NOMEM, "no memory to place threads on %d CPUs", t->cpus);
}

void sac_placement_destroy(struct sac_placement *placement)
{
    if (!placement)
        return;
    sac_free(placement->learner);
    sac_free(placement->env);
    sac_free(placement->cpu);
    sac_free(placement);
}

/* --- the team's size by measured duty --- */

/* An update of `team` threads is taken to last as much less as they are more. */
double sac_placement_env_duty(const struct sac_duty *duty, int team)
{
    const double update_seconds = duty->learner_cpu_seconds / duty->updates * duty->learner_threads / team;
    const double env_seconds = duty->env_cpu_seconds / duty->environment_steps / duty->update_to_data;
    return fmin(env_seconds / update_seconds, duty->env_threads);
}

int sac_placement_team(double capacity, int most, const struct sac_duty *duty)
{
    int team = most;
    for (; team > 1; team--) {
        const double tolerated = team > duty->learner_threads ? TOLERATED_DUTY / 2 : TOLERATED_DUTY;
        if (team + sac_placement_env_duty(duty, team) + duty->others <= capacity + tolerated)
            break;
    }
    return team;
}
