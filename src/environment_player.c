#include "environment_player.h"

#include <softac/env_random.h>

#include <stdlib.h>
#include <string.h>

#include "error.h"

enum { MARGIN = 1024, MORE_ACTION = 3, MORE_OBSERVATION = 5 }; /* elements around all rows, and behind each */

/* Bits that no environment writes by chance. As numbers they are NaN: who reads them shows. */
static const uint32_t MARK_FLOAT = 0x7fe5a5a5u;
static const uint64_t MARK_DOUBLE = 0x7ffca5a5a5a5a5a5u;
static const uint8_t MARK_FLAG = 0xa5;

static void mark_floats(float *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memcpy(&to[i], &MARK_FLOAT, sizeof MARK_FLOAT);
}

static bool is_marked_float(const float *x)
{
    return memcmp(x, &MARK_FLOAT, sizeof MARK_FLOAT) == 0;
}

static bool is_marked_double(const double *x)
{
    return memcmp(x, &MARK_DOUBLE, sizeof MARK_DOUBLE) == 0;
}

/* --- making --- */

static void *take(struct sac_player *p, int number, size_t elements, size_t size)
{
    p->memory[number] = calloc(elements + 2 * MARGIN, size);
    return p->memory[number] ? (char *)p->memory[number] + MARGIN * size : NULL;
}

enum sac_status sac_player_open(struct sac_player *p, const struct sac_instance *instance,
                                const struct sac_env_create *create)
{
    const size_t n = (size_t)create->environments;
    *p = (struct sac_player){.instance = *instance, .count = create->environments};
    p->action_stride = (size_t)instance->spec.action_size + MORE_ACTION;
    p->observation_stride = (size_t)instance->spec.observation_size + MORE_OBSERVATION;
    p->action = take(p, 0, n * p->action_stride, sizeof *p->action);
    p->observation = take(p, 1, n * p->observation_stride, sizeof *p->observation);
    p->reward = take(p, 2, n, sizeof *p->reward);
    p->terminated = take(p, 3, n, 1);
    p->truncated = take(p, 4, n, 1);
    p->taken = calloc(n, sizeof *p->taken);
    p->age = calloc(n, sizeof *p->age);
    if (!p->action || !p->observation || !p->reward || !p->terminated || !p->truncated || !p->taken ||
        !p->age)
        return sac_fail(SAC_NOMEM, "no memory to play in %d environments", p->count);
    sac_player_mark(p);
    return sac_instance_create(&p->instance, create);
}

enum sac_status sac_player_close(struct sac_player *p)
{
    const enum sac_status status = sac_instance_destroy(&p->instance);
    for (size_t i = 0; i < sizeof p->memory / sizeof *p->memory; i++)
        free(p->memory[i]);
    free(p->taken);
    free(p->age);
    *p = (struct sac_player){0};
    return status;
}

/* --- marks --- */

void sac_player_mark(struct sac_player *p)
{
    const size_t n = (size_t)p->count;
    mark_floats(p->action - MARGIN, n * p->action_stride + 2 * MARGIN);
    mark_floats(p->observation - MARGIN, n * p->observation_stride + 2 * MARGIN);
    for (size_t j = 0; j < n + 2 * MARGIN; j++)
        memcpy(p->reward - MARGIN + j, &MARK_DOUBLE, sizeof MARK_DOUBLE);
    memset(p->terminated - MARGIN, MARK_FLAG, n + 2 * MARGIN);
    memset(p->truncated - MARGIN, MARK_FLAG, n + 2 * MARGIN);
}

static bool is_listed(int32_t row, int32_t count, const int32_t *which)
{
    for (int32_t k = 0; k < count; k++)
        if (which[k] == row)
            return true;
    return false;
}

/* Float number `i` of the rows, which begin with number 0. */
static enum sac_status fail_float(const struct sac_player *p, const char *function, int64_t i, bool listed)
{
    const int64_t stride = (int64_t)p->observation_stride;
    if (i < 0)
        return sac_fail(SAC_ENV, "%s wrote %lld floats before the first row of `observation`", function,
                        (long long)-i);
    if (i >= stride * p->count)
        return sac_fail(SAC_ENV, "%s wrote %lld floats behind the last row of `observation`", function,
                        (long long)(i - stride * p->count + 1));
    if (!listed)
        return sac_fail(SAC_ENV,
                        "%s wrote into row %lld of `observation`, which is none of those it was asked for: "
                        "environment j's row begins at observation + j * observation_stride",
                        function, (long long)(i / stride));
    return sac_fail(SAC_ENV, "%s wrote observation[%lld] of row %lld, beyond its observation_size of %d",
                    function, (long long)(i % stride), (long long)(i / stride),
                    p->instance.spec.observation_size);
}

static enum sac_status look_at_observations(const struct sac_player *p, const char *function, int32_t count,
                                            const int32_t *which)
{
    const int64_t stride = (int64_t)p->observation_stride, size = p->instance.spec.observation_size;
    for (int64_t i = -MARGIN; i < stride * p->count + MARGIN; i++) {
        const bool inside = i >= 0 && i < stride * p->count;
        const bool listed = inside && is_listed((int32_t)(i / stride), count, which);
        const bool wanted = listed && i % stride < size, marked = is_marked_float(p->observation + i);
        if (wanted && marked)
            return sac_fail(SAC_ENV, "%s did not write observation[%lld] of row %lld", function,
                            (long long)(i % stride), (long long)(i / stride));
        if (!wanted && !marked)
            return fail_float(p, function, i, listed);
    }
    return SAC_OK;
}

static enum sac_status fail_result(const char *function, const char *array, int64_t j, bool wanted)
{
    return sac_fail(SAC_ENV,
                    wanted ? "%s did not write %s[%lld]" : "%s wrote %s[%lld], which is beyond its count",
                    function, array, (long long)j);
}

static enum sac_status look_at_results(const struct sac_player *p, const char *function, int32_t results)
{
    for (int64_t j = -MARGIN; j < p->count + MARGIN; j++) {
        const bool wanted = j >= 0 && j < results;
        if (wanted == is_marked_double(p->reward + j))
            return fail_result(function, "reward", j, wanted);
        if (wanted == (p->terminated[j] == MARK_FLAG))
            return fail_result(function, "terminated", j, wanted);
        if (wanted == (p->truncated[j] == MARK_FLAG))
            return fail_result(function, "truncated", j, wanted);
    }
    return SAC_OK;
}

enum sac_status sac_player_look(const struct sac_player *p, const char *function, int32_t count,
                                const int32_t *which, int32_t results)
{
    const enum sac_status status = look_at_observations(p, function, count, which);
    return status ? status : look_at_results(p, function, results);
}

/* --- playing --- */

enum sac_status sac_player_reset(struct sac_player *p, int32_t count, const int32_t *which)
{
    for (int32_t k = 0; k < count; k++)
        p->age[which[k]] = 0;
    return sac_instance_reset(&p->instance, count, which, p->observation, p->observation_stride);
}

enum sac_status sac_player_reset_all(struct sac_player *p)
{
    enum sac_status status = SAC_OK;
    for (int32_t j = 0; j < p->count && !status; j++)
        status = sac_player_reset(p, 1, &j);
    return status;
}

/* Every eight steps another way to act: at a bound, or anywhere between them. */
static void choose_action(struct sac_player *p, int32_t j)
{
    const struct sac_env_spec *spec = &p->instance.spec;
    const uint32_t number = (uint32_t)(p->instance.first_environment + j), step = (uint32_t)p->taken[j];
    float *action = p->action + (size_t)j * p->action_stride;
    for (int32_t i = 0; i < spec->action_size; i++) {
        const struct sac_philox way =
            sac_philox4x32((struct sac_philox){{step / 8, number, (uint32_t)i, 1}}, 0);
        const struct sac_philox drawn =
            sac_philox4x32((struct sac_philox){{step, number, (uint32_t)i, 2}}, 0);
        const double low = (double)spec->action_low[i], high = (double)spec->action_high[i];
        const float between = (float)(low + (high - low) * sac_env_unit(drawn, 0));
        action[i] = way.word[0] % 4 == 0   ? spec->action_low[i]
                    : way.word[0] % 4 == 1 ? spec->action_high[i]
                                           : fminf(fmaxf(between, spec->action_low[i]), spec->action_high[i]);
    }
}

enum sac_status sac_player_apply(struct sac_player *p, int32_t count)
{
    const struct sac_env_step step = {.size = sizeof step,
                                      .count = count,
                                      .action = p->action,
                                      .action_stride = p->action_stride,
                                      .observation = p->observation,
                                      .observation_stride = p->observation_stride,
                                      .reward = p->reward,
                                      .terminated = p->terminated,
                                      .truncated = p->truncated};
    return sac_instance_step(&p->instance, &step);
}

enum sac_status sac_player_step(struct sac_player *p, int32_t count)
{
    for (int32_t j = 0; j < count; j++) {
        choose_action(p, j);
        p->taken[j]++;
        p->age[j]++;
    }
    return sac_player_apply(p, count);
}

/* Episodes end after a number of steps that is the environment's own, so that grouping does not matter. */
static enum sac_status restart_finished(struct sac_player *p)
{
    enum sac_status status = SAC_OK;
    for (int32_t j = 0; j < p->count && !status; j++)
        if (p->terminated[j] || p->truncated[j] || p->age[j] >= 13 + (p->instance.first_environment + j) % 5)
            status = sac_player_reset(p, 1, &j);
    return status;
}

static double *trail_row(const struct sac_trail *trail, int step, int32_t index)
{
    const size_t width = (size_t)trail->observation_size + 3;
    return trail->values + ((size_t)step * (size_t)trail->count + (size_t)index) * width;
}

static void record(const struct sac_player *p, struct sac_trail *trail, int step)
{
    for (int32_t j = 0; j < p->count; j++) {
        double *row = trail_row(trail, step, j);
        for (int32_t i = 0; i < trail->observation_size; i++)
            *row++ = (double)p->observation[(size_t)j * p->observation_stride + (size_t)i];
        *row++ = p->reward[j];
        *row++ = p->terminated[j];
        *row++ = p->truncated[j];
    }
}

enum sac_status sac_player_play(struct sac_player *p, int steps, struct sac_trail *trail, int at)
{
    enum sac_status status = SAC_OK;
    for (int t = 0; t < steps && !status; t++) {
        status = sac_player_step(p, p->count);
        if (trail && !status)
            record(p, trail, at + t);
        if (!status)
            status = restart_finished(p);
    }
    return status;
}

/* --- trails --- */

enum sac_status sac_trail_make(struct sac_trail *trail, const struct sac_player *p, int steps)
{
    *trail = (struct sac_trail){.first = p->instance.first_environment,
                                .count = p->count,
                                .observation_size = p->instance.spec.observation_size,
                                .steps = steps};
    const size_t width = (size_t)trail->observation_size + 3;
    trail->values = calloc((size_t)steps * (size_t)p->count * width, sizeof *trail->values);
    return trail->values ? SAC_OK : sac_fail(SAC_NOMEM, "no memory to keep %d steps", steps);
}

void sac_trail_free(struct sac_trail *trail)
{
    free(trail->values);
    trail->values = NULL;
}

static enum sac_status fail_different(const struct sac_trail *a, const char *is_a, double x, const char *is_b,
                                      double y, int32_t number, int step, int32_t column)
{
    static const char *const results[] = {"the reward", "terminated", "truncated"};
    if (column >= a->observation_size)
        return sac_fail(SAC_ENV, "environment %d, step %d: %s is %.17g %s, but %.17g %s", number, step + 1,
                        results[column - a->observation_size], x, is_a, y, is_b);
    return sac_fail(SAC_ENV, "environment %d, step %d: observation[%d] is %.9g %s, but %.9g %s", number,
                    step + 1, column, x, is_a, y, is_b);
}

enum sac_status sac_trail_compare(const struct sac_trail *a, const char *is_a, const struct sac_trail *b,
                                  const char *is_b, int32_t number)
{
    for (int step = 0; step < a->steps; step++) {
        const double *x = trail_row(a, step, number - a->first), *y = trail_row(b, step, number - b->first);
        for (int32_t i = 0; i < a->observation_size + 3; i++)
            if (memcmp(&x[i], &y[i], sizeof *x))
                return fail_different(a, is_a, x[i], is_b, y[i], number, step, i);
    }
    return SAC_OK;
}
