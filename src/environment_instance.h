/* One instance of an environment as the engine uses it: calls its functions, turns what they return into a
 * status and a sentence that says which environment and step, and checks what they write. Belongs to one
 * thread at a time, like the instance itself. */
#ifndef SAC_ENVIRONMENT_INSTANCE_H
#define SAC_ENVIRONMENT_INSTANCE_H

#include <stdbool.h>

#include <softac/env.h>
#include <softac/status.h>

struct sac_instance {
    const struct sac_env_ops *ops;
    struct sac_env_spec spec;
    const char *part; /* for sentences: "" in a training, else " of the evaluation" and the like */
    void *handle;     /* the environment's own; NULL: there is none */
    int32_t environments, first_environment;
    uint64_t steps; /* calls of step so far */
    bool crashed;   /* then it is never called again, not even to be destroyed */
};

/* `instance` is all zero but for ops, spec and part. Looks at the spec once more: it must be what it was. */
enum sac_status sac_instance_create(struct sac_instance *instance, const struct sac_env_create *create);
/* Takes one that was never created. Fails if destroy() crashed. */
enum sac_status sac_instance_destroy(struct sac_instance *instance);

/* As in the table. What they wrote is unchecked. */
enum sac_status sac_instance_reset(struct sac_instance *instance, int32_t count, const int32_t *which,
                                   float *observation, size_t observation_stride);
enum sac_status sac_instance_step(struct sac_instance *instance, const struct sac_env_step *step);
enum sac_status sac_instance_reset_to(struct sac_instance *instance, int32_t index, const double *position,
                                      const double *velocity, float *observation);
enum sac_status sac_instance_observe_double(struct sac_instance *instance, int32_t index,
                                            double *observation);
enum sac_status sac_instance_state_size(struct sac_instance *instance, size_t *size);
enum sac_status sac_instance_get_state(struct sac_instance *instance, int32_t index, void *state);
enum sac_status sac_instance_set_state(struct sac_instance *instance, int32_t index, const void *state);

/* SAC_ENV unless what `function` wrote for the environment with index j can be: numbers are finite, flags 0
 * or
 * 1. The sentence has environment, step, element and value. */
enum sac_status sac_instance_check_observation(const struct sac_instance *instance, int32_t j,
                                               const float *observation, const char *function);
enum sac_status sac_instance_check_reward(const struct sac_instance *instance, int32_t j, double reward);
enum sac_status sac_instance_check_flags(const struct sac_instance *instance, int32_t j, uint8_t terminated,
                                         uint8_t truncated);
/* SAC_ENV: "Pendulum-v1: environment 3, its step 12: ..." */
enum sac_status sac_instance_fail_row(const struct sac_instance *instance, int32_t j, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
