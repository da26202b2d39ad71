/* softac info's picture of where threads go. */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "cli/drawing.h"
#include "machines.h"
#include "suite.h"

static struct sac_topology *topology;
static struct sac_placement *placement;
static double load[64];
static bool learning[64];
static struct sac_neighbours neighbours;

static void set_up(const char *machine, const char *cpus, int env_threads, int learner_threads)
{
    const struct sac_placement_request request = {env_threads, learner_threads, 64,         100000,
                                                  5e8,         false,           &neighbours};
    topology = make_topology(machine, cpus, INFINITY);
    neighbours.load = load;
    neighbours.learning = learning;
    ck_assert_int_eq(sac_placement_create(topology, &request, &placement), SAC_OK);
}

static void tear_down(void)
{
    sac_placement_destroy(placement);
    sac_topology_destroy(topology);
}

/* Lines after the two of words. */
static void expect_lines(int count, const char *const *expected)
{
    json_t *lines = drawing_lines(topology, placement, &neighbours);
    ck_assert_str_eq(json_string_value(json_array_get(lines, 0)), placement->reason);
    ck_assert_int_eq((int)json_array_size(lines), 2 + count);
    for (int i = 0; i < count; i++)
        ck_assert_str_eq(json_string_value(json_array_get(lines, (size_t)i + 2)), expected[i]);
    json_decref(lines);
    tear_down();
}

/* Team, idle siblings, env threads and evaluator, around two caches of two packages. */
START_TEST(threads_are_drawn)
{
    static const char *const expected[] = {"package 0, node 0, L3 0  [L .] [L .] [Ee e]",
                                           "package 1, node 0, L3 1  [Ee e] [Ee e] [e e]"};
    set_up("pack:2 l3:1 core:3 pu:2", NULL, 3, 2);
    expect_lines(2, expected);
}
END_TEST

/* Too few cores: all share what is left, here everything; and only what the mask leaves is drawn. */
START_TEST(sharing_is_drawn)
{
    static const char *const expected[] = {"package 0, node 0, L3 0  [LEe] [LEe]"};
    set_up("pack:1 l3:1 core:4 pu:1", "1,3", 2, 2);
    expect_lines(1, expected);
}
END_TEST

/* Long rows are broken. */
START_TEST(rows_are_broken)
{
    static const char *const expected[] = {
        "package 0, node 0, L3 0  [L] [Ee] [e] [e] [e] [e] [e] [e]",
        "                         [e] [e]",
    };
    set_up("pack:1 l3:1 core:10 pu:1", NULL, 1, 1);
    expect_lines(2, expected);
}
END_TEST

/* Other runs: a sentence, and a star at the cores where they learn. */
START_TEST(other_runs_are_drawn)
{
    load[0] = load[1] = 1;
    learning[0] = learning[1] = true;
    neighbours.runs = 1;
    neighbours.cores = 2;
    neighbours.process[0] = 1234;
    set_up("pack:1 l3:1 core:4 pu:1", NULL, 1, 1);
    json_t *lines = drawing_lines(topology, placement, &neighbours);
    ck_assert_str_eq(json_string_value(json_array_get(lines, 1)),
                     "2 of 4 cores are taken by another run (process 1234)");
    ck_assert_str_eq(json_string_value(json_array_get(lines, 4)),
                     "package 0, node 0, L3 0  *[e] *[e] [L] [Ee]");
    json_t *described = drawing_json(topology, placement, &neighbours);
    const json_t *others = json_object_get(described, "other_runs");
    ck_assert_int_eq((int)json_integer_value(json_object_get(others, "runs")), 1);
    ck_assert_int_eq((int)json_integer_value(json_array_get(json_object_get(others, "processes"), 0)), 1234);
    json_decref(described);
    json_decref(lines);
    tear_down();
}
END_TEST

static int number(const json_t *object, const char *array, size_t i, const char *key)
{
    return (int)json_integer_value(json_object_get(json_array_get(json_object_get(object, array), i), key));
}

/* The same as data: cores with their CPUs, threads with theirs. */
START_TEST(json)
{
    set_up("pack:2 l3:1 core:2 pu:2", NULL, 1, 2);
    json_t *described = drawing_json(topology, placement, &neighbours);
    ck_assert(json_is_null(json_object_get(described, "quota")));
    ck_assert_int_eq((int)json_array_size(json_object_get(described, "cores")), 4);
    ck_assert_int_eq(number(described, "cores", 3, "package"), 1);
    const json_t *member = json_array_get(json_object_get(described, "learner"), 1);
    ck_assert_int_eq((int)json_array_size(member), 1);
    ck_assert_int_eq((int)json_integer_value(json_array_get(member, 0)), 2);
    ck_assert_int_eq((int)json_array_size(json_object_get(described, "env")), 1);
    ck_assert_int_eq((int)json_array_size(json_object_get(described, "evaluator")), 4);
    json_decref(described);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("drawing");
    tcase_add_test(tc, threads_are_drawn);
    tcase_add_test(tc, sharing_is_drawn);
    tcase_add_test(tc, rows_are_broken);
    tcase_add_test(tc, other_runs_are_drawn);
    tcase_add_test(tc, json);
    return suite_run(CK_FORK_GETENV, "drawing", 1, tc);
}
