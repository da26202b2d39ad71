/* The threads that benchmarks run on: the program's own and the members of a team, each pinned to a core of
 * its own. A benchmark that enters a team of as many members gets these very threads: OpenMP keeps them. */
#ifndef SAC_CREW_H
#define SAC_CREW_H

#include <stdbool.h>

#include <softac/status.h>

#include "disturbance.h"

struct bench_crew;

/* Different physical cores as far as the affinity mask has them, the fastest first, then their siblings; more
 * threads than CPUs stay unpinned. The caller's affinity is as before until bench_crew_gather. */
enum sac_status bench_crew_create(int threads, struct bench_crew **crew);
void bench_crew_destroy(struct bench_crew *crew); /* takes NULL; the caller's affinity is as at first */

int bench_crew_threads(const struct bench_crew *crew);
bool bench_crew_pinned(const struct bench_crew *crew);
int bench_crew_cpu(const struct bench_crew *crew, int thread);

/* Where the caller may run: on all CPUs that the process may use; on the crew's; on its own one, with every
 * member on its. */
void bench_crew_scatter(struct bench_crew *crew);
void bench_crew_surround(struct bench_crew *crew);
void bench_crew_gather(struct bench_crew *crew);

/* job(context, member) on the first `members` at once, which the caller is the first of. */
void bench_crew_run(struct bench_crew *crew, int members, void (*job)(void *context, int member),
                    void *context);

/* Whom to watch during a run on the first `members`; 0: during one whose threads are its own. */
void bench_crew_watch(const struct bench_crew *crew, int members, struct bench_watch *watch);

#endif
