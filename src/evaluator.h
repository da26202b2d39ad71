/* The evaluator: its own environments, deterministic actions, episodes played while training goes on. */
#ifndef SAC_EVALUATOR_H
#define SAC_EVALUATOR_H

#include <softac/env.h>
#include <softac/trainer.h>

#include "gate.h"
#include "policy_network.h"
#include "snapshot.h"

struct sac_evaluator;

/* What is played: constant. */
struct sac_evaluator_context {
    const struct sac_env_ops *ops;
    const char *const *options;
    const struct sac_policy_network *policy;
    uint64_t seed;
    int episodes;
    bool deterministic;
};

enum sac_status sac_evaluator_create(const struct sac_evaluator_context *context,
                                     struct sac_evaluator **evaluator);
void sac_evaluator_destroy(struct sac_evaluator *evaluator); /* takes NULL */

/* Play the episodes with the policy's `panels` (sac_network_pack), on the calling thread. SAC_STOPPED once
 * *abandon (may be NULL) is not zero. */
enum sac_status sac_evaluator_play(struct sac_evaluator *evaluator, const float *panels,
                                   const _Atomic uint32_t *abandon, struct sac_evaluation *evaluation);

/* --- as a thread of a run: the learner asks, the evaluator plays, main reports --- */

enum sac_desk_state { SAC_DESK_IDLE, SAC_DESK_ASKED, SAC_DESK_PLAYING };
enum { SAC_REPORTS = 4 }; /* a safe point keeps main from reporting for at most two evaluations */

struct sac_report {
    struct sac_evaluation evaluation;
    double *returns; /* (episodes) behind evaluation.returns */
    enum sac_status status;
    char sentence[1024]; /* of a failure */
};

struct sac_desk {
    /* written by: the learner, after its end main (idle -> asked), and the evaluator (-> playing, once it
     * holds the policy; -> idle), store release (Z); read by: both, load acquire (AA) */
    _Alignas(SAC_CACHE_LINE) _Atomic uint32_t state;
    /* written by: main and whoever stops the run; read by: both. Relaxed: nothing goes with it */
    _Atomic uint32_t quit;
    /* written by: the evaluator, store release (AB); read by: main, load acquire (AC) */
    _Atomic uint64_t written;
    /* written by: main, store release (AD); read by: the evaluator, load acquire (AE) */
    _Atomic uint64_t reported;
    /* written by: the learner before "asked"; read by: the evaluator */
    int64_t environment_steps;
    /* report n % SAC_REPORTS is written by: the evaluator while reported + SAC_REPORTS > n; read by: main
     * while n < written */
    struct sac_report report[SAC_REPORTS];
    struct sac_gate *events; /* whoever waits for a change of the desk sleeps here */
};

enum sac_status sac_desk_create(int episodes, struct sac_gate *events, struct sac_desk **desk);
void sac_desk_destroy(struct sac_desk *desk); /* takes NULL */

void sac_desk_set_state(struct sac_desk *desk,
                        enum sac_desk_state state); /* learner and evaluator, by the rule above */
enum sac_desk_state sac_desk_state(const struct sac_desk *desk);

/* Main: the oldest report not yet taken, or NULL; give it back before the next. */
const struct sac_report *sac_desk_report(const struct sac_desk *desk);
void sac_desk_give_back(struct sac_desk *desk);

/* Main and whoever stops the run, also a signal handler: make the evaluator abandon what it plays and leave.
 */
void sac_desk_quit(struct sac_desk *desk);

/* The evaluator thread's loop: serve the desk from `snapshots` until told to quit. */
void sac_evaluator_run(struct sac_evaluator *evaluator, struct sac_desk *desk,
                       struct sac_snapshots *snapshots);

#endif
