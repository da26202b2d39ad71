/* One batch of transitions in learner memory: replay writes it, everyone after reads it.
 *
 * Rows are laid out as the critics' input (observation | action), so that no column is copied again:
 *   next     s'  | fresh action at s'  (v2)       } adjacent: one (2 * rows, ld) block for the policy
 *   current  s   | fresh action at s              }
 *   taken    s   | action from the replay */
#ifndef SAC_BATCH_H
#define SAC_BATCH_H

#include <stdint.h>

struct sac_batch {
    int rows, observation_size, action_size;
    int ld;                /* floats per row: observation_size + action_size, rounded up to 16 */
    float *next;           /* (rows, ld) */
    float *current;        /* (rows, ld) = next + rows * ld */
    float *taken;          /* (rows, ld) */
    float *reward;         /* (rows) unscaled */
    float *not_terminated; /* (rows) 1, or 0 where the step terminated; truncation leaves 1 */
    uint32_t *version;     /* (rows) updates behind the policy that acted */
};

#endif
