/* Atomic accesses under names that contain the order, so that a search lists every ordering in use.
 * Orders stand on the variables; there are no stand-alone fences anywhere (ThreadSanitizer does not
 * model them). The first argument is the access's label, from labels.h and docs/memory-model.md:
 *
 *     sac_store_release(B, &ring->head, head + 1);
 *
 * Labels cost nothing, but in two builds made for tests:
 *   --enable-ordering-mutants  the variable SOFTAC_WEAKEN names the acquire or release to leave out
 *   --enable-yield-injection   threads are held up, at random, before and after each access */
#ifndef SAC_ATOMICS_H
#define SAC_ATOMICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "labels.h"

#define SAC_CACHE_LINE 64

#define sac_load_relaxed(label, p)     SAC_VALUE(SAC_RELAXED_##label, SAC_LOAD(p, relaxed))
#define sac_store_relaxed(label, p, v) SAC_ACTION(SAC_RELAXED_##label, SAC_STORE(p, v, relaxed))
#define sac_add_relaxed(label, p, v)   SAC_VALUE(SAC_RELAXED_##label, SAC_ADD(p, v, relaxed))
#define sac_and_relaxed(label, p, v)   SAC_VALUE(SAC_RELAXED_##label, SAC_AND(p, v, relaxed))
#define sac_load_acquire(label, p)                                                                           \
    SAC_VALUE(SAC_ACQUIRE_##label,                                                                           \
              SAC_ORDERED(SAC_ACQUIRE_##label, SAC_LOAD(p, relaxed), SAC_LOAD(p, acquire)))
#define sac_add_acquire(label, p, v)                                                                         \
    SAC_VALUE(SAC_ACQUIRE_##label,                                                                           \
              SAC_ORDERED(SAC_ACQUIRE_##label, SAC_ADD(p, v, relaxed), SAC_ADD(p, v, acquire)))
#define sac_store_release(label, p, v)                                                                       \
    SAC_ACTION(SAC_RELEASE_##label,                                                                          \
               SAC_ORDERED(SAC_RELEASE_##label, SAC_STORE(p, v, relaxed), SAC_STORE(p, v, release)))
#define sac_add_release(label, p, v)                                                                         \
    SAC_VALUE(SAC_RELEASE_##label,                                                                           \
              SAC_ORDERED(SAC_RELEASE_##label, SAC_ADD(p, v, relaxed), SAC_ADD(p, v, release)))
#define sac_exchange_release(label, p, v)                                                                    \
    SAC_VALUE(SAC_RELEASE_##label,                                                                           \
              SAC_ORDERED(SAC_RELEASE_##label, SAC_EXCHANGE(p, v, relaxed), SAC_EXCHANGE(p, v, release)))
#define sac_add_acq_rel(label, p, v)                                                                         \
    SAC_VALUE(SAC_ACQ_REL_##label, SAC_ORDERED_TWICE(SAC_ACQ_REL_##label, SAC_ADD(p, v, release),            \
                                                     SAC_ADD(p, v, acquire), SAC_ADD(p, v, acq_rel)))
#define sac_or_acq_rel(label, p, v)                                                                          \
    SAC_VALUE(SAC_ACQ_REL_##label, SAC_ORDERED_TWICE(SAC_ACQ_REL_##label, SAC_OR(p, v, release),             \
                                                     SAC_OR(p, v, acquire), SAC_OR(p, v, acq_rel)))

#define SAC_LOAD(p, order)        atomic_load_explicit((p), memory_order_##order)
#define SAC_STORE(p, v, order)    atomic_store_explicit((p), (v), memory_order_##order)
#define SAC_ADD(p, v, order)      atomic_fetch_add_explicit((p), (v), memory_order_##order)
#define SAC_OR(p, v, order)       atomic_fetch_or_explicit((p), (v), memory_order_##order)
#define SAC_AND(p, v, order)      atomic_fetch_and_explicit((p), (v), memory_order_##order)
#define SAC_EXCHANGE(p, v, order) atomic_exchange_explicit((p), (v), memory_order_##order)

/* Branches between constant orders: of an order that is not constant, gcc makes seq_cst. */
#ifdef SAC_ORDERING_MUTANTS
extern unsigned sac_weakened; /* written by: a constructor, before there are threads */
#define SAC_ORDERED(label, weak, strong) (sac_weakened == (label) ? (weak) : (strong))
#define SAC_ORDERED_TWICE(label, without_acquire, without_release, strong)                                   \
    (sac_weakened == (label) ? (without_acquire) : sac_weakened == (label) + 1 ? (without_release) : (strong))
#else
#define SAC_ORDERED(label, weak, strong)                                   (strong)
#define SAC_ORDERED_TWICE(label, without_acquire, without_release, strong) (strong)
#endif

#ifdef SAC_YIELD_INJECTION
void sac_hold_up(void);
#define SAC_VALUE(label, access)                                                                             \
    __extension__({                                                                                          \
        sac_hold_up();                                                                                       \
        __auto_type value_##label = access;                                                                  \
        sac_hold_up();                                                                                       \
        value_##label;                                                                                       \
    })
#define SAC_ACTION(label, access)                                                                            \
    __extension__({                                                                                          \
        sac_hold_up();                                                                                       \
        (void)(label);                                                                                       \
        access;                                                                                              \
        sac_hold_up();                                                                                       \
    })
#else
#define SAC_VALUE(label, access)  ((void)(label), access)
#define SAC_ACTION(label, access) ((void)(label), access)
#endif

/* Between two looks of a thread that waits without sleeping: the core's other thread has the room. */
static inline void sac_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
