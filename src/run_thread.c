#include "run_thread.h"

#include <math.h>
#include <string.h>

#include "error.h"

enum sac_status sac_run_thread_start(struct sac_run_thread *thread, void *(*run)(void *), void *argument)
{
    const int error = pthread_create(&thread->thread, NULL, run, argument);
    if (error != 0)
        return sac_fail(SAC_NOMEM, "a thread of the run could not be started: %s; use fewer --env-threads",
                        strerror(error));
    pthread_getcpuclockid(thread->thread, &thread->clock);
    thread->started = true;
    return SAC_OK;
}

void sac_run_thread_begins(struct sac_run_thread *thread)
{
    sac_calls_note(&thread->calls);
}

void sac_run_thread_ends(struct sac_run_thread *thread)
{
    sac_store_relaxed(ended, &thread->ended, 1u);
}

/* The second look finds it in the call still, after main's error is kept: so whatever it may fail with when
 * it comes back is not the first, and nobody needs to wait for it to be written. */
bool sac_run_thread_look(struct sac_run_thread *thread, uint32_t patience, struct sac_first_error *error)
{
    thread->stuck = sac_calls_look(&thread->calls, patience);
    if (thread->stuck) {
        sac_first_error_keep(error, sac_calls_fail(&thread->calls));
        thread->stuck = sac_calls_look(&thread->calls, patience);
    }
    return thread->stuck;
}

bool sac_run_thread_over(const struct sac_run_thread *thread)
{
    return !thread->started || thread->stuck || sac_load_relaxed(ended, &thread->ended);
}

bool sac_run_thread_join(struct sac_run_thread *thread)
{
    if (!thread->started)
        return true;
    thread->started = false;
    if (thread->stuck)
        pthread_detach(thread->thread);
    else
        pthread_join(thread->thread, NULL);
    return !thread->stuck;
}

double sac_run_thread_cpu_seconds(const struct sac_run_thread *thread)
{
    struct timespec used;
    if (!thread->started || clock_gettime(thread->clock, &used) != 0)
        return NAN;
    return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}
