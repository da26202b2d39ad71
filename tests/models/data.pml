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
/* Rows that left the window are forgotten. */
#define TRIM_ROWS(env, old_floor, new_floor)                                \
    v_ = old_floor;                                                         \
    do :: v_ < new_floor -> is_reset[PLACE(env, v_)] = 0; v_++ :: else -> v_ = 0; break od
#if defined(WEAK_B) || defined(WEAK_C)
#define LEARN_HEAD(env) window_head[env] = look
#else
#define LEARN_HEAD(env) window_head[env] = look; JOIN(LEARNER, ROWS(env), look)
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
        is_reset[PLACE(me, newest[HEAD(me)])] = reset;
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
                read_of[PLACE(env, look)] = newest[READS];
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

inline let_go(me) {
    atomic { /* E */
        released[slot] = released[slot] + 1;
#ifdef BROKEN_LET_GO_EARLY
        reads_in[slot * HOLDERS + HOLDER(me)] = OPEN;
#elif !defined(WEAK_E)
        reads_in[slot * HOLDERS + HOLDER(me)] = LET_GO;
#endif
        slot = NONE
    }
}

/* A look, and unless that shows the slot that is held, another slot. The snapshot is read from now on. A look that shows a
 * newer publish never shows the slot that is held: the learner does not take that one. */
inline hold(me) {
    if
    :: slot != NONE && KNOWN(me, PUBLISHED) < newest[PUBLISHED] -> let_go(me)
    :: slot != NONE
    :: slot == NONE
    fi;
    if
    :: slot == NONE ->
        atomic { /* G */
            slot = current;
            counted_since++;
            KNOWN(me, PUBLISHED) = newest[PUBLISHED];
#if !defined(WEAK_G) && !defined(WEAK_H)
            JOIN(me, VERSIONS, word_carries);
#endif
            assert(version_in[slot] == word_carries && version_in[slot] <= KNOWN(me, VERSIONS));
            reads_in[slot * HOLDERS + HOLDER(me)] = OPEN
        }
    :: else
    fi
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
