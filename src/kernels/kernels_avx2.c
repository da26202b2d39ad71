/* The kernels with AVX2 and FMA. Compiled with flags of its own; run only where sac_cpu_has_avx2(). */
#define SAC_LANES                       8
#define SAC_KERNELS                     sac_kernels_avx2
#define SAC_KERNELS_NAME                "avx2"
#define SAC_MOST_FORWARD_MULTIPLY_ADDS  INT64_MAX
#define SAC_MOST_BACKWARD_MULTIPLY_ADDS INT64_MAX
#include "kernels_impl.h"
