/* What a benchmark is. A benchmark does the work and tells what it costs; the harness (harness.h) decides how
 * often it is done, times it, and compares it with what the machine can do at most. */
#ifndef SAC_BENCH_H
#define SAC_BENCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <softac/status.h>

struct bench_options {
    int threads;    /* of the learner's team in update/... and phase/... */
    double seconds; /* of timing per benchmark, preparation not counted */
};

/* What ONE call (of run's `calls`) costs. Its limit is the slower one of flops and bytes at the rates that
 * this machine was measured to reach; where both are 0 it has no limit to compare with. */
struct bench_cost {
    double units; /* how many of the benchmark's unit one call is: updates, rows, steps, floats; > 0 */
    double flops; /* fp32 operations that cannot be avoided, a multiply-add being two */
    double bytes; /* that must move, read and written together */
    double bytes_written; /* of these: none: the limit is that of reading; all: of writing; else of both */
    double working_set;   /* bytes each core touches again and again: picks the cache whose limit counts */
    int threads;          /* cores it may use, 1 .. options->threads */
    char note[128];       /* for the reader, such as the name of oneDNN's implementation; "" for none */
};

struct benchmark {
    char name[64];       /* GROUP/SUBJECT[/VARIANT]: runs of those with equal GROUP/SUBJECT take turns */
    const char *unit;    /* a rate, "updates/s", or a time, "ns", or a share, "%", of which less is better */
    const char *turns;   /* NULL, or the GROUP/SUBJECT that its runs take turns with instead */
    const void *subject; /* what the functions need to know which of its kind this is */
    bool own_threads;    /* starts and places its threads itself (whole training runs): is not pinned */

    size_t state_size; /* bytes of what the functions get, all zero before create */
    /* What it had made when it fails is left to destroy. SAC_ENV: an environment that can not be made on this
     * machine; the benchmark is skipped, and a line says so. */
    enum sac_status (*create)(const struct benchmark *benchmark, const struct bench_options *options,
                              void *state);
    /* The timed part: `calls` calls, and as little around them as can be. The caller's thread is pinned, and
     * so are the members of a team of options->threads that it enters. */
    void (*run)(void *state, int64_t calls);
    /* NULL, or what the last run was worth, in `unit`, where that is not the time that passed. */
    double (*value)(void *state);
    void (*describe)(void *state, struct bench_cost *cost); /* after warm-up; *cost is zeroed, threads is 1 */
    /* NULL, or where `flops` comes from: an array of objects, one a layer, each with its sizes and "flops",
     * which add up to cost->flops. The caller's. */
    json_t *(*table)(void *state);
    enum sac_status (*check)(void *state); /* NULL, or after the runs: was the work what it should be? */
    void (*destroy)(void *state);          /* what is in it, however far create has come; NULL: nothing is */
};

/* Its state, made by its create; on failure *state is NULL and nothing is left behind. */
enum sac_status bench_open(const struct benchmark *benchmark, const struct bench_options *options,
                           void **state);
void bench_close(const struct benchmark *benchmark, void *state); /* takes NULL */

enum { BENCH_MOST = 400 };

/* All of them into `list` (BENCH_MOST); returns how many. */
int bench_list(struct benchmark *list);

/* One function a file: append its benchmarks to `list`, return how many there are now. bench_list calls all.
 */
int bench_gemm_list(struct benchmark *list, int count);
int bench_kernels_list(struct benchmark *list, int count);
int bench_replay_list(struct benchmark *list, int count);
int bench_snapshot_list(struct benchmark *list, int count);
int bench_governor_list(struct benchmark *list, int count);
int bench_inference_list(struct benchmark *list, int count);
int bench_environment_list(struct benchmark *list, int count);
#ifdef HAVE_MUJOCO
int bench_bare_step_list(struct benchmark *list, int count);
#endif
int bench_update_list(struct benchmark *list, int count);
int bench_train_list(struct benchmark *list, int count);
int bench_scaling_rollout_list(struct benchmark *list, int count);
int bench_scaling_replay_list(struct benchmark *list, int count);
int bench_scaling_snapshot_list(struct benchmark *list, int count);

#endif
