/* The kernels with the build's baseline instructions, on any CPU. */
#define SAC_LANES        4
#define SAC_KERNELS      sac_kernels_portable
#define SAC_KERNELS_NAME "portable"
#include "kernels_impl.h"
