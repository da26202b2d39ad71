/* Atomic accesses under names that contain the order, so that a search lists every ordering in use.
 * Orders stand on the variables; there are no stand-alone fences anywhere (ThreadSanitizer does not
 * model them). Each use of acquire or release carries its label from docs/memory-model.md. */
#ifndef SAC_ATOMICS_H
#define SAC_ATOMICS_H

#include <stdatomic.h>
#include <stdint.h>

#define SAC_CACHE_LINE 64

#define sac_load_relaxed(p)        atomic_load_explicit((p), memory_order_relaxed)
#define sac_load_acquire(p)        atomic_load_explicit((p), memory_order_acquire)
#define sac_store_relaxed(p, v)    atomic_store_explicit((p), (v), memory_order_relaxed)
#define sac_store_release(p, v)    atomic_store_explicit((p), (v), memory_order_release)
#define sac_add_relaxed(p, v)      atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define sac_add_acquire(p, v)      atomic_fetch_add_explicit((p), (v), memory_order_acquire)
#define sac_add_release(p, v)      atomic_fetch_add_explicit((p), (v), memory_order_release)
#define sac_add_acq_rel(p, v)      atomic_fetch_add_explicit((p), (v), memory_order_acq_rel)
#define sac_or_acq_rel(p, v)       atomic_fetch_or_explicit((p), (v), memory_order_acq_rel)
#define sac_and_relaxed(p, v)      atomic_fetch_and_explicit((p), (v), memory_order_relaxed)
#define sac_exchange_release(p, v) atomic_exchange_explicit((p), (v), memory_order_release)

#endif
