/* The kernels with AVX-512 F, DQ, BW, VL. Compiled with flags of its own; run only where
 * sac_cpu_has_avx512().
 */
#define SAC_LANES                       16
#define SAC_KERNELS                     sac_kernels_avx512
#define SAC_KERNELS_NAME                "avx512"
#define SAC_MOST_FORWARD_MULTIPLY_ADDS  (1 << 23)
#define SAC_MOST_BACKWARD_MULTIPLY_ADDS INT64_MAX
#include "kernels_impl.h"
