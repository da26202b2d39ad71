#include "governor_run.h"

#include <string.h>
#include <unistd.h>

#include "assertion.h"
#include "atomics.h"

static int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

uint64_t governor_run_expected(const struct governor_run *run, int64_t steps)
{
    const int64_t R = run->settings.updates_per_round, after = steps - run->settings.warmup_steps;
    return after <= 0 ? 0 : (uint64_t)(after * run->p / run->q / R * R);
}

/* --- the promise --- */

/* |updates - UTD (steps - warm-up)| <= max(1 % of UTD (steps - warm-up), UTD environments +
 * updates_per_round), all of it times q. */
void governor_run_assert_bound(const struct governor_run *run)
{
    const struct sac_settings *s = &run->settings;
    int64_t steps;
    uint64_t done;
    sac_governor_counts(run->governor, &steps, &done);
    const int64_t updates = (int64_t)done;
    const int64_t due = steps > s->warmup_steps ? (steps - s->warmup_steps) * run->p : 0;
    const int64_t away = updates * run->q > due ? updates * run->q - due : due - updates * run->q;
    SAC_ASSERT(100 * away <= due || away <= s->environments * run->p + s->updates_per_round * run->q);
}

/* --- simple work --- */

static void begin(struct governor_env *c)
{
    const float observation = 0;
    for (int j = 0; j < sac_shard_environments(c->shard); j++)
        sac_shard_append_reset(c->shard, j, &observation);
}

/* One step of each environment of the ticket; an episode takes seven. */
static void step(struct governor_env *c, const struct sac_ticket *ticket)
{
    const float action = 0;
    const bool over = c->steps % 7 == 6;
    for (int j = 0; j < ticket->count; j++) {
        const float observation = (float)(sac_shard_first_environment(c->shard) + j);
        sac_shard_append_step(c->shard, j, &action, (float)c->steps, &observation, false, over, 0);
        if (over)
            sac_shard_append_reset(c->shard, j, &observation);
    }
}

static void learn(struct governor_run *run)
{
    enum { ROWS = 16, LD = 16 };
    float next[2 * ROWS * LD], taken[ROWS * LD], reward[ROWS], not_terminated[ROWS];
    uint32_t version[ROWS];
    struct sac_batch batch = {ROWS, 1, 1, LD, next, next + ROWS * LD, taken, reward, not_terminated, version};
    SAC_ASSERT(sac_governor_steps(run->governor) >= 1);
    SAC_ASSERT(sac_governor_steps(run->governor) >= run->settings.warmup_steps);
    for (int i = 0; run->draw && i < run->settings.updates_per_round; i++) {
        sac_replay_draw(run->replay, 1, run->updates + (uint64_t)i, &batch);
        for (int r = 0; r < ROWS; r++)
            run->drawn = (run->drawn ^ (uint64_t)reward[r] ^ (uint64_t)next[r * LD] << 32) * 0x100000001B3u;
    }
}

static const struct governor_work simple = {1, 1, begin, step, learn};

/* Other work is not to be ordered by looks that no real thread takes. */
static void look_around(const struct governor_run *run)
{
    if (run->work == &simple)
        governor_run_assert_bound(run);
}

/* --- env threads --- */

static void *env_main(void *context)
{
    struct governor_env *c = context;
    struct governor_run *run = c->run;
    run->work->begin(c);
    for (;;) {
        const struct sac_ticket ticket = sac_governor_take(run->governor, c->number);
        if (ticket.count == 0)
            return NULL;
        if (run->dies_at > 0 && c->number == run->env_threads - 1 && c->steps == run->dies_at) {
            sac_governor_give_back(run->governor, &ticket);
            return NULL;
        }
        if (run->env_delay != NULL)
            run->env_delay(&c->random);
        for (int j = 0; j < ticket.count; j++)
            if (ticket.first_step + j < MAX_STEPS)
                run->granted[ticket.first_step + j]++;
        run->work->step(c, &ticket);
        c->steps++;
        c->environment_steps += ticket.count;
        sac_governor_stepped(run->governor, c->number, &ticket);
        look_around(run);
    }
}

/* --- learner --- */

static void lead(void *context)
{
    struct governor_run *run = context;
    uint64_t random = 77;
    while (sac_governor_turn(run->governor)) {
        if (run->learner_delay != NULL)
            run->learner_delay(&random);
        run->work->learn(run);
        run->updates += (uint64_t)run->settings.updates_per_round;
        sac_governor_updated(run->governor);
        look_around(run);
    }
}

static void *learner_main(void *context)
{
    struct governor_run *run = context;
    if (run->team != NULL)
        sac_team_enter(run->team, lead, run);
    else
        lead(run);
    return NULL;
}

/* --- watcher --- */

/* Steps were loaded before the updates, so the updates may only have grown since. */
static void assert_env_bound(const struct governor_run *run, int64_t steps, int64_t updates)
{
    const struct sac_settings *s = &run->settings;
    SAC_ASSERT(steps <= s->steps);
    if (updates >= (int64_t)governor_run_expected(run, s->steps))
        return;
    if (s->mode == SAC_ASYNC)
        SAC_ASSERT(steps <= s->warmup_steps + updates * run->q / run->p + s->environments);
    else
        SAC_ASSERT((steps - s->warmup_steps - s->environments) * run->p <
                   (updates + s->updates_per_round) * run->q);
}

/* Updates were loaded before the steps, so the steps may only have grown since. */
static void assert_learner_bound(const struct governor_run *run, int64_t steps, int64_t updates)
{
    const struct sac_settings *s = &run->settings;
    const int64_t slack = s->mode == SAC_ASYNC ? divide_up(s->updates_per_round * run->q, run->p) : 0;
    SAC_ASSERT(updates == 0 || steps >= s->warmup_steps + divide_up(updates * run->q, run->p) - slack);
}

static void *watch(void *context)
{
    struct governor_run *run = context;
    while (sac_load_relaxed(test, &run->watching)) {
        governor_run_assert_bound(run);
        const int64_t steps = sac_governor_steps(run->governor);
        const int64_t updates = (int64_t)sac_governor_updates(run->governor);
        if (run->dies_at == 0)
            assert_env_bound(run, steps, updates);
        assert_learner_bound(run, sac_governor_steps(run->governor), updates);
        usleep(20);
    }
    return NULL;
}

/* --- the run --- */

void governor_run_start(struct governor_run *run)
{
    const struct sac_settings *s = &run->settings;
    if (run->work == NULL)
        run->work = &simple;
    const struct sac_replay_shape shape = {
        .environments = s->environments,
        .env_threads = run->env_threads,
        .observation_size = run->work->observation_size,
        .action_size = run->work->action_size,
        .capacity = s->replay_capacity,
        .guard = sac_governor_guard(s),
    };
    SAC_ASSERT(sac_replay_create(&shape, &run->replay) == SAC_OK);
    SAC_ASSERT(sac_governor_create(s, run->env_threads, run->replay, &run->governor) == SAC_OK);
    memset(run->granted, 0, sizeof run->granted);
    run->updates = run->drawn = 0;
    sac_store_relaxed(test, &run->watching, true);
    SAC_ASSERT(pthread_create(&run->watcher, NULL, watch, run) == 0);
    SAC_ASSERT(pthread_create(&run->learner, NULL, learner_main, run) == 0);
    for (int k = 0; k < run->env_threads; k++) {
        run->env_context[k] =
            (struct governor_env){run, sac_replay_shard(run->replay, k), k, 0, 0, (uint64_t)k + 1};
        SAC_ASSERT(pthread_create(&run->env[k], NULL, env_main, &run->env_context[k]) == 0);
    }
}

void governor_run_join(struct governor_run *run)
{
    for (int k = 0; k < run->env_threads; k++)
        pthread_join(run->env[k], NULL);
    pthread_join(run->learner, NULL);
    sac_store_relaxed(test, &run->watching, false);
    pthread_join(run->watcher, NULL);
}

void governor_run_destroy(struct governor_run *run)
{
    sac_governor_destroy(run->governor);
    sac_replay_destroy(run->replay);
}

void governor_run_check(const struct governor_run *run)
{
    SAC_ASSERT(sac_governor_steps(run->governor) == run->settings.steps);
    SAC_ASSERT(run->updates == governor_run_expected(run, run->settings.steps));
    SAC_ASSERT(sac_governor_updates(run->governor) == run->updates);
    for (int64_t i = 0; i < MAX_STEPS && run->dies_at == 0; i++)
        SAC_ASSERT(run->granted[i] == (i < run->settings.steps));
}

void governor_run_finish(struct governor_run *run)
{
    governor_run_join(run);
    governor_run_check(run);
    governor_run_destroy(run);
}
