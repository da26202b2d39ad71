/* Whether an environment's table and spec are what they should be. */
#include <math.h>

#include "environment.h"
#include "error.h"

/* The first thing wrong with a table, or NULL. */
const char *sac_environment_table_fault(const struct sac_env_ops *ops)
{
    if (!ops->abi || !ops->size)
        return "its abi or size is 0; set them to SAC_ENV_ABI and sizeof(struct sac_env_ops)";
    if (ops->abi != SAC_ENV_ABI)
        return "its table says another interface version; build it again with this <softac/env.h>";
    if (ops->size < sizeof *ops)
        return "its table is shorter than this program's; build it again with this <softac/env.h>";
    if (!ops->id)
        return "its table has no id";
    if (!ops->spec || !ops->create || !ops->reset || !ops->step || !ops->destroy)
        return "its table lacks one of spec, create, reset, step, destroy";
    return NULL;
}

static enum sac_status check_bounds(const char *id, const struct sac_env_spec *spec)
{
    if (!spec->action_low || !spec->action_high)
        return sac_fail(SAC_ENV, "%s gives no action bounds; SAC needs finite ones", id);
    for (int i = 0; i < spec->action_size; i++) {
        const double low = (double)spec->action_low[i], high = (double)spec->action_high[i];
        if (!isfinite(low) || !isfinite(high) || low >= high)
            return sac_fail(SAC_ENV,
                            "%s: action %d has bounds [%g, %g]; finite ones with low < high are needed", id,
                            i, low, high);
    }
    return SAC_OK;
}

enum sac_status sac_environment_spec(const struct sac_env_ops *ops, const char *const *options,
                                     struct sac_env_spec *spec)
{
    char error[SAC_ENV_ERROR_SIZE] = "it gives no reason";
    const char *fault = sac_environment_table_fault(ops);
    if (fault)
        return sac_fail(SAC_ENV, "the environment does not fit interface version %d: %s", SAC_ENV_ABI, fault);
    *spec = (struct sac_env_spec){.size = sizeof *spec};
    if (ops->spec(options, spec, error))
        return sac_fail(SAC_ENV, "%s: %s", ops->id, error);
    if (spec->size < sizeof *spec)
        return sac_fail(SAC_ENV, "%s fills a spec of %u bytes, this program reads %zu; build it again",
                        ops->id, spec->size, sizeof *spec);
    if (spec->observation_size < 1 || spec->action_size < 1)
        return sac_fail(SAC_ENV, "%s: %d observations and %d actions; at least one of each is needed",
                        ops->id, spec->observation_size, spec->action_size);
    if (spec->step_limit < 0 || spec->position_size < 0 || spec->velocity_size < 0)
        return sac_fail(SAC_ENV, "%s: a negative step limit or state size (%d, %d, %d)", ops->id,
                        spec->step_limit, spec->position_size, spec->velocity_size);
    return check_bounds(ops->id, spec);
}
