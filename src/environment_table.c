/* Whether an environment's table and spec are what they should be. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "environment.h"
#include "environment_call.h"
#include "error.h"

enum { MOST_OBSERVATIONS = 1 << 20, MOST_ACTIONS = 1 << 16, LONGEST_ID = 128 };

static enum sac_status check_id(const char *id, const char *whose)
{
    if (!id)
        return sac_fail(SAC_FORMAT, "%s: its table's id is NULL; name it, such as \"Spring-v0\"", whose);
    const size_t length = strnlen(id, LONGEST_ID + 1);
    if (length < 1 || length > LONGEST_ID)
        return sac_fail(SAC_FORMAT, "%s: its table's id has %s characters; 1 to %d are allowed", whose,
                        length ? "too many" : "no", LONGEST_ID);
    for (const char *c = id; *c; c++)
        if (*c <= ' ' || *c > '~')
            return sac_fail(
                SAC_FORMAT,
                "%s: character %d of its table's id has code %d; printable ASCII without spaces is "
                "allowed",
                whose, (int)(c - id), (unsigned char)*c);
    return SAC_OK;
}

/* What must be there, and what is only useful together. */
static const char *absent_function(const struct sac_env_ops *ops)
{
    const struct {
        const char *name;
        bool absent;
    } functions[] = {
        {"spec", !ops->spec}, {"create", !ops->create},   {"reset", !ops->reset},
        {"step", !ops->step}, {"destroy", !ops->destroy},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (functions[i].absent)
            return functions[i].name;
    const bool any = ops->state_size || ops->get_state || ops->set_state;
    if (!any)
        return NULL;
    return !ops->state_size  ? "state_size"
           : !ops->get_state ? "get_state"
           : !ops->set_state ? "set_state"
                             : NULL;
}

enum sac_status sac_environment_table_check(const struct sac_env_ops *ops, const char *whose)
{
    if (!ops->abi || !ops->size)
        return sac_fail(SAC_FORMAT,
                        "%s: its abi or size is 0; set them to SAC_ENV_ABI and sizeof(struct sac_env_ops)",
                        whose);
    if (ops->abi != SAC_ENV_ABI)
        return sac_fail(SAC_FORMAT,
                        "%s: its table says interface version %u, this program serves version %d; set .abi = "
                        "SAC_ENV_ABI and build it again with this <softac/env.h>",
                        whose, ops->abi, SAC_ENV_ABI);
    if (ops->size < sizeof *ops)
        return sac_fail(
            SAC_FORMAT,
            "%s: its table says a size of %u bytes, this program's has %zu; set .size = sizeof(struct "
            "sac_env_ops) and build it again with this <softac/env.h>",
            whose, ops->size, sizeof *ops);
    const enum sac_status status = check_id(ops->id, whose);
    if (status != SAC_OK)
        return status;
    const char *absent = absent_function(ops);
    if (absent)
        return sac_fail(
            SAC_FORMAT,
            "%s: its table lacks %s(); spec, create, reset, step and destroy must be there, and of "
            "state_size, get_state and set_state all or none",
            whose, absent);
    return SAC_OK;
}

static enum sac_status check_bounds(const char *id, const struct sac_env_spec *spec)
{
    if (!spec->action_low || !spec->action_high)
        return sac_fail(SAC_ENV, "%s gives no action bounds (%s is NULL); SAC needs finite ones", id,
                        spec->action_low ? "action_high" : "action_low");
    for (int i = 0; i < spec->action_size; i++) {
        const double low = (double)spec->action_low[i], high = (double)spec->action_high[i];
        if (!isfinite(low) || !isfinite(high) || low >= high || !isfinite((float)(high - low)))
            return sac_fail(SAC_ENV,
                            "%s: action %d has bounds [%g, %g]; finite ones with low < high are needed", id,
                            i, low, high);
    }
    return SAC_OK;
}

static enum sac_status check_sizes(const char *id, const struct sac_env_spec *spec)
{
    if (spec->size < sizeof *spec)
        return sac_fail(SAC_ENV,
                        "%s fills a spec of %u bytes, this program reads %zu; set .size = sizeof(struct "
                        "sac_env_spec) and build it again with this <softac/env.h>",
                        id, spec->size, sizeof *spec);
    if (spec->observation_size < 1 || spec->action_size < 1)
        return sac_fail(SAC_ENV, "%s: %d observations and %d actions; at least one of each is needed", id,
                        spec->observation_size, spec->action_size);
    if (spec->observation_size > MOST_OBSERVATIONS || spec->action_size > MOST_ACTIONS)
        return sac_fail(SAC_ENV, "%s: %d observations and %d actions; at most %d and %d are possible", id,
                        spec->observation_size, spec->action_size, MOST_OBSERVATIONS, MOST_ACTIONS);
    if (spec->step_limit < 0 || spec->position_size < 0 || spec->velocity_size < 0)
        return sac_fail(SAC_ENV, "%s: a negative step limit or state size (%d, %d, %d)", id, spec->step_limit,
                        spec->position_size, spec->velocity_size);
    if (isinf(spec->reward_threshold))
        return sac_fail(SAC_ENV,
                        "%s: reward_threshold is %g; a number is needed, or NaN where none is agreed on", id,
                        spec->reward_threshold);
    return SAC_OK;
}

/* A call of spec(), and reading the arrays it points to: both can crash. */
struct asking {
    const struct sac_env_ops *ops;
    const char *const *options;
    struct sac_env_spec spec;
    int result;
    enum sac_status status;
    char error[SAC_ENV_ERROR_SIZE];
};

static void ask(void *argument)
{
    struct asking *a = argument;
    a->spec = (struct sac_env_spec){.size = sizeof a->spec};
    a->result = a->ops->spec(a->options, &a->spec, a->error);
}

static void read_bounds(void *argument)
{
    struct asking *a = argument;
    a->status = check_bounds(a->ops->id, &a->spec);
}

static enum sac_status ask_once(const struct sac_env_ops *ops, const char *const *options,
                                struct sac_env_spec *spec)
{
    struct asking a = {.ops = ops, .options = options};
    const struct sac_call_place place = {.whose = ops->id, .function = "spec()"};
    int signal_number = sac_environment_call(&place, ask, &a);
    if (signal_number)
        return sac_environment_crashed(&place, signal_number);
    if (a.result)
        return sac_fail(SAC_ENV, "%s: spec() failed: %s", ops->id, sac_environment_sentence(a.error));
    const enum sac_status status = check_sizes(ops->id, &a.spec);
    if (status != SAC_OK)
        return status;
    signal_number = sac_environment_call(&place, read_bounds, &a);
    if (signal_number)
        return sac_fail(SAC_ENV, "%s: action_low or action_high of its spec do not point to %d floats",
                        ops->id, a.spec.action_size);
    *spec = a.spec;
    return a.status;
}

static enum sac_status fail_changed(const char *id, const char *what, double before, double now)
{
    return sac_fail(
        SAC_ENV, "%s: spec() told %s %.9g before and %.9g now; it must tell the same each time it is called",
        id, what, before, now);
}

enum sac_status sac_environment_same_spec(const char *id, const struct sac_env_spec *before,
                                          const struct sac_env_spec *now)
{
    const struct {
        const char *name;
        int32_t before, now;
    } sizes[] = {
        {"observation_size", before->observation_size, now->observation_size},
        {"action_size", before->action_size, now->action_size},
        {"step_limit", before->step_limit, now->step_limit},
        {"position_size", before->position_size, now->position_size},
        {"velocity_size", before->velocity_size, now->velocity_size},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i].before != sizes[i].now)
            return fail_changed(id, sizes[i].name, sizes[i].before, sizes[i].now);
    for (int32_t i = 0; i < now->action_size; i++) {
        if (before->action_low[i] != now->action_low[i])
            return fail_changed(id, "an action_low of", (double)before->action_low[i],
                                (double)now->action_low[i]);
        if (before->action_high[i] != now->action_high[i])
            return fail_changed(id, "an action_high of", (double)before->action_high[i],
                                (double)now->action_high[i]);
    }
    return SAC_OK;
}

enum sac_status sac_environment_spec(const struct sac_env_ops *ops, const char *const *options,
                                     struct sac_env_spec *spec)
{
    struct sac_env_spec again;
    if (sac_environment_table_check(ops, ops->id ? ops->id : "the environment"))
        return SAC_ENV;
    enum sac_status status = ask_once(ops, options, spec);
    if (status == SAC_OK)
        status = ask_once(ops, options, &again);
    return status == SAC_OK ? sac_environment_same_spec(ops->id, spec, &again) : status;
}
