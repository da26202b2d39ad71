/* Sizes from /sys. Where it tells none, memory is the only level. */
#include "levels.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "memory_limit.h"

static const size_t least_memory = (size_t)64 << 20, most_memory = (size_t)1 << 30;

static bool read_word(const char *format, int cpu, int index, const char *file_name, char *word, int size)
{
    char path[128];
    snprintf(path, sizeof path, format, cpu, index, file_name);
    FILE *file = fopen(path, "re");
    const bool read = file != NULL && fgets(word, size, file) != NULL;
    if (file != NULL)
        fclose(file);
    if (read)
        word[strcspn(word, "\n")] = '\0';
    return read;
}

/* The cache that the system calls `index` on this CPU; false where there is none. Sizes are like "32K". */
static bool read_cache(int cpu, int index, struct bench_level *level, bool *holds_data)
{
    static const char format[] = "/sys/devices/system/cpu/cpu%d/cache/index%d/%s";
    char number[8], type[32], size[32], shared[256], alone[16], *unit;
    if (!read_word(format, cpu, index, "level", number, sizeof number) ||
        !read_word(format, cpu, index, "type", type, sizeof type) ||
        !read_word(format, cpu, index, "size", size, sizeof size) ||
        !read_word(format, cpu, index, "shared_cpu_list", shared, sizeof shared))
        return false;
    *holds_data = strcmp(type, "Instruction") != 0;
    snprintf(level->name, sizeof level->name, "L%s", number);
    const unsigned long long count = strtoull(size, &unit, 10);
    level->bytes = (size_t)count << (*unit == 'K' ? 10 : *unit == 'M' ? 20 : 0);
    snprintf(alone, sizeof alone, "%d", cpu);
    level->shared = strcmp(shared, alone) != 0;
    return level->bytes > 0;
}

/* Half of a core's own cache, so that nothing else in it counts; of a shared one the core's part of a
 * quarter, for neighbours that we do not see fill it, too. */
static size_t measured_bytes(const struct bench_level *level, int threads)
{
    const size_t bytes = level->shared ? level->bytes / 4 / (size_t)threads : level->bytes / 2;
    return bytes / (2 * BENCH_STEP * sizeof(float)) * (2 * BENCH_STEP * sizeof(float));
}

/* Twice what the largest cache holds, but no more than an eighth of what is free, for all threads. */
static size_t memory_bytes(size_t largest_cache, int threads)
{
    const uint64_t available = sac_memory_available() / 8;
    size_t bytes = 2 * largest_cache;
    bytes = bytes < least_memory ? least_memory : bytes > most_memory ? most_memory : bytes;
    bytes = bytes < available ? bytes : (size_t)available;
    bytes = bytes / (size_t)threads / (2 * BENCH_CHUNK) * (2 * BENCH_CHUNK);
    return bytes > 0 ? bytes : 2 * BENCH_CHUNK;
}

int bench_levels_find(int cpu, int threads, struct bench_level level[BENCH_MOST_LEVELS])
{
    int count = 0;
    bool holds_data = false;
    size_t largest = 0;
    struct bench_level cache = {0};
    for (int index = 0; count < BENCH_MOST_LEVELS - 1 && read_cache(cpu, index, &cache, &holds_data);
         index++) {
        cache.measured = measured_bytes(&cache, threads);
        if (!holds_data || cache.measured <= largest / 2)
            continue;
        largest = cache.bytes;
        level[count++] = cache;
    }
    level[count++] = (struct bench_level){"memory", 0, memory_bytes(largest, threads), threads > 1};
    return count;
}
