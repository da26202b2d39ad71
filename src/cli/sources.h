/* Where a run's settings come from, for the commands that train. */
#ifndef SAC_SOURCES_H
#define SAC_SOURCES_H

#include <softac/env.h>

#include "../configuration.h"
#include "command.h"

struct sources {
    const char *environment; /* its id */
    char *preset_path;       /* NULL: none */
    char *own_path;          /* NULL: the user has none of that name */
    struct sac_config *config[SAC_SOURCES];
    struct sac_settings settings;
    enum sac_algorithm_reason reason;
};

/* What stands on the command line. */
struct source_words {
    const char *config, *seed, *steps; /* NULL: not given */
    const char *const *settings;       /* (count) key=value */
    int count;
};

/* Read, check and put together all of them. Free `sources` whatever it returned. */
enum sac_status sources_read(struct sources *sources, const char *environment,
                             const struct source_words *words);
void sources_free(struct sources *sources);

/* Add what they say of the environment, or nothing. */
enum sac_status sources_add_options(const struct sources *sources, struct env_options *options);
/* The same as the section "env" of a file, and of `words` what belongs into one; "" if there is nothing.
 * malloc'ed; NULL: no memory. */
char *sources_options_yaml(const struct sources *sources, const struct env_words *words);
/* The same for commands that do not train: (count) words env.NAME=VALUE, over what stands in the config.yaml
 * of a run in that environment (a policy there; NULL: no run). */
enum sac_status options_add_words(struct env_options *options, const char *environment, const char *run,
                                  const char *const *words, int count);

struct sac_config_sources sources_of(const struct sources *sources);

/* What the command line has not said of how a gym: environment is made, from the files. The words stay
 * theirs.
 */
void sources_fill(const struct sources *sources, struct env_words *words);

/* The algorithm and why, the presets, and what has no effect, as lines of `command`. */
void sources_tell(const char *command, const struct sources *sources);

/* What softac tune has measured for these settings on this machine, or NULL. */
const struct sac_tuned *sources_tuned(const struct sources *sources);

#endif
