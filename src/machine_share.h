/* What a run has of the machine: how many threads, where they are, and how many of the learner's work while
 * other runs, other programs and its own environments take their part. The main thread's. In lockstep what is
 * computed depends on none of it. */
#ifndef SAC_MACHINE_SHARE_H
#define SAC_MACHINE_SHARE_H

#include <stddef.h>

#include "placement.h"

struct sac_machine_share;

/* Choose for this request, whose neighbours are found here. Other runs see ours from now on. SAC_NOMEM. */
enum sac_status sac_machine_share_create(const struct sac_placement_request *request,
                                         struct sac_machine_share **share);
void sac_machine_share_destroy(struct sac_machine_share *share); /* takes NULL */

const struct sac_placement *sac_machine_share_placement(const struct sac_machine_share *share);
double sac_machine_share_capacity(const struct sac_machine_share *share); /* CPUs left for us, as last seen */
int sac_machine_share_sharing(const struct sac_machine_share *share);     /* learner threads that work now */

/* What other runs take at the start; false if there are none. */
bool sac_machine_share_neighbours(const struct sac_machine_share *share, char *sentence, size_t size);

/* Look at the machine again and let the number of learner threads that work follow `duty`, what the threads
 * did since the last time. True if it has changed: the sentence says why. Only where the request resizes. */
bool sac_machine_share_follow(struct sac_machine_share *share, const struct sac_duty *duty, char *sentence,
                              size_t size);

/* Tell other runs how many CPUs our env threads keep busy, while we learn. */
void sac_machine_share_tell(struct sac_machine_share *share, double env_busy);
/* Our run is over: others need not keep off any more. */
void sac_machine_share_end(struct sac_machine_share *share);

#endif
