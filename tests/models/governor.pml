/* The governor as in src/governor.c: tickets, allowance, the gates, the rings' permissions, stop, safe points; async or
 * lockstep. Edges A-D, I-N, S-W, AF-AG of docs/memory-model.md.
 *
 * Weak memory and gates: weak.pml. Each env thread has one environment, and a step makes one row. The rows themselves are
 * checked in replay.pml, snapshots in snapshot.pml; here they are a head, a limit and a version. Asserted:
 * - both bounds of the governor, at every step and update;
 * - the steps that the learner counted are in the heads it loads next; in lockstep the heads are exactly the round's;
 * - with GOVERNED: an env thread that the governor allows to run finds room at its first look (the size of the guard);
 * - lockstep: the policy that acts in a round is the one published before it;
 * - at a safe point the main thread sees all that the others did, and they go on after it has read it;
 * - whoever sees u updates sees the steps they needed (OBSERVER).
 * Every thread must end, so a lost wake-up is a deadlock.
 *
 * With ALONE the learner also looks whether all env threads have left, as it must where some may die: none dies here, so
 * whenever it sees that, it has to see all their steps.
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
#define ASKED (6 + 3 * ENVS)
#define AGREED (7 + 3 * ENVS)
#define RESUMED (8 + 3 * ENVS)
#define PARKED (9 + 3 * ENVS)
#define LEFT (10 + 3 * ENVS)                     /* `env_left` and `learners_left` */
#define CLOCK(thread) (11 + 3 * ENVS + (thread)) /* plain accesses to what a safe point reads */
#if PAUSES
#define VARIABLES (13 + 4 * ENVS)
#elif defined(LOCKSTEP) || defined(OBSERVER)
#define VARIABLES (6 + 3 * ENVS)
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
#define ENV_GATE 0
#define LEARNER_GATE 1
#define MAIN_GATE 2
#define RESUME_GATE 3
#if PAUSES
#define GATES 4
#else
#define GATES 2
#endif
#define INTERESTS(thread)                                                   \
    ((thread) < ENVS -> ENV_INTERESTS(thread)                               \
     : ((thread) == LEARNER -> LEARNER_INTERESTS : MAIN_INTERESTS))
#define ENV_INTERESTS(env)                                                  \
    (SET(ALLOWANCE) | SET(STOP) | SET(NEED) | SET(LIMIT(env)) | SET(PUBLISHED) | SET(AGREED) | SET(RESUMED) | SET(CLOCK(MAIN)))
#define LEARNER_INTERESTS                                                   \
    (SET(COUNTED) | SET(STOP) | EACH_ENV(WAITING) | EACH_ENV(HEAD) | SET(ASKED) | SET(RESUMED) | SET(CLOCK(MAIN)))
#define MAIN_INTERESTS (SET(STOP) | SET(PARKED) | SET(LEFT) | EACH_ENV(CLOCK) | SET(CLOCK(LEARNER)))
#define EACH_ENV(variable) (((1 << ENVS) - 1) << variable(0))
#define CARRIES(gate)                                                       \
    ((gate) == ENV_GATE || (gate) == LEARNER_GATE                           \
     -> (ENV_INTERESTS(0) | EACH_ENV(LIMIT) | LEARNER_INTERESTS) & ~(SET(RESUMED) | SET(CLOCK(MAIN))) \
     : ((gate) == MAIN_GATE -> MAIN_INTERESTS : SET(RESUMED) | SET(CLOCK(MAIN))))
#include "weak.pml"

#define ALLOWANCES (STEPS * P + 2) /* stores of it, at most */
byte allowance_is[ALLOWANCES];
byte waiting_is[ENVS * (2 * STEPS + 2)];
#define WAITING_IS(env, store) waiting_is[(env) * (2 * STEPS + 2) + (store)]
byte tickets, ended;
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
#endif

#define JOIN(thread, variable, value)                                       \
    if :: (value) > KNOWN(thread, variable) -> KNOWN(thread, variable) = value :: else fi

/* --- parking --- */

#if PAUSES
#define COUNT_ME(me, variable, clocks, releases)                            \
    atomic {                                                                \
        newest[variable] = newest[variable] + 1;                            \
        KNOWN(me, variable) = newest[variable];                             \
        if :: releases -> clocks[me] = newest[CLOCK(me)] :: else fi         \
    }
#ifdef WEAK_S
#define S_RELEASES false
#else
#define S_RELEASES true
#endif
#ifdef WEAK_T
#define T_ACQUIRES false
#else
#define T_ACQUIRES true
#endif
#ifdef WEAK_AH
#define AH_RELEASES false
#else
#define AH_RELEASES true
#endif
#ifdef WEAK_AI
#define AI_ACQUIRES false
#else
#define AI_ACQUIRES true
#endif
#ifdef WEAK_AK
#define AK_RELEASES false
#else
#define AK_RELEASES true
#endif
#ifdef WEAK_AL
#define AL_ACQUIRES false
#else
#define AL_ACQUIRES true
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
    COUNT_ME(me, PARKED, clocks_of_parked, S_RELEASES);
#ifndef BROKEN_PARK_WITHOUT_WAKE
    wake(me, MAIN_GATE, old);
#endif
    do
    :: atomic { load_resumed(me); if :: resumes -> break :: else -> announce_sleep(me, RESUME_GATE, seen) fi };
        atomic { load_resumed(me); if :: resumes -> break :: else -> futex_sleep(me, RESUME_GATE, seen) fi };
        futex_woken(me)
    od;
    resumes = false
}
/* A plain access to what the main thread reads at a safe point. */
inline touch(me) {
    atomic {
        assert(KNOWN(me, CLOCK(MAIN)) >= newest[CLOCK(MAIN)]);
        newest[CLOCK(me)] = newest[CLOCK(me)] + 1;
        KNOWN(me, CLOCK(me)) = newest[CLOCK(me)]
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

/* --- env thread --- */

#define IS_ALLOWED (ticket + 1 <= allowance_is[look])
#if GUARD
#define ROOM(env) (newest[HEAD(env)] < look_limit)
#else
#define ROOM(env) true
#endif

/* env_ready(). What it loads is kept only where the code relies on a second load not being older. */
inline env_ready() {
    atomic {
        LOOK(me, STOP, look_stop);
        LOOK_ASKED(me, AGREED);
        LOOK(me, ALLOWANCE, look); /* N */
#if GUARD
#if !defined(WEAK_N) && !defined(WEAK_M)
        JOIN(me, LIMIT(me), limits_of_allowance[look * ENVS + me]);
#endif
        LOOK(me, LIMIT(me), look_limit); /* A */
#endif
#ifdef GOVERNED
        assert(!IS_ALLOWED || ROOM(me));
#endif
        ready = (look_stop || IS_ASKED || (IS_ALLOWED && ROOM(me)));
        if
        :: ready ->
            KNOWN(me, STOP) = look_stop;
            KEEP_ASKED(me, AGREED);
#if defined(LOCKSTEP) && !defined(WEAK_N) && !defined(WEAK_M)
            JOIN(me, PUBLISHED, version_of_allowance[look]);
#endif
        :: else
        fi;
        allowed = IS_ALLOWED;
        look = 0; look_stop = 0; look_asked = 0; look_limit = 0
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
    futex_sleep(me, ENV_GATE, seen)
#else
#define LAST_STEP futex_sleep(me, ENV_GATE, seen)
#endif

inline env_wait() {
    env_ready();
    if
    :: ready
    :: else ->
#ifndef BROKEN_WAITING_AFTER
        set_waiting(ticket + 1);
#endif
        do
        :: atomic { env_ready(); if :: ready -> break :: else -> announce_sleep(me, ENV_GATE, seen) fi };
#ifndef BROKEN_NO_SECOND_LOOK
#if GUARD && !defined(BROKEN_NO_CALL_FOR_ROOM)
            env_ready();
            if :: ready -> break :: else fi;
            if :: allowed -> wake(me, LEARNER_GATE, old) :: else fi; /* env_before_sleep */
            futex_sleep(me, ENV_GATE, seen);
#else
            atomic { env_ready(); if :: ready -> break :: else -> LAST_STEP fi };
#endif
#else
            futex_sleep(me, ENV_GATE, seen);
#endif
            futex_woken(me)
        od;
        set_waiting(UNBOUNDED)
    fi;
    atomic { ready = false; allowed = false }
}

proctype EnvThread(byte me) {
    byte ticket, old, seen, version, epoch, look, look_stop, look_asked, look_limit;
    bool ready, allowed, resumes;
#ifdef LOCKSTEP
    byte round;
#endif
    do
    :: atomic {
#ifdef LOCKSTEP
            ticket = round * ENVS + me;
            round++;
#else
            ticket = tickets;
            tickets++;
#endif
            if :: ticket >= STEPS -> goto out :: else fi
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
#if GUARD
        atomic { /* B */
            newest[HEAD(me)] = newest[HEAD(me)] + 1;
            KNOWN(me, HEAD(me)) = newest[HEAD(me)]
        };
#endif
        atomic { /* K */
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
            assert(newest[COUNTED] <= allowance_is[newest[ALLOWANCE]]);
            ticket = 0
        };
        step_sequence(me, LEARNER_GATE, old);
        atomic {
            if
            :: old & 1 ->
                LOOK(me, NEED, look);
                old = (KNOWN(me, COUNTED) >= look);
                look = 0
            :: else -> old = 0
            fi
        };
        if :: old -> old = 0; wake_sleepers(LEARNER_GATE) :: else fi
    od;
out:
#if PAUSES
    COUNT_ME(me, LEFT, clocks_of_left, AH_RELEASES);
    wake(me, MAIN_GATE, old); /* the code wakes the other gates too: here nobody needs it */
#endif
    atomic { ended++; ready = false; allowed = false; ticket = 0 }
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

/* Wake env threads if one sleeps that may go on. */
inline wake_envs_if_wanted() {
    step_sequence(LEARNER, ENV_GATE, old);
    atomic {
        if
        :: old & 1 ->
            env = 0;
            do
            :: env < ENVS ->
                LOOK(LEARNER, WAITING(env), look);
                if
                :: WAITING_IS(env, look) <= allowance_is[newest[ALLOWANCE]] -> break
                :: else -> env++
                fi
            :: else -> break
            od;
            old = (env < ENVS);
            env = 0;
            look = 0
        :: else -> old = 0
        fi
    };
    if :: old -> old = 0; wake_sleepers(ENV_GATE) :: else fi
}

/* Before the steps are loaded. Every step's count was stored by a thread that has left, so knowing them all is
 * knowing the newest. */
#ifdef ALONE
inline look_alone() {
    atomic { /* AJ */
        LOOK(LEARNER, LEFT, look);
        alone = (look == ENVS);
        look = 0;
#if !defined(WEAK_AH) && !defined(WEAK_AJ)
        if :: alone -> KNOWN(LEARNER, COUNTED) = newest[COUNTED] :: else fi
#endif
    }
}
#else
inline look_alone() { skip }
#endif

/* learner_ready() has three parts: loads, a grant for every ring, the answer. */
inline load_steps() {
    atomic {
        LOOK(LEARNER, COUNTED, counted); /* L */
#if GUARD && !defined(WEAK_L)
        v_ = 0;
        do
        :: v_ < ENVS -> JOIN(LEARNER, HEAD(v_), heads_of_steps[counted * ENVS + v_]); v_++
        :: else -> break
        od
#endif
    }
}
inline answer() {
    LOOK(LEARNER, STOP, look_stop);
    LOOK_ASKED(LEARNER, ASKED);
    ready = (counted >= newest[NEED] || alone || IS_ASKED_OF_LEARNER || look_stop);
    if
    :: ready -> KNOWN(LEARNER, STOP) = look_stop; KEEP_ASKED(LEARNER, ASKED)
    :: else
    fi;
    look_stop = 0;
    look_asked = 0
}
#if GUARD && !defined(BROKEN_NO_GRANT_WHILE_WAITING)
inline learner_grants() {
    look_alone();
    load_steps();
    grant();
    if :: granted -> granted = false; wake_envs_if_wanted() :: else fi
}
inline learner_ready() { answer() }
#else
inline learner_grants() { skip }
inline learner_ready() { look_alone(); load_steps(); answer() }
#endif

inline grant() {
    env = 0;
    do
    :: env < ENVS ->
        atomic {
            LOOK(LEARNER, HEAD(env), look); /* C */
            total = total + look;
            if
            :: look + GUARD > newest[LIMIT(env)] ->
                newest[LIMIT(env)] = look + GUARD; /* D */
                KNOWN(LEARNER, LIMIT(env)) = newest[LIMIT(env)];
                granted = true
            :: else
            fi;
            env++
        }
    :: else -> break
    od;
    atomic {
        assert(total >= counted);
#ifdef LOCKSTEP
        assert(counted < newest[NEED] || total == counted);
#endif
        total = 0;
        env = 0;
        look = 0
    }
}

inline allow() {
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
    };
    wake_envs_if_wanted()
}
proctype Learner() {
    byte done, round, counted, old, seen, env, total, epoch, look, look_stop, look_asked;
    bool ready, granted, resumes, alone;
    do
    :: /* sac_governor_turn */
        STORE(LEARNER, NEED, NEEDED(done, round));
        do
        :: learner_grants();
            atomic {
                learner_ready();
                if :: ready -> break :: else -> announce_sleep(LEARNER, LEARNER_GATE, seen) fi
            };
#ifndef BROKEN_NO_SECOND_LOOK
            learner_grants();
            atomic {
                learner_ready();
                if :: ready -> break :: else -> futex_sleep(LEARNER, LEARNER_GATE, seen) fi
            };
#else
            futex_sleep(LEARNER, LEARNER_GATE, seen);
#endif
            futex_woken(LEARNER)
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
        assert(counted >= newest[NEED] || !alone);
        alone = false;
#ifdef BROKEN_NO_GRANT_WHILE_WAITING
        grant();
        granted = false;
#endif
        if
        :: done + ROUND <= DUE_NOW ->
#if PAUSES
            touch(LEARNER);
#endif
#ifdef LOCKSTEP
#ifndef BROKEN_PUBLISH_AFTER_ALLOWANCE
            STORE(LEARNER, PUBLISHED, done + ROUND);
#endif
#endif
            /* sac_governor_updated */
            atomic {
                done = done + ROUND;
#ifndef LOCKSTEP
                assert(done * Q <= (newest[COUNTED] + LEARNER_SLACK - WARMUP) * P);
#endif
#ifdef OBSERVER
                newest[UPDATED] = done; /* AF */
                KNOWN(LEARNER, UPDATED) = done;
                steps_of_updates[done] = counted;
#endif
            };
#ifndef LOCKSTEP
            allow()
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
                wake(LEARNER, ENV_GATE, old);
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
again:  skip
    od;
#if PAUSES
    COUNT_ME(LEARNER, LEFT, clocks_of_left, AK_RELEASES);
    wake(LEARNER, MAIN_GATE, old);
#endif
    atomic { ended++; ready = false }
}

/* --- main thread --- */

#if PAUSES
/* pause_over(). A sum that is complete was made of the newest values. */
inline pause_over() {
    atomic { /* T, AI, AL */
        LOOK(MAIN, STOP, look_stop);
        LOOK(MAIN, PARKED, look);
        LOOK(MAIN, LEFT, look_left);
        all_parked = (look - parked_before + look_left == WORKERS);
        KNOWN(MAIN, STOP) = look_stop;
        if :: all_parked -> KNOWN(MAIN, PARKED) = look :: else fi;
        look = 0; look_stop = 0; look_left = 0;
        if
        :: all_parked ->
            v_ = 0;
            do
            :: v_ < WORKERS ->
                if :: T_ACQUIRES -> JOIN(MAIN, CLOCK(v_), clocks_of_parked[v_]) :: else fi;
                if
                :: (v_ == LEARNER -> AL_ACQUIRES : AI_ACQUIRES) -> JOIN(MAIN, CLOCK(v_), clocks_of_left[v_])
                :: else
                fi;
                v_++
            :: else -> break
            od
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
        newest[CLOCK(MAIN)] = epoch;
        KNOWN(MAIN, CLOCK(MAIN)) = epoch
    }
}

#define OVER (all_parked || KNOWN(MAIN, STOP))
proctype Main() {
    byte epoch, parked_before, old, seen, look, look_stop, look_left;
    bool all_parked;
    do
    :: epoch == PAUSES -> break
    :: else ->
        epoch++;
        atomic { LOAD(MAIN, PARKED); parked_before = KNOWN(MAIN, PARKED) };
#ifndef LOCKSTEP
        STORE(MAIN, AGREED, epoch);
#endif
        STORE(MAIN, ASKED, epoch);
#ifndef LOCKSTEP /* the code does it in lockstep too: there nobody needs it */
        wake(MAIN, ENV_GATE, old);
#endif
        wake(MAIN, LEARNER_GATE, old);
        do
        :: atomic { pause_over(); if :: OVER -> break :: else -> announce_sleep(MAIN, MAIN_GATE, seen) fi };
            atomic { pause_over(); if :: OVER -> break :: else -> futex_sleep(MAIN, MAIN_GATE, seen) fi };
            futex_woken(MAIN)
        od;
#ifdef BROKEN_RESUME_BEFORE_READS_END
        STORE(MAIN, RESUMED, epoch);
        if :: !KNOWN(MAIN, STOP) -> visit() :: else fi;
#else
        if :: !KNOWN(MAIN, STOP) -> visit() :: else fi;
        STORE(MAIN, RESUMED, epoch); /* U */
#endif
        wake(MAIN, RESUME_GATE, old);
        all_parked = false
    od;
    ended++
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
proctype Stopper() {
    byte old;
    STORE(STOPPER, STOP, 1); /* W */
#ifndef BROKEN_STOP_WITHOUT_WAKE
    wake(STOPPER, ENV_GATE, old);
    wake(STOPPER, LEARNER_GATE, old);
#if PAUSES
    wake(STOPPER, MAIN_GATE, old)
#endif
#endif
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
#endif
            run EnvThread(k);
            k++
        :: else -> break
        od;
        k = 0;
        run Learner();
#if PAUSES
        run Main();
#endif
#ifdef OBSERVER
        run Observer();
#endif
#ifdef WITH_STOP
        run Stopper()
#endif
    };
#if PAUSES || defined(OBSERVER)
    ended == WORKERS + 1
#else
    ended == WORKERS
#endif
}
