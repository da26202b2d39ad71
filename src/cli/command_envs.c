/* softac envs: the environments there are, and whether they run here. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "../environment.h"
#include "command.h"

/* One environment as it stands here. */
struct standing {
    const char *id;
    bool known; /* spec is filled */
    struct sac_env_spec spec;
    char reason[SAC_ENV_ERROR_SIZE]; /* why it does not run; "": it does */
};

/* Whether an instance can be made tells whether libraries and model files are there. */
static void examine(struct standing *s, const struct sac_env_ops *ops)
{
    *s = (struct standing){.id = ops->id};
    if (sac_environment_spec(ops, NULL, &s->spec)) {
        snprintf(s->reason, sizeof s->reason, "%s", sac_last_error());
        return;
    }
    s->known = true;
    void *instance = NULL;
    const struct sac_env_create create = {.size = sizeof create, .environments = 1};
    if (ops->create(&create, &instance, s->reason) == 0) {
        s->reason[0] = 0;
        ops->destroy(instance);
    }
}

/* "[-1, 1]", or the number of different ones */
static void write_bounds(char *text, size_t size, const struct sac_env_spec *spec)
{
    for (int32_t i = 1; i < spec->action_size; i++)
        if (spec->action_low[i] != spec->action_low[0] || spec->action_high[i] != spec->action_high[0]) {
            snprintf(text, size, "differ (--json)");
            return;
        }
    snprintf(text, size, "[%g, %g]", (double)spec->action_low[0], (double)spec->action_high[0]);
}

static void print_row(const struct standing *s)
{
    char bounds[64] = "-", limit[32] = "-", threshold[32] = "-";
    if (s->known)
        write_bounds(bounds, sizeof bounds, &s->spec);
    if (s->spec.step_limit > 0)
        snprintf(limit, sizeof limit, "%d", s->spec.step_limit);
    if (s->known && !isnan(s->spec.reward_threshold))
        snprintf(threshold, sizeof threshold, "%g", s->spec.reward_threshold);
    printf("%-26s %5d %5d  %-16s %6s %9s  %s%s\n", s->id, s->spec.observation_size, s->spec.action_size,
           bounds, limit, threshold, *s->reason ? "no: " : "yes", s->reason);
}

static json_t *numbers(const float *values, int32_t count)
{
    json_t *array = json_array();
    for (int32_t i = 0; i < count; i++)
        json_array_append_new(array, json_real((double)values[i]));
    return array;
}

static json_t *describe(const struct standing *s)
{
    json_t *object = json_object();
    json_object_set_new(object, "id", json_string(s->id));
    if (s->known) {
        const struct sac_env_spec *spec = &s->spec;
        json_object_set_new(object, "observation_size", json_integer(spec->observation_size));
        json_object_set_new(object, "action_size", json_integer(spec->action_size));
        json_object_set_new(object, "action_low", numbers(spec->action_low, spec->action_size));
        json_object_set_new(object, "action_high", numbers(spec->action_high, spec->action_size));
        json_object_set_new(object, "step_limit",
                            spec->step_limit ? json_integer(spec->step_limit) : json_null());
        json_object_set_new(object, "reward_threshold",
                            isnan(spec->reward_threshold) ? json_null() : json_real(spec->reward_threshold));
    }
    json_object_set_new(object, "available", json_boolean(!*s->reason));
    if (*s->reason)
        json_object_set_new(object, "reason", json_string(s->reason));
    return object;
}

static void print_json(const struct standing *list, int count)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(array, describe(&list[i]));
    json_t *object = json_pack("{s:o}", "environments", array);
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
}

static void print_table(const struct standing *list, int count)
{
    printf("%-26s %5s %5s  %-16s %6s %9s  %s\n", "environment", "obs", "act", "action bounds", "limit",
           "solved", "runs here");
    for (int i = 0; i < count; i++)
        print_row(&list[i]);
}

enum { MOST_ENTRIES = 64 };

/* All that are built in, or would be in another build. */
static int examine_all(struct standing *list)
{
    int count = 0;
    const struct sac_environment_entry *entry;
    for (; count < MOST_ENTRIES && (entry = sac_environment_entry(count)); count++)
        if (entry->ops) {
            examine(&list[count], entry->ops);
        } else {
            list[count] = (struct standing){.id = entry->id};
            snprintf(list[count].reason, sizeof list->reason, "%s", entry->remedy);
        }
    return count;
}

static enum sac_status list_environments(const char *name, bool json)
{
    static struct standing list[MOST_ENTRIES];
    const struct sac_env_ops *ops;
    int count = 1;
    const enum sac_status status = name ? sac_environment_find(name, &ops) : SAC_OK;
    if (status)
        return status;
    if (name)
        examine(&list[0], ops);
    else
        count = examine_all(list);
    if (json)
        print_json(list, count);
    else
        print_table(list, count);
    return SAC_OK;
}

static int run(int argc, char **argv)
{
    const char *name = NULL;
    bool json = false;
    const struct option options[] = {
        {"--json", OPTION_FLAG, NULL, &json, "print JSON"},
        {0},
    };
    const struct usage usage = {
        .command = "envs",
        .form = "[ENV|FILE.so]",
        .text = "List environments: sizes of observations and actions, step limit, the mean return that "
                "counts as\n"
                "solved, and whether they run here.\n",
        .options = options,
    };
    int words;
    const int taken = arguments_take(&usage, argc, argv, &name, 1, &words);
    if (taken != ARGUMENTS_TAKEN)
        return taken;
    const enum sac_status status = list_environments(name, json);
    return status ? say_failure("envs", status) : EXIT_DONE;
}

const struct command command_envs = {"envs", "list environments", run};
