/* Who may go on, and who sleeps.
 *
 * Everything is counted in environment steps. The learner publishes an allowance: how many steps may have
 * been started. An env thread draws a ticket (a run of step numbers) and waits until the allowance covers its
 * end. The learner computes how many steps it needs before its next round and waits until so many are
 * counted. Tickets make the bound exact: check first and add afterwards would overshoot by a ticket of every
 * thread. Somebody can always run, because the slack of both sides together is at least one ticket of all
 * environments and the steps of one round of updates. */
#include "governor.h"

#include <math.h>

#include "assertion.h"
#include "atomics.h"
#include "error.h"
#include "gate.h"
#include "memory.h"

#define MAX_DENOMINATOR 1000000
#define UNBOUNDED       (INT64_MAX / 2)
#define NS_PER_S        1000000000u

/* updates / steps = p / q */
struct fraction {
    int64_t p, q;
};

/* One env thread's side. */
struct env_side {
    /* written by: its env thread, before it sleeps (ordered by I and J); read by: learner, before it wakes */
    _Alignas(SAC_CACHE_LINE) _Atomic int64_t waiting_for; /* end of its ticket; UNBOUNDED: it does not wait */
    struct sac_slept slept;
    /* The env thread's alone. */
    struct sac_governor *governor;
    struct sac_shard *shard;
    int64_t end;    /* number after the last step of its ticket */
    int64_t round;  /* lockstep: of its next ticket */
    uint64_t epoch; /* of the last safe point it parked at */
    bool left;
    /* Waits for the learner. One for each: woken are those that may go on, however many wait beside them. */
    struct sac_gate gate;
};

struct sac_governor {
    /* Never change after creation. */
    bool lockstep;
    int64_t steps_in_all, warmup, environments, updates_per_round;
    struct fraction ratio;
    int64_t learner_slack; /* steps */
    uint64_t updates_in_all;
    int env_threads;
    struct sac_replay *replay;
    struct env_side *env; /* (env_threads) */

    /* written and read by: env threads. Relaxed: each number is given once, no memory is reached through it
     */
    _Alignas(SAC_CACHE_LINE) _Atomic int64_t ticket;

    /* written by: env threads, after the heads (add release, K); read by: learner, before the heads, and
     * anybody (acquire, L) */
    _Alignas(SAC_CACHE_LINE) _Atomic int64_t steps;

    /* written by: learner (release, M), after publishing and granting; read by: env threads (acquire, N) */
    _Alignas(SAC_CACHE_LINE) _Atomic int64_t allowance;
    /* written by: learner (release, AF), before the allowance; read by: anybody (acquire, AG) */
    _Atomic uint64_t updates;
    /* written by: learner, before it sleeps (ordered by I and J); read by: env threads, before they wake it
     */
    _Atomic int64_t need;
    struct sac_slept learner_slept;
    /* The learner's alone. */
    uint64_t done;   /* updates */
    int64_t counted; /* steps, at its last look */
    int64_t round;   /* lockstep: the one that is allowed */
    uint64_t epoch;  /* of the last safe point it parked at */
    bool learner_left;

    /* written by anybody; read by all. Relaxed: no data goes with it, and the gates carry it to sleepers
     */
    _Alignas(SAC_CACHE_LINE) _Atomic bool stop;
    /* written by: main; read by: learner (relaxed: a number that the gates carry) */
    _Atomic uint64_t asked; /* safe points asked for */
    /* written by: main in async, learner in lockstep, when it holds back the next round; read by: env threads
     * (relaxed: a number that the gates carry) */
    _Atomic uint64_t agreed; /* safe points at which env threads are to park */
    /* written by: main (release, U); read by: parked threads (acquire, V) */
    _Atomic uint64_t resumed; /* safe points that are over */
    /* written by: env threads that die with a ticket; read by: env threads, learner (relaxed, as `ticket`) */
    _Atomic int64_t returned;

    /* written by: threads that park (add release, S); read by: main (acquire, T) */
    _Alignas(SAC_CACHE_LINE) _Atomic uint64_t parked; /* in all safe points together */
    /* written by: env threads that leave (add release, AH); read by: main (acquire, AI), learner (acquire,
     * AJ) */
    _Atomic int env_left;
    /* written by: the learner when it leaves (add release, AK); read by: main (acquire, AL) */
    _Atomic int learners_left;
    /* Main's alone. */
    uint64_t parked_before; /* the present safe point was asked for */

    struct sac_gate learner_gate;           /* waits for env threads */
    struct sac_gate main_gate, resume_gate; /* wait for all to park; wait to go on */
};

/* --- arithmetic, without rounding --- */

static int64_t multiply_down(int64_t n, int64_t a, int64_t b)
{
    return (int64_t)((__int128)n * a / b);
}

static int64_t multiply_up(int64_t n, int64_t a, int64_t b)
{
    return (int64_t)(((__int128)n * a + b - 1) / b);
}

/* The simplest fraction that rounds to x, by continued fractions: 0.3333333333333333 is 1/3. Where it would
 * need a greater denominator than MAX_DENOMINATOR, the last one before that: off by less than one update in a
 * million steps. */
static struct fraction to_fraction(double x)
{
    int64_t p = 1, q = 0, p_before = 0, q_before = 1;
    double rest = x;
    for (;;) {
        const int64_t a = (int64_t)floor(rest);
        const int64_t p_next = a * p + p_before, q_next = a * q + q_before;
        if (q_next > MAX_DENOMINATOR)
            break;
        p_before = p, q_before = q;
        p = p_next, q = q_next;
        const double fractional = rest - floor(rest);
        if ((double)p / (double)q == x || fractional < 0.5 / MAX_DENOMINATOR)
            break;
        rest = 1 / fractional;
    }
    return (struct fraction){p, q};
}

/* Steps by which the learner may run ahead: those of one round, so that a round may start as soon as its
 * first step is due. */
static int64_t learner_slack(const struct fraction *ratio, int64_t updates_per_round)
{
    return multiply_up(updates_per_round, ratio->q, ratio->p);
}

int64_t sac_governor_guard(const struct sac_settings *settings)
{
    const struct fraction ratio = to_fraction(settings->update_to_data);
    const int64_t slack = settings->environments + learner_slack(&ratio, settings->updates_per_round);
    return 2 * slack + 2 * (int64_t)settings->environments;
}

/* floor(UTD (steps - warm-up)) */
static uint64_t updates_due(const struct sac_governor *g, int64_t steps)
{
    return steps <= g->warmup ? 0 : (uint64_t)multiply_down(steps - g->warmup, g->ratio.p, g->ratio.q);
}

/* After the last update nothing holds the env threads back. */
static int64_t allowed_steps(const struct sac_governor *g)
{
    if (g->lockstep)
        return (g->round + 1) * g->environments;
    if (g->done >= g->updates_in_all)
        return UNBOUNDED;
    return g->warmup + multiply_down((int64_t)g->done, g->ratio.q, g->ratio.p) + g->environments;
}

/* Steps to be counted before the learner does anything else. When no further update will come it waits for
 * all of them nevertheless: env threads may yet need its grants. */
static int64_t needed_steps(const struct sac_governor *g)
{
    const int64_t end_of_round = (g->round + 1) * g->environments;
    if (g->lockstep)
        return end_of_round < g->steps_in_all ? end_of_round : g->steps_in_all;
    const int64_t next = (int64_t)g->done + g->updates_per_round;
    if (next > (int64_t)g->updates_in_all)
        return g->steps_in_all;
    const int64_t steps = g->warmup + multiply_up(next, g->ratio.q, g->ratio.p) - g->learner_slack;
    return steps > 1 ? steps : 1;
}

/* --- create --- */

enum sac_status sac_governor_create(const struct sac_settings *settings, int env_threads,
                                    struct sac_replay *replay, struct sac_governor **governor)
{
    *governor = NULL;
    if (!(settings->update_to_data >= 1e-6 && settings->update_to_data <= 1e6))
        return sac_fail(SAC_INVALID, "update_to_data=%g: expected 1e-06 to 1e+06", settings->update_to_data);
    struct sac_governor *g = sac_allocate(sizeof *g);
    if (g != NULL)
        g->env = sac_allocate((size_t)env_threads * sizeof *g->env);
    if (g == NULL || g->env == NULL) {
        sac_governor_destroy(g);
        return sac_fail(SAC_NOMEM, "no memory for the governor of %d env threads", env_threads);
    }
    g->lockstep = settings->mode == SAC_LOCKSTEP;
    g->steps_in_all = settings->steps;
    g->warmup = settings->warmup_steps;
    g->environments = settings->environments;
    g->updates_per_round = settings->updates_per_round;
    g->ratio = to_fraction(settings->update_to_data);
    g->learner_slack = learner_slack(&g->ratio, g->updates_per_round);
    const uint64_t round = (uint64_t)settings->updates_per_round;
    g->updates_in_all = updates_due(g, g->steps_in_all) / round * round;
    g->env_threads = env_threads;
    g->replay = replay;
    for (int k = 0; k < env_threads; k++) {
        g->env[k].governor = g;
        g->env[k].shard = sac_replay_shard(replay, k);
        sac_store_relaxed(waiting_for, &g->env[k].waiting_for, UNBOUNDED); /* before threads start */
        /* Somebody can go on: a ticket is never larger than the env threads' slack. */
        SAC_ASSERT(sac_shard_environments(g->env[k].shard) <= g->environments);
    }
    sac_store_relaxed(allowance, &g->allowance, allowed_steps(g)); /* before threads start */
    *governor = g;
    return SAC_OK;
}

void sac_governor_destroy(struct sac_governor *governor)
{
    if (governor != NULL)
        sac_free(governor->env);
    sac_free(governor);
}

/* --- safe points, the parking side --- */

struct parking {
    struct sac_governor *governor;
    uint64_t epoch;
};

static bool may_resume(void *context)
{
    const struct parking *p = context;
    return sac_load_acquire(V, &p->governor->resumed) >= p->epoch; /* pairs with U */
}

/* Stop does not end a park: main may be reading this thread's state, and always resumes. */
static void park(struct sac_governor *g, uint64_t epoch)
{
    struct parking parking = {g, epoch};
    sac_add_release(S, &g->parked, 1); /* pairs with T */
    sac_gate_wake(&g->main_gate);
    sac_gate_wait(&g->resume_gate, may_resume, NULL, &parking);
}

/* --- env threads --- */

static bool stopped(const struct sac_governor *g)
{
    return sac_load_relaxed(stop, &g->stop);
}

static bool is_allowed(const struct sac_governor *g, int64_t end)
{
    const int64_t allowance = sac_load_acquire(N, &g->allowance); /* pairs with M */
    return end <= allowance + sac_load_relaxed(returned, &g->returned);
}

static bool env_ready(void *context)
{
    struct env_side *e = context;
    const struct sac_governor *g = e->governor;
    return stopped(g) || sac_load_relaxed(agreed, &g->agreed) != e->epoch ||
           (is_allowed(g, e->end) && sac_shard_has_room(e->shard, 2));
}

/* A thread that only lacks room must not wait for a learner that waits for steps. */
static void env_before_sleep(void *context)
{
    struct env_side *e = context;
    if (is_allowed(e->governor, e->end))
        sac_gate_wake(&e->governor->learner_gate);
}

static void env_wait(struct env_side *e)
{
    if (env_ready(e))
        return;
    sac_store_relaxed(waiting_for, &e->waiting_for, e->end);
    sac_gate_wait_timed(&e->gate, env_ready, env_before_sleep, e, &e->slept);
    sac_store_relaxed(waiting_for, &e->waiting_for, UNBOUNDED);
}

static void wake_envs(struct sac_governor *g)
{
    for (int k = 0; k < g->env_threads; k++)
        sac_gate_wake(&g->env[k].gate);
}

static void wake_everybody(struct sac_governor *g)
{
    wake_envs(g);
    sac_gate_wake(&g->learner_gate);
    sac_gate_wake(&g->main_gate);
}

static void count_env_left(struct sac_governor *g)
{
    sac_add_release(AH, &g->env_left, 1); /* pairs with AI and AJ */
    wake_everybody(g);
}

static struct sac_ticket env_leave(struct env_side *e)
{
    if (!e->left)
        count_env_left(e->governor);
    e->left = true;
    return (struct sac_ticket){0, 0};
}

/* The next run of step numbers, cut at the budget. */
static struct sac_ticket draw_ticket(struct sac_governor *g, struct env_side *e)
{
    const int n = sac_shard_environments(e->shard);
    const int64_t first = g->lockstep ? e->round++ * g->environments + sac_shard_first_environment(e->shard)
                                      : sac_add_relaxed(ticket, &g->ticket, n);
    const int64_t left = g->steps_in_all + sac_load_relaxed(returned, &g->returned) - first;
    return (struct sac_ticket){first, left <= 0 ? 0 : left < n ? (int)left : n};
}

struct sac_ticket sac_governor_take(struct sac_governor *governor, int thread)
{
    struct env_side *e = &governor->env[thread];
    const struct sac_ticket ticket = draw_ticket(governor, e);
    if (ticket.count == 0)
        return env_leave(e);
    e->end = ticket.first_step + ticket.count;
    for (;;) {
        env_wait(e);
        const uint64_t agreed = sac_load_relaxed(agreed, &governor->agreed);
        if (stopped(governor))
            return env_leave(e);
        if (agreed == e->epoch)
            return ticket;
        e->epoch = agreed;
        park(governor, agreed);
    }
}

struct arrival {
    struct sac_governor *governor;
    int64_t steps;
};

static bool learner_wanted(void *context)
{
    const struct arrival *a = context;
    return a->steps >= sac_load_relaxed(need, &a->governor->need);
}

void sac_governor_stepped(struct sac_governor *governor, int thread, const struct sac_ticket *ticket)
{
    SAC_ASSERT(ticket->first_step + ticket->count == governor->env[thread].end);
    const int64_t before = sac_add_release(K, &governor->steps, ticket->count); /* pairs with L */
    struct arrival arrival = {governor, before + ticket->count};
    sac_gate_wake_if(&governor->learner_gate, learner_wanted, &arrival);
}

/* The tickets of others move up by those returned. In lockstep a round can not end without them. */
void sac_governor_give_back(struct sac_governor *governor, const struct sac_ticket *ticket)
{
    if (governor->lockstep)
        sac_governor_stop(governor);
    else
        sac_add_relaxed(returned, &governor->returned, ticket->count);
    count_env_left(governor);
}

/* --- learner --- */

/* May this env thread, asleep, go on now, or does it only lack room? */
static bool env_wanted(void *context)
{
    const struct env_side *e = context;
    const struct sac_governor *g = e->governor;
    return sac_load_relaxed(waiting_for, &e->waiting_for) <=
           sac_load_relaxed(allowance, &g->allowance) + sac_load_relaxed(returned, &g->returned);
}

static void wake_wanted_envs(struct sac_governor *g)
{
    for (int k = 0; k < g->env_threads; k++)
        sac_gate_wake_if(&g->env[k].gate, env_wanted, &g->env[k]);
}

/* The steps are loaded before the grant loads the heads, so that the heads contain them. */
static bool learner_ready(void *context)
{
    struct sac_governor *g = context;
    const bool alone = sac_load_acquire(AJ, &g->env_left) == g->env_threads; /* pairs with AH */
    const bool asked = !g->lockstep && sac_load_relaxed(asked, &g->asked) != g->epoch;
    g->counted = sac_governor_steps(g);
    if (sac_replay_grant(g->replay))
        wake_wanted_envs(g);
    return g->counted >= sac_load_relaxed(need, &g->need) || alone || asked || stopped(g);
}

static bool learner_leave(struct sac_governor *g)
{
    if (!g->learner_left) {
        sac_add_release(AK, &g->learners_left, 1); /* pairs with AL */
        sac_gate_wake(&g->main_gate);
    }
    g->learner_left = true;
    return false;
}

static void allow(struct sac_governor *g)
{
    sac_store_release(M, &g->allowance, allowed_steps(g)); /* pairs with N */
    wake_wanted_envs(g);
}

/* Lockstep: every thread is between two rounds now, so this is where a safe point is agreed on. */
static void end_round(struct sac_governor *g)
{
    const uint64_t asked = sac_load_relaxed(asked, &g->asked);
    if (asked != g->epoch) {
        g->epoch = asked;
        sac_store_relaxed(agreed, &g->agreed, asked);
        wake_envs(g);
        park(g, asked);
    }
    g->round++;
    allow(g);
}

bool sac_governor_turn(struct sac_governor *governor)
{
    struct sac_governor *g = governor;
    for (;;) {
        const int64_t need = needed_steps(g);
        sac_store_relaxed(need, &g->need, need);
        sac_gate_wait_timed(&g->learner_gate, learner_ready, NULL, g, &g->learner_slept);
        if (stopped(g))
            return learner_leave(g);
        const uint64_t asked = sac_load_relaxed(asked, &g->asked);
        if (!g->lockstep && asked != g->epoch) {
            g->epoch = asked;
            park(g, asked);
            continue;
        }
        if (g->counted < need)
            return learner_leave(g); /* the env threads have all left */
        const uint64_t due = g->lockstep ? updates_due(g, g->counted) : g->updates_in_all;
        if (g->done + (uint64_t)g->updates_per_round <= due)
            return true;
        if (g->counted >= g->steps_in_all)
            return learner_leave(g);
        end_round(g);
    }
}

void sac_governor_updated(struct sac_governor *governor)
{
    governor->done += (uint64_t)governor->updates_per_round;
    sac_store_release(AF, &governor->updates, governor->done); /* pairs with AG */
    if (!governor->lockstep)
        allow(governor);
}

/* --- anybody --- */

void sac_governor_stop(struct sac_governor *governor)
{
    sac_store_relaxed(stop, &governor->stop, true);
    wake_everybody(governor);
}

bool sac_governor_stopped(const struct sac_governor *governor)
{
    return stopped(governor);
}

int64_t sac_governor_steps(const struct sac_governor *governor)
{
    return sac_load_acquire(L, &governor->steps); /* pairs with K */
}

uint64_t sac_governor_updates(const struct sac_governor *governor)
{
    return sac_load_acquire(AG, &governor->updates); /* pairs with AF */
}

/* Updates never fall, so those seen twice were the same in between. */
void sac_governor_counts(const struct sac_governor *governor, int64_t *steps, uint64_t *updates)
{
    uint64_t before;
    do {
        before = sac_governor_updates(governor);
        *steps = sac_governor_steps(governor);
        *updates = sac_governor_updates(governor);
    } while (*updates != before);
}

uint64_t sac_governor_env_wait(const struct sac_governor *governor, uint64_t now_ns)
{
    uint64_t slept = 0;
    for (int k = 0; k < governor->env_threads; k++)
        slept += sac_slept_ns(&governor->env[k].slept, now_ns);
    return slept;
}

uint64_t sac_governor_learner_wait(const struct sac_governor *governor, uint64_t now_ns)
{
    return sac_slept_ns(&governor->learner_slept, now_ns);
}

/* --- main thread: safe points --- */

/* Each thread is counted once: it parks for this safe point, or has left before it could. */
static bool all_parked(const struct sac_governor *g)
{
    const uint64_t parked = sac_load_acquire(T, &g->parked) - g->parked_before; /* pairs with S */
    const int env_left = sac_load_acquire(AI, &g->env_left);                    /* pairs with AH */
    const int learners_left = sac_load_acquire(AL, &g->learners_left);          /* pairs with AK */
    return parked + (uint64_t)(env_left + learners_left) == (uint64_t)g->env_threads + 1;
}

static bool pause_over(void *context)
{
    const struct sac_governor *g = context;
    return stopped(g) || all_parked(g);
}

bool sac_governor_pause(struct sac_governor *governor)
{
    return sac_governor_pause_watched(governor, NULL, NULL);
}

bool sac_governor_pause_watched(struct sac_governor *governor, void (*each_second)(void *context),
                                void *context)
{
    struct sac_governor *g = governor;
    const uint64_t epoch = sac_load_relaxed(asked, &g->asked) + 1; /* only main writes it */
    g->parked_before =
        sac_load_relaxed(parked, &g->parked); /* all_parked() has acquired it or a stop was asked for */
    if (!g->lockstep)
        sac_store_relaxed(agreed, &g->agreed, epoch);
    sac_store_relaxed(asked, &g->asked, epoch);
    wake_envs(g);
    sac_gate_wake(&g->learner_gate);
    while (!sac_gate_wait_for(&g->main_gate, pause_over, g, NS_PER_S))
        if (each_second)
            each_second(context);
    if (!stopped(g))
        return true;
    sac_governor_resume(g);
    return false;
}

void sac_governor_resume(struct sac_governor *governor)
{
    sac_store_release(U, &governor->resumed, sac_load_relaxed(asked, &governor->asked)); /* pairs with V */
    sac_gate_wake(&governor->resume_gate);
}
