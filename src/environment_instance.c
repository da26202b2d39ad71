#include "environment_instance.h"

#include <math.h>
#include <stdio.h>

#include "environment.h"
#include "environment_call.h"
#include "error.h"

enum function { CREATE, DESTROY, RESET, STEP, RESET_TO, OBSERVE_DOUBLE, STATE_SIZE, GET_STATE, SET_STATE };

/* A call on its way to the environment: the arguments of whichever function it is. */
struct call {
    struct sac_instance *instance;
    enum function function;
    const struct sac_env_create *create;
    const struct sac_env_step *step;
    int32_t count; /* of `which` */
    const int32_t *which;
    float *observation;
    size_t observation_stride;
    const double *position, *velocity;
    double *exact;
    const void *state_in;
    void *state_out;
    size_t size;
    int result;
    char *error; /* (SAC_ENV_ERROR_SIZE) outside, so that making a call does not clear all of it */
};

static const char *function_name(enum function function)
{
    static const char *const names[] = {
        [CREATE] = "create()",         [DESTROY] = "destroy()",
        [RESET] = "reset()",           [STEP] = "step()",
        [RESET_TO] = "reset_to()",     [OBSERVE_DOUBLE] = "observe_double()",
        [STATE_SIZE] = "state_size()", [GET_STATE] = "get_state()",
        [SET_STATE] = "set_state()",
    };
    return names[function];
}

static void perform(void *argument)
{
    struct call *c = argument;
    const struct sac_env_ops *ops = c->instance->ops;
    void *handle = c->instance->handle;
    switch (c->function) {
    case CREATE:
        c->result = ops->create(c->create, &c->instance->handle, c->error);
        break;
    case DESTROY:
        ops->destroy(handle);
        break;
    case RESET:
        c->result = ops->reset(handle, c->count, c->which, c->observation, c->observation_stride, c->error);
        break;
    case STEP:
        c->result = ops->step(handle, c->step, c->error);
        break;
    case RESET_TO:
        c->result = ops->reset_to(handle, *c->which, c->position, c->velocity, c->observation, c->error);
        break;
    case OBSERVE_DOUBLE:
        c->result = ops->observe_double(handle, *c->which, c->exact, c->error);
        break;
    case STATE_SIZE:
        c->size = ops->state_size(handle);
        break;
    case GET_STATE:
        c->result = ops->get_state(handle, *c->which, c->state_out, c->error);
        break;
    case SET_STATE:
        c->result = ops->set_state(handle, *c->which, c->state_in, c->error);
        break;
    }
}

/* "Pendulum-v1, environments 4 to 7 of the evaluation" */
static void describe(const struct sac_instance *instance, char *text, size_t size)
{
    if (instance->environments == 1)
        snprintf(text, size, "%s, environment %d%s", instance->ops->id, instance->first_environment,
                 instance->part);
    else
        snprintf(text, size, "%s, environments %d to %d%s", instance->ops->id, instance->first_environment,
                 instance->first_environment + instance->environments - 1, instance->part);
}

static enum sac_status fail_crashed(struct sac_instance *instance, enum function function, int signal_number)
{
    char whose[384], where[64];
    instance->crashed = true;
    describe(instance, whose, sizeof whose);
    snprintf(where, sizeof where, "%s %s step %llu", function_name(function),
             function == STEP ? "at" : "after", (unsigned long long)instance->steps);
    return sac_environment_crashed(whose, function == CREATE ? function_name(CREATE) : where, signal_number);
}

static enum sac_status call(struct call *c)
{
    struct sac_instance *instance = c->instance;
    char whose[384], error[SAC_ENV_ERROR_SIZE];
    error[0] = '\0';
    c->error = error;
    if (instance->crashed) {
        describe(instance, whose, sizeof whose);
        return sac_fail(SAC_ENV, "%s: crashed before; it is not called again", whose);
    }
    const int signal_number = sac_environment_call(perform, c);
    if (signal_number)
        return fail_crashed(instance, c->function, signal_number);
    if (!c->result)
        return SAC_OK;
    describe(instance, whose, sizeof whose);
    return sac_fail(SAC_ENV, "%s: %s failed %s step %llu: %s", whose, function_name(c->function),
                    c->function == STEP ? "at" : "after", (unsigned long long)instance->steps,
                    sac_environment_sentence(c->error));
}

/* --- making --- */

static enum sac_status create_handle(struct sac_instance *instance, const struct sac_env_create *create)
{
    char whose[384], error[SAC_ENV_ERROR_SIZE] = "";
    struct call c = {.instance = instance, .function = CREATE, .create = create, .error = error};
    const int signal_number = sac_environment_call(perform, &c);
    if (signal_number)
        return fail_crashed(instance, CREATE, signal_number);
    describe(instance, whose, sizeof whose);
    if (c.result) {
        instance->handle = NULL; /* what failed has cleaned up after itself */
        return sac_fail(SAC_ENV, "%s: could not be made: %s", whose, sac_environment_sentence(c.error));
    }
    if (!instance->handle)
        return sac_fail(SAC_ENV,
                        "%s: create() returned 0 but left *instance NULL; it must point to the new instance, "
                        "or create() must return non-zero and a sentence",
                        whose);
    return SAC_OK;
}

enum sac_status sac_instance_create(struct sac_instance *instance, const struct sac_env_create *create)
{
    struct sac_env_spec now;
    instance->environments = create->environments;
    instance->first_environment = create->first_environment;
    enum sac_status status = create_handle(instance, create);
    if (status == SAC_OK)
        status = sac_environment_spec(instance->ops, create->options, &now);
    if (status == SAC_OK)
        status = sac_environment_same_spec(instance->ops->id, &instance->spec, &now);
    if (status != SAC_OK)
        (void)sac_instance_destroy(instance);
    return status;
}

enum sac_status sac_instance_destroy(struct sac_instance *instance)
{
    struct call c = {.instance = instance, .function = DESTROY};
    const bool there = instance->handle && !instance->crashed;
    const enum sac_status status = there ? call(&c) : SAC_OK;
    instance->handle = NULL;
    return status;
}

/* --- the rest of the table --- */

enum sac_status sac_instance_raw_reset(struct sac_instance *instance, int32_t count, const int32_t *which,
                                       float *observation, size_t observation_stride)
{
    struct call c = {.instance = instance,
                     .function = RESET,
                     .count = count,
                     .which = which,
                     .observation = observation,
                     .observation_stride = observation_stride};
    return call(&c);
}

enum sac_status sac_instance_raw_step(struct sac_instance *instance, const struct sac_env_step *step)
{
    struct call c = {.instance = instance, .function = STEP, .step = step};
    instance->steps++;
    return call(&c);
}

enum sac_status sac_instance_reset_to(struct sac_instance *instance, int32_t index, const double *position,
                                      const double *velocity, float *observation)
{
    struct call c = {.instance = instance,
                     .function = RESET_TO,
                     .which = &index,
                     .position = position,
                     .velocity = velocity,
                     .observation = observation};
    return call(&c);
}

enum sac_status sac_instance_observe_double(struct sac_instance *instance, int32_t index, double *observation)
{
    struct call c = {.instance = instance, .function = OBSERVE_DOUBLE, .which = &index, .exact = observation};
    return call(&c);
}

enum sac_status sac_instance_state_size(struct sac_instance *instance, size_t *size)
{
    struct call c = {.instance = instance, .function = STATE_SIZE};
    const enum sac_status status = call(&c);
    *size = c.size;
    return status;
}

enum sac_status sac_instance_get_state(struct sac_instance *instance, int32_t index, void *state)
{
    struct call c = {.instance = instance, .function = GET_STATE, .which = &index, .state_out = state};
    return call(&c);
}

enum sac_status sac_instance_set_state(struct sac_instance *instance, int32_t index, const void *state)
{
    struct call c = {.instance = instance, .function = SET_STATE, .which = &index, .state_in = state};
    return call(&c);
}

/* --- what they wrote: environment code may write any bits, and the replay must hold numbers --- */

static enum sac_status check_observation(const struct sac_instance *instance, int32_t j,
                                         const float *observation, const char *function)
{
    for (int32_t i = 0; i < instance->spec.observation_size; i++)
        if (!isfinite(observation[i]))
            return sac_fail(
                SAC_ENV,
                "%s: environment %d%s, its step %llu: observation[%d] is %g after %s, not a finite number",
                instance->ops->id, instance->first_environment + j, instance->part,
                (unsigned long long)instance->steps, i, (double)observation[i], function);
    return SAC_OK;
}

static enum sac_status check_flag(const struct sac_instance *instance, int32_t j, uint8_t flag,
                                  const char *name)
{
    if (flag <= 1)
        return SAC_OK;
    return sac_fail(SAC_ENV, "%s: environment %d%s, its step %llu: %s is %d; a flag is 0 or 1",
                    instance->ops->id, instance->first_environment + j, instance->part,
                    (unsigned long long)instance->steps, name, flag);
}

static enum sac_status check_step(const struct sac_instance *instance, const struct sac_env_step *step,
                                  int32_t j)
{
    if (!isfinite(step->reward[j]))
        return sac_fail(SAC_ENV, "%s: environment %d%s, its step %llu: the reward is %g, not a finite number",
                        instance->ops->id, instance->first_environment + j, instance->part,
                        (unsigned long long)instance->steps, step->reward[j]);
    enum sac_status status = check_flag(instance, j, step->terminated[j], "terminated");
    if (status == SAC_OK)
        status = check_flag(instance, j, step->truncated[j], "truncated");
    if (status == SAC_OK)
        status = check_observation(instance, j, step->observation + (size_t)j * step->observation_stride,
                                   "step()");
    return status;
}

enum sac_status sac_instance_reset(struct sac_instance *instance, int32_t count, const int32_t *which,
                                   float *observation, size_t observation_stride)
{
    enum sac_status status = sac_instance_raw_reset(instance, count, which, observation, observation_stride);
    for (int32_t i = 0; i < count && status == SAC_OK; i++)
        status = check_observation(instance, which[i], observation + (size_t)which[i] * observation_stride,
                                   "reset()");
    return status;
}

enum sac_status sac_instance_step(struct sac_instance *instance, const struct sac_env_step *step)
{
    enum sac_status status = sac_instance_raw_step(instance, step);
    for (int32_t j = 0; j < step->count && status == SAC_OK; j++)
        status = check_step(instance, step, j);
    return status;
}
