/* The snapshot swap: one packed word {slot, taken since published} and a counter of releases per slot.
 * Edges E-H of docs/memory-model.md.
 *
 * Weak memory: loads (the holders' look at the word, the learner's loads of the release counters) return any value from
 * the last one the thread knows to the newest; read-modify-writes act on the newest and keep a release alive. The
 * parameters of a slot are plain memory in two halves, and each access asserts that it is ordered after the last
 * conflicting one. Also asserted: a snapshot is whole, versions never go back, and whenever the learner looks for a free
 * slot there is one, so that only outdated loads can make it look again.
 *
 * -DWEAK_x makes the order at label x relaxed. -DBROKEN_y builds in mistake y. Each must make Spin report an error. */
#ifndef HOLDERS
#define HOLDERS 2
#endif
#ifdef BROKEN_SLOT_MISSING
#define SLOTS (HOLDERS + 1)
#else
#define SLOTS (HOLDERS + 2)
#endif
#ifndef PUBLISHES
#define PUBLISHES 4
#endif
#ifndef GIVE_BACKS
#define GIVE_BACKS 1 /* times a holder lets go without taking the next one at once */
#endif
#define NONE 100

/* `word`: publish p put slot_of[p] into it and carries the learner's clock p; `counted` took it since. */
byte publish_count, slot_of[PUBLISHES + 1], counted, word_carries;
/* `released` per slot. Both counters are set back to 0 when a slot is picked: they are equal then, for ever growing
 * counters need no more states than their difference. */
byte released[SLOTS];
byte taken[SLOTS]; /* the learner's */

/* The slots' contents, plain. */
byte half_a[SLOTS], half_b[SLOTS];
byte written[SLOTS]; /* the learner's clock at the last write: the publish it was for */
/* What the learner may not know of a holder's reads of a slot. */
#define KNOWN 0     /* no read since the learner last acquired them all */
#define UNRELEASED 1 /* a read that no release follows yet */
#define RELEASED 2   /* a read that the newest `released` of the slot carries */
byte reads[SLOTS * HOLDERS];
#define READS(slot, holder) reads[(slot) * HOLDERS + (holder)]

bool learner_finished;

#define WRITE(half)                                                         \
    atomic {                                                                \
        i = 0;                                                              \
        do                                                                  \
        :: i < HOLDERS -> assert(READS(slot, i) == KNOWN); i++              \
        :: else -> break                                                    \
        od;                                                                 \
        half[slot] = version;                                               \
        written[slot] = version;                                            \
        i = 0                                                               \
    }

/* Is `slot` free, as far as the learner sees? seen[slot]: the newest `released` it has seen. */
#define LOOK                                                                \
    atomic { /* F */                                                        \
        do :: seen[slot] < released[slot] -> seen[slot]++ :: break od;      \
        is_free = (seen[slot] == taken[slot]);                                 \
        if                                                                  \
        :: ACQUIRE_F && is_free && seen[slot] == released[slot] ->             \
            i = 0;                                                          \
            do                                                              \
            :: i < HOLDERS ->                                               \
                if :: READS(slot, i) == RELEASED -> READS(slot, i) = KNOWN :: else fi; \
                i++                                                         \
            :: else -> break                                                \
            od;                                                             \
            i = 0                                                           \
        :: else                                                             \
        fi                                                                  \
    }
#ifdef WEAK_F
#define ACQUIRE_F false
#else
#define ACQUIRE_F true
#endif
#ifdef BROKEN_REUSE_PUBLISHED
#define PUBLISHED(slot) false
#else
#define PUBLISHED(slot) ((slot) == current)
#endif

inline exchange_word() {
    atomic { /* H */
        taken[current] = taken[current] + counted;
        publish_count = version;
        slot_of[version] = slot;
        counted = 0;
#ifndef WEAK_H
        word_carries = version;
#endif
        current = slot
    }
}

proctype Learner() {
    byte version = 1, slot, current, i, seen[SLOTS], old_count;
    bool is_free;
    do
    :: version > PUBLISHES -> break
    :: else ->
        do /* scan until a free slot is seen */
        :: atomic {
                slot = 0; /* in truth, one is free */
                do
                :: slot < SLOTS && !(slot != current && released[slot] == taken[slot]) -> slot++
                :: else -> break
                od;
                assert(slot < SLOTS);
                slot = 0
            };
            do
            :: slot == SLOTS -> break
            :: slot < SLOTS && PUBLISHED(slot) -> slot++
            :: slot < SLOTS && !PUBLISHED(slot) ->
                LOOK;
                if :: is_free -> break :: else -> slot++ fi
            od;
            if :: slot < SLOTS -> break :: else fi
        od;
        atomic { is_free = false; seen[slot] = 0; released[slot] = 0; taken[slot] = 0 };
#ifdef BROKEN_PUBLISH_BEFORE_COPY
        exchange_word();
#endif
        WRITE(half_a);
        WRITE(half_b);
#ifdef BROKEN_STORE_WORD
        atomic { old_count = counted }; /* load, then store: holders in between are lost */
        atomic { counted = old_count; exchange_word(); old_count = 0 };
#elif !defined(BROKEN_PUBLISH_BEFORE_COPY)
        exchange_word();
#endif
        atomic { version++; slot = 0 }
    od;
    learner_finished = true
}

inline let_go() {
    atomic { /* E */
        released[slot] = released[slot] + 1;
#ifndef WEAK_E
        if :: READS(slot, me) == UNRELEASED -> READS(slot, me) = RELEASED :: else fi;
#endif
        slot = NONE
    }
}

inline take() {
    atomic { /* G */
        slot = slot_of[publish_count];
        seen = publish_count;
#ifndef BROKEN_COUNT_LATER
        counted++;
#endif
#ifndef WEAK_G
        knows = word_carries;
#endif
    }
#ifdef BROKEN_COUNT_LATER
    counted++;
#endif
}

inline read_slot() {
    atomic {
        assert(written[slot] <= knows);
        assert(half_a[slot] >= last);
        last = half_a[slot];
        READS(slot, me) = UNRELEASED
    };
#ifdef BROKEN_LET_GO_EARLY
    read = slot;
    let_go();
    atomic {
        assert(written[read] <= knows);
        assert(half_b[read] == last);
        READS(read, me) = UNRELEASED
    }
#else
    atomic {
        assert(written[slot] <= knows);
        assert(half_b[slot] == last);
        READS(slot, me) = UNRELEASED
    }
#endif
}

proctype Holder(byte me) {
    byte slot = NONE, seen, knows, last, read, give_backs, before;
    do
    :: learner_finished -> break
    :: else ->
        atomic { /* the relaxed look at the word */
            do :: seen < publish_count -> seen++ :: break od
        };
        if
        :: slot != NONE && slot_of[seen] == slot
        :: else ->
#ifdef BROKEN_TAKE_BEFORE_LETTING_GO
            before = slot;
            take();
            if :: before != NONE -> atomic { read = slot; slot = before }; let_go(); atomic { slot = read; read = 0 } :: else fi;
            before = 0;
#else
            if :: slot != NONE -> let_go() :: else fi;
            take();
#endif
        fi;
        read_slot();
        if
        :: slot != NONE && give_backs < GIVE_BACKS -> let_go(); give_backs++
        :: true
        fi
    od
}

init {
    byte k;
    atomic {
        run Learner();
        do :: k < HOLDERS -> run Holder(k); k++ :: else -> break od
    }
}
