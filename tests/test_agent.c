/* The agent as a whole: what its results depend on, and what an update may touch. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent_fixture.h"
#include "suite.h"

static struct sac_settings variant(int i)
{
    struct sac_settings s = fixture_settings(i == 2 || i == 3 ? SAC_V2 : SAC_V1);
    s.estimator = i == 1 ? SAC_SCORE_FUNCTION : SAC_REPARAMETERIZATION;
    s.temperature_auto = i == 2;
    return s;
}

enum { VARIANTS = 4 };

static float *copy_state(struct sac_agent *agent)
{
    size_t floats;
    const float *state = sac_agent_state(agent, &floats);
    float *copy = malloc(floats * sizeof *copy);
    memcpy(copy, state, floats * sizeof *copy);
    return copy;
}

static bool state_equals(struct sac_agent *agent, const float *copy)
{
    size_t floats;
    const float *state = sac_agent_state(agent, &floats);
    return memcmp(state, copy, floats * sizeof *copy) == 0;
}

/* The state after ten updates has the same bits for 1 to 5 team members, for every split. */
START_TEST(test_team_size_changes_nothing)
{
    const struct sac_settings s = variant(_i);
    const int splits[] = {1, 2, 3, 4, 7};
    for (int i = 0; i < 5; i++) {
        float *first = NULL;
        for (int members = 1; members <= 5; members++) {
            struct fixture f = fixture_create(&s, splits[i], members);
            fixture_update(&f, 10);
            if (first)
                ck_assert_msg(state_equals(f.agent, first), "split %d, %d members", splits[i], members);
            else
                first = copy_state(f.agent);
            fixture_destroy(&f);
        }
        free(first);
    }
}
END_TEST

/* Splits round differently but compute the same: after one update no parameter is further apart than the
 * bound, a thousandth of a learning rate. */
START_TEST(test_splits_agree)
{
    const struct sac_settings s = variant(_i);
    struct fixture whole = fixture_create(&s, 1, 1);
    fixture_update(&whole, 1);
    for (int split = 2; split <= 20; split += 3) {
        struct fixture f = fixture_create(&s, split, 1);
        fixture_update(&f, 1);
        const struct sac_weights *a = &whole.agent->policy.weights, *b = &f.agent->policy.weights;
        for (size_t i = 0; i < a->size; i++)
            ck_assert_float_eq_tol(a->parameters[i], b->parameters[i], 1e-6f);
        fixture_destroy(&f);
    }
    fixture_destroy(&whole);
}
END_TEST

enum { LARGE_BATCH = 1031 }; /* no split divides it */

static struct sac_settings large_batch(int variant_number)
{
    struct sac_settings s = variant(variant_number);
    s.batch_size = LARGE_BATCH;
    s.hidden[0] = s.hidden[1] = 32;
    return s;
}

/* Furthest apart that two gradients are, in parts of the larger one's greatest element. */
static double distance(const struct sac_weights *a, const struct sac_weights *b)
{
    double greatest = 0, furthest = 0;
    for (size_t i = 0; i < a->size; i++) {
        greatest = fmax(greatest, fabs((double)a->gradient[i]));
        furthest = fmax(furthest, fabs((double)a->gradient[i] - (double)b->gradient[i]));
    }
    return furthest / greatest;
}

/* The gradients of a large batch are those of the undivided work but for the order of their sums, for every
 * split up to 16: policy, both critics, value network. */
START_TEST(test_large_batch_gradients)
{
    const struct sac_settings s = large_batch(_i);
    struct fixture whole = fixture_create(&s, 1, 1);
    fixture_update(&whole, 1);
    for (int split = 2; split <= 16; split++) {
        struct fixture f = fixture_create(&s, split, 1);
        const struct sac_losses losses = fixture_update(&f, 1);
        ck_assert(isfinite(losses.critic) && isfinite(losses.policy));
        ck_assert_double_lt(distance(&whole.agent->policy.weights, &f.agent->policy.weights), 2e-5);
        for (int k = 0; k < 2; k++)
            ck_assert_double_lt(distance(&whole.agent->critic[k].weights, &f.agent->critic[k].weights), 2e-5);
        if (s.algorithm == SAC_V1)
            ck_assert_double_lt(distance(&whole.agent->value.weights, &f.agent->value.weights), 2e-5);
        fixture_destroy(&f);
    }
    fixture_destroy(&whole);
}
END_TEST

/* A large batch divided among 16 has the same bits after three updates for any team, also one that is much
 * larger than the machine. */
START_TEST(test_large_teams)
{
    const struct sac_settings s = large_batch(_i);
    const int members[] = {1, 3, 16, 24};
    float *first = NULL;
    for (int i = 0; i < 4; i++) {
        struct fixture f = fixture_create(&s, 16, members[i]);
        fixture_update(&f, 3);
        if (first)
            ck_assert_msg(state_equals(f.agent, first), "%d members", members[i]);
        else
            first = copy_state(f.agent);
        fixture_destroy(&f);
    }
    free(first);
}
END_TEST

/* The division's blocks follow each other without a gap from the first row to the last, differ by one row at
 * most, and have places of their own for each part, or share one. */
static void check_shares(const struct sac_division *d, int rows, int parts)
{
    int next = 0, place = 0;
    ck_assert_int_eq(d->rows, rows);
    ck_assert_int_eq(d->parts, parts);
    for (int part = 0; part < parts; part++) {
        for (int block = 0; block < d->blocks; block++) {
            const struct sac_block b = sac_division_block(d, part, block);
            ck_assert_int_eq(b.first, next);
            ck_assert_int_ge(b.place, place);
            ck_assert_int_le(b.rows, sac_division_most_rows(d));
            ck_assert_int_ge(b.rows, sac_division_most_rows(d) - 1);
            ck_assert_int_le(b.place + b.rows, sac_division_places(d));
            next = b.first + b.rows;
        }
        place = sac_division_block(d, part, 0).place + sac_division_block(d, part, 0).rows;
    }
    ck_assert_int_eq(next, rows);
}

enum { SMALL_BATCH = 1021 }; /* no split divides it either */

/* Every split has its tasks filled evenly: threads differ by at most one row in each division, and have as
 * many tasks each. A part of a small batch is a block, one of a large batch has blocks that fit the cache. */
START_TEST(test_even_shares)
{
    struct sac_settings s = large_batch(2);
    const int rows = s.batch_size = _i ? LARGE_BATCH : SMALL_BATCH;
    for (int split = 1; split <= 16; split++) {
        struct fixture f = fixture_create(&s, split, 1);
        const struct sac_agent *a = f.agent;
        ck_assert_msg(split == 1 || a->critic_tasks % split == 0, "%d tasks for %d threads", a->critic_tasks,
                      split);
        check_shares(&a->critic[0].division, rows, a->critic_parts);
        check_shares(&a->policy.division, rows, split);
        check_shares(&a->policy.drawing, _i ? rows : 2 * rows, split);
        if (_i)
            ck_assert_int_le(sac_division_most_rows(&a->critic[0].division), SAC_BLOCK_ROWS);
        else
            ck_assert_int_eq(a->critic[0].division.blocks, 1);
        fixture_destroy(&f);
    }
}
END_TEST

/* Copying the state away and back restores the agent: the next update gives the same bits again. */
START_TEST(test_state_restores)
{
    const struct sac_settings s = variant(_i);
    struct fixture f = fixture_create(&s, 2, 1), other = fixture_create(&s, 2, 1);
    fixture_update(&f, 5);
    float *state = copy_state(f.agent);
    fixture_update(&f, 3);
    float *later = copy_state(f.agent);

    size_t floats;
    float *place = sac_agent_state(other.agent, &floats);
    memcpy(place, state, floats * sizeof(float));
    fixture_update(&other, 3);
    ck_assert(state_equals(other.agent, later));
    free(state);
    free(later);
    fixture_destroy(&f);
    fixture_destroy(&other);
}
END_TEST

/* The block holds each network's parameters, target and moments once, without overlap, and the temperature.
 */
START_TEST(test_state_is_one_block)
{
    const struct sac_settings s = variant(_i);
    struct fixture f = fixture_create(&s, 1, 1);
    size_t floats, expected = SAC_TEMPERATURE_FLOATS;
    const struct sac_weights *all[] = {&f.agent->policy.weights, &f.agent->critic[0].weights,
                                       &f.agent->critic[1].weights, &f.agent->value.weights};
    const float *state = sac_agent_state(f.agent, &floats), *blocks[16];
    size_t sizes[16];
    int n = 0;
    for (int i = 0; i < 4; i++) {
        const float *const own[] = {all[i]->parameters, all[i]->target, all[i]->m, all[i]->v};
        for (int j = 0; j < 4; j++)
            if (own[j]) {
                sizes[n] = all[i]->size;
                blocks[n++] = own[j];
                expected += all[i]->size;
            }
    }
    ck_assert_uint_eq(floats, expected);
    for (int i = 0; i < n; i++) {
        ck_assert(blocks[i] >= state && blocks[i] + sizes[i] <= state + floats);
        for (int j = 0; j < i; j++)
            ck_assert(blocks[j] + sizes[j] <= blocks[i] || blocks[i] + sizes[i] <= blocks[j]);
    }
    fixture_destroy(&f);
}
END_TEST

/* After the step, every target has moved by tau of its distance to the new parameters, no more and no less.
 */
START_TEST(test_targets_move_by_tau)
{
    const struct sac_settings s = variant(_i);
    struct fixture f = fixture_create(&s, 2, 1);
    fixture_update(&f, 3);
    const struct sac_weights *w =
        s.algorithm == SAC_V1 ? &f.agent->value.weights : &f.agent->critic[1].weights;
    float *before = malloc(w->size * sizeof *before);
    memcpy(before, w->target, w->size * sizeof *before);
    fixture_update(&f, 1);
    int moved = 0;
    for (size_t i = 0; i < w->size; i++) {
        const double expected = (double)before[i] + s.tau * ((double)w->parameters[i] - (double)before[i]);
        ck_assert_double_eq_tol((double)w->target[i], expected, 1e-7);
        moved += w->target[i] != before[i];
    }
    ck_assert_int_gt(moved, 20);
    free(before);
    fixture_destroy(&f);
}
END_TEST

/* The moments of each critic are those of its own gradients: after one update m = 0.1 g and v = 0.001 g^2. */
START_TEST(test_moments_are_own)
{
    const struct sac_settings s = variant(_i);
    struct fixture f = fixture_create(&s, 1, 1);
    fixture_update(&f, 1);
    for (int k = 0; k < 2; k++) {
        const struct sac_weights *w = &f.agent->critic[k].weights;
        for (size_t i = 0; i < w->size; i++) {
            ck_assert_float_eq_tol(w->m[i], 0.1f * w->gradient[i], 1e-6f * fabsf(w->gradient[i]) + 1e-20f);
            ck_assert_float_eq_tol(w->v[i], 0.001f * w->gradient[i] * w->gradient[i],
                                   1e-8f * w->gradient[i] * w->gradient[i] + 1e-20f);
        }
    }
    ck_assert(memcmp(f.agent->critic[0].weights.m, f.agent->critic[1].weights.m,
                     f.agent->critic[0].weights.size * sizeof(float)) != 0);
    fixture_destroy(&f);
}
END_TEST

/* A terminated transition's target is its scaled reward alone; any other one sees the next value. */
START_TEST(test_termination)
{
    const struct sac_settings s = variant(_i);
    struct fixture f = fixture_create(&s, 3, 1);
    fixture_update(&f, 1);
    const struct sac_batch *b = &f.agent->batch;
    for (int k = 0; k < 2; k++)
        for (int r = 0; r < b->rows; r++) {
            const float y = f.agent->critic[k].y[r], reward = (float)s.reward_scale * b->reward[r];
            if (b->not_terminated[r] == 0)
                ck_assert_float_eq_tol(y, reward, 1e-6f);
            else
                ck_assert_float_ge(fabsf(y - reward), 1e-4f);
        }
    fixture_destroy(&f);
}
END_TEST

/* A fixed temperature is used as given and never moves; a learnt one is reported as it was before its step.
 */
START_TEST(test_temperature)
{
    struct sac_settings s = variant(3);
    s.temperature = 0; /* allowed when fixed: no entropy bonus */
    struct fixture fixed = fixture_create(&s, 1, 1);
    ck_assert_double_eq(fixture_update(&fixed, 4).alpha, 0);
    ck_assert_double_eq(fixed.agent->temperature->m, 0);
    fixture_destroy(&fixed);

    s = variant(2);
    struct fixture learnt = fixture_create(&s, 1, 1);
    ck_assert_double_eq_tol(fixture_update(&learnt, 1).alpha, s.temperature, 1e-15);
    const double after = exp(learnt.agent->temperature->log_alpha);
    ck_assert_double_eq_tol(fabs(log(after / s.temperature)), s.temperature_learning_rate, 1e-8);
    ck_assert_double_eq(fixture_update(&learnt, 1).alpha, after);
    fixture_destroy(&learnt);
}
END_TEST

/* Rows of either critic are all used for dQ/da, and by the lower one only: its gradient is what a critic that
 * is lower everywhere would give. */
START_TEST(test_lower_critic_alone)
{
    struct sac_settings s = variant(0);
    s.policy_learning_rate = s.critic_learning_rate = s.value_learning_rate = 0;
    struct fixture f = fixture_create(&s, 2, 1);
    float dq[2][32], mixed[32];
    const int n = s.batch_size * 2;
    float *bias[2];
    for (int k = 0; k < 2; k++) {
        const struct sac_critic *c = &f.agent->critic[k];
        bias[k] = &c->weights.parameters[sac_network_last(&c->network)->bias];
    }
    fixture_update(&f, 1);
    memcpy(mixed, f.agent->policy.dq_da, sizeof(float) * (size_t)n);
    float q[2][16];
    for (int k = 0; k < 2; k++)
        memcpy(q[k], f.agent->critic[k].q_fresh, sizeof(float) * (size_t)s.batch_size);
    for (int k = 0; k < 2; k++) {
        *bias[k] -= 100;
        fixture_update(&f, 1);
        memcpy(dq[k], f.agent->policy.dq_da, sizeof(float) * (size_t)n);
        *bias[k] += 100;
    }
    int rows_of[2] = {0};
    for (int i = 0; i < n; i++) {
        const int k = q[0][i / 2] <= q[1][i / 2] ? 0 : 1;
        rows_of[k] += i % 2;
        ck_assert_float_eq_tol(mixed[i], dq[k][i], 1e-6f);
    }
    ck_assert_int_gt(rows_of[0], 0);
    ck_assert_int_gt(rows_of[1], 0);
    fixture_destroy(&f);
}
END_TEST

/* Any sizes: batches and widths that are multiples of nothing, one row, one unit. Padding stays zero. */
START_TEST(test_any_sizes)
{
    const int batches[] = {1, 2, 17, 37, 300}, widths[] = {1, 15, 16, 33};
    for (int i = 0; i < 20; i++) {
        struct sac_settings s = variant(i % VARIANTS);
        s.batch_size = batches[i / 4];
        s.hidden_layers = 1 + i % 3;
        s.hidden[0] = s.hidden[1] = s.hidden[2] = widths[i % 4];
        struct fixture f = fixture_create(&s, 1 + i % 5, 1);
        const struct sac_losses losses = fixture_update(&f, 2);
        ck_assert(isfinite(losses.critic) && isfinite(losses.policy) && isfinite(losses.entropy));
        const struct sac_weights *w = &f.agent->policy.weights;
        const struct sac_layer *head = sac_network_last(&f.agent->policy.policy.network);
        for (int j = 0; j < head->in * head->ld; j++)
            ck_assert(j % head->ld < head->out || w->parameters[head->weights + (size_t)j] == 0);
        fixture_destroy(&f);
    }
}
END_TEST

static void count_line(void *context, const char *text)
{
    int *lines = context;
    ck_assert_uint_gt(strlen(text), 20);
    *lines += 1;
}

/* The lean count of the usual large task's update, and a line for each layer and direction. */
START_TEST(test_flops_and_description)
{
    struct sac_settings s = variant(2);
    struct sac_agent *agent;
    struct sac_team *team;
    s.batch_size = 256;
    s.hidden[0] = s.hidden[1] = 256;
    ck_assert_int_eq(sac_team_create(1, &team), SAC_OK);
    ck_assert_int_eq(sac_agent_create(&s, 17, 6, 1, team, &agent), SAC_OK);
    ck_assert_double_eq_tol(sac_agent_flops(agent) / 1e6, 542.6, 0.1);
    int lines = 0;
    sac_agent_describe(agent, count_line, &lines);
    ck_assert_int_eq(lines, 3 + 5 + 3 + 4 + 4); /* policy, critic, dQ/da at its least and most rows */
    sac_agent_destroy(agent);
    sac_agent_destroy(NULL);
    sac_team_destroy(team);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("agent");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_team_size_changes_nothing, 0, VARIANTS);
    tcase_add_loop_test(tc, test_splits_agree, 0, VARIANTS);
    tcase_add_loop_test(tc, test_large_batch_gradients, 0, VARIANTS);
    tcase_add_loop_test(tc, test_large_teams, 0, VARIANTS);
    tcase_add_loop_test(tc, test_even_shares, 0, 2);
    tcase_add_loop_test(tc, test_state_restores, 0, VARIANTS);
    tcase_add_loop_test(tc, test_state_is_one_block, 0, VARIANTS);
    tcase_add_loop_test(tc, test_targets_move_by_tau, 0, VARIANTS);
    tcase_add_loop_test(tc, test_moments_are_own, 0, VARIANTS);
    tcase_add_loop_test(tc, test_termination, 0, VARIANTS);
    tcase_add_test(tc, test_temperature);
    tcase_add_test(tc, test_lower_critic_alone);
    tcase_add_test(tc, test_any_sizes);
    tcase_add_test(tc, test_flops_and_description);
    return suite_run(CK_FORK_GETENV, "agent", 1, tc);
}
