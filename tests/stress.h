/* What the stress programs share: how much to do, and delays that move threads against each other. */
#ifndef STRESS_H
#define STRESS_H

#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define STRESS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define STRESS_SANITIZED 1
#endif
#endif

/* `amount` in make check; SOFTAC_STRESS times that in make check-stress; a tenth under the sanitizers. */
static inline int64_t stress_amount(int64_t amount)
{
    const char *factor = getenv("SOFTAC_STRESS");
    if (factor != NULL && atoi(factor) > 0)
        amount *= atoi(factor);
#ifdef STRESS_SANITIZED
    amount /= 10;
#endif
    return amount;
}

static inline uint32_t stress_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Mostly nothing, now and then a little work, seldom a change of threads, very seldom a sleep. */
static inline void stress_delay(uint64_t *state)
{
    const uint32_t r = stress_random(state) % 1024;
    if (r < 256)
        for (volatile uint32_t i = 0; i < r; i++)
            ;
    else if (r < 260)
        sched_yield();
    else if (r == 260)
        usleep(stress_random(state) % 100);
}

#endif
