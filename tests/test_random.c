/* Random numbers: Philox is Philox, and purposes, steps, rows and blocks do not share numbers. */
#include <Random123/philox.h>
#include <check.h>
#include <stdlib.h>

#include "random.h"
#include "suite.h"

/* Philox4x32-10 gives the published numbers: Random123 1.14, tests/kat_vectors. */
START_TEST(known_answers)
{
    static const struct {
        struct sac_philox counter;
        uint32_t key[2];
        uint32_t out[4];
    } known[] = {
        {{{0, 0, 0, 0}}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}},
         {UINT32_MAX, UINT32_MAX},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const uint64_t key = (uint64_t)known[i].key[1] << 32 | known[i].key[0];
        const struct sac_philox got = sac_philox4x32(known[i].counter, key);
        for (int w = 0; w < 4; w++)
            ck_assert_uint_eq(got.word[w], known[i].out[w]);
    }
}
END_TEST

/* The same function as Random123's, on counters of all sizes. */
START_TEST(agrees_with_random123)
{
    for (uint32_t i = 0; i < 2000; i++) {
        const struct sac_philox counter = sac_philox4x32((struct sac_philox){{i, 1, 2, 3}}, i);
        const uint64_t key = (uint64_t)counter.word[0] * i;
        philox4x32_ctr_t c;
        philox4x32_key_t k;
        for (int w = 0; w < 4; w++)
            c.v[w] = counter.word[w];
        k.v[0] = (uint32_t)key;
        k.v[1] = (uint32_t)(key >> 32);
        const philox4x32_ctr_t want = philox4x32_R(10, c, k);
        const struct sac_philox got = sac_philox4x32(counter, key);
        for (int w = 0; w < 4; w++)
            ck_assert_uint_eq(got.word[w], want.v[w]);
    }
}
END_TEST

static struct sac_philox draw(const uint64_t at[5])
{
    return sac_random(at[0], (enum sac_purpose)at[1], at[2], (uint32_t)at[3], (uint32_t)at[4]);
}

/* Seed, purpose, step (its upper half too), row and block each change the number. */
START_TEST(every_coordinate_counts)
{
    static const uint64_t change[][2] = {{0, 1},          {0, 1ull << 32}, {1, 1}, {2, 1},
                                         {2, 1ull << 32}, {2, 1ull << 55}, {3, 1}, {4, 1}};
    const uint64_t base[5] = {7, SAC_PURPOSE_DRAW, 1000, 3, 5};
    const struct sac_philox want = draw(base);
    for (size_t i = 0; i < sizeof change / sizeof *change; i++) {
        uint64_t at[5] = {base[0], base[1], base[2], base[3], base[4]};
        ck_assert_mem_eq(draw(at).word, want.word, sizeof want.word);
        at[change[i][0]] ^= change[i][1];
        ck_assert_mem_ne(draw(at).word, want.word, sizeof want.word);
    }
}
END_TEST

/* Unit floats reach both ends of [0, 1) and nothing beyond. */
START_TEST(unit_floats)
{
    ck_assert(sac_unit_float(0) == 0);
    ck_assert(sac_unit_float(UINT32_MAX) == 1 - 0x1p-24f);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("random");
    tcase_add_test(tc, known_answers);
    tcase_add_test(tc, agrees_with_random123);
    tcase_add_test(tc, every_coordinate_counts);
    tcase_add_test(tc, unit_floats);
    return suite_run(CK_FORK_GETENV, "random", 1, tc);
}
