/* Snapshots: what is held never changes, versions never go back, and there is always a slot to write. */
#include <check.h>
#include <string.h>

#include "snapshot.h"
#include "suite.h"

#define FLOATS 37

static struct sac_snapshots *create(int holders)
{
    float initial[FLOATS] = {0};
    struct sac_snapshots *snapshots;
    ck_assert_int_eq(sac_snapshots_create(holders, FLOATS, initial, &snapshots), SAC_OK);
    return snapshots;
}

/* Version v carries v in every parameter. */
static bool publish(struct sac_snapshots *snapshots, uint64_t version)
{
    float parameters[FLOATS];
    for (int i = 0; i < FLOATS; i++)
        parameters[i] = (float)version;
    return sac_snapshots_publish(snapshots, parameters, version);
}

static void assert_is(const float *parameters, uint64_t version)
{
    for (int i = 0; i < FLOATS; i++)
        ck_assert_float_eq(parameters[i], (float)version);
}

/* The initial parameters are version 0, and a holder sees each publish at its next hold. */
START_TEST(newest_is_held)
{
    struct sac_snapshots *snapshots = create(1);
    struct sac_holder holder = {-1};
    uint64_t version = 99;
    assert_is(sac_snapshots_hold(snapshots, &holder, &version), 0);
    ck_assert_uint_eq(version, 0);
    for (uint64_t v = 1; v < 20; v++) {
        ck_assert(publish(snapshots, v));
        assert_is(sac_snapshots_hold(snapshots, &holder, &version), v);
        ck_assert_uint_eq(version, v);
    }
    sac_snapshots_destroy(snapshots);
}
END_TEST

/* What is held stays as it was through any number of publishes. */
START_TEST(held_never_changes)
{
    struct sac_snapshots *snapshots = create(2);
    struct sac_holder slow = {-1}, quick = {-1};
    uint64_t version;
    ck_assert(publish(snapshots, 7));
    const float *held = sac_snapshots_hold(snapshots, &slow, &version);
    for (uint64_t v = 8; v < 100; v++) {
        ck_assert(publish(snapshots, v));
        if (v % 3 == 0)
            sac_snapshots_hold(snapshots, &quick, &version);
        assert_is(held, 7);
    }
    sac_snapshots_destroy(snapshots);
}
END_TEST

/* holders + 2 slots are enough: with every holder on a slot of its own there is always one to write. */
START_TEST(always_a_free_slot)
{
    enum { HOLDERS = 5 };
    struct sac_snapshots *snapshots = create(HOLDERS);
    struct sac_holder holders[HOLDERS];
    uint64_t version;
    for (int h = 0; h < HOLDERS; h++)
        holders[h].slot = -1;
    for (uint64_t v = 1; v <= 200; v++) {
        ck_assert(publish(snapshots, v));
        sac_snapshots_hold(snapshots, &holders[v % HOLDERS], &version);
        ck_assert_uint_eq(version, v);
    }
    sac_snapshots_destroy(snapshots);
}
END_TEST

/* A holder beyond those the slots were made for is what takes the last slot: publish then says so. */
START_TEST(no_free_slot_is_reported)
{
    struct sac_snapshots *snapshots = create(0);
    struct sac_holder one = {-1};
    uint64_t version;
    sac_snapshots_hold(snapshots, &one, &version);
    ck_assert(publish(snapshots, 1));
    ck_assert(!publish(snapshots, 2));
    sac_snapshots_release(snapshots, &one);
    ck_assert(publish(snapshots, 2));
    sac_snapshots_destroy(snapshots);
}
END_TEST

/* Giving back and taking again, with and without a publish in between, keeps the counts right: one slot more
 * or less counted would leave none free, or free a held one. */
START_TEST(release_and_hold_again)
{
    struct sac_snapshots *snapshots = create(1);
    struct sac_holder holder = {-1};
    uint64_t version;
    sac_snapshots_release(snapshots, &holder); /* holds nothing: nothing to give back */
    for (uint64_t v = 1; v < 50; v++) {
        ck_assert(publish(snapshots, v));
        for (uint64_t i = 0; i < v % 4; i++) {
            assert_is(sac_snapshots_hold(snapshots, &holder, &version), v);
            sac_snapshots_release(snapshots, &holder);
        }
    }
    sac_snapshots_destroy(snapshots);
}
END_TEST

/* Sizes that make no sense are refused with a sentence. */
START_TEST(refuses_nonsense)
{
    struct sac_snapshots *snapshots;
    ck_assert_int_eq(sac_snapshots_create(-1, 1, NULL, &snapshots), SAC_INVALID);
    ck_assert_int_eq(sac_snapshots_create(1, 0, NULL, &snapshots), SAC_INVALID);
    ck_assert_ptr_null(snapshots);
    ck_assert(strstr(sac_last_error(), "parameter") != NULL);
    sac_snapshots_destroy(NULL);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("snapshot");
    tcase_add_test(tc, newest_is_held);
    tcase_add_test(tc, held_never_changes);
    tcase_add_test(tc, always_a_free_slot);
    tcase_add_test(tc, no_free_slot_is_reported);
    tcase_add_test(tc, release_and_hold_again);
    tcase_add_test(tc, refuses_nonsense);
    return suite_run(CK_FORK_GETENV, "snapshot", 1, tc);
}
