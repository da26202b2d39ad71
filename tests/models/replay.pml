/* One replay ring: its writer (env thread), the learner, and a member of the learner's team that reads rows too.
 * Edges A-D and O-R of docs/memory-model.md.
 *
 * Weak memory: a load returns any value from the last one its thread knows to the newest. Knowledge (clocks) travels
 * only from a release to the acquire that reads it. Every access to a row asserts that it is ordered after the last
 * conflicting one, and a read asserts that the row is the one expected and whole.
 *
 * -DWEAK_x makes the order at label x relaxed. -DBROKEN_y builds in mistake y. Each must make Spin report an error. */
#ifndef CAPACITY
#define CAPACITY 4 /* C: places in the ring */
#endif
#ifdef BROKEN_NO_GUARD
#define GUARD 0
#endif
#ifndef GUARD
#define GUARD 1 /* places kept free for the writer */
#endif
#ifndef ROWS
#define ROWS 9 /* rows the writer appends, then it ends */
#endif
#ifndef BACK
#define BACK 1 /* a transition at j reads rows j and j - BACK */
#endif
#ifndef JOBS
#define JOBS 0 /* jobs that the learner gives to the member */
#endif

/* The ring. A row has two halves, so that a torn one is seen; row i holds i + 1 in both. */
byte half_a[CAPACITY], half_b[CAPACITY];
byte written[CAPACITY];        /* the writer's clock (rows written) at the last write of a place */
byte read_by_learner[CAPACITY]; /* the learner's clock (grants) at its last read of a place */
byte read_by_member[CAPACITY];  /* the member's clock (jobs) at its last read of a place */

/* `head`: the store of value v carries the writer's clock v. */
byte head;
/* `limit`: all stores in order, with the learner's clock and what it knew of the member's. */
byte limit_stores = 1, limit_value[ROWS + 2], limit_learner[ROWS + 2], limit_member[ROWS + 2];
/* `job`, `answered`, and what their stores carry. The job's window is plain memory of the team, ordered by O-P. */
byte job, job_writer, job_low, job_high, answered, answered_member;
bool writer_finished;

/* What each thread knows of the others' clocks. */
byte learner_knows_writer, learner_knows_member;
byte writer_knows_learner, writer_knows_member;
byte member_knows_writer;

#define MAX(x, y) ((x) > (y) -> (x) : (y))

#define WRITE(half, row)                                                    \
    atomic {                                                                \
        assert(read_by_learner[(row) % CAPACITY] <= writer_knows_learner);  \
        assert(read_by_member[(row) % CAPACITY] <= writer_knows_member);    \
        half[(row) % CAPACITY] = (row) + 1;                                 \
        written[(row) % CAPACITY] = (row) + 1                               \
    }
#define READ(half, row, knows, reads, clock)                                \
    atomic {                                                                \
        assert(written[(row) % CAPACITY] <= knows);                         \
        assert(half[(row) % CAPACITY] == (row) + 1);                        \
        reads[(row) % CAPACITY] = clock                                     \
    }

proctype Writer() {
    byte row, seen; /* seen: the newest store of `limit` known */
    do
    :: row == ROWS -> break
    :: row < ROWS ->
        do
        :: row < limit_value[seen] -> break
        :: else ->
            atomic { /* A: wait until a newer store is there, take any of the newer ones */
                seen < limit_stores - 1;
                seen++;
                do :: seen < limit_stores - 1 -> seen++ :: break od;
#if !defined(WEAK_A) && !defined(WEAK_D)
                writer_knows_learner = MAX(writer_knows_learner, limit_learner[seen]);
                writer_knows_member = MAX(writer_knows_member, limit_member[seen])
#endif
            }
        od;
#ifdef BROKEN_HEAD_BEFORE_ROW
        head = row + 1;
#endif
        WRITE(half_a, row);
        WRITE(half_b, row);
#ifndef BROKEN_HEAD_BEFORE_ROW
        head = row + 1; /* B */
#endif
        row++
    od;
    writer_finished = true
}

inline grant(new_floor) {
    atomic { /* D: carries the learner's clock; reads from now on belong to the next one */
#ifdef BROKEN_LIMIT_TOO_LARGE
        limit_value[limit_stores] = new_floor + CAPACITY + 1;
#else
        limit_value[limit_stores] = new_floor + CAPACITY;
#endif
        limit_learner[limit_stores] = clock;
        limit_member[limit_stores] = learner_knows_member;
        limit_stores++;
        clock++
    }
}

proctype Learner() {
    byte h, floor, next_floor, j, clock = 1;
    do
    :: writer_finished -> break
    :: h < head ->
        atomic { /* C: any newer value; the same value again would change nothing */
            h++;
            do :: h < head -> h++ :: break od;
#if !defined(WEAK_C) && !defined(WEAK_B)
            learner_knows_writer = MAX(learner_knows_writer, h)
#endif
        };
        next_floor = MAX(floor, h + GUARD - CAPACITY); /* int arithmetic: may be negative */
#ifdef BROKEN_GRANT_BEFORE_READS
        if :: next_floor > floor -> grant(next_floor) :: else fi;
#else
        if :: next_floor > floor -> floor = next_floor; grant(floor) :: else fi;
#endif
#if JOBS
        if
        :: job < JOBS && floor + BACK < h ->
            atomic { job_low = floor + BACK; job_high = h; job_writer = learner_knows_writer; job++ } /* O */
        :: true
        fi;
#endif
        /* Draw from [floor + BACK, h), any number of times. */
        do
#ifdef BROKEN_DRAW_BELOW_FLOOR
        :: h > BACK && h > floor -> atomic { j = MAX(floor, BACK); do :: j < h - 1 -> j++ :: break od };
#else
        :: floor + BACK < h -> atomic { j = floor + BACK; do :: j < h - 1 -> j++ :: break od };
#endif
            READ(half_a, j, learner_knows_writer, read_by_learner, clock);
            READ(half_b, j, learner_knows_writer, read_by_learner, clock);
            READ(half_a, j - BACK, learner_knows_writer, read_by_learner, clock);
            READ(half_b, j - BACK, learner_knows_writer, read_by_learner, clock);
            j = 0
        :: break
        od;
#if JOBS
#ifndef BROKEN_LEADER_IGNORES_DONE
        atomic { /* R: the leader goes on when the member has answered its newest job */
            answered == job;
#if !defined(WEAK_R) && !defined(WEAK_Q)
            learner_knows_member = answered_member
#endif
        };
#endif
#endif
#ifdef BROKEN_GRANT_BEFORE_READS
        floor = next_floor;
#endif
        next_floor = 0
    od
}

#if JOBS
proctype Member() {
    byte j;
end: do /* P */
    :: atomic { answered < job;
#if !defined(WEAK_P) && !defined(WEAK_O)
            member_knows_writer = MAX(member_knows_writer, job_writer);
#endif
            j = job_low;
            do :: j < job_high - 1 -> j++ :: break od
        };
        READ(half_a, j, member_knows_writer, read_by_member, job);
        READ(half_b, j, member_knows_writer, read_by_member, job);
        READ(half_a, j - BACK, member_knows_writer, read_by_member, job);
        READ(half_b, j - BACK, member_knows_writer, read_by_member, job);
        atomic { j = 0; answered_member = answered + 1; answered = answered + 1 } /* Q */
    od
}
#endif

init {
    atomic {
        limit_value[0] = CAPACITY;
        run Writer();
        run Learner();
#if JOBS
        run Member()
#endif
    }
}
