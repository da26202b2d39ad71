/* Finding the unpacked wheel of pybullet, and loading its library without Python. */
#ifndef BULLET_LIBRARY_H
#define BULLET_LIBRARY_H

#include "bullet_api.h"

enum { BULLET_PATH_SIZE = 4096 };

struct bullet_library {
    struct bullet_api api;
    char folder[BULLET_PATH_SIZE]; /* of the unpacked wheel: pybullet_data/ is in it */
};

/* Load the library. The folder is, first of: option model_dir, the variable SOFTAC_BULLET_DIR, where
 * `make install` put it, where configure found it. It stays loaded until the process ends. */
int bullet_library_load(struct bullet_library *library, const char *const *options, char *error);

/* Refuse any option that is not model_dir=DIR. */
int bullet_library_check_options(const char *const *options, char *error);

#endif
