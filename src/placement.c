/* Numbers of threads first, then a list of all CPUs in the order in which they are given away. */
#include "placement.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "integers.h"
#include "memory.h"
#include "neighbours.h"

/* FLOPs under which a second learner thread costs more than it gives. */
static const double SMALL_UPDATE = 5e7;
/* Two threads take a critic each; more split the rows of a batch, whose products then are less efficient: so
 * each should have this much to do. */
static const double MEMBER_FLOPS = 2e8;
/* Of a core or a thread's time: less is as good as nothing. */
static const double TOLERATED_DUTY = 0.2;
/* While something else has the core of one member the whole team waits, so others that are busy for a part d
 * of the time leave 1 - d of a team's work. Two threads make 1.55 times the updates of one: with d below 0.35
 * they are still faster than one alone; and the more there are, the sooner one less is better. So d times the
 * team's size is compared with this, or with less for a team that would grow, so that it does not go to and
 * fro. */
static const double TEAM_KEEPS = 0.7, TEAM_GROWS = 0.5;

/* --- numbers --- */

static int fastest(const struct sac_topology *t)
{
    int speed = 0;
    for (int c = 0; c < t->cores; c++)
        speed = sac_most(speed, t->core[c].speed);
    return speed;
}

/* How much of a core other runs take. A learner that is disturbed is slowed down whole, so its cores come
 * last. */
enum { FREE, BUSY, LEARNS };

static int taken(const struct sac_neighbours *n, int core)
{
    return !n ? FREE : n->learning[core] ? LEARNS : n->load[core] > TOLERATED_DUTY ? BUSY : FREE;
}

/* How little a core is worth to the team: the slower the more, and any free one comes before the others. */
static int cost(const struct sac_topology *t, const struct sac_neighbours *n, int core, int speed)
{
    return taken(n, core) * (speed + 1) + speed - t->core[core].speed;
}

/* The L3 cache with the most of the best cores around it, and how many they are. */
static int find_home(const struct sac_topology *t, const struct sac_neighbours *n, int *cores)
{
    const int speed = fastest(t);
    int home = 0, count = 0, l3 = -1, least_cost = cost(t, n, 0, speed);
    for (int c = 1; c < t->cores; c++)
        least_cost = sac_least(least_cost, cost(t, n, c, speed));
    *cores = 0;
    for (int c = 0; c < t->cores; c++) {
        count = t->core[c].l3 == l3 ? count : 0;
        l3 = t->core[c].l3;
        count += cost(t, n, c, speed) == least_cost;
        if (count > *cores) {
            *cores = count;
            home = l3;
        }
    }
    return home;
}

double sac_placement_capacity(const struct sac_topology *t, const struct sac_neighbours *n)
{
    if (!n)
        return sac_topology_capacity(t);
    const double cores = t->cores - n->programs, share = fmin(cores, t->quota) / (n->runs + 1);
    return fmax(fmin(cores - n->cores, t->quota - n->quota), share);
}

/* Even, as there are two critics. */
static int team_by_size(double flops)
{
    return flops < SMALL_UPDATE ? 1 : sac_most(2, 2 * (int)fmin(flops / MEMBER_FLOPS / 2, 1e6));
}

static const char *plural(int n)
{
    return n == 1 ? "" : "s";
}

/* CPUs as a number of threads: what falls short of the next one by little counts as that. */
static int whole(double cpus)
{
    return sac_most(1, (int)ceil(cpus - TOLERATED_DUTY));
}

/* A team that can follow what is left for it is made for a machine without other runs. */
static void choose_team(struct sac_placement *p, const struct sac_topology *t,
                        const struct sac_placement_request *request, int left, char reason[64])
{
    int home_cores;
    find_home(t, request->resizes ? NULL : request->neighbours, &home_cores);
    const int cores = request->resizes ? (int)ceil(sac_topology_capacity(t)) : left;
    const int by_size = team_by_size(request->update_flops);
    const int chosen = sac_least(by_size, sac_least(cores, home_cores));
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
    p->sharing = request->resizes ? sac_least(p->learner_threads, left) : p->learner_threads;
    if (p->sharing < p->learner_threads)
        snprintf(reason, 64, "%d of them beside other runs", p->sharing);
}

/* A team that takes most of the cores is for environments that need little time: then env threads are for
 * the warm-up, in which the learner sleeps. */
static void choose_env_threads(struct sac_placement *p, const struct sac_placement_request *request,
                               int cores, char reason[64])
{
    const int rest = cores - p->sharing;
    const bool beside = 2 * rest >= cores;
    const int wanted = request->env_threads > 0 ? request->env_threads : beside ? rest : cores;
    p->env_threads = sac_least(wanted, request->environments);
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
    const int left = whole(sac_placement_capacity(t, request->neighbours));
    choose_team(p, t, request, left, learner);
    choose_env_threads(p, request, left, env);
    if (t->quota < t->cores)
        snprintf(quota, sizeof quota, " with a quota of %.3g", t->quota);
    snprintf(p->reason, sizeof p->reason,
             "%d thread%s learn%s (%s), %d step%s environments (%s), on %d core%s%s", p->learner_threads,
             plural(p->learner_threads), p->learner_threads == 1 ? "s" : "", learner, p->env_threads,
             p->env_threads == 1 ? "s" : "", env, t->cores, plural(t->cores), quota);
}

/* --- places --- */

/* A CPU, with what decides when it is given away: the first key that differs, then its number's order. */
enum { KEYS = 7 };
struct seat {
    int key[KEYS];
    int at; /* in the topology's list */
    int core;
};

/* From the learner's L3 cache: 0 around it, 1 same node, 2 same package, 3 elsewhere. */
static int distance(const struct sac_core *core, const struct sac_core *home)
{
    return core->l3 == home->l3 ? 0 : core->package != home->package ? 3 : core->node != home->node ? 2 : 1;
}

static int compare_seats(const void *a, const void *b)
{
    const struct seat *x = a, *y = b;
    for (int i = 0; i < KEYS; i++)
        if (x->key[i] != y->key[i])
            return x->key[i] < y->key[i] ? -1 : 1;
    return x->at - y->at;
}

static const struct sac_core *core_around(const struct sac_topology *t, int l3)
{
    const struct sac_core *core = t->core;
    while (core->l3 != l3)
        core++;
    return core;
}

/* What places are chosen from. */
struct seating {
    const struct sac_topology *topology;
    const struct sac_neighbours *neighbours;
    const struct sac_core *home;
    int speed;
    bool *learns;      /* (cores) a thread of the team is there */
    struct seat *seat; /* (cpus) */
};

/* The team sits on cores each of their own, whatever these are; env threads rather beside each other on one
 * core than on another run's, and beside the team last of all. */
static void sort_seats(const struct seating *s, int first, bool for_team)
{
    const struct sac_topology *t = s->topology;
    for (int i = first; i < t->cpus; i++) {
        struct seat *seat = &s->seat[i];
        const int core = seat->core, sibling = seat->at - t->core[core].first;
        const int other = taken(s->neighbours, core);
        const bool lightly = s->neighbours && s->neighbours->load[core] > 0;
        const int key[KEYS] = {s->learns[core],
                               for_team ? sibling : other,
                               for_team ? other : sibling,
                               s->speed - t->core[core].speed,
                               distance(&t->core[core], s->home),
                               lightly,
                               core};
        memcpy(seat->key, key, sizeof key);
    }
    qsort(s->seat + first, (size_t)(t->cpus - first), sizeof *s->seat, compare_seats);
}

static void list_seats(const struct sac_topology *t, struct seat *seat)
{
    for (int c = 0; c < t->cores; c++)
        for (int i = t->core[c].first; i < t->core[c].first + t->core[c].count; i++)
            seat[i] = (struct seat){.at = i, .core = c};
}

/* Into p->cpu: the team's CPUs, then those of other cores, then what is left of the team's cores. Returns how
 * many are on other cores. */
static int order_cpus(struct sac_placement *p, const struct seating *s, int team)
{
    const struct sac_topology *t = s->topology;
    int others = 0;
    list_seats(t, s->seat);
    sort_seats(s, 0, true);
    for (int i = 0; i < team; i++)
        s->learns[s->seat[i].core] = true;
    sort_seats(s, team, false);
    for (int i = 0; i < t->cpus; i++) {
        p->cpu[i] = t->cpu[s->seat[i].at];
        others += !s->learns[s->seat[i].core];
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
    int home_cores;
    const struct seating seating = {
        .topology = t,
        .neighbours = request->neighbours,
        .home = core_around(t, find_home(t, request->neighbours, &home_cores)),
        .speed = fastest(t),
        .learns = sac_allocate((size_t)t->cores * sizeof *seating.learns),
        .seat = sac_allocate((size_t)t->cpus * sizeof *seating.seat),
    };
    bool complete = p && seating.seat && seating.learns;
    if (complete) {
        choose_numbers(p, t, request);
        complete = allocate_places(p, t->cpus);
    }
    if (complete) {
        const int team = sac_least(p->learner_threads, t->cpus);
        place(p, t->cpus, team, order_cpus(p, &seating, team));
        *placement = p;
    } else {
        sac_placement_destroy(p);
    }
    sac_free(seating.seat);
    sac_free(seating.learns);
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
        const double tolerated = (team > duty->learner_threads ? TEAM_GROWS : TEAM_KEEPS) / team;
        if (team + sac_placement_env_duty(duty, team) + duty->others <= capacity + tolerated)
            break;
    }
    return team;
}
