/* The kernel tells where groups are mounted (mountinfo) and which is ours (cgroup). In a container our path
 * may be the host's while only a part of the tree, or the container's own tree, is mounted: then the mount's
 * own root is the group to start from. */
#include "cgroup.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One hierarchy that is mounted. */
struct mount {
    int version;
    char root[PATH_MAX], point[PATH_MAX]; /* the group that is mounted, and where */
};

static FILE *open_under(const char *root, const char *path)
{
    char whole[PATH_MAX];
    const int length = snprintf(whole, sizeof whole, "%s%s", root, path);
    return length < (int)sizeof whole ? fopen(whole, "re") : NULL;
}

/* Whether a list of words between commas has this one. */
static bool has_word(const char *list, size_t length, const char *word)
{
    const char *end = list + length;
    while (list < end) {
        const size_t n = strcspn(list, ",:\n ");
        if (n == strlen(word) && strncmp(list, word, n) == 0)
            return true;
        list += n + 1;
    }
    return false;
}

/* "31 23 0:28 ROOT POINT rw,relatime [...] - TYPE SOURCE OPTIONS" */
static bool parse_mount(const char *line, const char *controller, struct mount *mount)
{
    char type[32], options[256];
    const char *behind = strstr(line, " - ");
    _Static_assert(PATH_MAX == 4096, "as the widths below say");
    if (!behind || sscanf(line, "%*s %*s %*s %4095s %4095s", mount->root, mount->point) != 2 ||
        sscanf(behind, " - %31s %*s %255s", type, options) != 2)
        return false;
    mount->version = strcmp(type, "cgroup2") == 0 ? 2 : 1;
    return mount->version == 2 ||
           (strcmp(type, "cgroup") == 0 && has_word(options, strlen(options), controller));
}

/* Our group in that hierarchy: "4:cpu,cpuacct:/GROUP", version 2's being "0::/GROUP". */
static bool find_group(const char *root, const char *controller, int version, char group[PATH_MAX])
{
    FILE *file = open_under(root, "/proc/self/cgroup");
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    while (file && !found && getline(&line, &size, file) > 0) {
        const char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
        if (!path)
            continue;
        const size_t length = (size_t)(path - list - 1);
        found = version == 2 ? strncmp(line, "0::", 3) == 0 : has_word(list + 1, length, controller);
        if (found)
            snprintf(group, PATH_MAX, "%.*s", (int)strcspn(path + 1, "\n"), path + 1);
    }
    free(line);
    if (file)
        fclose(file);
    return found;
}

/* The group's path below the mount point; "" where the mount does not show it. */
static const char *path_in_mount(const char *group, const struct mount *mount)
{
    const size_t length = strcmp(mount->root, "/") == 0 ? 0 : strlen(mount->root);
    const char *path = group + length;
    const bool within = strncmp(group, mount->root, length) == 0 && *path == '/' && path[1] != '\0';
    return within && !strstr(path, "/..") ? path : "";
}

static void visit_mount(const char *root, const struct mount *mount, const char *group,
                        void (*visit)(void *context, const char *folder, int version), void *context)
{
    char folder[3 * PATH_MAX];
    const int top = snprintf(folder, sizeof folder, "%s%s", root, mount->point);
    snprintf(folder + top, sizeof folder - (size_t)top, "%s", path_in_mount(group, mount));
    for (;;) {
        visit(context, folder, mount->version);
        char *slash = strrchr(folder + top, '/');
        if (!slash)
            return;
        *slash = '\0';
    }
}

void sac_cgroup_visit(const char *root, const char *controller,
                      void (*visit)(void *context, const char *folder, int version), void *context)
{
    FILE *file = open_under(root, "/proc/self/mountinfo");
    char *line = NULL, group[PATH_MAX];
    size_t size = 0;
    struct mount mount;
    while (file && getline(&line, &size, file) > 0)
        if (parse_mount(line, controller, &mount) && find_group(root, controller, mount.version, group))
            visit_mount(root, &mount, group, visit, context);
    free(line);
    if (file)
        fclose(file);
}

/* --- CPU time --- */

/* Up to `most` numbers at a file's start; how many there are ("max" is none). */
static int read_numbers(const char *folder, const char *name, double *numbers, int most)
{
    FILE *file = open_under(folder, name);
    int count = 0;
    while (file && count < most && fscanf(file, "%lf", &numbers[count]) == 1)
        count++;
    if (file)
        fclose(file);
    return count;
}

struct cpu_quota {
    double cpus;
    uint64_t group;
};

/* Version 1 says -1 where there is no quota, version 2 "max". */
static void lower_to_quota(void *context, const char *folder, int version)
{
    struct cpu_quota *least = context;
    double quota[2] = {0};
    struct stat status;
    const bool told = version == 2 ? read_numbers(folder, "/cpu.max", quota, 2) == 2
                                   : read_numbers(folder, "/cpu.cfs_quota_us", quota, 1) == 1 &&
                                         read_numbers(folder, "/cpu.cfs_period_us", quota + 1, 1) == 1;
    if (!told || !(quota[0] > 0 && quota[1] > 0) || quota[0] / quota[1] >= least->cpus)
        return;
    least->cpus = quota[0] / quota[1];
    least->group = stat(folder, &status) == 0 ? (uint64_t)status.st_ino : 0;
}

double sac_cgroup_quota(const char *root, uint64_t *group)
{
    struct cpu_quota least = {INFINITY, 0};
    sac_cgroup_visit(root, "cpu", lower_to_quota, &least);
    *group = least.group;
    return least.cpus;
}

double sac_cgroup_cpus(const char *root)
{
    uint64_t group;
    return sac_cgroup_quota(root, &group);
}
