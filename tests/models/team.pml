/* The learner's team: the leader hands out jobs by generation, members answer, both sleep in gates.
 * Edges O-R, and I and J, of docs/memory-model.md.
 *
 * Weak memory and gates: weak.pml. The job's fields and what the members write are plain memory; each access asserts that
 * it is ordered after the last conflicting one. Everybody must end, so a lost wake-up is a deadlock.
 *
 * -DWEAK_x makes the order at label x relaxed. -DBROKEN_y builds in mistake y. Each must make Spin report an error. */
#ifndef MEMBERS
#define MEMBERS 2 /* besides the leader */
#endif
#ifndef JOBS
#define JOBS 2 /* and one more, which ends the region */
#endif
#define LEADER MEMBERS
#define THREADS (MEMBERS + 1)
#define GENERATION 0                     /* generation g is stored after the leader's clock became g */
#define DONE(member) (1 + (member))      /* done d is stored after the member's clock became d */
#define LEADER_CLOCK (1 + MEMBERS)       /* plain writes of the leader, one lot for each job */
#define MEMBER_CLOCK(member) (2 + MEMBERS + (member)) /* plain accesses of a member, one lot for each job */
#define VARIABLES (2 + 2 * MEMBERS)
#define GATES 2
#define JOB_GATE 0
#define DONE_GATE 1
#include "weak.pml"

byte ended;
#define MAX(x, y) ((x) > (y) -> (x) : (y))

/* Load `generation`; the store of g carries the leader's g-th lot and all members' lots before it. */
inline load_generation(me) {
    atomic { /* P */
        do :: KNOWN(me, GENERATION) < newest[GENERATION] -> KNOWN(me, GENERATION)++ :: break od;
#if !defined(WEAK_P) && !defined(WEAK_O)
        KNOWN(me, LEADER_CLOCK) = MAX(KNOWN(me, LEADER_CLOCK), KNOWN(me, GENERATION));
        v_ = 0;
        do
        :: v_ < MEMBERS ->
            if
            :: v_ != me && KNOWN(me, GENERATION) > 0 ->
                KNOWN(me, MEMBER_CLOCK(v_)) = MAX(KNOWN(me, MEMBER_CLOCK(v_)), KNOWN(me, GENERATION) - 1)
            :: else
            fi;
            v_++
        :: else -> break
        od
#endif
    }
}

#define IS_THERE (KNOWN(me, GENERATION) == waits_for)

proctype Member(byte me) {
    byte waits_for, seen, old;
    do
    :: waits_for == JOBS + 1 -> break
    :: else ->
        waits_for++;
        do
        :: atomic { load_generation(me); if :: IS_THERE -> break :: else -> announce_sleep(me, JOB_GATE, seen) fi };
#ifndef BROKEN_NO_SECOND_LOOK
            atomic { load_generation(me); if :: IS_THERE -> break :: else -> futex_sleep(me, JOB_GATE, seen) fi };
#else
            futex_sleep(me, JOB_GATE, seen);
#endif
            futex_woken(me)
        od;
#ifdef BROKEN_DONE_BEFORE_SHARE
        STORE(me, DONE(me), waits_for);
#endif
        atomic { /* read the job, and what the others wrote for the one before; write a share */
            assert(KNOWN(me, LEADER_CLOCK) == newest[LEADER_CLOCK]);
            v_ = 0;
            do
            :: v_ < MEMBERS -> assert(KNOWN(me, MEMBER_CLOCK(v_)) + 1 >= waits_for); v_++
            :: else -> break
            od;
            newest[MEMBER_CLOCK(me)] = waits_for;
            KNOWN(me, MEMBER_CLOCK(me)) = waits_for
        };
#ifndef BROKEN_DONE_BEFORE_SHARE
        STORE(me, DONE(me), waits_for); /* Q */
#endif
        if
#ifndef BROKEN_DONE_WITHOUT_WAKE
        :: waits_for <= JOBS -> wake(me, DONE_GATE, old)
#endif
        :: else
        fi
    od;
    ended++
}

inline load_done(member) {
    atomic { /* R */
        do :: KNOWN(LEADER, DONE(member)) < newest[DONE(member)] -> KNOWN(LEADER, DONE(member))++ :: break od;
#if !defined(WEAK_R) && !defined(WEAK_Q)
        KNOWN(LEADER, MEMBER_CLOCK(member)) = MAX(KNOWN(LEADER, MEMBER_CLOCK(member)), KNOWN(LEADER, DONE(member)))
#endif
    }
}

/* In order, and no further than the first who is not done. */
inline look_at_all() {
    member = 0;
    do
    :: member < MEMBERS ->
        load_done(member);
        if :: KNOWN(LEADER, DONE(member)) != job -> break :: else -> member++ fi
    :: else -> break
    od;
    atomic { all_done = (member == MEMBERS); member = 0 }
}

proctype Leader() {
    byte job, member, seen, old;
    bool all_done;
    do
    :: job == JOBS + 1 -> break
    :: else ->
#ifdef BROKEN_GENERATION_BEFORE_JOB
        STORE(LEADER, GENERATION, job + 1);
#endif
        atomic { /* write the job: every member's accesses of the one before are over; job 1 has none before it */
            job++;
            v_ = 0;
            do
            :: v_ < MEMBERS -> assert(KNOWN(LEADER, MEMBER_CLOCK(v_)) == newest[MEMBER_CLOCK(v_)]); v_++
            :: else -> break
            od;
            newest[LEADER_CLOCK] = job;
            KNOWN(LEADER, LEADER_CLOCK) = job
        };
#ifndef BROKEN_GENERATION_BEFORE_JOB
        STORE(LEADER, GENERATION, job); /* O */
#endif
        wake(LEADER, JOB_GATE, old);
        if
        :: job == JOBS + 1 -> break /* the region's end joins the members */
        :: else
        fi;
#ifndef BROKEN_LEADER_IGNORES_DONE
        do
        :: atomic { look_at_all(); if :: all_done -> break :: else -> announce_sleep(LEADER, DONE_GATE, seen) fi };
#ifndef BROKEN_NO_SECOND_LOOK
            atomic { look_at_all(); if :: all_done -> break :: else -> futex_sleep(LEADER, DONE_GATE, seen) fi };
#else
            futex_sleep(LEADER, DONE_GATE, seen);
#endif
            futex_woken(LEADER)
        od;
#endif
        all_done = false
    od;
    ended++
}

init {
    byte k;
    atomic {
        run Leader();
        do :: k < MEMBERS -> run Member(k); k++ :: else -> break od
    };
    ended == THREADS
}
