/* Three whole updates against PyTorch's (tests/ref/make_golden.py), for every kernel table and several
 * splits.
 *
 * Bounds: after each update, parameters within 3e-6 (a step of Adam is 1e-3 or more), losses within
 * 1e-5 max(1, |loss|). First parameters are equal. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent_internal.h"
#include "suite.h"

#define PARAMETER_BOUND 3e-6
#define LOSS_BOUND      1e-5

/* --- the file: lines of a name and numbers --- */

enum { MOST_LINES = 200, MOST_NUMBERS = 256 };

struct line {
    char name[64];
    int count;
    double number[MOST_NUMBERS];
};

struct golden {
    int lines;
    struct line line[MOST_LINES];
};

static void parse_line(struct line *line, char *text)
{
    char *rest, *word = strtok_r(text, " \n", &rest);
    ck_assert_ptr_nonnull(word);
    snprintf(line->name, sizeof line->name, "%s", word);
    while ((word = strtok_r(NULL, " \n", &rest))) {
        ck_assert_int_lt(line->count, MOST_NUMBERS);
        line->number[line->count++] = strtod(word, NULL);
    }
}

static struct golden *read_golden(const char *name)
{
    char path[512], *text = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s.txt", SAC_TEST_REF, name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "can not open %s", path);
    struct golden *g = calloc(1, sizeof *g);
    while (getline(&text, &size, file) > 0) {
        ck_assert_int_lt(g->lines, MOST_LINES);
        parse_line(&g->line[g->lines++], text);
    }
    free(text);
    fclose(file);
    return g;
}

static const struct line *find(const struct golden *g, const char *prefix, const char *name)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    for (int i = 0; i < g->lines; i++)
        if (strcmp(g->line[i].name, full) == 0)
            return &g->line[i];
    ck_abort_msg("the file has no line %s", full);
    return NULL;
}

static double number(const struct golden *g, const char *name)
{
    return find(g, "", name)->number[0];
}

/* --- its agent --- */

static struct sac_settings read_settings(const struct golden *g)
{
    return (struct sac_settings){
        .seed = (uint64_t)number(g, "seed"),
        .algorithm = number(g, "algorithm") == 1 ? SAC_V1 : SAC_V2,
        .estimator = number(g, "estimator") == 1 ? SAC_SCORE_FUNCTION : SAC_REPARAMETERIZATION,
        .gamma = number(g, "gamma"),
        .tau = number(g, "tau"),
        .reward_scale = number(g, "reward_scale"),
        .temperature_auto = number(g, "temperature_auto") == 1,
        .temperature = number(g, "temperature"),
        .target_entropy = number(g, "target_entropy"),
        .hidden_layers = 2,
        .hidden = {(int)number(g, "hidden_1"), (int)number(g, "hidden_2")},
        .activation = number(g, "activation") == 1 ? SAC_TANH : SAC_RELU,
        .log_std_mapping = number(g, "mapping") == 1 ? SAC_LOG_STD_TANH : SAC_LOG_STD_CLAMP,
        .log_std_low = number(g, "log_std_low"),
        .log_std_high = number(g, "log_std_high"),
        .batch_size = (int)number(g, "batch_size"),
        .policy_learning_rate = number(g, "policy_learning_rate"),
        .critic_learning_rate = number(g, "critic_learning_rate"),
        .value_learning_rate = number(g, "value_learning_rate"),
        .temperature_learning_rate = number(g, "temperature_learning_rate"),
    };
}

static void fill_batch(struct sac_batch *b, const struct golden *g, const char *prefix)
{
    const int O = b->observation_size, A = b->action_size;
    const double *observation = find(g, prefix, "observation")->number,
                 *action = find(g, prefix, "action")->number,
                 *next = find(g, prefix, "next_observation")->number;
    for (int r = 0; r < b->rows; r++) {
        for (int i = 0; i < O; i++) {
            b->next[r * b->ld + i] = (float)next[r * O + i];
            b->current[r * b->ld + i] = b->taken[r * b->ld + i] = (float)observation[r * O + i];
        }
        for (int i = 0; i < A; i++)
            b->taken[r * b->ld + O + i] = (float)action[r * A + i];
        b->reward[r] = (float)find(g, prefix, "reward")->number[r];
        b->not_terminated[r] = (float)find(g, prefix, "not_terminated")->number[r];
    }
}

/* --- comparing --- */

/* The file has, layer by layer, weights (in, out) and biases without padding. */
static void compare_network(const struct golden *g, const char *prefix, const char *name,
                            const struct sac_network *network, const float *parameters, double bound)
{
    const struct line *line = find(g, prefix, name);
    int at = 0;
    for (int l = 0; l < network->layers; l++) {
        const struct sac_layer *layer = &network->layer[l];
        for (int i = 0; i <= layer->in; i++) /* the row after the last: biases */
            for (int o = 0; o < layer->out; o++, at++) {
                const float p = parameters[i < layer->in ? layer->weights + (size_t)(i * layer->ld + o)
                                                         : layer->bias + (size_t)o];
                ck_assert_int_lt(at, line->count);
                ck_assert_msg(fabs((double)p - line->number[at]) <= bound,
                              "%s%s, layer %d, [%d][%d]: %.9g, PyTorch has %.9g", prefix, name, l, i, o,
                              (double)p, line->number[at]);
            }
    }
    ck_assert_int_eq(at, line->count);
}

static void compare_networks(const struct golden *g, const char *prefix, const struct sac_agent *a,
                             double bound)
{
    const struct sac_critic *c = a->critic;
    compare_network(g, prefix, "policy", &a->policy.policy.network, a->policy.weights.parameters, bound);
    compare_network(g, prefix, "critic_1", &c[0].network, c[0].weights.parameters, bound);
    compare_network(g, prefix, "critic_2", &c[1].network, c[1].weights.parameters, bound);
    if (a->settings.algorithm == SAC_V1) {
        compare_network(g, prefix, "value", &a->value.network, a->value.weights.parameters, bound);
        compare_network(g, prefix, "value_target", &a->value.network, a->value.weights.target, bound);
    } else {
        compare_network(g, prefix, "critic_target_1", &c[0].network, c[0].weights.target, bound);
        compare_network(g, prefix, "critic_target_2", &c[1].network, c[1].weights.target, bound);
    }
}

static void compare_losses(const struct golden *g, const char *prefix, const struct sac_losses *losses)
{
    const struct {
        const char *name;
        double value;
    } all[] = {{"loss/critic", losses->critic}, {"loss/value", losses->value},
               {"loss/policy", losses->policy}, {"loss/temperature", losses->temperature},
               {"loss/alpha", losses->alpha},   {"loss/entropy", losses->entropy}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const double expected = find(g, prefix, all[i].name)->number[0];
        ck_assert_msg(fabs(all[i].value - expected) <= LOSS_BOUND * fmax(1, fabs(expected)),
                      "%s%s: %.9g, PyTorch has %.9g", prefix, all[i].name, all[i].value, expected);
    }
}

static void replay(const char *name, int split)
{
    struct golden *g = read_golden(name);
    const struct sac_settings s = read_settings(g);
    struct sac_team *team;
    struct sac_agent *agent;
    ck_assert_int_eq(sac_team_create(1, &team), SAC_OK);
    ck_assert_msg(sac_agent_create(&s, (int)number(g, "observation_size"), (int)number(g, "action_size"),
                                   split, team, &agent) == SAC_OK,
                  "%s", sac_last_error());
    compare_networks(g, "start/", agent, 5e-10); /* nine digits of floats below 1 */
    for (int update = 0; update < 3; update++) {
        char prefix[16];
        snprintf(prefix, sizeof prefix, "%d/", update);
        struct sac_losses losses;
        fill_batch(sac_agent_batch(agent), g, prefix);
        sac_update(agent, (uint64_t)update, &losses);
        compare_losses(g, prefix, &losses);
        compare_networks(g, prefix, agent, PARAMETER_BOUND);
    }
    sac_agent_destroy(agent);
    sac_team_destroy(team);
    free(g);
}

static const char *const cases[] = {"v1_reparameterization", "v1_score_function", "v2_learnt_temperature",
                                    "v2_fixed_temperature"};
enum { CASES = sizeof cases / sizeof *cases, MOST_TABLES = 4 };

static void replay_splits(const char *name)
{
    const int splits[] = {1, 2, 4};
    for (int i = 0; i < 3; i++)
        replay(name, splits[i]);
}

/* Parameters, targets and losses of three updates of v1 by both estimators and v2 with learnt and fixed
 * temperature are PyTorch's, with the kernels and the part of oneDNN that this CPU gets. */
START_TEST(test_best_kernels)
{
    replay_splits(cases[_i]);
}
END_TEST

/* The same with each kernel table, and with oneDNN kept to the same instruction set. */
START_TEST(test_each_table)
{
    const struct sac_kernels *table[MOST_TABLES];
    const int tables = sac_kernels_available(table);
    if (_i / CASES >= tables) {
        fprintf(stderr, "skipped: this CPU and build have only %d kernel tables\n", tables);
        return;
    }
    ck_assert_msg(sac_kernels_select(table[_i / CASES]->name) == SAC_OK, "%s", sac_last_error());
    replay_splits(cases[_i % CASES]);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("golden");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_best_kernels, 0, CASES);
    tcase_add_loop_test(tc, test_each_table, 0, CASES * 3);
    return suite_run(CK_FORK_GETENV, "golden", 1, tc);
}
