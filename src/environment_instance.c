#include "environment_instance.h"

#include <math.h>
#include <stdarg.h>
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

static struct sac_call_place place_of(const struct sac_instance *instance, enum function function)
{
    return (struct sac_call_place){.whose = instance->ops->id,
                                   .function = function_name(function),
                                   .when = function == CREATE ? NULL
                                           : function == STEP ? "at"
                                                              : "after",
                                   .steps = instance->steps,
                                   .part = instance->part,
                                   .first_environment = instance->first_environment,
                                   .environments = instance->environments};
}

static enum sac_status fail_call(const struct sac_call_place *place, char *error)
{
    char whose[SAC_CALL_WORDS], when[SAC_CALL_WORDS];
    return sac_fail(SAC_ENV, "%s: %s failed%s: %s", sac_call_whose(place, whose), place->function,
                    sac_call_when(place, when), sac_environment_sentence(error));
}

static enum sac_status call(struct call *c)
{
    struct sac_instance *instance = c->instance;
    const struct sac_call_place place = place_of(instance, c->function);
    char whose[SAC_CALL_WORDS], error[SAC_ENV_ERROR_SIZE];
    error[0] = '\0';
    c->error = error;
    if (instance->crashed)
        return sac_fail(SAC_ENV, "%s: crashed before; it is not called again", sac_call_whose(&place, whose));
    const int signal_number = sac_environment_call(&place, perform, c);
    instance->crashed = signal_number != 0;
    if (signal_number)
        return sac_environment_crashed(&place, signal_number);
    return c->result ? fail_call(&place, error) : SAC_OK;
}

/* --- making --- */

static enum sac_status create_handle(struct sac_instance *instance, const struct sac_env_create *create)
{
    struct call c = {.instance = instance, .function = CREATE, .create = create};
    const struct sac_call_place place = place_of(instance, CREATE);
    char whose[SAC_CALL_WORDS];
    const enum sac_status status = call(&c);
    if (status != SAC_OK) {
        instance->handle = NULL; /* what failed has cleaned up after itself */
        return status;
    }
    if (!instance->handle)
        return sac_fail(SAC_ENV,
                        "%s: create() returned 0 but left *instance NULL; it must point to the new instance, "
                        "or create() must return non-zero and a sentence",
                        sac_call_whose(&place, whose));
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

enum sac_status sac_instance_reset(struct sac_instance *instance, int32_t count, const int32_t *which,
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

enum sac_status sac_instance_step(struct sac_instance *instance, const struct sac_env_step *step)
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

enum sac_status sac_instance_fail_row(const struct sac_instance *instance, int32_t j, const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return sac_fail(SAC_ENV, "%s: environment %d%s, its step %llu: %s", instance->ops->id,
                    instance->first_environment + j, instance->part, (unsigned long long)instance->steps,
                    what);
}

enum sac_status sac_instance_check_observation(const struct sac_instance *instance, int32_t j,
                                               const float *observation, const char *function)
{
    for (int32_t i = 0; i < instance->spec.observation_size; i++)
        if (!isfinite(observation[i]))
            return sac_instance_fail_row(instance, j, "observation[%d] is %g after %s, not a finite number",
                                         i, (double)observation[i], function);
    return SAC_OK;
}

/* In the replay it is a float. */
enum sac_status sac_instance_check_reward(const struct sac_instance *instance, int32_t j, double reward)
{
    return isfinite((float)reward)
               ? SAC_OK
               : sac_instance_fail_row(instance, j, "the reward is %g, not a finite number (of 32 bits)",
                                       reward);
}

static enum sac_status check_flag(const struct sac_instance *instance, int32_t j, uint8_t flag,
                                  const char *name)
{
    return flag <= 1 ? SAC_OK : sac_instance_fail_row(instance, j, "%s is %d; a flag is 0 or 1", name, flag);
}

enum sac_status sac_instance_check_flags(const struct sac_instance *instance, int32_t j, uint8_t terminated,
                                         uint8_t truncated)
{
    const enum sac_status status = check_flag(instance, j, terminated, "terminated");
    return status == SAC_OK ? check_flag(instance, j, truncated, "truncated") : status;
}
