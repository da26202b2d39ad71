/* environment/NAME/K: steps per second of K environments of a built-in task in one thread, with random
 * actions and restarts, without a policy. Tasks that this build lacks are not listed. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "bench_data.h"
#include "environment.h"
#include "error.h"
#include "kernels/kernels.h"
#include "memory.h"
#include "policy_network.h"

static const int batches[] = {1, 8};
enum { BATCHES = sizeof batches / sizeof *batches, MOST_SUBJECTS = 64 };

static struct subject {
    const struct sac_env_ops *ops;
    int environments;
} subjects[MOST_SUBJECTS];

enum { ACTION_BATCHES = 64 }; /* drawn beforehand */

struct environment_bench {
    const struct sac_env_ops *ops;
    struct sac_env_spec spec;
    void *instance;
    int environments;
    uint32_t step;
    float *action; /* (ACTION_BATCHES, environments, A) */
    float *observation;
    double *reward;
    uint8_t *terminated, *truncated;
    int32_t *finished, *length;
    bool failed;
    char error[SAC_ENV_ERROR_SIZE];
};

static void destroy(void *state)
{
    struct environment_bench *b = state;
    if (b->instance != NULL)
        b->ops->destroy(b->instance);
    void *const buffers[] = {b->action,    b->observation, b->reward, b->terminated,
                             b->truncated, b->finished,    b->length};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        sac_free(buffers[i]);
}

static bool allocate(struct environment_bench *b)
{
    const size_t n = (size_t)b->environments;
    b->action = sac_allocate(ACTION_BATCHES * n * (size_t)b->spec.action_size * sizeof *b->action);
    b->observation = sac_allocate(n * (size_t)b->spec.observation_size * sizeof *b->observation);
    b->reward = sac_allocate(n * sizeof *b->reward);
    b->terminated = sac_allocate(n);
    b->truncated = sac_allocate(n);
    b->finished = sac_allocate(n * sizeof *b->finished);
    b->length = sac_allocate(n * sizeof *b->length);
    return b->action && b->observation && b->reward && b->terminated && b->truncated && b->finished &&
           b->length;
}

static void draw_actions(struct environment_bench *b)
{
    const int A = b->spec.action_size, rows = ACTION_BATCHES * b->environments;
    sac_kernels()->uniform(b->action, A, BENCH_SEED, SAC_PURPOSE_WARMUP_ACTION, 0, 0, rows, A);
    sac_action_scale(b->action, b->action, b->spec.action_low, b->spec.action_high, rows, A);
}

static void reset(struct environment_bench *b, int count)
{
    for (int i = 0; i < count; i++)
        b->length[b->finished[i]] = 0;
    b->failed |= b->ops->reset(b->instance, count, b->finished, b->observation,
                               (size_t)b->spec.observation_size, b->error) != 0;
}

static enum sac_status start(struct environment_bench *b)
{
    const struct sac_env_create create = {
        .size = sizeof create, .environments = b->environments, .seed = BENCH_SEED};
    if (!allocate(b))
        return sac_fail(SAC_NOMEM, "no memory for %d environments", b->environments);
    if (b->ops->create(&create, &b->instance, b->error) != 0)
        return sac_fail(SAC_ENV, "%s could not be made: %s", b->ops->id, b->error);
    draw_actions(b);
    for (int e = 0; e < b->environments; e++)
        b->finished[e] = e;
    reset(b, b->environments);
    return SAC_OK;
}

static enum sac_status create(const struct benchmark *benchmark, const struct bench_options *options,
                              void *state)
{
    (void)options;
    const struct subject *subject = benchmark->subject;
    struct environment_bench *b = state;
    b->ops = subject->ops;
    b->environments = subject->environments;
    enum sac_status status = sac_environment_spec(b->ops, NULL, &b->spec);
    if (status == SAC_OK)
        status = start(b);
    return status;
}

/* List the environments whose episode is over. */
static int find_finished(struct environment_bench *b)
{
    int finished = 0;
    for (int e = 0; e < b->environments; e++) {
        const bool at_limit = b->spec.step_limit > 0 && ++b->length[e] >= b->spec.step_limit;
        if (b->terminated[e] || b->truncated[e] || at_limit)
            b->finished[finished++] = e;
    }
    return finished;
}

static void run(void *state, int64_t calls)
{
    struct environment_bench *b = state;
    const size_t stride = (size_t)b->spec.action_size;
    struct sac_env_step step = {
        .size = sizeof step,
        .count = b->environments,
        .action_stride = stride,
        .observation = b->observation,
        .observation_stride = (size_t)b->spec.observation_size,
        .reward = b->reward,
        .terminated = b->terminated,
        .truncated = b->truncated,
    };
    for (int64_t i = 0; i < calls; i++) {
        step.action = b->action + b->step++ % ACTION_BATCHES * (size_t)b->environments * stride;
        b->failed |= b->ops->step(b->instance, &step, b->error) != 0;
        const int finished = find_finished(b);
        if (finished > 0)
            reset(b, finished);
    }
}

static void describe(void *state, struct bench_cost *cost)
{
    const struct environment_bench *b = state;
    cost->units = b->environments;
}

static enum sac_status check(void *state)
{
    const struct environment_bench *b = state;
    return b->failed ? sac_fail(SAC_STATE, "%s failed: %s", b->ops->id, b->error) : SAC_OK;
}

static void set_name(struct benchmark *b, const struct subject *subject)
{
    snprintf(b->name, sizeof b->name, "environment/%s/%d", subject->ops->id, subject->environments);
    for (char *c = b->name; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
}

int bench_environment_list(struct benchmark *list, int count)
{
    const struct sac_environment_entry *entry;
    int n = 0;
    for (int i = 0; (entry = sac_environment_entry(i)) != NULL; i++)
        for (int k = 0; entry->ops != NULL && k < BATCHES && n < MOST_SUBJECTS; k++) {
            struct benchmark *b = &list[count++];
            subjects[n] = (struct subject){entry->ops, batches[k]};
            *b = (struct benchmark){.unit = "steps/s",
                                    .subject = &subjects[n],
                                    .state_size = sizeof(struct environment_bench),
                                    .create = create,
                                    .run = run,
                                    .describe = describe,
                                    .check = check,
                                    .destroy = destroy};
            set_name(b, &subjects[n++]);
        }
    return count;
}
