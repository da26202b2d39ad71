/* Looks at a run: rates and means between two of them. */
#include "meter.h"

#include <math.h>

#include "error.h"
#include "memory.h"
#include "thread.h"

enum { EPISODE_WINDOW = 100 }; /* as Stable-Baselines3's rollout/ep_rew_mean */

struct sac_meter {
    struct sac_meter_context context;
    uint64_t started_ns;
    struct sac_look last;
    uint64_t *episodes_seen; /* (env_threads) */
    struct sac_episode window[EPISODE_WINDOW];
    uint64_t window_count;
    uint64_t drawn[SAC_AGES], age_sum; /* at the last look */
};

enum sac_status sac_meter_create(const struct sac_meter_context *context, struct sac_meter **meter)
{
    struct sac_meter *m = sac_allocate(sizeof *m);
    if (m)
        m->episodes_seen = sac_allocate((size_t)context->env_threads * sizeof *m->episodes_seen);
    if (!m || !m->episodes_seen) {
        sac_meter_destroy(m);
        return sac_fail(SAC_NOMEM, "no memory to watch %d env threads", context->env_threads);
    }
    m->context = *context;
    *meter = m;
    return SAC_OK;
}

void sac_meter_destroy(struct sac_meter *meter)
{
    if (meter)
        sac_free(meter->episodes_seen);
    sac_free(meter);
}

static struct sac_look take_look(const struct sac_meter *m, struct sac_cpu_seconds used)
{
    struct sac_learner_counters *c = sac_learner_counters(m->context.learner);
    const uint64_t now = sac_time_ns();
    struct sac_look look = {
        .time_ns = now,
        .env_wait = sac_governor_env_wait(m->context.governor, now),
        .learner_wait = sac_governor_learner_wait(m->context.governor, now),
        .cpu_seconds = used,
        .losses_of = sac_load_relaxed(updates_counter, &c->updates),
        .critic_loss = sac_load_relaxed(losses, &c->critic_loss),
        .value_loss = sac_load_relaxed(losses, &c->value_loss),
        .policy_loss = sac_load_relaxed(losses, &c->policy_loss),
        .temperature_loss = sac_load_relaxed(losses, &c->temperature_loss),
        .entropy = sac_load_relaxed(losses, &c->entropy),
    };
    sac_governor_counts(m->context.governor, &look.steps, &look.updates);
    return look;
}

void sac_meter_start(struct sac_meter *meter)
{
    meter->last = take_look(meter, (struct sac_cpu_seconds){0, 0});
    meter->started_ns = meter->last.time_ns;
}

const struct sac_look *sac_meter_last(const struct sac_meter *meter)
{
    return &meter->last;
}

/* --- describing --- */

static void collect_episodes(struct sac_meter *m)
{
    for (int i = 0; i < m->context.env_threads; i++) {
        struct sac_env_counters *counters = sac_env_thread_counters(m->context.env_thread[i]);
        const uint64_t count = sac_counted_episodes(counters);
        uint64_t from = m->episodes_seen[i];
        if (count - from > SAC_EPISODE_RING)
            from = count - SAC_EPISODE_RING;
        for (uint64_t n = from; n < count; n++)
            m->window[m->window_count++ % EPISODE_WINDOW] = sac_counted_episode(counters, n);
        m->episodes_seen[i] = count;
    }
}

static void describe_episodes(const struct sac_meter *m, struct sac_progress *p)
{
    const uint64_t n = m->window_count < EPISODE_WINDOW ? m->window_count : EPISODE_WINDOW;
    double returns = 0, lengths = 0;
    for (uint64_t i = 0; i < n; i++) {
        returns += (double)m->window[i].total_reward;
        lengths += m->window[i].length;
    }
    p->episodes = 0;
    for (int i = 0; i < m->context.env_threads; i++)
        p->episodes += (int64_t)m->episodes_seen[i];
    p->mean_return = n ? returns / (double)n : NAN;
    p->mean_length = n ? lengths / (double)n : NAN;
}

/* A sleep may have ended between the look at the clock and the one at the sleeper. */
static double share(uint64_t slept_ns, uint64_t slept_before_ns, double seconds)
{
    return fmin(fmax((double)(int64_t)(slept_ns - slept_before_ns) * 1e-9 / seconds, 0), 1);
}

static void describe_pace(const struct sac_meter *m, const struct sac_look *now, struct sac_progress *p)
{
    const struct sac_look *last = &m->last;
    const double seconds = fmax((double)(now->time_ns - last->time_ns) * 1e-9, 1e-9);
    const int64_t trained_on = now->steps - m->context.settings->warmup_steps;
    p->environment_steps = now->steps;
    p->updates = now->updates;
    p->wall_seconds = (double)(now->time_ns - m->started_ns) * 1e-9;
    p->steps_per_second = (double)(now->steps - last->steps) / seconds;
    p->updates_per_second = (double)(now->updates - last->updates) / seconds;
    p->update_to_data = trained_on > 0 ? (double)now->updates / (double)trained_on : NAN;
    p->env_wait_fraction = share(now->env_wait, last->env_wait, seconds * m->context.env_threads);
    p->learner_wait_fraction = share(now->learner_wait, last->learner_wait, seconds);
    p->env_duty = (now->cpu_seconds.env_threads - last->cpu_seconds.env_threads) / seconds;
}

static void describe_learning(const struct sac_meter *m, const struct sac_look *now, struct sac_progress *p)
{
    struct sac_learner_counters *c = sac_learner_counters(m->context.learner);
    const struct sac_look *last = &m->last;
    const double n = (double)(now->losses_of - last->losses_of), scale = n > 0 ? 1 / n : NAN;
    p->critic_loss = (now->critic_loss - last->critic_loss) * scale;
    p->value_loss = (now->value_loss - last->value_loss) * scale;
    p->policy_loss = (now->policy_loss - last->policy_loss) * scale;
    p->temperature_loss = (now->temperature_loss - last->temperature_loss) * scale;
    p->entropy = (now->entropy - last->entropy) * scale;
    p->temperature = now->losses_of > 0 ? sac_load_relaxed(alpha, &c->alpha) : NAN;
}

/* Rows drawn since the last look, by age. Returns how many. */
static uint64_t collect_ages(struct sac_meter *m, uint64_t drawn[SAC_AGES])
{
    struct sac_learner_counters *c = sac_learner_counters(m->context.learner);
    uint64_t rows = 0;
    for (int b = 0; b < SAC_AGES; b++) {
        const uint64_t count = sac_load_relaxed(staleness, &c->drawn[b]);
        drawn[b] = count - m->drawn[b];
        m->drawn[b] = count;
        rows += drawn[b];
    }
    return rows;
}

/* At least 95 % are not older; at most 1/16 more than the least such age. */
static double age_p95(const uint64_t drawn[SAC_AGES], uint64_t rows)
{
    int bucket = 0;
    for (uint64_t seen = drawn[0]; seen * 20 < rows * 19; seen += drawn[bucket])
        bucket++;
    return sac_bucket_age(bucket);
}

static void describe_staleness(struct sac_meter *m, struct sac_progress *p)
{
    struct sac_learner_counters *c = sac_learner_counters(m->context.learner);
    uint64_t drawn[SAC_AGES];
    const uint64_t sum = sac_load_relaxed(staleness, &c->age_sum), rows = collect_ages(m, drawn);
    const double max = (double)sac_and_relaxed(staleness, &c->age_max, 0u);
    p->staleness_mean = rows > 0 ? (double)(sum - m->age_sum) / (double)rows : NAN;
    p->staleness_p95 = rows > 0 ? fmin(age_p95(drawn, rows), max) : NAN;
    p->staleness_max = rows > 0 ? max : NAN;
    m->age_sum = sum;
}

void sac_meter_look(struct sac_meter *meter, struct sac_cpu_seconds used, struct sac_progress *progress)
{
    const struct sac_look now = take_look(meter, used);
    collect_episodes(meter);
    describe_episodes(meter, progress);
    describe_pace(meter, &now, progress);
    describe_learning(meter, &now, progress);
    describe_staleness(meter, progress);
    meter->last = now;
}
