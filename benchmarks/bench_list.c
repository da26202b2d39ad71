/* All benchmarks, in the order in which they are listed and run. */
#include "bench.h"

int bench_list(struct benchmark *list)
{
    int count = 0;
    count = bench_gemm_list(list, count);
    count = bench_kernels_list(list, count);
    count = bench_replay_list(list, count);
    count = bench_snapshot_list(list, count);
    count = bench_inference_list(list, count);
    count = bench_environment_list(list, count);
    count = bench_update_list(list, count);
    count = bench_train_list(list, count);
    return count;
}
