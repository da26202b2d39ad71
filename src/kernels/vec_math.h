/* Elementary functions over vec.h, with their bounds (tests/test_kernels.c shows them through the kernels).
 * NaN goes in, NaN comes out; infinities give limits. Polynomials: S. Moshier's Cephes library, single
 * precision. */
#ifndef SAC_VEC_MATH_H
#define SAC_VEC_MATH_H

#include "vec.h"

/* 2^n for -126 <= n <= 127 */
SAC_INLINE vf vf_power_of_two(vi n)
{
    return (vf)((n + 127) << 23);
}

/* x = n log 2 + r with |r| <= log(2)/2 as 2^n = scale[0] scale[1] and e^r - 1, for -110 <= x <= 110 */
SAC_INLINE vf vf_exp_reduce(vf x, vf scale[2])
{
    const vf magic = vf_set(0x1.8p23f); /* adding it rounds to an integer in the low bits */
    const vf shifted = vf_fma(x, vf_set(1.44269504f), magic);
    const vf n = shifted - magic;
    vf r = vf_fma(n, vf_set(-0.693359375f), x);
    r = vf_fma(n, vf_set(2.12194440e-4f), r);
    const vi power = (vi)shifted - (vi)magic, half = power >> 1;
    scale[0] = vf_power_of_two(half);
    scale[1] = vf_power_of_two(power - half);
    vf y = vf_set(1.9875691500e-4f);
    y = vf_fma(y, r, vf_set(1.3981999507e-3f));
    y = vf_fma(y, r, vf_set(8.3334519073e-3f));
    y = vf_fma(y, r, vf_set(4.1665795894e-2f));
    y = vf_fma(y, r, vf_set(1.6666665459e-1f));
    y = vf_fma(y, r, vf_set(5.0000001201e-1f));
    return vf_fma(y, r * r, r);
}

/* e^x, relative error <= 3e-7; 0 below -110, infinite above 89 */
SAC_INLINE vf vf_exp(vf x)
{
    vf scale[2];
    x = vf_min(vf_set(110), vf_max(vf_set(-110), x));
    const vf y = vf_exp_reduce(x, scale);
    return vf_fma(y, scale[0], scale[0]) * scale[1];
}

/* log(1 + x) for sqrt(1/2) - 1 <= x <= sqrt(2) - 1, relative error <= 2e-7 */
SAC_INLINE vf vf_log_near_one(vf x)
{
    vf y = vf_set(7.0376836292e-2f);
    y = vf_fma(y, x, vf_set(-1.1514610310e-1f));
    y = vf_fma(y, x, vf_set(1.1676998740e-1f));
    y = vf_fma(y, x, vf_set(-1.2420140846e-1f));
    y = vf_fma(y, x, vf_set(1.4249322787e-1f));
    y = vf_fma(y, x, vf_set(-1.6668057665e-1f));
    y = vf_fma(y, x, vf_set(2.0000714765e-1f));
    y = vf_fma(y, x, vf_set(-2.4999993993e-1f));
    y = vf_fma(y, x, vf_set(3.3333331174e-1f));
    const vf square = x * x;
    return vf_fma(y * x, square, vf_fma(vf_set(-0.5f), square, x));
}

/* log x for normal x > 0, relative error <= 3e-7 */
SAC_INLINE vf vf_log(vf x)
{
    const vi power = ((vi)x - 0x3F3504F3) >> 23; /* of two, so that x / 2^power is in [sqrt(1/2), sqrt(2)) */
    const vf mantissa = (vf)((vi)x - (power << 23));
    const vf n = vf_from_int(power);
    const vf y = vf_fma(n, vf_set(-2.12194440e-4f), vf_log_near_one(mantissa - 1.0f));
    return vf_fma(n, vf_set(0.693359375f), y);
}

/* log(1 + e) for 0 <= e <= 1, relative error <= 3e-7 */
SAC_INLINE vf vf_log1p_unit(vf e)
{
    const vi large = e > 0.41421356f;
    const vf halved = vf_select(large, vf_fma(e, vf_set(0.5f), vf_set(-0.5f)), e);
    return vf_log_near_one(halved) + vf_select(large, vf_set(0.69314718f), vf_set(0));
}

/* What tanh u, 1 - tanh^2 u and softplus(-2u) share: tanh u with relative error <= 4e-7 */
struct vf_tanh {
    vf tanh;
    vf slope;       /* 1 - tanh^2 u, relative error <= 6e-7 while it is a normal number */
    vf exponential; /* e^(-2|u|) */
};

SAC_INLINE struct vf_tanh vf_tanh_parts(vf u)
{
    vf scale[2];
    const vf y = vf_exp_reduce(vf_max(vf_set(-110), -2.0f * vf_abs(u)), scale);
    const vf power = scale[0] * scale[1];
    const vf minus_one = vf_fma(power, y, power - 1.0f); /* e^(-2|u|) - 1 */
    struct vf_tanh t;
    t.exponential = vf_fma(y, scale[0], scale[0]) * scale[1];
    const vf inverse = 1.0f / (1.0f + t.exponential);
    t.tanh = vf_copysign(minus_one * inverse, u);
    t.slope = 4.0f * t.exponential * (inverse * inverse);
    return t;
}

SAC_INLINE vf vf_tanh(vf u)
{
    return vf_tanh_parts(u).tanh;
}

/* cos and sin of 2 pi k / 2^24, absolute error <= 2e-7; 0 <= k < 2^24 */
SAC_INLINE void vf_cos_sin_turn(vi k, vf *cosine, vf *sine)
{
    const vi quadrant = (k + (1 << 21)) >> 22;
    const vf x = vf_from_int(k - (quadrant << 22)) * (6.28318531f * 0x1p-24f); /* |x| <= pi / 4 */
    const vf z = x * x;
    vf s = vf_fma(vf_set(-1.9515295891e-4f), z, vf_set(8.3321608736e-3f));
    s = vf_fma(s, z, vf_set(-1.6666654611e-1f));
    s = vf_fma(s * z, x, x);
    vf c = vf_fma(vf_set(2.443315711809948e-5f), z, vf_set(-1.388731625493765e-3f));
    c = vf_fma(c, z, vf_set(4.166664568298827e-2f));
    c = vf_fma(c * z, z, vf_fma(vf_set(-0.5f), z, vf_set(1)));
    const vi odd = (quadrant & 1) != 0;
    const vu cosine_sign = ((vu)(quadrant + 1) & 2u) << 30, sine_sign = ((vu)quadrant & 2u) << 30;
    *cosine = (vf)((vu)vf_select(odd, s, c) ^ cosine_sign);
    *sine = (vf)((vu)vf_select(odd, c, s) ^ sine_sign);
}

/* Two standard normal numbers from two random words (Box & Muller 1958), absolute error <= 2e-6:
 * sqrt(-2 log a) (cos, sin)(2 pi b) with a in (0, 1], b in [0, 1) of 24 bits each. */
SAC_INLINE void vf_box_muller(vu a, vu b, vf *x, vf *y)
{
    const vf uniform = vf_from_int((vi)(a >> 8) + 1) * 0x1p-24f;
    const vf radius = vf_sqrt(-2.0f * vf_log(uniform));
    vf cosine, sine;
    vf_cos_sin_turn((vi)(b >> 8), &cosine, &sine);
    *x = radius * cosine;
    *y = radius * sine;
}

/* Philox4x32-10 of SAC_LANES counters under one key: sac_philox4x32, lane by lane. */
SAC_INLINE void vu_philox(vu word[4], uint64_t key)
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        vu high0, low0, high1, low1;
        vu_multiply_wide(word[0], 0xD2511F53u, &high0, &low0);
        vu_multiply_wide(word[2], 0xCD9E8D57u, &high1, &low1);
        word[0] = high1 ^ word[1] ^ k0;
        word[1] = low1;
        word[2] = high0 ^ word[3] ^ k1;
        word[3] = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

#endif
