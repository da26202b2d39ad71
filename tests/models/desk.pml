/* The evaluator's desk as in src/evaluator.c: learner, evaluator and main thread. Edges Z-AE of docs/memory-model.md.
 *
 * Weak memory: weak.pml. Its gates are left out, so nothing is learnt from them; a thread that waits goes on at any moment
 * at which its condition may be seen to hold. The step count on the desk and the reports are plain memory: each access
 * asserts that it is ordered after the last conflicting one. Asserted too: in lockstep the evaluator plays the very
 * policy that was published before it was asked, and every report reaches the main thread once. Everybody must end.
 *
 * -DWEAK_x makes the order at label x relaxed. -DBROKEN_y builds in mistake y. Each must make Spin report an error. */
#ifndef EVALUATIONS
#define EVALUATIONS 3 /* times the learner would like one */
#endif
#ifndef REPORTS
#define REPORTS 1 /* places in the ring of reports */
#endif

#define LEARNER 0
#define EVALUATOR 1
#define MAIN 2
#define THREADS 3
#define STATE 0     /* number of the store: 3k is idle, 3k + 1 asked, 3k + 2 playing */
#define PUBLISHED 1 /* version in the snapshots' word */
#define WRITTEN 2
#define REPORTED 3
#define ENDED 4
#define QUIT 5
#define CLOCK(thread) (6 + (thread)) /* plain accesses to the desk and its reports */
#define VARIABLES 9
#define GATES 1 /* not used */
#include "weak.pml"

#define IDLE 0
#define ASKED 1
#define PLAYING 2
byte asked_version, served, reports_read, evaluator_ended;
/* What the stores carry: each thread's clock, and the published version with the desk's state. */
byte state_carries[3 * EVALUATIONS + 1], version_carried[3 * EVALUATIONS + 1];
byte written_carries[EVALUATIONS + 1], reported_carries[EVALUATIONS + 1];

#define JOIN(thread, variable, value)                                       \
    if :: (value) > KNOWN(thread, variable) -> KNOWN(thread, variable) = value :: else fi
#define TICK(thread)                                                        \
    newest[CLOCK(thread)] = newest[CLOCK(thread)] + 1;                      \
    KNOWN(thread, CLOCK(thread)) = newest[CLOCK(thread)]

inline set_state(me) {
    atomic { /* Z */
        newest[STATE] = newest[STATE] + 1;
        KNOWN(me, STATE) = newest[STATE];
#ifndef WEAK_Z
        state_carries[newest[STATE]] = newest[CLOCK(me)];
        version_carried[newest[STATE]] = KNOWN(me, PUBLISHED)
#endif
    }
}
#define IS(me, state) (KNOWN(me, STATE) % 3 == state)
#define NEWER(me, variable) KNOWN(me, variable) < newest[variable] -> KNOWN(me, variable)++

/* What the thread now knows of the desk's state, it has acquired (AA). Learner and evaluator take turns as writers, so the
 * value tells whose clock comes with it. */
inline acquire_state(me) {
#ifndef WEAK_AA
    if
    :: IS(me, ASKED) ->
        JOIN(me, CLOCK(LEARNER), state_carries[KNOWN(me, STATE)]);
        JOIN(me, PUBLISHED, version_carried[KNOWN(me, STATE)])
    :: else -> JOIN(me, CLOCK(EVALUATOR), state_carries[KNOWN(me, STATE)])
    fi
#else
    skip
#endif
}
inline acquire_reported() {
#ifndef WEAK_AE
    JOIN(EVALUATOR, CLOCK(MAIN), reported_carries[KNOWN(EVALUATOR, REPORTED)])
#else
    skip
#endif
}
inline acquire_written() {
#ifndef WEAK_AC
    JOIN(MAIN, CLOCK(EVALUATOR), written_carries[KNOWN(MAIN, WRITTEN)])
#else
    skip
#endif
}

#ifdef LOCKSTEP
#define MAY_GO_ON IS(LEARNER, IDLE)
#else
#define MAY_GO_ON true
#endif

proctype Learner() {
    byte wishes;
    do
    :: wishes == EVALUATIONS -> break
    :: else ->
        wishes++;
        STORE(LEARNER, PUBLISHED, wishes);
        atomic {
            do :: NEWER(LEARNER, STATE) :: MAY_GO_ON -> break od;
            acquire_state(LEARNER)
        };
        if
        :: IS(LEARNER, IDLE) ->
            atomic { /* the step count: the evaluator's last read of it is over */
                assert(KNOWN(LEARNER, CLOCK(EVALUATOR)) == newest[CLOCK(EVALUATOR)]);
                asked_version = wishes;
                TICK(LEARNER)
            };
            set_state(LEARNER);
#if defined(LOCKSTEP) && !defined(BROKEN_LEARNER_GOES_ON)
            atomic {
                do :: NEWER(LEARNER, STATE) :: !IS(LEARNER, ASKED) -> break od;
                acquire_state(LEARNER)
            }
#endif
        :: else
        fi
    od;
    STORE(LEARNER, ENDED, 1)
}

#define QUITS KNOWN(EVALUATOR, QUIT)
#ifdef BROKEN_NO_ROOM_FOR_REPORT
#define ROOM true
#else
#define ROOM (KNOWN(EVALUATOR, REPORTED) + REPORTS > newest[WRITTEN])
#endif

proctype Evaluator() {
    byte version;
    do
    :: atomic {
            do
            :: NEWER(EVALUATOR, STATE)
            :: NEWER(EVALUATOR, QUIT)
            :: IS(EVALUATOR, ASKED) || QUITS -> break
            od;
            acquire_state(EVALUATOR)
        };
        atomic {
            do
            :: NEWER(EVALUATOR, REPORTED)
            :: NEWER(EVALUATOR, QUIT)
            :: ROOM || QUITS -> break
            od;
            acquire_reported()
        };
        if :: QUITS -> break :: else fi;
#ifdef BROKEN_PLAYING_BEFORE_HOLD
        set_state(EVALUATOR);
#endif
        atomic { /* hold: nothing is held, so the read-modify-write takes the newest */
            version = newest[PUBLISHED];
            KNOWN(EVALUATOR, PUBLISHED) = version
        };
#ifndef BROKEN_PLAYING_BEFORE_HOLD
        set_state(EVALUATOR);
#endif
        atomic { /* read the step count, write the report over one that was read and given back */
            assert(KNOWN(EVALUATOR, CLOCK(LEARNER)) == newest[CLOCK(LEARNER)]);
            assert(served < REPORTS || KNOWN(EVALUATOR, CLOCK(MAIN)) > served - REPORTS);
#ifdef LOCKSTEP
            assert(version == asked_version);
#endif
            served++;
            TICK(EVALUATOR)
        };
        atomic { /* AB */
            newest[WRITTEN] = newest[WRITTEN] + 1;
            KNOWN(EVALUATOR, WRITTEN) = newest[WRITTEN];
#ifndef WEAK_AB
            written_carries[newest[WRITTEN]] = newest[CLOCK(EVALUATOR)]
#endif
        };
        set_state(EVALUATOR)
    od;
    evaluator_ended = true
}

#define A_REPORT (KNOWN(MAIN, WRITTEN) > newest[REPORTED])

/* The evaluator's clock counts its reports; the one to be read must be known and not yet written over. */
inline read_report() {
    atomic {
        assert(KNOWN(MAIN, CLOCK(EVALUATOR)) > reports_read);
        assert(served <= reports_read + REPORTS);
        reports_read++;
        TICK(MAIN)
    }
}
inline serve_reports() {
    do
    :: atomic { LOAD(MAIN, WRITTEN); acquire_written() };
        if
        :: A_REPORT ->
#ifndef BROKEN_GIVE_BACK_BEFORE_READ
            read_report();
#endif
            atomic { /* AD */
                newest[REPORTED] = newest[REPORTED] + 1;
                KNOWN(MAIN, REPORTED) = newest[REPORTED];
#ifndef WEAK_AD
                reported_carries[newest[REPORTED]] = newest[CLOCK(MAIN)]
#endif
            };
#ifdef BROKEN_GIVE_BACK_BEFORE_READ
            read_report();
#endif
        :: else -> break
        fi
    od
}

proctype Main() {
    do /* watch */
    :: atomic {
            do
            :: NEWER(MAIN, WRITTEN)
            :: NEWER(MAIN, ENDED)
            :: A_REPORT || KNOWN(MAIN, ENDED) -> break
            od
        };
        serve_reports();
        if :: KNOWN(MAIN, ENDED) -> break :: else fi
    od;
    do /* let an evaluation under way finish */
    :: atomic {
            do
            :: NEWER(MAIN, STATE)
#ifndef BROKEN_JOIN_WITHOUT_SERVING
            :: NEWER(MAIN, WRITTEN)
            :: A_REPORT -> break
#endif
            :: IS(MAIN, IDLE) -> break
            od
        };
        if :: IS(MAIN, IDLE) -> break :: else fi;
        serve_reports()
    od;
    STORE(MAIN, QUIT, 1);
    atomic { /* join */
        evaluator_ended;
        KNOWN(MAIN, CLOCK(EVALUATOR)) = newest[CLOCK(EVALUATOR)];
        KNOWN(MAIN, WRITTEN) = newest[WRITTEN]
    };
    serve_reports();
    assert(reports_read == served)
}

init {
    atomic {
        run Learner();
        run Evaluator();
        run Main()
    }
}
