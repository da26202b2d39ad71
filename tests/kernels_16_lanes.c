/* The kernels as AVX-512 has them, 16 lanes and 8 x 2 tiles, in the build's baseline instructions: the shape
 * of that code is tested on every machine. */

/* Lowering 64-byte vectors keeps an optimiser busy for half a minute, and nobody times this. */
#ifdef __clang__
#pragma clang optimize off
#else
#pragma GCC optimize("O0")
#endif

#define SAC_LANES                       16
#define SAC_KERNELS                     sac_kernels_16_lanes
#define SAC_KERNELS_NAME                "16 lanes"
#define SAC_MOST_FORWARD_MULTIPLY_ADDS  0
#define SAC_MOST_BACKWARD_MULTIPLY_ADDS 0
#include "kernels/kernels_impl.h"
