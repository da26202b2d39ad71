/* The lines of update_work.h are what an update really multiplies. */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

#include "agent.h"
#include "linear.h"
#include "random.h"
#include "suite.h"
#include "thread.h"
#include "update_work.h"

enum { O = 10, A = 8, B = 64, PACKED = 16 /* rows of dQ/da come in multiples of it */ };

/* ---- every dense call, as the linker passes it by ---- */

void __real_sac_linear_run(struct sac_linear *site, float *y, const float *x, const float *w,
                           const float *bias);
void __wrap_sac_linear_run(struct sac_linear *site, float *y, const float *x, const float *w,
                           const float *bias);

void __real_sac_linear_run_backward(struct sac_linear *site, float *dx, float *d_bias, const float *dy,
                                    const float *w, const float *h);
void __wrap_sac_linear_run_backward(struct sac_linear *site, float *dx, float *d_bias, const float *dy,
                                    const float *w, const float *h);

void __real_sac_linear_run_backward_rows(struct sac_linear *site, int rows, float *dx, float *d_bias,
                                         const float *dy, const float *w, const float *h, const int *h_row);
void __wrap_sac_linear_run_backward_rows(struct sac_linear *site, int rows, float *dx, float *d_bias,
                                         const float *dy, const float *w, const float *h, const int *h_row);

static struct sac_linear_shape call[128];
static int calls;
static bool padded; /* some computed more rows than they were told */

static void note_call(const struct sac_linear *site)
{
    if (calls < (int)(sizeof call / sizeof *call))
        call[calls] = *sac_linear_shape_of(site);
    calls++;
}

void __wrap_sac_linear_run(struct sac_linear *site, float *y, const float *x, const float *w,
                           const float *bias)
{
    note_call(site);
    __real_sac_linear_run(site, y, x, w, bias);
}

void __wrap_sac_linear_run_backward(struct sac_linear *site, float *dx, float *d_bias, const float *dy,
                                    const float *w, const float *h)
{
    note_call(site);
    __real_sac_linear_run_backward(site, dx, d_bias, dy, w, h);
}

/* The kernels compute the rows they are told, oneDNN the site's. */
void __wrap_sac_linear_run_backward_rows(struct sac_linear *site, int rows, float *dx, float *d_bias,
                                         const float *dy, const float *w, const float *h, const int *h_row)
{
    note_call(site);
    ck_assert_int_le(rows, call[calls - 1].rows);
    if (sac_linear_prefers_kernels(&call[calls - 1]))
        call[calls - 1].rows = rows;
    else
        padded = true;
    __real_sac_linear_run_backward_rows(site, rows, dx, d_bias, dy, w, h, h_row);
}

static int rows_called(enum sac_linear_kind kind, int in, int out)
{
    int rows = 0;
    for (int i = 0; i < calls; i++)
        rows += call[i].kind == kind && call[i].in == in && call[i].out == out ? call[i].rows : 0;
    return rows;
}

/* ---- the same from the table ---- */

static int times(const struct sac_layer_work *line, enum sac_linear_kind kind)
{
    return kind == SAC_LINEAR_FORWARD          ? line->forward
           : kind == SAC_LINEAR_BACKWARD_INPUT ? line->backward_input
                                               : line->backward_weights;
}

/* Networks share sizes, so lines are summed as calls are. */
static int rows_listed(const struct sac_layer_work *lines, int count, enum sac_linear_kind kind, int in,
                       int out)
{
    int rows = 0;
    for (int i = 0; i < count; i++)
        rows += lines[i].in == in && lines[i].out == out ? lines[i].rows * times(&lines[i], kind) : 0;
    return rows;
}

static const struct variant {
    enum sac_algorithm algorithm;
    enum sac_estimator estimator;
} variants[] = {
    {SAC_V1, SAC_REPARAMETERIZATION},
    {SAC_V1, SAC_SCORE_FUNCTION},
    {SAC_V2, SAC_REPARAMETERIZATION},
};

/* Sizes that need no padding. */
static struct sac_settings make_settings(const struct variant *variant)
{
    struct sac_settings s;
    sac_settings_default(&s);
    s.algorithm = variant->algorithm;
    s.estimator = variant->estimator;
    s.batch_size = B;
    s.hidden_layers = 3;
    s.hidden[0] = 32, s.hidden[1] = 48, s.hidden[2] = 80;
    return s;
}

static void update_once(const struct sac_settings *settings, struct sac_phase_clock *clock)
{
    struct sac_team *team;
    struct sac_agent *agent;
    struct sac_losses losses;
    ck_assert_int_eq(sac_team_create(1, &team), SAC_OK);
    ck_assert_int_eq(sac_agent_create(settings, O, A, 1, team, &agent), SAC_OK);
    struct sac_batch *batch = sac_agent_batch(agent);
    for (int i = 0; i < 3 * B * batch->ld; i++) {
        float *block = i < 2 * B * batch->ld ? batch->next + i : batch->taken + (i - 2 * B * batch->ld);
        *block = sac_unit_float(sac_random(1, SAC_PURPOSE_INIT, 0, 0, (uint32_t)i).word[0]) - 0.5f;
    }
    calls = 0;
    sac_agent_set_clock(agent, clock);
    sac_update(agent, 0, &losses);
    sac_agent_destroy(agent);
    sac_team_destroy(team);
}

/* Each layer's rows, in and out, and how often each of the three products of it is made, are those of the
 * calls of one update. A single output has no dense call; what oneDNN computes of the lower critics is
 * rounded up twice. */
START_TEST(work_is_what_is_called)
{
    const struct sac_settings settings = make_settings(&variants[_i]);
    struct sac_layer_work lines[SAC_MOST_LAYER_WORK];
    const int count = sac_update_work(&settings, O, A, lines);
    update_once(&settings, NULL);
    ck_assert_int_le(calls, (int)(sizeof call / sizeof *call));
    for (int i = 0; i < calls; i++)
        ck_assert_int_gt(rows_listed(lines, count, call[i].kind, call[i].in, call[i].out), 0);
    for (int i = 0; i < count; i++) {
        const int in = lines[i].in, out = lines[i].out;
        ck_assert_int_eq(lines[i].rows, B);
        if (out == 1)
            continue;
        for (enum sac_linear_kind kind = SAC_LINEAR_FORWARD; kind <= SAC_LINEAR_BACKWARD_WEIGHTS; kind++) {
            const int listed = rows_listed(lines, count, kind, in, out), called = rows_called(kind, in, out);
            ck_assert_int_ge(called, listed);
            ck_assert_int_le(called, listed + (padded && kind == SAC_LINEAR_BACKWARD_INPUT ? 2 * PACKED : 0));
        }
    }
}
END_TEST

/* The sum over the lines, recounted from their columns, is what the fractions of benchmarks are made of; for
 * HalfCheetah's sizes it is the known figure. */
START_TEST(lines_sum_up)
{
    struct sac_settings settings;
    struct sac_layer_work lines[SAC_MOST_LAYER_WORK];
    sac_settings_default(&settings);
    settings.algorithm = SAC_V2;
    const int count = sac_update_work(&settings, 17, 6, lines);
    double flops = 0;
    for (int i = 0; i < count; i++)
        flops += 2.0 * lines[i].rows * lines[i].in * lines[i].out *
                 (times(&lines[i], SAC_LINEAR_FORWARD) + times(&lines[i], SAC_LINEAR_BACKWARD_INPUT) +
                  times(&lines[i], SAC_LINEAR_BACKWARD_WEIGHTS));
    ck_assert_double_eq(flops, 542638080);
    ck_assert_double_eq(sac_update_flops(&settings, 17, 6), flops);

    struct sac_team *team;
    struct sac_agent *agent;
    ck_assert_int_eq(sac_team_create(1, &team), SAC_OK);
    ck_assert_int_eq(sac_agent_create(&settings, 17, 6, 1, team, &agent), SAC_OK);
    ck_assert_double_eq(sac_agent_flops(agent), flops);
    sac_agent_destroy(agent);
    sac_team_destroy(team);
}
END_TEST

/* The phases of an update share out all of its operations, whatever the algorithm and the estimator. */
START_TEST(phases_sum_up)
{
    const struct sac_settings settings = make_settings(&variants[_i]);
    double flops = 0;
    for (int phase = 0; phase < SAC_PHASES; phase++)
        flops += sac_phase_flops(&settings, O, A, (enum sac_phase)phase);
    ck_assert_double_eq(flops, sac_update_flops(&settings, O, A));
}
END_TEST

/* The clock's phases add up to the time from its start to its last look, and each phase that multiplies has
 * been seen. */
START_TEST(clock_tells_each_phase)
{
    const struct sac_settings settings = make_settings(&variants[_i]);
    struct sac_phase_clock clock = {0};
    const uint64_t start = clock.last_ns = sac_time_ns();
    update_once(&settings, &clock);
    uint64_t sum = 0;
    for (int phase = 0; phase < SAC_PHASES; phase++) {
        sum += clock.ns[phase];
        if (sac_phase_flops(&settings, O, A, (enum sac_phase)phase) > 0)
            ck_assert_uint_gt(clock.ns[phase], 0);
    }
    ck_assert_uint_eq(sum, clock.last_ns - start);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("update_work");
    tcase_add_loop_test(tc, work_is_what_is_called, 0, sizeof variants / sizeof *variants);
    tcase_add_test(tc, lines_sum_up);
    tcase_add_loop_test(tc, phases_sum_up, 0, sizeof variants / sizeof *variants);
    tcase_add_loop_test(tc, clock_tells_each_phase, 0, sizeof variants / sizeof *variants);
    return suite_run(CK_FORK_GETENV, "update_work", 1, tc);
}
