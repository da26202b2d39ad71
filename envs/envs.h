/* The built-in environments, and what their files share. */
#ifndef ENVS_H
#define ENVS_H

#include <softac/env.h>

extern const struct sac_env_ops sac_pendulum;
extern const struct sac_env_ops sac_mountain_car_continuous;
extern const struct sac_env_ops sac_cart_pole_swing_up;
extern const struct sac_env_ops sac_continuous_acrobot;
extern const struct sac_env_ops sac_planar_quadrotor;

extern const struct sac_env_ops sac_bullet_inverted_pendulum;
extern const struct sac_env_ops sac_bullet_inverted_pendulum_swingup;
extern const struct sac_env_ops sac_bullet_inverted_double_pendulum;
extern const struct sac_env_ops sac_bullet_reacher;
extern const struct sac_env_ops sac_bullet_hopper;
extern const struct sac_env_ops sac_bullet_walker2d;
extern const struct sac_env_ops sac_bullet_half_cheetah;
extern const struct sac_env_ops sac_bullet_ant;
extern const struct sac_env_ops sac_bullet_humanoid;

const char *sac_bullet_version(void); /* of the wheel that is found without options; NULL: none */

#ifdef HAVE_MUJOCO
extern const struct sac_env_ops sac_inverted_pendulum;
extern const struct sac_env_ops sac_inverted_double_pendulum;
extern const struct sac_env_ops sac_reacher;
extern const struct sac_env_ops sac_pusher;
extern const struct sac_env_ops sac_swimmer;
extern const struct sac_env_ops sac_hopper;
extern const struct sac_env_ops sac_half_cheetah;
extern const struct sac_env_ops sac_walker2d;
extern const struct sac_env_ops sac_ant;
extern const struct sac_env_ops sac_humanoid;
extern const struct sac_env_ops sac_humanoid_standup;

const char *sac_mujoco_version(void); /* of the library at run time */

/* mjcf:FILE.xml, a model of one's own: its table, which lives until the process ends; NULL: no memory. */
const struct sac_env_ops *sac_mjcf_table(const char *name);
#endif

/* gym:ID, through Python: its table, which lives until the process ends (NULL: no memory), and how many of
 * its workers have died and were started again. */
const struct sac_env_ops *sac_gym_table(const char *name);
uint64_t sac_gym_restarts(void);

/* Write a sentence into error[SAC_ENV_ERROR_SIZE]; returns 1, what a failing function returns. */
int sac_env_fail(char *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What stands behind "name=" in an option; NULL: it is another one. */
const char *sac_env_option_value(const char *option, const char *name);

/* A table of these functions with the id `name`, the same one at every call; NULL: no memory. It lives until
 * the process ends. A name belongs to one family of functions, by what it begins with. */
const struct sac_env_ops *sac_env_named_table(const struct sac_env_ops *functions, const char *name);

#endif
