/* A gate: threads sleep until a condition holds, and whoever may have made it hold wakes them. An eventcount
 * in one futex word (sequence << 1 | sleepers), read-modify-writes only (docs/memory-model.md, edges I and
 * J). */
#ifndef SAC_GATE_H
#define SAC_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "atomics.h"

struct sac_gate {
    /* written by: whoever waits (sleeper bit, I) and whoever wakes (sequence, J); read by the same */
    _Alignas(SAC_CACHE_LINE) _Atomic uint32_t word;
};

/* How long a thread has slept. All zero at first. */
struct sac_slept {
    /* written by: the sleeper; read by: anybody, only to be shown: relaxed */
    _Atomic int64_t word;
};
/* Nanoseconds up to now_ns, a present sac_time_ns(): those of a sleep under way included. Any thread. */
uint64_t sac_slept_ns(const struct sac_slept *slept, uint64_t now_ns);

/* Return once ready(context) is true, asleep in between. `before_sleep` (may be NULL) is called when the
 * thread is about to sleep. */
void sac_gate_wait(struct sac_gate *gate, bool (*ready)(void *context), void (*before_sleep)(void *context),
                   void *context);
/* The same, counted in *slept from when the condition did not hold at first. */
void sac_gate_wait_timed(struct sac_gate *gate, bool (*ready)(void *context),
                         void (*before_sleep)(void *context), void *context, struct sac_slept *slept);
/* As sac_gate_wait, but give up after `timeout_ns`; false then. */
bool sac_gate_wait_for(struct sac_gate *gate, bool (*ready)(void *context), void *context,
                       uint64_t timeout_ns);

/* After changing what a condition reads: wake all sleepers. No system call unless somebody sleeps. */
void sac_gate_wake(struct sac_gate *gate);
/* The same, but leave sleepers alone while wanted(context) is false. */
void sac_gate_wake_if(struct sac_gate *gate, bool (*wanted)(void *context), void *context);

#endif
