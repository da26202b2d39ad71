/* Weak memory and gates, for the models that include this file after defining THREADS, VARIABLES and GATES.
 *
 * A variable is an atomic counter that only grows (or a clock of plain writes, which is never loaded). A load returns any
 * value from the last one its thread knows to the newest; a read-modify-write acts on the newest. `known` says what each
 * thread knows; it grows by a thread's own accesses and where an acquire reads a release: through the gates' words
 * (`carried`) and through the edges that each model writes out.
 *
 * What keeps the number of states down loses no behaviour. A thread's loads and plain accesses up to its next store or
 * read-modify-write are one step with it: what a load could return before, it can still return then, and races are asserted
 * from both sides. HEARS(thread, gate), a set of variables, leaves knowledge out that the thread makes no use of at that
 * gate; knowing less only allows more. And what no thread can learn from a gate any more, the gate forgets.
 *
 * A gate as in src/gate.c: sequence << 1 | sleepers. Of the sequence only one thing matters: has it moved since a thread
 * announced its sleep? So there is no number here, but for each thread the gate it has announced itself at, which every
 * step of that gate's sequence takes away. (The real one wraps after 2^31 steps between the two looks of one thread.) In a
 * model, announce_sleep() comes between the two looks at a condition, futex_sleep() and futex_woken() after the second,
 * no_sleep() where the second look ends the wait; wake() follows whatever may have made the condition true. */
byte newest[VARIABLES], known[THREADS * VARIABLES], carried[GATES * VARIABLES];
bit sleepers[GATES];
byte announced[THREADS]; /* gate + 1 while its word is the one the thread saw at I; 0 else */
byte sleeps_at[THREADS]; /* gate + 1, or 0: awake */
#define SET(variable) (1 << (variable))
bit gone[THREADS];       /* has ended */
#ifndef HEARS
#define HEARS(thread, gate) (~0)
#endif

hidden byte v_, t_, g_;      /* scratch inside a d_step */

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
            if
            :: CARRIED(gate, v_) > KNOWN(thread, v_) && HEARS(thread, gate) & SET(v_) -> KNOWN(thread, v_) = CARRIED(gate, v_)
            :: else
            fi;
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
            if :: KNOWN(thread, v_) > CARRIED(gate, v_) -> CARRIED(gate, v_) = KNOWN(thread, v_) :: else fi;
            v_++
        :: else -> break
        od;
        v_ = 0
    }
}

/* Of what a gate carries, only that matters which somebody can learn there. */
inline trim_gate(gate) {
    d_step {
        v_ = 0;
        do
        :: v_ < VARIABLES ->
            t_ = 0;
            do
            :: CARRIED(gate, v_) == 0 -> break
            :: CARRIED(gate, v_) > 0 && t_ == THREADS -> CARRIED(gate, v_) = 0
            :: CARRIED(gate, v_) > 0 && t_ < THREADS ->
                if
                :: !gone[t_] && HEARS(t_, gate) & SET(v_) -> break
                :: else -> t_++
                fi
            od;
            v_++
        :: else -> break
        od;
        v_ = 0; t_ = 0
    }
}

/* I */
inline announce_sleep(thread, gate) {
    atomic {
        sleepers[gate] = 1;
        announced[thread] = gate + 1;
#ifndef WEAK_I_RELEASE
        release_gate(thread, gate);
#endif
#ifndef WEAK_I_ACQUIRE
        acquire_gate(thread, gate);
#endif
        trim_gate(gate)
    }
}
#define no_sleep(thread) announced[thread] = 0

/* futex_wait() in two parts: the kernel's decision, and the sleep. The bit may be gone though the sequence has not moved:
 * a waker that stepped it before I clears the bit after. */
#ifdef BROKEN_NO_SEQUENCE
#define UNCHANGED(thread, gate) sleepers[gate]
#else
#define UNCHANGED(thread, gate) (announced[thread] == gate + 1 && sleepers[gate])
#endif
inline futex_sleep(thread, gate) {
    d_step {
        if :: UNCHANGED(thread, gate) -> sleeps_at[thread] = gate + 1 :: else fi;
        no_sleep(thread)
    }
}
#define futex_woken(thread) sleeps_at[thread] == 0

/* J: `old` tells of sleepers. */
inline step_sequence(thread, gate, old) {
#ifdef BROKEN_LOAD_GATE /* a load, which may be outdated, in place of the read-modify-write */
    atomic { if :: old = sleepers[gate] :: old = 0 fi };
#else
    atomic {
        old = sleepers[gate];
#ifdef BROKEN_NO_SEQUENCE
        sleepers[gate] = 0;
#else
        v_ = 0;
        do
        :: v_ < THREADS -> if :: announced[v_] == gate + 1 -> announced[v_] = 0 :: else fi; v_++
        :: else -> break
        od;
        v_ = 0;
#endif
#ifndef WEAK_J_ACQUIRE
        acquire_gate(thread, gate);
#endif
#ifndef WEAK_J_RELEASE
        release_gate(thread, gate);
#endif
        trim_gate(gate)
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
    sleepers[gate] = 0
#else
    sleepers[gate] = 0;
    futex_wake(gate)
#endif
}

inline wake(thread, gate, old) {
    step_sequence(thread, gate, old);
    if :: old -> old = 0; wake_sleepers(gate) :: else fi
}

/* A thread that has ended makes no use of what it knows. */
inline forget(thread) {
    d_step {
        v_ = 0;
        do :: v_ < VARIABLES -> KNOWN(thread, v_) = 0; v_++ :: else -> break od;
        gone[thread] = 1;
        g_ = 0;
        do :: g_ < GATES -> trim_gate(g_); g_++ :: else -> break od;
        g_ = 0; v_ = 0
    }
}
