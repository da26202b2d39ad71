/* Why no wake-up is lost: a sleeper announces itself (I) and then looks at its condition again; a waker
 * changes what the condition reads and then steps the sequence (J). I and J are read-modify-writes of one
 * word, so one comes first. If I does, J sees the sleeper bit and wakes, or finds the sleeper still on its
 * way into the kernel, which then refuses to sleep because the word has changed. If J does, I acquires what J
 * released and the second look sees the change. */
#include "gate.h"

#include <stddef.h>

#include "thread.h"

#define SLEEPERS 1u /* the lowest bit: somebody sleeps, or is about to */
#define SEQUENCE 2u /* one step of the count above it */

#define ASLEEP                                                                                               \
    1 /* the lowest bit of sac_slept's number; the rest: nanoseconds slept, less the time it began */

static void begin_sleep(struct sac_slept *slept)
{
    const int64_t before = sac_load_relaxed(slept, &slept->word) / 2;
    sac_store_relaxed(slept, &slept->word, (before - (int64_t)sac_time_ns()) * 2 | ASLEEP);
}

static void end_sleep(struct sac_slept *slept)
{
    sac_store_relaxed(slept, &slept->word, (int64_t)sac_slept_ns(slept, sac_time_ns()) * 2);
}

/* One number says whether it sleeps and since when, so that a look is never of two moments. */
uint64_t sac_slept_ns(const struct sac_slept *slept, uint64_t now_ns)
{
    const int64_t word = sac_load_relaxed(slept, &slept->word);
    if (!(word & ASLEEP))
        return (uint64_t)(word / 2);
    const int64_t nanoseconds = (word - ASLEEP) / 2 + (int64_t)now_ns;
    return nanoseconds > 0 ? (uint64_t)nanoseconds : 0;
}

/* False if the deadline passed. */
static bool wait_until(struct sac_gate *gate, bool (*ready)(void *context),
                       void (*before_sleep)(void *context), void *context, uint64_t deadline_ns)
{
    while (!ready(context)) {
        const uint32_t seen = sac_or_acq_rel(I, &gate->word, SLEEPERS) | SLEEPERS; /* pairs with J */
        if (ready(context))
            return true;
        if (deadline_ns != SAC_FOREVER && sac_time_ns() >= deadline_ns)
            return false;
        if (before_sleep != NULL)
            before_sleep(context);
        sac_futex_wait(&gate->word, seen, deadline_ns);
    }
    return true;
}

void sac_gate_wait(struct sac_gate *gate, bool (*ready)(void *context), void (*before_sleep)(void *context),
                   void *context)
{
    wait_until(gate, ready, before_sleep, context, SAC_FOREVER);
}

void sac_gate_wait_timed(struct sac_gate *gate, bool (*ready)(void *context),
                         void (*before_sleep)(void *context), void *context, struct sac_slept *slept)
{
    if (ready(context))
        return;
    begin_sleep(slept);
    wait_until(gate, ready, before_sleep, context, SAC_FOREVER);
    end_sleep(slept);
}

bool sac_gate_wait_for(struct sac_gate *gate, bool (*ready)(void *context), void *context,
                       uint64_t timeout_ns)
{
    return wait_until(gate, ready, NULL, context, sac_time_ns() + timeout_ns);
}

/* The bit goes first: a thread that is woken and sleeps again sets it anew, and that must not be lost.
 * Relaxed, for J has released already, and a read-modify-write on top keeps that alive. */
static void wake_sleepers(struct sac_gate *gate)
{
    sac_and_relaxed(gate_word, &gate->word, ~SLEEPERS);
    sac_futex_wake(&gate->word);
}

/* True if somebody sleeps, or is about to. */
static bool step_sequence(struct sac_gate *gate)
{
    return sac_add_acq_rel(J, &gate->word, SEQUENCE) & SLEEPERS; /* pairs with I */
}

void sac_gate_wake(struct sac_gate *gate)
{
    if (step_sequence(gate))
        wake_sleepers(gate);
}

void sac_gate_wake_if(struct sac_gate *gate, bool (*wanted)(void *context), void *context)
{
    if (step_sequence(gate) && wanted(context))
        wake_sleepers(gate);
}
