/* The library as a host uses it, by its public headers alone: what a host may do wrong, trainers beside and
 * after each other, threads, fork, locales; and that it prints nothing. */
#include <softac/softac.h>

#include <check.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "point_mass.h"
#include "suite.h"

static struct sac_settings settings;

static void setup(void)
{
    point_mass_clear();
    sac_settings_default(&settings);
    settings.steps = 300;
    settings.environments = 4;
    settings.hidden_layers = 2;
    settings.hidden[0] = settings.hidden[1] = 16;
    settings.batch_size = 32;
    settings.warmup_steps = 60;
    settings.replay_capacity = 5000;
    settings.eval_episodes = 2;
    settings.eval_every = 100;
    settings.mode = SAC_LOCKSTEP;
}

static void refused(enum sac_status wanted, const char *sentence, enum sac_status status)
{
    ck_assert_str_eq(sac_status_name(status), sac_status_name(wanted));
    ck_assert_msg(strstr(sac_last_error(), sentence) != NULL, "%s", sac_last_error());
}

static struct sac_trainer *create(void)
{
    struct sac_trainer *trainer = NULL;
    ck_assert_msg(sac_trainer_create(&settings, NULL, &point_mass, NULL, &trainer) == SAC_OK, "%s",
                  sac_last_error());
    return trainer;
}

/* The environment's actions for a fixed observation. */
static void act(const struct sac_trainer *trainer, float action[2])
{
    static const float observation[4] = {0.5f, -0.25f, 1, 0};
    struct sac_policy *policy;
    ck_assert_msg(sac_trainer_policy(trainer, &policy) == SAC_OK, "%s", sac_last_error());
    ck_assert_str_eq(sac_policy_environment(policy), "PointMass-v0");
    ck_assert_int_eq(sac_policy_act(policy, observation, 1, action, true, 0, 0), SAC_OK);
    sac_policy_destroy(policy);
}

static void train(float action[2])
{
    struct sac_trainer *trainer = create();
    ck_assert_msg(sac_trainer_run(trainer, NULL) == SAC_OK, "%s", sac_last_error());
    act(trainer, action);
    sac_trainer_destroy(trainer);
}

/* --- misuse --- */

/* Missing arguments: each is named, and outputs are NULL afterwards. */
START_TEST(missing_arguments_are_named)
{
    struct sac_trainer *trainer = (struct sac_trainer *)&settings;
    struct sac_policy *policy = (struct sac_policy *)&settings;
    struct sac_evaluation evaluation;
    refused(SAC_INVALID, "settings is NULL; expected settings filled by sac_settings_default()",
            sac_trainer_create(NULL, NULL, &point_mass, NULL, &trainer));
    ck_assert_ptr_null(trainer);
    refused(SAC_INVALID, "env is NULL; expected a table",
            sac_trainer_create(&settings, NULL, NULL, NULL, &trainer));
    refused(SAC_INVALID, "trainer is NULL", sac_trainer_create(&settings, NULL, &point_mass, NULL, NULL));
    refused(SAC_INVALID, "sac_trainer_run: trainer is NULL", sac_trainer_run(NULL, NULL));
    refused(SAC_INVALID, "sac_trainer_policy: trainer is NULL", sac_trainer_policy(NULL, &policy));
    ck_assert_ptr_null(policy);
    refused(SAC_INVALID, "policy is NULL", sac_evaluate(NULL, &point_mass, NULL, 1, 0, true, &evaluation));
    refused(SAC_INVALID, "settings is NULL", sac_settings_check(NULL));
    sac_trainer_stop(NULL);
    sac_trainer_destroy(NULL);
    sac_settings_default(NULL);
}
END_TEST

/* Settings of zeros, and numbers no enum has, are told apart from settings with one wrong number. */
START_TEST(settings_that_cannot_be_are_refused)
{
    struct sac_trainer *trainer;
    const struct sac_settings zero = {0};
    refused(SAC_INVALID, "the settings are all zero; fill them with sac_settings_default()",
            sac_trainer_create(&zero, NULL, &point_mass, NULL, &trainer));
    settings.mode = (enum sac_mode)7;
    refused(SAC_INVALID, "mode=", sac_trainer_create(&settings, NULL, &point_mass, NULL, &trainer));
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "one of async, lockstep"));
    settings.mode = SAC_ASYNC;
    settings.activation = (enum sac_activation) - 1;
    refused(SAC_INVALID, "activation=", sac_settings_check(&settings));
    settings.activation = SAC_TANH;
    settings.gamma = NAN;
    refused(SAC_INVALID, "gamma=nan: expected a number from 0 to 1", sac_settings_check(&settings));
    settings.gamma = 0.9;
    settings.hidden_layers = 17;
    refused(SAC_INVALID, "hidden=", sac_settings_check(&settings));
    settings.hidden_layers = 1;
    const struct sac_machine machine = {.env_threads = -1};
    refused(SAC_INVALID, "env_threads is -1; expected 1 to",
            sac_trainer_create(&settings, &machine, &point_mass, NULL, &trainer));
}
END_TEST

/* Each way a table can be wrong is told when the trainer is made, and none of its functions is called. */
START_TEST(wrong_tables_are_refused)
{
    const struct sac_env_ops zero = {0};
    struct sac_env_ops newer = point_mass, shorter = point_mass, stepless = point_mass, nameless = point_mass;
    struct sac_trainer *trainer;
    newer.abi = SAC_ENV_ABI + 1;
    shorter.size = 8;
    stepless.step = NULL;
    nameless.id = NULL;
    const struct {
        const struct sac_env_ops *ops;
        const char *sentence;
    } cases[] = {{&zero, "its abi or size is 0; set them to SAC_ENV_ABI"},
                 {&newer, "says interface version 2"},
                 {&shorter, "a size of 8 bytes"},
                 {&stepless, "lacks step()"},
                 {&nameless, "id is NULL"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(SAC_ENV, cases[i].sentence,
                sac_trainer_create(&settings, NULL, cases[i].ops, NULL, &trainer));
    ck_assert_int_eq(point_mass_instances, 0);
}
END_TEST

/* One run a trainer; a policy there is only once there was a run. */
START_TEST(calls_at_the_wrong_time_are_refused)
{
    struct sac_trainer *trainer = create();
    struct sac_policy *policy;
    refused(SAC_STATE, "nothing is learnt yet; ask for the policy after sac_trainer_run",
            sac_trainer_policy(trainer, &policy));
    ck_assert_ptr_null(policy);
    ck_assert_int_eq(sac_trainer_run(trainer, NULL), SAC_OK);
    refused(SAC_STATE, "has run already; create a new one", sac_trainer_run(trainer, NULL));
    ck_assert_int_eq(sac_trainer_policy(trainer, &policy), SAC_OK);
    sac_trainer_destroy(trainer); /* the policy is a copy */
    struct sac_evaluation evaluation;
    ck_assert_int_eq(sac_evaluate(policy, &point_mass, NULL, 3, 1, true, &evaluation), SAC_OK);
    ck_assert_int_eq(evaluation.episodes, 3);
    ck_assert_int_eq(evaluation.environment_steps, -1);
    ck_assert_double_le(evaluation.returns[0], 0);
    free((void *)evaluation.returns);
    refused(SAC_INVALID, "episodes is 0", sac_evaluate(policy, &point_mass, NULL, 0, 1, true, &evaluation));
    sac_policy_destroy(policy);
}
END_TEST

static struct sac_env_spec given; /* over the point mass's own, where it is not 0 */
static float given_low[2], given_high[2];

static int give_spec(const char *const *options, struct sac_env_spec *spec, char *error)
{
    const int status = point_mass.spec(options, spec, error);
    if (given.observation_size)
        spec->observation_size = given.observation_size;
    if (given.action_size)
        spec->action_size = given.action_size;
    if (given.step_limit)
        spec->step_limit = given.step_limit;
    spec->action_low = given_low;
    spec->action_high = given_high;
    return status;
}

/* Sizes and bounds that no environment can have are refused before anything is made of them. */
START_TEST(specs_that_cannot_be_are_refused)
{
    static const struct {
        struct sac_env_spec spec;
        float low, high;
        const char *sentence;
    } cases[] = {
        {{.observation_size = -1}, -1, 1, "-1 observations and 2 actions"},
        {{.action_size = -2}, -1, 1, "4 observations and -2 actions"},
        {{.step_limit = -1}, -1, 1, "a negative step limit"},
        {{0}, 1, 1, "action 0 has bounds [1, 1]; finite ones with low < high"},
        {{0}, 1, -1, "action 0 has bounds [1, -1]"},
        {{0}, -INFINITY, INFINITY, "action 0 has bounds [-inf, inf]; finite ones"},
        {{0}, NAN, 1, "action 0 has bounds [nan, 1]"},
        {{0}, -3e38f, 3e38f, "action 0 has bounds [-3e+38, 3e+38]"},
    };
    struct sac_env_ops ops = point_mass;
    struct sac_trainer *trainer;
    ops.spec = give_spec;
    given = cases[_i].spec;
    given_low[0] = given_low[1] = cases[_i].low;
    given_high[0] = given_high[1] = cases[_i].high;
    refused(SAC_ENV, cases[_i].sentence, sac_trainer_create(&settings, NULL, &ops, NULL, &trainer));
    ck_assert_int_eq(point_mass_instances, 0);
}
END_TEST

static int fail_silently(void *instance, const struct sac_env_step *step, char *error)
{
    (void)instance;
    (void)step;
    (void)error;
    return 1;
}

static int fail_endlessly(void *instance, const struct sac_env_step *step, char *error)
{
    (void)instance;
    (void)step;
    memset(error, 'x', SAC_ENV_ERROR_SIZE);
    return 1;
}

/* An environment may fail without a sentence, or forget the end of one that fills its room. */
START_TEST(odd_sentences_are_taken)
{
    struct sac_env_ops ops = point_mass;
    struct sac_trainer *trainer;
    ops.step = _i ? fail_endlessly : fail_silently;
    ck_assert_int_eq(sac_trainer_create(&settings, NULL, &ops, NULL, &trainer), SAC_OK);
    refused(SAC_ENV, _i ? "step() failed at step 1: xxxxxxxx" : "it gives no reason",
            sac_trainer_run(trainer, NULL));
    sac_trainer_destroy(trainer);
}
END_TEST

static int three_observations(const char *const *options, struct sac_env_spec *spec, char *error)
{
    const int status = point_mass.spec(options, spec, error);
    spec->observation_size = 3;
    return status;
}

/* A policy is not played in an environment of other sizes. */
START_TEST(other_sizes_are_refused)
{
    struct sac_env_ops other = point_mass;
    struct sac_trainer *trainer = create();
    struct sac_policy *policy;
    struct sac_evaluation evaluation;
    other.spec = three_observations;
    ck_assert_int_eq(sac_trainer_run(trainer, NULL), SAC_OK);
    ck_assert_int_eq(sac_trainer_policy(trainer, &policy), SAC_OK);
    refused(SAC_INVALID, "takes 4 observations and gives 2 actions, but PointMass-v0 has 3 and 2",
            sac_evaluate(policy, &other, NULL, 1, 0, true, &evaluation));
    sac_policy_destroy(policy);
    sac_trainer_destroy(trainer);
}
END_TEST

/* An environment's failure ends the run with its own words; what was learnt until then is there. */
START_TEST(failing_environments_end_the_run)
{
    struct sac_trainer *trainer = create();
    float action[2];
    point_mass_faults.error_at = 200;
    refused(SAC_ENV, "the motor burnt out", sac_trainer_run(trainer, NULL));
    act(trainer, action);
    sac_trainer_destroy(trainer);
    ck_assert_int_eq(point_mass_instances, 0);
}
END_TEST

/* --- stopping and watching --- */

struct watcher {
    struct sac_trainer *trainer;
    int evaluations;
    float action[2];
    enum sac_status elsewhere; /* what sac_trainer_policy says in another thread */
    char sentence[128];
    bool stop;
};

static void *ask_elsewhere(void *context)
{
    struct watcher *w = context;
    struct sac_policy *policy;
    w->elsewhere = sac_trainer_policy(w->trainer, &policy);
    strncpy(w->sentence, sac_last_error(), sizeof w->sentence - 1);
    return NULL;
}

static void on_evaluation(void *context, const struct sac_evaluation *evaluation)
{
    struct watcher *w = context;
    pthread_t thread;
    w->evaluations++;
    ck_assert_int_eq(evaluation->episodes, 2);
    act(w->trainer, w->action);
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_elsewhere, w), 0);
    pthread_join(thread, NULL);
    if (w->stop)
        sac_trainer_stop(w->trainer);
}

/* Observers may take the policy as it is then; in other threads that is refused while the run lasts. */
START_TEST(observers_see_the_policy)
{
    struct watcher w = {.trainer = create()};
    const struct sac_observer observer = {.context = &w, .evaluation = on_evaluation};
    float last[2];
    ck_assert_int_eq(sac_trainer_run(w.trainer, &observer), SAC_OK);
    ck_assert_int_ge(w.evaluations, 2);
    ck_assert_int_eq(w.elsewhere, SAC_STATE);
    ck_assert_msg(strstr(w.sentence, "running in another thread") != NULL, "%s", w.sentence);
    act(w.trainer, last);
    ck_assert_mem_eq(last, w.action, sizeof last); /* the last evaluation is of the final policy */
    sac_trainer_destroy(w.trainer);
}
END_TEST

/* A stop from an observer, and one before the run, end it with SAC_STOPPED and a policy. */
START_TEST(stops_end_the_run)
{
    struct watcher w = {.stop = true};
    const struct sac_observer observer = {.context = &w, .evaluation = on_evaluation};
    float action[2];
    settings.steps = 1000000000;
    w.trainer = create();
    refused(SAC_STOPPED, "of 1000000000 environment steps", sac_trainer_run(w.trainer, &observer));
    act(w.trainer, action);
    sac_trainer_destroy(w.trainer);
    w.trainer = create();
    sac_trainer_stop(w.trainer);
    refused(SAC_STOPPED, "stopped after 0", sac_trainer_run(w.trainer, NULL));
    act(w.trainer, action);
    sac_trainer_destroy(w.trainer);
}
END_TEST

static void *run_until_stopped(void *context)
{
    static char said[256];
    const enum sac_status status = sac_trainer_run(context, NULL);
    strncpy(said, sac_last_error(), sizeof said - 1);
    return status == SAC_STOPPED ? said : NULL;
}

/* Made in one thread, run in another, stopped and asked from the first: sentences stay with their thread. */
START_TEST(threads_share_a_trainer)
{
    pthread_t thread;
    void *said;
    float action[2];
    settings.steps = 1000000000;
    settings.mode = SAC_ASYNC;
    refused(SAC_IO, "absent", sac_policy_load("absent", &(struct sac_policy *){NULL}));
    struct sac_trainer *trainer = create();
    ck_assert_int_eq(pthread_create(&thread, NULL, run_until_stopped, trainer), 0);
    while (point_mass_steps < 500)
        usleep(1000);
    sac_trainer_stop(trainer);
    pthread_join(thread, &said);
    ck_assert_ptr_nonnull(said);
    ck_assert_ptr_nonnull(strstr(said, "the run was stopped"));
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "absent"));
    act(trainer, action);
    sac_trainer_destroy(trainer);
}
END_TEST

/* --- several --- */

static void *train_thread(void *action)
{
    train(action);
    return NULL;
}

/* Trainers one after the other and at the same time learn what one alone does, bit by bit. */
START_TEST(trainers_do_not_meet)
{
    enum { TRAINERS = 3 };
    float alone[2], again[2], beside[TRAINERS][2];
    pthread_t thread[TRAINERS];
    train(alone);
    train(again);
    ck_assert_mem_eq(alone, again, sizeof alone);
    for (int i = 0; i < TRAINERS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, train_thread, beside[i]), 0);
    for (int i = 0; i < TRAINERS; i++) {
        pthread_join(thread[i], NULL);
        ck_assert_mem_eq(alone, beside[i], sizeof alone);
    }
}
END_TEST

/* A child of a process that has trained trains as well, and so does the parent afterwards. */
START_TEST(children_train)
{
    float before[2], after[2];
    int status;
#ifdef __SANITIZE_THREAD__
    printf("SKIPPED: ThreadSanitizer starts no threads after a fork\n");
    return;
#endif
    train(before);
    const pid_t child = fork();
    if (child == 0) {
        train(after);
        _exit(memcmp(before, after, sizeof before) ? 1 : 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    train(after);
    ck_assert_mem_eq(before, after, sizeof before);
}
END_TEST

/* --- the process around --- */

/* Nothing of all this, failures included, prints a byte. */
START_TEST(nothing_is_printed)
{
    char path[] = "/tmp/test_library.XXXXXX";
    const int file = mkstemp(path), out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    struct sac_policy *policy;
    struct stat status;
    float action[2];
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    train(action);
    const enum sac_status absent = sac_policy_load("/absent", &policy);
    struct sac_trainer *trainer = create();
    point_mass_faults.error_at = point_mass_steps + 100;
    const enum sac_status failed = sac_trainer_run(trainer, NULL);
    sac_trainer_destroy(trainer);
    fflush(NULL);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    ck_assert_int_eq(absent, SAC_IO);
    ck_assert_int_eq(failed, SAC_ENV);
    ck_assert_int_eq(fstat(file, &status), 0);
    ck_assert_int_eq(status.st_size, 0);
    close(file);
    unlink(path);
}
END_TEST

/* In a host whose numbers have a decimal comma, defaults, files and sentences are as everywhere. */
START_TEST(locales_change_nothing)
{
    struct sac_settings here;
    struct sac_policy *policy;
    char path[] = "/tmp/test_library.XXXXXX";
    close(mkstemp(path));
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8")) {
        printf("SKIPPED: no locale with a decimal comma is installed\n");
        unlink(path);
        return;
    }
    ck_assert_str_eq(localeconv()->decimal_point, ",");
    sac_settings_default(&here);
    ck_assert_double_eq(here.gamma, 0.99);
    ck_assert_double_eq(here.policy_learning_rate, 0.0003);
    here.tau = 1.5;
    refused(SAC_INVALID, "tau=1.5: expected", sac_settings_check(&here));
    struct sac_trainer *trainer = create();
    ck_assert_int_eq(sac_trainer_run(trainer, NULL), SAC_OK);
    ck_assert_int_eq(sac_trainer_policy(trainer, &policy), SAC_OK);
    ck_assert_int_eq(sac_policy_save(policy, path), SAC_OK);
    sac_policy_destroy(policy);
    setlocale(LC_ALL, "C");
    ck_assert_msg(sac_policy_load(path, &policy) == SAC_OK, "%s", sac_last_error());
    sac_policy_destroy(policy);
    sac_trainer_destroy(trainer);
    unlink(path);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("library");
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, missing_arguments_are_named);
    tcase_add_test(cases, settings_that_cannot_be_are_refused);
    tcase_add_test(cases, wrong_tables_are_refused);
    tcase_add_test(cases, calls_at_the_wrong_time_are_refused);
    tcase_add_loop_test(cases, specs_that_cannot_be_are_refused, 0, 8);
    tcase_add_loop_test(cases, odd_sentences_are_taken, 0, 2);
    tcase_add_test(cases, other_sizes_are_refused);
    tcase_add_test(cases, failing_environments_end_the_run);
    tcase_add_test(cases, observers_see_the_policy);
    tcase_add_test(cases, stops_end_the_run);
    tcase_add_test(cases, threads_share_a_trainer);
    tcase_add_test(cases, trainers_do_not_meet);
    tcase_add_test(cases, children_train);
    tcase_add_test(cases, nothing_is_printed);
    tcase_add_test(cases, locales_change_nothing);
    return suite_run(CK_FORK_GETENV, "library", 1, cases);
}
