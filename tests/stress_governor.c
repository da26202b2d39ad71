/* Everything together, with pretended environments and updates: env threads, learner and its team, replay,
 * policy snapshots and one more holder of them, governor, safe points and stops at random moments, delays in
 * all threads. Nobody hangs, both bounds hold all the time, budgets end exact, every step acts by a policy as
 * new as its ticket promises, and every record that anybody may read is whole and in its place. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "assertion.h"
#include "counters.h"
#include "governor_run.h"
#include "snapshot.h"
#include "stress.h"
#include "stress_record.h"

enum { MOST_ENVIRONMENTS = 2 * MAX_ENV_THREADS, MOST_MEMBERS = 3, BATCH = 24, LD = 16, POLICY_FLOATS = 200 };

static const struct stress_sizes sizes = {10, 3};

/* Made on purpose, to see that it is found. */
static enum mistake { NONE, STEP_WITHOUT_TICKET, UPDATE_WITHOUT_TURN, LATE_POLICY, NO_PAUSE } mistake;

/* One env thread's own; main reads it at safe points. */
struct side {
    uint64_t rows[MOST_ENVIRONMENTS]; /* appended to each of its rings */
    uint64_t version, episodes;
    struct sac_holder holder;
    struct sac_env_counters counters;
    int64_t safe_points; /* of all_threads.safe_points, seen last */
};

/* The learner's, but for what it hands to its team. */
struct learning {
    struct {
        uint64_t from, to; /* rows to be looked at, of each ring */
    } ring[MOST_ENVIRONMENTS];
    uint64_t next[MOST_ENVIRONMENTS];  /* rows below it have been */
    int64_t looked[MOST_ENVIRONMENTS]; /* written by the member that looked */
    int64_t drawn[BATCH];
    struct sac_batch batch;
    float next_state[2 * BATCH * LD], taken[BATCH * LD], reward[BATCH], not_terminated[BATCH];
    uint32_t version[BATCH];
    uint64_t published;
    uint64_t random;
    int64_t safe_points; /* as in struct side */
};

static struct {
    struct governor_run run;
    struct side side[MAX_ENV_THREADS];
    struct learning learning;
    struct sac_snapshots *snapshots;
    pthread_t holder;
    _Atomic bool over;   /* for the holder; relaxed */
    int64_t safe_points; /* written by main at safe points, read by all threads between them */
    int64_t records, looked, drawn, snapshots_published, safe_points_in_all, steps, updates;
} all;

/* --- policies: version, words that follow from it, checksum --- */

static void make_policy(float *parameters, uint64_t version)
{
    uint64_t word[POLICY_FLOATS / 2];
    word[0] = version;
    for (int i = 1; i < POLICY_FLOATS / 2 - 1; i++)
        word[i] = (version + (uint64_t)i) * 0x9E3779B97F4A7C15u;
    word[POLICY_FLOATS / 2 - 1] = XXH64(word, sizeof word - sizeof *word, 0);
    memcpy(parameters, word, sizeof word);
}

static void check_policy(const float *parameters, uint64_t version)
{
    uint64_t inside, sum;
    memcpy(&inside, parameters, sizeof inside);
    memcpy(&sum, parameters + POLICY_FLOATS - 2, sizeof sum);
    if (inside != version || sum != XXH64(parameters, (POLICY_FLOATS - 2) * sizeof *parameters, 0))
        stress_found("torn: policy %llu", (unsigned long long)version);
}

/* --- env threads --- */

/* What main wrote at the last safe point (U to V). */
static void note_safe_points(int64_t *seen)
{
    if (all.safe_points < *seen)
        stress_found("out of order: safe point %lld after %lld", (long long)all.safe_points,
                     (long long)*seen);
    *seen = all.safe_points;
}

/* Updates that a ticket waited for: the policy that they made must be held (M to N). */
static uint64_t least_version(const struct governor_run *run, const struct sac_ticket *ticket)
{
    const struct sac_settings *s = &run->settings;
    if (s->mode == SAC_LOCKSTEP)
        return governor_run_expected(run, ticket->first_step / s->environments * s->environments);
    const int64_t ahead = ticket->first_step + ticket->count - s->warmup_steps - s->environments;
    const uint64_t last = governor_run_expected(run, s->steps);
    const uint64_t least = ahead <= 0 ? 0 : (uint64_t)((ahead * run->p + run->q - 1) / run->q);
    return least < last ? least : last;
}

static void check_version(const struct governor_run *run, const struct side *side,
                          const struct sac_ticket *ticket, uint64_t version)
{
    const uint64_t least = least_version(run, ticket);
    if (version < side->version)
        stress_found("out of order: policy %llu after %llu", (unsigned long long)version,
                     (unsigned long long)side->version);
    if (run->dies_at == 0 && (version < least || (run->settings.mode == SAC_LOCKSTEP && version != least)))
        stress_found("step %lld acts by policy %llu, not %llu", (long long)ticket->first_step,
                     (unsigned long long)version, (unsigned long long)least);
}

static void append(struct governor_env *env, int ring)
{
    struct side *side = &all.side[env->number];
    stress_append(env->shard, &sizes, ring, side->rows[ring]++, (uint32_t)side->version);
    if (side->rows[ring] % STRESS_EPISODE != 0)
        return;
    sac_count_episode(&side->counters, 0, (uint32_t)side->episodes++);
    stress_append(env->shard, &sizes, ring, side->rows[ring]++, 0);
}

static void begin(struct governor_env *env)
{
    struct side *side = &all.side[env->number];
    for (int j = 0; j < sac_shard_environments(env->shard); j++)
        stress_append(env->shard, &sizes, j, side->rows[j]++, 0);
}

static void step(struct governor_env *env, const struct sac_ticket *ticket)
{
    struct side *side = &all.side[env->number];
    uint64_t version;
    const float *policy = sac_snapshots_hold(all.snapshots, &side->holder, &version);
    note_safe_points(&side->safe_points);
    check_version(env->run, side, ticket, version);
    side->version = version;
    check_policy(policy, version);
    for (int j = 0; j < ticket->count; j++)
        append(env, j);
    if (mistake == STEP_WITHOUT_TICKET && ticket->first_step > 1000)
        append(env, 0);
    stress_delay(&env->random);
    check_policy(policy, version);
    if (stress_random(&env->random) % 64 == 0)
        sac_snapshots_release(all.snapshots, &side->holder);
}

/* --- one more holder, as the evaluator is --- */

static void *holder_main(void *context)
{
    uint64_t random = 3, version, last = 0;
    struct sac_holder holder = {-1};
    (void)context;
    while (!atomic_load_explicit(&all.over, memory_order_relaxed)) {
        const float *policy = sac_snapshots_hold(all.snapshots, &holder, &version);
        if (version < last)
            stress_found("out of order: policy %llu after %llu", (unsigned long long)version,
                         (unsigned long long)last);
        last = version;
        check_policy(policy, version);
        usleep(stress_random(&random) % 200);
        check_policy(policy, version);
        sac_snapshots_release(all.snapshots, &holder);
    }
    return NULL;
}

/* --- the learner and its team --- */

static void check_rows(const struct sac_replay *replay, int environment, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        const struct sac_record record = sac_replay_record(replay, environment, i);
        stress_check_record(&record, &sizes, environment, i);
    }
}

static void look_at_ring(void *context, int environment)
{
    struct learning *l = context;
    check_rows(all.run.replay, environment, l->ring[environment].from, l->ring[environment].to);
    l->looked[environment] = (int64_t)(l->ring[environment].to - l->ring[environment].from);
}

/* All steps counted so far are in the heads (K to L), and what is new and readable is whole. */
static void look_at_records(struct governor_run *run)
{
    struct learning *l = &all.learning;
    const int64_t counted = sac_governor_steps(run->governor);
    uint64_t steps = 0;
    for (int e = 0; e < run->settings.environments; e++) {
        const uint64_t floor = sac_replay_floor(run->replay, e), head = sac_replay_head(run->replay, e);
        steps += stress_steps_in(head);
        l->ring[e].from = l->next[e] > floor ? l->next[e] : floor;
        l->ring[e].to = l->next[e] = head;
    }
    if ((int64_t)steps < counted)
        stress_found("lost: %lld steps counted, %llu to be seen", (long long)counted,
                     (unsigned long long)steps);
    sac_team_run(run->team, look_at_ring, l, run->settings.environments);
    for (int e = 0; e < run->settings.environments; e++)
        all.looked += l->looked[e];
}

static void look_at_transition(void *context, int row)
{
    struct learning *l = context;
    const struct stress_position at = stress_check_transition(&l->batch, row);
    if (at.sequence <= sac_replay_floor(all.run.replay, at.environment) ||
        at.sequence >= l->next[at.environment])
        stress_found("environment %d, record %llu drawn, but it is not readable", at.environment,
                     (unsigned long long)at.sequence);
    l->drawn[row]++;
}

static void draw(struct governor_run *run, uint64_t update)
{
    struct learning *l = &all.learning;
    sac_replay_draw(run->replay, 1, update, &l->batch);
    sac_team_run(run->team, look_at_transition, l, BATCH);
    for (int i = 0; i < BATCH; i++) {
        SAC_ASSERT(l->drawn[i] == 1);
        l->drawn[i] = 0;
    }
    all.drawn += BATCH;
}

static void publish(uint64_t version)
{
    enum { MOST_LOOKS = 1000000 };
    float parameters[POLICY_FLOATS];
    make_policy(parameters, version);
    for (int looks = 0; !sac_snapshots_publish(all.snapshots, parameters, version); looks++) {
        sched_yield();
        if (looks > MOST_LOOKS)
            stress_found("no slot is free for policy %llu", (unsigned long long)version);
    }
    all.learning.published = version;
    all.snapshots_published++;
}

static void learn(struct governor_run *run)
{
    struct learning *l = &all.learning;
    const uint64_t round = (uint64_t)run->settings.updates_per_round;
    note_safe_points(&l->safe_points);
    look_at_records(run);
    draw(run, run->updates);
    stress_delay(&l->random);
    if (stress_random(&l->random) % 64 == 0) /* also while it runs */
        sac_team_resize(run->team,
                        1 + (int)(stress_random(&l->random) % (uint32_t)sac_team_members(run->team)));
    if (mistake != LATE_POLICY || run->updates % 64 != 0)
        publish(run->updates + round);
    if (mistake == UPDATE_WITHOUT_TURN && run->updates > 1000)
        sac_governor_updated(run->governor);
}

/* --- main: safe points --- */

/* Everything stands still and fits together: what each thread has of its own, counters, rings, policy. */
static void look_at_all(struct governor_run *run)
{
    uint64_t steps = 0;
    for (int k = 0; k < run->env_threads; k++) {
        struct sac_shard *shard = sac_replay_shard(run->replay, k);
        const int first = sac_shard_first_environment(shard);
        for (int j = 0; j < sac_shard_environments(shard); j++) {
            const uint64_t rows = all.side[k].rows[j];
            if (rows != sac_replay_head(run->replay, first + j))
                stress_found("environment %d: %llu records appended, %llu to be seen", first + j,
                             (unsigned long long)rows,
                             (unsigned long long)sac_replay_head(run->replay, first + j));
            check_rows(run->replay, first + j, sac_replay_floor(run->replay, first + j), rows);
            steps += stress_steps_in(rows);
        }
    }
    if ((int64_t)steps != sac_governor_steps(run->governor))
        stress_found("%llu steps made, %lld counted", (unsigned long long)steps,
                     (long long)sac_governor_steps(run->governor));
    if (run->updates != sac_governor_updates(run->governor) || run->updates != all.learning.published)
        stress_found("%llu updates made, %llu counted, %llu published", (unsigned long long)run->updates,
                     (unsigned long long)sac_governor_updates(run->governor),
                     (unsigned long long)all.learning.published);
}

/* Finished episodes, at any time: none older than the count (X to Y). */
static void look_at_episodes(const struct governor_run *run)
{
    for (int k = 0; k < run->env_threads; k++) {
        struct sac_env_counters *counters = &all.side[k].counters;
        const uint64_t count = sac_counted_episodes(counters);
        for (uint64_t i = count < SAC_EPISODE_RING ? 0 : count - SAC_EPISODE_RING; i < count; i++) {
            const uint32_t is = sac_counted_episode(counters, i).length;
            if (is < i || (is - i) % SAC_EPISODE_RING != 0)
                stress_found("out of order: episode %u where %llu should be", is, (unsigned long long)i);
        }
    }
}

static void pause_often(struct governor_run *run, uint64_t *random)
{
    for (uint32_t i = stress_random(random) % 20; i > 0; i--) {
        if (mistake != NO_PAUSE)
            SAC_ASSERT(sac_governor_pause(run->governor));
        look_at_all(run);
        all.safe_points++;
        stress_delay(random);
        look_at_all(run);
        if (mistake != NO_PAUSE)
            sac_governor_resume(run->governor);
        look_at_episodes(run);
        usleep(stress_random(random) % 1000);
    }
}

/* --- runs --- */

static void choose_settings(struct sac_settings *s, struct governor_run *run, uint64_t *random)
{
    static const int64_t p[] = {1, 1, 1, 20, 5, 7}, q[] = {1, 64, 3, 1, 2, 10};
    const uint32_t ratio = stress_random(random) % 6;
    const int64_t updates = 1000 + stress_random(random) % 10000;
    s->mode = stress_random(random) % 2 ? SAC_LOCKSTEP : SAC_ASYNC;
    s->environments = run->env_threads + (int)(stress_random(random) % 9);
    s->warmup_steps = stress_random(random) % 3 * 100;
    s->steps = s->warmup_steps + updates * q[ratio] / p[ratio];
    s->steps = s->steps < MAX_STEPS ? s->steps : MAX_STEPS;
    s->replay_capacity = s->environments * (3 + (int64_t)(stress_random(random) % 20));
    s->updates_per_round = 1 + (int)(stress_random(random) % 8);
    s->update_to_data = (double)p[ratio] / (double)q[ratio];
    run->p = p[ratio];
    run->q = q[ratio];
    if (s->mode == SAC_ASYNC && run->env_threads > 1 && stress_random(random) % 8 == 0)
        run->dies_at = 1 + (int)(stress_random(random) % 10);
}

static void begin_run(uint64_t *random)
{
    static const struct governor_work work = {10, 3, begin, step, learn};
    struct governor_run *run = &all.run;
    struct learning *l = &all.learning;
    const int threads = stress_threads((int)(stress_random(random) % STRESS_LOADS));
    float parameters[POLICY_FLOATS];
    memset(run, 0, sizeof *run);
    memset(all.side, 0, sizeof all.side);
    memset(l, 0, sizeof *l);
    run->env_threads = threads < MAX_ENV_THREADS ? threads : MAX_ENV_THREADS;
    choose_settings(&run->settings, run, random);
    run->work = &work;
    run->env_delay = run->learner_delay = stress_delay;
    l->batch = (struct sac_batch){
        BATCH,    sizes.observation, sizes.action,      LD,        l->next_state, l->next_state + BATCH * LD,
        l->taken, l->reward,         l->not_terminated, l->version};
    for (int k = 0; k < run->env_threads; k++)
        all.side[k].holder.slot = -1;
    all.safe_points = 0;
    make_policy(parameters, 0);
    SAC_ASSERT(sac_snapshots_create(run->env_threads + 1, POLICY_FLOATS, parameters, &all.snapshots) ==
               SAC_OK);
    SAC_ASSERT(sac_team_create(1 + (int)(stress_random(random) % MOST_MEMBERS), &run->team) == SAC_OK);
    atomic_store_explicit(&all.over, false, memory_order_relaxed);
    SAC_ASSERT(pthread_create(&all.holder, NULL, holder_main, NULL) == 0);
    governor_run_start(run);
}

static void end_run(void)
{
    struct governor_run *run = &all.run;
    atomic_store_explicit(&all.over, true, memory_order_relaxed);
    pthread_join(all.holder, NULL);
    sac_snapshots_destroy(all.snapshots);
    sac_team_destroy(run->team);
    for (int k = 0; k < run->env_threads; k++)
        for (int j = 0; j < MOST_ENVIRONMENTS; j++)
            all.records += (int64_t)all.side[k].rows[j];
    all.safe_points_in_all += all.safe_points;
    all.updates += (int64_t)run->updates;
}

static void whole_run(uint64_t *random)
{
    begin_run(random);
    pause_often(&all.run, random);
    governor_run_join(&all.run);
    look_at_all(&all.run);
    governor_run_check(&all.run);
    governor_run_destroy(&all.run);
    end_run();
}

static void stopped_run(uint64_t *random)
{
    begin_run(random);
    if (stress_random(random) % 2)
        pause_often(&all.run, random);
    else
        usleep(stress_random(random) % 20000);
    sac_governor_stop(all.run.governor);
    governor_run_join(&all.run);
    SAC_ASSERT(sac_governor_steps(all.run.governor) <= all.run.settings.steps);
    look_at_all(&all.run);
    governor_run_destroy(&all.run);
    end_run();
}

static void break_with(enum mistake made)
{
    uint64_t random = 1;
    mistake = made;
    for (int i = 0; i < 50; i++)
        whole_run(&random);
}

static void step_without_ticket(void)
{
    break_with(STEP_WITHOUT_TICKET);
}

static void update_without_turn(void)
{
    break_with(UPDATE_WITHOUT_TURN);
}

static void publish_late(void)
{
    break_with(LATE_POLICY);
}

static void look_without_pause(void)
{
    break_with(NO_PAUSE);
}

int main(void)
{
    const int64_t records = stress_amount(400000);
    uint64_t random = 1;
    int64_t runs = 0;
    stress_must_find("an env thread steps without a ticket", step_without_ticket, NULL);
    stress_must_find("the learner updates out of turn", update_without_turn, NULL);
    stress_must_find("a policy is not published before its updates are counted", publish_late, NULL);
    stress_must_find("a safe point at which threads go on", look_without_pause, NULL);
    for (; all.records < records; runs++) {
        whole_run(&random);
        stopped_run(&random);
    }
    printf(
        "%lld whole runs and as many stopped ones, %lld updates, %lld safe points: no hang, no bound broken; "
        "%lld records looked at, %lld transitions drawn, %lld policies published\n",
        (long long)runs, (long long)all.updates, (long long)all.safe_points_in_all, (long long)all.looked,
        (long long)all.drawn, (long long)all.snapshots_published);
    printf("%lld records, none torn, lost, duplicated or out of order\n", (long long)all.records);
    return 0;
}
