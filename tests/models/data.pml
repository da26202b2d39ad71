/* Rows and snapshots for composition.pml, as hooks of governor.pml. What replay.pml and snapshot.pml check step by step is
 * here in fewer steps: plain accesses go with the thread's next store or read-modify-write. */
#ifdef BROKEN_ROOM_FOR_ONE
#define ROWS_OF_STEP 1
#else
#define ROWS_OF_STEP 2 /* a step, and the reset after it */
#endif

/* --- rows --- */

byte row_in[ENVS * CAPACITY]; /* number + 1 of the row written last at a place */
bit is_reset[ENVS * CAPACITY];
byte read_of[ENVS * CAPACITY]; /* the learner's clock at its last read of a place */
byte window_head[ENVS];        /* the learner's */
#define LIMITS (2 * STEPS + 1 + FILLED + GUARD + CAPACITY)
byte reads_of_limit[ENVS * LIMITS]; /* D: what the store of each value of `limit` carries */
#define PLACE(env, row) ((env) * CAPACITY + (row) % CAPACITY)

/* N: M follows the round's reads and the write of its snapshot. A: D follows the reads of the rounds before. */
#if defined(WEAK_M) || defined(WEAK_N)
#define LEARN_ALLOWANCE
#else
#define LEARN_ALLOWANCE JOIN(me, READS, look); JOIN(me, VERSIONS, look * ROUND);
#endif
#if defined(WEAK_A) || defined(WEAK_D)
#define LEARN_LIMIT skip
#else
#define LEARN_LIMIT JOIN(me, READS, reads_of_limit[me * LIMITS + look_limit])
#endif
#define LEARN_ROOM LEARN_ALLOWANCE LEARN_LIMIT
/* What the env thread need not be told any more. */
inline trim_reads() {
    d_step {
        v_ = 0;
        do
        :: v_ < KNOWN(me, LIMIT(me)) -> reads_of_limit[me * LIMITS + v_] = 0; v_++
        :: else -> break
        od;
        v_ = 0;
        do
        :: v_ < CAPACITY ->
            if :: read_of[me * CAPACITY + v_] <= KNOWN(me, READS) -> read_of[me * CAPACITY + v_] = 0 :: else fi;
            v_++
        :: else -> break
        od;
        v_ = 0
    }
}
/* An env thread that has ended writes no rows. */
inline forget_reads(env) {
    d_step {
        v_ = 0;
        do :: v_ < LIMITS -> reads_of_limit[env * LIMITS + v_] = 0; v_++ :: else -> break od;
        v_ = 0;
        do :: v_ < CAPACITY -> read_of[env * CAPACITY + v_] = 0; v_++ :: else -> break od;
        v_ = 0
    }
}
/* Rows that left the window are forgotten. */
#define TRIM_ROWS(env, old_floor, new_floor)                                \
    v_ = old_floor;                                                         \
    do :: v_ < new_floor -> is_reset[PLACE(env, v_)] = 0; v_++ :: else -> v_ = 0; break od
#if defined(WEAK_B) || defined(WEAK_C)
#define LEARN_HEAD(env) window_head[env] = (books_closed -> 0 : look)
#else
#define LEARN_HEAD(env) window_head[env] = (books_closed -> 0 : look); JOIN(LEARNER, ROWS(env), look)
#endif

/* Before the threads start. */
inline fill_ring(env) {
    is_reset[PLACE(env, 0)] = 1;
    do
    :: newest[HEAD(env)] == FILLED -> break
    :: else -> row_in[PLACE(env, newest[HEAD(env)])] = newest[HEAD(env)] + 1; newest[HEAD(env)] = newest[HEAD(env)] + 1
    od;
    newest[ROWS(env)] = FILLED;
    KNOWN(env, HEAD(env)) = FILLED;
    KNOWN(env, ROWS(env)) = FILLED;
    KNOWN(LEARNER, HEAD(env)) = FILLED;
    KNOWN(LEARNER, ROWS(env)) = FILLED;
    heads_of_steps[env] = FILLED
}

inline append(me, reset) {
    atomic { /* B */
#if PAUSES
        touch(me);
#endif
        assert(read_of[PLACE(me, newest[HEAD(me)])] <= KNOWN(me, READS));
        row_in[PLACE(me, newest[HEAD(me)])] = newest[HEAD(me)] + 1;
        is_reset[PLACE(me, newest[HEAD(me)])] = (reset && !books_closed);
        newest[HEAD(me)] = newest[HEAD(me)] + 1;
        KNOWN(me, HEAD(me)) = newest[HEAD(me)];
        newest[ROWS(me)] = newest[HEAD(me)];
        KNOWN(me, ROWS(me)) = newest[HEAD(me)]
    }
}

/* Every row of the window, for any may be drawn, and each transition's predecessor. */
inline draw() {
    atomic {
        newest[READS] = newest[READS] + 1;
        KNOWN(LEARNER, READS) = newest[READS];
        env = 0;
        do
        :: env < ENVS ->
            look = (newest[LIMIT(env)] - CAPACITY); /* floor */
            do
            :: look < window_head[env] ->
                assert(row_in[PLACE(env, look)] == look + 1);
                assert(look + 1 <= KNOWN(LEARNER, ROWS(env)));
                if :: !gone[env] -> read_of[PLACE(env, look)] = newest[READS] :: else fi;
                granted = granted || (look > newest[LIMIT(env)] - CAPACITY && !is_reset[PLACE(env, look)]);
                look++
            :: else -> break
            od;
            env++
        :: else -> break
        od;
        assert(granted); /* that is, a transition was found */
        granted = false; env = 0; look = 0
    }
}

/* The main thread at a safe point. That nobody writes meanwhile is what touch() asserts. */
inline visit_rows() {
    v_ = 0;
    do
    :: v_ < ENVS ->
        look = newest[LIMIT(v_)] - CAPACITY;
        do
        :: look < newest[HEAD(v_)] -> assert(row_in[PLACE(v_, look)] == look + 1); look++
        :: else -> break
        od;
        v_++
    :: else -> break
    od;
    look = 0;
    v_ = 0
}

/* --- snapshots --- */

#define HOLDERS (ENVS + 1) /* the main thread is the last */
#ifdef BROKEN_SLOT_MISSING
#define SLOTS (HOLDERS + 1)
#else
#define SLOTS (HOLDERS + 2)
#endif
#define NONE 100
#define HOLDER(me) ((me) < ENVS -> (me) : ENVS)
byte current;       /* `word`: the slot, */
byte counted_since; /* how many took it since it was published, */
byte word_carries;  /* and the version that its release carries. PUBLISHED counts the publishes */
byte released[SLOTS], taken[SLOTS], seen[SLOTS]; /* set back to 0 when a slot is picked, as in snapshot.pml */
byte version_in[SLOTS];
byte reads_in[SLOTS * HOLDERS]; /* of a slot by a holder: */
#define ORDERED 0 /* none that the learner does not know of */
#define OPEN 1    /* one that no release follows yet */
#define LET_GO 2  /* one that the newest `released` carries */

/* The learner will look for no slot and read no row any more: who reads what does not matter to anybody then. */
bit books_closed;
inline close_books() {
    d_step {
        books_closed = 1;
        counted_since = 0;
        v_ = 0;
        do
        :: v_ < SLOTS ->
            released[v_] = 0; taken[v_] = 0; seen[v_] = 0;
            if :: v_ != current -> version_in[v_] = 0 :: else fi;
            v_++
        :: else -> break
        od;
        v_ = 0;
        do :: v_ < SLOTS * HOLDERS -> reads_in[v_] = ORDERED; v_++ :: else -> break od;
        v_ = 0;
        do :: v_ < ENVS * CAPACITY -> is_reset[v_] = 0; v_++ :: else -> break od;
        v_ = 0;
        do :: v_ < ENVS -> window_head[v_] = 0; v_++ :: else -> break od;
        v_ = 0
    }
}

inline let_go(me) {
    atomic { /* E */
        if
        :: !books_closed ->
            released[slot] = released[slot] + 1;
#ifdef BROKEN_LET_GO_EARLY
            reads_in[slot * HOLDERS + HOLDER(me)] = OPEN
#elif !defined(WEAK_E)
            reads_in[slot * HOLDERS + HOLDER(me)] = LET_GO
#endif
        :: else
        fi;
        slot = NONE
    }
}

inline take_slot(me) { /* G */
    slot = current;
    KNOWN(me, PUBLISHED) = newest[PUBLISHED];
#if !defined(WEAK_G) && !defined(WEAK_H)
    JOIN(me, VERSIONS, word_carries);
#endif
    assert(version_in[slot] == word_carries && version_in[slot] <= KNOWN(me, VERSIONS));
    if
    :: !books_closed -> counted_since++; reads_in[slot * HOLDERS + HOLDER(me)] = OPEN
    :: else
    fi
}

/* Writes of one thread that follow one another are one step, at the time of the first: an env thread's G, both B and K, or
 * its E and AH; the learner's H and M; the main thread's E and its question. Nothing is lost. Take a run in which others
 * act (X) between the first write and a later one; the same X can come after both:
 * - After the first write the thread loads nothing that others write meanwhile, so X does not change what it does: room
 *   (A) and allowance (N) were looked at before G, the steps (L) and the free slots (F) before H, and the main thread's
 *   look at PARKED before its first question shows 0 whenever it comes.
 * - Only the first write may be a read-modify-write of what others change too: G and H of the word, E of `released`. It
 *   stays where it was, so their order does. The later ones are to variables that this thread alone writes (`head`,
 *   `steps`, `allowance`, `env_left`, the question). X can only load those, and may still see the older value: it can not
 *   know of the newer one. A release carries what it carried before, since the thread learns nothing in between.
 * - Plain accesses that come earlier with their store still race. If X accessed the same memory before them and they were
 *   not ordered after it, they fail in append() or touch() or at H; now they come before X, and X fails, for it knows
 *   nothing that was released after them: a draw finds another row than it expects, or one that `head` did not show it; a
 *   visit finds a clock that it does not know; a publish, a read that nothing orders (OPEN).
 * - What is asserted of another thread's later writes must not look at `newest`, which they now reach sooner. So each side
 *   of the governor's bound is asserted of what the thread itself knows, which is never more: SURE.
 * Only for one env thread: with two, `steps` and `env_left` have two writers, and the order of their K would be lost. */
#define SURE(thread, variable) KNOWN(thread, variable)
#if ENVS > 1
#error "the steps of two env threads must not be put together"
#endif

/* A step: a look, and unless that shows the slot that is held, another slot; the snapshot is read from then on. A look that
 * shows a newer publish never shows the slot that is held: the learner does not take that one. Then the rows and K. */
inline act(me) {
    do
    :: atomic { slot != NONE && KNOWN(me, PUBLISHED) < newest[PUBLISHED] -> let_go(me) }
    :: atomic {
            if :: slot == NONE -> take_slot(me) :: else fi;
            append(me, false);
            if
            :: append(me, true) /* the episode is over */
            :: true
            fi;
            count_step(me);
            break
        }
    od
}

/* Is there a slot that is not published, and that nobody holds? */
inline find_free() {
    look = 0;
    do
    :: look < SLOTS && !(look != current && released[look] == taken[look]) -> look++
    :: else -> break
    od;
    assert(look < SLOTS); /* in truth, there is */
    look = 0;
    do
    :: look == SLOTS -> break
    :: look < SLOTS && look == current -> look++
    :: look < SLOTS && look != current ->
        do :: seen[look] < released[look] -> seen[look]++ :: break od; /* F */
        if
        :: seen[look] == taken[look] -> break
        :: else -> look++
        fi
    od
}

/* Async leaves a publish out where it sees no free slot. */
inline publish() {
    atomic { /* H */
        find_free();
        if
        :: look < SLOTS ->
            env = 0;
            do
            :: env < HOLDERS ->
#ifndef WEAK_F
                if
                :: reads_in[look * HOLDERS + env] == LET_GO -> reads_in[look * HOLDERS + env] = ORDERED
                :: else
                fi;
#endif
                assert(reads_in[look * HOLDERS + env] == ORDERED);
                env++
            :: else -> break
            od;
            env = 0;
            released[look] = 0; taken[look] = 0; seen[look] = 0;
            version_in[look] = done + ROUND;
            newest[VERSIONS] = done + ROUND;
            KNOWN(LEARNER, VERSIONS) = done + ROUND;
            taken[current] = taken[current] + counted_since;
            counted_since = 0;
            newest[PUBLISHED] = newest[PUBLISHED] + 1;
            current = look;
            word_carries = done + ROUND;
            v_ = 0;
            do /* what is in free slots does not matter */
            :: v_ < SLOTS -> if :: v_ != current && released[v_] == taken[v_] -> version_in[v_] = 0 :: else fi; v_++
            :: else -> v_ = 0; break
            od
        :: else
        fi;
        look = 0
    }
}

/* All that the learner reads and writes up to H. */
inline update() {
    atomic {
#if PAUSES
        touch(LEARNER);
#endif
        draw();
        publish();
        if :: done + ROUND == UPDATES -> close_books() :: else fi
    }
}

/* What the main thread knows of snapshots it makes no use of any more. */
inline end_export() {
    atomic { let_go(MAIN); KNOWN(MAIN, PUBLISHED) = 0; KNOWN(MAIN, VERSIONS) = 0 }
}
