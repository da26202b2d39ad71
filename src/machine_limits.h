/* What one core of this machine can do at most: the yardstick of softac-bench. */
#ifndef SAC_MACHINE_LIMITS_H
#define SAC_MACHINE_LIMITS_H

struct sac_machine_limits {
    int tables;
    struct {
        const char *isa; /* "portable", "avx2", "avx512" */
        double flops;    /* fp32 multiply-adds in registers, one core: operations per second */
    } peak[4];
};

/* Takes 30 to 300 ms for each instruction set that this CPU has. */
void sac_machine_limits_measure(struct sac_machine_limits *limits);

/* The peak of the kernels in use; the same raised to `flops` where that is more, and told. */
double sac_machine_limits_peak(const struct sac_machine_limits *limits);
double sac_machine_limits_raise(struct sac_machine_limits *limits, double flops);

#endif
