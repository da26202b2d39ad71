/* What a run takes is known before it is taken. Linked with --wrap, so that what trainers allocate is
 * counted. */
#include "run_memory.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <softac/trainer.h>

#include "memory.h"
#include "point_mass.h"
#include "settings.h"
#include "suite.h"

static double taken;

void *__real_sac_allocate(size_t bytes);
void *__wrap_sac_allocate(size_t bytes);

void *__wrap_sac_allocate(size_t bytes)
{
    taken += (double)bytes;
    return __real_sac_allocate(bytes);
}

void *__real_sac_allocate_untouched(size_t bytes, bool huge_pages);
void *__wrap_sac_allocate_untouched(size_t bytes, bool huge_pages);

void *__wrap_sac_allocate_untouched(size_t bytes, bool huge_pages)
{
    taken += (double)bytes;
    return __real_sac_allocate_untouched(bytes, huge_pages);
}

/* --- the need --- */

static const struct {
    enum sac_algorithm algorithm;
    enum sac_estimator estimator;
    int batch_size, layers, width, environments, split, eval_episodes;
    int64_t replay_capacity;
} runs[] = {
    {SAC_V2, SAC_REPARAMETERIZATION, 256, 2, 256, 8, 2, 10, 100000},
    {SAC_V1, SAC_REPARAMETERIZATION, 256, 2, 256, 8, 2, 10, 100000},
    {SAC_V1, SAC_SCORE_FUNCTION, 256, 2, 256, 8, 1, 10, 100000},
    {SAC_V2, SAC_REPARAMETERIZATION, 4096, 3, 128, 2, 4, 10, 5000},
    {SAC_V1, SAC_REPARAMETERIZATION, 16384, 2, 256, 2, 3, 10, 20000},
    {SAC_V1, SAC_REPARAMETERIZATION, 16, 2, 600, 2, 4, 10, 5000},
    {SAC_V2, SAC_REPARAMETERIZATION, 64, 2, 512, 2, 7, 10, 5000},
    {SAC_V2, SAC_REPARAMETERIZATION, 16, 1, 512, 500, 1, 10, 5000},
    {SAC_V2, SAC_REPARAMETERIZATION, 8, 1, 8, 2, 1, 200000, 5000},
};

static struct sac_run_sizes sizes_of(int i)
{
    struct sac_run_sizes sizes = {.observation_size = 4, .action_size = 2, .env_threads = 2, .split = 2};
    struct sac_settings *s = &sizes.settings;
    sac_settings_default(s);
    s->algorithm = runs[i].algorithm;
    s->estimator = runs[i].estimator;
    s->batch_size = runs[i].batch_size;
    s->hidden_layers = runs[i].layers;
    for (int l = 0; l < runs[i].layers; l++)
        s->hidden[l] = runs[i].width;
    s->environments = runs[i].environments;
    s->learner_split = sizes.split = runs[i].split;
    s->eval_episodes = runs[i].eval_episodes;
    s->replay_capacity = runs[i].replay_capacity;
    return sizes;
}

/* Neither much less than what creating a trainer takes (a run would be started that is killed), nor much more
 * (one that fits would be refused): a thirtieth and the small parts of 300 kB, whichever part is the largest.
 */
START_TEST(need_is_what_is_taken)
{
    const struct sac_run_sizes sizes = sizes_of(_i);
    const struct sac_machine machine = {.env_threads = sizes.env_threads, .learner_threads = 2};
    struct sac_trainer *trainer;
    double part[SAC_RUN_PARTS];
    taken = 0;
    ck_assert_int_eq(sac_trainer_create(&sizes.settings, &machine, &point_mass, NULL, &trainer), SAC_OK);
    sac_trainer_destroy(trainer);
    const double need = sac_run_memory(&sizes, part);
    ck_assert_double_ge(need, taken * 29 / 30);
    ck_assert_double_le(need, taken * 31 / 30 + 300e3 + part[SAC_RUN_SNAPSHOTS]);
}
END_TEST

/* --- the refusal --- */

static const struct {
    const char *key, *value; /* changed from the defaults */
    double limit;
    const char *words[3];
} refusals[] = {
    {"replay_capacity", "1e12", 0x1p30, {"58.2 TiB of it for the replay", "1 GiB", "set replay_capacity="}},
    {"environments", "65536", 0x1p34, {"1 TiB of it for the replay", "set environments="}},
    {"hidden", "65536,65536", 0x1p34, {"for the networks' training", "16 GiB", "set hidden="}},
    {"batch_size", "1048576", 0x1p29, {"for the networks' training", "512 MiB", "set batch_size="}},
    {"updates_per_round", "1000000", 0x1p29, {"for the replay", "512 MiB", "set updates_per_round="}},
    {"eval_episodes", "1000000", 100e6, {"the run needs 111 MiB", "for the replay", "set replay_capacity="}},
    {"hidden", "60000,60000", 1e6, {"lower hidden first, then other settings"}},
};

/* What is advised is enough, and not much too little of it. */
static void try_advice(const struct sac_run_sizes *sizes, const struct sac_memory_limit *limit)
{
    char key[64], value[256];
    double part[SAC_RUN_PARTS];
    struct sac_run_sizes advised = *sizes;
    if (sscanf(strrchr(sac_last_error(), ';'), "; set %63[^=]=%255s or less", key, value) != 2)
        return;
    ck_assert_int_eq(sac_settings_set(&advised.settings, key, value), SAC_OK);
    ck_assert_int_eq(sac_run_memory_check(&advised, limit), SAC_OK);
    ck_assert_double_ge(sac_run_memory(&advised, part), 0.7 * (double)limit->bytes);
}

/* The largest part, whose limit it is, and which setting to lower to what: a value that is then accepted. */
START_TEST(refusals_tell_the_way_out)
{
    struct sac_memory_limit limit = {.bytes = (uint64_t)refusals[_i].limit, .whose = "left in a drawer"};
    struct sac_run_sizes sizes = {.observation_size = 3, .action_size = 1, .env_threads = 2, .split = 2};
    sac_settings_default(&sizes.settings);
    ck_assert_int_eq(sac_settings_set(&sizes.settings, refusals[_i].key, refusals[_i].value), SAC_OK);
    ck_assert_int_eq(sac_run_memory_check(&sizes, &limit), SAC_NOMEM);
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "left in a drawer"));
    for (int i = 0; i < 3 && refusals[_i].words[i]; i++)
        ck_assert_msg(strstr(sac_last_error(), refusals[_i].words[i]), "%s", sac_last_error());
    try_advice(&sizes, &limit);
}
END_TEST

/* The largest sizes that settings can have do not overflow, and are more than any machine has. */
START_TEST(largest_sizes)
{
    struct sac_memory_limit limit = {.bytes = 1ull << 56, .whose = "there"};
    struct sac_run_sizes sizes = {
        .observation_size = 1 << 24, .action_size = 1 << 20, .env_threads = 65536, .split = 256};
    double part[SAC_RUN_PARTS];
    struct sac_settings *s = &sizes.settings;
    sac_settings_default(s);
    s->environments = 65536;
    s->batch_size = 1048576;
    s->replay_capacity = 1000000000000;
    s->updates_per_round = 1000000;
    s->update_to_data = 1e-6;
    s->eval_episodes = 1000000;
    s->hidden_layers = SAC_MAX_HIDDEN_LAYERS;
    for (int l = 0; l < s->hidden_layers; l++)
        s->hidden[l] = 65536;
    ck_assert_double_gt(sac_run_memory(&sizes, part), 1e19);
    for (int i = 0; i < SAC_RUN_PARTS; i++)
        ck_assert_double_gt(part[i], 0);
    ck_assert_int_eq(sac_run_memory_check(&sizes, &limit), SAC_NOMEM);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("run memory");
    tcase_add_loop_test(cases, need_is_what_is_taken, 0, sizeof runs / sizeof *runs);
    tcase_add_loop_test(cases, refusals_tell_the_way_out, 0, sizeof refusals / sizeof *refusals);
    tcase_add_test(cases, largest_sizes);
    return suite_run(CK_FORK_GETENV, "run memory", 1, cases);
}
