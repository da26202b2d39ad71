/* Control groups, on made-up trees of /proc and /sys. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "fake_root.h"
#include "suite.h"

#define MOUNT_2 "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
#define MOUNT_1 "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"

/* Nothing mounted, nothing there at all, or nothing said: no limit. */
START_TEST(no_limit)
{
    ck_assert(isinf(sac_cgroup_cpus(fake_root)));
    fake_root_put("/proc/self/mountinfo", MOUNT_2 MOUNT_1);
    ck_assert(isinf(sac_cgroup_cpus(fake_root)));
    fake_root_put("/proc/self/cgroup", "1:cpu,cpuacct:/a\n0::/a\n");
    ck_assert(isinf(sac_cgroup_cpus(fake_root)));
    fake_root_put("/sys/fs/cgroup/a/cpu.max", "max 100000\n");
    fake_root_put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
    fake_root_put("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
    ck_assert(isinf(sac_cgroup_cpus(fake_root)));
}
END_TEST

/* Version 2: the lowest limit of our group and all around it holds, wherever it is. */
START_TEST(lowest_along_the_way)
{
    static const char *const files[] = {"/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/a/cpu.max",
                                        "/sys/fs/cgroup/a/b.service/cpu.max"};
    fake_root_put("/proc/self/mountinfo", "25 1 8:1 / / rw - ext4 /dev/sda rw\n" MOUNT_2);
    fake_root_put("/proc/self/cgroup", "0::/a/b.service\n");
    fake_root_put("/sys/fs/cgroup/other/cpu.max", "1000 100000\n");
    for (int lowest = 0; lowest < 3; lowest++) {
        for (int i = 0; i < 3; i++)
            fake_root_put(files[i], i == lowest ? "150000 100000\n"
                                    : i % 2     ? "max 100000\n"
                                                : "400000 100000\n");
        ck_assert_double_eq_tol(sac_cgroup_cpus(fake_root), 1.5, 1e-9);
    }
}
END_TEST

/* Version 1, with the controller among others in its hierarchy; "cpuset" is not "cpu". */
START_TEST(version_1)
{
    fake_root_put("/proc/self/mountinfo",
                  "33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n" MOUNT_1);
    fake_root_put("/proc/self/cgroup", "5:cpuset:/wrong\n4:cpuacct,cpu:/a/b\n1:name=systemd:/wrong\n0::/\n");
    fake_root_put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "25000\n");
    fake_root_put("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "50000\n");
    fake_root_put("/sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "-1\n");
    fake_root_put("/sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000\n");
    ck_assert_double_eq_tol(sac_cgroup_cpus(fake_root), 0.5, 1e-9);
}
END_TEST

/* In a container: the path is the host's, the mount begins at the container's group. */
START_TEST(container)
{
    fake_root_put("/proc/self/mountinfo", "30 23 0:26 /docker/c1 /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
    fake_root_put("/proc/self/cgroup", "0::/docker/c1/job\n");
    fake_root_put("/sys/fs/cgroup/cpu.max", "300000 100000\n");
    fake_root_put("/sys/fs/cgroup/job/cpu.max", "200000 100000\n");
    ck_assert_double_eq_tol(sac_cgroup_cpus(fake_root), 2, 1e-9);
    fake_root_put("/proc/self/cgroup",
                  "0::/docker/c10\n"); /* another group, not seen from here: the mount's root */
    ck_assert_double_eq_tol(sac_cgroup_cpus(fake_root), 3, 1e-9);
    fake_root_put("/proc/self/cgroup", "0::/../host\n");
    ck_assert_double_eq_tol(sac_cgroup_cpus(fake_root), 3, 1e-9);
}
END_TEST

static void collect(void *context, const char *folder, int version)
{
    char *text = context;
    sprintf(text + strlen(text), "%d%s ", version, folder + strlen(fake_root));
}

/* Both versions at once: each controller is looked for in its own hierarchy and in version 2's. */
START_TEST(folders_from_the_inside_out)
{
    char text[512] = "";
    fake_root_put("/proc/self/mountinfo", MOUNT_1 "35 31 0:32 / /m rw - cgroup cgroup rw,memory\n" MOUNT_2);
    fake_root_put("/proc/self/cgroup", "4:memory:/x/y\n1:cpu,cpuacct:/z\n0::/u\n");
    sac_cgroup_visit(fake_root, "memory", collect, text);
    ck_assert_str_eq(text, "1/m/x/y 1/m/x 1/m 2/sys/fs/cgroup/u 2/sys/fs/cgroup ");
}
END_TEST

/* Lines that are no mounts, and quotas that are no numbers, are passed over. */
START_TEST(nonsense)
{
    fake_root_put("/proc/self/mountinfo", "\n - \n1 2 3 - cgroup2\n/ / / / / - cgroup2\n" MOUNT_2);
    fake_root_put("/proc/self/cgroup", "\n:\n0:\n0::/a\n");
    fake_root_put("/sys/fs/cgroup/a/cpu.max", "");
    fake_root_put("/sys/fs/cgroup/cpu.max", "100000 0\n");
    ck_assert(isinf(sac_cgroup_cpus(fake_root)));
}
END_TEST

/* This process's own groups leave it some time. */
START_TEST(here)
{
    ck_assert_double_gt(sac_cgroup_cpus(""), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("cgroup");
    tcase_add_checked_fixture(tc, fake_root_make, fake_root_remove);
    tcase_add_test(tc, no_limit);
    tcase_add_test(tc, lowest_along_the_way);
    tcase_add_test(tc, version_1);
    tcase_add_test(tc, container);
    tcase_add_test(tc, folders_from_the_inside_out);
    tcase_add_test(tc, nonsense);
    tcase_add_test(tc, here);
    return suite_run(CK_FORK_GETENV, "cgroup", 1, tc);
}
