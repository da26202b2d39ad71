/* The labels of all atomic accesses: the first argument of every macro of atomics.h, and a row each in the
 * tables of docs/memory-model.md. A label with acquire or release names one place in the code; a relaxed one
 * names a variable. An access with a label that is not in the list of its order does not compile. */
#ifndef SAC_LABELS_H
#define SAC_LABELS_H

/* clang-format off */
#define SAC_RELEASE_LABELS(LABEL) \
    LABEL(B) LABEL(D) LABEL(E) LABEL(H) LABEL(K) LABEL(M) LABEL(O) LABEL(Q) LABEL(S) \
    LABEL(U) LABEL(X) LABEL(Z) LABEL(AB) LABEL(AD) LABEL(AF) LABEL(AH) LABEL(AK)

#define SAC_ACQUIRE_LABELS(LABEL) \
    LABEL(A) LABEL(C) LABEL(F) LABEL(G) LABEL(L) LABEL(N) LABEL(P) LABEL(R) LABEL(T) \
    LABEL(V) LABEL(Y) LABEL(AA) LABEL(AC) LABEL(AE) LABEL(AG) LABEL(AI) LABEL(AJ) LABEL(AL)

#define SAC_ACQ_REL_LABELS(LABEL) \
    LABEL(I) LABEL(J)

/* `test` is for flags and counts of tests and benchmarks. One a line. */
#define SAC_RELAXED_LABELS(LABEL) \
    LABEL(abandon) \
    LABEL(agreed) \
    LABEL(allowance) \
    LABEL(alpha) \
    LABEL(asked) \
    LABEL(bells) \
    LABEL(call_number) \
    LABEL(call_place) \
    LABEL(chosen) \
    LABEL(crashed) \
    LABEL(crashes) \
    LABEL(done) \
    LABEL(ended) \
    LABEL(episode) \
    LABEL(episodes) \
    LABEL(error_taken) \
    LABEL(gate_word) \
    LABEL(held_threads) \
    LABEL(inside) \
    LABEL(limit) \
    LABEL(losses) \
    LABEL(need) \
    LABEL(parked) \
    LABEL(probe_released) \
    LABEL(quit) \
    LABEL(reported) \
    LABEL(returned) \
    LABEL(runner) \
    LABEL(runs) \
    LABEL(slept) \
    LABEL(snapshot_word) \
    LABEL(staleness) \
    LABEL(stop) \
    LABEL(test) \
    LABEL(ticket) \
    LABEL(updates_counter) \
    LABEL(waiting_for) \
    LABEL(wanted) \
    LABEL(written)
/* clang-format on */

/* The halves of an acq_rel label are weakened one at a time: hence two numbers. */
#define SAC_NUMBER_RELEASE(label) SAC_RELEASE_##label,
#define SAC_NUMBER_ACQUIRE(label) SAC_ACQUIRE_##label,
#define SAC_NUMBER_ACQ_REL(label) SAC_ACQ_REL_##label, SAC_ACQ_REL_##label##_RELEASE,
#define SAC_NUMBER_RELAXED(label) SAC_RELAXED_##label,

enum sac_label {
    SAC_NO_LABEL,
    SAC_RELEASE_LABELS(SAC_NUMBER_RELEASE) SAC_ACQUIRE_LABELS(SAC_NUMBER_ACQUIRE)
        SAC_ACQ_REL_LABELS(SAC_NUMBER_ACQ_REL) SAC_RELAXED_LABELS(SAC_NUMBER_RELAXED)
};

#endif
