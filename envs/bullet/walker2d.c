/* Walker2DBulletEnv-v0: two legs that walk, in a plane. */
#include "runner.h"

#include <math.h>

static bool is_alive(double z, double pitch, const bool *contact)
{
    (void)contact;
    return z > 0.8 && fabs(pitch) < 1;
}

static const struct bullet_runner robot = {
    .root = 3,
    .first = 3,
    .feet = 2,
    .foot = {9, 15},
    .torque = {0.4 * 100, 0.4 * 100, 0.4 * 30, 0.4 * 100, 0.4 * 100, 0.4 * 30},
    .electricity = -2,
    .stall = -0.1,
    .is_alive = is_alive,
    .bonus = 1};

static const struct bullet_task walker2d = RUNNER(robot, "walker2d.xml", 2, 6, 9, 2500, runner_judge);

BULLET_OPS(sac_bullet_walker2d, "Walker2DBulletEnv-v0", walker2d);
