/* The few system calls that threads need, in one place. */
#include "thread.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "atomics.h"
#include "cgroup.h"

#define NS_PER_S 1000000000u

/* FUTEX_WAIT_BITSET rather than FUTEX_WAIT, because its deadline is absolute: a wait that is repeated after
 * an early return does not start its time again. */
void sac_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
    const struct timespec deadline = {(time_t)(deadline_ns / NS_PER_S), (long)(deadline_ns % NS_PER_S)};
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
            deadline_ns == SAC_FOREVER ? NULL : &deadline, NULL, FUTEX_BITSET_MATCH_ANY);
}

void sac_futex_wake(_Atomic uint32_t *word)
{
    const int saved = errno;
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 0);
    errno = saved;
}

uint64_t sac_time_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* The kernel refuses masks shorter than its own with EINVAL, so the mask grows until it fits. */
static cpu_set_t *affinity_mask(size_t *size)
{
    for (int cpus = CPU_SETSIZE; cpus <= 1 << 20; cpus *= 2) {
        cpu_set_t *mask = CPU_ALLOC((size_t)cpus);
        if (mask == NULL)
            break;
        *size = CPU_ALLOC_SIZE((size_t)cpus);
        if (sched_getaffinity(0, *size, mask) == 0)
            return mask;
        CPU_FREE(mask);
    }
    return NULL;
}

static void add_place(cpu_set_t *mask, size_t size, int place)
{
    const int count = omp_get_place_num_procs(place);
    int *cpu = malloc((size_t)count * sizeof *cpu);
    if (cpu == NULL)
        return;
    omp_get_place_proc_ids(place, cpu);
    for (int i = 0; i < count; i++)
        CPU_SET_S((size_t)cpu[i], size, mask);
    free(cpu);
}

/* Told to bind threads, an OpenMP runtime binds the process' first thread as it is loaded, and whatever that
 * thread starts inherits its one core. The runtime's places together are the CPUs it took. */
cpu_set_t *sac_process_cpus(size_t *size)
{
    cpu_set_t *mask = affinity_mask(size);
    if (mask == NULL || omp_get_proc_bind() == omp_proc_bind_false)
        return mask;
    for (int place = 0; place < omp_get_num_places(); place++)
        add_place(mask, *size, place);
    return mask;
}

int sac_cpu_count(void)
{
    size_t size;
    cpu_set_t *mask = sac_process_cpus(&size);
    const double count = mask ? CPU_COUNT_S(size, mask) : 1, granted = ceil(sac_cgroup_cpus(""));
    CPU_FREE(mask);
    return (int)fmax(1, fmin(count, granted));
}

void sac_thread_unbind(void)
{
    if (omp_get_proc_bind() == omp_proc_bind_false)
        return;
    size_t size;
    cpu_set_t *mask = sac_process_cpus(&size);
    if (mask)
        sched_setaffinity(0, size, mask);
    CPU_FREE(mask);
}

/* CPUs may have been taken from the process since somebody looked: then the thread stays where it may be. */
void sac_thread_bind(const int *cpu, int count)
{
    int highest = 0;
    for (int i = 0; i < count; i++)
        highest = cpu[i] > highest ? cpu[i] : highest;
    cpu_set_t *mask = CPU_ALLOC((size_t)highest + 1);
    if (mask == NULL)
        return;
    const size_t size = CPU_ALLOC_SIZE((size_t)highest + 1);
    CPU_ZERO_S(size, mask);
    for (int i = 0; i < count; i++)
        CPU_SET_S((size_t)cpu[i], size, mask);
    sched_setaffinity(0, size, mask);
    CPU_FREE(mask);
}

/* --- probing --- */

static void *wait_for_release(void *context)
{
    _Atomic uint32_t *released = context;
    while (!sac_load_relaxed(probe_released, released))
        sac_futex_wait(released, 0, SAC_FOREVER);
    return NULL;
}

/* All are there at once, each with its stack, before the first may end. */
int sac_thread_probe(int threads)
{
    pthread_t *started = malloc((size_t)threads * sizeof *started);
    /* written by: this thread; read by: the probes. Relaxed: no data goes with it */
    _Atomic uint32_t released = 0;
    int count = 0;
    while (started && count < threads && !pthread_create(&started[count], NULL, wait_for_release, &released))
        count++;
    sac_store_relaxed(probe_released, &released, 1u);
    sac_futex_wake(&released);
    for (int i = 0; i < count; i++)
        pthread_join(started[i], NULL);
    free(started);
    return count;
}
