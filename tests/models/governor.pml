/* The governor as in src/governor.c: tickets, allowance, the gates, the rings' permissions, stop, safe points; async or
 * lockstep. Edges A-D, I-N, S-V, AF-AL of docs/memory-model.md.
 *
 * Weak memory and gates: weak.pml. Each env thread has one environment, and a step makes one row. The rows themselves are
 * checked in replay.pml, snapshots in snapshot.pml; here they are a head, a limit and a version. Asserted:
 * - both bounds of the governor, at every step and update;
 * - the steps that the learner counted are in the heads it loads next; in lockstep the heads are exactly the round's;
 * - with GOVERNED: an env thread that the governor allows to run finds room at its first look (the size of the guard);
 * - lockstep: the policy that acts in a round is the one published before it;
 * - at a safe point the main thread sees all that the others did, and they go on after it has read it;
 * - whoever sees u updates sees the steps they needed (OBSERVER);
 * - the learner leaves early only when all env threads have, and it has seen all their steps (ALONE, where it looks at
 *   `env_left`; without that it would never be the only one left, for then all steps are counted).
 * Every thread must end, so a lost wake-up is a deadlock.
 *
 * -DWEAK_x makes the order at label x relaxed; I and J have halves (WEAK_I_ACQUIRE, ...). -DBROKEN_y builds in mistake
 * y. Each must make Spin report an error. */
#ifndef ENVS
#define ENVS 1 /* env threads */
#endif
#ifndef STEPS
#define STEPS 3 /* environment steps of the run */
#endif
#ifndef WARMUP
#define WARMUP 1
#endif
#ifndef Q /* UTD = P / Q */
#define Q 1
#endif
#ifndef P
#define P 1
#endif
#ifndef ROUND
#define ROUND 1 /* updates in a row */
#endif
#ifdef BROKEN_NO_SLACK
#define ENV_SLACK 0
#define LEARNER_SLACK 0
#else
#ifndef ENV_SLACK
#define ENV_SLACK ENVS
#endif
#define LEARNER_SLACK ((ROUND * Q + P - 1) / P)
#endif
#ifdef BROKEN_GUARD_TOO_SMALL
#undef GUARD
#define GUARD 1
#endif
#ifndef GUARD
#define GUARD 0 /* rows granted beyond the head; 0: rings without end, no limits */
#endif
#ifndef CAPACITY
#define CAPACITY GUARD /* rows that may be written before the first grant */
#endif
#ifndef PAUSES
#define PAUSES 0 /* safe points that the main thread asks for */
#endif

#ifdef DIES /* env thread 0 may give one ticket back, or none, and leave; async */
#define ALONE
#endif

#define DUE(steps) ((steps) <= WARMUP -> 0 : (((steps) - WARMUP) * P) / Q)
#define UPDATES (DUE(STEPS) / ROUND * ROUND)
#define UNBOUNDED 200
#define MAX(x, y) ((x) > (y) -> (x) : (y))
#define MIN(x, y) ((x) < (y) -> (x) : (y))
#define NEXT(done) (WARMUP + (((done) + ROUND) * Q + P - 1) / P - LEARNER_SLACK)
#ifdef LOCKSTEP
#define ALLOWED(done, round) (((round) + 1) * ENVS)
#define NEEDED(done, round) MIN(((round) + 1) * ENVS, STEPS)
#else
#define ALLOWED(done, round) ((done) >= UPDATES -> UNBOUNDED : WARMUP + ((done) * Q) / P + ENV_SLACK)
#ifdef BROKEN_LEAVE_AFTER_LAST_UPDATE
#define NEEDED(done, round) ((done) >= UPDATES -> 0 : MAX(NEXT(done), 1))
#else
#define NEEDED(done, round) ((done) >= UPDATES -> STEPS : MAX(NEXT(done), 1))
#endif
#endif

/* The shared variables. */
#define COUNTED 0   /* `steps` */
#define ALLOWANCE 1 /* number of the store; its value is in allowance_is */
#define STOP 2
#define NEED 3
#define WAITING(env) (4 + (env)) /* number of the store; its value is in waiting_is */
#define HEAD(env) (4 + ENVS + (env))
#define LIMIT(env) (4 + 2 * ENVS + (env))
#define PUBLISHED (4 + 3 * ENVS) /* the version in the snapshots' word */
#define UPDATED (5 + 3 * ENVS)   /* `updates` */
#define ENV_LEFT (6 + 3 * ENVS)
#define RETURNED (7 + 3 * ENVS)
#define ASKED (8 + 3 * ENVS)
#define AGREED (9 + 3 * ENVS)
#define RESUMED (10 + 3 * ENVS)
#define PARKED (11 + 3 * ENVS)
#define LEARNERS_LEFT (12 + 3 * ENVS)
#define CLOCK(thread) (13 + 3 * ENVS + (thread)) /* plain accesses to what a safe point reads */
#define READS (15 + 4 * ENVS)               /* plain reads of rows by the learner, one lot for each round */
#define ROWS(env) (16 + 4 * ENVS + (env))   /* plain writes of rows */
#define VERSIONS (16 + 5 * ENVS)            /* plain writes of snapshots */
#ifdef COMPOSITION
#define VARIABLES (17 + 5 * ENVS)
#elif PAUSES
#define VARIABLES (15 + 4 * ENVS)
#elif defined(LOCKSTEP) || defined(OBSERVER) || defined(ALONE)
#define VARIABLES (8 + 3 * ENVS)
#elif GUARD
#define VARIABLES (4 + 3 * ENVS)
#else
#define VARIABLES (4 + ENVS)
#endif
#define LEARNER ENVS
#define MAIN (ENVS + 1)
#define STOPPER (ENVS + 2)
#define THREADS (ENVS + 3)
#define WORKERS (ENVS + 1)
#if ENVS > 2
#error "wake_envs() and wake_envs_if_wanted() know of two"
#endif
#define ENV_GATE(env) (env)
#define LEARNER_GATE ENVS
#define MAIN_GATE (ENVS + 1)
#define RESUME_GATE (ENVS + 2)
#if PAUSES || defined(COMPOSITION)
#define GATES (ENVS + 3)
#else
#define GATES (ENVS + 1)
#endif
#define EACH_ENV(variable) (((1 << ENVS) - 1) << variable(0))
/* What each thread makes use of: at its own gate, what its condition loads; at the gate of one that it wakes, what that one
 * waits for. */
#ifdef DIES
#define TO_ALL SET(RETURNED)
#else
#define TO_ALL 0
#endif
#ifdef ALONE
#define TO_LEARNER (TO_ALL | SET(COUNTED) | SET(STOP) | EACH_ENV(HEAD) | SET(ASKED) | SET(ENV_LEFT))
#else
#define TO_LEARNER (TO_ALL | SET(COUNTED) | SET(STOP) | EACH_ENV(HEAD) | SET(ASKED))
#endif
#define TO_ENV(env) (TO_ALL | SET(ALLOWANCE) | SET(STOP) | SET(LIMIT(env)) | SET(AGREED))
#define TO_MAIN (SET(STOP) | SET(PARKED) | SET(ENV_LEFT) | SET(LEARNERS_LEFT))
#define HEARS(thread, gate)                                                 \
    ((gate) == RESUME_GATE -> ((thread) <= LEARNER -> SET(RESUMED) : 0)     \
     : ((gate) == MAIN_GATE -> ((thread) == MAIN -> TO_MAIN : 0)            \
     : ((gate) == LEARNER_GATE -> ((thread) == LEARNER -> TO_LEARNER : ((thread) < ENVS -> TO_ALL | SET(NEED) : 0)) \
     : ((thread) == (gate) -> TO_ENV(gate) : ((thread) == LEARNER -> TO_ALL | SET(WAITING(gate)) : 0)))))
#include "weak.pml"

#define ALLOWANCES (STEPS * P + 2) /* stores of it, at most */
byte allowance_is[ALLOWANCES];
#define WAITINGS (2 * (STEPS + PAUSES) + 2) /* the same, of each env thread */
byte waiting_is[ENVS * WAITINGS];
#define WAITING_IS(env, store) waiting_is[(env) * WAITINGS + (store)]
byte tickets, ended;
#ifdef ALONE
byte steps_of_left; /* AH: what the newest store of `env_left` carries */
#endif
#if GUARD
byte heads_of_steps[(STEPS + 1) * ENVS];      /* K: what the store of each value of `steps` carries */
byte limits_of_allowance[ALLOWANCES * ENVS]; /* M: the same */
#endif
#ifdef LOCKSTEP
byte version_of_allowance[ALLOWANCES]; /* M: the same */
#endif
#ifdef OBSERVER
byte steps_of_updates[STEPS * P + 1]; /* AF: the same */
#endif
#if PAUSES
byte clocks_of_parked[WORKERS], clocks_of_left[WORKERS]; /* S, AH, AK: what the newest store carries */
bit visits_over;
#endif

#define JOIN(thread, variable, value)                                       \
    if :: (value) > KNOWN(thread, variable) -> KNOWN(thread, variable) = value :: else fi

/* --- parking --- */

#if PAUSES
#ifdef WEAK_S
#define CARRIED_BY_S skip
#else
#define CARRIED_BY_S clocks_of_parked[me] = newest[CLOCK(me)]
#endif
#ifdef WEAK_AH
#define CARRIED_BY_AH skip
#else
#define CARRIED_BY_AH clocks_of_left[me] = newest[CLOCK(me)]
#endif
#ifdef WEAK_AK
#define CARRIED_BY_AK skip
#else
#define CARRIED_BY_AK clocks_of_left[LEARNER] = newest[CLOCK(LEARNER)]
#endif
inline load_resumed(me) {
    LOOK(me, RESUMED, look); /* V: the store of r carries the main thread's clock r */
    resumes = (look >= epoch);
#if !defined(WEAK_V) && !defined(WEAK_U)
    JOIN(me, CLOCK(MAIN), look);
#endif
    look = 0
}
inline park(me) {
    atomic { /* S */
        if :: !gone[MAIN] -> newest[PARKED] = newest[PARKED] + 1 :: else fi;
        KNOWN(me, PARKED) = newest[PARKED];
        CARRIED_BY_S
    };
#ifndef BROKEN_PARK_WITHOUT_WAKE
    wake(me, MAIN_GATE, old);
#endif
    do
    :: atomic {
            futex_woken(me);
            load_resumed(me);
            if :: resumes -> break :: else -> announce_sleep(me, RESUME_GATE) fi
        };
        atomic { load_resumed(me); if :: resumes -> no_sleep(me); break :: else -> futex_sleep(me, RESUME_GATE) fi }
    od;
    atomic { resumes = false; KNOWN(me, PARKED) = 0 }
}
/* A plain access to what the main thread reads at a safe point. */
inline touch(me) {
    atomic {
        assert(KNOWN(me, CLOCK(MAIN)) >= newest[CLOCK(MAIN)]);
        if
        :: !visits_over -> newest[CLOCK(me)] = newest[CLOCK(me)] + 1; KNOWN(me, CLOCK(me)) = newest[CLOCK(me)]
        :: else
        fi
    }
}
/* The main thread will read nothing more: when the others wrote does not matter to anybody then. */
inline end_visits() {
    d_step {
        visits_over = 1;
        v_ = 0;
        do
        :: v_ < WORKERS ->
            newest[CLOCK(v_)] = 0; KNOWN(v_, CLOCK(v_)) = 0; KNOWN(MAIN, CLOCK(v_)) = 0;
            clocks_of_parked[v_] = 0; clocks_of_left[v_] = 0;
            v_++
        :: else -> break
        od;
        v_ = 0
    }
}
#define LOOK_ASKED(me, variable) LOOK(me, variable, look_asked)
#define IS_ASKED (look_asked != epoch)
#define KEEP_ASKED(me, variable) KNOWN(me, variable) = look_asked
#else
#define LOOK_ASKED(me, variable) skip
#define IS_ASKED false
#define KEEP_ASKED(me, variable) skip
#endif

#ifdef COMPOSITION
#include "data.pml"
#else
#define SURE(thread, variable) newest[variable] /* what an assertion may rely on; see data.pml */
#define ROWS_OF_STEP 1
#define LEARN_ROOM skip
#define LEARN_HEAD(env) skip
#define TRIM_ROWS(env, old_floor, new_floor) skip
#endif

/* --- env thread --- */

#ifdef DIES
#define LOOK_RETURNED(thread) LOOK(thread, RETURNED, look_returned)
#else
#define look_returned 0
#define LOOK_RETURNED(thread) skip
#endif
#define IS_ALLOWED (ticket + 1 <= allowance_is[look] + look_returned)
#if GUARD
#define ROOM(env) (newest[HEAD(env)] + ROWS_OF_STEP <= look_limit)
#else
#define ROOM(env) true
#endif

/* env_ready(). What it loads is kept only where the code relies on a second load not being older. */
inline env_ready() {
    atomic {
        LOOK(me, STOP, look_stop);
        LOOK_ASKED(me, AGREED);
        LOOK(me, ALLOWANCE, look); /* N */
        LOOK_RETURNED(me);
#if GUARD
#if !defined(WEAK_N) && !defined(WEAK_M)
        JOIN(me, LIMIT(me), limits_of_allowance[look * ENVS + me]);
#endif
        LOOK(me, LIMIT(me), look_limit); /* A */
        LEARN_ROOM;
#endif
#ifdef GOVERNED
        assert(!IS_ALLOWED || ROOM(me));
#endif
        ready = (look_stop || IS_ASKED || (IS_ALLOWED && ROOM(me)));
        if
        :: ready ->
            KNOWN(me, STOP) = look_stop;
            KEEP_ASKED(me, AGREED);
            KNOWN(me, ALLOWANCE) = look;
#if GUARD
            do /* no longer needed */
            :: look > 0 -> look--; limits_of_allowance[look * ENVS + me] = 0
            :: else -> break
            od;
            look = KNOWN(me, ALLOWANCE);
            KNOWN(me, LIMIT(me)) = look_limit;
#ifdef COMPOSITION
            trim_reads();
#endif
#endif
#if defined(LOCKSTEP) && !defined(WEAK_N) && !defined(WEAK_M)
            JOIN(me, PUBLISHED, version_of_allowance[look]);
#endif
        :: else
        fi;
        allowed = IS_ALLOWED;
        look = 0; look_stop = 0; look_asked = 0; look_limit = 0;
#ifdef DIES
        look_returned = 0
#endif
    }
}

inline set_waiting(value) {
    atomic {
        newest[WAITING(me)] = newest[WAITING(me)] + 1;
        KNOWN(me, WAITING(me)) = newest[WAITING(me)];
        WAITING_IS(me, newest[WAITING(me)]) = value
    }
}

#ifdef BROKEN_WAITING_AFTER
#define LAST_STEP                                                           \
    if :: WAITING_IS(me, newest[WAITING(me)]) == UNBOUNDED -> set_waiting(ticket + 1) :: else fi; \
    futex_sleep(me, ENV_GATE(me))
#else
#define LAST_STEP futex_sleep(me, ENV_GATE(me))
#endif

inline env_wait() {
    atomic {
        env_ready();
        if
        :: ready
        :: else ->
#ifndef BROKEN_WAITING_AFTER
            set_waiting(ticket + 1)
#endif
        fi
    };
    if
    :: ready
    :: else ->
        do
        :: atomic {
                futex_woken(me);
                env_ready();
                allowed = false;
                if :: ready -> break :: else -> announce_sleep(me, ENV_GATE(me)) fi
            };
#ifndef BROKEN_NO_SECOND_LOOK
#if GUARD && !defined(BROKEN_NO_CALL_FOR_ROOM)
            env_ready();
            if :: ready -> no_sleep(me); break :: else fi;
            if :: allowed -> allowed = false; wake(me, LEARNER_GATE, old) :: else fi; /* env_before_sleep */
            futex_sleep(me, ENV_GATE(me))
#else
            atomic { env_ready(); if :: ready -> no_sleep(me); break :: else -> LAST_STEP fi }
#endif
#else
            futex_sleep(me, ENV_GATE(me))
#endif
        od;
        set_waiting(UNBOUNDED)
    fi;
    atomic { ready = false; allowed = false }
}

/* All of them, one after the other. */
inline wake_envs(me) {
    wake(me, ENV_GATE(0), old);
#if ENVS > 1
    wake(me, ENV_GATE(1), old)
#endif
}

/* wake_everybody(). A thread that the main thread or the learner does not count on has no need of it. */
inline wake_everybody(me) {
#ifdef ALONE
    wake_envs(me);
    wake(me, LEARNER_GATE, old);
#endif
#if PAUSES
    wake(me, MAIN_GATE, old);
#endif
    skip
}

/* count_env_left() */
inline count_left() {
    atomic { /* AH */
#ifdef COMPOSITION
        if :: slot != NONE -> let_go(me) :: else fi;
#endif
        newest[ENV_LEFT] = newest[ENV_LEFT] + 1;
        KNOWN(me, ENV_LEFT) = newest[ENV_LEFT];
#if defined(ALONE) && !defined(WEAK_AH)
        steps_of_left = MAX(steps_of_left, KNOWN(me, COUNTED));
#endif
#if PAUSES
        CARRIED_BY_AH
#endif
    };
    wake_everybody(me)
}

/* Between two tickets: leave out what can make no difference any more, so that states meet again. */
inline unlearn() {
#ifndef ALONE
    KNOWN(me, COUNTED) = 0;
#endif
#if !defined(LOCKSTEP) && !defined(DIES)
    if /* the next ticket ends later, */
    :: allowance_is[KNOWN(me, ALLOWANCE)] < tickets + 1 -> KNOWN(me, ALLOWANCE) = 0
    :: else
    fi;
#endif
    if /* and counts more steps */
    :: KNOWN(me, NEED) <= newest[COUNTED] + 1 -> KNOWN(me, NEED) = 0
    :: else
    fi
}

inline count_step(me) { /* K */
#if PAUSES
    touch(me);
#endif
    newest[COUNTED] = newest[COUNTED] + 1;
    KNOWN(me, COUNTED) = newest[COUNTED];
#if GUARD
    v_ = 0;
    do
    :: v_ < ENVS ->
        heads_of_steps[newest[COUNTED] * ENVS + v_] = heads_of_steps[(newest[COUNTED] - 1) * ENVS + v_];
        v_++
    :: else -> break
    od;
#ifndef WEAK_K
    heads_of_steps[newest[COUNTED] * ENVS + me] = newest[HEAD(me)];
#endif
#endif
    assert(newest[COUNTED] <= allowance_is[SURE(me, ALLOWANCE)]);
    ticket = 0
}

proctype EnvThread(byte me) {
    byte ticket, version, epoch, look, look_stop, look_asked, look_limit;
#ifdef DIES
    byte look_returned;
#endif
    bool old, ready, allowed, resumes;
#ifdef COMPOSITION
    byte slot = NONE;
#endif
#ifdef LOCKSTEP
    byte round;
#else
    me == 0 || tickets > 0; /* nothing tells env threads apart before the first ticket: let 0 have it */
#endif
    do
    :: atomic {
#ifdef LOCKSTEP
            ticket = round * ENVS + me;
            round++;
            if :: ticket >= STEPS -> goto out :: else fi
#else
            LOOK_RETURNED(me);
            ticket = tickets;
            tickets++;
            if :: ticket >= STEPS + look_returned -> goto out :: else fi;
#ifdef DIES
            look_returned = 0
#endif
#endif
        };
        do
        :: env_wait();
            if
            :: KNOWN(me, STOP) -> goto out
            :: else
            fi;
#if PAUSES
            if
            :: KNOWN(me, AGREED) != epoch -> epoch = KNOWN(me, AGREED); park(me)
            :: else -> break
            fi
#else
            break
#endif
        od;
#ifdef LOCKSTEP
        atomic { /* the holder: a relaxed look, and only if that shows a newer one a read-modify-write */
            LOAD(me, PUBLISHED);
            if
            :: KNOWN(me, PUBLISHED) != version -> version = newest[PUBLISHED]; KNOWN(me, PUBLISHED) = version
            :: else
            fi;
            assert(version == DUE((round - 1) * ENVS) / ROUND * ROUND)
        };
#endif
#ifdef DIES
        if
        :: me == 0 -> /* sac_governor_give_back */
            atomic { newest[RETURNED] = newest[RETURNED] + 1; KNOWN(me, RETURNED) = newest[RETURNED] };
            goto out
        :: true
        fi;
#endif
#ifdef COMPOSITION
        act(me);
#else
#if GUARD
        atomic { /* B */
            newest[HEAD(me)] = newest[HEAD(me)] + 1;
            KNOWN(me, HEAD(me)) = newest[HEAD(me)]
        };
#endif
        atomic { count_step(me) };
#endif
        step_sequence(me, LEARNER_GATE, old);
        atomic {
            if
            :: old -> LOOK(me, NEED, look); old = (KNOWN(me, COUNTED) >= look); look = 0
            :: else
            fi;
            unlearn()
        };
        if :: old -> old = 0; wake_sleepers(LEARNER_GATE) :: else fi
    od;
out:
#if PAUSES || defined(ALONE)
    count_left();
#elif defined(COMPOSITION)
    if :: slot != NONE -> let_go(me) :: else fi;
#endif
    atomic {
        ended++; ready = false; allowed = false; ticket = 0; look_asked = 0;
#ifdef COMPOSITION
        forget_reads(me);
#endif
        forget(me)
    }
}

/* --- learner --- */

#ifdef LOCKSTEP
#define DUE_NOW DUE(counted)
#else
#define DUE_NOW UPDATES
#endif
#ifdef BROKEN_LEAVE_AFTER_LAST_UPDATE
#define STEPS_AT_END 0
#else
#define STEPS_AT_END STEPS
#endif

#ifdef LOCKSTEP
#define IS_ASKED_OF_LEARNER false
#else
#define IS_ASKED_OF_LEARNER IS_ASKED
#endif

/* Stores of `waiting_for` older than the one the learner knows can not be seen any more: count from that one. */
inline trim_waiting() {
    d_step {
        env = 0;
        do
        :: env < ENVS ->
            shift = KNOWN(LEARNER, WAITING(env));
            if
            :: shift > 0 ->
                v_ = 0;
                do
                :: v_ <= newest[WAITING(env)] ->
                    WAITING_IS(env, v_) = (v_ + shift <= newest[WAITING(env)] -> WAITING_IS(env, v_ + shift) : 0);
                    v_++
                :: else -> break
                od;
                newest[WAITING(env)] = newest[WAITING(env)] - shift;
                KNOWN(env, WAITING(env)) = newest[WAITING(env)];
                CARRIED(ENV_GATE(env), WAITING(env)) = MAX(CARRIED(ENV_GATE(env), WAITING(env)), shift) - shift;
                KNOWN(LEARNER, WAITING(env)) = 0
            :: else
            fi;
            env++
        :: else -> break
        od;
        env = 0; v_ = 0; shift = 0
    }
}

/* Wake an env thread if it sleeps and may go on. */
inline wake_env_if_wanted(k) {
    step_sequence(LEARNER, ENV_GATE(k), old);
    atomic {
        trim_waiting();
        LOOK_RETURNED(LEARNER);
        if
        :: old ->
            LOOK(LEARNER, WAITING(k), look);
            old = (WAITING_IS(k, look) <= allowance_is[newest[ALLOWANCE]] + look_returned);
            look = 0
        :: else
        fi;
#ifdef DIES
        look_returned = 0
#endif
    };
    if :: old -> old = 0; wake_sleepers(ENV_GATE(k)) :: else fi
}
inline wake_envs_if_wanted() {
    wake_env_if_wanted(0);
#if ENVS > 1
    wake_env_if_wanted(1)
#endif
}

#ifdef ALONE
#define IS_ALONE alone
#else
#define IS_ALONE false
#endif
/* learner_ready() has three parts: loads, a grant for every ring, the answer. */
inline load_steps() {
    atomic {
#ifdef ALONE
        LOOK(LEARNER, ENV_LEFT, look); /* AJ */
        alone = (look == ENVS);
        look = 0;
#ifndef WEAK_AJ
        if :: alone -> JOIN(LEARNER, COUNTED, steps_of_left) :: else fi;
#endif
#endif
        LOOK(LEARNER, COUNTED, counted); /* L */
#if GUARD && !defined(WEAK_L)
        v_ = 0;
        do
        :: v_ < ENVS ->
            JOIN(LEARNER, HEAD(v_), heads_of_steps[counted * ENVS + v_]);
#ifdef COMPOSITION
            JOIN(LEARNER, ROWS(v_), heads_of_steps[counted * ENVS + v_]); /* each head followed its row */
#endif
            v_++
        :: else -> break
        od
#endif
    }
}
inline answer() {
    LOOK(LEARNER, STOP, look_stop);
    LOOK_ASKED(LEARNER, ASKED);
    ready = (counted >= newest[NEED] || IS_ALONE || IS_ASKED_OF_LEARNER || look_stop);
    if
    :: ready ->
        KNOWN(LEARNER, STOP) = look_stop;
        KEEP_ASKED(LEARNER, ASKED);
        KNOWN(LEARNER, COUNTED) = counted;
#if GUARD
        v_ = counted * ENVS;
        do /* no longer needed */
        :: v_ > 0 -> v_--; heads_of_steps[v_] = 0
        :: else -> break
        od
#endif
    :: else -> counted = 0
    fi;
    look_stop = 0;
    look_asked = 0
}
#if GUARD && !defined(BROKEN_NO_GRANT_WHILE_WAITING)
inline learner_grants() {
    grant();
    if :: granted -> granted = false; wake_envs_if_wanted() :: else fi
}
inline learner_ready() { answer() }
#else
inline learner_grants() { skip }
inline learner_ready() { futex_woken(LEARNER); load_steps(); answer() }
#endif

inline grant_ring() {
    LOOK(LEARNER, HEAD(env), look); /* C */
    KNOWN(LEARNER, HEAD(env)) = look;
    LEARN_HEAD(env);
    total = total + look;
    if
    :: look + GUARD > newest[LIMIT(env)] ->
        TRIM_ROWS(env, newest[LIMIT(env)] - CAPACITY, look + GUARD - CAPACITY);
        newest[LIMIT(env)] = look + GUARD; /* D */
        KNOWN(LEARNER, LIMIT(env)) = newest[LIMIT(env)];
#ifdef COMPOSITION
        if :: !gone[env] -> reads_of_limit[env * LIMITS + look + GUARD] = newest[READS] :: else fi;
#endif
        granted = true
    :: else
    fi;
    look = 0;
    env++;
    if
    :: env == ENVS ->
        assert(total >= counted);
#ifdef LOCKSTEP
        assert(counted < newest[NEED] || total == counted);
#endif
        total = 0;
        env = 0
    :: else
    fi
}
/* sac_replay_grant() after a look at the steps. */
inline grant() {
    atomic { futex_woken(LEARNER); load_steps(); grant_ring() };
    do
    :: env > 0 -> atomic { grant_ring() }
    :: else -> break
    od
}

/* sac_governor_updated */
inline updated() {
    atomic {
        done = done + ROUND;
#ifndef LOCKSTEP
        assert(done * Q <= (SURE(LEARNER, COUNTED) + LEARNER_SLACK - WARMUP) * P);
#endif
#ifdef OBSERVER
        newest[UPDATED] = done; /* AF */
        KNOWN(LEARNER, UPDATED) = done;
        steps_of_updates[done] = counted;
#endif
    }
}
inline store_allowance() {
    atomic { /* M */
        newest[ALLOWANCE] = newest[ALLOWANCE] + 1;
        KNOWN(LEARNER, ALLOWANCE) = newest[ALLOWANCE];
        allowance_is[newest[ALLOWANCE]] = ALLOWED(done, round);
#if GUARD
        v_ = 0;
        do
        :: v_ < ENVS -> limits_of_allowance[newest[ALLOWANCE] * ENVS + v_] = newest[LIMIT(v_)]; v_++
        :: else -> break
        od;
#endif
#ifdef LOCKSTEP
        version_of_allowance[newest[ALLOWANCE]] = newest[PUBLISHED]
#endif
    }
}
inline allow() {
    store_allowance();
    wake_envs_if_wanted()
}
proctype Learner() {
    byte done, round, counted, env, total, epoch, look, look_stop, look_asked, shift;
    bool old, ready, granted, resumes;
#ifdef DIES
    byte look_returned;
#endif
#ifdef ALONE
    bool alone;
#endif
    do
    :: /* sac_governor_turn */
        STORE(LEARNER, NEED, NEEDED(done, round));
        do
        :: learner_grants();
            atomic {
                learner_ready();
                if :: ready -> break :: else -> announce_sleep(LEARNER, LEARNER_GATE) fi
            };
#ifndef BROKEN_NO_SECOND_LOOK
            learner_grants();
            atomic {
                learner_ready();
                if :: ready -> no_sleep(LEARNER); break :: else -> futex_sleep(LEARNER, LEARNER_GATE) fi
            }
#else
            futex_sleep(LEARNER, LEARNER_GATE)
#endif
        od;
        ready = false;
        if :: KNOWN(LEARNER, STOP) -> break :: else fi;
#if PAUSES && !defined(LOCKSTEP)
        if
        :: KNOWN(LEARNER, ASKED) != epoch ->
            epoch = KNOWN(LEARNER, ASKED);
            park(LEARNER);
            goto again
        :: else
        fi;
#endif
#ifdef BROKEN_NO_GRANT_WHILE_WAITING
        grant();
        granted = false;
#endif
#ifdef ALONE
        if
        :: counted < newest[NEED] -> /* the env threads have all left */
            assert(counted == newest[COUNTED] && newest[ENV_LEFT] == ENVS && newest[RETURNED] > 0);
            break
        :: else
        fi;
#endif
        if
        :: done + ROUND <= DUE_NOW ->
#ifdef COMPOSITION
            atomic { update(); updated(); store_allowance() };
            wake_envs_if_wanted()
#else
#if PAUSES
            touch(LEARNER);
#endif
#ifdef LOCKSTEP
#ifndef BROKEN_PUBLISH_AFTER_ALLOWANCE
            STORE(LEARNER, PUBLISHED, done + ROUND);
#endif
#endif
            updated();
#ifndef LOCKSTEP
            allow()
#endif
#endif
        :: else ->
            if :: counted >= STEPS_AT_END -> break :: else fi;
#ifdef LOCKSTEP
            /* end_round */
#if PAUSES
            LOAD(LEARNER, ASKED);
            if
            :: KNOWN(LEARNER, ASKED) != epoch ->
                epoch = KNOWN(LEARNER, ASKED);
                STORE(LEARNER, AGREED, epoch);
                wake_envs(LEARNER);
                park(LEARNER)
            :: else
            fi;
#endif
            round++;
            allow();
#ifdef BROKEN_PUBLISH_AFTER_ALLOWANCE
            STORE(LEARNER, PUBLISHED, done);
#endif
#endif
        fi;
again:  counted = 0
    od;
#if PAUSES
    atomic { newest[LEARNERS_LEFT] = 1; KNOWN(LEARNER, LEARNERS_LEFT) = 1; CARRIED_BY_AK }; /* AK */
    wake(LEARNER, MAIN_GATE, old);
#endif
    atomic {
        ended++; ready = false; look_asked = 0; counted = 0;
#ifdef COMPOSITION
        close_books();
#endif
        forget(LEARNER)
    }
}

/* --- main thread --- */

#if PAUSES
/* pause_over(). A sum that is complete was made of the newest values. */
inline pause_over() {
    atomic { /* T, AI, AL */
        LOOK(MAIN, STOP, look_stop);
        LOOK(MAIN, PARKED, look);
        LOOK(MAIN, ENV_LEFT, look_left);
        LOOK(MAIN, LEARNERS_LEFT, look_asked);
        look_left = look_left + look_asked;
#ifdef BROKEN_VISIT_EARLY
        all_parked = (look - parked_before + look_left >= WORKERS - 1);
#else
        all_parked = (look - parked_before + look_left == WORKERS);
#endif
        KNOWN(MAIN, STOP) = look_stop;
        if :: all_parked -> KNOWN(MAIN, PARKED) = look :: else fi;
        look = 0; look_stop = 0; look_left = 0; look_asked = 0;
        if
        :: all_parked ->
            v_ = 0;
            do
            :: v_ < ENVS ->
#ifndef WEAK_T
                JOIN(MAIN, CLOCK(v_), clocks_of_parked[v_]);
#endif
#ifndef WEAK_AI
                JOIN(MAIN, CLOCK(v_), clocks_of_left[v_]);
#endif
                v_++
            :: else -> break
            od;
#ifndef WEAK_T
            JOIN(MAIN, CLOCK(LEARNER), clocks_of_parked[LEARNER]);
#endif
#ifndef WEAK_AL
            JOIN(MAIN, CLOCK(LEARNER), clocks_of_left[LEARNER]);
#endif
            skip
        :: else
        fi
    }
}
/* A plain read of all that the others wrote. */
inline visit() {
    atomic {
        v_ = 0;
        do
        :: v_ < WORKERS -> assert(KNOWN(MAIN, CLOCK(v_)) == newest[CLOCK(v_)]); v_++
        :: else -> break
        od;
#ifdef COMPOSITION
        visit_rows();
#endif
        newest[CLOCK(MAIN)] = epoch;
        KNOWN(MAIN, CLOCK(MAIN)) = epoch
    }
}
#endif

#define OVER (all_parked || KNOWN(MAIN, STOP))
#if PAUSES || defined(COMPOSITION)
proctype Main() {
    byte epoch, parked_before, look, look_stop, look_left, look_asked;
    bool old, all_parked;
#ifdef COMPOSITION
    byte slot = NONE;
    atomic { take_slot(MAIN) }; /* sac_trainer_policy: read for as long as it takes */
#if PAUSES == 0
    end_export();
#endif
#endif
#if PAUSES
    do
    :: epoch == PAUSES -> break
    :: else ->
        epoch++;
        atomic {
#ifdef COMPOSITION
            if :: slot != NONE -> end_export() :: else fi;
#endif
            LOAD(MAIN, PARKED);
            parked_before = KNOWN(MAIN, PARKED);
#ifndef LOCKSTEP /* nobody else stores either, so whoever looks between the two can look after both, at an older `asked` */
            STORE(MAIN, AGREED, epoch);
#endif
            STORE(MAIN, ASKED, epoch)
        };
#ifndef LOCKSTEP /* the code does it in lockstep too: there nobody needs it */
        wake_envs(MAIN);
#endif
        wake(MAIN, LEARNER_GATE, old);
        do
        :: atomic {
                futex_woken(MAIN);
                pause_over();
                if :: OVER -> break :: else -> announce_sleep(MAIN, MAIN_GATE) fi
            };
            atomic { pause_over(); if :: OVER -> no_sleep(MAIN); break :: else -> futex_sleep(MAIN, MAIN_GATE) fi }
        od;
#ifdef BROKEN_RESUME_BEFORE_READS_END
        STORE(MAIN, RESUMED, epoch);
        if :: !KNOWN(MAIN, STOP) -> visit() :: else fi;
#else
        atomic { /* U, and what is read before */
            if :: !KNOWN(MAIN, STOP) -> visit() :: else fi;
            if :: epoch == PAUSES -> end_visits() :: else fi;
            STORE(MAIN, RESUMED, epoch)
        };
#endif
        wake(MAIN, RESUME_GATE, old);
        all_parked = false
    od;
#endif
    atomic {
        ended++;
#if PAUSES
        newest[PARKED] = 0; parked_before = 0;
#endif
        forget(MAIN)
    }
}
#endif

#ifdef OBSERVER
proctype Observer() {
    atomic { /* AG */
        LOAD(MAIN, UPDATED);
#if !defined(WEAK_AF) && !defined(WEAK_AG)
        JOIN(MAIN, COUNTED, steps_of_updates[KNOWN(MAIN, UPDATED)])
#endif
    };
    atomic {
        LOAD(MAIN, COUNTED);
        assert(KNOWN(MAIN, UPDATED) * Q <= (KNOWN(MAIN, COUNTED) + LEARNER_SLACK - WARMUP) * P)
    };
    ended++
}
#endif

#ifdef WITH_STOP
/* The store comes before all else: who looks at it may see it from then on, or not yet, so whatever follows a later store
 * can follow this one too. What matters is when the wake-ups come. */
proctype Stopper() {
    bool old;
#ifndef BROKEN_STOP_WITHOUT_WAKE
    wake_envs(STOPPER);
    wake(STOPPER, LEARNER_GATE, old);
#if PAUSES
    wake(STOPPER, MAIN_GATE, old);
#endif
#endif
    forget(STOPPER)
}
#endif

init {
    byte k;
    atomic {
        allowance_is[0] = ALLOWED(0, 0);
        do
        :: k < ENVS ->
            WAITING_IS(k, 0) = UNBOUNDED;
#if GUARD
            newest[LIMIT(k)] = CAPACITY;
            limits_of_allowance[k] = CAPACITY;
            KNOWN(k, LIMIT(k)) = CAPACITY;
            KNOWN(LEARNER, LIMIT(k)) = CAPACITY;
#ifdef COMPOSITION
            fill_ring(k);
#endif
#endif
            run EnvThread(k);
            k++
        :: else -> break
        od;
        k = 0;
        run Learner();
#if PAUSES || defined(COMPOSITION)
        run Main();
#endif
#ifdef OBSERVER
        run Observer();
#endif
#ifdef WITH_STOP
        STORE(STOPPER, STOP, 1); /* W */
        run Stopper()
#endif
    };
#if PAUSES || defined(OBSERVER) || defined(COMPOSITION)
    ended == WORKERS + 1
#else
    ended == WORKERS
#endif
}
