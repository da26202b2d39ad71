/* The learner thread: draw, update, publish, at the pace the governor sets. */
#ifndef SAC_LEARNER_H
#define SAC_LEARNER_H

#include "agent.h"
#include "counters.h"
#include "evaluator.h"
#include "governor.h"
#include "snapshot.h"

struct sac_learner;

/* The objects a learner works with; it owns none of them. */
struct sac_learner_context {
    const struct sac_settings *settings;
    struct sac_team *team;
    struct sac_agent *agent; /* only the learner's thread and its team touch it while a run is on */
    struct sac_replay *replay;
    struct sac_governor *governor;
    struct sac_snapshots *snapshots;
    struct sac_desk *desk; /* NULL: no evaluations on the way */
};

enum sac_status sac_learner_create(const struct sac_learner_context *context, struct sac_learner **learner);
void sac_learner_destroy(struct sac_learner *learner); /* takes NULL */

/* The thread's loop: opens the team's region and serves the governor until no update is left. */
void sac_learner_run(struct sac_learner *learner);

/* One round: updates_per_round updates, each on a fresh batch, then publish. Inside the team's region. The
 * governor has granted it (or the caller knows that the replay holds a transition). */
void sac_learner_round(struct sac_learner *learner);

struct sac_learner_counters *sac_learner_counters(struct sac_learner *learner);

#endif
