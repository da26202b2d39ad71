#include "rollout_files.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../environment.h"
#include "../error.h"
#include "../file.h"

enum { MOST_BYTES = 1 << 26 }; /* millions of actions */

/* object[key] as exactly `size` numbers */
static enum sac_status take_numbers(const char *path, const json_t *object, const char *key, int size,
                                    double *numbers)
{
    const json_t *array = json_object_get(object, key);
    if (!json_is_array(array))
        return sac_fail(SAC_FORMAT, "%s: expected a list of %d numbers under \"%s\"", path, size, key);
    if (json_array_size(array) != (size_t)size)
        return sac_fail(SAC_FORMAT, "%s: \"%s\" has %zu number%s, the environment %d", path, key,
                        json_array_size(array), json_array_size(array) == 1 ? "" : "s", size);
    for (int i = 0; i < size; i++) {
        const json_t *number = json_array_get(array, (size_t)i);
        if (!json_is_number(number))
            return sac_fail(SAC_FORMAT, "%s: \"%s\": entry %d is not a number", path, key, i);
        numbers[i] = json_number_value(number);
    }
    return SAC_OK;
}

/* Only what the environment takes. */
static enum sac_status check_members(const char *path, const json_t *object, const char *const *keys)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return sac_fail(SAC_FORMAT, "%s: expected an object, {\"%s\": [...]%s}", path, keys[0],
                        keys[1] ? ", ..." : "");
    json_object_foreach((json_t *)object, key, value)
    {
        bool known = false;
        for (int i = 0; keys[i]; i++)
            known |= !strcmp(keys[i], key);
        const char *nearest = known ? NULL : sac_nearest_name(key, keys);
        if (nearest)
            return sac_fail(SAC_FORMAT, "%s: \"%s\": no such member; did you mean \"%s\"?", path, key,
                            nearest);
        if (!known)
            return sac_fail(SAC_FORMAT, "%s: \"%s\": no such member; expected \"%s\"%s%s%s", path, key,
                            keys[0], keys[1] ? " and \"" : "", keys[1] ? keys[1] : "", keys[1] ? "\"" : "");
    }
    return SAC_OK;
}

enum sac_status rollout_read_state(const char *path, const struct sac_env_spec *spec, double *position,
                                   double *velocity)
{
    char *text;
    size_t size;
    enum sac_status status = sac_file_read(path, MOST_BYTES, &text, &size);
    if (status)
        return status;
    json_error_t error;
    json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (!object)
        return sac_fail(SAC_FORMAT, "%s:%d: %s", path, error.line, error.text);
    const bool whole = spec->velocity_size == 0;
    const char *const keys[] = {whole ? "state" : "qpos", whole ? NULL : "qvel", NULL};
    status = check_members(path, object, keys);
    if (!status)
        status = take_numbers(path, object, keys[0], spec->position_size, position);
    if (!status && !whole)
        status = take_numbers(path, object, "qvel", spec->velocity_size, velocity);
    json_decref(object);
    return status;
}

/* A finite number in decimal; strtod alone would take hexadecimal, "inf" and "nan" too. */
static bool take_number(const char *at, char **end, float *number)
{
    *number = (float)strtod(at, end);
    const size_t length = (size_t)(*end - at);
    return length > 0 && strcspn(at, "xX\r\n") >= length && isfinite(*number);
}

/* One row; leaves *text behind its line's end. */
static enum sac_status take_row(const char *path, size_t line, const char **text, int size, float *action)
{
    const char *at = *text;
    for (int i = 0; i < size; i++) {
        char *end;
        if (!take_number(at, &end, &action[i]))
            return sac_fail(SAC_FORMAT, "%s:%zu: expected %d finite number%s, number %d is '%.*s'", path,
                            line, size, size == 1 ? "" : "s", i + 1, (int)strcspn(at, ",\r\n"), at);
        at = end + strspn(end, " \t");
        if (i + 1 < size && *at++ != ',')
            return sac_fail(SAC_FORMAT, "%s:%zu: expected %d numbers with commas between, found %d", path,
                            line, size, i + 1);
    }
    at += *at == '\r';
    if (*at && *at != '\n')
        return sac_fail(SAC_FORMAT, "%s:%zu: expected %d number%s and the line's end, found '%.*s'", path,
                        line, size, size == 1 ? "" : "s", (int)strcspn(at, "\r\n"), at);
    *text = at + (*at == '\n');
    return SAC_OK;
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
        lines++;
    return lines;
}

enum sac_status rollout_read_actions(const char *path, int action_size, float **actions, size_t *rows)
{
    char *text;
    size_t size;
    enum sac_status status = sac_file_read(path, MOST_BYTES, &text, &size);
    if (status)
        return status;
    if (strlen(text) != size) {
        free(text);
        return sac_fail(SAC_FORMAT, "%s: is not text: it holds a zero byte", path);
    }
    *rows = count_lines(text);
    *actions = malloc((*rows + 1) * (size_t)action_size * sizeof **actions);
    if (!*actions)
        status = sac_fail(SAC_NOMEM, "no memory for the %zu actions of %s", *rows, path);
    const char *at = text;
    for (size_t row = 0; row < *rows && !status; row++)
        status = take_row(path, row + 1, &at, action_size, *actions + row * (size_t)action_size);
    free(text);
    if (status) {
        free(*actions);
        *actions = NULL;
    }
    return status;
}
