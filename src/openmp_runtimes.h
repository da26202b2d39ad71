/* Which OpenMP runtimes this process has loaded. One is right: each keeps threads of its own, and what is set
 * in one (that oneDNN shall use one thread) is unknown to the other. */
#ifndef SAC_OPENMP_RUNTIMES_H
#define SAC_OPENMP_RUNTIMES_H

enum { SAC_OPENMP_RUNTIMES = 8 /* so many at most are told */ };

struct sac_openmp_runtimes {
    int count;
    char path[SAC_OPENMP_RUNTIMES][512];
};

/* GNU's libgomp, LLVM's libomp, Intel's libiomp5 and NVIDIA's libnvomp, by the file names of what is loaded;
 * also under the names that wheels give to their copies, as libgomp-a34b3233.so.1. */
void sac_openmp_runtimes_find(struct sac_openmp_runtimes *runtimes);

#endif
