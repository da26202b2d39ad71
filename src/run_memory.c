/* Sizes are counted here as the parts' create functions take them (tests/test_run_memory.c compares), before
 * any of them is called. */
#include "run_memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "counters.h"
#include "critic.h"
#include "error.h"
#include "evaluator.h"
#include "governor.h"
#include "memory.h"
#include "policy_network.h"
#include "replay.h"
#include "settings.h"
#include "value_network.h"

enum { AT_ONCE = 16, SAVED_COPIES = 4, SPARE_SNAPSHOTS = 4 };

/* --- what is needed --- */

struct networks {
    struct sac_policy_network policy;
    struct sac_network critic, value;
};

static void lay_out(const struct sac_run_sizes *sizes, struct networks *n)
{
    sac_policy_network_init(&n->policy, sizes->observation_size, sizes->action_size, &sizes->settings);
    sac_critic_network(&n->critic, &sizes->settings, sizes->observation_size, sizes->action_size);
    sac_value_network_network(&n->value, &sizes->settings, sizes->observation_size);
}

/* Floats that the hidden layers of a row put out. */
static double hidden_floats(const struct sac_network *network)
{
    double floats = 0;
    for (int l = 0; l < network->layers - 1; l++)
        floats += network->layer[l].ld;
    return floats;
}

/* State block and gradients of a network. */
static double weight_floats(const struct sac_network *network, bool target, int gradients)
{
    return (double)network->size * ((target ? 4 : 3) + gradients);
}

static double padded(int size)
{
    return (double)sac_round_up((size_t)size, 16);
}

/* Rows of width ld and of the head, and the single columns beside them. */
static double row_floats(const struct sac_run_sizes *sizes, const struct networks *n, double draws)
{
    const double A = sizes->action_size, head = sac_network_last(&n->policy.network)->ld;
    const double rows = 3 * padded(sizes->observation_size + sizes->action_size) + 16; /* batch, values */
    return rows + draws * (head + 4 * A + 1) + head + A + padded(sizes->action_size) * 2;
}

static double learner_bytes(const struct sac_run_sizes *sizes, const struct networks *n)
{
    const struct sac_settings *s = &sizes->settings;
    const bool v1 = s->algorithm == SAC_V1, through_actions = s->estimator == SAC_REPARAMETERIZATION;
    const struct sac_division rows = sac_division_of(s->batch_size, sizes->split);
    const int critic_parts = sac_agent_critic_parts(sizes->split, s->batch_size);
    const int critic_gradients = critic_parts * (rows.blocks > 1 ? 2 : 1);
    const int gradients = sizes->split * (rows.blocks > 1 ? 2 : 1);
    const double draws = v1 ? 1 : 2, drawn_at_once = sac_division_by_blocks(s->batch_size) ? 1 : draws;
    double floats = weight_floats(&n->policy.network, false, gradients) +
                    2 * weight_floats(&n->critic, !v1, critic_gradients);
    double hidden = (drawn_at_once + 1) * hidden_floats(&n->policy.network) +
                    2 * (through_actions ? 3 : 2) * hidden_floats(&n->critic);
    if (v1) {
        floats += weight_floats(&n->value, true, gradients);
        hidden += 2 * hidden_floats(&n->value);
    }
    return sizeof(float) *
           (floats + row_floats(sizes, n, draws) * s->batch_size + hidden * sac_division_places(&rows));
}

enum { RING_TABLES = 96 }; /* bytes of the replay's and its shards' tables for one environment */

/* Buffers of whoever plays in that many environments. */
static double player_bytes(const struct sac_run_sizes *sizes, const struct networks *n, double environments)
{
    const double floats = padded(sizes->observation_size + 1) + 3.0 * sizes->action_size +
                          (double)sac_policy_network_scratch(&n->policy, 1);
    return environments * (sizeof(float) * floats + 48);
}

static double replay_bytes(const struct sac_run_sizes *sizes)
{
    const struct sac_replay_shape shape = {
        .environments = sizes->settings.environments,
        .env_threads = sizes->env_threads,
        .observation_size = sizes->observation_size,
        .action_size = sizes->action_size,
        .capacity = sizes->settings.replay_capacity,
        .guard = sac_governor_guard(&sizes->settings),
    };
    return (double)sac_replay_bytes(&shape);
}

double sac_run_memory(const struct sac_run_sizes *sizes, double part[SAC_RUN_PARTS])
{
    const struct sac_settings *s = &sizes->settings;
    struct networks n;
    lay_out(sizes, &n);
    const double policy = sizeof(float) * (double)n.policy.network.size;
    part[SAC_RUN_REPLAY] = replay_bytes(sizes);
    part[SAC_RUN_LEARNER] = learner_bytes(sizes, &n);
    part[SAC_RUN_SNAPSHOTS] = policy * (sizes->env_threads + SPARE_SNAPSHOTS + SAVED_COPIES);
    part[SAC_RUN_ENVIRONMENTS] = player_bytes(sizes, &n, s->environments) +
                                 (double)s->environments * RING_TABLES +
                                 (double)sizes->env_threads * sizeof(struct sac_env_counters);
    part[SAC_RUN_EVALUATION] = player_bytes(sizes, &n, fmin(AT_ONCE, s->eval_episodes)) +
                               (double)s->eval_episodes * sizeof(double) * (SAC_REPORTS + 1);
    double sum = 0;
    for (int i = 0; i < SAC_RUN_PARTS; i++)
        sum += part[i];
    return sum;
}

/* --- what to change --- */

/* A setting that a part's size follows. */
struct remedy {
    const char *key;
    int64_t (*get)(const struct sac_settings *settings);
    void (*set)(struct sac_settings *settings, int64_t value);
    int64_t (*least)(const struct sac_settings *settings);
};

static int64_t get_capacity(const struct sac_settings *s)
{
    return s->replay_capacity;
}

static void set_capacity(struct sac_settings *s, int64_t value)
{
    s->replay_capacity = value;
}

static int64_t least_capacity(const struct sac_settings *s)
{
    const int64_t windows = 3 * (int64_t)s->environments;
    return windows > s->batch_size ? windows : s->batch_size;
}

static int64_t get_environments(const struct sac_settings *s)
{
    return s->environments;
}

static void set_environments(struct sac_settings *s, int64_t value)
{
    s->environments = (int)value;
}

static int64_t get_updates(const struct sac_settings *s)
{
    return s->updates_per_round;
}

static void set_updates(struct sac_settings *s, int64_t value)
{
    s->updates_per_round = (int)value;
}

static int64_t get_batch(const struct sac_settings *s)
{
    return s->batch_size;
}

static void set_batch(struct sac_settings *s, int64_t value)
{
    s->batch_size = (int)value;
}

static int64_t get_episodes(const struct sac_settings *s)
{
    return s->eval_episodes;
}

static void set_episodes(struct sac_settings *s, int64_t value)
{
    s->eval_episodes = (int)value;
}

static int64_t get_width(const struct sac_settings *s)
{
    int widest = 1;
    for (int i = 0; i < s->hidden_layers; i++)
        widest = s->hidden[i] > widest ? s->hidden[i] : widest;
    return widest;
}

/* Layers that are wider become that wide. */
static void set_width(struct sac_settings *s, int64_t value)
{
    for (int i = 0; i < s->hidden_layers; i++)
        s->hidden[i] = s->hidden[i] > value ? (int)value : s->hidden[i];
}

static int64_t one(const struct sac_settings *settings)
{
    (void)settings;
    return 1;
}

static const struct remedy capacity = {"replay_capacity", get_capacity, set_capacity, least_capacity},
                           environments = {"environments", get_environments, set_environments, one},
                           updates = {"updates_per_round", get_updates, set_updates, one},
                           width = {"hidden", get_width, set_width, one},
                           batch = {"batch_size", get_batch, set_batch, one},
                           episodes = {"eval_episodes", get_episodes, set_episodes, one};

enum { MOST_REMEDIES = 3 };

static const struct {
    const char *name;
    const struct remedy *remedy[MOST_REMEDIES + 1]; /* the first is tried first; NULL at the end */
} parts[SAC_RUN_PARTS] = {
    [SAC_RUN_REPLAY] = {"the replay", {&capacity, &environments, &updates}},
    [SAC_RUN_LEARNER] = {"the networks' training", {&width, &batch}},
    [SAC_RUN_SNAPSHOTS] = {"copies of the policy", {&width}},
    [SAC_RUN_ENVIRONMENTS] = {"the environments' buffers", {&environments, &width}},
    [SAC_RUN_EVALUATION] = {"evaluation", {&episodes, &width}},
};

static double need_with(const struct sac_run_sizes *sizes, const struct remedy *remedy, int64_t value)
{
    struct sac_run_sizes changed = *sizes;
    double part[SAC_RUN_PARTS];
    remedy->set(&changed.settings, value);
    if (changed.env_threads > changed.settings.environments)
        changed.env_threads = changed.settings.environments;
    return sac_run_memory(&changed, part);
}

/* Two digits that one can remember, and no more than `value`. */
static int64_t round_down(int64_t value)
{
    int64_t unit = 1;
    while (value / unit >= 100)
        unit *= 10;
    return value / unit * unit;
}

/* The greatest round value with which the run fits, or -1. */
static int64_t find_value(const struct sac_run_sizes *sizes, const struct remedy *remedy, double bytes)
{
    int64_t low = remedy->least(&sizes->settings), high = remedy->get(&sizes->settings);
    if (low >= high || need_with(sizes, remedy, low) > bytes)
        return -1;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (need_with(sizes, remedy, middle) > bytes)
            high = middle;
        else
            low = middle;
    }
    const int64_t round = round_down(low);
    return round < remedy->least(&sizes->settings) ? low : round;
}

/* The remedy that changes its setting the least, or -1 when one setting is not enough. */
static int choose_remedy(const struct sac_run_sizes *sizes, const struct remedy *const *remedy, double bytes,
                         int64_t *value)
{
    int best = -1;
    double most_kept = 0;
    for (int i = 0; remedy[i]; i++) {
        const int64_t found = find_value(sizes, remedy[i], bytes);
        const double kept = (double)found / (double)remedy[i]->get(&sizes->settings);
        if (kept > most_kept) {
            best = i;
            most_kept = kept;
            *value = found;
        }
    }
    return best;
}

/* The one that saves most, all the way down. */
static int choose_first_remedy(const struct sac_run_sizes *sizes, const struct remedy *const *remedy)
{
    int best = 0;
    double least = INFINITY;
    for (int i = 0; remedy[i]; i++) {
        const double need = need_with(sizes, remedy[i], remedy[i]->least(&sizes->settings));
        if (need < least) {
            best = i;
            least = need;
        }
    }
    return best;
}

/* "set replay_capacity=300000 or less", or what to lower first. */
static void advise(const struct sac_run_sizes *sizes, enum sac_run_part largest, double bytes, char *text,
                   size_t size)
{
    const struct remedy *const *remedy = parts[largest].remedy;
    struct sac_settings changed = sizes->settings;
    int64_t value = 0;
    char shown[256];
    const int best = choose_remedy(sizes, remedy, bytes, &value);
    if (best < 0) {
        snprintf(text, size, "lower %s first, then other settings",
                 remedy[choose_first_remedy(sizes, remedy)]->key);
        return;
    }
    remedy[best]->set(&changed, value);
    sac_settings_text(&changed, remedy[best]->key, shown, sizeof shown);
    snprintf(text, size, "set %s=%s or less", remedy[best]->key, shown);
}

static const char *in_units(double bytes, char text[32])
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    for (; bytes >= 1000 && unit < 4; unit++)
        bytes /= 1024;
    snprintf(text, 32, bytes >= 1000 ? "%.0f %s" : "%.3g %s", bytes, units[unit]);
    return text;
}

enum sac_status sac_run_memory_check(const struct sac_run_sizes *sizes, const struct sac_memory_limit *limit)
{
    double part[SAC_RUN_PARTS];
    const double need = sac_run_memory(sizes, part), bytes = (double)limit->bytes;
    if (need <= bytes)
        return SAC_OK;
    int largest = 0;
    for (int i = 1; i < SAC_RUN_PARTS; i++)
        largest = part[i] > part[largest] ? i : largest;
    char advice[512], needed[32], share[32], there[32];
    advise(sizes, (enum sac_run_part)largest, 0.95 * bytes, advice, sizeof advice);
    return sac_fail(SAC_NOMEM, "the run needs %s of memory, %s of it for %s, but only %s are %s; %s",
                    in_units(need, needed), in_units(part[largest], share), parts[largest].name,
                    in_units(bytes, there), limit->whose, advice);
}
