/* Dense layers through our own kernels, or through oneDNN's matmul: plain row-major operands, bias and
 * activation fused, the scratchpad ours. Written for both C APIs of oneDNN: version 2 (2.6 and later) and
 * version 3; what differs stands in the section "two versions". */
#include "linear.h"

#include <omp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "kernels/kernels.h"
#include "memory.h"

#ifndef SAC_PORTABLE_ONLY
#include <dnnl.h>
#include <dnnl_debug.h>
#endif

enum { OPERAND_X, OPERAND_W, OPERAND_Y, OPERAND_BIAS, OPERAND_SCRATCHPAD, OPERANDS };

struct sac_linear {
    struct sac_linear_shape shape;
    char implementation[64];
#ifndef SAC_PORTABLE_ONLY
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive; /* NULL: the kernels serve */
    dnnl_memory_t memory[OPERANDS];
    dnnl_exec_arg_t argument[OPERANDS];
    int arguments;
    void *scratchpad;
#endif
};

bool sac_linear_prefers_kernels(const struct sac_linear_shape *s)
{
    const int64_t multiply_adds = (int64_t)s->rows * s->in * s->out;
    const struct sac_kernels *k = sac_kernels();
    return !s->onednn && multiply_adds <= (s->kind == SAC_LINEAR_FORWARD ? k->most_forward_multiply_adds
                                                                         : k->most_backward_multiply_adds);
}

static void run_kernel(const struct sac_linear_shape *s, float *y, const float *x, const float *w,
                       const float *bias)
{
    const struct sac_kernels *k = sac_kernels();
    switch (s->kind) {
    case SAC_LINEAR_FORWARD:
        k->linear(y, s->y_ld, x, s->x_ld, w, s->w_ld, bias, s->hidden, s->activation, s->rows, s->in, s->out);
        break;
    case SAC_LINEAR_BACKWARD_INPUT:
        k->linear_backward_input(y, s->y_ld, NULL, x, s->x_ld, w, s->w_ld, NULL, NULL, s->activation, s->rows,
                                 s->in, s->out);
        break;
    case SAC_LINEAR_BACKWARD_WEIGHTS:
        k->linear_backward_weights(y, s->y_ld, x, s->x_ld, w, s->w_ld, s->rows, s->in, s->out);
        break;
    }
}

static void name_kernels(struct sac_linear *site)
{
    snprintf(site->implementation, sizeof site->implementation, "softac:%s", sac_kernels()->name);
}

#ifdef SAC_PORTABLE_ONLY

static enum sac_status create_primitive(struct sac_linear *site)
{
    name_kernels(site);
    return SAC_OK;
}

static bool run_primitive(struct sac_linear *site, float *y, const float *x, const float *w,
                          const float *bias)
{
    (void)site, (void)y, (void)x, (void)w, (void)bias;
    return false;
}

void sac_linear_destroy(struct sac_linear *site)
{
    sac_free(site);
}

const char *sac_linear_backend(void)
{
    return "none (softac's own kernels)";
}

const char *sac_linear_isa(void)
{
    return sac_kernels()->name;
}

enum sac_status sac_linear_cap_isa(const char *isa)
{
    (void)isa;
    return SAC_OK;
}

enum sac_status sac_linear_name_code(void)
{
    return SAC_OK; /* no code is generated */
}

#else

/* --- two versions --- */

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t desc; /* owned */
typedef const_dnnl_memory_desc_t const_desc;

static dnnl_status_t make_desc(desc *d, const dnnl_dims_t dims, const dnnl_dims_t strides)
{
    return dnnl_memory_desc_create_with_strides(d, 2, dims, dnnl_f32, strides);
}

static void drop_desc(desc d)
{
    dnnl_memory_desc_destroy(d);
}

static const_desc desc_address(const desc *d)
{
    return *d;
}

static size_t desc_size(const_desc d)
{
    return dnnl_memory_desc_get_size(d);
}

static dnnl_status_t append_activation(dnnl_post_ops_t operations, dnnl_alg_kind_t kind)
{
    return dnnl_post_ops_append_eltwise(operations, kind, 0, 0);
}

static dnnl_status_t make_matmul(dnnl_primitive_desc_t *matmul, dnnl_engine_t engine, const desc *x,
                                 const desc *w, const desc *bias, const desc *y,
                                 const_dnnl_primitive_attr_t attributes)
{
    return dnnl_matmul_primitive_desc_create(matmul, engine, *x, *w, bias ? *bias : NULL, *y, attributes);
}
#else
typedef dnnl_memory_desc_t desc;
typedef const dnnl_memory_desc_t *const_desc;

static dnnl_status_t make_desc(desc *d, const dnnl_dims_t dims, const dnnl_dims_t strides)
{
    return dnnl_memory_desc_init_by_strides(d, 2, dims, dnnl_f32, strides);
}

static void drop_desc(desc d)
{
    (void)d;
}

static const_desc desc_address(const desc *d)
{
    return d;
}

static size_t desc_size(const_desc d)
{
    return dnnl_memory_desc_get_size(d);
}

static dnnl_status_t append_activation(dnnl_post_ops_t operations, dnnl_alg_kind_t kind)
{
    return dnnl_post_ops_append_eltwise(operations, 1.0f, kind, 0, 0);
}

static dnnl_status_t make_matmul(dnnl_primitive_desc_t *matmul, dnnl_engine_t engine, const desc *x,
                                 const desc *w, const desc *bias, const desc *y,
                                 const_dnnl_primitive_attr_t attributes)
{
    dnnl_matmul_desc_t operation;
    const dnnl_status_t status = dnnl_matmul_desc_init(&operation, x, w, bias, y);
    return status != dnnl_success ? status
                                  : dnnl_primitive_desc_create(matmul, &operation, attributes, engine, NULL);
}
#endif

/* --- one site --- */

/* The operands as oneDNN sees them: y = x w. A transposed operand is one with swapped strides. */
struct operands {
    desc x, w, bias, y;
    int made; /* how many of them, in that order */
};

static dnnl_status_t make_operand(struct operands *o, desc *d, int rows, int cols, int row_stride,
                                  int col_stride)
{
    const dnnl_dims_t dims = {rows, cols}, strides = {row_stride, col_stride};
    const dnnl_status_t status = make_desc(d, dims, strides);
    o->made += status == dnnl_success;
    return status;
}

static dnnl_status_t make_operands(struct operands *o, const struct sac_linear_shape *s)
{
    const bool forward = s->kind == SAC_LINEAR_FORWARD, weights = s->kind == SAC_LINEAR_BACKWARD_WEIGHTS;
    const int M = weights ? s->in : s->rows, N = s->kind == SAC_LINEAR_BACKWARD_INPUT ? s->in : s->out;
    const int K = forward ? s->in : weights ? s->rows : s->out;
    dnnl_status_t status =
        weights ? make_operand(o, &o->x, M, K, 1, s->x_ld) : make_operand(o, &o->x, M, K, s->x_ld, 1);
    if (status == dnnl_success)
        status = s->kind == SAC_LINEAR_BACKWARD_INPUT ? make_operand(o, &o->w, K, N, 1, s->w_ld)
                                                      : make_operand(o, &o->w, K, N, s->w_ld, 1);
    if (status == dnnl_success)
        status = make_operand(o, &o->bias, 1, N, N, 1);
    if (status == dnnl_success)
        status = make_operand(o, &o->y, M, N, s->y_ld, 1);
    return status;
}

static void drop_operands(struct operands *o)
{
    desc *const all[] = {&o->x, &o->w, &o->bias, &o->y};
    for (int i = 0; i < o->made; i++)
        drop_desc(*all[i]);
}

static dnnl_status_t make_attributes(dnnl_primitive_attr_t *attributes, const struct sac_linear_shape *s)
{
    dnnl_status_t status = dnnl_primitive_attr_create(attributes);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user);
    if (status != dnnl_success || s->kind != SAC_LINEAR_FORWARD || !s->hidden)
        return status;
    dnnl_post_ops_t operations = NULL;
    status = dnnl_post_ops_create(&operations);
    if (status == dnnl_success)
        status =
            append_activation(operations, s->activation == SAC_RELU ? dnnl_eltwise_relu : dnnl_eltwise_tanh);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(*attributes, operations);
    dnnl_post_ops_destroy(operations);
    return status;
}

/* Does oneDNN have more than its reference code? Otherwise the kernels serve, and the name tells why. */
static bool accept_implementation(struct sac_linear *site, const_dnnl_primitive_desc_t matmul)
{
    const char *name = NULL;
    if (dnnl_primitive_desc_query(matmul, dnnl_query_impl_info_str, 0, &name) != dnnl_success || !name)
        name = "unnamed";
    const bool reference = strncmp(name, "ref", 3) == 0;
    if (reference)
        snprintf(site->implementation, sizeof site->implementation, "softac:%s (oneDNN has only %.20s)",
                 sac_kernels()->name, name);
    else
        snprintf(site->implementation, sizeof site->implementation, "oneDNN %.40s", name);
    return !reference;
}

static dnnl_status_t add_argument(struct sac_linear *site, int operand, int argument, const_desc d,
                                  void *data)
{
    const dnnl_status_t status = dnnl_memory_create(&site->memory[operand], d, site->engine, data);
    if (status == dnnl_success)
        site->argument[site->arguments++] = (dnnl_exec_arg_t){argument, site->memory[operand]};
    return status;
}

static dnnl_status_t add_arguments(struct sac_linear *site, const struct operands *o,
                                   const_dnnl_primitive_desc_t matmul)
{
    const_desc scratchpad = dnnl_primitive_desc_query_md(matmul, dnnl_query_scratchpad_md, 0);
    const size_t bytes = scratchpad ? desc_size(scratchpad) : 0;
    dnnl_status_t status = add_argument(site, OPERAND_X, DNNL_ARG_SRC, desc_address(&o->x), DNNL_MEMORY_NONE);
    if (status == dnnl_success)
        status = add_argument(site, OPERAND_W, DNNL_ARG_WEIGHTS, desc_address(&o->w), DNNL_MEMORY_NONE);
    if (status == dnnl_success)
        status = add_argument(site, OPERAND_Y, DNNL_ARG_DST, desc_address(&o->y), DNNL_MEMORY_NONE);
    if (status == dnnl_success && site->shape.kind == SAC_LINEAR_FORWARD)
        status = add_argument(site, OPERAND_BIAS, DNNL_ARG_BIAS, desc_address(&o->bias), DNNL_MEMORY_NONE);
    if (status != dnnl_success || bytes == 0)
        return status;
    site->scratchpad = sac_allocate(bytes);
    return site->scratchpad
               ? add_argument(site, OPERAND_SCRATCHPAD, DNNL_ARG_SCRATCHPAD, scratchpad, site->scratchpad)
               : dnnl_out_of_memory;
}

static dnnl_status_t make_primitive(struct sac_linear *site, const struct operands *o,
                                    dnnl_primitive_desc_t *matmul, dnnl_primitive_attr_t *attributes)
{
    const desc *bias = site->shape.kind == SAC_LINEAR_FORWARD ? &o->bias : NULL;
    dnnl_status_t status = dnnl_engine_create(&site->engine, dnnl_cpu, 0);
    if (status == dnnl_success)
        status = dnnl_stream_create(&site->stream, site->engine, dnnl_stream_default_flags);
    if (status == dnnl_success)
        status = make_attributes(attributes, &site->shape);
    if (status == dnnl_success)
        status = make_matmul(matmul, site->engine, &o->x, &o->w, bias, &o->y, *attributes);
    if (status != dnnl_success || !accept_implementation(site, *matmul))
        return status;
    status = add_arguments(site, o, *matmul);
    return status != dnnl_success ? status : dnnl_primitive_create(&site->primitive, *matmul);
}

/* oneDNN asks OpenMP how many threads it may use, when a primitive is made and again when it runs: one. The
 * learner's team divides the work itself. */
static int enter_serial(void)
{
    const int threads = omp_get_max_threads();
    if (threads != 1)
        omp_set_num_threads(1);
    return threads;
}

static void leave_serial(int threads)
{
    if (threads != 1)
        omp_set_num_threads(threads);
}

static enum sac_status create_primitive(struct sac_linear *site)
{
    const struct sac_linear_shape *s = &site->shape;
    if (sac_linear_prefers_kernels(s)) {
        name_kernels(site);
        return SAC_OK;
    }
    const int threads = enter_serial();
    struct operands operands = {.made = 0};
    dnnl_primitive_desc_t matmul = NULL;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_status_t status = make_operands(&operands, s);
    if (status == dnnl_success)
        status = make_primitive(site, &operands, &matmul, &attributes);
    dnnl_primitive_desc_destroy(matmul);
    dnnl_primitive_attr_destroy(attributes);
    drop_operands(&operands);
    leave_serial(threads);
    if (status == dnnl_success)
        return SAC_OK;
    return sac_fail(status == dnnl_out_of_memory ? SAC_NOMEM : SAC_BACKEND,
                    "oneDNN refused a dense layer (kind %d, %d rows, %d -> %d) with status %d", (int)s->kind,
                    s->rows, s->in, s->out, (int)status);
}

void sac_linear_destroy(struct sac_linear *site)
{
    if (!site)
        return;
    dnnl_primitive_destroy(site->primitive);
    for (int i = 0; i < OPERANDS; i++)
        dnnl_memory_destroy(site->memory[i]);
    dnnl_stream_destroy(site->stream);
    dnnl_engine_destroy(site->engine);
    sac_free(site->scratchpad);
    sac_free(site);
}

/* oneDNN takes inputs as void *, too. */
static void point(struct sac_linear *site, int operand, const float *data)
{
    dnnl_memory_set_data_handle(site->memory[operand], (void *)data);
}

/* false: the kernels must serve, as there is no primitive, or no memory for its argument list. */
static bool run_primitive(struct sac_linear *site, float *y, const float *x, const float *w,
                          const float *bias)
{
    if (!site->primitive)
        return false;
    point(site, OPERAND_X, x);
    point(site, OPERAND_W, w);
    point(site, OPERAND_Y, y);
    if (bias)
        point(site, OPERAND_BIAS, bias);
    const int threads = enter_serial();
    const dnnl_status_t status =
        dnnl_primitive_execute(site->primitive, site->stream, site->arguments, site->argument);
    leave_serial(threads);
    return status == dnnl_success;
}

const char *sac_linear_backend(void)
{
    static _Thread_local char name[64];
    const dnnl_version_t *v = dnnl_version();
    snprintf(name, sizeof name, "oneDNN %d.%d.%d (%s)", v->major, v->minor, v->patch,
             v->cpu_runtime == DNNL_RUNTIME_OMP ? "OpenMP" : "not OpenMP");
    return name;
}

/* May oneDNN round the factors of fp32 products to fewer bits? Off, unless its own variable
 * ONEDNN_DEFAULT_FPMATH_MODE asks for it. */
static const char *reduced_precision(void)
{
    dnnl_fpmath_mode_t mode = dnnl_fpmath_mode_strict;
    if (dnnl_get_default_fpmath_mode(&mode) != dnnl_success || mode == dnnl_fpmath_mode_strict)
        return NULL;
    return mode == dnnl_fpmath_mode_bf16 ? "bf16" : "fewer bits than fp32";
}

const char *sac_linear_isa(void)
{
    static _Thread_local char text[80];
    static const char prefix[] = "cpu_isa_";
    const char *name = dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa()), *reduced = reduced_precision();
    if (strncmp(name, prefix, sizeof prefix - 1) == 0)
        name += sizeof prefix - 1;
    if (!reduced)
        return name;
    snprintf(text, sizeof text, "%.30s, products in %s allowed", name, reduced);
    return text;
}

enum sac_status sac_linear_cap_isa(const char *isa)
{
    dnnl_cpu_isa_t cap = dnnl_cpu_isa_avx512_core;
    if (strcmp(isa, "auto") == 0)
        return SAC_OK;
    if (strcmp(isa, "portable") == 0)
        cap = dnnl_cpu_isa_sse41;
    else if (strcmp(isa, "avx2") == 0)
        cap = dnnl_cpu_isa_avx2;
    if (dnnl_set_max_cpu_isa(cap) == dnnl_success)
        return SAC_OK;
    return sac_fail(SAC_STATE,
                    "oneDNN can not be kept to %s any more: choose the instruction set before "
                    "anything is computed",
                    isa);
}

enum sac_status sac_linear_name_code(void)
{
    if (getenv("DNNL_JIT_PROFILE") || getenv("ONEDNN_JIT_PROFILE"))
        return SAC_OK;
    if (dnnl_set_jit_profiling_flags(DNNL_JIT_PROFILE_VTUNE | DNNL_JIT_PROFILE_LINUX_PERFMAP) == dnnl_success)
        return SAC_OK;
    return sac_fail(SAC_BACKEND, "this oneDNN can not name the code it generates (it was built without "
                                 "DNNL_ENABLE_JIT_PROFILING): perf will show addresses");
}

#endif

enum sac_status sac_linear_create(const struct sac_linear_shape *shape, struct sac_linear **site)
{
    struct sac_linear *s = sac_allocate(sizeof *s);
    if (!s)
        return sac_fail(SAC_NOMEM, "no memory for a dense layer of %d -> %d", shape->in, shape->out);
    s->shape = *shape;
    const enum sac_status status = create_primitive(s);
    if (status != SAC_OK) {
        sac_linear_destroy(s);
        return status;
    }
    *site = s;
    return SAC_OK;
}

void sac_linear_run(struct sac_linear *site, float *y, const float *x, const float *w, const float *bias)
{
    if (!run_primitive(site, y, x, w, bias))
        run_kernel(&site->shape, y, x, w, bias);
}

void sac_linear_run_backward_rows(struct sac_linear *site, int rows, float *dx, float *d_bias,
                                  const float *dy, const float *w, const float *h, const int *h_row)
{
    const struct sac_linear_shape *s = &site->shape;
    const struct sac_kernels *k = sac_kernels();
    if (!run_primitive(site, dx, dy, w, NULL))
        k->linear_backward_input(dx, s->y_ld, d_bias, dy, s->x_ld, w, s->w_ld, h, h_row, s->activation, rows,
                                 s->in, s->out);
    else if (h)
        k->activation_backward(dx, d_bias, h, h_row, s->activation, s->rows, s->in, s->y_ld);
}

void sac_linear_run_backward(struct sac_linear *site, float *dx, float *d_bias, const float *dy,
                             const float *w, const float *h)
{
    sac_linear_run_backward_rows(site, site->shape.rows, dx, d_bias, dy, w, h, NULL);
}

const char *sac_linear_implementation(const struct sac_linear *site)
{
    return site->implementation;
}

const struct sac_linear_shape *sac_linear_shape_of(const struct sac_linear *site)
{
    return &site->shape;
}
