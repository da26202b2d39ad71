/* HumanoidBulletEnv-v0: a man walks. */
#include "runner.h"

#include <math.h>

static bool is_alive(double z, double pitch, const bool *contact)
{
    (void)pitch;
    (void)contact;
    return (float)z > 0.78f;
}

static const struct bullet_runner robot = {
    .root = BULLET_BASE,
    .first = 0,
    .feet = 2,
    .foot = {11, 18},
    .torque = {100 * 0.41, 100 * 0.41, 100 * 0.41,             /* abdomen */
               100 * 0.41, 100 * 0.41, 300 * 0.41, 200 * 0.41, /* right hip and knee */
               100 * 0.41, 100 * 0.41, 300 * 0.41, 200 * 0.41, /* left */
               75 * 0.41, 75 * 0.41, 75 * 0.41,                /* right arm */
               75 * 0.41, 75 * 0.41, 75 * 0.41},
    .electricity = 4.25 * -2,
    .stall = 4.25 * -0.1,
    .is_alive = is_alive,
    .bonus = 2,
    .in_floats = true};

static const struct bullet_task humanoid =
    RUNNER(robot, "humanoid_symmetric.xml", 2, 17, 17, NAN, runner_judge);

/* Which of its parts touch on the ground or each other is looked through in an order that Bullet has from all
 * the episodes before: actions alone do not lead to the same bits again. */
TASK_OPS_WITHOUT_STATE(bullet, sac_bullet_humanoid, "HumanoidBulletEnv-v0", humanoid,
                       .observe_double = bullet_observe_double);
