/* A thread of a run, as the main thread sees it: started, ended, or inside an environment's function that
 * never comes back. */
#ifndef SAC_RUN_THREAD_H
#define SAC_RUN_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "environment_call.h"
#include "first_error.h"

/* Belongs to the main thread, but for `ended` and `calls`. All zero at the start: over. */
struct sac_run_thread {
    pthread_t thread;
    clockid_t clock; /* its CPU time */
    bool started, stuck;
    /* written by: the thread, last of all; read by: main. Relaxed: joining orders what it leaves */
    _Atomic uint32_t ended;
    struct sac_calls calls;
};

enum sac_status sac_run_thread_start(struct sac_run_thread *thread, void *(*run)(void *), void *argument);

/* The thread itself, at its begin and end. */
void sac_run_thread_begins(struct sac_run_thread *thread);
void sac_run_thread_ends(struct sac_run_thread *thread);

/* To be called once a second: a thread that has been inside one call for more than `patience` looks is stuck,
 * until it comes back; the sentence is kept in `error`. True if it is. */
bool sac_run_thread_look(struct sac_run_thread *thread, uint32_t patience, struct sac_first_error *error);

/* Nothing more is to be waited for: never started, ended, or stuck. */
bool sac_run_thread_over(const struct sac_run_thread *thread);

/* Of one that is over. False: it is stuck, and left behind; what it may yet touch must stay. */
bool sac_run_thread_join(struct sac_run_thread *thread);

/* CPU time so far; NaN once it has ended. */
double sac_run_thread_cpu_seconds(const struct sac_run_thread *thread);

#endif
