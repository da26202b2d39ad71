/* softac tune: short runs with different numbers of threads; the fastest is kept in a preset of the user's.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <softac/trainer.h>

#include "../environment.h"
#include "../environment_call.h"
#include "../error.h"
#include "../file.h"
#include "../kernels/kernels.h"
#include "../preset.h"
#include "../team.h"
#include "../thread_sweep.h"
#include "../topology.h"
#include "command.h"
#include "interrupt.h"
#include "report.h"
#include "sources.h"

enum { DEFAULT_SECONDS = 5, WARM_STEPS = 1000, FLAG_LEARNER_THREADS = 256 };
static const double ENDLESS = 1e15; /* steps: the runs are stopped */
static const char farewell[] = "softac tune: stopping; nothing is written";

struct request {
    const char *environment, *config, *out, *isa;
    struct env_words making;
    bool json;
    int seconds, env_timeout;
    const char *words[MOST_WORDS]; /* ENV, then key=value */
    int word_count;
};

struct tuning {
    const struct request *request;
    const struct sac_env_ops *ops;
    struct env_options options;
    struct sources sources;
    struct sac_settings settings; /* of the short runs */
    struct sac_tuned tuned;       /* this machine, these settings; in the end the best */
    char *path;                   /* of the preset that is written */
    struct sac_config *before;    /* what it holds now, or NULL */
    struct sac_sweep sweep;
};

/* --- one short run --- */

struct measurement {
    double seconds; /* wanted */
    struct sac_trainer *trainer;
    struct sac_progress first, last; /* the first look that found updates, the newest */
    double env_waits, learner_waits; /* seconds in between */
};

static void see_progress(void *context, const struct sac_progress *p)
{
    struct measurement *m = context;
    if (p->updates == 0)
        return;
    if (m->first.updates > 0) {
        const double passed = p->wall_seconds - m->last.wall_seconds;
        m->env_waits += passed * p->env_wait_fraction;
        m->learner_waits += passed * p->learner_wait_fraction;
    } else {
        m->first = *p;
    }
    m->last = *p;
    if (p->wall_seconds - m->first.wall_seconds >= m->seconds)
        sac_trainer_stop(m->trainer);
}

static void keep(struct sac_sweep *sweep, int env_threads, int learner_threads, const struct measurement *m)
{
    const double seconds = fmax(m->last.wall_seconds - m->first.wall_seconds, 1e-9);
    const double steps = (double)(m->last.environment_steps - m->first.environment_steps);
    sweep->run[sweep->count++] = (struct sac_sweep_run){
        .env_threads = env_threads,
        .learner_threads = learner_threads,
        .steps_per_second = steps / seconds,
        .updates_per_second = (double)(m->last.updates - m->first.updates) / seconds,
        .env_waits = m->env_waits / seconds,
        .learner_waits = m->learner_waits / seconds,
    };
}

/* SAC_STOPPED: a signal came. */
static enum sac_status measure(struct tuning *t, int env_threads, int learner_threads)
{
    const int timeout = t->request->env_timeout;
    const struct sac_machine machine = {.env_threads = env_threads,
                                        .learner_threads = learner_threads,
                                        .env_timeout = timeout ? timeout : -1};
    struct measurement m = {.seconds = t->request->seconds};
    enum sac_status status = sac_trainer_create(&t->settings, &machine, t->ops, t->options.list, &m.trainer);
    if (status)
        return status;
    interrupt_catch(m.trainer, farewell);
    const struct sac_observer observer = {.context = &m, .progress = see_progress};
    status = interrupt_signal() ? SAC_STOPPED : sac_trainer_run(m.trainer, &observer);
    interrupt_catch(NULL, farewell);
    sac_trainer_destroy(m.trainer);
    if (status == SAC_STOPPED && !interrupt_signal())
        status = SAC_OK;
    if (!status)
        keep(&t->sweep, env_threads, learner_threads, &m);
    return status;
}

/* --- telling --- */

static void print_head(void)
{
    printf("%11s  %15s  %9s  %9s  %9s  %13s\n", "env threads", "learner threads", "steps/s", "updates/s",
           "env waits", "learner waits");
    fflush(stdout);
}

static void print_run(const struct sac_sweep_run *run)
{
    printf("%11d  %15d  %9.0f  %9.1f  %7.0f %%  %11.0f %%\n", run->env_threads, run->learner_threads,
           run->steps_per_second, run->updates_per_second, 100 * run->env_waits, 100 * run->learner_waits);
    fflush(stdout);
}

static json_t *run_json(const struct sac_sweep_run *run)
{
    return json_pack("{s:i, s:i, s:f, s:f, s:f, s:f}", "env_threads", run->env_threads, "learner_threads",
                     run->learner_threads, "steps_per_second", run->steps_per_second, "updates_per_second",
                     run->updates_per_second, "env_wait_fraction", run->env_waits, "learner_wait_fraction",
                     run->learner_waits);
}

static void print_json(const struct tuning *t)
{
    json_t *runs = json_array();
    for (int i = 0; i < t->sweep.count; i++)
        json_array_append_new(runs, run_json(&t->sweep.run[i]));
    report_line(json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:s}", "environment", t->ops->id, "machine",
                          t->tuned.machine, "settings", t->tuned.settings, "seconds", t->request->seconds,
                          "runs", runs, "best", run_json(sac_sweep_best(&t->sweep)), "preset", t->path));
}

static void tell_best(const struct tuning *t)
{
    const struct sac_sweep_run *best = sac_sweep_best(&t->sweep);
    printf("best at these settings: --env-threads %d --learner-threads %d\nwritten to %s\n",
           best->env_threads, best->learner_threads, t->path);
    if (!t->request->out)
        printf("softac train %s with these settings, on this machine, takes them from there\n", t->ops->id);
}

/* --- the preset --- */

/* A file that softac tune did not write, or that holds more, stays as it is. */
static enum sac_status open_preset(struct tuning *t)
{
    const char *out = t->request->out;
    enum sac_status status = SAC_OK;
    struct stat there;
    if (out && !(t->path = strdup(out)))
        status = sac_fail(SAC_NOMEM, "no memory for the preset's name");
    if (!out)
        status = sac_preset_own(t->ops->id, &t->path);
    if (status)
        return status;
    if (!t->path)
        return sac_fail(SAC_INVALID,
                        "there is no folder for a preset of %s of your own (HOME and XDG_CONFIG_HOME "
                        "are not set, or its name is no name of a file); name a file with --out",
                        t->ops->id);
    if (stat(t->path, &there) != 0 && errno == ENOENT)
        return SAC_OK;
    status = sac_config_read(t->path, &t->before);
    if (!status)
        status = sac_config_check_environment(t->before, t->ops->id);
    if (!status && sac_config_has_settings(t->before))
        status = sac_fail(SAC_INVALID,
                          "%s holds settings, which softac tune would lose; name another file with --out",
                          t->path);
    return status;
}

static enum sac_status make_folders(const char *path)
{
    char *folder = strdup(path);
    enum sac_status status = folder ? SAC_OK : sac_fail(SAC_NOMEM, "no memory for the preset's folder");
    for (char *slash = folder ? strchr(folder + 1, '/') : NULL; slash && !status;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            status = sac_fail(SAC_IO, "%s: the folder cannot be made: %s; name a file with --out", folder,
                              strerror(errno));
        *slash = '/';
    }
    free(folder);
    return status;
}

static enum sac_status write_preset(struct tuning *t)
{
    const struct sac_sweep_run *best = sac_sweep_best(&t->sweep);
    const struct sac_tuned *list;
    const int count = sac_config_tuned(t->before, &list);
    char *text = NULL;
    size_t size;
    t->tuned.env_threads = best->env_threads;
    t->tuned.learner_threads = best->learner_threads;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return sac_fail(SAC_NOMEM, "no memory for the preset");
    sac_tuned_write(stream, t->ops->id, list, count, &t->tuned);
    enum sac_status status = fclose(stream) ? sac_fail(SAC_NOMEM, "no memory for the preset") : SAC_OK;
    if (!status && !t->request->out)
        status = make_folders(t->path);
    if (!status)
        status = sac_file_replace(t->path, text, size);
    free(text);
    return status;
}

/* --- all together --- */

static enum sac_status prepare_runs(struct tuning *t)
{
    struct sac_topology *topology;
    struct sac_settings *s = &t->settings;
    *s = t->sources.settings;
    if (s->mode != SAC_ASYNC)
        return sac_fail(SAC_INVALID,
                        "mode=lockstep: expected async, whose speed depends on the numbers of threads");
    s->steps = (int64_t)ENDLESS;
    s->warmup_steps = s->warmup_steps < WARM_STEPS ? s->warmup_steps : WARM_STEPS;
    s->eval_every = 0;
    const enum sac_status status = sac_topology_read(&topology);
    if (status)
        return status;
    const int granted = sac_team_limit();
    t->sweep = (struct sac_sweep){
        .cores = (int)ceil(sac_topology_capacity(topology)),
        .environments = s->environments,
        .most_learner_threads = granted < FLAG_LEARNER_THREADS ? granted : FLAG_LEARNER_THREADS,
    };
    sac_tuned_describe(&t->tuned, sac_topology_capacity(topology), &t->sources.settings);
    sac_topology_destroy(topology);
    return SAC_OK;
}

static enum sac_status settle(struct tuning *t)
{
    const struct request *r = t->request;
    const struct source_words words = {r->config, NULL, NULL, r->words + 1, r->word_count - 1};
    enum sac_status status = sac_kernels_select(r->isa);
    if (!status)
        status = sac_environment_find(r->environment, &t->ops);
    if (!status)
        status = sources_read(&t->sources, t->ops->id, &words);
    if (!status) {
        struct env_words making = r->making;
        sources_fill(&t->sources, &making);
        status = env_options_make(&t->options, t->ops->id, &making);
    }
    if (!status)
        status = sources_add_options(&t->sources, &t->options);
    if (!status)
        status = prepare_runs(t);
    return status ? status : open_preset(t);
}

static enum sac_status sweep(struct tuning *t)
{
    int env_threads, learner_threads;
    enum sac_status status = SAC_OK;
    while (!status && sac_sweep_next(&t->sweep, &env_threads, &learner_threads)) {
        status = measure(t, env_threads, learner_threads);
        if (!status && !t->request->json)
            print_run(&t->sweep.run[t->sweep.count - 1]);
    }
    return status;
}

static int tune(struct tuning *t)
{
    enum sac_status status = settle(t);
    if (status)
        return say_failure("tune", status);
    sources_tell("tune", &t->sources);
    say("tune", "%s, update_to_data=%.6g: runs of %d s each", t->tuned.machine, t->settings.update_to_data,
        t->request->seconds);
    if (!t->request->json)
        print_head();
    interrupt_catch(NULL, farewell);
    status = sweep(t);
    if (status == SAC_STOPPED)
        return 128 + interrupt_signal();
    if (!status)
        status = write_preset(t);
    if (status)
        return say_failure("tune", status);
    if (t->request->json)
        print_json(t);
    else
        tell_best(t);
    return EXIT_DONE;
}

static int take_request(struct request *request, int argc, char **argv)
{
    const struct option options[] = {
        {"--config", OPTION_TEXT, "F.yaml", &request->config, "settings, over the preset's"},
        {"--seconds", OPTION_COUNT, "S", &request->seconds, "of each run, after its warm-up [5]"},
        {"--out", OPTION_TEXT, "F.yaml", &request->out, "write there [~/.config/softac/presets/ENV.yaml]"},
        {"--json", OPTION_FLAG, NULL, &request->json, "print JSON"},
        {"--isa", OPTION_TEXT, "SET", &request->isa, "portable, avx2, avx512 [auto: the CPU's best]"},
        ENV_OPTIONS(request->making),
        {"--env-timeout", OPTION_SECONDS, "S", &request->env_timeout, ENV_TIMEOUT_HELP},
        {0},
    };
    const struct usage usage = {
        .command = "tune",
        .form = "ENV [key=value ...] [env.NAME=VALUE ...]",
        .text =
            "Find out how many env threads and learner threads are fastest for ENV on this machine: short\n"
            "async runs, a line each, and the best as a preset of your own, which softac train reads. "
            "Settings\n"
            "as for train; none of them is changed. Meant for a machine with nothing else to do.\n",
        .options = options,
        .takes_settings = true,
    };
    const int taken = arguments_take(&usage, argc, argv, request->words, MOST_WORDS, &request->word_count);
    if (taken != ARGUMENTS_TAKEN)
        return taken;
    if (request->word_count == 0)
        return say_usage("tune", "expected an environment");
    request->environment = request->words[0];
    return ARGUMENTS_TAKEN;
}

static void destroy(struct tuning *t)
{
    sac_config_destroy(t->before);
    free(t->path);
    sources_free(&t->sources);
    env_options_free(&t->options);
}

static int run(int argc, char **argv)
{
    struct request request = {.seconds = DEFAULT_SECONDS, .env_timeout = SAC_CALL_PATIENCE};
    const int taken = take_request(&request, argc, argv);
    if (taken != ARGUMENTS_TAKEN)
        return taken;
    watchdog_start("tune", request.env_timeout);
    struct tuning tuning = {.request = &request};
    const int status = tune(&tuning);
    destroy(&tuning);
    return status;
}

const struct command command_tune = {"tune", "find the numbers of threads that are fastest here", run};
