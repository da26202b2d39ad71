/* All benchmarks, in the order in which they are listed and run, and the life of one. */
#include <stdlib.h>

#include "bench.h"
#include "error.h"

int bench_list(struct benchmark *list)
{
    int count = 0;
    count = bench_gemm_list(list, count);
    count = bench_kernels_list(list, count);
    count = bench_replay_list(list, count);
    count = bench_snapshot_list(list, count);
    count = bench_governor_list(list, count);
    count = bench_inference_list(list, count);
    count = bench_environment_list(list, count);
#ifdef HAVE_MUJOCO
    count = bench_bare_step_list(list, count);
#endif
    count = bench_update_list(list, count);
    count = bench_train_list(list, count);
    count = bench_scaling_rollout_list(list, count);
    count = bench_scaling_replay_list(list, count);
    count = bench_scaling_snapshot_list(list, count);
    return count;
}

enum sac_status bench_open(const struct benchmark *benchmark, const struct bench_options *options,
                           void **state)
{
    void *made = calloc(1, benchmark->state_size);
    *state = NULL;
    if (made == NULL)
        return sac_fail(SAC_NOMEM, "no memory for %s", benchmark->name);
    const enum sac_status status = benchmark->create(benchmark, options, made);
    if (status == SAC_OK)
        *state = made;
    else
        bench_close(benchmark, made);
    return status;
}

void bench_close(const struct benchmark *benchmark, void *state)
{
    if (state != NULL && benchmark->destroy != NULL)
        benchmark->destroy(state);
    free(state);
}
