/* Dense layers, each call site with what it needs of its own. The kernels of kernels.h compute those that
 * they compute sooner than oneDNN, which instruction set and shape tell, and oneDNN the others; where it has
 * only a reference implementation for a shape (its name starts with "ref"), and in builds for
 * ThreadSanitizer, the kernels serve, too. linear.c is the only file that includes dnnl.h.
 *
 * A site is used by one thread at a time; it runs serially on the calling thread. */
#ifndef SAC_LINEAR_H
#define SAC_LINEAR_H

#include <stdbool.h>

#include <softac/settings.h>
#include <softac/status.h>

enum sac_linear_kind {
    SAC_LINEAR_FORWARD,         /* y (rows, out) = activation(x (rows, in) w (in, out) + bias (out)) */
    SAC_LINEAR_BACKWARD_INPUT,  /* y (rows, in)  = x (rows, out) w^T */
    SAC_LINEAR_BACKWARD_WEIGHTS /* y (in, out)   = x (rows, in)^T w (rows, out) */
};

struct sac_linear_shape {
    enum sac_linear_kind kind;
    int rows, in, out;
    int x_ld, w_ld, y_ld;           /* floats from row to row, of the operands named in the kind's formula */
    int hidden;                     /* forward: apply `activation` */
    enum sac_activation activation; /* backward input: of the layer below, see sac_linear_run_backward */
    int onednn;                     /* through oneDNN also where the kernels are sooner: to compare the two */
};

struct sac_linear; /* one call site */

enum sac_status sac_linear_create(const struct sac_linear_shape *shape, struct sac_linear **site);
void sac_linear_destroy(struct sac_linear *site); /* takes NULL */

/* bias: forward only, else NULL. Forward: bias has w_ld elements, and columns out .. w_ld - 1 of y may be
 * written. */
void sac_linear_run(struct sac_linear *site, float *y, const float *x, const float *w, const float *bias);

/* Backward input, on through the activation of the layer below: dx = (dy w^T) activation'(.), told from the
 * activation's output h (rows, y_ld); d_bias (in) = column sums of dx. */
void sac_linear_run_backward(struct sac_linear *site, float *dx, float *d_bias, const float *dy,
                             const float *w, const float *h);

/* The same for the first `rows` rows; row r goes with row h_row[r] of h. The kernels compute just these;
 * oneDNN all of the site's, so that they and their h_row must be there, and d_bias sums them too. With
 * h = NULL dx = dy w^T, and d_bias is not written. */
void sac_linear_run_backward_rows(struct sac_linear *site, int rows, float *dx, float *d_bias,
                                  const float *dy, const float *w, const float *h, const int *h_row);

const struct sac_linear_shape *sac_linear_shape_of(const struct sac_linear *site);
/* Do the kernels compute this sooner than oneDNN? Told from the instruction set and the shape alone, by
 * measurements that docs/performance.md lists, so that equal runs give equal bits. */
bool sac_linear_prefers_kernels(const struct sac_linear_shape *shape);
/* What computes this site: "oneDNN brg:avx512_core", or "softac:avx2" and so on. */
const char *sac_linear_implementation(const struct sac_linear *site);
/* "oneDNN 2.6.3 (OpenMP)" */
const char *sac_linear_backend(void);
/* The instruction sets that oneDNN uses, "avx2" and so on, in its own words; ", products in bf16 allowed"
 * follows where ONEDNN_DEFAULT_FPMATH_MODE asks for that. Settles them: call it after sac_kernels_select. */
const char *sac_linear_isa(void);
/* Keep oneDNN to "portable" (SSE4.1), "avx2" or "avx512"; with "auto" it decides for itself, by the CPU and
 * ONEDNN_MAX_CPU_ISA. Before the first site is created: SAC_STATE later. Called by sac_kernels_select. */
enum sac_status sac_linear_cap_isa(const char *isa);
/* From now on oneDNN writes the names of the code that it generates to /tmp/perf-PID.map, where perf looks
 * for them; or what DNNL_JIT_PROFILE or ONEDNN_JIT_PROFILE in the environment ask for instead. Before the
 * first site is created. SAC_BACKEND: this oneDNN can not. */
enum sac_status sac_linear_name_code(void);

#endif
