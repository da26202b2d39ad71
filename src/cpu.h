/* What the CPU and the operating system let us run. */
#ifndef SAC_CPU_H
#define SAC_CPU_H

#include <stdbool.h>

bool sac_cpu_has_avx2(void);   /* AVX2 and FMA, and the system saves ymm registers */
bool sac_cpu_has_avx512(void); /* AVX-512 F, DQ, BW, VL, and the system saves zmm registers */

/* "Intel(R) Xeon(R) ...", or the architecture where the CPU does not tell; name (size) is filled in. */
void sac_cpu_name(char *name, int size);

#endif
