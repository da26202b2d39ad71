/* A training run: makes all parts, starts the threads, watches, joins. Everything here belongs to the main
 * thread. */
#include <softac/trainer.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "env_thread.h"
#include "environment.h"
#include "error.h"
#include "evaluator.h"
#include "learner.h"
#include "machine_share.h"
#include "memory.h"
#include "meter.h"
#include "policy.h"
#include "run_memory.h"
#include "run_thread.h"
#include "safe_point.h"
#include "thread.h"
#include "trainer_events.h"
#include "update_work.h"
#include "useful_cores.h"

static const uint64_t LOOK_EVERY_NS = 1000000000u;
enum { LEAST_UPDATES = 8 };              /* that a measured time of an update is the mean of */
static const double MEASURE_SECONDS = 5; /* of learning, before it is said what the run can use */

enum { EVALUATOR_THREAD, LEARNER_THREAD, FIRST_ENV_THREAD };

struct thread_events {
    struct sac_perf_counters counters;
    struct sac_perf_counts counts; /* at the thread's end */
};

struct sac_trainer {
    struct sac_settings settings;
    const struct sac_env_ops *ops;
    const char *const *options;
    struct sac_env_spec spec;
    int env_threads, learner_threads, split;
    struct sac_machine_share *share;
    const struct sac_placement *placement; /* the share's */
    bool pin;
    bool resizes; /* how many of the team work follows what they are left */

    struct sac_team *team;
    struct sac_agent *agent;
    struct sac_replay *replay;
    struct sac_governor *governor;
    struct sac_snapshots *snapshots;
    struct sac_learner *learner;
    struct sac_env_thread **env_thread; /* (env_threads) */
    struct sac_evaluator *evaluator;
    struct sac_desk *desk;
    struct sac_gate *events; /* main sleeps here; threads that end, the evaluator and stop wake it */
    struct sac_first_error *error;

    /* (env_threads), learner; each written by its thread, read by main after joining; NULL: not counted */
    struct thread_events *events_of;
    struct sac_run_thread *thread; /* evaluator, learner, (env_threads) */
    uint32_t patience;             /* looks, one a second, until a thread is stuck in an environment */
    bool left_behind;              /* a thread that was stuck; it may yet touch anything here */
    bool (*over)(const struct sac_trainer *t); /* what main waits for */
    /* Who is inside sac_trainer_run. written by: main; read by: whoever asks for the policy. Relaxed: no data
     * goes with it */
    _Atomic uint32_t runs, inside;
    _Atomic pthread_t runner;
    /* written by: main; read by: sac_trainer_visit and sac_trainer_policy on the same thread, or after the
     * run */
    bool running; /* its threads are */

    const struct sac_observer *observer;
    struct sac_meter *meter;
    bool telling;           /* an evaluation's callback is under way: its report is not given back yet */
    struct sac_look sized;  /* when the team's size was looked at */
    struct sac_look learns; /* the first look that found updates */
    const char *advice;     /* for a run that is learner-bound */
    int useful_cores;       /* as told, 0: nothing was told */
    bool use_measured;
};

/* --- making --- */

static enum sac_status choose_threads(struct sac_trainer *t, const struct sac_machine *machine)
{
    const struct sac_placement_request request = {
        .env_threads = machine->env_threads,
        .learner_threads = machine->learner_threads,
        .environments = t->settings.environments,
        .most_learner_threads = sac_team_limit(),
        .update_flops = sac_update_flops(&t->settings, t->spec.observation_size, t->spec.action_size),
        .resizes = t->settings.mode == SAC_ASYNC && machine->learner_threads <= 0,
    };
    const enum sac_status status = sac_machine_share_create(&request, &t->share);
    if (status != SAC_OK)
        return status;
    t->placement = sac_machine_share_placement(t->share);
    t->pin = machine->pin;
    t->env_threads = t->placement->env_threads;
    t->learner_threads = t->placement->learner_threads;
    t->resizes = request.resizes && t->learner_threads > 1;
    t->split = t->settings.learner_split > 0      ? t->settings.learner_split
               : t->settings.mode == SAC_LOCKSTEP ? 2
                                                  : t->learner_threads;
    return SAC_OK;
}

/* Threads besides main while it runs: env threads, the learner's team, the evaluator. */
static int threads_needed(const struct sac_trainer *t)
{
    return t->env_threads + t->learner_threads + 1;
}

/* Whoever may limit them. OpenMP would end the process when its team cannot be had. */
static enum sac_status check_threads(const struct sac_trainer *t)
{
    const int needed = threads_needed(t), startable = sac_thread_probe(needed);
    if (startable == needed)
        return SAC_OK;
    return sac_fail(
        SAC_NOMEM,
        "the run needs %d threads, but only %d can be started (see ulimit -u, and pids.max of the "
        "control group); set fewer with --env-threads or --learner-threads",
        needed, startable);
}

/* Before anything is allocated. */
static enum sac_status check_memory(const struct sac_trainer *t)
{
    const struct sac_run_sizes sizes = {
        .settings = t->settings,
        .observation_size = t->spec.observation_size,
        .action_size = t->spec.action_size,
        .env_threads = t->env_threads,
        .split = t->split,
    };
    struct sac_memory_limit limit;
    sac_memory_limit("", threads_needed(t), &limit);
    return sac_run_memory_check(&sizes, &limit);
}

static enum sac_status create_data_parts(struct sac_trainer *t)
{
    const struct sac_replay_shape shape = {
        .environments = t->settings.environments,
        .env_threads = t->env_threads,
        .observation_size = t->spec.observation_size,
        .action_size = t->spec.action_size,
        .capacity = t->settings.replay_capacity,
        .guard = sac_governor_guard(&t->settings),
        .steps = t->settings.steps,
    };
    const enum sac_status status = sac_replay_create(&shape, &t->replay);
    if (status != SAC_OK)
        return status;
    return sac_governor_create(&t->settings, t->env_threads, t->replay, &t->governor);
}

static enum sac_status create_learner(struct sac_trainer *t)
{
    enum sac_status status = sac_team_create(t->learner_threads, &t->team);
    if (status == SAC_OK)
        sac_team_resize(t->team, sac_machine_share_sharing(t->share));
    if (status == SAC_OK && t->pin)
        sac_team_bind(t->team, t->placement->learner);
    if (status == SAC_OK)
        status = sac_agent_create(&t->settings, t->spec.observation_size, t->spec.action_size, t->split,
                                  t->team, &t->agent);
    if (status == SAC_OK) /* holders: env threads, evaluator, and main when it exports */
        status = sac_snapshots_create_packed(t->env_threads + 2, &sac_agent_policy(t->agent)->network,
                                             sac_agent_policy_parameters(t->agent), &t->snapshots);
    const struct sac_learner_context context = {
        .settings = &t->settings,
        .team = t->team,
        .agent = t->agent,
        .replay = t->replay,
        .governor = t->governor,
        .snapshots = t->snapshots,
        .desk = t->desk,
    };
    return status == SAC_OK ? sac_learner_create(&context, &t->learner) : status;
}

static enum sac_status create_env_threads(struct sac_trainer *t)
{
    const struct sac_env_context context = {
        .settings = &t->settings,
        .ops = t->ops,
        .options = t->options,
        .spec = &t->spec,
        .policy = sac_agent_policy(t->agent),
        .replay = t->replay,
        .governor = t->governor,
        .snapshots = t->snapshots,
        .error = t->error,
    };
    for (int i = 0; i < t->env_threads; i++) {
        const enum sac_status status = sac_env_thread_create(&context, i, &t->env_thread[i]);
        if (status != SAC_OK)
            return status;
    }
    return SAC_OK;
}

static enum sac_status create_evaluator(struct sac_trainer *t)
{
    const struct sac_evaluator_context context = {
        .ops = t->ops,
        .options = t->options,
        .policy = sac_agent_policy(t->agent),
        .seed = t->settings.seed,
        .episodes = t->settings.eval_episodes,
        .deterministic = true,
    };
    return sac_evaluator_create(&context, &t->evaluator);
}

static enum sac_status allocate_shared(struct sac_trainer *t)
{
    t->events = sac_allocate(sizeof *t->events);
    t->error = sac_allocate(sizeof *t->error);
    t->env_thread = sac_allocate((size_t)t->env_threads * sizeof(struct sac_env_thread *));
    t->thread = sac_allocate((size_t)(t->env_threads + FIRST_ENV_THREAD) * sizeof *t->thread);
    if (!t->events || !t->error || !t->env_thread || !t->thread)
        return sac_fail(SAC_NOMEM, "no memory for a run with %d env threads", t->env_threads);
    return sac_desk_create(t->settings.eval_episodes, t->events, &t->desk);
}

static enum sac_status create_meter(struct sac_trainer *t)
{
    const struct sac_meter_context context = {
        .settings = &t->settings,
        .governor = t->governor,
        .learner = t->learner,
        .env_thread = t->env_thread,
        .env_threads = t->env_threads,
    };
    return sac_meter_create(&context, &t->meter);
}

static enum sac_status create_parts(struct sac_trainer *t)
{
    enum sac_status status = allocate_shared(t);
    if (status == SAC_OK)
        status = create_data_parts(t);
    if (status == SAC_OK)
        status = create_learner(t);
    if (status == SAC_OK)
        status = create_env_threads(t);
    if (status == SAC_OK)
        status = create_evaluator(t);
    if (status == SAC_OK)
        status = create_meter(t);
    return status;
}

enum { MOST_THREADS = 65536 };

static enum sac_status check_machine(const struct sac_machine *machine)
{
    const int counts[] = {machine->env_threads, machine->learner_threads};
    for (int i = 0; i < 2; i++)
        if (counts[i] < 0 || counts[i] > MOST_THREADS)
            return sac_fail(SAC_INVALID,
                            "%s is %d; expected 1 to %d, or 0 to leave the choice to the library",
                            i ? "learner_threads" : "env_threads", counts[i], MOST_THREADS);
    if (machine->env_timeout < -1)
        return sac_fail(SAC_INVALID,
                        "env_timeout is %d; expected seconds, 0 for %d of them, or -1 for any time",
                        machine->env_timeout, SAC_CALL_PATIENCE);
    return SAC_OK;
}

enum sac_status sac_trainer_create(const struct sac_settings *settings, const struct sac_machine *machine,
                                   const struct sac_env_ops *env, const char *const *env_options,
                                   struct sac_trainer **trainer)
{
    static const struct sac_machine choose;
    SAC_NEED(trainer, "a place for the trainer");
    *trainer = NULL;
    SAC_NEED(env, "a table of environment functions");
    if (!machine)
        machine = &choose;
    enum sac_status status = sac_settings_check(settings);
    if (status == SAC_OK)
        status = check_machine(machine);
    if (status != SAC_OK)
        return status;
    struct sac_trainer *t = sac_allocate(sizeof *t);
    if (!t)
        return sac_fail(SAC_NOMEM, "no memory for a trainer");
    t->settings = *settings;
    t->ops = env;
    t->options = env_options;
    t->patience = machine->env_timeout ? (uint32_t)machine->env_timeout : SAC_CALL_PATIENCE; /* -1: an age */
    status = sac_environment_spec(env, env_options, &t->spec);
    if (status == SAC_OK)
        status = choose_threads(t, machine);
    if (status == SAC_OK)
        status = check_memory(t);
    if (status == SAC_OK)
        status = check_threads(t);
    if (status == SAC_OK)
        status = create_parts(t);
    if (status != SAC_OK) {
        sac_trainer_destroy(t);
        return status;
    }
    *trainer = t;
    return SAC_OK;
}

void sac_trainer_destroy(struct sac_trainer *t)
{
    if (!t || t->left_behind) /* that thread may come back any time, and touch what it finds */
        return;
    sac_evaluator_destroy(t->evaluator);
    for (int i = 0; t->env_thread && i < t->env_threads; i++)
        sac_env_thread_destroy(t->env_thread[i]);
    sac_learner_destroy(t->learner);
    sac_snapshots_destroy(t->snapshots);
    sac_agent_destroy(t->agent);
    sac_team_destroy(t->team);
    sac_governor_destroy(t->governor);
    sac_replay_destroy(t->replay);
    sac_meter_destroy(t->meter);
    sac_desk_destroy(t->desk);
    sac_machine_share_destroy(t->share);
    void *const buffers[] = {t->events, t->error, t->env_thread, t->thread, t->events_of};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        sac_free(buffers[i]);
    sac_free(t);
}

/* --- threads --- */

static void begin_counting(struct sac_trainer *t, int thread)
{
    if (t->events_of)
        sac_perf_open(&t->events_of[thread].counters);
}

static void end_counting(struct sac_trainer *t, int thread)
{
    if (!t->events_of)
        return;
    struct thread_events *events = &t->events_of[thread];
    events->counts = sac_perf_read(&events->counters);
    sac_perf_close(&events->counters);
}

/* After it the thread touches nothing of the run but the gate. */
static void end_thread(struct sac_trainer *t, int thread)
{
    sac_run_thread_ends(&t->thread[thread]);
    sac_gate_wake(t->events);
}

static void begin_thread(const struct sac_trainer *t, int thread, const char *name,
                         const struct sac_cpu_list *place)
{
    sac_run_thread_begins(&t->thread[thread]);
    pthread_setname_np(pthread_self(), name);
    if (t->pin)
        sac_thread_bind(place->cpu, place->count);
    else
        sac_thread_unbind();
}

struct env_start {
    struct sac_trainer *trainer;
    int number;
};

static void *env_main(void *argument)
{
    struct env_start start = *(struct env_start *)argument;
    free(argument);
    char name[16];
    snprintf(name, sizeof name, "softac-env-%d", start.number);
    begin_thread(start.trainer, FIRST_ENV_THREAD + start.number, name,
                 &start.trainer->placement->env[start.number]);
    begin_counting(start.trainer, start.number);
    sac_env_thread_run(start.trainer->env_thread[start.number]);
    end_counting(start.trainer, start.number);
    end_thread(start.trainer, FIRST_ENV_THREAD + start.number);
    return NULL;
}

static void *learner_main(void *argument)
{
    struct sac_trainer *t = argument;
    begin_thread(t, LEARNER_THREAD, "softac-learner", &t->placement->learner[0]);
    begin_counting(t, t->env_threads); /* and for the team, which the learner's thread starts */
    sac_learner_run(t->learner);
    end_counting(t, t->env_threads);
    end_thread(t, LEARNER_THREAD);
    return NULL;
}

static void *evaluator_main(void *argument)
{
    struct sac_trainer *t = argument;
    begin_thread(t, EVALUATOR_THREAD, "softac-eval", &t->placement->evaluator);
    sac_evaluator_run(t->evaluator, t->desk, t->snapshots);
    end_thread(t, EVALUATOR_THREAD);
    return NULL;
}

/* Evaluator first and env threads last: whatever fails, those already started see a stop and end. */
static enum sac_status start_threads(struct sac_trainer *t)
{
    enum sac_status status = sac_run_thread_start(&t->thread[EVALUATOR_THREAD], evaluator_main, t);
    if (status == SAC_OK)
        status = sac_run_thread_start(&t->thread[LEARNER_THREAD], learner_main, t);
    for (int i = 0; status == SAC_OK && i < t->env_threads; i++) {
        struct env_start *start = malloc(sizeof *start);
        if (!start)
            return sac_fail(SAC_NOMEM, "no memory to start env thread %d", i);
        *start = (struct env_start){t, i};
        status = sac_run_thread_start(&t->thread[FIRST_ENV_THREAD + i], env_main, start);
        if (status != SAC_OK)
            free(start);
    }
    return status;
}

/* --- watching --- */

static bool workers_over(const struct sac_trainer *t)
{
    bool over = true;
    for (int i = LEARNER_THREAD; i < FIRST_ENV_THREAD + t->env_threads; i++)
        over = over && sac_run_thread_over(&t->thread[i]);
    return over;
}

/* Env threads and learner are at work; before and after that the threads' numbers say little. */
static bool at_work(const struct sac_trainer *t)
{
    return t->over == workers_over;
}

static struct sac_cpu_seconds cpu_used(const struct sac_trainer *t)
{
    struct sac_cpu_seconds used = {.learner = sac_run_thread_cpu_seconds(&t->thread[LEARNER_THREAD])};
    for (int i = 0; i < t->env_threads; i++)
        used.env_threads += sac_run_thread_cpu_seconds(&t->thread[FIRST_ENV_THREAD + i]);
    return used;
}

static void report_progress(struct sac_trainer *t)
{
    struct sac_progress progress = {.learner_threads = sac_machine_share_sharing(t->share)};
    sac_meter_look(t->meter, cpu_used(t), &progress);
    if (at_work(t) && progress.updates > 0) /* not what the warm-up takes, which is soon over */
        sac_machine_share_tell(t->share, progress.env_duty);
    if (t->observer && t->observer->progress)
        t->observer->progress(t->observer->context, &progress);
}

static void tell_placement(const struct sac_trainer *t, const char *sentence)
{
    if (t->observer && t->observer->placement)
        t->observer->placement(t->observer->context, sentence);
}

static void tell_share(const struct sac_trainer *t)
{
    char sentence[256];
    tell_placement(t, t->placement->reason);
    if (sac_machine_share_neighbours(t->share, sentence, sizeof sentence))
        tell_placement(t, sentence);
}

static bool evaluating(const struct sac_trainer *t)
{
    return sac_desk_state(t->desk) == SAC_DESK_PLAYING;
}

static void resize_team(struct sac_trainer *t, const struct sac_duty *duty)
{
    char sentence[256];
    if (!sac_machine_share_follow(t->share, duty, sentence, sizeof sentence))
        return;
    sac_team_resize(t->team, sac_machine_share_sharing(t->share));
    tell_placement(t, sentence);
}

/* Let the team's size follow what the threads have done since the last time. */
static void size_team(struct sac_trainer *t)
{
    const struct sac_look *now = sac_meter_last(t->meter), *from = &t->sized;
    const bool learns = from->updates > 0;
    if (!t->resizes || (learns && now->updates - from->updates < LEAST_UPDATES))
        return;
    const struct sac_duty duty = {
        .learner_threads = sac_machine_share_sharing(t->share),
        .learner_cpu_seconds = now->cpu_seconds.learner - from->cpu_seconds.learner,
        .updates = (double)(now->updates - from->updates),
        .env_cpu_seconds = now->cpu_seconds.env_threads - from->cpu_seconds.env_threads,
        .environment_steps = (double)(now->steps - from->steps),
        .update_to_data = t->settings.update_to_data,
        .env_threads = t->env_threads,
        .others = evaluating(t),
    };
    t->sized = *now;
    if (learns && duty.env_cpu_seconds >= 0 && duty.environment_steps > 0 && duty.learner_cpu_seconds > 0)
        resize_team(t, &duty);
}

static void tell_learner_bound(struct sac_trainer *t, const struct sac_core_use *use, const char *prefix)
{
    char sentence[256];
    const size_t length = (size_t)snprintf(sentence, sizeof sentence, "%s", prefix);
    sac_learner_bound_sentence(use, t->advice, sentence + length, sizeof sentence - length);
    t->useful_cores = sac_useful_cores(use);
    tell_placement(t, sentence);
}

/* At the start, by estimate. (In lockstep learner and env threads take turns.) */
static void estimate_use(struct sac_trainer *t)
{
    const struct sac_core_use use = {
        .capacity = sac_machine_share_capacity(t->share),
        .learner_threads = sac_machine_share_sharing(t->share),
        .env_duty = sac_useful_env_duty(sac_agent_flops(t->agent), sac_machine_share_sharing(t->share),
                                        t->settings.update_to_data, t->env_threads),
    };
    if (t->settings.mode == SAC_ASYNC && sac_learner_bound(&use))
        tell_learner_bound(t, &use, "");
}

/* Once, when the run has shown what it needs: say so if that is not what was said at the start. */
static void measure_use(struct sac_trainer *t)
{
    const struct sac_look *now = sac_meter_last(t->meter), *from = &t->learns;
    if (t->use_measured || t->settings.mode != SAC_ASYNC || now->updates == 0)
        return;
    if (from->updates == 0)
        t->learns = *now;
    const double seconds = 1e-9 * (double)(now->time_ns - from->time_ns);
    if (seconds < MEASURE_SECONDS || now->updates - from->updates < LEAST_UPDATES)
        return;
    t->use_measured = true;
    const struct sac_core_use use = {
        .capacity = sac_machine_share_capacity(t->share),
        .learner_threads = sac_machine_share_sharing(t->share),
        .env_duty = (now->cpu_seconds.env_threads - from->cpu_seconds.env_threads) / seconds,
        .learner_waits = 1e-9 * (double)(now->learner_wait - from->learner_wait) / seconds,
    };
    const bool bound = sac_learner_bound(&use);
    if (bound && sac_useful_cores(&use) != t->useful_cores)
        tell_learner_bound(t, &use, "as measured, ");
    else if (!bound && t->useful_cores > 0)
        tell_placement(t, "as measured, the run is not learner-bound");
}

static void tell_evaluation(struct sac_trainer *t, const struct sac_evaluation *evaluation)
{
    if (t->observer && t->observer->evaluation)
        t->observer->evaluation(t->observer->context, evaluation);
}

/* Finished evaluations go to the observer; the failure of one ends the run. */
static void serve_reports(struct sac_trainer *t)
{
    const struct sac_report *report;
    while ((report = sac_desk_report(t->desk)) != NULL) {
        if (report->status == SAC_OK) {
            t->telling = true;
            tell_evaluation(t, &report->evaluation);
            t->telling = false;
        } else if (report->status != SAC_STOPPED) {
            sac_first_error_keep(t->error, sac_fail(report->status, "%s", report->sentence));
            sac_governor_stop(t->governor);
        }
        sac_desk_give_back(t->desk);
    }
}

/* A thread that is stuck in an environment ends the run, and the run ends without it. */
static void look_at_threads(struct sac_trainer *t)
{
    for (int i = 0; i < FIRST_ENV_THREAD + t->env_threads; i++)
        if (sac_run_thread_look(&t->thread[i], t->patience, t->error))
            sac_governor_stop(t->governor);
}

static bool evaluation_over(const struct sac_trainer *t)
{
    return sac_desk_state(t->desk) == SAC_DESK_IDLE || sac_governor_stopped(t->governor);
}

static bool evaluator_over(const struct sac_trainer *t)
{
    return sac_run_thread_over(&t->thread[EVALUATOR_THREAD]);
}

static bool needs_main(void *context)
{
    const struct sac_trainer *t = context;
    return t->over(t) || sac_desk_report(t->desk) != NULL ||
           (sac_governor_stopped(t->governor) && !sac_load_relaxed(quit, &t->desk->quit));
}

static void look(struct sac_trainer *t)
{
    look_at_threads(t);
    if (!at_work(t))
        return;
    report_progress(t);
    size_team(t);
    measure_use(t);
}

/* Be there for everybody until over(t). A stop abandons what the evaluator plays. */
static void attend(struct sac_trainer *t, bool (*over)(const struct sac_trainer *t))
{
    uint64_t next_look = sac_time_ns() + LOOK_EVERY_NS;
    t->over = over;
    while (!over(t)) {
        const uint64_t now = sac_time_ns();
        if (now >= next_look) {
            look(t);
            next_look = sac_time_ns() + LOOK_EVERY_NS;
        } else {
            sac_gate_wait_for(t->events, needs_main, t, next_look - now);
        }
        if (sac_governor_stopped(t->governor))
            sac_desk_quit(t->desk);
        serve_reports(t);
    }
    serve_reports(t);
}

static void join_threads(struct sac_trainer *t, int first, int end)
{
    for (int i = first; i < end; i++)
        if (!sac_run_thread_join(&t->thread[i]))
            t->left_behind = true;
}

/* The learner has ended: main does what it did, for the last policy. */
static void evaluate_at_end(struct sac_trainer *t)
{
    const uint64_t updates = sac_governor_updates(t->governor);
    sac_snapshots_publish_surely(t->snapshots, sac_agent_policy_parameters(t->agent), updates);
    t->desk->environment_steps = sac_governor_steps(t->governor);
    sac_desk_set_state(t->desk, SAC_DESK_ASKED);
    attend(t, evaluation_over);
}

/* From the start of the threads until only the evaluator is left, with nothing to do. */
static enum sac_status learn(struct sac_trainer *t)
{
    const enum sac_status started = start_threads(t);
    if (started != SAC_OK) {
        sac_first_error_keep(t->error, started);
        sac_governor_stop(t->governor);
    }
    attend(t, workers_over);
    attend(t, evaluation_over);
    join_threads(t, LEARNER_THREAD, FIRST_ENV_THREAD + t->env_threads);
    sac_machine_share_end(t->share);
    report_progress(t);
    const enum sac_status status = sac_first_error_take(t->error);
    if (status == SAC_OK && sac_governor_stopped(t->governor))
        return sac_fail(SAC_STOPPED, "the run was stopped after %lld of %lld environment steps",
                        (long long)sac_governor_steps(t->governor), (long long)t->settings.steps);
    return status;
}

static enum sac_status run(struct sac_trainer *t, const struct sac_observer *observer)
{
    t->running = true;
    t->observer = observer;
    sac_meter_start(t->meter);
    tell_share(t);
    estimate_use(t);
    enum sac_status status = learn(t);
    const bool learnt = status == SAC_OK;
    if (learnt)
        evaluate_at_end(t);
    sac_desk_quit(t->desk);
    attend(t, evaluator_over);
    join_threads(t, EVALUATOR_THREAD, LEARNER_THREAD);
    t->running = false;
    if (learnt)
        status = sac_first_error_take(t->error);
    if (learnt && status == SAC_OK && sac_governor_stopped(t->governor))
        return sac_fail(SAC_STOPPED, "the last evaluation was abandoned because the run was stopped");
    return status;
}

enum sac_status sac_trainer_run(struct sac_trainer *trainer, const struct sac_observer *observer)
{
    SAC_NEED(trainer, "one that sac_trainer_create made");
    if (sac_add_relaxed(runs, &trainer->runs, 1u) != 0)
        return sac_fail(SAC_STATE, "this trainer has run already; create a new one for another run");
    sac_store_relaxed(runner, &trainer->runner, pthread_self());
    sac_store_relaxed(inside, &trainer->inside, 1u);
    const enum sac_status status = run(trainer, observer);
    sac_store_relaxed(inside, &trainer->inside, 0u);
    return status;
}

/* --- the rest of the interface --- */

void sac_trainer_advise(struct sac_trainer *trainer, const char *advice)
{
    trainer->advice = advice;
}

void sac_trainer_stop(struct sac_trainer *trainer)
{
    if (!trainer)
        return;
    const int before = errno; /* whom a signal interrupts may be about to read it */
    sac_governor_stop(trainer->governor);
    sac_desk_quit(trainer->desk); /* wakes main, too */
    errno = before;
}

static enum sac_status copy_policy(const struct sac_trainer *t, const float *parameters,
                                   struct sac_policy **policy)
{
    return sac_policy_create(sac_agent_policy(t->agent), parameters, t->ops->id, t->spec.action_low,
                             t->spec.action_high, policy);
}

static enum sac_status copy_snapshot(const struct sac_trainer *t, const float *panels,
                                     struct sac_policy **policy)
{
    const struct sac_network *network = &sac_agent_policy(t->agent)->network;
    float *parameters = sac_allocate(network->size * sizeof *parameters);
    if (!parameters)
        return sac_fail(SAC_NOMEM, "no memory for a policy of %zu parameters", network->size);
    sac_network_unpack(network, parameters, panels);
    const enum sac_status status = copy_policy(t, parameters, policy);
    sac_free(parameters);
    return status;
}

enum sac_status sac_trainer_count_events(struct sac_trainer *t)
{
    const size_t threads = (size_t)t->env_threads + 1;
    t->events_of = sac_allocate(threads * sizeof *t->events_of);
    if (!t->events_of)
        return sac_fail(SAC_NOMEM, "no memory to count the events of %zu threads", threads);
    for (size_t i = 0; i < threads; i++)
        t->events_of[i].counts = sac_perf_none();
    return SAC_OK;
}

void sac_trainer_events(const struct sac_trainer *t, struct sac_trainer_events *events)
{
    *events = (struct sac_trainer_events){sac_perf_none(), sac_perf_none(), ""};
    if (!t->events_of)
        return;
    const struct thread_events *learner = &t->events_of[t->env_threads];
    events->learner = learner->counts;
    events->reason = learner->counters.reason;
    events->env_threads = t->events_of[0].counts;
    for (int i = 1; i < t->env_threads; i++)
        events->env_threads = sac_perf_sum(events->env_threads, t->events_of[i].counts);
}

enum sac_status sac_trainer_policy(const struct sac_trainer *trainer, struct sac_policy **policy)
{
    SAC_NEED(policy, "a place for the policy");
    *policy = NULL;
    SAC_NEED(trainer, "one that sac_trainer_create made");
    if (sac_load_relaxed(runs, &trainer->runs) == 0)
        return sac_fail(SAC_STATE, "nothing is learnt yet; ask for the policy after sac_trainer_run");
    const bool inside = sac_load_relaxed(inside, &trainer->inside);
    if (inside && !pthread_equal(sac_load_relaxed(runner, &trainer->runner), pthread_self()))
        return sac_fail(SAC_STATE,
                        "the trainer is running in another thread; ask for the policy in its observer, "
                        "or after sac_trainer_run has returned");
    if (!inside || !trainer->running)
        return copy_policy(trainer, sac_agent_policy_parameters(trainer->agent), policy);
    struct sac_holder holder = {-1};
    uint64_t version;
    const float *panels = sac_snapshots_hold(trainer->snapshots, &holder, &version);
    const enum sac_status status = copy_snapshot(trainer, panels, policy);
    sac_snapshots_release(trainer->snapshots, &holder);
    return status;
}

static void look_at_threads_again(void *context)
{
    look_at_threads(context);
}

enum sac_status sac_trainer_visit(struct sac_trainer *t,
                                  void (*visit)(void *context, const struct sac_safe_point *safe_point),
                                  void *context)
{
    if (!t->running)
        return sac_fail(SAC_STATE, "no run is under way: a safe point exists only inside sac_trainer_run");
    if (t->telling)
        return sac_fail(SAC_STATE, "an evaluation is being told; visit from the callback for progress");
    serve_reports(
        t); /* so that the evaluator, and a lockstep learner behind it, find room while main is here */
    if (!sac_governor_pause_watched(t->governor, look_at_threads_again, t))
        return sac_fail(SAC_STOPPED, "the run was stopped before all threads had parked");
    struct sac_safe_point safe_point = {
        .steps = sac_governor_steps(t->governor),
        .updates = sac_governor_updates(t->governor),
        .replay = t->replay,
        .env_thread = t->env_thread,
        .env_threads = t->env_threads,
    };
    safe_point.agent = sac_agent_state(t->agent, &safe_point.agent_floats);
    visit(context, &safe_point);
    sac_governor_resume(t->governor);
    return SAC_OK;
}
