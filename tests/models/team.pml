/* The learner's team: the leader calls members to jobs, members answer, all sleep in gates. Not everybody is called to
 * every job, but everybody to the last, which ends the region. Edges O-R, and I and J, of docs/memory-model.md.
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
#ifndef LEAST
#define LEAST 1 /* so many members are called to a job, or more; which number it is may change from job to job */
#endif
#define LEADER MEMBERS
#define THREADS (MEMBERS + 1)
#define CALLED(member) (member)             /* calls so far */
#define DONE(member) (MEMBERS + (member))   /* d is stored after the member's clock became d */
#define LEADER_CLOCK (2 * MEMBERS)          /* plain writes of the leader, one lot for each job */
#define MEMBER_CLOCK(member) (2 * MEMBERS + 1 + (member)) /* plain accesses of a member, one lot for each of its jobs */
#define VARIABLES (3 * MEMBERS + 1)
#define GATES (MEMBERS + 1)
#define GATE(member) (member)
#define DONE_GATE MEMBERS
#define ALL(first) (((1 << MEMBERS) - 1) << (first)) /* such a variable of every member */
#define CLOCKS (SET(LEADER_CLOCK) | ALL(MEMBER_CLOCK(0)))
#define HEARS(thread, gate) ((thread) == LEADER -> ALL(DONE(0)) | CLOCKS : SET(CALLED(thread)) | CLOCKS)
#include "weak.pml"

byte ended, last_called; /* members 0 .. last_called have a part in the present job; the leader's plain memory */
byte sent[MEMBERS + 1];  /* what the leader knew of the clocks when it stored the present calls */
byte before[MEMBERS];    /* the members' clocks when the present job was written */
#define MAX(x, y) ((x) > (y) -> (x) : (y))

/* A member's next call carries what the leader knew; the leader does not call anew before it is answered. */
inline load_called(me) {
    atomic { /* P */
        if
        :: KNOWN(me, CALLED(me)) < newest[CALLED(me)] ->
            KNOWN(me, CALLED(me))++;
#if !defined(WEAK_P) && !defined(WEAK_O)
            v_ = 0;
            do
            :: v_ <= MEMBERS ->
                KNOWN(me, LEADER_CLOCK + v_) = MAX(KNOWN(me, LEADER_CLOCK + v_), sent[v_]);
                v_++
            :: else -> break
            od
#endif
        :: true
        fi
    }
}

#define IS_CALLED (KNOWN(me, CALLED(me)) == waits_for)

proctype Member(byte me) {
    byte waits_for;
    bool old;
    bool end;
    do
    :: end -> break
    :: else ->
        waits_for++;
        do
        :: atomic { load_called(me); if :: IS_CALLED -> break :: else -> announce_sleep(me, GATE(me)) fi };
#ifndef BROKEN_NO_SECOND_LOOK
            atomic { load_called(me); if :: IS_CALLED -> no_sleep(me); break :: else -> futex_sleep(me, GATE(me)) fi };
#else
            futex_sleep(me, GATE(me));
#endif
            futex_woken(me)
        od;
#ifdef BROKEN_DONE_BEFORE_SHARE
        STORE(me, DONE(me), waits_for);
#endif
        atomic { /* read the job, and what all wrote for the jobs before; write a share */
            assert(KNOWN(me, LEADER_CLOCK) == newest[LEADER_CLOCK]);
            assert(me <= last_called);
            v_ = 0;
            do
            :: v_ < MEMBERS -> assert(KNOWN(me, MEMBER_CLOCK(v_)) >= before[v_]); v_++
            :: else -> break
            od;
            end = (newest[LEADER_CLOCK] == JOBS + 1);
            newest[MEMBER_CLOCK(me)] = waits_for;
            KNOWN(me, MEMBER_CLOCK(me)) = waits_for
        };
#ifndef BROKEN_DONE_BEFORE_SHARE
        STORE(me, DONE(me), waits_for); /* Q */
#endif
        if
#ifndef BROKEN_DONE_WITHOUT_WAKE
        :: !end -> wake(me, DONE_GATE, old)
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
    :: member <= last_called ->
        load_done(member);
        if :: KNOWN(LEADER, DONE(member)) != newest[CALLED(member)] -> break :: else -> member++ fi
    :: else -> break
    od;
    atomic { all_done = (member > last_called); member = 0 }
}

inline call_members() {
    atomic {
        v_ = 0;
        do
        :: v_ <= MEMBERS -> sent[v_] = KNOWN(LEADER, LEADER_CLOCK + v_); v_++
        :: else -> break
        od
    };
    do
    :: member <= last_called -> STORE(LEADER, CALLED(member), newest[CALLED(member)] + 1); /* O */ member++
    :: else -> break
    od;
    member = 0
}

proctype Leader() {
    byte job, member;
    bool old;
    bool all_done;
    do
    :: job == JOBS + 1 -> break
    :: else ->
#ifdef BROKEN_CALL_BEFORE_JOB
        last_called = MEMBERS - 1;
        call_members();
#endif
        atomic { /* write the job: every member's accesses of those before are over */
            job++;
            v_ = 0;
            do
            :: v_ < MEMBERS ->
                assert(KNOWN(LEADER, MEMBER_CLOCK(v_)) == newest[MEMBER_CLOCK(v_)]);
                before[v_] = newest[MEMBER_CLOCK(v_)];
                v_++
            :: else -> break
            od;
            newest[LEADER_CLOCK] = job;
            KNOWN(LEADER, LEADER_CLOCK) = job;
            last_called = MEMBERS - 1;
#ifndef BROKEN_CALL_BEFORE_JOB
            do
            :: job <= JOBS && last_called >= LEAST -> last_called--
            :: break
            od
#endif
        };
#ifndef BROKEN_CALL_BEFORE_JOB
        call_members();
#endif
        do
        :: member <= last_called -> wake(LEADER, GATE(member), old); member++
        :: else -> break
        od;
        member = 0;
        if
        :: job == JOBS + 1 -> break /* the region's end joins the members */
        :: else
        fi;
#ifndef BROKEN_LEADER_IGNORES_DONE
        do
        :: atomic { look_at_all(); if :: all_done -> break :: else -> announce_sleep(LEADER, DONE_GATE) fi };
#ifndef BROKEN_NO_SECOND_LOOK
            atomic { look_at_all(); if :: all_done -> no_sleep(LEADER); break :: else -> futex_sleep(LEADER, DONE_GATE) fi };
#else
            futex_sleep(LEADER, DONE_GATE);
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
