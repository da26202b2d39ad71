/* The kernels with the build's baseline instructions, on any CPU. */
#define SAC_LANES                       4
#define SAC_KERNELS                     sac_kernels_portable
#define SAC_KERNELS_NAME                "portable"
#define SAC_MOST_FORWARD_MULTIPLY_ADDS  (1 << 20)
#define SAC_MOST_BACKWARD_MULTIPLY_ADDS (1 << 20)
#include "kernels_impl.h"
