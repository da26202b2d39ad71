/* A whole run of the governor with threads that pretend to step and update, and assert the promised bounds
 * after each piece of work; one more does so all the time. For the tests and the stress program. */
#ifndef GOVERNOR_RUN_H
#define GOVERNOR_RUN_H

#include <pthread.h>

#include "governor.h"
#include "team.h"

enum { MAX_ENV_THREADS = 64, MAX_STEPS = 1 << 16 };

struct governor_run;

struct governor_env {
    struct governor_run *run;
    struct sac_shard *shard;
    int number;
    int64_t steps; /* tickets used */
    int64_t environment_steps;
    uint64_t random;
};

/* What threads do between their calls of the governor. */
struct governor_work {
    int observation_size, action_size;
    void (*begin)(struct governor_env *env); /* append the first row of each ring */
    void (*step)(struct governor_env *env, const struct sac_ticket *ticket);
    void (*learn)(struct governor_run *run); /* a round of updates; `updates` counts those before it */
};

struct governor_run {
    /* fill in */
    struct sac_settings settings; /* the governor's and replay's part */
    int64_t p, q;                 /* update_to_data as a fraction, the oracle's own */
    int env_threads;
    int dies_at; /* the last env thread gives its ticket back here and leaves; 0: never */
    bool draw;   /* the learner draws from the replay and mixes what it drew into `drawn` */
    /* called before each piece of work of an env thread, and of the learner; may be NULL */
    void (*env_delay)(uint64_t *random);
    void (*learner_delay)(uint64_t *random);
    /* for the stress program */
    const struct governor_work *work; /* NULL: rows of one number each */
    struct sac_team *team;            /* what the learner leads, may be NULL */

    /* the run */
    struct sac_replay *replay;
    struct sac_governor *governor;
    pthread_t env[MAX_ENV_THREADS], learner, watcher;
    struct governor_env env_context[MAX_ENV_THREADS];
    _Atomic bool watching;

    /* results */
    unsigned char granted[MAX_STEPS]; /* how often each step number was; separate bytes per ticket */
    uint64_t updates;
    uint64_t drawn;
};

/* floor(UTD (steps - warm-up)), in whole rounds. */
uint64_t governor_run_expected(const struct governor_run *run, int64_t steps);
/* What is promised for any moment holds now. Any thread. */
void governor_run_assert_bound(const struct governor_run *run);
void governor_run_start(struct governor_run *run);
void governor_run_join(struct governor_run *run);
void governor_run_destroy(struct governor_run *run);
/* Of a run that was not stopped, once joined: exact budgets, i.e. every step number once and all updates. */
void governor_run_check(const struct governor_run *run);
/* Join, check, destroy. */
void governor_run_finish(struct governor_run *run);

#endif
