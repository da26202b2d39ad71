/* Environments: the table of functions that every environment provides, built-in or plugin.
 *
 * An environment file offers one function, sac_env_plugin(), which returns such a table. One
 * instance steps `environments` independent environments in one call and belongs to one thread:
 * two instances share nothing, so an environment keeps no global state.
 *
 * step() never resets. The observation it writes is always the one the action led to, also at the
 * end of an episode, and the caller restarts finished environments with reset(). So the true final
 * observation can not be lost, and `truncated` can not be mistaken for `terminated`.
 */
#ifndef SOFTAC_ENV_H
#define SOFTAC_ENV_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SAC_ENV_ABI        1   /* raised when a table of the old kind would be misread */
#define SAC_ENV_ERROR_SIZE 512 /* bytes behind every `error` argument */

/* What an environment is. Arrays are owned by the environment and live as long as the plugin. */
struct sac_env_spec {
    uint32_t size;            /* in: bytes the caller has room for; out: sizeof(struct sac_env_spec) */
    int32_t observation_size; /* floats per observation, >= 1 */
    int32_t action_size;      /* floats per action, >= 1 */
    int32_t step_limit;       /* the caller truncates an episode after so many steps; 0: never */
    const float *action_low;  /* (action_size) finite, environment units */
    const float *action_high; /* (action_size) finite, > action_low */
    double reward_threshold;  /* mean return that counts as solved; NaN: none is agreed on */
    int32_t position_size;    /* doubles of `position` in reset_to (MuJoCo: nq; classic: the state) */
    int32_t velocity_size;    /* doubles of `velocity` in reset_to (MuJoCo: nv; classic: 0) */
};

/* How to make an instance. */
struct sac_env_create {
    uint32_t size;
    int32_t environments;      /* how many are stepped by one call, >= 1 */
    int32_t first_environment; /* number of the first in the whole run: environment j of this instance is
                                  number first_environment + j, and its random numbers depend on seed, that
                                  number and its count of resets alone: <softac/env_random.h> has such */
    uint64_t seed;
    const char *const
        *options; /* "name=value" strings, NULL at the end; NULL: none. Unknown names are an error */
};

/* One batch of steps. Arrays are the caller's; row j belongs to environment j. Strides count floats. */
struct sac_env_step {
    uint32_t size;
    int32_t count;       /* step environments 0 .. count-1 only */
    const float *action; /* (count, action_stride) in environment units, within the bounds */
    size_t action_stride;
    float *observation; /* (count, observation_stride) out */
    size_t observation_stride;
    double *reward;      /* (count) out */
    uint8_t *terminated; /* (count) out: the task itself ended: no value beyond this point */
    uint8_t *truncated;  /* (count) out: the environment cut the episode short for reasons of its own; the
                            step limit of the spec is the caller's business */
};

/* A picture: 8-bit RGB, rows from the top, caller-owned. */
struct sac_env_image {
    uint32_t size;
    int32_t width, height;
    uint8_t *pixels; /* (height, width, 3) */
};

/* Functions return 0, or non-zero after writing a sentence into error[SAC_ENV_ERROR_SIZE].
 * What an environment lacks is a null pointer (allowed for all below `destroy`). */
struct sac_env_ops {
    uint32_t abi;   /* SAC_ENV_ABI */
    uint32_t size;  /* sizeof(struct sac_env_ops) */
    const char *id; /* "Pendulum-v1" */

    /* Fill `spec`. Called before create, from any thread; may read files named by `options`. */
    int (*spec)(const char *const *options, struct sac_env_spec *spec, char *error);
    int (*create)(const struct sac_env_create *create, void **instance, char *error);
    /* Start a new episode in the environments listed in which[0 .. count-1]; the first observation of
     * environment j goes to observation + j * observation_stride. */
    int (*reset)(void *instance, int32_t count, const int32_t *which, float *observation,
                 size_t observation_stride, char *error);
    int (*step)(void *instance, const struct sac_env_step *step, char *error);
    void (*destroy)(void *instance); /* takes NULL */

    /* Start an episode at a given physical state (environment `index`), everything else as after reset. */
    int (*reset_to)(void *instance, int32_t index, const double *position, const double *velocity,
                    float *observation, char *error);
    /* Everything environment `index` needs to go on exactly from here, as opaque bytes. */
    size_t (*state_size)(void *instance);
    int (*get_state)(void *instance, int32_t index, void *state, char *error);
    int (*set_state)(void *instance, int32_t index, const void *state, char *error);
    int (*render)(void *instance, int32_t index, struct sac_env_image *image, char *error);
    /* As `observation` of the last reset/step of environment `index` but in double precision, where the
     * simulation has more to tell than float: conformance checks print it. */
    int (*observe_double)(void *instance, int32_t index, double *observation, char *error);
};

/* The one symbol a plugin exports. Returns NULL if it can not serve this ABI version. */
const struct sac_env_ops *sac_env_plugin(uint32_t abi);

#ifdef __cplusplus
}
#endif
#endif
