/* Feature detection by cpuid; other architectures have the portable kernels only. */
#include "cpu.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

struct registers {
    unsigned a, b, c, d;
};

static struct registers cpuid(unsigned leaf)
{
    struct registers r = {0};
    __get_cpuid_count(leaf, 0, &r.a, &r.b, &r.c, &r.d); /* leaves zeros where the leaf is not there */
    return r;
}

/* Which register files the operating system saves: the low half of XCR0. */
static uint32_t saved_state(void)
{
    if ((cpuid(1).c & bit_OSXSAVE) == 0)
        return 0;
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

bool sac_cpu_has_avx2(void)
{
    const uint32_t ymm = 0x6; /* xmm and ymm */
    return (saved_state() & ymm) == ymm && (cpuid(1).c & bit_FMA) != 0 && (cpuid(7).b & bit_AVX2) != 0;
}

bool sac_cpu_has_avx512(void)
{
    const uint32_t zmm = 0xE6; /* xmm, ymm, mask registers and both halves of zmm */
    const unsigned needed = bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL;
    return sac_cpu_has_avx2() && (saved_state() & zmm) == zmm && (cpuid(7).b & needed) == needed;
}

void sac_cpu_name(char *name, int size)
{
    char brand[49] = {0};
    for (unsigned i = 0; i < 3; i++) {
        const struct registers r = cpuid(0x80000002u + i);
        memcpy(brand + 16 * i, &r, 16);
    }
    snprintf(name, (size_t)size, "%s", brand[0] != '\0' ? brand + strspn(brand, " ") : "x86_64");
}
#else
#include <sys/utsname.h>

bool sac_cpu_has_avx2(void)
{
    return false;
}

bool sac_cpu_has_avx512(void)
{
    return false;
}

void sac_cpu_name(char *name, int size)
{
    struct utsname system;
    snprintf(name, (size_t)size, "%s", uname(&system) == 0 ? system.machine : "unknown");
}
#endif
