#include "memory_limit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cgroup.h"

#define NOT_TOLD   UINT64_MAX
#define STACK_SIZE (8u << 20) /* of a thread where there is no limit to its stack */

/* The number behind `key` at the start of a line of a file ("" for the file's first number), times `unit`.
 * NOT_TOLD: no such file or line, or it says "max". */
static uint64_t read_number(const char *folder, const char *name, const char *key, uint64_t unit)
{
    char path[2 * PATH_MAX], line[256];
    const size_t length = strlen(key);
    uint64_t number = NOT_TOLD;
    FILE *file =
        snprintf(path, sizeof path, "%s%s", folder, name) < (int)sizeof path ? fopen(path, "re") : NULL;
    while (file && fgets(line, sizeof line, file)) {
        char *end;
        if (strncmp(line, key, length) != 0)
            continue;
        const unsigned long long value = strtoull(line + length, &end, 10);
        if (end != line + length && value < NOT_TOLD / unit)
            number = value * unit;
        break;
    }
    if (file)
        fclose(file);
    return number;
}

static uint64_t left(uint64_t most, uint64_t taken)
{
    return most > taken ? most - taken : 0;
}

/* True if that is the least so far. */
static bool lower(struct sac_memory_limit *limit, uint64_t bytes)
{
    if (bytes >= limit->bytes)
        return false;
    limit->bytes = bytes;
    return true;
}

/* --- control groups --- */

/* A group's limit less what it holds and could not give back. */
static uint64_t left_in_group(const char *folder, uint64_t most, const char *usage_file,
                              const char *cache_key)
{
    const uint64_t usage = read_number(folder, usage_file, "", 1);
    const uint64_t cache = read_number(folder, "/memory.stat", cache_key, 1);
    const uint64_t held = usage == NOT_TOLD ? 0 : usage;
    return left(most, left(held, cache == NOT_TOLD ? 0 : cache));
}

/* Where no limit is set version 2 says "max" and version 1 a number beyond any memory. */
static void lower_to_group(void *context, const char *folder, int version)
{
    struct sac_memory_limit *limit = context;
    const char *file = version == 2 ? "/memory.max" : "/memory.limit_in_bytes";
    const uint64_t most = read_number(folder, file, "", 1);
    if (most == NOT_TOLD)
        return;
    const uint64_t bytes =
        version == 2 ? left_in_group(folder, most, "/memory.current", "inactive_file ")
                     : left_in_group(folder, most, "/memory.usage_in_bytes", "total_inactive_file ");
    if (lower(limit, bytes))
        snprintf(limit->whose, sizeof limit->whose, "left in the control group of %.*s%s", PATH_MAX - 1,
                 folder, file);
}

/* --- resource limits --- */

static void lower_to_ulimit(struct sac_memory_limit *limit, const char *root, rlim_t most, const char *key,
                            const char *whose, uint64_t reserved)
{
    if (most == RLIM_INFINITY)
        return;
    const uint64_t taken = read_number(root, "/proc/self/status", key, 1024);
    if (lower(limit, left(most, (taken == NOT_TOLD ? 0 : taken) + reserved)))
        snprintf(limit->whose, sizeof limit->whose, "%s", whose);
}

static uint64_t stack_size(void)
{
    struct rlimit set;
    return getrlimit(RLIMIT_STACK, &set) || set.rlim_cur == RLIM_INFINITY ? STACK_SIZE : set.rlim_cur;
}

void sac_memory_limit(const char *root, int threads, struct sac_memory_limit *limit)
{
    const uint64_t stacks = (uint64_t)threads * stack_size();
    limit->bytes = read_number(root, "/proc/meminfo", "MemAvailable:", 1024);
    snprintf(limit->whose, sizeof limit->whose, "available on this machine");
    sac_cgroup_visit(root, "memory", lower_to_group, limit);
    struct rlimit set;
    if (!getrlimit(RLIMIT_AS, &set))
        lower_to_ulimit(limit, root, set.rlim_cur, "VmSize:", "left under ulimit -v", stacks);
    if (!getrlimit(RLIMIT_DATA, &set))
        lower_to_ulimit(limit, root, set.rlim_cur, "VmData:", "left under ulimit -d", stacks);
}

uint64_t sac_memory_available(void)
{
    struct sac_memory_limit limit;
    sac_memory_limit("", 0, &limit);
    return limit.bytes;
}
