/* Every kind of benchmark does its work once and tells what it costs. Nothing here looks at a time. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../benchmarks/bench.h"
#include "../benchmarks/bench_data.h"
#include "../benchmarks/workers.h"
#include "agent.h"
#include "error.h"
#include "memory.h"
#include "suite.h"

static struct benchmark list[BENCH_MOST];
static int count;

static void make_list(void)
{
    count = bench_list(list);
}

/* Names are what people compare results by: lower-case, whole, and none twice. */
START_TEST(names)
{
    ck_assert_int_lt(count, BENCH_MOST);
    for (int i = 0; i < count; i++) {
        const size_t length = strspn(list[i].name, "abcdefghijklmnopqrstuvwxyz0123456789_/-");
        ck_assert_msg(list[i].name[length] == '\0', "%s", list[i].name);
        ck_assert_uint_lt(length, sizeof list[i].name - 1);
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(list[i].name, list[j].name);
    }
}
END_TEST

/* Filling a million rows of the larger shapes takes too long for a test; the smallest shows the way. So do
 * one thread and two for what grows with threads. Under the sanitizers filling takes minutes, and so do whole
 * runs, which their builds make anyhow: there it is two threads alone, one phase of those that differ by what
 * is shown, and no runs.
 */
static bool is_quick(const struct benchmark *b)
{
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    if (strncmp(b->name, "train/", 6) == 0)
        return false;
    if (strncmp(b->name, "phase/", 6) == 0 && strcmp(strrchr(b->name, '/'), "/actions") != 0)
        return false;
    if (strncmp(b->name, "scaling/append", 14) == 0 || strncmp(b->name, "scaling/gather", 14) == 0)
        return strcmp(strrchr(b->name, '/'), "/2") == 0;
#endif
    const bool fills = strncmp(b->name, "update/", 7) == 0 || strncmp(b->name, "replay/", 7) == 0 ||
                       strncmp(b->name, "phase/", 6) == 0;
    const char *last = strrchr(b->name, '/');
    if (strncmp(b->name, "scaling/", 8) == 0)
        return strcmp(last, "/1") == 0 || strcmp(last, "/2") == 0 || strcmp(last, "/100000") == 0;
    return !fills || strstr(b->name, "/small/") != NULL;
}

static double sum_of_table(const struct benchmark *b, void *state)
{
    json_t *lines = b->table(state), *line;
    size_t i;
    double sum = 0;
    json_array_foreach(lines, i, line)
    {
        sum += json_number_value(json_object_get(line, "flops"));
    }
    json_decref(lines);
    return sum;
}

static void check_cost(const struct benchmark *b, void *state)
{
    struct bench_cost cost = {.threads = 1};
    b->describe(state, &cost);
    ck_assert_double_gt(cost.units, 0);
    ck_assert(isfinite(cost.flops) && cost.flops >= 0);
    ck_assert(isfinite(cost.bytes) && cost.bytes >= cost.bytes_written && cost.bytes_written >= 0);
    ck_assert((cost.bytes > 0) == (cost.working_set > 0));
    ck_assert_int_eq(cost.threads, 1);
    if (b->table != NULL)
        ck_assert_double_eq(sum_of_table(b, state), cost.flops);
}

/* Made, run, described, checked and freed, each of them, with its table adding up to its operations. */
START_TEST(each_works)
{
    const struct bench_options options = {.threads = 1, .seconds = 0.01};
    int tables = 0;
    for (int i = 0; i < count; i++) {
        const struct benchmark *b = &list[i];
        void *state = NULL;
        if (!is_quick(b))
            continue;
        const enum sac_status status = bench_open(b, &options, &state);
        if (status == SAC_ENV && strstr(sac_last_error(), "`./quickstart deps ") != NULL) {
            printf("SKIPPED: %s: %s\n", b->name, sac_last_error());
            continue;
        }
        ck_assert_msg(status == SAC_OK, "%s: %s", b->name, sac_last_error());
        ck_assert_ptr_nonnull(state);
        b->run(state, b->own_threads ? 1 : 3);
        check_cost(b, state);
        if (b->value != NULL)
            ck_assert(isfinite(b->value(state)) && b->value(state) >= 0);
        tables += b->table != NULL;
        if (b->check != NULL)
            ck_assert_msg(b->check(state) == SAC_OK, "%s: %s", b->name, sac_last_error());
        bench_close(b, state);
        bench_close(b, NULL);
    }
    ck_assert_int_eq(tables, 2); /* update/small */
}
END_TEST

/* From one thread to twice the cores, the cores themselves among them, few enough for machines of any size.
 */
START_TEST(thread_counts)
{
    for (int cores = 1; cores <= 4096; cores++) {
        int threads[BENCH_MOST_COUNTS];
        bool all_cores = false;
        const int counts = bench_thread_counts(cores, threads);
        ck_assert_int_eq(threads[0], 1);
        ck_assert_int_eq(threads[counts - 1], 2 * cores);
        for (int i = 0; i < counts; i++) {
            all_cores |= threads[i] == cores;
            ck_assert(i == 0 || threads[i] > threads[i - 1]);
        }
        ck_assert(all_cores);
    }
}
END_TEST

struct shared_work {
    int count[4];
};

static void count_work(void *context, int worker, const struct bench_workers *workers)
{
    struct shared_work *w = context;
    do
        w->count[worker]++;
    while (worker >= 2 && !bench_workers_over(workers));
}

/* All workers do their part, those beside until the timed ones have ended, and the time is that of the
 * latter. */
START_TEST(workers_end)
{
    struct shared_work shared = {{0}};
    const struct bench_work work = {.timed = 2, .beside = 2, .job = count_work, .context = &shared};
    struct bench_outcome outcome = {0};
    bench_workers_run(&work, &outcome);
    ck_assert_int_eq(bench_outcome_check(&outcome), SAC_OK);
    ck_assert_double_gt(outcome.seconds, 0);
    ck_assert_int_eq(shared.count[0], 1);
    ck_assert_int_eq(shared.count[1], 1);
    ck_assert_int_ge(shared.count[2], 1);
    ck_assert_int_ge(shared.count[3], 1);
}
END_TEST

/* After a failure nothing runs, and the failure is told again with its sentence. */
START_TEST(workers_failed)
{
    struct shared_work shared = {{0}};
    const struct bench_work work = {.timed = 2, .beside = 2, .job = count_work, .context = &shared};
    struct bench_outcome outcome = {.status = SAC_NOMEM, .error = "thread 3 of 4 could not be started"};
    bench_workers_run(&work, &outcome);
    ck_assert_int_eq(shared.count[0], 0);
    ck_assert_int_eq(bench_outcome_check(&outcome), SAC_NOMEM);
    ck_assert_str_eq(sac_last_error(), "thread 3 of 4 could not be started");
}
END_TEST

/* Who shares a replay works on one memory, a million rows of it readable at any time; and it ends with its
 * last user. */
START_TEST(replay_is_shared_and_full)
{
    const struct bench_shape *shape = &bench_shapes[BENCH_SHAPES - 1];
    struct bench_replay *first, *second;
    ck_assert_int_eq(bench_replay_take(shape, &first), SAC_OK);
    ck_assert_int_eq(bench_replay_take(shape, &second), SAC_OK);
    ck_assert_ptr_eq(first, second);
    ck_assert_int_ge(sac_replay_rows(first->replay), 1000000);
    bench_replay_append(first, 100000, 8);
    sac_replay_grant(first->replay);
    ck_assert_int_ge(sac_replay_rows(first->replay), 1000000);
    for (int e = 0; e < first->environments; e++)
        ck_assert_uint_gt(sac_replay_head(first->replay, e),
                          1000000 / (uint64_t)first->environments + 100000 - 1);
    bench_replay_give(first);
    ck_assert_int_ge(sac_replay_rows(second->replay), 1000000);
    bench_replay_give(second);
    bench_replay_give(NULL);
}
END_TEST

/* ---- gemm/... against the call sites of real agents ---- */

enum { MOST_SITES = 512 };

static struct site {
    char direction[20];
    int rows, in, out;
    bool packed; /* through the lower critic: the row count varies */
} sites[MOST_SITES];
static int site_count;

static void read_site(void *context, const char *text)
{
    (void)context;
    struct site s = {.packed = strstr(text, "dQ/da") != NULL};
    const char *layer = strstr(text, " layer ");
    ck_assert_int_lt(site_count, MOST_SITES);
    if (strstr(text, "forward") != NULL)
        strcpy(s.direction, "forward");
    else
        strcpy(s.direction, strstr(text, "input") != NULL ? "backward_input" : "backward_weights");
    const char *sizes = layer + strcspn(layer, "fb") + strlen("backward weights"); /* the column's width */
    ck_assert_msg(sscanf(sizes, "%d rows %d -> %d", &s.rows, &s.in, &s.out) == 3, "%s", text);
    if (s.out != 1)
        sites[site_count++] = s;
}

static void read_agent(const struct bench_shape *shape, enum sac_algorithm algorithm)
{
    const struct sac_settings settings = bench_settings(shape, algorithm);
    struct sac_team *team;
    struct sac_agent *agent;
    ck_assert_int_eq(sac_team_create(1, &team), SAC_OK);
    ck_assert_int_eq(
        sac_agent_create(&settings, shape->observation_size, shape->action_size, 1, team, &agent), SAC_OK);
    sac_agent_describe(agent, read_site, NULL);
    sac_agent_destroy(agent);
    sac_team_destroy(team);
}

/* Sites show padded columns, names the columns that count. */
static bool is_of(const struct benchmark *b, const struct site *s, bool any_rows)
{
    char direction[20];
    int rows, in, out;
    if (sscanf(b->name, "gemm/%19[a-z_]/%dx%dx%d", direction, &rows, &in, &out) != 4)
        return false;
    const bool pads = strcmp(direction, "backward_input") != 0;
    return strcmp(direction, s->direction) == 0 && (any_rows || rows == s->rows) && in == s->in &&
           (pads ? (int)sac_round_up((size_t)out, 16) : out) == s->out;
}

/* Each dense call site of the agents of all SHAPES is timed, and nothing else is. */
START_TEST(gemms_are_the_call_sites)
{
    for (int s = 0; s < BENCH_SHAPES; s++) {
        read_agent(&bench_shapes[s], SAC_V1);
        read_agent(&bench_shapes[s], SAC_V2);
    }
    for (int i = 0; i < site_count; i++) {
        bool found = false;
        for (int b = 0; b < count && !found; b++)
            found = is_of(&list[b], &sites[i], sites[i].packed);
        ck_assert_msg(found, "%s %d x %d x %d is not timed", sites[i].direction, sites[i].rows, sites[i].in,
                      sites[i].out);
    }
    for (int b = 0; b < count; b++) {
        bool found = strncmp(list[b].name, "gemm/", 5) != 0;
        for (int i = 0; i < site_count && !found; i++)
            found = is_of(&list[b], &sites[i], sites[i].packed);
        ck_assert_msg(found, "%s is no product of the learner", list[b].name);
    }
}
END_TEST

int main(void)
{
    make_list();
    TCase *tc = tcase_create("benchmarks");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, names);
    tcase_add_test(tc, each_works);
    tcase_add_test(tc, replay_is_shared_and_full);
    tcase_add_test(tc, gemms_are_the_call_sites);
    tcase_add_test(tc, thread_counts);
    tcase_add_test(tc, workers_end);
    tcase_add_test(tc, workers_failed);
    return suite_run(CK_FORK_GETENV, "benchmarks", 1, tc);
}
