#include "runner.h"

#include <math.h>

enum { BODY = 8 }; /* numbers about the torso, at the head of an observation */

const float runner_low[BULLET_JOINTS] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
const float runner_high[BULLET_JOINTS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static int motors(const struct bullet_world *world)
{
    return world->joints - world->scene->runner->first;
}

void runner_perturb(struct bullet_world *world, struct sac_env_stream *stream)
{
    for (int k = world->scene->runner->first; k < world->joints; k++)
        bullet_world_set_joint(world, k, sac_env_uniform(stream, -0.1, 0.1), 0);
}

void runner_act(struct bullet_world *world, const float *action)
{
    const struct bullet_runner *runner = world->scene->runner;
    double torque[BULLET_JOINTS];
    for (int i = 0; i < motors(world); i++)
        torque[i] = runner->in_floats ? (double)((float)runner->torque[i] * (float)bullet_clip(action[i]))
                                      : runner->torque[i] * bullet_clip(action[i]);
    bullet_world_push(world, runner->first, motors(world), torque);
}

/* NumPy adds eight numbers side by side, then these, then the rest. */
#define DEFINE_SUM(name, type)                                                                               \
    static type name(const type *x, int n)                                                                   \
    {                                                                                                        \
        type part[8] = {0}, sum = 0;                                                                         \
        const int whole = n - n % 8;                                                                         \
        for (int i = 0; i < whole; i++)                                                                      \
            part[i % 8] += x[i];                                                                             \
        sum = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));     \
        for (int i = whole; i < n; i++)                                                                      \
            sum += x[i];                                                                                     \
        return sum;                                                                                          \
    }

DEFINE_SUM(sum_doubles, double)
DEFINE_SUM(sum_floats, float)

/* The middle of all parts; the ground's is 0. */
static double middle(const double (*link)[3], int links, int axis, bool floor)
{
    double x[BULLET_LINKS + 1] = {0};
    for (int k = 0; k < links; k++)
        x[k] = link[k][axis];
    return sum_doubles(x, links + floor) / (links + floor);
}

/* From the parts' middle to the target, in the plane. */
struct way {
    double x, y;
};

static struct way way_to_target(const double (*link)[3], int links, bool floor)
{
    return (struct way){1e3 - middle(link, links, 0, floor), 0 - middle(link, links, 1, floor)};
}

static double potential(const double (*link)[3], int links, bool floor)
{
    const struct way way = way_to_target(link, links, floor);
    return -sqrt(way.y * way.y + way.x * way.x) / (0.0165 / 4 * 4);
}

struct attitude {
    double roll, pitch, yaw;
};

/* As pybullet's getEulerFromQuaternion. */
static struct attitude attitude_of(const double *q)
{
    const double x = q[0], y = q[1], z = q[2], w = q[3], sine = -2 * (x * z - w * y);
    const double pi = 3.14159265358979323846;
    if (sine <= -0.99999)
        return (struct attitude){0, -0.5 * pi, 2 * atan2(x, -y)};
    if (sine >= 0.99999)
        return (struct attitude){0, 0.5 * pi, 2 * atan2(-x, y)};
    return (struct attitude){atan2(2 * (y * z + w * x), w * w - x * x - y * y + z * z), asin(sine),
                             atan2(2 * (x * y + w * z), w * w + x * x - y * y - z * z)};
}

/* The torso's height above the one at the start, which a humanoid's is not measured at. */
static double start_height(const struct bullet_world *world)
{
    return world->scene->runner->in_floats ? 0.8 : world->start_height;
}

static float relative_height(const struct bullet_world *world)
{
    return fmaxf(-5, fminf(5, (float)(world->root[2] - start_height(world))));
}

static void observe_body(const struct bullet_world *world, double *observation)
{
    const struct attitude a = attitude_of(world->root + 3);
    const struct way way = way_to_target(world->link, world->links, world->floor);
    const double angle = atan2(way.y, way.x) - a.yaw, c = cos(-a.yaw), s = sin(-a.yaw);
    const double *v = world->root_velocity;
    observation[0] = (double)relative_height(world);
    observation[1] = sin(angle);
    observation[2] = cos(angle);
    observation[3] = 0.3 * (c * v[0] - s * v[1]);
    observation[4] = 0.3 * (s * v[0] + c * v[1]);
    observation[5] = 0.3 * v[2];
    observation[6] = a.roll;
    observation[7] = a.pitch;
}

/* All are floats in pybullet_envs, too. */
void runner_observe(const struct bullet_world *world, double *observation)
{
    const struct bullet_runner *runner = world->scene->runner;
    double *joint = observation + BODY, *foot = joint + 2 * motors(world);
    observe_body(world, observation);
    for (int i = 0; i < motors(world); i++) {
        joint[2 * i] = bullet_relative_position(world, runner->first + i);
        joint[2 * i + 1] = 0.1 * world->velocity[runner->first + i];
    }
    for (int i = 0; i < runner->feet; i++)
        foot[i] = world->contact[i];
    for (int i = 0; i < BODY + 2 * motors(world); i++) /* NaN stays NaN, and is refused */
        observation[i] = observation[i] > 5 ? 5 : observation[i] < -5 ? -5 : (double)(float)observation[i];
}

static double motor_cost(const struct bullet_world *world, const float *action)
{
    const struct bullet_runner *runner = world->scene->runner;
    const int n = motors(world);
    float work[BULLET_JOINTS], square[BULLET_JOINTS];
    for (int i = 0; i < n; i++) {
        work[i] = fabsf(action[i] * (float)(0.1 * world->velocity[runner->first + i]));
        square[i] = action[i] * action[i];
    }
    return runner->electricity * (double)(sum_floats(work, n) / (float)n) +
           runner->stall * (double)(sum_floats(square, n) / (float)n);
}

static int joints_at_limit(const struct bullet_world *world)
{
    int count = 0;
    for (int k = world->scene->runner->first; k < world->joints; k++)
        count += fabsf((float)bullet_relative_position(world, k)) > 0.99f;
    return count;
}

static bool is_alive(const struct bullet_world *world)
{
    const struct bullet_runner *runner = world->scene->runner;
    const float above = relative_height(world);
    const double z = runner->in_floats ? (double)(above + (float)start_height(world))
                                       : (double)above + start_height(world);
    return runner->is_alive(z, attitude_of(world->root + 3).pitch, world->contact);
}

bool runner_judge_endless(const struct bullet_outcome *outcome, double *reward)
{
    const struct bullet_world *w = outcome->world;
    const double alive = is_alive(w) ? w->scene->runner->bonus : -1;
    const double progress =
        potential(w->link, w->links, w->floor) - potential(outcome->link, w->links, outcome->floor);
    *reward = alive + progress + motor_cost(w, outcome->action) + -0.1 * joints_at_limit(w);
    return false;
}

bool runner_judge(const struct bullet_outcome *outcome, double *reward)
{
    runner_judge_endless(outcome, reward);
    return !is_alive(outcome->world);
}
