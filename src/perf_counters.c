/* perf_event_open, one event at a time: with inheritance the kernel takes no groups. */
#include "perf_counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    uint32_t type;
    uint64_t config;
} events[SAC_PERF_EVENTS] = {
    [SAC_PERF_CYCLES] = {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
    [SAC_PERF_INSTRUCTIONS] = {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
    [SAC_PERF_L1D_MISSES] = {"l1d_misses", PERF_TYPE_HW_CACHE,
                             PERF_COUNT_HW_CACHE_L1D | PERF_COUNT_HW_CACHE_OP_READ << 8 |
                                 PERF_COUNT_HW_CACHE_RESULT_MISS << 16},
    [SAC_PERF_CACHE_MISSES] = {"cache_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
};

const char *sac_perf_event_name(enum sac_perf_event event)
{
    return events[event].name;
}

/* User code only: that is what may be counted without privileges up to paranoid level 2. */
static int open_event(enum sac_perf_event event)
{
    struct perf_event_attr attributes = {
        .size = sizeof attributes,
        .type = events[event].type,
        .config = events[event].config,
        .exclude_kernel = 1,
        .exclude_hv = 1,
        .inherit = 1,
        .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
    };
    return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* kernel.perf_event_paranoid as text; "not readable" where there is none. */
static void read_paranoid(char *text, int size)
{
    FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
    if (!file || !fgets(text, size, file))
        snprintf(text, (size_t)size, "not readable");
    text[strcspn(text, "\n")] = '\0';
    if (file)
        fclose(file);
}

static void explain(char *reason, size_t size, enum sac_perf_event event, int error)
{
    char paranoid[16];
    const char *name = events[event].name;
    switch (error) {
    case EACCES:
    case EPERM:
        read_paranoid(paranoid, sizeof paranoid);
        snprintf(
            reason, size,
            "%s can not be counted: the kernel forbids it (%s; kernel.perf_event_paranoid is %s): as root, "
            "sysctl kernel.perf_event_paranoid=1, and allow perf_event_open where this is a container",
            name, error == EACCES ? "EACCES" : "EPERM", paranoid);
        break;
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
        snprintf(reason, size,
                 "%s can not be counted: the CPU offers no such counter here, as in most virtual machines "
                 "(perf_event_open: %s)",
                 name, strerror(error));
        break;
    case ENOSYS:
        snprintf(reason, size, "%s can not be counted: this kernel has no perf_event_open", name);
        break;
    default:
        snprintf(reason, size, "%s can not be counted: perf_event_open: %s", name, strerror(error));
    }
}

void sac_perf_open(struct sac_perf_counters *counters)
{
    counters->reason[0] = '\0';
    for (int e = 0; e < SAC_PERF_EVENTS; e++) {
        counters->file[e] = open_event((enum sac_perf_event)e);
        if (counters->file[e] < 0 && !counters->reason[0])
            explain(counters->reason, sizeof counters->reason, (enum sac_perf_event)e, errno);
    }
}

/* A counter that had the CPU's register for a part of the time saw that part of the events. */
static double read_event(int file)
{
    struct {
        uint64_t value, enabled, running;
    } seen;
    if (file < 0 || read(file, &seen, sizeof seen) != (ssize_t)sizeof seen)
        return NAN;
    if (seen.running == 0)
        return seen.enabled == 0 ? 0 : NAN;
    return (double)seen.value * ((double)seen.enabled / (double)seen.running);
}

struct sac_perf_counts sac_perf_read(const struct sac_perf_counters *counters)
{
    struct sac_perf_counts counts;
    for (int e = 0; e < SAC_PERF_EVENTS; e++)
        counts.count[e] = read_event(counters->file[e]);
    return counts;
}

void sac_perf_close(struct sac_perf_counters *counters)
{
    for (int e = 0; e < SAC_PERF_EVENTS; e++) {
        if (counters->file[e] >= 0)
            close(counters->file[e]);
        counters->file[e] = -1;
    }
}

struct sac_perf_counts sac_perf_none(void)
{
    return (struct sac_perf_counts){{NAN, NAN, NAN, NAN}};
}

struct sac_perf_counts sac_perf_between(struct sac_perf_counts before, struct sac_perf_counts after)
{
    for (int e = 0; e < SAC_PERF_EVENTS; e++)
        after.count[e] -= before.count[e];
    return after;
}

struct sac_perf_counts sac_perf_sum(struct sac_perf_counts a, struct sac_perf_counts b)
{
    for (int e = 0; e < SAC_PERF_EVENTS; e++)
        a.count[e] += b.count[e];
    return a;
}

bool sac_perf_any(const struct sac_perf_counts *counts)
{
    for (int e = 0; e < SAC_PERF_EVENTS; e++)
        if (!isnan(counts->count[e]))
            return true;
    return false;
}
