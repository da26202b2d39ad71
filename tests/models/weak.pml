/* Weak memory and gates, for the models that include this file after defining THREADS, VARIABLES and GATES.
 *
 * A variable is an atomic counter that only grows (or a clock of plain writes, which is never loaded). A load returns any
 * value from the last one its thread knows to the newest; a read-modify-write acts on the newest. `known` says what each
 * thread knows; it grows by a thread's own accesses and where an acquire reads a release: through the gates' words
 * (`carried`) and through the edges that each model writes out.
 *
 * Two things keep the number of states down and lose no behaviour. A thread's loads and plain accesses up to its next store
 * or read-modify-write are one step with it: what a load could return before, it can still return then, and races are
 * asserted from both sides. And INTERESTS(thread) and CARRIES(gate), sets of variables, leave knowledge out that the
 * thread makes no use of; knowing less only allows more.
 *
 * A gate as in src/gate.c: sequence << 1 | sleepers. In a model, announce_sleep() comes between the two looks at a
 * condition, futex_sleep() and futex_woken() after the second; wake() follows whatever may have made the condition true. */
byte newest[VARIABLES], known[THREADS * VARIABLES], carried[GATES * VARIABLES];
byte word[GATES];
byte sleeps_at[THREADS]; /* gate + 1, or 0: awake */
#define SET(variable) (1 << (variable))
#ifndef INTERESTS
#define INTERESTS(thread) (~0)
#define CARRIES(gate) (~0)
#endif

hidden byte v_;          /* scratch inside a d_step */

#define KNOWN(thread, variable) known[(thread) * VARIABLES + (variable)]
#define CARRIED(gate, variable) carried[(gate) * VARIABLES + (variable)]

#define LOAD(thread, variable)                                              \
    atomic { do :: KNOWN(thread, variable) < newest[variable] -> KNOWN(thread, variable)++ :: break od }
/* The same, but the thread does not remember that it saw `into`: later loads may even be older, which is more than C allows
 * and so loses nothing. */
#define LOOK(thread, variable, into)                                        \
    atomic { into = KNOWN(thread, variable); do :: into < newest[variable] -> into++ :: break od }
#define STORE(thread, variable, value)                                      \
    atomic { newest[variable] = value; KNOWN(thread, variable) = newest[variable] }

inline acquire_gate(thread, gate) {
    d_step {
        v_ = 0;
        do
        :: v_ < VARIABLES ->
            if :: INTERESTS(thread) & SET(v_) && CARRIED(gate, v_) > KNOWN(thread, v_) -> KNOWN(thread, v_) = CARRIED(gate, v_) :: else fi;
            v_++
        :: else -> break
        od;
        v_ = 0
    }
}

inline release_gate(thread, gate) {
    d_step {
        v_ = 0;
        do
        :: v_ < VARIABLES ->
            if :: CARRIES(gate) & SET(v_) && KNOWN(thread, v_) > CARRIED(gate, v_) -> CARRIED(gate, v_) = KNOWN(thread, v_) :: else fi;
            v_++
        :: else -> break
        od;
        v_ = 0
    }
}

/* I: `seen` is what futex_wait compares with. */
inline announce_sleep(thread, gate, seen) {
    atomic {
        word[gate] = word[gate] | 1;
        seen = word[gate];
#ifndef WEAK_I_RELEASE
        release_gate(thread, gate);
#endif
#ifndef WEAK_I_ACQUIRE
        acquire_gate(thread, gate)
#endif
    }
}

/* futex_wait() in two parts: the kernel's decision, and the sleep. */
inline futex_sleep(thread, gate, seen) {
    d_step {
        if :: word[gate] == seen -> sleeps_at[thread] = gate + 1 :: else fi;
        seen = 0
    }
}
#define futex_woken(thread) sleeps_at[thread] == 0

/* J: `old` is the word before, whose lowest bit tells of sleepers. */
inline step_sequence(thread, gate, old) {
#ifdef BROKEN_LOAD_GATE /* a load, which may be outdated, in place of the read-modify-write */
    atomic { if :: old = word[gate] :: old = 0 fi };
#else
    atomic {
        old = word[gate];
#ifdef BROKEN_NO_SEQUENCE
        word[gate] = 0;
#else
        word[gate] = word[gate] + 2;
#endif
#ifndef WEAK_J_ACQUIRE
        acquire_gate(thread, gate);
#endif
#ifndef WEAK_J_RELEASE
        release_gate(thread, gate)
#endif
    };
#endif
}

inline futex_wake(gate) {
    d_step {
        v_ = 0;
        do
        :: v_ < THREADS ->
            if :: sleeps_at[v_] == gate + 1 -> sleeps_at[v_] = 0 :: else fi;
            v_++
        :: else -> break
        od;
        v_ = 0
    }
}

/* Clearing the bit is relaxed; as a read-modify-write it keeps alive what the word carries. */
inline wake_sleepers(gate) {
#ifdef BROKEN_WAKE_BEFORE_CLEARING
    futex_wake(gate);
    word[gate] = word[gate] & 254
#else
    word[gate] = word[gate] & 254;
    futex_wake(gate)
#endif
}

inline wake(thread, gate, old) {
    step_sequence(thread, gate, old);
    if :: old & 1 -> wake_sleepers(gate) :: else fi;
    old = 0
}
