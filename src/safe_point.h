/* Safe points: moments at which no thread of a run touches its state, so that all of it can be read together.
 */
#ifndef SAC_SAFE_POINT_H
#define SAC_SAFE_POINT_H

#include <softac/trainer.h>

#include "env_thread.h"

/* Everything a run is made of; valid during the visit only. */
struct sac_safe_point {
    int64_t steps;
    uint64_t updates;
    const float *agent; /* sac_agent_state */
    size_t agent_floats;
    const struct sac_replay *replay;
    struct sac_env_thread *const *env_thread;
    int env_threads;
};

/* Park all threads of a run under way (lockstep: at a round's end), call visit, go on. Main thread only, i.e.
 * from an observer's callback for progress. SAC_STATE when no run is under way or from the callback for
 * evaluations, SAC_STOPPED when it was stopped meanwhile. */
enum sac_status sac_trainer_visit(struct sac_trainer *trainer,
                                  void (*visit)(void *context, const struct sac_safe_point *safe_point),
                                  void *context);

#endif
