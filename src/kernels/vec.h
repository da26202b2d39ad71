/* SAC_LANES floats or 32-bit integers side by side: the one vector type of kernels_impl.h.
 *
 * Arithmetic, comparison and shifts are the compiler's own vector operators; below is what they lack. A
 * comparison gives a vi, all ones where it holds. Only this file knows intrinsics; without them every
 * operation is plain C, so any lane count builds everywhere. */
#ifndef SAC_VEC_H
#define SAC_VEC_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef SAC_LANES
#error "define SAC_LANES before including vec.h"
#endif

#if SAC_LANES == 16 && defined(__AVX512F__) && defined(__AVX512DQ__)
#define SAC_VEC_AVX512
#include <immintrin.h>
#elif SAC_LANES == 8 && defined(__AVX2__) && defined(__FMA__)
#define SAC_VEC_AVX2
#include <immintrin.h>
#endif

#define SAC_INLINE static inline __attribute__((always_inline))
/* The compiler knows nothing of this pointer any more: it keeps it in a register of its own. */
#define SAC_HIDE(pointer) __asm__("" : "+r"(pointer))
#ifdef __clang__
#define SAC_UNROLL   _Pragma("clang loop unroll(full)")
#define SAC_UNROLL_4 _Pragma("clang loop unroll_count(4)")
#else
#define SAC_UNROLL   _Pragma("GCC unroll 16")
#define SAC_UNROLL_4 _Pragma("GCC unroll 4")
#endif

typedef float vf __attribute__((vector_size(4 * SAC_LANES)));
typedef int32_t vi __attribute__((vector_size(4 * SAC_LANES)));
typedef uint32_t vu __attribute__((vector_size(4 * SAC_LANES)));
typedef uint64_t vw __attribute__((vector_size(4 * SAC_LANES))); /* SAC_LANES / 2 wide integers */
typedef double vd __attribute__((vector_size(4 * SAC_LANES)));   /* SAC_LANES / 2 doubles */
typedef float vf_anywhere __attribute__((vector_size(4 * SAC_LANES), aligned(4), may_alias));

SAC_INLINE vf vf_set(float x)
{
    return x - (vf){0}; /* keeps the sign of -0 */
}

SAC_INLINE vf vf_load(const float *p)
{
    return *(const vf_anywhere *)p;
}

SAC_INLINE void vf_store(float *p, vf x)
{
    *(vf_anywhere *)p = x;
}

/* Are lines asked for ahead of time? With AVX-512, on a core whose second cache is twice as large, asking for
 * y and h gained nothing; the rest was measured with AVX2 alone. */
#define SAC_ASKS_AHEAD (SAC_LANES == 8)
#define SAC_LINE       16 /* floats of a cache line */

/* Asks for the line that holds *p: now, or for the second cache alone. */
SAC_INLINE void vec_ask(const float *p)
{
    __builtin_prefetch(p, 0, 3);
}

SAC_INLINE void vec_ask_for_later(const float *p)
{
    __builtin_prefetch(p, 0, 2);
}

/* To an address that is a multiple of the vector's size, past the caches where the instruction set can: other
 * threads see it only after vec_drain. */
SAC_INLINE void vf_store_past_caches(float *p, vf x)
{
#if defined(SAC_VEC_AVX512)
    _mm512_stream_ps(p, (__m512)x);
#elif defined(SAC_VEC_AVX2)
    _mm256_stream_ps(p, (__m256)x);
#else
    vf_store(p, x);
#endif
}

SAC_INLINE void vec_drain(void)
{
#if defined(SAC_VEC_AVX512) || defined(SAC_VEC_AVX2)
    _mm_sfence();
#endif
}

#if defined(SAC_VEC_AVX2)
/* All ones in the first n lanes. */
SAC_INLINE __m256i vec_first(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
#endif

/* The first n lanes from p, zeros after; nothing else is read. 0 <= n <= SAC_LANES. */
SAC_INLINE vf vf_load_part(const float *p, int n)
{
#if defined(SAC_VEC_AVX512)
    return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif defined(SAC_VEC_AVX2)
    return (vf)_mm256_maskload_ps(p, vec_first(n));
#else
    float lane[SAC_LANES] = {0};
    memcpy(lane, p, (size_t)n * sizeof *p);
    return vf_load(lane);
#endif
}

/* The first n lanes to p; nothing else is written. */
SAC_INLINE void vf_store_part(float *p, vf x, int n)
{
#if defined(SAC_VEC_AVX512)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)x);
#elif defined(SAC_VEC_AVX2)
    _mm256_maskstore_ps(p, vec_first(n), (__m256)x);
#else
    float lane[SAC_LANES];
    vf_store(lane, x);
    memcpy(p, lane, (size_t)n * sizeof *p);
#endif
}

/* The first n lanes, all of them when n >= SAC_LANES. */
SAC_INLINE vf load_lanes(const float *p, int n)
{
    return n >= SAC_LANES ? vf_load(p) : vf_load_part(p, n);
}

SAC_INLINE void store_lanes(float *p, vf x, int n)
{
    if (n >= SAC_LANES)
        vf_store(p, x);
    else
        vf_store_part(p, x, n);
}

/* a b + c, rounded once where the instruction set can. */
SAC_INLINE vf vf_fma(vf a, vf b, vf c)
{
#if defined(SAC_VEC_AVX512)
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(SAC_VEC_AVX2)
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__FP_FAST_FMAF)
    vf y = c;
    for (int i = 0; i < SAC_LANES; i++)
        y[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return y;
#else
    return a * b + c;
#endif
}

/* mask ? a : b, per lane; mask comes from a comparison */
SAC_INLINE vf vf_select(vi mask, vf a, vf b)
{
#if defined(SAC_VEC_AVX2)
    return (vf)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)mask);
#else
    return (vf)((mask & (vi)a) | (~mask & (vi)b));
#endif
}

/* a > b ? a : b, so b where either is NaN: pass the constant first and NaN goes through. */
SAC_INLINE vf vf_max(vf a, vf b)
{
#if defined(SAC_VEC_AVX512)
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(SAC_VEC_AVX2)
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return vf_select(a > b, a, b);
#endif
}

/* a < b ? a : b, so b where either is NaN. */
SAC_INLINE vf vf_min(vf a, vf b)
{
#if defined(SAC_VEC_AVX512)
    return (vf)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(SAC_VEC_AVX2)
    return (vf)_mm256_min_ps((__m256)a, (__m256)b);
#else
    return vf_select(a < b, a, b);
#endif
}

SAC_INLINE vf vf_sqrt(vf x)
{
#if defined(SAC_VEC_AVX512)
    return (vf)_mm512_sqrt_ps((__m512)x);
#elif defined(SAC_VEC_AVX2)
    return (vf)_mm256_sqrt_ps((__m256)x);
#else
    for (int i = 0; i < SAC_LANES; i++)
        x[i] = sqrtf(x[i]);
    return x;
#endif
}

SAC_INLINE vf vf_abs(vf x)
{
    return (vf)((vi)x & 0x7FFFFFFF);
}

/* x, or 0 where x is too small for a normal number */
SAC_INLINE vf vf_normal(vf x)
{
    return (vf)((((vi)x & 0x7F800000) != 0) & (vi)x);
}

/* |magnitude| with the sign of `sign` */
SAC_INLINE vf vf_copysign(vf magnitude, vf sign)
{
    return (vf)(((vi)magnitude & 0x7FFFFFFF) | ((vi)sign & INT32_MIN));
}

/* exact below 2^24 */
SAC_INLINE vf vf_from_int(vi x)
{
    return __builtin_convertvector(x, vf);
}

/* Sum of the lanes by halves, so in the same order every time. */
SAC_INLINE float vf_sum(vf x)
{
#if defined(SAC_VEC_AVX512)
    return _mm512_reduce_add_ps((__m512)x);
#elif defined(SAC_VEC_AVX2)
    __m128 half = _mm_add_ps(_mm256_castps256_ps128((__m256)x), _mm256_extractf128_ps((__m256)x, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
#else
    float lane[SAC_LANES];
    vf_store(lane, x);
    for (int half = SAC_LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++)
            lane[i] += lane[i + half];
    }
    return lane[0];
#endif
}

#if defined(SAC_VEC_AVX2)
/* Rows i and i + 4 of a transposition that is done within both halves. */
SAC_INLINE void vec_join_halves(vf *low, vf *high, __m256 a, __m256 b)
{
    *low = (vf)_mm256_permute2f128_ps(a, b, 0x20);
    *high = (vf)_mm256_permute2f128_ps(a, b, 0x31);
}
#elif defined(SAC_VEC_AVX512)
/* Lane j of *a and *b, where bit `distance` of j tells which they exchange. */
SAC_INLINE void vec_exchange(vf *a, vf *b, int distance)
{
    vi first, second;
    for (int j = 0; j < SAC_LANES; j++) {
        first[j] = j & distance ? SAC_LANES + (j ^ distance) : j;
        second[j] = j & distance ? SAC_LANES + j : j ^ distance;
    }
    const __m512 x = (__m512)*a, y = (__m512)*b;
    *a = (vf)_mm512_permutex2var_ps(x, (__m512i)first, y);
    *b = (vf)_mm512_permutex2var_ps(x, (__m512i)second, y);
}
#endif

/* Lane j of row i goes to lane i of row j; row (SAC_LANES). */
SAC_INLINE void vec_transpose(vf *row)
{
#if defined(SAC_VEC_AVX512)
    SAC_UNROLL
    for (int distance = 1; distance < SAC_LANES; distance *= 2) {
        SAC_UNROLL
        for (int i = 0; i < SAC_LANES; i++) {
            if (!(i & distance))
                vec_exchange(&row[i], &row[i + distance], distance);
        }
    }
#elif defined(SAC_VEC_AVX2)
    __m256 pair[8], four[8];
    SAC_UNROLL
    for (int i = 0; i < 8; i += 2) {
        pair[i] = _mm256_unpacklo_ps((__m256)row[i], (__m256)row[i + 1]);
        pair[i + 1] = _mm256_unpackhi_ps((__m256)row[i], (__m256)row[i + 1]);
    }
    SAC_UNROLL
    for (int i = 0; i < 8; i += 4) {
        four[i] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0x44);
        four[i + 1] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0xEE);
        four[i + 2] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0x44);
        four[i + 3] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0xEE);
    }
    SAC_UNROLL
    for (int i = 0; i < 4; i++)
        vec_join_halves(&row[i], &row[i + 4], four[i], four[i + 4]);
#else
    float lane[SAC_LANES][SAC_LANES];
    memcpy(lane, row, sizeof lane);
    for (int i = 0; i < SAC_LANES; i++) {
        for (int j = 0; j < SAC_LANES; j++)
            row[i][j] = lane[j][i];
    }
#endif
}

/* The lanes of x in double: the lower half of them, the upper half */
SAC_INLINE void vd_from_floats(vd y[2], vf x)
{
#if defined(SAC_VEC_AVX512)
    y[0] = (vd)_mm512_cvtps_pd(_mm512_castps512_ps256((__m512)x));
    y[1] = (vd)_mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)x, 1));
#elif defined(SAC_VEC_AVX2)
    y[0] = (vd)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)x));
    y[1] = (vd)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)x, 1));
#else
    SAC_UNROLL
    for (int i = 0; i < SAC_LANES; i++)
        y[i / (SAC_LANES / 2)][i % (SAC_LANES / 2)] = (double)x[i];
#endif
}

/* The 64-bit products of the lanes' low halves and m. */
SAC_INLINE vw vw_multiply(vw a, uint32_t m)
{
#if defined(SAC_VEC_AVX512)
    return (vw)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64(m));
#elif defined(SAC_VEC_AVX2)
    return (vw)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(m));
#else
    return (a & 0xFFFFFFFFu) * m;
#endif
}

/* Low halves of `low` and `high`, side by side in each lane. */
SAC_INLINE vu vw_join(vw low, vw high)
{
#if defined(SAC_VEC_AVX512)
    return (vu)_mm512_mask_blend_epi32(0xAAAA, (__m512i)low, (__m512i)(high << 32));
#elif defined(SAC_VEC_AVX2)
    return (vu)_mm256_blend_epi32((__m256i)low, (__m256i)(high << 32), 0xAA);
#else
    return (vu)((low & 0xFFFFFFFFu) | high << 32);
#endif
}

/* Lanes in pairs, those of x before those of y: their first halves, their second halves. vf_interleave puts
 * them back. */
SAC_INLINE void vu_split_pairs(vu x, vu y, vu *first, vu *second)
{
#if defined(SAC_VEC_AVX512)
    *first = (vu)_mm512_shuffle_ps((__m512)x, (__m512)y, 0x88);
    *second = (vu)_mm512_shuffle_ps((__m512)x, (__m512)y, 0xDD);
#elif defined(SAC_VEC_AVX2)
    *first = (vu)_mm256_shuffle_ps((__m256)x, (__m256)y, 0x88);
    *second = (vu)_mm256_shuffle_ps((__m256)x, (__m256)y, 0xDD);
#else
    vu low = {0}, high = {0};
    SAC_UNROLL
    for (int i = 0; i < SAC_LANES; i++) {
        const vu from = i % 4 < 2 ? x : y;
        low[i] = from[i / 4 * 4 + i % 2 * 2];
        high[i] = from[i / 4 * 4 + i % 2 * 2 + 1];
    }
    *first = low;
    *second = high;
#endif
}

/* The same as vf_interleave, of pairs of lanes: first = x0 x1 y0 y1, second = x2 x3 y2 y3. */
SAC_INLINE void vu_interleave_pairs(vu x, vu y, vu *first, vu *second)
{
#if defined(SAC_VEC_AVX512)
    *first = (vu)_mm512_unpacklo_epi64((__m512i)x, (__m512i)y);
    *second = (vu)_mm512_unpackhi_epi64((__m512i)x, (__m512i)y);
#elif defined(SAC_VEC_AVX2)
    *first = (vu)_mm256_unpacklo_epi64((__m256i)x, (__m256i)y);
    *second = (vu)_mm256_unpackhi_epi64((__m256i)x, (__m256i)y);
#else
    vu low = {0}, high = {0};
    SAC_UNROLL
    for (int i = 0; i < SAC_LANES; i++) {
        const vu from = i % 4 < 2 ? x : y;
        low[i] = from[i / 4 * 4 + i % 2];
        high[i] = from[i / 4 * 4 + 2 + i % 2];
    }
    *first = low;
    *second = high;
#endif
}

/* In each four lanes x0 x1 x2 x3 and y0 y1 y2 y3: first = x0 y0 x1 y1, second = x2 y2 x3 y3. */
SAC_INLINE void vf_interleave(vf x, vf y, vf *first, vf *second)
{
#if defined(SAC_VEC_AVX512)
    *first = (vf)_mm512_unpacklo_ps((__m512)x, (__m512)y);
    *second = (vf)_mm512_unpackhi_ps((__m512)x, (__m512)y);
#elif defined(SAC_VEC_AVX2)
    *first = (vf)_mm256_unpacklo_ps((__m256)x, (__m256)y);
    *second = (vf)_mm256_unpackhi_ps((__m256)x, (__m256)y);
#else
    vf low = {0}, high = {0};
    SAC_UNROLL
    for (int i = 0; i < SAC_LANES; i++) {
        const vf from = i % 2 == 0 ? x : y;
        low[i] = from[i / 4 * 4 + i % 4 / 2];
        high[i] = from[i / 4 * 4 + 2 + i % 4 / 2];
    }
    *first = low;
    *second = high;
#endif
}

#endif
