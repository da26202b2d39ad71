/* Control groups: what containers and service managers allow this process. Versions 1 and 2, also both at
 * once. */
#ifndef SAC_CGROUP_H
#define SAC_CGROUP_H

#include <stdint.h>

/* Call visit(context, folder, version) for the folder of this process's group with respect to `controller`
 * ("cpu", "memory"), then for each group around it that can be seen from here: a limit of any of them holds.
 * `root` goes before every path: "", but for tests. Where nothing is mounted nothing is visited. */
void sac_cgroup_visit(const char *root, const char *controller,
                      void (*visit)(void *context, const char *folder, int version), void *context);

/* The least CPU time per time that these groups allow, in CPUs; INFINITY where there is no limit. */
double sac_cgroup_cpus(const char *root);
/* The same, and which group says so, by a number that all processes under it find: those that find the same
 * one share that time. 0: there is no limit. */
double sac_cgroup_quota(const char *root, uint64_t *group);

#endif
