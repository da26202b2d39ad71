/* The choice of kernels at run time. */
#include "kernels.h"

#include <math.h>
#include <string.h>

#include "../atomics.h"
#include "../cpu.h"
#include "../environment.h"
#include "../error.h"
#include "../linear.h"

/* written by: sac_kernels_select, before any thread starts, or the first sac_kernels(), by any thread, with
 * the same value; relaxed is enough, as the tables are constants */
static const struct sac_kernels *_Atomic chosen;

int sac_kernels_available(const struct sac_kernels *table[4])
{
    int n = 0;
    table[n++] = &sac_kernels_portable;
#ifdef SAC_HAVE_AVX2
    if (sac_cpu_has_avx2())
        table[n++] = &sac_kernels_avx2;
#endif
#ifdef SAC_HAVE_AVX512
    if (sac_cpu_has_avx512())
        table[n++] = &sac_kernels_avx512;
#endif
    return n;
}

static const struct sac_kernels *best(void)
{
    const struct sac_kernels *table[4];
    const int n = sac_kernels_available(table);
    return table[n - 1];
}

const struct sac_kernels *sac_kernels(void)
{
    const struct sac_kernels *table = sac_load_relaxed(chosen, &chosen);
    if (table == NULL) {
        table = best();
        sac_store_relaxed(chosen, &chosen, table);
    }
    return table;
}

static enum sac_status refuse(const char *isa, const struct sac_kernels *const *table, int n)
{
    char names[64] = "";
    for (int i = 0; i < n; i++) {
        strncat(names, i > 0 ? ", " : "", sizeof names - strlen(names) - 1);
        strncat(names, table[i]->name, sizeof names - strlen(names) - 1);
    }
    const char *list[6] = {"auto"};
    for (int i = 0; i < n; i++)
        list[i + 1] = table[i]->name;
    const char *nearest = sac_nearest_name(isa, list);
    return sac_fail(SAC_INVALID,
                    "instruction set '%s' cannot be used; this CPU and build have: auto, %s%s%s%s", isa,
                    names, nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static enum sac_status use(const struct sac_kernels *table, const char *isa)
{
    const enum sac_status status = sac_linear_cap_isa(isa);
    if (status == SAC_OK)
        sac_store_relaxed(chosen, &chosen, table);
    return status;
}

enum sac_status sac_kernels_select(const char *isa)
{
    if (isa == NULL || strcmp(isa, "auto") == 0)
        return use(best(), "auto");
    const struct sac_kernels *table[4];
    const int n = sac_kernels_available(table);
    for (int i = 0; i < n; i++) {
        if (strcmp(isa, table[i]->name) == 0)
            return use(table[i], isa);
    }
    return refuse(isa, table, n);
}

/* Where panels have W's element (k, j). */
static size_t panel_at(int k, int j, int in, int out)
{
    if (out <= SAC_FEW_OUTPUTS)
        return (size_t)j * (size_t)in + (size_t)k;
    const size_t row = (size_t)(j / SAC_PANEL) * (size_t)in + (size_t)k;
    return row * SAC_PANEL + (size_t)(j % SAC_PANEL);
}

/* Column by column or panel by panel, so that lines are written one after the other. */
void sac_panels_pack(float *panels, const float *w, int ld, int in, int out)
{
    for (int j = 0; j < out && out <= SAC_FEW_OUTPUTS; j++) {
        for (int k = 0; k < in; k++)
            *panels++ = w[(size_t)k * (size_t)ld + (size_t)j];
    }
    for (int j = 0; j < out && out > SAC_FEW_OUTPUTS; j += SAC_PANEL) {
        const float *from = w + j;
        for (int k = 0; k < in; k++, from += ld, panels += SAC_PANEL)
            memcpy(panels, from, SAC_PANEL * sizeof *panels);
    }
}

void sac_panels_unpack(float *w, int ld, const float *panels, int in, int out)
{
    for (int k = 0; k < in; k++) {
        for (int j = 0; j < out; j++)
            w[(size_t)k * (size_t)ld + (size_t)j] = panels[panel_at(k, j, in, out)];
    }
}

struct sac_adam sac_adam_step(double learning_rate, uint64_t t)
{
    const double beta1 = 0.9, beta2 = 0.999, step = (double)t;
    return (struct sac_adam){
        .step_size = (float)(learning_rate / (1 - pow(beta1, step))),
        .root_correction = (float)(1 / sqrt(1 - pow(beta2, step))),
        .beta1 = (float)beta1,
        .beta2 = (float)beta2,
        .epsilon = 1e-8f,
        .rest1 = (float)(1 - beta1),
        .rest2 = (float)(1 - beta2),
    };
}
