/* AntBulletEnv-v0: four legs on a sphere. */
#include "runner.h"

static bool is_alive(double z, double pitch, const bool *contact)
{
    (void)pitch;
    (void)contact;
    return z > 0.26;
}

static const struct bullet_runner robot = {
    .root = BULLET_BASE,
    .first = 0,
    .feet = 4,
    .foot = {4, 9, 14, 19},
    .torque = {2.5 * 100, 2.5 * 100, 2.5 * 100, 2.5 * 100, 2.5 * 100, 2.5 * 100, 2.5 * 100, 2.5 * 100},
    .electricity = -2,
    .stall = -0.1,
    .is_alive = is_alive,
    .bonus = 1};

static const struct bullet_task ant = RUNNER(robot, "ant.xml", 4, 8, 8, 2500, runner_judge);

BULLET_OPS(sac_bullet_ant, "AntBulletEnv-v0", ant);
