/* One env thread: steps its environments with the newest policy and writes what happens into its shard. */
#ifndef SAC_ENV_THREAD_H
#define SAC_ENV_THREAD_H

#include <softac/env.h>

#include "counters.h"
#include "first_error.h"
#include "governor.h"
#include "policy_network.h"
#include "snapshot.h"

struct sac_env_thread;

/* What all env threads of a run share; constant while they run, but for the objects behind the pointers. */
struct sac_env_context {
    const struct sac_settings *settings;
    const struct sac_env_ops *ops;
    const char *const *options;
    const struct sac_env_spec *spec;
    const struct sac_policy_network *policy;
    struct sac_replay *replay;
    struct sac_governor *governor;
    struct sac_snapshots *snapshots;
    struct sac_first_error *error;
};

/* Allocates everything and makes the environments of shard `number`. */
enum sac_status sac_env_thread_create(const struct sac_env_context *context, int number,
                                      struct sac_env_thread **env_thread);
void sac_env_thread_destroy(struct sac_env_thread *env_thread); /* takes NULL */

/* The thread's loop, until the run is over for it. A failure is kept in context->error and stops the run. */
void sac_env_thread_run(struct sac_env_thread *env_thread);

struct sac_env_counters *sac_env_thread_counters(struct sac_env_thread *env_thread);

/* A copy of the whole state, at a safe point only: environments, stream positions, episodes under way.
 * SAC_ENV where the environment offers no get_state. */
size_t sac_env_thread_state_size(struct sac_env_thread *env_thread);
enum sac_status sac_env_thread_save(struct sac_env_thread *env_thread, void *state);

#endif
