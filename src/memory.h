/* Aligned, zeroed memory. One allocation phase before threads start; nothing is allocated after. */
#ifndef SAC_MEMORY_H
#define SAC_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `bytes` zeroed bytes at a 64-byte boundary (sizes of 4 MiB and more: 2 MiB, with huge pages asked for and
 * pages left untouched, so that the first writer's NUMA node gets them). NULL when there are none. Free with
 * sac_free. */
void *sac_allocate(size_t bytes);
/* The same for what another thread is to touch first, from 64 KiB on: at a boundary of pages, and of huge
 * ones from 2 MiB on. Without huge pages a touch makes no more than a page resident: for what may stay mostly
 * untouched. */
void *sac_allocate_untouched(size_t bytes, bool huge_pages);
void sac_free(void *memory); /* takes NULL */

static inline size_t sac_round_up(size_t n, size_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

#endif
