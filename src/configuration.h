/* Configuration: where settings come from, and which source wins.
 *
 * A source is the environment's preset, one of the user's own, a --config file or the command line. Files are
 * YAML, flat but for sections:
 *   batch_size: 128            common part
 *   sac_v1: {reward_scale: 5}  for that algorithm only
 *   profiles: {wall_clock: {batch_size: 1024}}   for profile=wall_clock only
 *   env: {frame_skip: 2}       options of the environment
 *   threads: [...]             what softac tune has measured (tuned.h)
 *   environment: Pendulum-v1   what it is for
 *   gym_module: my_tasks       how a gym: environment is made, as gym_kwargs
 * default < preset's common part < its algorithm's section < its profile < own preset (the same) < --config
 * (the same) < command line. */
#ifndef SAC_CONFIGURATION_H
#define SAC_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>

#include <softac/settings.h>

#include "tuned.h"

struct sac_config;

/* An empty source; `name` stands before its error sentences (NULL: nothing does). NULL: no memory. */
struct sac_config *sac_config_create(const char *name);
void sac_config_destroy(struct sac_config *config); /* takes NULL */

/* Read a YAML file, or text that came from one named `name`. Every key and value is checked: SAC_INVALID
 * names file, line, key, what was expected and the nearest valid name; SAC_FORMAT the line where it stops
 * being YAML of the form that settings have. */
enum sac_status sac_config_read(const char *path, struct sac_config **config);
enum sac_status sac_config_parse(const char *name, const char *text, size_t size, struct sac_config **config);

/* Add one setting, or one in the form "key=value", to the common part; "env.NAME=VALUE" is an option of the
 * environment. Checked as above; a key that is there already is refused. */
enum sac_status sac_config_add(struct sac_config *config, const char *key, const char *value);
enum sac_status sac_config_add_argument(struct sac_config *config, const char *argument);

/* SAC_INVALID if the source names another environment than `id`. NULL names none. */
enum sac_status sac_config_check_environment(const struct sac_config *config, const char *id);

/* Call `visit` for each key of the common part and of the algorithm's section. */
void sac_config_each(const struct sac_config *config, enum sac_algorithm algorithm,
                     void (*visit)(void *context, const char *key), void *context);

/* Why the algorithm is what it is. */
enum sac_algorithm_reason {
    SAC_ALGORITHM_GIVEN,      /* a key said so */
    SAC_ALGORITHM_BY_PRESET,  /* sac_v1: the preset has a reward_scale for it */
    SAC_ALGORITHM_BY_DEFAULT, /* sac_v2: there is no such reward_scale */
};

enum sac_source { SAC_SOURCE_PRESET, SAC_SOURCE_OWN_PRESET, SAC_SOURCE_FILE, SAC_SOURCE_LINE, SAC_SOURCES };

/* Later ones win; each may be NULL. */
struct sac_config_sources {
    const struct sac_config *of[SAC_SOURCES];
};

/* Settings from all sources; checked. A profile that none has is refused with the names of those there are.
 */
enum sac_status sac_config_resolve(const struct sac_config_sources *sources, struct sac_settings *settings,
                                   enum sac_algorithm_reason *reason);

/* How a gym: environment is made, as the last source that says so has it; NULL: none does. The source's. */
const char *sac_config_gym_module(const struct sac_config_sources *sources);
const char *sac_config_gym_kwargs(const struct sac_config_sources *sources);

/* The profile that the sources ask for, or NULL. */
const char *sac_config_profile(const struct sac_config_sources *sources);
bool sac_config_has_profile(const struct sac_config *config, const char *name); /* config may be NULL */

/* Call `visit` for each option of the environment with the value that wins; stops where that fails. Only the
 * environment knows which names and values are right. */
enum sac_status sac_config_each_option(const struct sac_config_sources *sources,
                                       enum sac_status (*visit)(void *context, const char *name,
                                                                const char *value),
                                       void *context);

/* The measurements of a file, in its order; returns how many. */
int sac_config_tuned(const struct sac_config *config, const struct sac_tuned **tuned);
/* Is there more than measurements in it? */
bool sac_config_has_settings(const struct sac_config *config);

#endif
