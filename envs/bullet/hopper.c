/* HopperBulletEnv-v0: a leg that hops, in a plane. */
#include "runner.h"

#include <math.h>

static bool is_alive(double z, double pitch, const bool *contact)
{
    (void)contact;
    return z > 0.8 && fabs(pitch) < 1;
}

static const struct bullet_runner robot = {.root = 3,
                                           .first = 3,
                                           .feet = 1,
                                           .foot = {9},
                                           .torque = {0.75 * 100, 0.75 * 100, 0.75 * 100},
                                           .electricity = -2,
                                           .stall = -0.1,
                                           .is_alive = is_alive,
                                           .bonus = 1};

static const struct bullet_task hopper = RUNNER(robot, "hopper.xml", 1, 3, 6, 2500, runner_judge);

BULLET_OPS(sac_bullet_hopper, "HopperBulletEnv-v0", hopper);
