/* Elementary functions over vec.h, with their bounds (tests/test_kernels.c shows them through the kernels).
 * NaN goes in, NaN comes out; infinities give limits.
 *
 * A polynomial is a chain of dependent operations, and a core that works on one alone mostly waits. So every
 * function takes N vectors side by side, N a constant. Coefficients: minimax fits to the bounds told (sine
 * and cosine: S. Moshier's Cephes library). */
#ifndef SAC_VEC_MATH_H
#define SAC_VEC_MATH_H

#include "vec.h"

enum { SAC_SIDE = 4 }; /* N at most */

/* y = c[0] x^(terms - 1) + ... + c[terms - 1] */
SAC_INLINE void vf_polynomial(vf *y, const vf *x, const float *c, const int terms, const int N)
{
    SAC_UNROLL
    for (int i = 0; i < N; i++)
        y[i] = vf_fma(vf_set(c[0]), x[i], vf_set(c[1]));
    SAC_UNROLL
    for (int k = 2; k < terms; k++) {
        SAC_UNROLL
        for (int i = 0; i < N; i++)
            y[i] = vf_fma(y[i], x[i], vf_set(c[k]));
    }
}

/* x = n log 2 + r with |r| <= log(2)/2: the integer n in the low bits of `shifted` above 1.5 2^23, and y =
 * e^r - 1, relative error <= 2e-7 */
SAC_INLINE void vf_exp_reduce(vf *y, vi *n, const vf *x, const int N)
{
    static const float c[] = {1.3882521307e-3f, 8.3665205166e-3f, 4.1667200625e-2f, 1.6666543484e-1f,
                              4.9999997020e-1f};
    const vf magic = vf_set(0x1.8p23f); /* adding it rounds to an integer in the low bits */
    vf r[SAC_SIDE];
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        const vf shifted = vf_fma(x[i], vf_set(1.44269504f), magic);
        const vf whole = shifted - magic;
        r[i] = vf_fma(whole, vf_set(2.12194440e-4f), vf_fma(whole, vf_set(-0.693359375f), x[i]));
        n[i] = (vi)shifted - (vi)magic;
    }
    vf_polynomial(y, r, c, 5, N);
    SAC_UNROLL
    for (int i = 0; i < N; i++)
        y[i] = vf_fma(y[i], r[i] * r[i], r[i]);
}

/* e^x for -87 <= x <= 88, relative error <= 3e-7 */
SAC_INLINE void vf_exp(vf *y, const vf *x, const int N)
{
    vi n[SAC_SIDE];
    vf_exp_reduce(y, n, x, N);
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        const vf power = (vf)((n[i] + 127) << 23);
        y[i] = vf_fma(y[i], power, power);
    }
}

/* log x for normal x > 0, relative error <= 3e-7 */
SAC_INLINE void vf_log(vf *y, const vf *x, const int N)
{
    static const float c[] = {8.7004229426e-2f, -1.4267888665e-1f, 1.4914941788e-1f, -1.6577544808e-1f,
                              1.9963045418e-1f, -2.5001338124e-1f, 3.3333912492e-1f};
    vf n[SAC_SIDE], m[SAC_SIDE];
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        const vi power =
            ((vi)x[i] - 0x3F3504F3) >> 23; /* of two, so that x / 2^power is in [sqrt(1/2), sqrt(2)) */
        m[i] = (vf)((vi)x[i] - (power << 23)) - 1.0f;
        n[i] = vf_from_int(power);
    }
    vf_polynomial(y, m, c, 7, N); /* log(1 + m) = m - m^2/2 + m^3 y */
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        const vf square = m[i] * m[i];
        const vf tail = vf_fma(y[i] * m[i], square, vf_fma(vf_set(-0.5f), square, m[i]));
        y[i] = vf_fma(n[i], vf_set(0.693359375f), vf_fma(n[i], vf_set(-2.12194440e-4f), tail));
    }
}

/* log(1 + x) for 0 <= x <= 1, relative error <= 3e-7 */
SAC_INLINE void vf_log1p_unit(vf *y, const vf *x, const int N)
{
    static const float c[] = {5.2326912992e-3f,  -2.9505226761e-2f, 7.8225933015e-2f,
                              -1.3663244247e-1f, 1.9106006622e-1f,  -2.4842981994e-1f,
                              3.3319097757e-1f,  -4.9999493361e-1f, 9.9999994040e-1f};
    vf_polynomial(y, x, c, 9, N);
    SAC_UNROLL
    for (int i = 0; i < N; i++)
        y[i] *= x[i];
}

/* What tanh u, 1 - tanh^2 u and softplus(-2u) share */
struct vf_tanh {
    vf tanh[SAC_SIDE];        /* relative error <= 4e-7 */
    vf slope[SAC_SIDE];       /* 1 - tanh^2 u, relative error <= 6e-7 while it is a normal number */
    vf exponential[SAC_SIDE]; /* e^(-2|u|) */
};

SAC_INLINE void vf_tanh_parts(struct vf_tanh *t, const vf *u, const int N)
{
    vf x[SAC_SIDE], y[SAC_SIDE];
    vi n[SAC_SIDE];
    SAC_UNROLL
    for (int i = 0; i < N; i++)
        x[i] = vf_max(vf_set(-110), -2.0f * vf_abs(u[i]));
    vf_exp_reduce(y, n, x, N);
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        const vf power = (vf)((n[i] + (127 + 64)) << 23) * 0x1p-64f; /* 2^n, denormal too */
        const vf minus_one = vf_fma(power, y[i], power - 1.0f);      /* e^(-2|u|) - 1 */
        t->exponential[i] = vf_fma(power, y[i], power);
        const vf inverse = 1.0f / (1.0f + t->exponential[i]);
        t->tanh[i] = vf_copysign(minus_one * inverse, u[i]);
        t->slope[i] = 4.0f * t->exponential[i] * (inverse * inverse);
    }
}

/* cos and sin of 2 pi k / 2^24, absolute error <= 2e-7; 0 <= k < 2^24 */
SAC_INLINE void vf_cos_sin_turn(vf *cosine, vf *sine, const vi *k, const int N)
{
    static const float sine_c[] = {-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f},
                       cosine_c[] = {2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f};
    vi quadrant[SAC_SIDE];
    vf x[SAC_SIDE], z[SAC_SIDE], s[SAC_SIDE], c[SAC_SIDE];
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        quadrant[i] = (k[i] + (1 << 21)) >> 22;
        x[i] = vf_from_int(k[i] - (quadrant[i] << 22)) * (6.28318531f * 0x1p-24f); /* |x| <= pi / 4 */
        z[i] = x[i] * x[i];
    }
    vf_polynomial(s, z, sine_c, 3, N);
    vf_polynomial(c, z, cosine_c, 3, N);
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        s[i] = vf_fma(s[i] * z[i], x[i], x[i]);
        c[i] = vf_fma(c[i] * z[i], z[i], vf_fma(vf_set(-0.5f), z[i], vf_set(1)));
        const vi odd = (quadrant[i] & 1) != 0;
        const vu cosine_sign = ((vu)(quadrant[i] + 1) & 2u) << 30, sine_sign = ((vu)quadrant[i] & 2u) << 30;
        cosine[i] = (vf)((vu)vf_select(odd, s[i], c[i]) ^ cosine_sign);
        sine[i] = (vf)((vu)vf_select(odd, c[i], s[i]) ^ sine_sign);
    }
}

/* Two standard normal numbers from two random words (Box & Muller 1958), absolute error <= 2e-6:
 * sqrt(-2 log a) (cos, sin)(2 pi b) with a in (0, 1], b in [0, 1) of 24 bits each. */
SAC_INLINE void vf_box_muller(vf *x, vf *y, const vu *a, const vu *b, const int N)
{
    vf uniform[SAC_SIDE], log[SAC_SIDE];
    vi turn[SAC_SIDE];
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        uniform[i] = vf_from_int((vi)(a[i] >> 8) + 1) * 0x1p-24f;
        turn[i] = (vi)(b[i] >> 8);
    }
    vf_log(log, uniform, N);
    vf_cos_sin_turn(x, y, turn, N);
    SAC_UNROLL
    for (int i = 0; i < N; i++) {
        const vf radius = vf_sqrt(-2.0f * log[i]);
        x[i] *= radius;
        y[i] *= radius;
    }
}

/* Philox4x32-10 of SAC_LANES counters under one key: sac_philox4x32, lane by lane, half of them in each
 * word[g]. Words are the low halves of the 64-bit lanes, as products need them; the high halves may hold
 * anything, before and after. Two chains of rounds side by side hide the latency of the products. */
SAC_INLINE void vw_philox(vw word[2][4], uint64_t key)
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    SAC_UNROLL
    for (int round = 0; round < 10; round++) {
        SAC_UNROLL
        for (int g = 0; g < 2; g++) {
            const vw product0 = vw_multiply(word[g][0], 0xD2511F53u);
            const vw product1 = vw_multiply(word[g][2], 0xCD9E8D57u);
            word[g][0] = product1 >> 32 ^ (word[g][1] ^ k0);
            word[g][1] = product1;
            word[g][2] = product0 >> 32 ^ (word[g][3] ^ k1);
            word[g][3] = product0;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

#endif
