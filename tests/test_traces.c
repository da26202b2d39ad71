/* The built-in environments against Gymnasium's, step by step: tests/traces/make_traces.py made the files and
 * describes them. With files named ENV.seedS.bin as arguments it replays those instead and prints what
 * differs. */
#include "environment.h"
#include "suite.h"

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 512 }; /* numbers per observation, action or state */

/* What was seen over one trace. */
struct difference {
    int steps, resets;
    int flags, observations;    /* how many differ; observations: as floats */
    double observation, reward; /* largest difference, double observations where there are any */
};

struct environment {
    const struct sac_env_ops *ops;
    void *instance;
    struct sac_env_spec spec;
};

static void fail_on(int failed, const char *error)
{
    ck_assert_msg(!failed, "%s", error);
}

static struct environment make_environment(const char *id, const char *const *options)
{
    char error[SAC_ENV_ERROR_SIZE];
    struct environment e;
    ck_assert_msg(sac_environment_find(id, &e.ops) == SAC_OK, "%s", sac_last_error());
    ck_assert_msg(sac_environment_spec(e.ops, options, &e.spec) == SAC_OK, "%s", sac_last_error());
    const struct sac_env_create create = {
        .size = sizeof create, .environments = 1, .seed = 1, .options = options};
    fail_on(e.ops->create(&create, &e.instance, error), error);
    return e;
}

static void read_numbers(FILE *file, void *numbers, size_t size, int count)
{
    ck_assert_int_le(count, LARGEST);
    ck_assert_uint_eq(fread(numbers, size, (size_t)count, file), (size_t)count);
}

static void compare_observation(struct difference *d, const struct environment *e, const float *got,
                                const double *want)
{
    double exact[LARGEST];
    char error[SAC_ENV_ERROR_SIZE];
    for (int i = 0; i < e->spec.observation_size; i++)
        exact[i] = (double)got[i];
    if (e->ops->observe_double)
        fail_on(e->ops->observe_double(e->instance, 0, exact, error), error);
    for (int i = 0; i < e->spec.observation_size; i++) {
        d->observations += got[i] != (float)want[i];
        d->observation = fmax(d->observation, fabs(exact[i] - want[i]));
    }
}

/* The sizes at the head of a trace. */
struct header {
    int32_t nq, nv, observation, action, steps, resets;
};

/* Start at the next reset of the trace, if that is at `step`. */
static void follow_reset(struct difference *d, const struct environment *e, const struct header *h,
                         FILE *resets, int step)
{
    int32_t at[2];
    double position[LARGEST], velocity[LARGEST], want[LARGEST];
    float got[LARGEST];
    char error[SAC_ENV_ERROR_SIZE];
    if (d->resets == h->resets)
        return;
    const long here = ftell(resets);
    read_numbers(resets, at, sizeof *at, 2);
    if (at[0] != step) {
        fseek(resets, here, SEEK_SET);
        return;
    }
    read_numbers(resets, position, sizeof *position, h->nq);
    read_numbers(resets, velocity, sizeof *velocity, h->nv);
    read_numbers(resets, want, sizeof *want, h->observation);
    fail_on(e->ops->reset_to(e->instance, 0, position, velocity, got, error), error);
    compare_observation(d, e, got, want);
    d->resets++;
}

static void follow_step(struct difference *d, const struct environment *e, const struct header *h,
                        FILE *steps)
{
    float action[LARGEST], got[LARGEST];
    double want[LARGEST], state[LARGEST], reward, want_reward;
    int32_t flags[2];
    uint8_t terminated, truncated;
    char error[SAC_ENV_ERROR_SIZE];
    read_numbers(steps, action, sizeof *action, h->action);
    read_numbers(steps, want, sizeof *want, h->observation);
    read_numbers(steps, &want_reward, sizeof want_reward, 1);
    read_numbers(steps, state, sizeof *state, h->nq + h->nv);
    read_numbers(steps, flags, sizeof *flags, 2);
    const struct sac_env_step step = {.size = sizeof step,
                                      .count = 1,
                                      .action = action,
                                      .observation = got,
                                      .reward = &reward,
                                      .terminated = &terminated,
                                      .truncated = &truncated};
    fail_on(e->ops->step(e->instance, &step, error), error);
    compare_observation(d, e, got, want);
    d->reward = fmax(d->reward, fabs(reward - want_reward));
    d->flags += terminated != flags[0] || truncated != flags[1];
    d->steps++;
}

/* Set the trace's state at each of its resets; between them our simulation runs alone, on the same actions.
 */
static struct difference replay(const char *path, const char *id, const char *const *options)
{
    struct difference d = {0};
    struct header h;
    char magic[8];
    FILE *resets = fopen(path, "rb"), *steps = fopen(path, "rb");
    ck_assert_msg(resets && steps, "cannot open %s", path);
    read_numbers(resets, magic, 1, sizeof magic);
    ck_assert_mem_eq(magic, "SACTRC01", sizeof magic);
    read_numbers(resets, &h, sizeof(int32_t), 6);
    const struct environment e = make_environment(id, options);
    ck_assert_int_eq(h.observation, e.spec.observation_size);
    ck_assert_int_eq(h.action, e.spec.action_size);
    ck_assert_int_eq(h.nq, e.spec.position_size);
    ck_assert_int_eq(h.nv, e.spec.velocity_size);
    fseek(steps, 8 + 24 + h.resets * (8L + 8 * (h.nq + h.nv + h.observation)), SEEK_SET);
    for (int t = 0; t < h.steps; t++) {
        follow_reset(&d, &e, &h, resets, t);
        follow_step(&d, &e, &h, steps);
    }
    follow_reset(&d, &e, &h, resets, h.steps);
    ck_assert_int_eq(d.resets, h.resets);
    e.ops->destroy(e.instance);
    fclose(resets);
    fclose(steps);
    return d;
}

static struct difference replay_seed(const char *id, int seed)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.seed%d.bin", TRACES, id, seed);
    return replay(path, id, NULL);
}

static void check_difference(const struct difference *d, int steps)
{
    ck_assert_int_ge(d->steps, steps);
    ck_assert_int_eq(d->observations, 0);
    ck_assert_int_eq(d->flags, 0);
    ck_assert_double_le(d->reward, 1e-6);
}

static void check_long_traces(const char *id, int steps)
{
    for (int seed = 0; seed < 3; seed++) {
        const struct difference d = replay_seed(id, seed);
        check_difference(&d, steps);
    }
}

static void check_traces(const char *id)
{
    check_long_traces(id, 60);
}

/* The same against a reference in doubles: as near as two ways to write the same equations come. */
static void check_reference(const char *id)
{
    check_traces(id);
    for (int seed = 0; seed < 3; seed++) {
        const struct difference d = replay_seed(id, seed);
        ck_assert_double_le(d.observation, 1e-12);
        ck_assert_double_le(d.reward, 1e-12);
    }
}

/* The equations of Pendulum-v1 and their roundings are Gymnasium's. */
START_TEST(pendulum)
{
    check_traces("Pendulum-v1");
}
END_TEST

/* The same for MountainCarContinuous-v0, at the wall, at top speed, beyond the action bounds and at the goal.
 */
START_TEST(mountain_car_continuous)
{
    check_traces("MountainCarContinuous-v0");
    ck_assert_int_gt(replay_seed("MountainCarContinuous-v0", 1).resets, 1);
}
END_TEST

/* CartPoleSwingUp-v0 is what Lagrange's equations of motion say, also where the track ends. */
START_TEST(cart_pole_swing_up)
{
    check_reference("CartPoleSwingUp-v0");
    ck_assert_int_gt(replay_seed("CartPoleSwingUp-v0", 1).resets, 1);
}
END_TEST

/* ContinuousAcrobot-v0 is Gymnasium's acrobot with other torques, up to the goal. */
START_TEST(continuous_acrobot)
{
    check_traces("ContinuousAcrobot-v0");
    ck_assert_int_gt(replay_seed("ContinuousAcrobot-v0", 1).resets, 1);
}
END_TEST

/* PlanarQuadrotor-v0 is a point and an arm that obey Newton, also where it is lost. */
START_TEST(planar_quadrotor)
{
    check_reference("PlanarQuadrotor-v0");
    ck_assert_int_gt(replay_seed("PlanarQuadrotor-v0", 1).resets, 1);
}
END_TEST

/* Whether MuJoCo's traces can hold here: they belong to the version that made them. */
static bool have_traced_mujoco(void)
{
    const char *here = sac_environment_mujoco_version();
    json_t *versions = json_load_file(TRACES "/VERSIONS.json", 0, NULL);
    const char *traced = json_string_value(json_object_get(versions, "mujoco"));
    ck_assert_ptr_nonnull(traced);
    const bool same = here && strcmp(here, traced) == 0;
    if (!same)
        fprintf(stderr, "SKIPPED: the traces are MuJoCo %s's, this build has %s\n", traced,
                here ? here : "none");
    json_decref(versions);
    return same;
}

static const struct {
    const char *id;
    int steps, resets; /* at least, of each trace; of one of them */
} mujoco_tasks[] = {
    {"InvertedPendulum-v5", 60, 10},
    {"InvertedDoublePendulum-v5", 60, 10},
    {"Reacher-v5", 60, 1},
    {"Pusher-v5", 40, 1},
    {"Swimmer-v5", 60, 1},
    {"Hopper-v5", 60, 3},
    {"HalfCheetah-v5", 60, 1},
    {"Walker2d-v5", 60, 3},
    {"Ant-v5", 20, 1},
    {"Humanoid-v5", 8, 1},
    {"HumanoidStandup-v5", 8, 1},
};

enum { MUJOCO_TASKS = sizeof mujoco_tasks / sizeof *mujoco_tasks };

/* The same for Gymnasium's MuJoCo tasks: contacts, warm starts, the float32 action cost, terminations. */
START_TEST(mujoco)
{
    const char *id = mujoco_tasks[_i].id;
    bool resets = false;
    if (!have_traced_mujoco())
        return;
    check_long_traces(id, mujoco_tasks[_i].steps);
    for (int seed = 0; seed < 3; seed++)
        resets |= replay_seed(id, seed).resets >= mujoco_tasks[_i].resets;
    ck_assert(resets);
}
END_TEST

/* The same with every option away from its default; OPTIONS.json says where. */
START_TEST(mujoco_options)
{
    enum { MOST = 16 };
    const char *id = mujoco_tasks[_i].id, *options[MOST + 1] = {NULL};
    char path[4096];
    if (!have_traced_mujoco())
        return;
    json_t *all = json_load_file(TRACES "/options/OPTIONS.json", 0, NULL), *text;
    size_t i;
    json_array_foreach(json_object_get(all, id), i, text)
    {
        ck_assert_uint_lt(i, MOST);
        options[i] = json_string_value(text);
    }
    ck_assert_ptr_nonnull(options[0]);
    snprintf(path, sizeof path, "%s/options/%s.seed0.bin", TRACES, id);
    const struct difference d = replay(path, id, options);
    check_difference(&d, mujoco_tasks[_i].steps);
    json_decref(all);
}
END_TEST

static bool have_bullet(void)
{
    const bool have = sac_environment_bullet_version() != NULL;
    if (!have)
        fprintf(stderr, "SKIPPED: pybullet's wheel is not here (./quickstart deps bullet)\n");
    return have;
}

/* The same for Bullet's pendulums, which fall and begin again, with flags and rewards at their ends. */
START_TEST(bullet_pendulums)
{
    if (!have_bullet())
        return;
    check_traces("InvertedPendulumBulletEnv-v0");
    ck_assert_int_gt(replay_seed("InvertedPendulumBulletEnv-v0", 0).resets, 1);
    check_long_traces("InvertedPendulumSwingupBulletEnv-v0", 30);
    check_long_traces("InvertedDoublePendulumBulletEnv-v0", 40);
    ck_assert_int_gt(replay_seed("InvertedDoublePendulumBulletEnv-v0", 0).resets, 1);
}
END_TEST

/* The same for ReacherBulletEnv-v0: places of links, and costs in float32. Its states are long, its traces
 * short. */
START_TEST(bullet_reacher)
{
    if (have_bullet())
        check_long_traces("ReacherBulletEnv-v0", 12);
}
END_TEST

/* The same for Bullet's robots, with contacts and what the solver keeps of them, from falls to new episodes.
 */
START_TEST(bullet_runners)
{
    if (!have_bullet())
        return;
    check_long_traces("HopperBulletEnv-v0", 40);
    check_long_traces("Walker2DBulletEnv-v0", 35);
    check_long_traces("HalfCheetahBulletEnv-v0", 30);
    check_long_traces("AntBulletEnv-v0", 25);
    check_long_traces("HumanoidBulletEnv-v0", 25);
    ck_assert_int_gt(replay_seed("HopperBulletEnv-v0", 0).resets, 2);
    ck_assert_int_gt(replay_seed("HumanoidBulletEnv-v0", 0).resets, 1);
}
END_TEST

static char **given; /* the command line's files, for the test below */

/* A file from the command line agrees. */
START_TEST(given_trace)
{
    const char *path = given[_i], *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char id[64];
    snprintf(id, sizeof id, "%.*s", (int)strcspn(name, "."), name);
    const struct difference d = replay(path, id, NULL);
    printf("%s: %d steps, %d resets; floats that differ: %d, flags: %d; largest difference of double "
           "observations %g, rewards %g\n",
           name, d.steps, d.resets, d.observations, d.flags, d.observation, d.reward);
    fflush(stdout); /* a failed assertion ends the process without */
    ck_assert_int_eq(d.observations + d.flags, 0);
    ck_assert_double_le(d.reward, 1e-6);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("traces");
    given = argv + 1;
    if (argc > 1) {
        tcase_add_loop_test(tests, given_trace, 0, argc - 1);
    } else {
        tcase_add_test(tests, pendulum);
        tcase_add_test(tests, mountain_car_continuous);
        tcase_add_test(tests, cart_pole_swing_up);
        tcase_add_test(tests, continuous_acrobot);
        tcase_add_test(tests, planar_quadrotor);
        tcase_add_loop_test(tests, mujoco, 0, MUJOCO_TASKS);
        tcase_add_loop_test(tests, mujoco_options, 0, MUJOCO_TASKS);
        tcase_add_test(tests, bullet_pendulums);
        tcase_add_test(tests, bullet_reacher);
        tcase_add_test(tests, bullet_runners);
    }
    return suite_run(CK_FORK_GETENV, "traces", 1, tests);
}
