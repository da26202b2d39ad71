/* HalfCheetahBulletEnv-v0: the front and the hind leg of a cheetah run, in a plane. */
#include "runner.h"

#include <math.h>

enum { FRONT_FOOT, FRONT_SHIN, FRONT_THIGH, BACK_FOOT, BACK_SHIN, BACK_THIGH };

static bool is_alive(double z, double pitch, const bool *contact)
{
    (void)z;
    return fabs(pitch) < 1 && !contact[FRONT_SHIN] && !contact[FRONT_THIGH] && !contact[BACK_SHIN] &&
           !contact[BACK_THIGH];
}

static const struct bullet_runner robot = {
    .root = 3,
    .first = 3,
    .feet = 6,
    .foot = {[FRONT_FOOT] = 15,
             [FRONT_SHIN] = 13,
             [FRONT_THIGH] = 11,
             [BACK_FOOT] = 9,
             [BACK_SHIN] = 7,
             [BACK_THIGH] = 5},
    .torque = {0.9 * 120, 0.9 * 90, 0.9 * 60, 0.9 * 140, 0.9 * 60, 0.9 * 30}, /* the hind leg first */
    .electricity = -2,
    .stall = -0.1,
    .is_alive = is_alive,
    .bonus = 1};

static const struct bullet_task half_cheetah =
    RUNNER(robot, "half_cheetah.xml", 6, 6, 9, 3000, runner_judge_endless);

BULLET_OPS(sac_bullet_half_cheetah, "HalfCheetahBulletEnv-v0", half_cheetah);
