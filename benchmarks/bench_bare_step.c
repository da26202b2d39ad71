/* environment/NAME/bare: what our step of a MuJoCo task takes beside the same calls of mj_step alone, from
 * the same states on, with the same actions: 100 % would be none of our own. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../envs/mujoco/mujoco_task.h"
#include "bench.h"
#include "bench_data.h"
#include "environment.h"
#include "error.h"
#include "kernels/kernels.h"
#include "memory.h"
#include "policy_network.h"

enum { MOST_TASKS = 32, EPISODE = 64 }; /* EPISODE: most steps from one reset to the next */

static const struct sac_env_ops *tasks[MOST_TASKS];

struct bare_step_bench {
    const struct sac_env_ops *ops;
    struct sac_env_spec spec;
    void *instance;
    const mjModel *model; /* the instance's, as is `ours` */
    const mjData *ours;
    mjData *bare;
    int frames;    /* calls of mj_step in one step */
    float *action; /* (EPISODE, A) */
    float *observation;
    uint32_t episodes;
    double our_seconds, bare_seconds; /* of the last run */
    bool failed, apart;               /* apart: the two ended in different states */
    char error[SAC_ENV_ERROR_SIZE];
};

static void destroy(void *state)
{
    struct bare_step_bench *b = state;
    mj_deleteData(b->bare);
    if (b->instance != NULL)
        b->ops->destroy(b->instance);
    sac_free(b->action);
    sac_free(b->observation);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void reset(struct bare_step_bench *b)
{
    static const int32_t first = 0;
    b->failed |= b->ops->reset(b->instance, 1, &first, b->observation, (size_t)b->spec.observation_size,
                               b->error) != 0;
}

/* Up to EPISODE steps, or as many as the episode has; returns how many. */
static int step_ours(struct bare_step_bench *b)
{
    double reward;
    uint8_t terminated = 0, truncated;
    struct sac_env_step step = {.size = sizeof step,
                                .count = 1,
                                .action_stride = (size_t)b->spec.action_size,
                                .observation = b->observation,
                                .observation_stride = (size_t)b->spec.observation_size,
                                .reward = &reward,
                                .terminated = &terminated,
                                .truncated = &truncated};
    int steps = 0;
    while (steps < EPISODE && !terminated && !b->failed) {
        step.action = b->action + (size_t)steps++ * step.action_stride;
        b->failed |= b->ops->step(b->instance, &step, b->error) != 0;
    }
    return steps;
}

static void step_bare(const struct bare_step_bench *b, int steps)
{
    const float *action = b->action;
    for (int i = 0; i < steps; i++) {
        for (int k = 0; k < b->spec.action_size; k++)
            b->bare->ctrl[k] = (double)*action++;
        for (int frame = 0; frame < b->frames; frame++)
            mj_step(b->model, b->bare);
    }
}

/* One episode of ours, then the same again by mj_step alone. */
static void run_episode(struct bare_step_bench *b)
{
    reset(b);
    mj_copyData(b->bare, b->model, b->ours);
    const double before = seconds_now();
    const int steps = step_ours(b);
    const double between = seconds_now();
    if (b->failed)
        return;
    step_bare(b, steps);
    b->bare_seconds += seconds_now() - between;
    b->our_seconds += between - before;
    b->apart |= memcmp(b->bare->qpos, b->ours->qpos, (size_t)b->model->nq * sizeof *b->bare->qpos) != 0;
}

static void run(void *state, int64_t calls)
{
    struct bare_step_bench *b = state;
    b->our_seconds = b->bare_seconds = 0;
    for (int64_t i = 0; i < calls; i++)
        run_episode(b);
}

/* How often a step calls mj_step is seen by the simulation's clock. */
static enum sac_status look_at_step(struct bare_step_bench *b)
{
    reset(b);
    const double before = b->ours->time;
    const int steps = step_ours(b);
    if (b->failed)
        return sac_fail(SAC_ENV, "%s failed: %s", b->ops->id, b->error);
    b->frames = (int)lround((b->ours->time - before) / b->model->opt.timestep / steps);
    return SAC_OK;
}

static enum sac_status create(const struct benchmark *benchmark, const struct bench_options *options,
                              void *state)
{
    struct bare_step_bench *b = state;
    const struct sac_env_create create = {.size = sizeof create, .environments = 1, .seed = BENCH_SEED};
    (void)options;
    b->ops = *(const struct sac_env_ops *const *)benchmark->subject;
    const enum sac_status status = sac_environment_spec(b->ops, NULL, &b->spec);
    if (status != SAC_OK)
        return status;
    const int A = b->spec.action_size;
    if (b->ops->create(&create, &b->instance, b->error) != 0)
        return sac_fail(SAC_ENV, "%s could not be made: %s", b->ops->id, b->error);
    b->ours = mujoco_simulation(b->instance, 0, &b->model);
    b->bare = mj_makeData(b->model);
    b->action = sac_allocate(EPISODE * (size_t)A * sizeof *b->action);
    b->observation = sac_allocate((size_t)b->spec.observation_size * sizeof *b->observation);
    if (!b->bare || !b->action || !b->observation)
        return sac_fail(SAC_NOMEM, "no memory for a second simulation of %s", b->ops->id);
    sac_kernels()->uniform(b->action, A, BENCH_SEED, SAC_PURPOSE_WARMUP_ACTION, 0, 0, EPISODE, A);
    sac_action_scale(b->action, b->action, b->spec.action_low, b->spec.action_high, EPISODE, A);
    return look_at_step(b);
}

static double value(void *state)
{
    const struct bare_step_bench *b = state;
    return 100 * b->our_seconds / b->bare_seconds;
}

static void describe(void *state, struct bench_cost *cost)
{
    (void)state;
    cost->units = EPISODE;
}

static enum sac_status check(void *state)
{
    const struct bare_step_bench *b = state;
    if (b->failed)
        return sac_fail(SAC_STATE, "%s failed: %s", b->ops->id, b->error);
    return b->apart
               ? sac_fail(SAC_STATE, "%s: our steps and mj_step alone led to different states", b->ops->id)
               : SAC_OK;
}

int bench_bare_step_list(struct benchmark *list, int count)
{
    const struct sac_environment_entry *entry;
    int n = 0;
    for (int i = 0; (entry = sac_environment_entry(i)) != NULL && n < MOST_TASKS; i++) {
        if (entry->ops == NULL || entry->ops->step != mujoco_step)
            continue;
        struct benchmark *b = &list[count++];
        tasks[n] = entry->ops;
        *b = (struct benchmark){.unit = "%",
                                .subject = &tasks[n++],
                                .state_size = sizeof(struct bare_step_bench),
                                .create = create,
                                .run = run,
                                .value = value,
                                .describe = describe,
                                .check = check,
                                .destroy = destroy};
        snprintf(b->name, sizeof b->name, "environment/%s/bare", entry->id);
        for (char *c = b->name; *c != '\0'; c++)
            *c = (char)tolower((unsigned char)*c);
    }
    return count;
}
