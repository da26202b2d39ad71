/* When a run is said to be learner-bound, on machines that are made up. */
#include "useful_cores.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "machines.h"
#include "placement.h"
#include "suite.h"

static const double PENDULUM = 1.7e7, CHEETAH = 5.4e8, WALL_CLOCK = 2.17e9; /* FLOPs of an update */

/* What a run on such a machine would be taken to use before it starts. */
static struct sac_core_use use_on(const char *machine, double quota, double flops, double update_to_data,
                                  int environments)
{
    struct sac_topology *t = make_topology(machine, NULL, quota);
    const struct sac_placement_request request = {
        .environments = environments, .most_learner_threads = 100000, .update_flops = flops};
    struct sac_placement *p = NULL;
    ck_assert_int_eq(sac_placement_create(t, &request, &p), SAC_OK);
    const struct sac_core_use use = {
        .capacity = sac_topology_capacity(t),
        .learner_threads = p->learner_threads,
        .env_duty = sac_useful_env_duty(flops, p->learner_threads, update_to_data, p->env_threads),
    };
    sac_placement_destroy(p);
    sac_topology_destroy(t);
    return use;
}

/* At an update for each step 64 cores are too many for HalfCheetah: the sentence says how many are not. */
START_TEST(few_of_many_cores)
{
    char text[256];
    const struct sac_core_use use = use_on("pack:2 numa:1 l3:4 core:8 pu:2", INFINITY, CHEETAH, 1, 8);
    ck_assert(sac_learner_bound(&use));
    sac_learner_bound_sentence(&use, "profile=wall_clock", text, sizeof text);
    ck_assert_str_eq(text,
                     "learner-bound: about 3 of 64 cores useful; try profile=wall_clock, or several seeds "
                     "side by side");
    sac_learner_bound_sentence(&use, NULL, text, sizeof text);
    ck_assert_str_eq(text, "learner-bound: about 3 of 64 cores useful; try several seeds side by side");
}
END_TEST

/* Nothing is said where there is nothing to gain: one or two cores, whatever the update and the ratio, and
 * machines of more of which a quota leaves two. */
START_TEST(small_machines_say_nothing)
{
    const double flops[] = {PENDULUM, CHEETAH, WALL_CLOCK}, ratios[] = {20, 1, 1.0 / 64};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            const struct sac_core_use all[] = {
                use_on("core:1 pu:1", INFINITY, flops[i], ratios[k], 8),
                use_on("core:1 pu:2", INFINITY, flops[i], ratios[k], 8),
                use_on("core:2 pu:1", INFINITY, flops[i], ratios[k], 8),
                use_on("core:2 pu:2", INFINITY, flops[i], ratios[k], 8),
                use_on("pack:2 core:32 pu:2", 2, flops[i], ratios[k], 8),
            };
            for (size_t m = 0; m < sizeof all / sizeof *all; m++)
                ck_assert_msg(!sac_learner_bound(&all[m]), "machine %zu, %g FLOP, ratio %g", m, flops[i],
                              ratios[k]);
        }
}
END_TEST

/* Fewer updates for each step let more env threads work: at 1/64 HalfCheetah's take what 64 cores have. */
START_TEST(fewer_updates_use_more_cores)
{
    int before = 0;
    for (int steps = 1; steps <= 64; steps *= 2) {
        const struct sac_core_use use = use_on("core:64 pu:1", INFINITY, CHEETAH, 1.0 / steps, 64);
        ck_assert_int_ge(sac_useful_cores(&use), before);
        ck_assert_int_le(sac_useful_cores(&use), 64);
        before = sac_useful_cores(&use);
    }
    const struct sac_core_use least = use_on("core:64 pu:1", INFINITY, PENDULUM, 1.0 / 64, 64);
    ck_assert(!sac_learner_bound(&least));
}
END_TEST

/* As measured: a learner that waits for steps is not what the others wait for, however many cores are idle.
 */
START_TEST(a_waiting_learner_is_not_the_limit)
{
    struct sac_core_use use = {.capacity = 64, .learner_threads = 2, .env_duty = 0.3};
    ck_assert(sac_learner_bound(&use));
    ck_assert_int_eq(sac_useful_cores(&use), 3);
    use.learner_waits = 0.5;
    ck_assert(!sac_learner_bound(&use));
    use = (struct sac_core_use){.capacity = 64, .learner_threads = 2, .env_duty = 29.5};
    ck_assert_int_eq(sac_useful_cores(&use), 32);
    ck_assert(sac_learner_bound(&use));
    use.env_duty = 30.5;
    ck_assert(!sac_learner_bound(&use));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("useful_cores");
    tcase_add_test(tc, few_of_many_cores);
    tcase_add_test(tc, small_machines_say_nothing);
    tcase_add_test(tc, fewer_updates_use_more_cores);
    tcase_add_test(tc, a_waiting_learner_is_not_the_limit);
    return suite_run(CK_FORK_GETENV, "useful_cores", 1, tc);
}
