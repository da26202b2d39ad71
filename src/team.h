/* The learner's team: one long-lived OpenMP parallel region whose members wait for jobs at our own
 * acquire/release edges (libgomp's barriers are unknown to ThreadSanitizer), look again for up to a tenth of
 * a millisecond and then sleep on a futex. */
#ifndef SAC_TEAM_H
#define SAC_TEAM_H

#include <softac/status.h>

#include "placement.h"

struct sac_team;

/* members >= 1, the leader included. */
enum sac_status sac_team_create(int members, struct sac_team **team);
void sac_team_destroy(struct sac_team *team); /* takes NULL */
int sac_team_members(const struct sac_team *team);
int sac_team_limit(void); /* the most members that OpenMP grants (OMP_THREAD_LIMIT), >= 1 */

/* From its next job on the team shares the work among `sharing` (1 .. members); the others sleep. Any thread,
 * any time. Results do not depend on it. */
void sac_team_resize(struct sac_team *team, int sharing);

/* Before sac_team_enter: bind member m to place[m] while it serves. `place` (members) must outlive the team.
 */
void sac_team_bind(struct sac_team *team, const struct sac_cpu_list *place);

/* Open the region: the calling thread is the leader and runs lead(context); the others serve jobs until it
 * returns. */
void sac_team_enter(struct sac_team *team, void (*lead)(void *context), void *context);

/* Leader only, inside sac_team_enter: run job(context, task) for task 0 .. tasks-1 (tasks >= 1), task t on
 * member t % M of the fewest members M that take no longer than all that share the work, and return when all
 * are done: everything the members wrote is then visible to the leader, and before that everything the leader
 * wrote was visible to them. Outside sac_team_enter all tasks run on the caller, in order. */
void sac_team_run(struct sac_team *team, void (*job)(void *context, int task), void *context, int tasks);

#endif
