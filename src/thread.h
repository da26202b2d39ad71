/* What the operating system offers to threads: sleeping on a word of memory, the time, how many CPUs. */
#ifndef SAC_THREAD_H
#define SAC_THREAD_H

#include <stdatomic.h>
#include <stdint.h>

#define SAC_FOREVER UINT64_MAX

/* Sleep while *word == expected, until woken or until sac_time_ns() reaches `deadline_ns`. May return early
 * for no reason: the caller looks again. */
void sac_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns);
/* Wake all sleepers of this process. Async-signal-safe; keeps errno. */
void sac_futex_wake(_Atomic uint32_t *word);

/* Nanoseconds on a clock that never goes back. */
uint64_t sac_time_ns(void);

/* CPUs this process may run on (its affinity mask), >= 1. */
int sac_cpu_count(void);

#endif
