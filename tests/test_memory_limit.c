/* What the process may still take, on made-up trees of /proc and /sys. */
#include "memory_limit.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char root[] = "/tmp/softac-memory-XXXXXX";

static void make_root(void)
{
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static void remove_root(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert_int_eq(system(command), 0);
}

/* A file under the root, with the folders it needs. */
static void put(const char *path, const char *text)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = whole + strlen(root); (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        mkdir(whole, 0777);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void assert_limit(uint64_t bytes, const char *whose)
{
    struct sac_memory_limit limit;
    sac_memory_limit(root, 2, &limit);
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
    put("/proc/meminfo", "MemTotal: 8000 kB\nMemAvailable: much\n");
    assert_limit(UINT64_MAX, "machine");
}
END_TEST

/* MemAvailable, where no group has a limit. */
START_TEST(machine)
{
    put("/proc/meminfo", MEMINFO);
    assert_limit(4000 * 1024, "available on this machine");
    put("/proc/self/mountinfo", MOUNT_2 MOUNT_1);
    put("/proc/self/cgroup", "4:memory:/a\n0::/a\n");
    put("/sys/fs/cgroup/a/memory.max", "max\n");
    put("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
    assert_limit(4000 * 1024, "available on this machine");
}
END_TEST

/* Version 2: the group's limit less what it holds and could not drop; it is named. */
START_TEST(group_2)
{
    put("/proc/meminfo", MEMINFO);
    put("/proc/self/mountinfo", MOUNT_2);
    put("/proc/self/cgroup", "0::/a/b\n");
    put("/sys/fs/cgroup/a/b/memory.max", "1000000\n");
    assert_limit(1000000, "left in the control group of ");
    put("/sys/fs/cgroup/a/b/memory.current", "400000\n");
    assert_limit(600000, "/sys/fs/cgroup/a/b/memory.max");
    put("/sys/fs/cgroup/a/b/memory.stat", "anon 5\ninactive_file 100000\ninactive_file_more 7\n");
    assert_limit(700000, "/a/b/memory.max");
    put("/sys/fs/cgroup/a/memory.max", "500000\n");
    assert_limit(500000, "/sys/fs/cgroup/a/memory.max");
    put("/sys/fs/cgroup/a/memory.current", "600000\n");
    assert_limit(0, "/sys/fs/cgroup/a/memory.max");
    put("/sys/fs/cgroup/a/memory.max", "99999999999999999999999\n");
    assert_limit(700000, "/a/b/memory.max");
}
END_TEST

/* Version 1 the same, in its own files. */
START_TEST(group_1)
{
    put("/proc/meminfo", MEMINFO);
    put("/proc/self/mountinfo", MOUNT_1);
    put("/proc/self/cgroup", "4:memory:/a/b\n");
    put("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1000000\n");
    put("/sys/fs/cgroup/memory/a/memory.usage_in_bytes", "400000\n");
    put("/sys/fs/cgroup/memory/a/memory.stat", "inactive_file 1\ntotal_inactive_file 50000\n");
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
    put("/proc/self/status", "VmSize:\t5000 kB\nVmData:\t  1000 kB\n");
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
    tcase_add_checked_fixture(cases, make_root, remove_root);
    tcase_add_test(cases, nothing);
    tcase_add_test(cases, machine);
    tcase_add_test(cases, group_2);
    tcase_add_test(cases, group_1);
    tcase_add_test(cases, ulimits);
    tcase_add_test(cases, here);
    Suite *suite = suite_create("memory limit");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
