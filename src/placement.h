/* How many threads a run has, and where they run: pure functions of a topology and of what was measured. */
#ifndef SAC_PLACEMENT_H
#define SAC_PLACEMENT_H

#include <stdbool.h>

#include <softac/status.h>

#include "topology.h"

struct sac_neighbours;

struct sac_placement_request {
    int env_threads, learner_threads; /* as asked for; 0: choose */
    int environments;                 /* an env thread has at least one */
    int most_learner_threads;         /* what OpenMP grants */
    double update_flops;              /* of one update */
    bool resizes; /* as many of the team work as there is room for; else the team itself is no larger */
    const struct sac_neighbours *neighbours; /* runs to keep off; NULL: there are none */
};

/* CPUs a thread may run on. */
struct sac_cpu_list {
    const int *cpu;
    int count;
};

struct sac_placement {
    int env_threads, learner_threads;
    int sharing;                  /* learner threads that work at the start */
    struct sac_cpu_list *learner; /* (learner_threads) the leader's first */
    struct sac_cpu_list *env;     /* (env_threads) */
    struct sac_cpu_list evaluator;
    char reason[256]; /* "2 threads learn (...), 2 step environments (...), on ..." */
    int *cpu;         /* what the lists point into */
};

/* CPUs that are left for a run beside its neighbours (NULL: none): what they do not take, and if that is
 * less, a fair share of all. */
double sac_placement_capacity(const struct sac_topology *topology, const struct sac_neighbours *neighbours);

/* The learner's team goes onto physical cores of their own, the fastest that no other run takes, around one
 * L3 cache where they fit; the other hardware threads of these cores stay idle while there are cores left.
 * Env threads and evaluator get the rest, the nearest first and those of other runs last. Where threads can
 * not be apart they share all that is left. SAC_NOMEM. */
enum sac_status sac_placement_create(const struct sac_topology *topology,
                                     const struct sac_placement_request *request,
                                     struct sac_placement **placement);
void sac_placement_destroy(struct sac_placement *placement); /* takes NULL */

/* What the threads did between two looks. */
struct sac_duty {
    int learner_threads;        /* that shared the work */
    double learner_cpu_seconds; /* of the team's leader */
    double updates;             /* in that time */
    double env_cpu_seconds;     /* of all env threads together */
    double environment_steps;   /* in that time */
    double update_to_data;      /* the governor's: updates per environment step */
    int env_threads;
    double others; /* further threads that are busy now: the evaluator */
};

/* How many of at most `most` learner threads are to share the work from now on, that they and the busy part
 * of the other threads together do not exceed `capacity` CPUs. A busy thread more than there are cores stops
 * the whole team whenever it takes the place of a member. */
int sac_placement_team(double capacity, int most, const struct sac_duty *duty);

/* CPUs that env threads would keep busy beside a team of `team` that neither they nor anybody else keeps from
 * its work. CPU time, unlike the time that passes, says so also while the cores are too few. */
double sac_placement_env_duty(const struct sac_duty *duty, int team);

#endif
