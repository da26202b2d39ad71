/* How much memory this process may still take, and who says so. */
#ifndef SAC_MEMORY_LIMIT_H
#define SAC_MEMORY_LIMIT_H

#include <limits.h>
#include <stdint.h>

struct sac_memory_limit {
    uint64_t bytes;
    char whose[PATH_MAX + 64]; /* behind a number: "available on this machine", "left under ulimit -v" */
};

/* The least of what is available without swapping, what the process's control groups leave, and what its
 * resource limits leave when `threads` more stacks are taken. `root` goes before every path: "", but for
 * tests. */
void sac_memory_limit(const char *root, int threads, struct sac_memory_limit *limit);
/* The bytes alone. */
uint64_t sac_memory_available(void);

#endif
