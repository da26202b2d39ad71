/* What the operating system offers to threads: sleeping on a word of memory, the time, how many CPUs. */
#ifndef SAC_THREAD_H
#define SAC_THREAD_H

#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define SAC_FOREVER UINT64_MAX

/* Sleep while *word == expected, until woken or until sac_time_ns() reaches `deadline_ns`. May return early
 * for no reason: the caller looks again. */
void sac_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns);
/* Wake all sleepers of this process. Async-signal-safe; keeps errno. */
void sac_futex_wake(_Atomic uint32_t *word);

/* Nanoseconds on a clock that never goes back. */
uint64_t sac_time_ns(void);

/* The CPUs this process may run on: the calling thread's affinity mask and, where an OpenMP runtime binds
 * threads (OMP_PROC_BIND, GOMP_CPU_AFFINITY), all that runtime's places. *size bytes; free with CPU_FREE.
 * NULL: not known. */
cpu_set_t *sac_process_cpus(size_t *size);
/* How many of them can be kept busy: all, or what control groups grant if that is less; >= 1. */
int sac_cpu_count(void);
/* Undo what an OpenMP runtime bound the calling thread to. */
void sac_thread_unbind(void);
/* Run the calling thread on these CPUs alone, as far as the system lets it. */
void sac_thread_bind(const int *cpu, int count);

/* How many of `threads` threads can be started beside each other; they end before it returns. */
int sac_thread_probe(int threads);

#endif
