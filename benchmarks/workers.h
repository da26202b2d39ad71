/* The threads of a benchmark that asks how something grows with them. */
#ifndef SAC_WORKERS_H
#define SAC_WORKERS_H

#include <stdbool.h>

#include <softac/status.h>

enum { BENCH_MOST_COUNTS = 16 };

/* From one thread to twice as many as there are cores: all numbers up to four cores, then powers of two, one
 * and a half times the cores, and those of the cores themselves. count (BENCH_MOST_COUNTS); returns how many.
 */
int bench_thread_counts(int cores, int *count);

/* Bind the calling thread, the `worker`th of `workers`, to a CPU of its own: one of each core, then their
 * siblings. With fewer CPUs than workers nothing is bound. */
void bench_worker_bind(int worker, int workers);

struct bench_workers;

/* Work for `timed` threads, which are timed, and for `beside` further ones, which go on until those have
 * ended. */
struct bench_work {
    int timed, beside;
    void (*job)(void *context, int worker,
                const struct bench_workers *workers); /* the timed ones come first */
    void *context;
};

/* For the threads beside: have the timed ones all ended? */
bool bench_workers_over(const struct bench_workers *workers);

/* All zero before the first run. */
struct bench_outcome {
    double seconds; /* of the last run: from the first begin of a timed one to the last end */
    enum sac_status status;
    char error[256];
};

/* All of them begin together. After a failure (SAC_NOMEM: a thread could not be started) nothing runs any
 * more. */
void bench_workers_run(const struct bench_work *work, struct bench_outcome *outcome);
/* That failure again, or SAC_OK. */
enum sac_status bench_outcome_check(const struct bench_outcome *outcome);

#endif
