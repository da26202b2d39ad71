/* Memory: aligned, zero, and given back; and a plausible figure of what is left. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "memory.h"
#include "suite.h"

/* Blocks from the heap and blocks of their own mapping are aligned and zero, also where one was before. */
START_TEST(aligned_and_zero)
{
    static const size_t sizes[] = {0, 1, 63, 64, 4096, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 9000001};
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            unsigned char *block = sac_allocate(sizes[i]);
            ck_assert_ptr_nonnull(block);
            ck_assert_uint_eq((uintptr_t)block % (sizes[i] >= 4 << 20 ? 2 << 20 : 64), 0);
            size_t set = 0;
            for (size_t b = 0; b < sizes[i]; b++)
                set += block[b] != 0;
            ck_assert_uint_eq(set, 0);
            memset(block, 0xFF, sizes[i]);
            sac_free(block);
        }
    }
    sac_free(NULL);
}
END_TEST

static size_t resident_pages(void *memory, size_t bytes)
{
    static unsigned char page[1024];
    size_t resident = 0;
    ck_assert_uint_le(bytes / 4096, sizeof page);
    ck_assert_int_eq(mincore(memory, bytes, page), 0);
    for (size_t i = 0; i < bytes / 4096; i++)
        resident += page[i] & 1;
    return resident;
}

#ifndef SAC_PORTABLE_ONLY /* ThreadSanitizer's calloc writes all of them */
/* Nor are pages of a block from the heap that are fresh from the kernel, but for those at its ends. */
START_TEST(fresh_heap)
{
    enum { SIZE = 3 << 20 };
    char *block = sac_allocate(SIZE);
    ck_assert_ptr_nonnull(block);
    char *page = block + 4096 - (uintptr_t)block % 4096;
    ck_assert_uint_eq(resident_pages(page, SIZE - 4096 - 4096), 0);
    ck_assert_int_eq(block[SIZE / 2], 0);
    sac_free(block);
}
END_TEST
#endif

/* No page is there before somebody writes, and then the one that is written (or the huge one around it). */
START_TEST(untouched)
{
    static const size_t sizes[] = {64 << 10, (64 << 10) + 4096, 1 << 20, 2 << 20, 4 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *block = sac_allocate_untouched(sizes[i], true);
        ck_assert_ptr_nonnull(block);
        ck_assert_uint_eq((uintptr_t)block % (sizes[i] >= 2 << 20 ? 2 << 20 : 4096), 0);
        ck_assert_uint_eq(resident_pages(block, sizes[i]), 0);
        block[sizes[i] / 2] = 1;
        ck_assert_uint_ge(resident_pages(block, sizes[i]), 1);
        ck_assert_uint_le(resident_pages(block, sizes[i]), (2 << 20) / 4096);
        ck_assert_int_eq(block[0], 0);
        sac_free(block);
    }
    char *small = sac_allocate_untouched(100, true);
    ck_assert_uint_eq((uintptr_t)small % 64, 0);
    ck_assert_int_eq(small[99], 0);
    sac_free(small);
}
END_TEST

/* Where huge pages are not wanted a touch makes no more than a page resident, also amid a large block. */
START_TEST(sparse)
{
    enum { SIZE = 4 << 20 };
    char *block = sac_allocate_untouched(SIZE, false);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq(resident_pages(block, SIZE), 0);
    block[SIZE / 2] = 1;
    ck_assert_uint_eq(resident_pages(block, SIZE), 1);
    sac_free(block);
}
END_TEST

/* More than any machine has is refused, not promised. */
START_TEST(too_much)
{
    ck_assert_ptr_null(sac_allocate(SIZE_MAX));
    ck_assert_ptr_null(sac_allocate(SIZE_MAX / 2));
    ck_assert_ptr_null(sac_allocate_untouched(SIZE_MAX, true));
}
END_TEST

/* Rounding up to multiples, at and around them. */
START_TEST(round_up)
{
    ck_assert_uint_eq(sac_round_up(0, 16), 0);
    ck_assert_uint_eq(sac_round_up(1, 16), 16);
    ck_assert_uint_eq(sac_round_up(16, 16), 16);
    ck_assert_uint_eq(sac_round_up(17, 16), 32);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("memory");
#ifndef SAC_PORTABLE_ONLY
    tcase_add_test(tc, fresh_heap); /* first, where tests share a process and its heap */
#endif
    tcase_add_test(tc, aligned_and_zero);
    tcase_add_test(tc, untouched);
    tcase_add_test(tc, sparse);
    tcase_add_test(tc, too_much);
    tcase_add_test(tc, round_up);
    return suite_run(CK_FORK_GETENV, "memory", 1, tc);
}
