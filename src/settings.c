/* THE table of settings. A row's key, kind, place in struct sac_settings, range, default and help drive
 * parsing, checking, defaults, the resolved configuration, `softac train --help` and docs/settings.md. */
#include "settings.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "environment.h"
#include "error.h"
#include "real_text.h"

#define MOST_STEPS 1e15    /* exact in a double, and 30 years at a million steps a second */
#define MOST_SCALE 1e9     /* of numbers that others are multiplied by: products stay finite in fp32 */
#define ABOVE_ZERO DBL_MIN /* the low end of a range that leaves out 0 */
#define VALUE_SIZE 256     /* bytes of a value as text: SAC_MAX_HIDDEN_LAYERS widths fit */

struct setting;

/* How a kind of value is read, checked and shown. */
struct kind {
    bool (*set)(const struct setting *row, struct sac_settings *settings, const char *text);
    bool (*valid)(const struct setting *row, const struct sac_settings *settings);
    void (*show)(const struct setting *row, const struct sac_settings *settings, char *text, size_t size);
    const char *expected; /* "a whole number"; the range or choices follow */
};

struct setting {
    const char *key;
    const struct kind *kind;
    size_t offset;
    double low, high;           /* both included */
    const char *const *choices; /* by the enum's value, NULL at the end */
    const char *initial;        /* default */
    const char *help;
};

static const struct kind whole, big_whole, seed_kind, real, ratio, choice, widths, rates, alpha, entropy,
    bounds, mapping, split, profile_kind;

static const char *const algorithms[] = {"sac_v1", "sac_v2", NULL};
static const char *const estimators[] = {"reparameterization", "score_function", NULL};
static const char *const modes[] = {"async", "lockstep", NULL};
static const char *const activations[] = {"relu", "tanh", NULL};
static const char *const mappings[] = {"clamp", "tanh", NULL};

#define AT(field) offsetof(struct sac_settings, field)

static const struct setting table[] = {
    {"algorithm", &choice, AT(algorithm), 0, 0, algorithms, "sac_v2",
     "sac_v1: value network and reward_scale; sac_v2: temperature. Not given: sac_v1 where the environment's "
     "preset has a reward_scale for it"},
    {"estimator", &choice, AT(estimator), 0, 0, estimators, "reparameterization",
     "of the policy's gradient; score_function needs sac_v1"},
    {"profile", &profile_kind, 0, 0, 0, NULL, "none",
     "a section of the environment's preset laid over its other lines; wall_clock: large batches of what "
     "many "
     "environments bring, for machines with many cores"},
    {"mode", &choice, AT(mode), 0, 0, modes, "async",
     "async: everybody at full speed; lockstep: bit-identical results for any number of threads"},
    {"environments", &whole, AT(environments), 1, 65536, NULL, "8",
     "copies of the environment, over all threads"},
    {"steps", &big_whole, AT(steps), 1, MOST_STEPS, NULL, "100000", "environment steps in all"},
    {"seed", &seed_kind, AT(seed), 0, 0, NULL, "0", "of all random numbers"},
    {"hidden", &widths, AT(hidden), 1, 65536, NULL, "256,256", "widths of every network's hidden layers"},
    {"activation", &choice, AT(activation), 0, 0, activations, "relu", "of the hidden layers"},
    {"batch_size", &whole, AT(batch_size), 1, 1048576, NULL, "256", "transitions per gradient update"},
    {"learning_rate", &rates, 0, ABOVE_ZERO, 1, NULL, "0.0003", "sets the four below"},
    {"policy_learning_rate", &real, AT(policy_learning_rate), ABOVE_ZERO, 1, NULL, "0.0003", "Adam, policy"},
    {"critic_learning_rate", &real, AT(critic_learning_rate), ABOVE_ZERO, 1, NULL, "0.0003",
     "Adam, both critics"},
    {"value_learning_rate", &real, AT(value_learning_rate), ABOVE_ZERO, 1, NULL, "0.0003",
     "Adam, value network (sac_v1)"},
    {"temperature_learning_rate", &real, AT(temperature_learning_rate), ABOVE_ZERO, 1, NULL, "0.0003",
     "Adam, log temperature (sac_v2)"},
    {"gamma", &real, AT(gamma), 0, 1, NULL, "0.99", "discount per step"},
    {"tau", &real, AT(tau), ABOVE_ZERO, 1, NULL, "0.005", "target networks' step towards their networks"},
    {"reward_scale", &real, AT(reward_scale), ABOVE_ZERO, MOST_SCALE, NULL, "1",
     "rewards are multiplied by it; sac_v1's weight of reward against entropy"},
    {"temperature", &alpha, AT(temperature), ABOVE_ZERO, MOST_SCALE, NULL, "auto",
     "sac_v2's weight of entropy; auto: learnt, from 1"},
    {"target_entropy", &entropy, AT(target_entropy), -MOST_SCALE, MOST_SCALE, NULL, "auto",
     "nats the learnt temperature aims at; auto: minus the number of actions"},
    {"replay_capacity", &big_whole, AT(replay_capacity), 3, 1e12, NULL, "1000000",
     "records kept, over all environments"},
    {"warmup_steps", &big_whole, AT(warmup_steps), 0, MOST_STEPS, NULL, "1000",
     "uniformly random actions before the first update"},
    {"update_to_data", &ratio, AT(update_to_data), 1e-6, 1e6, NULL, "1",
     "gradient updates per environment step, also as a fraction (1/64)"},
    {"updates_per_round", &whole, AT(updates_per_round), 1, 1000000, NULL, "1", "gradient updates in a row"},
    {"log_std_mapping", &mapping, AT(log_std_mapping), 0, 0, mappings, "clamp",
     "how log sigma keeps to its bounds; changes log_std_bounds to its own"},
    {"log_std_bounds", &bounds, AT(log_std_low), -50, 20, NULL, "-20,2", "of log sigma; -5,2 with tanh"},
    {"learner_split", &split, AT(learner_split), 1, 256, NULL, "auto",
     "parts of the learner's work; auto: its threads, 2 in lockstep"},
    {"eval_every", &big_whole, AT(eval_every), 0, MOST_STEPS, NULL, "10000",
     "environment steps between evaluations; 0: only at the end"},
    {"eval_episodes", &whole, AT(eval_episodes), 1, 1000000, NULL, "10", "episodes per evaluation"},
};
#define ROWS (sizeof table / sizeof *table)

/* --- numbers as text --- */

/* "1000000", and "1e6" where that is whole and exact. */
static bool parse_whole(const char *text, int64_t *number)
{
    char *end;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (end != text && !*end && errno == 0 && strspn(text, "-0123456789") == strlen(text)) {
        *number = value;
        return true;
    }
    double exact;
    if (!sac_real_parse(text, &exact) || exact != floor(exact) || fabs(exact) > 0x1p53)
        return false;
    *number = (int64_t)exact;
    return true;
}

static bool in_range(const struct setting *row, double number)
{
    return number >= row->low && number <= row->high;
}

/* --- the kinds --- */

static const void *place(const struct setting *row, const struct sac_settings *settings)
{
    return (const char *)settings + row->offset;
}

static void *place_to_set(const struct setting *row, struct sac_settings *settings)
{
    return (char *)settings + row->offset;
}

static bool set_whole(const struct setting *row, struct sac_settings *settings, const char *text)
{
    int64_t number;
    if (!parse_whole(text, &number) || number < INT32_MIN || number > INT32_MAX)
        return false;
    *(int *)place_to_set(row, settings) = (int)number;
    return true;
}

static bool valid_whole(const struct setting *row, const struct sac_settings *settings)
{
    return in_range(row, *(const int *)place(row, settings));
}

static void show_whole(const struct setting *row, const struct sac_settings *settings, char *text,
                       size_t size)
{
    snprintf(text, size, "%d", *(const int *)place(row, settings));
}

static const struct kind whole = {set_whole, valid_whole, show_whole, "a whole number"};

static bool set_big_whole(const struct setting *row, struct sac_settings *settings, const char *text)
{
    return parse_whole(text, place_to_set(row, settings));
}

static bool valid_big_whole(const struct setting *row, const struct sac_settings *settings)
{
    return in_range(row, (double)*(const int64_t *)place(row, settings));
}

static void show_big_whole(const struct setting *row, const struct sac_settings *settings, char *text,
                           size_t size)
{
    snprintf(text, size, "%lld", (long long)*(const int64_t *)place(row, settings));
}

static const struct kind big_whole = {set_big_whole, valid_big_whole, show_big_whole, "a whole number"};

static bool set_seed(const struct setting *row, struct sac_settings *settings, const char *text)
{
    if (!*text || strspn(text, "0123456789") != strlen(text))
        return false;
    errno = 0;
    *(uint64_t *)place_to_set(row, settings) = strtoull(text, NULL, 10);
    return errno == 0;
}

static bool valid_seed(const struct setting *row, const struct sac_settings *settings)
{
    (void)row;
    (void)settings;
    return true;
}

static void show_seed(const struct setting *row, const struct sac_settings *settings, char *text, size_t size)
{
    snprintf(text, size, "%llu", (unsigned long long)*(const uint64_t *)place(row, settings));
}

static const struct kind seed_kind = {set_seed, valid_seed, show_seed,
                                      "a whole number from 0 to 18446744073709551615"};

static bool set_real(const struct setting *row, struct sac_settings *settings, const char *text)
{
    return sac_real_parse(text, place_to_set(row, settings));
}

static bool valid_real(const struct setting *row, const struct sac_settings *settings)
{
    return in_range(row, *(const double *)place(row, settings));
}

static void show_real(const struct setting *row, const struct sac_settings *settings, char *text, size_t size)
{
    sac_real_show(*(const double *)place(row, settings), text, size);
}

static const struct kind real = {set_real, valid_real, show_real, "a number"};

static bool set_ratio(const struct setting *row, struct sac_settings *settings, const char *text)
{
    char upper[VALUE_SIZE];
    const char *slash = strchr(text, '/');
    if (!slash)
        return set_real(row, settings, text);
    double p, q;
    if (snprintf(upper, sizeof upper, "%.*s", (int)(slash - text), text) >= (int)sizeof upper)
        return false;
    if (!sac_real_parse(upper, &p) || !sac_real_parse(slash + 1, &q) || q == 0)
        return false;
    *(double *)place_to_set(row, settings) = p / q;
    return true;
}

static const struct kind ratio = {set_ratio, valid_real, show_real, "a number or a fraction such as 1/64"};

static int choice_count(const struct setting *row)
{
    int count = 0;
    while (row->choices[count])
        count++;
    return count;
}

/* Choices are enums: copied in and out, as the compiler need not take an int pointer for one to an enum. */
static int choice_in(const struct setting *row, const struct sac_settings *settings)
{
    int value;
    memcpy(&value, place(row, settings), sizeof value);
    return value;
}

static bool set_choice(const struct setting *row, struct sac_settings *settings, const char *text)
{
    for (int i = 0; row->choices[i]; i++)
        if (!strcmp(row->choices[i], text)) {
            memcpy(place_to_set(row, settings), &i, sizeof i);
            return true;
        }
    return false;
}

static bool valid_choice(const struct setting *row, const struct sac_settings *settings)
{
    const int value = choice_in(row, settings);
    return value >= 0 && value < choice_count(row);
}

static void show_choice(const struct setting *row, const struct sac_settings *settings, char *text,
                        size_t size)
{
    if (valid_choice(row, settings))
        snprintf(text, size, "%s", row->choices[choice_in(row, settings)]);
    else
        snprintf(text, size, "%d", choice_in(row, settings));
}

static const struct kind choice = {set_choice, valid_choice, show_choice, "one of"};

/* A comma without a word before or behind it. */
static bool has_gap(const char *list)
{
    bool word = false, comma = false; /* since the last comma; any comma */
    for (; *list; list++)
        if (*list == ',') {
            if (!word)
                return true;
            word = false;
            comma = true;
        } else if (*list != ' ') {
            word = true;
        }
    return comma && !word;
}

/* Cut "256,256", "256 256" or "[256, 256]" into words; how many there are, or -1 if more than `most` or if
 * one is missing. */
static int cut_list(char *text, char **words, int most)
{
    int count = 0;
    const size_t length = strlen(text);
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text[length - 1] = '\0';
        text++;
    }
    if (has_gap(text))
        return -1;
    char *rest = NULL;
    for (char *word = strtok_r(text, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest)) {
        if (count == most)
            return -1;
        words[count++] = word;
    }
    return count;
}

static bool set_widths(const struct setting *row, struct sac_settings *settings, const char *text)
{
    (void)row;
    char copy[VALUE_SIZE], *words[SAC_MAX_HIDDEN_LAYERS];
    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
        return false;
    const int count = cut_list(copy, words, SAC_MAX_HIDDEN_LAYERS);
    for (int i = 0; i < count; i++) {
        int64_t width;
        if (!parse_whole(words[i], &width) || width < 1 || width > INT32_MAX)
            return false;
        settings->hidden[i] = (int)width;
    }
    settings->hidden_layers = count;
    return count > 0;
}

static bool valid_widths(const struct setting *row, const struct sac_settings *settings)
{
    if (settings->hidden_layers < 1 || settings->hidden_layers > SAC_MAX_HIDDEN_LAYERS)
        return false;
    for (int i = 0; i < settings->hidden_layers; i++)
        if (!in_range(row, settings->hidden[i]))
            return false;
    return true;
}

static void show_widths(const struct setting *row, const struct sac_settings *settings, char *text,
                        size_t size)
{
    (void)row;
    size_t used = 0;
    *text = '\0';
    for (int i = 0; i < settings->hidden_layers && i < SAC_MAX_HIDDEN_LAYERS && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, i ? ",%d" : "%d", settings->hidden[i]);
}

static const struct kind widths = {set_widths, valid_widths, show_widths,
                                   "1 to 16 whole numbers such as 256,256, each"};

/* learning_rate has no field of its own: it checks through the first of the four it sets. */
static bool set_rates(const struct setting *row, struct sac_settings *settings, const char *text)
{
    (void)row;
    double rate;
    if (!sac_real_parse(text, &rate))
        return false;
    settings->policy_learning_rate = rate;
    settings->critic_learning_rate = rate;
    settings->value_learning_rate = rate;
    settings->temperature_learning_rate = rate;
    return true;
}

static bool valid_rates(const struct setting *row, const struct sac_settings *settings)
{
    return in_range(row, settings->policy_learning_rate);
}

static const struct kind rates = {set_rates, valid_rates, NULL, "a number"};

static bool set_alpha(const struct setting *row, struct sac_settings *settings, const char *text)
{
    settings->temperature_auto = !strcmp(text, "auto");
    if (!settings->temperature_auto)
        return set_real(row, settings, text);
    settings->temperature = 1; /* log alpha starts at 0, as in the paper's code */
    return true;
}

static void show_alpha(const struct setting *row, const struct sac_settings *settings, char *text,
                       size_t size)
{
    if (settings->temperature_auto)
        snprintf(text, size, "auto");
    else
        show_real(row, settings, text, size);
}

static const struct kind alpha = {set_alpha, valid_real, show_alpha, "auto or a number"};

static bool set_entropy(const struct setting *row, struct sac_settings *settings, const char *text)
{
    if (strcmp(text, "auto"))
        return set_real(row, settings, text);
    settings->target_entropy = NAN;
    return true;
}

static bool valid_entropy(const struct setting *row, const struct sac_settings *settings)
{
    return isnan(settings->target_entropy) || valid_real(row, settings);
}

static void show_entropy(const struct setting *row, const struct sac_settings *settings, char *text,
                         size_t size)
{
    if (isnan(settings->target_entropy))
        snprintf(text, size, "auto");
    else
        show_real(row, settings, text, size);
}

static const struct kind entropy = {set_entropy, valid_entropy, show_entropy, "auto or a number"};

static bool set_bounds(const struct setting *row, struct sac_settings *settings, const char *text)
{
    (void)row;
    char copy[VALUE_SIZE], *words[2];
    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy || cut_list(copy, words, 2) != 2)
        return false;
    return sac_real_parse(words[0], &settings->log_std_low) &&
           sac_real_parse(words[1], &settings->log_std_high);
}

static bool valid_bounds(const struct setting *row, const struct sac_settings *settings)
{
    return in_range(row, settings->log_std_low) && in_range(row, settings->log_std_high) &&
           settings->log_std_low < settings->log_std_high;
}

static void show_bounds(const struct setting *row, const struct sac_settings *settings, char *text,
                        size_t size)
{
    (void)row;
    char low[32], high[32];
    sac_real_show(settings->log_std_low, low, sizeof low);
    sac_real_show(settings->log_std_high, high, sizeof high);
    snprintf(text, size, "%s,%s", low, high);
}

static const struct kind bounds = {set_bounds, valid_bounds, show_bounds,
                                   "a lower and a greater upper bound such as -20,2, each a number"};

/* The bounds belong to the mapping: a new mapping brings its own. */
static bool set_mapping(const struct setting *row, struct sac_settings *settings, const char *text)
{
    const enum sac_log_std_mapping before = settings->log_std_mapping;
    if (!set_choice(row, settings, text))
        return false;
    if (settings->log_std_mapping != before) {
        settings->log_std_low = settings->log_std_mapping == SAC_LOG_STD_TANH ? -5 : -20;
        settings->log_std_high = 2;
    }
    return true;
}

static const struct kind mapping = {set_mapping, valid_choice, show_choice, "one of"};

static bool set_split(const struct setting *row, struct sac_settings *settings, const char *text)
{
    if (strcmp(text, "auto"))
        return set_whole(row, settings, text) && settings->learner_split != 0;
    settings->learner_split = 0;
    return true;
}

static bool valid_split(const struct setting *row, const struct sac_settings *settings)
{
    return settings->learner_split == 0 || valid_whole(row, settings);
}

static void show_split(const struct setting *row, const struct sac_settings *settings, char *text,
                       size_t size)
{
    if (settings->learner_split == 0)
        snprintf(text, size, "auto");
    else
        show_whole(row, settings, text, size);
}

static const struct kind split = {set_split, valid_split, show_split, "auto or a whole number"};

/* Which there are, the preset knows (configuration.c): here they are words. */
enum { PROFILE_SIZE = 32 };

static bool is_name(const char *text)
{
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const size_t length = strlen(text);
    return length > 0 && length < PROFILE_SIZE && strspn(text, allowed) == length;
}

static bool set_profile(const struct setting *row, struct sac_settings *settings, const char *text)
{
    (void)row, (void)settings;
    return is_name(text);
}

static bool valid_profile(const struct setting *row, const struct sac_settings *settings)
{
    (void)row, (void)settings;
    return true;
}

static const struct kind profile_kind = {set_profile, valid_profile, NULL,
                                         "none or a profile of the preset, such as wall_clock"};

bool sac_settings_is_profile(const char *name)
{
    return is_name(name) && strcmp(name, "none") != 0;
}

/* --- sentences --- */

const char *sac_printable(char copy[SAC_PRINTABLE_SIZE], const char *text)
{
    size_t i = 0;
    for (; i < SAC_PRINTABLE_SIZE - 4 && text[i]; i++)
        copy[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    memcpy(copy + i, text[i] ? "..." : "", text[i] ? 4 : 1);
    return copy;
}

/* A million is easier to read as 1000000 than as 1e+06. */
static void show_bound(double number, char *text, size_t size)
{
    if (number == floor(number))
        snprintf(text, size, "%.0f", number);
    else
        sac_real_show(number, text, size);
}

/* "a whole number from 1 to 64", "one of relu, tanh" */
static void show_expected(const struct setting *row, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%s", row->kind->expected);
    for (int i = 0; row->choices && row->choices[i] && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s %s", i ? "," : "", row->choices[i]);
    if (row->low >= row->high || used >= size)
        return;
    char low[32], high[32];
    show_bound(row->low, low, sizeof low);
    show_bound(row->high, high, sizeof high);
    if (row->low == ABOVE_ZERO)
        snprintf(text + used, size - used, " above 0, at most %s", high);
    else
        snprintf(text + used, size - used, " from %s to %s", low, high);
}

static enum sac_status refuse(const struct setting *row, const char *value)
{
    char expected[VALUE_SIZE], copy[SAC_PRINTABLE_SIZE];
    show_expected(row, expected, sizeof expected);
    const char *nearest = row->choices ? sac_nearest_name(value, row->choices) : NULL;
    return sac_fail(SAC_INVALID, "%s=%s: expected %s%s%s%s", row->key, sac_printable(copy, value), expected,
                    nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static const struct setting *find(const char *key)
{
    for (size_t i = 0; i < ROWS; i++)
        if (!strcmp(table[i].key, key))
            return &table[i];
    return NULL;
}

/* What Stable-Baselines3, CleanRL and the papers call them. */
static const struct {
    const char *elsewhere, *here;
} other_names[] = {
    {"total_timesteps", "steps"},
    {"num_envs", "environments"},
    {"n_envs", "environments"},
    {"net_arch", "hidden"},
    {"lr", "learning_rate"},
    {"discount", "gamma"},
    {"polyak", "tau"},
    {"alpha", "temperature"},
    {"ent_coef", "temperature"},
    {"buffer_size", "replay_capacity"},
    {"learning_starts", "warmup_steps"},
    {"utd", "update_to_data"},
    {"gradient_steps", "updates_per_round"},
    {"eval_freq", "eval_every"},
    {"n_eval_episodes", "eval_episodes"},
};

static const char *nearest_key(const char *key)
{
    const char *keys[ROWS + 1] = {NULL};
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++)
        if (!strcasecmp(other_names[i].elsewhere, key))
            return other_names[i].here;
    for (size_t i = 0; i < ROWS; i++)
        keys[i] = table[i].key;
    return sac_nearest_name(key, keys);
}

static enum sac_status refuse_key(const char *key)
{
    char copy[SAC_PRINTABLE_SIZE];
    const char *nearest = nearest_key(key);
    snprintf(copy, sizeof copy, "''");
    if (*key)
        sac_printable(copy, key);
    if (nearest)
        return sac_fail(SAC_INVALID, "%s: no such setting; did you mean %s?", copy, nearest);
    return sac_fail(SAC_INVALID,
                    "%s: no such setting; softac train --help lists them; the environment's own are env.NAME",
                    copy);
}

/* --- the interface --- */

enum sac_status sac_settings_find(const char *key)
{
    return find(key) ? SAC_OK : refuse_key(key);
}

enum sac_status sac_settings_set(struct sac_settings *settings, const char *key, const char *value)
{
    const struct setting *row = find(key);
    if (!row)
        return refuse_key(key);
    struct sac_settings changed = *settings;
    if (!row->kind->set(row, &changed, value) || !row->kind->valid(row, &changed))
        return refuse(row, value);
    *settings = changed;
    return SAC_OK;
}

bool sac_settings_sets_several(const char *key)
{
    const struct setting *row = find(key);
    return row && (row->kind == &rates || row->kind == &mapping);
}

bool sac_settings_text(const struct sac_settings *settings, const char *key, char *text, size_t size)
{
    const struct setting *row = find(key);
    if (!row || !row->kind->show)
        return false;
    row->kind->show(row, settings, text, size);
    return true;
}

void sac_settings_default(struct sac_settings *settings)
{
    if (!settings)
        return;
    *settings = (struct sac_settings){0};
    for (size_t i = 0; i < ROWS; i++)
        table[i].kind->set(&table[i], settings, table[i].initial);
}

static enum sac_status check_together(const struct sac_settings *settings, const char **key)
{
    *key = "estimator";
    if (settings->algorithm == SAC_V2 && settings->estimator == SAC_SCORE_FUNCTION)
        return sac_fail(SAC_INVALID,
                        "estimator=score_function: expected reparameterization with algorithm=sac_v2; "
                        "set algorithm=sac_v1 to use the score function");
    *key = "replay_capacity";
    const long long capacity = settings->replay_capacity, needed = 3ll * settings->environments;
    if (capacity < needed)
        return sac_fail(SAC_INVALID,
                        "replay_capacity=%lld: expected at least %lld, 3 records for each of the %d "
                        "environments",
                        capacity, needed, settings->environments);
    *key = "batch_size";
    if (capacity < settings->batch_size)
        return sac_fail(SAC_INVALID,
                        "batch_size=%d: expected at most %lld, as replay_capacity keeps no more records",
                        settings->batch_size, capacity);
    return SAC_OK;
}

enum sac_status sac_settings_check_keys(const struct sac_settings *settings, const char **key)
{
    *key = "";
    SAC_NEED(settings, "settings filled by sac_settings_default()");
    if (!settings->steps && !settings->environments && !settings->hidden_layers && !settings->batch_size)
        return sac_fail(SAC_INVALID,
                        "the settings are all zero; fill them with sac_settings_default() first");
    for (size_t i = 0; i < ROWS; i++) {
        char value[VALUE_SIZE];
        if (!table[i].kind->show || table[i].kind->valid(&table[i], settings))
            continue;
        sac_settings_text(settings, table[i].key, value, sizeof value);
        *key = table[i].key;
        return refuse(&table[i], value);
    }
    return check_together(settings, key);
}

enum sac_status sac_settings_check(const struct sac_settings *settings)
{
    const char *key;
    return sac_settings_check_keys(settings, &key);
}

const char *sac_settings_idle(const struct sac_settings *settings, const char *key)
{
    const bool v1 = settings->algorithm == SAC_V1;
    const bool of_alpha = !strcmp(key, "target_entropy") || !strcmp(key, "temperature_learning_rate");
    if (v1 && (of_alpha || !strcmp(key, "temperature")))
        return "sac_v1 has no temperature, but a reward_scale";
    if (!v1 && !strcmp(key, "value_learning_rate"))
        return "sac_v2 has no value network";
    if (!v1 && of_alpha && !settings->temperature_auto)
        return "the temperature is fixed";
    return NULL;
}

char *sac_settings_yaml(const struct sac_settings *settings)
{
    char *text = NULL, value[VALUE_SIZE];
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    for (size_t i = 0; i < ROWS; i++)
        if (sac_settings_text(settings, table[i].key, value, sizeof value))
            fprintf(stream, "%s: %s\n", table[i].key, value);
    return fclose(stream) ? (free(text), NULL) : text;
}

/* Words of `text` on lines of at most `width` characters, the second and later ones behind `indent` blanks.
 */
static void print_wrapped(FILE *stream, const char *text, int indent, int width)
{
    int column = 0;
    while (*text) {
        const int length = (int)strcspn(text, " ");
        if (column && column + 1 + length > width) {
            fprintf(stream, "\n%*s", indent, "");
            column = 0;
        }
        column += fprintf(stream, "%s%.*s", column ? " " : "", length, text);
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', stream);
}

char *sac_settings_help(void)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    for (size_t i = 0; i < ROWS; i++) {
        char expected[VALUE_SIZE], line[2 * VALUE_SIZE + 64];
        show_expected(&table[i], expected, sizeof expected);
        fprintf(stream, "  %-26s", table[i].key);
        print_wrapped(stream, table[i].help, 28, 72);
        snprintf(line, sizeof line, "[%s] %s", table[i].initial, expected);
        fprintf(stream, "%28s", "");
        print_wrapped(stream, line, 28, 72);
    }
    return fclose(stream) ? (free(text), NULL) : text;
}
