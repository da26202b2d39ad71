/* Starting threads costs too much to be timed: they wait for each other first, and each notes when it begins
 * and ends. */
#include "workers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomics.h"
#include "cpu_order.h"
#include "error.h"
#include "thread.h"

int bench_thread_counts(int cores, int *count)
{
    enum { ALL_OF = 4, MOST_DOUBLED = 1 << 12 };
    int n = 0;
    for (int threads = 1; threads <= 2 * cores; threads++) {
        const bool power = (threads & (threads - 1)) == 0 && threads <= MOST_DOUBLED;
        const bool told = threads == cores || threads == cores + cores / 2 || threads == 2 * cores;
        if ((cores <= ALL_OF || power || told) && n < BENCH_MOST_COUNTS)
            count[n++] = threads;
    }
    return n;
}

/* ---- where ---- */

static struct {
    int *cpu, count; /* constant once read */
} process_cpus;

/* Where they can not be read nothing is bound. */
static void read_cpus(void)
{
    if (bench_cpus_read(&process_cpus.cpu, &process_cpus.count) != SAC_OK)
        process_cpus.count = 0;
}

void bench_worker_bind(int worker, int workers)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_cpus);
    if (workers <= process_cpus.count)
        sac_thread_bind(&process_cpus.cpu[worker], 1);
}

/* ---- running ---- */

struct worker {
    struct bench_workers *all;
    int number;
    pthread_t thread;
    uint64_t begin, end;
};

struct bench_workers {
    const struct bench_work *work;
    struct worker *worker; /* (timed + beside) */
    pthread_mutex_t start; /* held until all have been started */
    pthread_barrier_t together;
    bool given_up; /* under `start` */
    /* written by: timed threads as they end; read by: those beside. Relaxed: no data goes with it */
    _Alignas(SAC_CACHE_LINE) _Atomic int left;
};

bool bench_workers_over(const struct bench_workers *workers)
{
    return sac_load_relaxed(test, &workers->left) == 0;
}

/* Threads beside are bound where there is a CPU for each, too. */
static void bind_worker(const struct worker *w)
{
    const struct bench_work *work = w->all->work;
    const bool timed = w->number < work->timed;
    bench_worker_bind(w->number, timed ? work->timed : work->timed + work->beside);
}

static void *worker_main(void *argument)
{
    struct worker *w = argument;
    struct bench_workers *all = w->all;
    pthread_mutex_lock(&all->start);
    const bool given_up = all->given_up;
    pthread_mutex_unlock(&all->start);
    if (given_up)
        return NULL;
    bind_worker(w);
    pthread_barrier_wait(&all->together);
    w->begin = sac_time_ns();
    all->work->job(all->work->context, w->number, all);
    w->end = sac_time_ns();
    if (w->number < all->work->timed)
        sac_add_relaxed(test, &all->left, -1);
    return NULL;
}

/* All or none. */
static enum sac_status start_and_join(struct bench_workers *all, int count)
{
    int started = 0, error = 0;
    pthread_mutex_lock(&all->start);
    while (started < count && error == 0) {
        struct worker *w = &all->worker[started];
        *w = (struct worker){.all = all, .number = started};
        error = pthread_create(&w->thread, NULL, worker_main, w);
        started += error == 0;
    }
    all->given_up = error != 0;
    pthread_mutex_unlock(&all->start);
    for (int i = 0; i < started; i++)
        pthread_join(all->worker[i].thread, NULL);
    if (error == 0)
        return SAC_OK;
    return sac_fail(SAC_NOMEM, "thread %d of %d could not be started: %s", started + 1, count,
                    strerror(error));
}

static double elapsed(const struct bench_workers *all)
{
    uint64_t begin = all->worker[0].begin, end = all->worker[0].end;
    for (int i = 1; i < all->work->timed; i++) {
        const struct worker *w = &all->worker[i];
        begin = w->begin < begin ? w->begin : begin;
        end = w->end > end ? w->end : end;
    }
    return 1e-9 * (double)(end - begin + 1);
}

static enum sac_status run(const struct bench_work *work, double *seconds)
{
    const int count = work->timed + work->beside;
    struct bench_workers all = {.work = work, .start = PTHREAD_MUTEX_INITIALIZER, .left = work->timed};
    all.worker = calloc((size_t)count, sizeof *all.worker);
    if (all.worker == NULL || pthread_barrier_init(&all.together, NULL, (unsigned)count) != 0) {
        free(all.worker);
        return sac_fail(SAC_NOMEM, "no memory for %d threads", count);
    }
    const enum sac_status status = start_and_join(&all, count);
    *seconds = elapsed(&all);
    pthread_barrier_destroy(&all.together);
    free(all.worker);
    return status;
}

void bench_workers_run(const struct bench_work *work, struct bench_outcome *outcome)
{
    if (outcome->status != SAC_OK)
        return;
    outcome->status = run(work, &outcome->seconds);
    if (outcome->status != SAC_OK)
        snprintf(outcome->error, sizeof outcome->error, "%s", sac_last_error());
}

enum sac_status bench_outcome_check(const struct bench_outcome *outcome)
{
    return outcome->status == SAC_OK ? SAC_OK : sac_fail(outcome->status, "%s", outcome->error);
}
