/* The few system calls that threads need, in one place. */
#include "thread.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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
int sac_cpu_count(void)
{
    for (int cpus = CPU_SETSIZE; cpus <= 1 << 20; cpus *= 2) {
        cpu_set_t *mask = CPU_ALLOC((size_t)cpus);
        if (mask == NULL)
            break;
        const size_t size = CPU_ALLOC_SIZE((size_t)cpus);
        const int failed = sched_getaffinity(0, size, mask);
        const int count = failed ? 0 : CPU_COUNT_S(size, mask);
        CPU_FREE(mask);
        if (count > 0)
            return count;
    }
    return 1;
}
