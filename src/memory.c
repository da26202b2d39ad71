/* Aligned memory. */
#include "memory.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, PAGE = 4096, HUGE_PAGE = 2 << 20, LARGE = 4 << 20, SMALL = 64 << 10 };

/* Just before every block. */
struct header {
    void *base;    /* what to give back */
    size_t length; /* of the mapping; 0: from the heap */
};

static struct header *header_of(void *memory)
{
    return (struct header *)((char *)memory - ALIGNMENT);
}

/* calloc knows which pages are fresh from the kernel, and leaves them untouched. */
static void *allocate_heap(size_t bytes)
{
    char *base = calloc(1, 2 * ALIGNMENT + bytes);
    if (base == NULL)
        return NULL;
    char *memory = base + sac_round_up((uintptr_t)base, ALIGNMENT) - (uintptr_t)base + ALIGNMENT;
    *header_of(memory) = (struct header){base, 0};
    return memory;
}

/* Fresh from the kernel: zero, and untouched but for the header's page, which lies before the block's first
 * one, huge where the block has room for any. */
static void *allocate_mapping(size_t bytes, bool huge_pages)
{
    const size_t boundary = huge_pages && bytes >= HUGE_PAGE ? HUGE_PAGE : PAGE;
    const size_t length = boundary + PAGE + sac_round_up(bytes, PAGE);
    char *base = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    const size_t skip = boundary - ((uintptr_t)base + PAGE) % boundary + PAGE;
    char *memory = base + skip;
    /* A wish: without huge pages it is only slower. A block that has no room for one must not share one with
     * what lies beside it either, or whoever touches that would touch both. */
    madvise(memory, sac_round_up(bytes, PAGE), boundary == HUGE_PAGE ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    *header_of(memory) = (struct header){base, length};
    return memory;
}

void *sac_allocate(size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    return bytes >= LARGE ? allocate_mapping(bytes, true) : allocate_heap(bytes);
}

void *sac_allocate_untouched(size_t bytes, bool huge_pages)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    return bytes >= SMALL ? allocate_mapping(bytes, huge_pages) : allocate_heap(bytes);
}

void sac_free(void *memory)
{
    if (memory == NULL)
        return;
    const struct header header = *header_of(memory);
    if (header.length > 0)
        munmap(header.base, header.length);
    else
        free(header.base);
}
