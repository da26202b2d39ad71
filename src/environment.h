/* From a name to a table of functions: built-in environments and plugin files. */
#ifndef SAC_ENVIRONMENT_H
#define SAC_ENVIRONMENT_H

#include <softac/env.h>
#include <softac/status.h>

/* A built-in environment, or one that this build was made without. */
struct sac_environment_entry {
    const char *id;
    const struct sac_env_ops *ops; /* NULL: left out of this build */
    const char *remedy;            /* how to get it; NULL where ops is there */
};

/* All names this program knows, in a fixed order; NULL after the last. */
const struct sac_environment_entry *sac_environment_entry(int index);

/* NAME is an id ("Pendulum-v1"), gym:ID, mjcf:FILE.xml, or a path that ends in .so. The table lives until the
 * process ends. An unknown id is SAC_INVALID and names the nearest; an environment that this build lacks says
 * how to get it; a file that is no plugin of this interface is SAC_IO, SAC_FORMAT or (it crashed) SAC_ENV. */
enum sac_status sac_environment_find(const char *name, const struct sac_env_ops **ops);

/* Whether a table is one: SAC_FORMAT with the first thing wrong. `whose` begins the sentence. */
enum sac_status sac_environment_table_check(const struct sac_env_ops *ops, const char *whose);

/* Workers of gym: environments that have died and were started again, in this process so far. */
uint64_t sac_environment_restarts(void);

/* Version of the MuJoCo library in use, or NULL in a build without. */
const char *sac_environment_mujoco_version(void);

/* Version of the pybullet wheel that is found without being told where, or NULL. */
const char *sac_environment_bullet_version(void);

/* spec() with the table, sizes and bounds checked, and that it tells the same twice. SAC_ENV. */
enum sac_status sac_environment_spec(const struct sac_env_ops *ops, const char *const *options,
                                     struct sac_env_spec *spec);

/* SAC_ENV where two specs of one environment are not the same. */
enum sac_status sac_environment_same_spec(const char *id, const struct sac_env_spec *before,
                                          const struct sac_env_spec *now);

/* Nearest of `names` (NULL at the end) to `word` by edit distance, or NULL if none is near. */
const char *sac_nearest_name(const char *word, const char *const *names);

#endif
