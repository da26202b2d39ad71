/* A made-up tree of /proc and /sys, for what takes a root before its paths. */
#ifndef SAC_FAKE_ROOT_H
#define SAC_FAKE_ROOT_H

/* The folder that stands for "/"; valid between make and remove, which fit Check's fixtures. */
extern char fake_root[];

void fake_root_make(void);
void fake_root_remove(void);

/* A file under the root, with the folders it needs. */
void fake_root_put(const char *path, const char *text);

#endif
