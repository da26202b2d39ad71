/* The registry, plugins, and what every built-in environment promises by <softac/env.h>. */
#include "environment.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_MUJOCO
#include "../envs/mujoco/mujoco_trap.h"
#include <mujoco/mujoco.h>
#endif

enum { ENVIRONMENTS = 8, SIZE = 384, STEPS = 40 }; /* SIZE: most numbers per observation, action or state */

/* An instance with room for one batch. */
struct batch {
    const struct sac_env_ops *ops;
    struct sac_env_spec spec;
    void *instance;
    int32_t count;
    float action[ENVIRONMENTS * SIZE], observation[ENVIRONMENTS * SIZE];
    double reward[ENVIRONMENTS];
    uint8_t terminated[ENVIRONMENTS], truncated[ENVIRONMENTS];
    char error[SAC_ENV_ERROR_SIZE];
};

/* False, with the reason printed, where this build or machine lacks the environment. */
static bool open_batch(struct batch *b, int entry, int32_t count, int32_t first, uint64_t seed)
{
    const struct sac_environment_entry *e = sac_environment_entry(entry);
    memset(b, 0, sizeof *b);
    if (!e->ops) {
        fprintf(stderr, "SKIPPED: %s: %s\n", e->id, e->remedy);
        return false;
    }
    b->ops = e->ops;
    b->count = count;
    ck_assert_int_eq(sac_environment_spec(b->ops, NULL, &b->spec), SAC_OK);
    const struct sac_env_create create = {
        .size = sizeof create, .environments = count, .first_environment = first, .seed = seed};
    if (b->ops->create(&create, &b->instance, b->error) == 0)
        return true;
    ck_assert_msg(strstr(b->error, "quickstart deps"), "%s", b->error);
    fprintf(stderr, "SKIPPED: %s: %s\n", e->id, b->error);
    return false;
}

static void reset(struct batch *b, int32_t index)
{
    ck_assert_int_eq(b->ops->reset(b->instance, 1, &index, b->observation, SIZE, b->error), 0);
}

static void reset_all(struct batch *b)
{
    for (int32_t j = 0; j < b->count; j++)
        reset(b, j);
}

static void step(struct batch *b, int32_t count)
{
    const struct sac_env_step step = {.size = sizeof step,
                                      .count = count,
                                      .action = b->action,
                                      .action_stride = SIZE,
                                      .observation = b->observation,
                                      .observation_stride = SIZE,
                                      .reward = b->reward,
                                      .terminated = b->terminated,
                                      .truncated = b->truncated};
    ck_assert_msg(b->ops->step(b->instance, &step, b->error) == 0, "%s", b->error);
}

/* Actions that differ by step and environment, within the bounds. */
static void choose(struct batch *b, int t, int32_t first)
{
    for (int32_t j = 0; j < b->count; j++)
        for (int32_t i = 0; i < b->spec.action_size; i++) {
            const float range = b->spec.action_high[i] - b->spec.action_low[i];
            b->action[j * SIZE + i] =
                b->spec.action_low[i] + range * (float)(0.5 + 0.5 * sin(t * 0.7 + first + j + i * 1.3));
        }
}

/* Step number t of all; `trail` gets everything that came out, (count, observation_size + 2). Returns its
 * end. */
static double *advance(struct batch *b, int t, int32_t first, double *trail)
{
    choose(b, t, first);
    step(b, b->count);
    for (int32_t j = 0; j < b->count; j++) {
        for (int i = 0; i < b->spec.observation_size; i++)
            *trail++ = (double)b->observation[j * SIZE + i];
        *trail++ = b->reward[j];
        *trail++ = b->terminated[j];
    }
    return trail;
}

/* Play `steps` steps, restarting what ended; `trail` (steps, count, observation_size + 2) keeps everything
 * that came out. */
static void play(struct batch *b, int from, int steps, int32_t first, double *trail)
{
    for (int t = from; t < from + steps; t++) {
        trail = advance(b, t, first, trail);
        for (int32_t j = 0; j < b->count; j++)
            if (b->terminated[j] || t % 17 == 16)
                reset(b, j);
    }
}

static size_t trail_size(const struct batch *b, int steps)
{
    return (size_t)steps * (size_t)b->count * (size_t)(b->spec.observation_size + 2) * sizeof(double);
}

enum { TRAIL = STEPS * ENVIRONMENTS * (SIZE + 2) };
static double trail_a[TRAIL], trail_b[TRAIL];

/* The same seed gives the same episodes, another seed others. */
START_TEST(determined_by_seed)
{
    struct batch a, b, c;
    if (!open_batch(&a, _i, 3, 5, 42))
        return;
    ck_assert(open_batch(&b, _i, 3, 5, 42));
    ck_assert(open_batch(&c, _i, 3, 5, 43));
    reset_all(&a);
    reset_all(&b);
    reset_all(&c);
    play(&a, 0, STEPS, 0, trail_a);
    play(&b, 0, STEPS, 0, trail_b);
    ck_assert_mem_eq(trail_a, trail_b, trail_size(&a, STEPS));
    play(&c, 0, STEPS, 0, trail_b);
    ck_assert_mem_ne(trail_a, trail_b, trail_size(&a, STEPS));
    a.ops->destroy(a.instance);
    b.ops->destroy(b.instance);
    c.ops->destroy(c.instance);
}
END_TEST

/* Eight environments in one instance do what eight instances of one do, episode after episode. */
START_TEST(independent_of_grouping)
{
    struct batch whole, single;
    if (!open_batch(&whole, _i, ENVIRONMENTS, 0, 7))
        return;
    reset_all(&whole);
    play(&whole, 0, STEPS, 0, trail_a);
    const int row = whole.spec.observation_size + 2;
    for (int32_t j = 0; j < ENVIRONMENTS; j++) {
        ck_assert(open_batch(&single, _i, 1, j, 7));
        reset_all(&single);
        play(&single, 0, STEPS, j, trail_b);
        for (int t = 0; t < STEPS; t++)
            ck_assert_mem_eq(trail_a + (t * ENVIRONMENTS + j) * row, trail_b + t * row,
                             (size_t)row * sizeof *trail_a);
        single.ops->destroy(single.instance);
    }
    whole.ops->destroy(whole.instance);
}
END_TEST

/* A saved state goes on exactly, resets included, in another instance that was elsewhere; unaligned bytes
 * will do. */
START_TEST(state_round_trip)
{
    struct batch a, b;
    if (!open_batch(&a, _i, 2, 0, 3))
        return;
    if (!a.ops->state_size) {
        a.ops->destroy(a.instance);
        return;
    }
    ck_assert(open_batch(&b, _i, 2, 0, 3));
    reset_all(&a);
    reset_all(&b);
    play(&a, 0, 25, 0, trail_a);
    play(&b, 9, 3, 1, trail_b);
    const size_t size = a.ops->state_size(a.instance);
    char *bytes = malloc(size + 1);
    for (int32_t j = 0; j < 2; j++) {
        ck_assert_int_eq(a.ops->get_state(a.instance, j, bytes + 1, a.error), 0);
        ck_assert_int_eq(b.ops->set_state(b.instance, j, bytes + 1, b.error), 0);
    }
    free(bytes);
    play(&a, 25, STEPS, 0, trail_a);
    play(&b, 25, STEPS, 0, trail_b);
    ck_assert_mem_eq(trail_a, trail_b, trail_size(&a, STEPS));
    a.ops->destroy(a.instance);
    b.ops->destroy(b.instance);
}
END_TEST

/* An episode started at a given state does not depend on what was played before. */
START_TEST(reset_to_forgets_the_past)
{
    struct batch a, b;
    double position[SIZE], velocity[SIZE];
    if (!open_batch(&a, _i, 1, 0, 3))
        return;
    ck_assert(open_batch(&b, _i, 1, 4, 99));
    reset_all(&a);
    reset_all(&b);
    play(&b, 0, 16, 0, trail_b);
    for (int i = 0; i < SIZE; i++) {
        position[i] = -0.05 + 0.003 * i;
        velocity[i] = 0.1 - 0.02 * i;
    }
    ck_assert_int_eq(a.ops->reset_to(a.instance, 0, position, velocity, a.observation, a.error), 0);
    ck_assert_int_eq(b.ops->reset_to(b.instance, 0, position, velocity, b.observation, b.error), 0);
    ck_assert_mem_eq(a.observation, b.observation, (size_t)a.spec.observation_size * sizeof(float));
    double *end_a = trail_a, *end_b = trail_b;
    for (int t = 0; t < 8; t++) { /* beyond an end, as the next episode would begin by seed */
        end_a = advance(&a, t, 0, end_a);
        end_b = advance(&b, t, 0, end_b);
    }
    ck_assert_mem_eq(trail_a, trail_b, trail_size(&a, 8));
    a.ops->destroy(a.instance);
    b.ops->destroy(b.instance);
}
END_TEST

/* A step of the first three leaves the others, and the caller's rows for them, alone. */
START_TEST(partial_count)
{
    struct batch a, b;
    if (!open_batch(&a, _i, 5, 0, 11))
        return;
    ck_assert(open_batch(&b, _i, 5, 0, 11));
    reset_all(&a);
    reset_all(&b);
    choose(&a, 1, 0);
    choose(&b, 1, 0);
    for (int j = 3; j < 5; j++)
        a.observation[j * SIZE] = a.observation[j * SIZE + 1] = -77;
    a.reward[3] = a.reward[4] = -77;
    step(&a, 3);
    step(&b, 5);
    ck_assert_mem_eq(a.observation, b.observation, 3 * SIZE * sizeof(float));
    for (int j = 3; j < 5; j++) {
        ck_assert_float_eq(a.observation[j * SIZE], -77);
        ck_assert_double_eq(a.reward[j], -77);
    }
    memmove(a.action, a.action + 3 * SIZE,
            2 * SIZE * sizeof(float)); /* other actions: only rows 3, 4 count */
    memcpy(a.action + 3 * SIZE, b.action + 3 * SIZE, 2 * SIZE * sizeof(float));
    step(&a, 5);
    for (int j = 3; j < 5; j++)
        ck_assert_mem_eq(a.observation + j * SIZE, b.observation + j * SIZE,
                         (size_t)a.spec.observation_size * sizeof(float));
    a.ops->destroy(a.instance);
    b.ops->destroy(b.instance);
}
END_TEST

/* Of the numbers of the first observation, over many resets. */
struct moments {
    double mean, variance, low, high;
};

enum { RESETS = 4000 };

static void measure_resets(struct batch *b, struct moments *m)
{
    const int n = b->spec.observation_size;
    for (int i = 0; i < n; i++)
        m[i] = (struct moments){0, 0, INFINITY, -INFINITY};
    for (int t = 0; t < RESETS; t++) {
        reset(b, 0);
        for (int i = 0; i < n; i++) {
            const double x = (double)b->observation[i];
            m[i].mean += x / RESETS;
            m[i].variance += x * x / RESETS;
            m[i].low = fmin(m[i].low, x);
            m[i].high = fmax(m[i].high, x);
        }
    }
    for (int i = 0; i < n; i++)
        m[i].variance -= m[i].mean * m[i].mean;
}

/* The mean lies within four standard errors, the variance within a tenth. */
static void check_moments(const struct moments *m, double mean, double variance)
{
    ck_assert_double_eq_tol(m->mean, mean, 4 * sqrt(variance / RESETS));
    ck_assert_double_eq_tol(m->variance, variance, 0.1 * variance);
}

/* Within the bounds, as float rounds them, and up to a hundredth of the range from both. */
static void check_uniform(const struct moments *m, double low, double high)
{
    const double range = high - low;
    ck_assert_double_ge(m->low, low - 1e-7);
    ck_assert_double_le(m->high, high + 1e-7);
    ck_assert_double_le(m->low, low + 0.01 * range);
    ck_assert_double_ge(m->high, high - 0.01 * range);
    check_moments(m, (low + high) / 2, range * range / 12);
}

static bool open_by_id(struct batch *b, const char *id)
{
    int entry = 0;
    while (strcmp(sac_environment_entry(entry)->id, id) != 0)
        entry++;
    return open_batch(b, entry, 1, 0, 1);
}

/* First states are Gymnasium's in distribution: a uniform angle has sin and cos of mean 0 and variance 1/2.
 */
START_TEST(resets_of_classic_tasks)
{
    struct batch b;
    struct moments m[SIZE];
    ck_assert(open_by_id(&b, "Pendulum-v1"));
    measure_resets(&b, m);
    check_moments(&m[0], 0, 0.5);
    check_moments(&m[1], 0, 0.5);
    check_uniform(&m[2], -1, 1);
    b.ops->destroy(b.instance);
    ck_assert(open_by_id(&b, "MountainCarContinuous-v0"));
    measure_resets(&b, m);
    check_uniform(&m[0], -0.6, -0.4);
    ck_assert_double_eq(m[1].low, 0);
    ck_assert_double_eq(m[1].high, 0);
    b.ops->destroy(b.instance);
}
END_TEST

/* The tasks that Gymnasium lacks begin as their files say: near hanging and rest, and the quadrotor near
 * level. */
START_TEST(resets_of_our_tasks)
{
    struct batch b;
    struct moments m[SIZE];
    ck_assert(open_by_id(&b, "CartPoleSwingUp-v0"));
    measure_resets(&b, m);
    check_uniform(&m[0], -0.05, 0.05);
    check_uniform(&m[1], -0.05, 0.05);
    ck_assert_double_le(m[2].high, -cos(0.05) + 1e-7);
    check_uniform(&m[3], -sin(0.05), sin(0.05));
    check_uniform(&m[4], -0.05, 0.05);
    b.ops->destroy(b.instance);
    ck_assert(open_by_id(&b, "ContinuousAcrobot-v0"));
    measure_resets(&b, m);
    check_uniform(&m[1], -sin(0.1), sin(0.1));
    check_uniform(&m[3], -sin(0.1), sin(0.1));
    check_uniform(&m[4], -0.1, 0.1);
    check_uniform(&m[5], -0.1, 0.1);
    b.ops->destroy(b.instance);
    ck_assert(open_by_id(&b, "PlanarQuadrotor-v0"));
    measure_resets(&b, m);
    check_uniform(&m[0], -1, 1);
    check_uniform(&m[1], -1, 1);
    check_uniform(&m[3], -sin(0.1), sin(0.1));
    for (int i = 4; i < 7; i++)
        check_uniform(&m[i], -0.1, 0.1);
    b.ops->destroy(b.instance);
}
END_TEST

/* The pendulum's reward takes an angle of any number of turns as fmod() reduces it, to the last bit. */
START_TEST(pendulum_reduces_angles)
{
    const double pi = 3.14159265358979323846, turn = 2 * pi;
    struct batch b;
    ck_assert(open_by_id(&b, "Pendulum-v1"));
    for (int i = -400; i <= 400; i++) {
        const double position[2] = {i % 10 == 0 ? i / 10 * pi : 0.0873 * i, 0};
        const double rest = fmod(position[0] + pi, turn), angle = (rest < 0 ? rest + turn : rest) - pi;
        ck_assert_int_eq(b.ops->reset_to(b.instance, 0, position, NULL, b.observation, b.error), 0);
        b.action[0] = 0;
        step(&b, 1);
        ck_assert_double_eq(b.reward[0], -(angle * angle));
    }
    b.ops->destroy(b.instance);
}
END_TEST

/* The same distributions for the MuJoCo tasks: positions uniform; velocities uniform, or normal with
 * deviation 0.1. */
START_TEST(resets_of_mujoco_tasks)
{
    struct batch b;
    struct moments m[SIZE];
    if (open_by_id(&b, "InvertedPendulum-v5")) {
        measure_resets(&b, m);
        for (int i = 0; i < 4; i++)
            check_uniform(&m[i], -0.01, 0.01);
        b.ops->destroy(b.instance);
    }
    if (open_by_id(&b, "HalfCheetah-v5")) {
        measure_resets(&b, m);
        for (int i = 0; i < 8; i++)
            check_uniform(&m[i], -0.1, 0.1);
        for (int i = 8; i < 17; i++) {
            check_moments(&m[i], 0, 0.01);
            ck_assert_double_gt(m[i].high, 0.25); /* beyond any uniform of that variance */
        }
        b.ops->destroy(b.instance);
    }
}
END_TEST

/* The same for Bullet's tasks: angles uniform around upright or hanging, the target in its square; all at
 * rest. */
START_TEST(resets_of_bullet_tasks)
{
    struct batch b;
    struct moments m[SIZE];
    if (!open_by_id(&b, "InvertedPendulumBulletEnv-v0"))
        return;
    measure_resets(&b, m);
    check_uniform(&m[3], -sin(0.1), sin(0.1));
    ck_assert_double_ge(m[2].low, cos(0.1) - 1e-7);
    b.ops->destroy(b.instance);
    ck_assert(open_by_id(&b, "InvertedPendulumSwingupBulletEnv-v0"));
    measure_resets(&b, m);
    check_uniform(&m[3], sin(3.1415 + 0.1), sin(3.1415 - 0.1));
    ck_assert_double_le(m[2].high, -cos(0.1001));
    b.ops->destroy(b.instance);
    ck_assert(open_by_id(&b, "InvertedDoublePendulumBulletEnv-v0"));
    measure_resets(&b, m);
    check_uniform(&m[4], -sin(0.1), sin(0.1));
    check_uniform(&m[7], -sin(0.1), sin(0.1));
    b.ops->destroy(b.instance);
    ck_assert(open_by_id(&b, "ReacherBulletEnv-v0"));
    measure_resets(&b, m);
    check_uniform(&m[0], -0.27, 0.27);
    check_uniform(&m[1], -0.27, 0.27);
    check_uniform(&m[7], -3.14 / 3, 3.14 / 3);
    for (int i = 6; i <= 8; i += 2)
        ck_assert(m[i].low == 0 && m[i].high == 0);
    b.ops->destroy(b.instance);
}
END_TEST

/* One of several threads, each with a simulation of its own. */
struct lane {
    struct batch batch;
    double trail[STEPS * (SIZE + 2)];
    pthread_t thread;
};

static void *play_lane(void *argument)
{
    struct lane *lane = argument;
    reset_all(&lane->batch);
    play(&lane->batch, 0, STEPS, 0, lane->trail);
    return NULL;
}

/* Clients of Bullet in four threads at once do what they do one after the other. */
START_TEST(bullet_in_threads)
{
    enum { LANES = 4 };
    static const char *const ids[] = {"InvertedDoublePendulumBulletEnv-v0", "AntBulletEnv-v0"};
    static struct lane alone, lane[LANES];
    if (!open_by_id(&alone.batch, ids[_i]))
        return;
    play_lane(&alone);
    for (int i = 0; i < LANES; i++)
        ck_assert(open_by_id(&lane[i].batch, ids[_i]));
    for (int i = 0; i < LANES; i++)
        ck_assert_int_eq(pthread_create(&lane[i].thread, NULL, play_lane, &lane[i]), 0);
    for (int i = 0; i < LANES; i++) {
        ck_assert_int_eq(pthread_join(lane[i].thread, NULL), 0);
        ck_assert_mem_eq(lane[i].trail, alone.trail, trail_size(&alone.batch, STEPS));
        lane[i].batch.ops->destroy(lane[i].batch.instance);
    }
    alone.batch.ops->destroy(alone.batch.instance);
}
END_TEST

static void check_bullet_refused(const char *folder, const char *words)
{
    const struct sac_env_ops *ops;
    char option[256], error[SAC_ENV_ERROR_SIZE];
    const char *const options[] = {option, NULL};
    const struct sac_env_create create = {.size = sizeof create, .environments = 1, .options = options};
    void *instance;
    snprintf(option, sizeof option, "model_dir=%s", folder);
    ck_assert_int_eq(sac_environment_find("InvertedPendulumBulletEnv-v0", &ops), SAC_OK);
    ck_assert_int_eq(ops->create(&create, &instance, error), 1);
    ck_assert_msg(strstr(error, words) && strstr(error, "quickstart deps bullet"), "%s", error);
}

/* A folder that holds no wheel, or one of another version, is refused with the remedy. */
START_TEST(bullet_refused)
{
    char folder[] = "bullet_XXXXXX", library[64], version[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(library, sizeof library, "%s/pybullet.none.so", folder);
    snprintf(version, sizeof version, "%s/pybullet-3.2.6.dist-info", folder);
    check_bullet_refused(folder, "no pybullet.*.so");
    fclose(fopen(library, "w"));
    ck_assert_int_eq(mkdir(version, 0700), 0);
    check_bullet_refused(folder, "holds pybullet-3.2.6.dist-info");
    remove(version);
    remove(library);
    remove(folder);
}
END_TEST

/* An option that an environment does not know is refused by name. */
START_TEST(unknown_option)
{
    const char *const options[] = {"gravity=9.81", NULL};
    const struct sac_environment_entry *e = sac_environment_entry(_i);
    struct sac_env_spec spec;
    if (!e->ops)
        return;
    ck_assert_int_eq(sac_environment_spec(e->ops, options, &spec), SAC_ENV);
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "gravity=9.81"));
    ck_assert_ptr_nonnull(strstr(sac_last_error(), e->id));
}
END_TEST

/* --- models that MuJoCo can not use --- */

/* Create InvertedPendulum-v5 on a model file of this text; true if that fails, its sentence in error. */
static bool model_fails(const char *text, char *error)
{
    const struct sac_env_ops *ops;
    char directory[] = "models_XXXXXX", option[64], path[64];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(option, sizeof option, "model_dir=%s", directory);
    snprintf(path, sizeof path, "%s/inverted_pendulum.xml", directory);
    if (text) {
        FILE *file = fopen(path, "w");
        fputs(text, file);
        fclose(file);
    }
    const char *const options[] = {option, NULL};
    const struct sac_env_create create = {.size = sizeof create, .environments = 1, .options = options};
    void *instance = NULL;
    ck_assert_int_eq(sac_environment_find("InvertedPendulum-v5", &ops), SAC_OK);
    bool failed = ops->create(&create, &instance, error) != 0;
    if (!failed) {
        const int32_t which = 0;
        float observation[4];
        failed = ops->reset(instance, 1, &which, observation, 4, error) != 0;
    }
    ops->destroy(instance);
    unlink(path);
    rmdir(directory);
    return failed;
}

/* A model of the right sizes: both joints meet their limits as soon as the reset noise moves them. */
#define MODEL(size)                                                                                          \
    "<mujoco>" size "<worldbody><body>"                                                                      \
    "<joint type='slide' axis='1 0 0' limited='true' range='-.00001 .00001'/><geom size='.1'/><body>"        \
    "<joint name='h' axis='0 1 0' limited='true' range='-.00001 .00001'/><geom size='.1'/>"                  \
    "</body></body></worldbody><actuator><motor joint='h'/></actuator></mujoco>"

/* A missing, broken or foreign model gives a sentence. */
START_TEST(bad_models)
{
    char error[SAC_ENV_ERROR_SIZE];
    if (!sac_environment_mujoco_version()) {
        fprintf(stderr, "SKIPPED: this build has no MuJoCo\n");
        return;
    }
    ck_assert(!model_fails(MODEL(""), error));
    ck_assert(model_fails(NULL, error));
    ck_assert_ptr_nonnull(strstr(error, "has no readable inverted_pendulum.xml"));
    ck_assert(model_fails("<mujoco><wordbody/></mujoco>", error));
    ck_assert_ptr_nonnull(strstr(error, "wordbody"));
    ck_assert(model_fails("<mujoco/>", error));
    ck_assert_ptr_nonnull(strstr(error, "0 positions"));
}
END_TEST

/* A fatal error of MuJoCo during a simulation gives a sentence, does not end the process, and may happen
 * again: here the memory that the model asks for holds it at rest but not at its limits. */
START_TEST(fatal_errors_of_mujoco)
{
    char error[SAC_ENV_ERROR_SIZE];
    if (!sac_environment_mujoco_version() || strncmp(sac_environment_mujoco_version(), "2.", 2) == 0) {
        fprintf(stderr, "SKIPPED: this build has no MuJoCo that takes <size memory>\n");
        return;
    }
    int caught = 0;
    for (int bytes = 400; bytes < 1600; bytes += 100) {
        char text[1024];
        snprintf(text, sizeof text, MODEL("<size memory='%d'/>"), bytes);
        caught += model_fails(text, error) && strncmp(error, "MuJoCo: ", 8) == 0;
    }
    ck_assert_int_ge(caught, 2);
}
END_TEST

#ifdef HAVE_MUJOCO

static int fail_in_mujoco(void *argument, char *error)
{
    (void)argument;
    mju_error(
        "a test's error"); /* a literal: it is a format in new versions, the only argument in old ones */
    snprintf(error, SAC_ENV_ERROR_SIZE, "mju_error() came back");
    return 2;
}

static int succeed(void *argument, char *error)
{
    (void)argument;
    mju_warning("a test's warning"); /* is neither printed nor an error */
    (void)error;
    return 0;
}

/* MuJoCo's error ends the trapped work alone, whatever its version; a trap after it works as ever. */
START_TEST(trap)
{
    char error[SAC_ENV_ERROR_SIZE];
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(mujoco_trap(fail_in_mujoco, NULL, error), 1);
        ck_assert_str_eq(error, "MuJoCo: a test's error");
        ck_assert_int_eq(mujoco_trap(succeed, NULL, error), 0);
    }
    ck_assert_int_ne(access("MUJOCO_LOG.TXT", F_OK), 0);
}
END_TEST

#endif

/* --- the registry --- */

/* A misspelt name is answered with the nearest, nonsense with where to look. */
START_TEST(nearest_names)
{
    const struct sac_env_ops *ops;
    ck_assert_int_eq(sac_environment_find("pendulum", &ops), SAC_INVALID);
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "'Pendulum-v1'"));
    ck_assert_int_eq(sac_environment_find("HalfCheeta-v4", &ops), SAC_INVALID);
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "'HalfCheetah-v5'"));
    ck_assert_int_eq(sac_environment_find("xyzzy", &ops), SAC_INVALID);
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "softac envs"));
}
END_TEST

/* A plugin file is found, checked and plays. */
START_TEST(plugin_plays)
{
    struct batch b = {.count = 2};
    ck_assert_msg(sac_environment_find(PLUGINS "/plugin.so", &b.ops) == SAC_OK, "%s", sac_last_error());
    ck_assert_str_eq(b.ops->id, "Counter-v0");
    ck_assert_int_eq(sac_environment_spec(b.ops, NULL, &b.spec), SAC_OK);
    const struct sac_env_create create = {.size = sizeof create, .environments = 2};
    ck_assert_int_eq(b.ops->create(&create, &b.instance, b.error), 0);
    reset_all(&b);
    step(&b, 2);
    step(&b, 1);
    ck_assert_float_eq(b.observation[0], 2);
    ck_assert_float_eq(b.observation[SIZE], 1);
    b.ops->destroy(b.instance);
}
END_TEST

static void check_refused(const char *path, enum sac_status status, const char *words)
{
    const struct sac_env_ops *ops;
    ck_assert_int_eq(sac_environment_find(path, &ops), status);
    ck_assert_msg(strstr(sac_last_error(), words), "%s", sac_last_error());
    ck_assert_ptr_nonnull(strstr(sac_last_error(), path));
}

/* A file that is no plugin, or one for another interface, is refused with what is wrong. */
START_TEST(plugins_refused)
{
    check_refused("no_such_plugin.so", SAC_IO, "cannot load");
    check_refused(PLUGINS "/plugin_no_symbol.so", SAC_FORMAT, "sac_env_plugin");
    check_refused(PLUGINS "/plugin_wrong_abi.so", SAC_FORMAT, "interface version");
}
END_TEST

static struct sac_env_spec given_spec; /* what spec_of_test() tells */

static int spec_of_test(const char *const *options, struct sac_env_spec *spec, char *error)
{
    (void)options;
    (void)error;
    *spec = given_spec;
    return 0;
}

static void check_spec_refused(const char *words)
{
    struct sac_env_ops ops = *sac_environment_entry(0)->ops;
    struct sac_env_spec spec;
    ops.spec = spec_of_test;
    ck_assert_int_eq(sac_environment_spec(&ops, NULL, &spec), SAC_ENV);
    ck_assert_msg(strstr(sac_last_error(), words), "%s", sac_last_error());
}

/* A spec with sizes or bounds that can not be used is refused, not trained on. */
START_TEST(specs_refused)
{
    static const float low[] = {-1, -1}, high[] = {1, INFINITY};
    const struct sac_env_spec good = {
        .size = sizeof good, .observation_size = 1, .action_size = 1, .action_low = low, .action_high = high};
    given_spec = good;
    given_spec.observation_size = 0;
    check_spec_refused("0 observations");
    given_spec = good;
    given_spec.action_size = 2;
    check_spec_refused("action 1 has bounds");
    given_spec = good;
    given_spec.action_high = low;
    check_spec_refused("action 0 has bounds");
    given_spec = good;
    given_spec.action_low = NULL;
    check_spec_refused("no action bounds");
    given_spec = good;
    given_spec.step_limit = -1;
    check_spec_refused("negative");
    given_spec = good;
    given_spec.size = 4;
    check_spec_refused("4 bytes");
}
END_TEST

int main(void)
{
    int entries = 0;
#ifndef __SANITIZE_THREAD__ /* one thread each: nothing for it to see, and minutes of its shadow memory */
    while (sac_environment_entry(entries))
        entries++;
#endif
    TCase *all = tcase_create("every built-in environment"), *some = tcase_create("registry and models");
    tcase_add_loop_test(all, determined_by_seed, 0, entries);
    tcase_add_loop_test(all, independent_of_grouping, 0, entries);
    tcase_add_loop_test(all, state_round_trip, 0, entries);
    tcase_add_loop_test(all, reset_to_forgets_the_past, 0, entries);
    tcase_add_loop_test(all, partial_count, 0, entries);
    tcase_add_loop_test(all, unknown_option, 0, entries);
    tcase_add_test(some, resets_of_classic_tasks);
    tcase_add_test(some, resets_of_our_tasks);
    tcase_add_test(some, pendulum_reduces_angles);
    tcase_add_test(some, resets_of_mujoco_tasks);
    tcase_add_test(some, resets_of_bullet_tasks);
    tcase_add_loop_test(some, bullet_in_threads, 0, 2);
    tcase_add_test(some, bullet_refused);
    tcase_add_test(some, bad_models);
    tcase_add_test(some, fatal_errors_of_mujoco);
#ifdef HAVE_MUJOCO
    tcase_add_test(some, trap);
#endif
    tcase_add_test(some, nearest_names);
    tcase_add_test(some, plugin_plays);
    tcase_add_test(some, plugins_refused);
    tcase_add_test(some, specs_refused);
    tcase_set_timeout(all, 60);
    tcase_set_timeout(some, 60);
    return suite_run(CK_FORK_GETENV, "environment", 2, all, some);
}
