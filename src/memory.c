/* Aligned memory, and how much there is. */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cgroup.h"

enum { ALIGNMENT = 64, PAGE = 4096, HUGE_PAGE = 2 << 20, LARGE = 4 << 20 };

/* Just before every block. */
struct header {
    void *base;    /* what to give back */
    size_t length; /* of the mapping; 0: from the heap */
};

static struct header *header_of(void *memory)
{
    return (struct header *)((char *)memory - ALIGNMENT);
}

static void *allocate_heap(size_t bytes)
{
    char *base = aligned_alloc(ALIGNMENT, ALIGNMENT + sac_round_up(bytes, ALIGNMENT));
    if (base == NULL)
        return NULL;
    memset(base, 0, ALIGNMENT + bytes);
    *(struct header *)(void *)base = (struct header){base, 0};
    return base + ALIGNMENT;
}

/* Fresh from the kernel: zero, and untouched but for the header's page, which lies before the first huge one.
 */
static void *allocate_mapping(size_t bytes)
{
    const size_t length = HUGE_PAGE + PAGE + sac_round_up(bytes, PAGE);
    char *base = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    const size_t skip = HUGE_PAGE - ((uintptr_t)base + PAGE) % HUGE_PAGE + PAGE;
    char *memory = base + skip;
    madvise(memory, bytes, MADV_HUGEPAGE); /* a wish: without huge pages it is only slower */
    *header_of(memory) = (struct header){base, length};
    return memory;
}

void *sac_allocate(size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    return bytes >= LARGE ? allocate_mapping(bytes) : allocate_heap(bytes);
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

/* ---- how much there is ---- */

/* The number after `key` at the start of a line of a file ("" for the file's first number), or `otherwise`:
 * no such file or line, or "max". */
static uint64_t read_number(const char *path, const char *key, uint64_t otherwise)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return otherwise;
    char line[256];
    uint64_t number = otherwise;
    const size_t length = strlen(key);
    while (fgets(line, sizeof line, file) != NULL) {
        char *end;
        if (strncmp(line, key, length) != 0)
            continue;
        const unsigned long long value = strtoull(line + length, &end, 10);
        if (end != line + length)
            number = value;
        break;
    }
    fclose(file);
    return number;
}

/* What one control group leaves: its limit less what it holds and could not give back. */
static uint64_t group_available(const char *directory, const char *limit_file, const char *usage_file,
                                const char *cache_key)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, limit_file);
    const uint64_t limit = read_number(path, "", UINT64_MAX);
    snprintf(path, sizeof path, "%s/%s", directory, usage_file);
    const uint64_t usage = read_number(path, "", 0);
    snprintf(path, sizeof path, "%s/memory.stat", directory);
    const uint64_t cache = read_number(path, cache_key, 0);
    if (limit == UINT64_MAX)
        return limit;
    const uint64_t held = usage > cache ? usage - cache : 0;
    return limit > held ? limit - held : 0;
}

static void lower_to_group(void *context, const char *folder, int version)
{
    uint64_t *least = context;
    const uint64_t here = version == 2
                              ? group_available(folder, "memory.max", "memory.current", "inactive_file")
                              : group_available(folder, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                                "total_inactive_file");
    *least = here < *least ? here : *least;
}

uint64_t sac_memory_available(void)
{
    const uint64_t machine = read_number("/proc/meminfo", "MemAvailable:", UINT64_MAX / 1024) * 1024;
    uint64_t least = machine;
    sac_cgroup_visit("", "memory", lower_to_group, &least);
    return least;
}
