/* In builds with --enable-yield-injection alone: threads are held up at random before and after each atomic
 * access, so that stress tests meet orders of events that are rare otherwise. SOFTAC_YIELD_SEED (1) chooses
 * other ones. */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "atomics.h"

static uint64_t seed = 1; /* constant once main runs */

__attribute__((constructor)) static void read_seed(void)
{
    const char *text = getenv("SOFTAC_YIELD_SEED");
    if (text)
        seed = strtoull(text, NULL, 10);
}

/* SplitMix64, a stream for each thread. */
static uint64_t draw(void)
{
    /* written by: threads at their first access; read by nobody else. Relaxed: it gives each a number */
    static _Atomic uint64_t held_threads;
    static _Thread_local uint64_t state;
    if (state == 0) {
        state = 1; /* the count is an access as well, and would come here again */
        state = (seed << 32) + sac_add_relaxed(held_threads, &held_threads, 1);
    }
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Mostly not at all; else for some loads, until others have had the CPU, or for some microseconds. */
void sac_hold_up(void)
{
    const uint64_t r = draw(), choice = r % 1024, length = r >> 32;
    const int before = errno;
    if (choice == 0) {
        const struct timespec pause = {.tv_nsec = (long)(length % 50000)};
        nanosleep(&pause, NULL);
    } else if (choice < 64) {
        sched_yield();
    } else if (choice < 128) {
        for (volatile uint64_t i = 0; i < length % 1024; i++)
            continue;
    }
    errno = before;
}
