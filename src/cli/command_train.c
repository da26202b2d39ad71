/* softac train: settings from their sources, one call of the trainer, a run directory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <softac/trainer.h>

#include "../crash_guard.h"
#include "../environment.h"
#include "../environment_call.h"
#include "../error.h"
#include "../kernels/kernels.h"
#include "../linear.h"
#include "../policy.h"
#include "../run_directory.h"
#include "../settings.h"
#include "../trainer_events.h"
#include "../useful_cores.h"
#include "command.h"
#include "console.h"
#include "interrupt.h"
#include "report.h"
#include "sources.h"

/* What the command line asks for. */
struct request {
    const char *environment, *config, *seed, *steps, *out, *isa;
    struct env_words making;
    bool json, perf;
    int env_timeout;
    struct sac_machine machine;
    const char *words[MOST_WORDS]; /* ENV, then key=value */
    int word_count;
};

/* Everything a run consists of, in the order it is made. */
struct run {
    const struct request *request;
    const struct sac_env_ops *ops;
    struct sources sources;
    struct env_words making; /* with what the files say */
    struct env_options options;
    struct sac_machine machine;
    bool tuned; /* some of it is as softac tune has measured */
    struct sac_trainer *trainer;
    struct sac_run_directory *directory;

    struct console console;
    struct sac_progress progress;     /* the last seen */
    struct sac_evaluation evaluation; /* the last seen; episodes is 0 before */
    uint64_t restarts;                /* of workers, told of so far */
    double *returns;                  /* behind evaluation.returns */
    enum sac_status written;          /* the first failure to write progress.csv */
    char sentence[1024];              /* of that failure */
};

/* --- settings --- */

static void tell_settings(const struct run *run)
{
    const struct sac_settings *settings = &run->sources.settings;
    sources_tell("train", &run->sources);
    if (settings->warmup_steps >= settings->steps)
        say("train", "nothing will be learnt: warmup_steps=%lld is not below steps=%lld",
            (long long)settings->warmup_steps, (long long)settings->steps);
    if (run->machine.env_threads < run->request->machine.env_threads)
        say("train", "--env-threads %d: only %d started, one for each environment",
            run->request->machine.env_threads, run->machine.env_threads);
    if (run->tuned)
        say("train", "as softac tune has measured: --env-threads %d --learner-threads %d",
            run->machine.env_threads, run->machine.learner_threads);
}

/* What softac tune has measured holds where no flag says otherwise. Only async runs are measured. */
static void take_tuned(struct run *run)
{
    struct sac_machine *machine = &run->machine;
    const bool open = machine->env_threads == 0 || machine->learner_threads == 0;
    const struct sac_tuned *tuned = NULL;
    if (open && run->sources.settings.mode == SAC_ASYNC)
        tuned = sources_tuned(&run->sources);
    run->tuned = tuned != NULL;
    if (tuned && machine->env_threads == 0)
        machine->env_threads = tuned->env_threads;
    if (tuned && machine->learner_threads == 0)
        machine->learner_threads = tuned->learner_threads;
}

static void limit_env_threads(struct run *run)
{
    run->machine = run->request->machine;
    if (run->machine.env_threads > run->sources.settings.environments)
        run->machine.env_threads = run->sources.settings.environments;
}

/* For perf, before any code is generated; without the names it is less use, but a run all the same. */
static void name_code(const struct run *run)
{
    if (run->request->perf && sac_linear_name_code() != SAC_OK)
        say("train", "--perf: %s", sac_last_error());
}

static enum sac_status settle(struct run *run)
{
    const struct request *request = run->request;
    const struct source_words words = {request->config, request->seed, request->steps, request->words + 1,
                                       request->word_count - 1};
    enum sac_status status = sac_kernels_select(request->isa);
    name_code(run);
    if (!status)
        status = sac_environment_find(request->environment, &run->ops);
    if (!status)
        status = sources_read(&run->sources, run->ops->id, &words);
    if (!status) {
        run->making = request->making;
        sources_fill(&run->sources, &run->making);
        status = env_options_make(&run->options, run->ops->id, &run->making);
    }
    if (!status)
        status = sources_add_options(&run->sources, &run->options);
    if (!status) {
        limit_env_threads(run);
        take_tuned(run);
    }
    return status;
}

/* What uses more cores than a learner that is the bottleneck. */
static void advise(const struct run *run)
{
    const struct sac_config_sources sources = sources_of(&run->sources);
    bool offered = false;
    for (int i = 0; i < SAC_SOURCES; i++)
        offered |= sac_config_has_profile(sources.of[i], "wall_clock");
    if (offered && !sac_config_profile(&sources))
        sac_trainer_advise(run->trainer, "profile=wall_clock");
}

/* --- the run directory --- */

/* runs/ENV-ALGORITHM-seedS */
static enum sac_status make_default_directory(struct run *run)
{
    char algorithm[32], *stem, *id = strdup(run->ops->id);
    sac_settings_text(&run->sources.settings, "algorithm", algorithm, sizeof algorithm);
    for (char *c = id; c && *c; c++)
        if (*c == '/' || *c == ' ' || *c == ':')
            *c = '_';
    const int length = id ? asprintf(&stem, "runs/%s-%s-seed%llu", id, algorithm,
                                     (unsigned long long)run->sources.settings.seed)
                          : -1;
    free(id);
    if (length < 0)
        return sac_fail(SAC_NOMEM, "no memory for the run directory's name");
    const enum sac_status status = sac_run_directory_create_numbered(stem, &run->directory);
    free(stem);
    return status;
}

/* A number of threads as it was asked for. */
static const char *thread_count(char text[16], int threads)
{
    snprintf(text, 16, threads ? "%d" : "auto", threads);
    return text;
}

static enum sac_status save_configuration(const struct run *run)
{
    const struct sac_config_sources sources = sources_of(&run->sources);
    const char *profile = sac_config_profile(&sources);
    char env_threads[16], learner_threads[16], *comment;
    const int length =
        asprintf(&comment,
                 "# softac %s; instruction set %s (oneDNN: %s), env threads %s, learner threads %s%s%s\n"
                 "# Run again: softac train %s --config THIS_FILE\n",
                 PACKAGE_VERSION, sac_kernels()->name, sac_linear_isa(),
                 thread_count(env_threads, run->machine.env_threads),
                 thread_count(learner_threads, run->machine.learner_threads), profile ? "; profile " : "",
                 profile ? profile : "", run->request->environment);
    if (length < 0)
        return sac_fail(SAC_NOMEM, "no memory for the configuration");
    char *options = sources_options_yaml(&run->sources, &run->making);
    const enum sac_status status = options
                                       ? sac_run_directory_save_config(run->directory, comment, run->ops->id,
                                                                       &run->sources.settings, options)
                                       : sac_fail(SAC_NOMEM, "no memory for the configuration");
    free(options);
    free(comment);
    return status;
}

static enum sac_status save_policy(const struct run *run)
{
    struct sac_policy *policy;
    enum sac_status status = sac_trainer_policy(run->trainer, &policy);
    if (status)
        return status;
    status = sac_policy_keep_gym(policy, run->making.gym_module, run->making.gym_kwargs);
    if (!status)
        status = sac_run_directory_save_policy(run->directory, policy);
    sac_policy_destroy(policy);
    return status;
}

static enum sac_status make_trainer(struct run *run)
{
    enum sac_status status =
        sac_trainer_create(&run->sources.settings, &run->machine, run->ops, run->options.list, &run->trainer);
    if (!status && run->request->perf)
        status = sac_trainer_count_events(run->trainer);
    if (status)
        return status;
    run->returns = calloc((size_t)run->sources.settings.eval_episodes, sizeof *run->returns);
    return run->returns
               ? SAC_OK
               : sac_fail(SAC_NOMEM, "no memory for %d returns", run->sources.settings.eval_episodes);
}

/* As if it had never been made; the sentence in sac_last_error() stays. */
static void discard_directory(struct run *run)
{
    sac_run_directory_discard(run->directory);
    run->directory = NULL;
}

static enum sac_status make_directory(struct run *run)
{
    enum sac_status status = run->request->out ? sac_run_directory_create(run->request->out, &run->directory)
                                               : make_default_directory(run);
    if (status)
        return status;
    status = save_configuration(run);
    if (status)
        discard_directory(run);
    return status;
}

/* --- while it runs --- */

/* A full disk does not end the run, but its exit status tells. */
static void keep_failure(struct run *run, enum sac_status status)
{
    if (!status || run->written)
        return;
    run->written = status;
    snprintf(run->sentence, sizeof run->sentence, "%s", sac_last_error());
}

/* Of a gym: environment's workers. */
static void tell_restarts(struct run *run)
{
    const uint64_t restarts = sac_environment_restarts();
    if (restarts == run->restarts)
        return;
    run->restarts = restarts;
    console_close(&run->console);
    say("train",
        "a Python worker of %s died and was started again (%llu so far); its episodes count as truncated",
        run->ops->id, (unsigned long long)restarts);
}

static void see_progress(void *context, const struct sac_progress *progress)
{
    struct run *run = context;
    run->progress = *progress;
    keep_failure(run, sac_run_directory_progress(run->directory, progress));
    tell_restarts(run);
    console_progress(&run->console, progress);
    if (run->request->json)
        report_line(json_pack("{s:o}", "progress", report_progress(progress)));
}

static void see_evaluation(void *context, const struct sac_evaluation *evaluation)
{
    struct run *run = context;
    tell_restarts(run);
    memcpy(run->returns, evaluation->returns, (size_t)evaluation->episodes * sizeof *run->returns);
    run->evaluation = *evaluation;
    run->evaluation.returns = run->returns;
    keep_failure(run, sac_run_directory_evaluation(run->directory, evaluation));
    console_evaluation(&run->console, evaluation);
    if (run->request->json)
        report_line(json_pack("{s:o, s:I, s:I}", "evaluation", report_evaluation(evaluation, run->ops->id),
                              "environment_steps", (json_int_t)evaluation->environment_steps, "updates",
                              (json_int_t)evaluation->policy_version));
}

static void see_placement(void *context, const char *sentence)
{
    struct run *run = context;
    console_close(&run->console);
    say("train", "%s", sentence);
}

/* --- the end --- */

static json_t *events_json(const struct run *run)
{
    struct sac_trainer_events events;
    sac_trainer_events(run->trainer, &events);
    return json_pack("{s:o, s:o, s:s}", "env_threads",
                     report_events(&events.env_threads, (double)run->progress.environment_steps, "step"),
                     "learner", report_events(&events.learner, (double)run->progress.updates, "update"),
                     "missing", events.reason);
}

static void tell_events(const struct run *run)
{
    struct sac_trainer_events events;
    sac_trainer_events(run->trainer, &events);
    if (sac_perf_any(&events.env_threads))
        report_events_words(stdout, "env threads", &events.env_threads,
                            (double)run->progress.environment_steps, "step");
    if (sac_perf_any(&events.learner))
        report_events_words(stdout, "learner", &events.learner, (double)run->progress.updates, "update");
    if (*events.reason)
        say("train", "--perf: %s", events.reason);
}

static void tell_result(const struct run *run, const char *error)
{
    const char *environment = run->ops->id;
    const bool evaluated = run->evaluation.episodes > 0;
    if (run->request->json) {
        json_t *result = json_pack("{s:o, s:I, s:I, s:o, s:s}", "evaluation",
                                   evaluated ? report_evaluation(&run->evaluation, environment) : json_null(),
                                   "environment_steps", (json_int_t)run->progress.environment_steps,
                                   "updates", (json_int_t)run->progress.updates, "wall_seconds",
                                   report_number(run->progress.wall_seconds), "run_directory",
                                   sac_run_directory_path(run->directory));
        if (run->request->perf)
            json_object_set_new(result, "perf", events_json(run));
        if (error)
            json_object_set_new(result, "error", json_string(error));
        report_line(result);
        return;
    }
    if (evaluated)
        report_words(stdout, &run->evaluation, environment);
    printf("%lld environment steps and %llu updates in %.1f s\npolicy: %s\n",
           (long long)run->progress.environment_steps, (unsigned long long)run->progress.updates,
           run->progress.wall_seconds, sac_run_directory_policy(run->directory));
    if (run->request->perf)
        tell_events(run);
}

/* Before the first update there is nothing to keep of a run that failed. */
static bool is_stillborn(const struct run *run, enum sac_status status)
{
    return status && status != SAC_STOPPED && run->progress.updates == 0;
}

static int finish(struct run *run, enum sac_status status)
{
    char error[1024] = "";
    if (status == SAC_ENV)
        sac_crash_guard_hurry();
    if (is_stillborn(run, status)) {
        console_close(&run->console);
        discard_directory(run);
        return say_failure("train", status);
    }
    if (status)
        snprintf(error, sizeof error, "%s", sac_last_error());
    else if (run->written)
        snprintf(error, sizeof error, "%s", run->sentence);
    console_close(&run->console);
    if (*error)
        say("train", "%s", error);
    const enum sac_status saved = save_policy(run);
    if (saved)
        say_failure("train", saved);
    tell_result(run, *error ? error : saved ? sac_last_error() : NULL);
    if (status == SAC_STOPPED && interrupt_signal() && !saved)
        return 128 + interrupt_signal();
    return status || saved || run->written ? EXIT_FAILED : EXIT_DONE;
}

static int train(struct run *run)
{
    enum sac_status status = settle(run);
    if (!status)
        status = make_trainer(run);
    if (status)
        return say_failure("train", status);
    interrupt_catch(run->trainer, "softac train: stopping and saving; once more to end at once");
    status = make_directory(run);
    if (status)
        return say_failure("train", status);
    const struct sac_observer observer = {run, see_progress, see_evaluation, see_placement};
    tell_settings(run);
    advise(run);
    const char *warning = sac_openmp_warning();
    if (warning)
        say("train", "%s", warning);
    say("train", "writing to %s", sac_run_directory_path(run->directory));
    console_open(&run->console, run->sources.settings.steps);
    status = sac_trainer_run(run->trainer, &observer);
    return finish(run, status);
}

static void destroy(struct run *run)
{
    interrupt_ignore(); /* the trainer goes; what is left is soon done */
    sac_run_directory_destroy(run->directory);
    fflush(stdout); /* an environment may hang in destroy(), too */
    sac_trainer_destroy(run->trainer);
    free(run->returns);
    sources_free(&run->sources);
    env_options_free(&run->options);
}

/* "settings:" and the table; docs/settings.md holds the same. */
static char *settings_help(void)
{
    char *table = sac_settings_help(), *text = NULL;
    if (table && asprintf(&text, "settings: [default] and what they take\n%s", table) < 0)
        text = NULL;
    free(table);
    return text;
}

static int take_request(struct request *request, int argc, char **argv)
{
    const struct option options[] = {
        {"--config", OPTION_TEXT, "F.yaml", &request->config, "settings, over the preset's"},
        {"--seed", OPTION_TEXT, "S", &request->seed, "seed=S"},
        {"--steps", OPTION_TEXT, "N", &request->steps, "steps=N"},
        {"--out", OPTION_TEXT, "DIR", &request->out,
         "run directory, new or empty [runs/ENV-ALGORITHM-seedS]"},
        {"--json", OPTION_FLAG, NULL, &request->json, "print JSON lines; the last is the result"},
        {"--env-threads", OPTION_COUNT, "N", &request->machine.env_threads, "threads that step environments"},
        {"--learner-threads", OPTION_FEW, "N", &request->machine.learner_threads, "threads that learn"},
        {"--pin", OPTION_FLAG, NULL, &request->machine.pin,
         "bind each thread to a CPU (softac info draws it)"},
        {"--env-timeout", OPTION_SECONDS, "S", &request->env_timeout, ENV_TIMEOUT_HELP},
        {"--isa", OPTION_TEXT, "SET", &request->isa, "portable, avx2, avx512 [auto: the CPU's best]"},
        {"--perf", OPTION_FLAG, NULL, &request->perf, "name generated code for perf; count hardware events"},
        ENV_OPTIONS(request->making),
        {0},
    };
    const struct usage usage = {
        .command = "train",
        .form = "ENV [key=value ...] [env.NAME=VALUE ...]",
        .text =
            "Train a policy on ENV, an environment's name (softac envs), a plugin FILE.so, gym:ID or\n"
            "mjcf:FILE.xml, a MuJoCo model with a task file beside it (docs/environments.md).\n"
            "Settings: the defaults, then the environment's preset (its common part, then its section\n"
            "for the algorithm), then --config, then key=value here; later ones win. env.NAME=VALUE sets an\n"
            "option of the environment, such as env.frame_skip=2 (docs/environments.md).\n",
        .options = options,
        .more = settings_help,
        .takes_settings = true,
    };
    const int taken = arguments_take(&usage, argc, argv, request->words, MOST_WORDS, &request->word_count);
    if (taken != ARGUMENTS_TAKEN)
        return taken;
    if (request->word_count == 0)
        return say_usage("train", "expected an environment");
    request->environment = request->words[0];
    return ARGUMENTS_TAKEN;
}

static int run(int argc, char **argv)
{
    struct request request = {.env_timeout = SAC_CALL_PATIENCE};
    const int taken = take_request(&request, argc, argv);
    if (taken != ARGUMENTS_TAKEN)
        return taken;
    request.machine.env_timeout = request.env_timeout ? request.env_timeout : -1;
    watchdog_start("train", request.env_timeout);
    struct run run = {.request = &request};
    const int status = train(&run);
    destroy(&run);
    return status;
}

const struct command command_train = {"train", "train a policy on an environment", run};
