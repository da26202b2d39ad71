/* The ring of finished episodes as in src/counters.h: an env thread writes, the main thread looks. Edge X-Y of
 * docs/memory-model.md.
 *
 * A word of the ring is an atomic variable of its own, relaxed: a load returns any value from the last one its thread
 * knows to the newest, which may be an episode that came later. Asserted: never one from before the count.
 *
 * -DWEAK_x makes the order at label x relaxed. -DBROKEN_y builds in mistake y. Each must make Spin report an error. */
#ifndef EPISODES
#define EPISODES 6
#endif
#ifndef RING
#define RING 2
#endif

byte count, stored;
byte carries[EPISODES + 1]; /* X: how many words were stored before each value of the count */
byte words[RING]; /* number of the newest episode stored in each, counted from 1 */
bool all_finished;

inline store_word() {
    atomic { words[n % RING] = n + 1; stored = n + 1 }
}
inline raise_count() {
    atomic { count = n + 1; carries[n + 1] = stored } /* X */
}

proctype EnvThread() {
    byte n;
    do
    :: n == EPISODES -> break
    :: else ->
#ifdef BROKEN_COUNT_FIRST
        raise_count();
        store_word();
#else
        store_word();
        raise_count();
#endif
        n++
    od;
    all_finished = true
}

/* What is known of a place when c words are: the last episode in it. */
#define LAST_OF_PLACE(place, c) ((c) > (place) -> (((c) - 1 - (place)) / RING) * RING + (place) + 1 : 0)

proctype Main() {
    byte seen, from, n, word, ended;
    do
    :: ended -> break
    :: else ->
        ended = all_finished;
        atomic { do :: seen < count -> seen++ :: break od }; /* Y */
        from = (seen > n + RING -> seen - RING : n);
        n = from;
        do
        :: n < seen ->
            atomic { /* any value from what Y made known to the newest; the word's values are RING apart */
#if defined(WEAK_X) || defined(WEAK_Y)
                word = 0;
#else
                word = LAST_OF_PLACE(n % RING, carries[seen]);
#endif
                do
                :: word < words[n % RING] -> word = (word == 0 -> n % RING + 1 : word + RING)
                :: break
                od;
                assert(word >= n + 1);
                word = 0;
                n++
            }
        :: else -> break
        od
    od
}

init {
    atomic {
        run EnvThread();
        run Main()
    }
}
