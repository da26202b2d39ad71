/* Everything together: governor.pml with real rows in the rings and real snapshots (data.pml). An env thread holds a
 * snapshot while it sleeps, parks or waits for room; the rings have room for a few rows; a step may end an episode and then
 * takes two rows; the learner reads every row of its window and publishes each update; the main thread exports a policy as
 * slowly as it likes, then reads all rows at a safe point, as a checkpoint does; a stop comes at any moment. Async.
 *
 * Asserted, besides what governor.pml asserts: no race on a row or a slot; every row read is the row expected; the window
 * holds a transition; a slot is always free; versions never go back.
 *
 * WEAK_x and BROKEN_y as in the other models. */
#define COMPOSITION
#ifndef GUARD
#define GUARD 2
#endif
#ifndef CAPACITY
#define CAPACITY 5 /* places in a ring: GUARD and the least window, reset, step, step */
#endif
#ifndef FILLED
#define FILLED 4 /* rows in each ring when the threads start, as after a resume: so few steps suffice to write over old rows */
#endif
#include "governor.pml"
