/* Where the presets are: $SOFTAC_PRESET_DIR, else presets/ beside the running program (build tree), else the
 * installed ones. */
#ifndef SAC_PRESET_H
#define SAC_PRESET_H

#include <softac/status.h>

/* Path of the environment's preset in *path (malloc'ed), NULL if there is none. SAC_IO if
 * $SOFTAC_PRESET_DIR is not a directory; SAC_NOMEM. */
enum sac_status sac_preset_find(const char *environment, char **path);

/* Where the user's own preset for it is or would be: softac/presets/ENV.yaml in $XDG_CONFIG_HOME, else in
 * ~/.config. *path (malloc'ed) is NULL if there is no such place. SAC_NOMEM. */
enum sac_status sac_preset_own(const char *environment, char **path);

#endif
