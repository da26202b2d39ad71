/* What the stress programs share: how much to do, with how many threads, delays that move threads against
 * each other, how a mistake is told, and the proof that it would be. */
#ifndef STRESS_H
#define STRESS_H

#include <stdint.h>

/* `amount` in make check, SOFTAC_STRESS times that in make check-stress; a quarter where everything is slow:
 * under the sanitizers, and with yields injected. */
int64_t stress_amount(int64_t amount);

/* Each program goes through these: one to four times as many threads as cores. */
enum { STRESS_LOADS = 3, STRESS_MOST_THREADS = 256 };
int stress_threads(int load); /* 2 .. STRESS_MOST_THREADS; load: 0 .. STRESS_LOADS - 1 */

static inline uint32_t stress_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Mostly nothing, now and then a little work, seldom a change of threads, very seldom a sleep. */
void stress_delay(uint64_t *state);

/* Something is torn, lost, duplicated or out of order: say it and end the process. */
_Noreturn void stress_found(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Run `broken` in a process of its own, before this one has threads: it makes a mistake on purpose, and must
 * be ended with a message that has `words` in it (NULL: by stress_found or an assertion), or by
 * ThreadSanitizer. Otherwise the program fails. */
void stress_must_find(const char *mistake, void (*broken)(void), const char *words);

#endif
