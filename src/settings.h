/* The inside of <softac/settings.h>: settings as text. One table (settings.c) drives everything here. */
#ifndef SAC_SETTINGS_H
#define SAC_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include <softac/settings.h>

/* Set one key from its text ("batch_size", "128"). SAC_INVALID names key, value, what was expected and the
 * nearest valid name, and leaves *settings as it was. A key that sets several fields (learning_rate;
 * log_std_mapping, which brings its bounds along) overwrites what was set before. */
enum sac_status sac_settings_set(struct sac_settings *settings, const char *key, const char *value);

/* Does the key set several fields? Such keys come before the others of the same file or command line. */
bool sac_settings_sets_several(const char *key);

/* sac_settings_check, and the key that its sentence starts with. */
enum sac_status sac_settings_check_keys(const struct sac_settings *settings, const char **key);

/* May a section of a preset be called so? */
bool sac_settings_is_profile(const char *name);

/* SAC_INVALID names the nearest key. */
enum sac_status sac_settings_find(const char *key);

/* Why the key has no effect beside the others ("sac_v1 has no temperature"), or NULL if it has. */
const char *sac_settings_idle(const struct sac_settings *settings, const char *key);

/* All settings, as they are, as "key: value" lines. malloc'ed; NULL: no memory. */
char *sac_settings_yaml(const struct sac_settings *settings);

/* The table for people: key, values, default, meaning. malloc'ed; NULL: no memory. */
char *sac_settings_help(void);

/* A setting's present value as text, as sac_settings_set takes it. False: no such key, or one without a value
 * of its own. */
bool sac_settings_text(const struct sac_settings *settings, const char *key, char *text, size_t size);

/* Copy of `text` fit for a sentence: cut after 60 bytes, anything but printable ASCII as '?'. */
#define SAC_PRINTABLE_SIZE 64
const char *sac_printable(char copy[SAC_PRINTABLE_SIZE], const char *text);

#endif
