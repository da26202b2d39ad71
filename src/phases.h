/* The phases of an update, and a clock for whoever wants to know where its time goes. */
#ifndef SAC_PHASES_H
#define SAC_PHASES_H

#include <stddef.h>
#include <stdint.h>

#include "thread.h"

/* Each but the last is one job of the learner's team: sac_update.c and learner.c have them in this order. */
enum sac_phase {
    SAC_PHASE_DRAW,
    SAC_PHASE_ACTIONS,
    SAC_PHASE_TARGET_CRITICS, /* v2 */
    SAC_PHASE_CRITICS,
    SAC_PHASE_VALUES, /* v1 */
    SAC_PHASE_ACTION_GRADIENTS,
    SAC_PHASE_POLICY_GRADIENT,
    SAC_PHASE_CRITIC_GRADIENTS,
    SAC_PHASE_VALUE_GRADIENT, /* v1 */
    SAC_PHASE_STEP_CRITICS,
    SAC_PHASE_STEP_VALUE, /* v1 */
    SAC_PHASE_STEP_POLICY,
    SAC_PHASE_REST, /* temperature, losses, counting, publishing */
    SAC_PHASES
};

/* The leader's: what passed, in each phase, since the clock was set to 0. */
struct sac_phase_clock {
    uint64_t last_ns; /* the last phase's end */
    uint64_t ns[SAC_PHASES];
};

/* A phase is over; clock NULL: nobody wants to know. */
static inline void sac_phase_end(struct sac_phase_clock *clock, enum sac_phase phase)
{
    if (clock == NULL)
        return;
    const uint64_t now = sac_time_ns();
    clock->ns[phase] += now - clock->last_ns;
    clock->last_ns = now;
}

#endif
