/* train/TASK/ALGORITHM: whole training runs, from sac_trainer_create to the last evaluation. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <softac/trainer.h>

#include "bench.h"
#include "bench_data.h"
#include "environment.h"
#include "error.h"
#include "update_work.h"

enum { STEPS = 3000 };

struct train {
    const struct sac_env_ops *ops;
    struct sac_env_spec spec;
    struct sac_settings settings;
    int threads;
    double memory_rise; /* bytes; NaN: not known */
    double mean_return; /* of the last run */
    enum sac_status status;
    char error[256];
};

/* ---- memory ---- */

/* A line of /proc/self/status, in bytes; NaN where there is none. */
static double own_memory(const char *key)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    double kilobytes = NAN;
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            kilobytes = strtod(line + strlen(key), NULL);
    if (file != NULL)
        fclose(file);
    return 1024 * kilobytes;
}

/* Begin to watch the peak anew (VmHWM); false where the system does not let us. */
static bool reset_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file == NULL)
        return false;
    const bool written = fputs("5", file) >= 0;
    return (fclose(file) == 0) && written;
}

/* ---- runs ---- */

static void keep_evaluation(void *context, const struct sac_evaluation *evaluation)
{
    struct train *b = context;
    b->mean_return = evaluation->mean_return;
}

static enum sac_status train_once(struct train *b)
{
    const struct sac_machine machine = {.learner_threads = b->threads};
    const struct sac_observer observer = {.context = b, .evaluation = keep_evaluation};
    struct sac_trainer *trainer = NULL;
    enum sac_status status = sac_trainer_create(&b->settings, &machine, b->ops, NULL, &trainer);
    if (status == SAC_OK)
        status = sac_trainer_run(trainer, &observer);
    sac_trainer_destroy(trainer);
    return status;
}

static void run(void *state, int64_t calls)
{
    struct train *b = state;
    for (int64_t i = 0; i < calls && b->status == SAC_OK; i++) {
        b->status = train_once(b);
        if (b->status != SAC_OK)
            snprintf(b->error, sizeof b->error, "%s", sac_last_error());
    }
}

/* The first run tells what memory a run takes; later ones find some of it still mapped. */
static enum sac_status create(const struct benchmark *benchmark, const struct bench_options *options,
                              void *state)
{
    const enum sac_algorithm *algorithm = benchmark->subject;
    struct train *b = state;
    b->threads = options->threads;
    b->settings = bench_settings(&bench_shapes[BENCH_SHAPES - 1], *algorithm);
    b->settings.steps = STEPS;
    b->settings.eval_episodes = 1;
    enum sac_status status = sac_environment_find("Pendulum-v1", &b->ops);
    if (status == SAC_OK)
        status = sac_environment_spec(b->ops, NULL, &b->spec);
    const bool watched = status == SAC_OK && reset_peak();
    const double before = own_memory("VmRSS:");
    if (status == SAC_OK)
        status = train_once(b);
    b->memory_rise = watched ? own_memory("VmHWM:") - before : NAN;
    return status;
}

static void describe(void *state, struct bench_cost *cost)
{
    const struct train *b = state;
    const double updates = (double)(STEPS - b->settings.warmup_steps) * b->settings.update_to_data;
    cost->units = STEPS;
    cost->flops = updates * sac_update_flops(&b->settings, b->spec.observation_size, b->spec.action_size);
    cost->threads = b->threads;
    if (!isnan(b->memory_rise))
        snprintf(cost->note, sizeof cost->note, "resident memory rises by %.0f MiB at most",
                 b->memory_rise * 0x1p-20);
}

static enum sac_status check(void *state)
{
    const struct train *b = state;
    if (b->status != SAC_OK)
        return sac_fail(b->status, "%s", b->error);
    return isfinite(b->mean_return) ? SAC_OK
                                    : sac_fail(SAC_STATE, "training ended with a return that is no number");
}

int bench_train_list(struct benchmark *list, int count)
{
    static const enum sac_algorithm algorithms[] = {SAC_V1, SAC_V2};
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        struct benchmark *b = &list[count++];
        *b = (struct benchmark){.unit = "steps/s",
                                .subject = &algorithms[i],
                                .own_threads = true,
                                .state_size = sizeof(struct train),
                                .create = create,
                                .run = run,
                                .describe = describe,
                                .check = check};
        snprintf(b->name, sizeof b->name, "train/pendulum/%s", algorithms[i] == SAC_V1 ? "sac_v1" : "sac_v2");
    }
    return count;
}
