/* softac envs: the environments there are, and whether they run here. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "../environment.h"
#include "../environment_call.h"
#include "../environment_check.h"
#include "../environment_instance.h"
#include "../error.h"
#include "command.h"
#include "sources.h"

/* One environment as it stands here. */
struct standing {
    const char *id;
    bool known; /* spec is filled */
    struct sac_env_spec spec;
    char reason[1024]; /* why it does not run; "": it does */
};

/* Whether an instance can be made tells whether libraries and model files are there. */
static enum sac_status examine(struct standing *s, const struct sac_env_ops *ops, const char *const *options)
{
    struct sac_instance instance = {.ops = ops, .part = ""};
    const struct sac_env_create create = {.size = sizeof create, .environments = 1, .options = options};
    *s = (struct standing){.id = ops->id};
    enum sac_status status = sac_environment_spec(ops, options, &instance.spec);
    if (!status) {
        s->known = true;
        s->spec = instance.spec;
        status = sac_instance_create(&instance, &create);
        if (!status)
            status = sac_instance_destroy(&instance);
    }
    if (status)
        snprintf(s->reason, sizeof s->reason, "%s", sac_last_error());
    return status;
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
    printf("%-36s %5d %5d  %-16s %6s %9s  %s%s\n", s->id, s->spec.observation_size, s->spec.action_size,
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
    printf("%-36s %5s %5s  %-16s %6s %9s  %s\n", "environment", "obs", "act", "action bounds", "limit",
           "solved", "runs here");
    for (int i = 0; i < count; i++)
        print_row(&list[i]);
}

enum { MOST_ENTRIES = 64 };

/* All that are built in, or would be in another build. Options are for those that know them. */
static int examine_all(struct standing *list, const char *const *options)
{
    int count = 0;
    struct sac_env_spec spec;
    const struct sac_environment_entry *entry;
    for (; count < MOST_ENTRIES && (entry = sac_environment_entry(count)); count++)
        if (entry->ops) {
            const bool known = !sac_environment_spec(entry->ops, options, &spec);
            (void)examine(&list[count], entry->ops, known ? options : NULL);
        } else {
            list[count] = (struct standing){.id = entry->id};
            snprintf(list[count].reason, sizeof list->reason, "%s", entry->remedy);
        }
    return count;
}

/* That a named one could not even tell its spec is a failure; that it does not run here is an answer. */
static enum sac_status list_environments(const char *name, const char *const *options, bool json)
{
    static struct standing list[MOST_ENTRIES];
    const struct sac_env_ops *ops;
    int count = 1;
    enum sac_status status = name ? sac_environment_find(name, &ops) : SAC_OK;
    if (!status && name)
        status = examine(&list[0], ops, options);
    else if (!status)
        count = examine_all(list, options);
    if (status && !list[0].known)
        return status;
    if (json)
        print_json(list, count);
    else
        print_table(list, count);
    return SAC_OK;
}

/* --- --check --- */

/* What --check has found so far. */
struct findings {
    bool json;
    json_t *checks; /* array, for --json */
    int count[3];   /* by enum sac_check_result */
};

static void see_check(void *context, const struct sac_check *check)
{
    static const char *const results[] = {
        [SAC_CHECK_PASSED] = "pass", [SAC_CHECK_FAILED] = "FAIL", [SAC_CHECK_SKIPPED] = "skip"};
    static const char *const json_results[] = {
        [SAC_CHECK_PASSED] = "passed", [SAC_CHECK_FAILED] = "failed", [SAC_CHECK_SKIPPED] = "skipped"};
    struct findings *findings = context;
    findings->count[check->result]++;
    if (findings->json) {
        json_array_append_new(findings->checks,
                              json_pack("{s:s, s:s, s:s}", "name", check->name, "result",
                                        json_results[check->result], "sentence", check->sentence));
        return;
    }
    printf("%s  %-15s %s\n", results[check->result], check->name, check->sentence);
    fflush(stdout); /* the next one may take long, or be the last */
}

static void print_findings(const struct findings *findings, const char *id)
{
    const int *count = findings->count;
    if (findings->json) {
        json_t *object = json_pack("{s:s, s:b, s:O}", "environment", id, "passed",
                                   count[SAC_CHECK_FAILED] == 0, "checks", findings->checks);
        json_dumpf(object, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(object);
    } else {
        printf("%s: %d passed, %d failed, %d skipped\n", id, count[SAC_CHECK_PASSED], count[SAC_CHECK_FAILED],
               count[SAC_CHECK_SKIPPED]);
    }
}

/* Whether NAME can be loaded is the first check; that there is no such name is wrong usage. */
static int check_environment(const char *name, const char *const *options, int timeout, bool json)
{
    const struct sac_env_ops *ops = NULL;
    const enum sac_status status = sac_environment_find(name, &ops);
    if (status == SAC_INVALID)
        return say_failure("envs", status);
    struct findings findings = {.json = json, .checks = json_array()};
    const struct sac_check load = {"load", status ? SAC_CHECK_FAILED : SAC_CHECK_PASSED,
                                   status ? sac_last_error() : "its table fits the interface"};
    see_check(&findings, &load);
    if (!status)
        sac_environment_check(ops, options, timeout ? (uint32_t)timeout : UINT32_MAX, see_check, &findings);
    print_findings(&findings, status ? name : ops->id);
    json_decref(findings.checks);
    return findings.count[SAC_CHECK_FAILED] ? EXIT_FAILED : EXIT_DONE;
}

static int run(int argc, char **argv)
{
    const char *words[MOST_WORDS] = {NULL}, *name; /* ENV, then env.NAME=VALUE */
    struct env_words making = {NULL, NULL, NULL};
    bool json = false, check = false;
    int env_timeout = SAC_CALL_PATIENCE;
    const struct option options[] = {
        {"--check", OPTION_FLAG, NULL, &check, "try whether ENV keeps the promises of <softac/env.h>"},
        {"--json", OPTION_FLAG, NULL, &json, "print JSON"},
        ENV_OPTIONS(making),
        {"--env-timeout", OPTION_SECONDS, "S", &env_timeout, ENV_TIMEOUT_HELP},
        {0},
    };
    const struct usage usage = {
        .command = "envs",
        .form = "[ENV|FILE.so|gym:ID|mjcf:FILE.xml [env.NAME=VALUE ...]]",
        .text =
            "List environments: sizes of observations and actions, step limit, the mean return that counts "
            "as\n"
            "solved, and whether they run here. With --check, play in one of them and tell of each promise\n"
            "whether it is kept: a line that begins with pass, FAIL or skip, and exit status 1 if one "
            "failed.\n",
        .options = options,
    };
    int count;
    int taken = arguments_take(&usage, argc, argv, words, MOST_WORDS, &count);
    if (taken == ARGUMENTS_TAKEN)
        taken = arguments_check_env_words("envs", words + 1, count - 1);
    if (taken != ARGUMENTS_TAKEN)
        return taken;
    name = words[0];
    if (check && !name)
        return say_usage("envs", "--check: expected an environment or a plugin FILE.so");
    watchdog_start("envs", env_timeout);
    static struct env_options env_options; /* a check that hangs leaves a thread behind that may read them */
    enum sac_status status = env_options_make(&env_options, name, &making);
    if (!status && count > 1)
        status = options_add_words(&env_options, name, NULL, words + 1, count - 1);
    if (!status && check)
        return check_environment(name, env_options.list, env_timeout, json);
    if (!status)
        status = list_environments(name, env_options.list, json);
    env_options_free(&env_options);
    return status ? say_failure("envs", status) : EXIT_DONE;
}

const struct command command_envs = {"envs", "list and check environments", run};
