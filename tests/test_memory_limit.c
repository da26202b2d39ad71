/* What the process may still take, on made-up trees of /proc and /sys. */
#include "memory_limit.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "fake_root.h"
#include "suite.h"

static void assert_limit(uint64_t bytes, const char *whose)
{
    struct sac_memory_limit limit;
    sac_memory_limit(fake_root, 2, &limit);
    ck_assert_uint_eq(limit.bytes, bytes);
    ck_assert_msg(strstr(limit.whose, whose), "%s", limit.whose);
}

#define MEMINFO "MemTotal: 8000 kB\nMemFree: 10 kB\nMemAvailable:    4000 kB\n"
#define MOUNT_2 "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
#define MOUNT_1 "32 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"

/* Nothing told: no limit. */
START_TEST(nothing)
{
    assert_limit(UINT64_MAX, "machine");
    fake_root_put("/proc/meminfo", "MemTotal: 8000 kB\nMemAvailable: much\n");
    assert_limit(UINT64_MAX, "machine");
}
END_TEST

/* MemAvailable, where no group has a limit. */
START_TEST(machine)
{
    fake_root_put("/proc/meminfo", MEMINFO);
    assert_limit(4000 * 1024, "available on this machine");
    fake_root_put("/proc/self/mountinfo", MOUNT_2 MOUNT_1);
    fake_root_put("/proc/self/cgroup", "4:memory:/a\n0::/a\n");
    fake_root_put("/sys/fs/cgroup/a/memory.max", "max\n");
    fake_root_put("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
    assert_limit(4000 * 1024, "available on this machine");
}
END_TEST

/* Version 2: the group's limit less what it holds and could not drop; it is named. */
START_TEST(group_2)
{
    fake_root_put("/proc/meminfo", MEMINFO);
    fake_root_put("/proc/self/mountinfo", MOUNT_2);
    fake_root_put("/proc/self/cgroup", "0::/a/b\n");
    fake_root_put("/sys/fs/cgroup/a/b/memory.max", "1000000\n");
    assert_limit(1000000, "left in the control group of ");
    fake_root_put("/sys/fs/cgroup/a/b/memory.current", "400000\n");
    assert_limit(600000, "/sys/fs/cgroup/a/b/memory.max");
    fake_root_put("/sys/fs/cgroup/a/b/memory.stat", "anon 5\ninactive_file 100000\ninactive_file_more 7\n");
    assert_limit(700000, "/a/b/memory.max");
    fake_root_put("/sys/fs/cgroup/a/memory.max", "500000\n");
    assert_limit(500000, "/sys/fs/cgroup/a/memory.max");
    fake_root_put("/sys/fs/cgroup/a/memory.current", "600000\n");
    assert_limit(0, "/sys/fs/cgroup/a/memory.max");
    fake_root_put("/sys/fs/cgroup/a/memory.max", "99999999999999999999999\n");
    assert_limit(700000, "/a/b/memory.max");
}
END_TEST

/* Version 1 the same, in its own files. */
START_TEST(group_1)
{
    fake_root_put("/proc/meminfo", MEMINFO);
    fake_root_put("/proc/self/mountinfo", MOUNT_1);
    fake_root_put("/proc/self/cgroup", "4:memory:/a/b\n");
    fake_root_put("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1000000\n");
    fake_root_put("/sys/fs/cgroup/memory/a/memory.usage_in_bytes", "400000\n");
    fake_root_put("/sys/fs/cgroup/memory/a/memory.stat", "inactive_file 1\ntotal_inactive_file 50000\n");
    assert_limit(650000, "/sys/fs/cgroup/memory/a/memory.limit_in_bytes");
}
END_TEST

/* A macro, as C libraries differ in the type of a resource's name. */
#define LIMIT_RESOURCE(resource, bytes)                                                                      \
    do {                                                                                                     \
        struct rlimit set;                                                                                   \
        ck_assert_int_eq(getrlimit(resource, &set), 0);                                                      \
        set.rlim_cur = bytes;                                                                                \
        ck_assert_int_eq(setrlimit(resource, &set), 0);                                                      \
    } while (0)

/* ulimit -v and -d, less what is mapped and the stacks of the threads to come. */
START_TEST(ulimits)
{
    const uint64_t limit = 1ull << 46; /* above what sanitizers map */
    LIMIT_RESOURCE(RLIMIT_STACK, 1 << 20);
    LIMIT_RESOURCE(RLIMIT_DATA, limit);
    fake_root_put("/proc/self/status", "VmSize:\t5000 kB\nVmData:\t  1000 kB\n");
    assert_limit(limit - 1000 * 1024 - 2 * (1 << 20), "left under ulimit -d");
    LIMIT_RESOURCE(RLIMIT_AS, limit);
    assert_limit(limit - 5000 * 1024 - 2 * (1 << 20), "left under ulimit -v");
    LIMIT_RESOURCE(RLIMIT_AS, set.rlim_max); /* room for what cleans up */
}
END_TEST

/* This test has room to run in, and no machine has more than 2^56 bytes. */
START_TEST(here)
{
    struct sac_memory_limit limit;
    sac_memory_limit("", 1, &limit);
    ck_assert_uint_gt(limit.bytes, 1 << 20);
    ck_assert_uint_lt(limit.bytes, 1ull << 56);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("memory limit");
    tcase_add_checked_fixture(cases, fake_root_make, fake_root_remove);
    tcase_add_test(cases, nothing);
    tcase_add_test(cases, machine);
    tcase_add_test(cases, group_2);
    tcase_add_test(cases, group_1);
    tcase_add_test(cases, ulimits);
    tcase_add_test(cases, here);
    return suite_run(CK_FORK_GETENV, "memory limit", 1, cases);
}
