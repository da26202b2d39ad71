/* Safetensors. */
#include "safetensors.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "assertion.h"
#include "error.h"
#include "file.h"
#include "settings.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are stored as they lie in memory");

#define METADATA    "__metadata__"
#define MOST_HEADER ((uint64_t)1 << 24) /* bytes; a policy's has hundreds */
#define MOST_FILE   ((size_t)1 << 34)
#define ALIGNMENT   8 /* of the tensors in the file, by blanks behind the header */

/* --- writing --- */

static size_t tensor_bytes(const struct sac_tensor *tensor)
{
    size_t bytes = sizeof(float);
    for (int i = 0; i < tensor->dimensions; i++)
        bytes *= (size_t)tensor->shape[i];
    return bytes;
}

static json_t *describe(const struct sac_tensor *tensor, size_t begin)
{
    json_t *shape = json_array();
    for (int i = 0; i < tensor->dimensions; i++)
        json_array_append_new(shape, json_integer(tensor->shape[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)(begin + tensor_bytes(tensor)));
}

/* The header as text, padded with blanks; NULL: no memory. */
static char *make_header(const json_t *metadata, const struct sac_tensor *tensors, int count)
{
    json_t *header = json_object();
    size_t offset = 0;
    bool complete = json_object_set(header, METADATA, (json_t *)metadata) == 0;
    for (int i = 0; i < count; i++) {
        complete =
            json_object_set_new(header, tensors[i].name, describe(&tensors[i], offset)) == 0 && complete;
        offset += tensor_bytes(&tensors[i]);
    }
    char *text = complete ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(header);
    if (!text)
        return NULL;
    const size_t length = strlen(text);
    const size_t padded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    char *grown = realloc(text, padded + 1);
    if (!grown) {
        free(text);
        return NULL;
    }
    memset(grown + length, ' ', padded - length);
    grown[padded] = '\0';
    return grown;
}

enum sac_status sac_safetensors_write(const char *path, const json_t *metadata,
                                      const struct sac_tensor *tensors, int count)
{
    char *header = make_header(metadata, tensors, count);
    const uint64_t length = header ? strlen(header) : 0;
    size_t size = sizeof length + length;
    for (int i = 0; i < count; i++)
        size += tensor_bytes(&tensors[i]);
    char *bytes = header ? malloc(size) : NULL;
    if (!bytes) {
        free(header);
        return sac_fail(SAC_NOMEM, "%s: no memory to write %zu bytes", path, size);
    }
    char *end = bytes;
    memcpy(end, &length, sizeof length);
    memcpy(end += sizeof length, header, length);
    end += length;
    for (int i = 0; i < count; i++) {
        memcpy(end, tensors[i].data, tensor_bytes(&tensors[i]));
        end += tensor_bytes(&tensors[i]);
    }
    const enum sac_status status = sac_file_replace(path, bytes, size);
    free(header);
    free(bytes);
    return status;
}

/* --- reading --- */

/* Where a tensor lies, bytes from the first tensor's begin. */
struct span {
    uint64_t begin, end;
};

struct sac_safetensors {
    char *name;
    json_t *header; /* checked: every member but __metadata__ is a tensor as this file allows it */
    char *data;     /* a copy of what follows the header */
    uint64_t data_size;
};

void sac_safetensors_destroy(struct sac_safetensors *file)
{
    if (!file)
        return;
    json_decref(file->header);
    free(file->data);
    free(file->name);
    free(file);
}

/* Every refusal ends in what may have happened and what helps. */
#define DAMAGED ": is it damaged, or no policy that softac saved? Copy or save it again"

static enum sac_status bad_tensor(const struct sac_safetensors *file, const char *tensor, const char *what)
{
    char copy[SAC_PRINTABLE_SIZE];
    return sac_fail(SAC_FORMAT, "%s: tensor %s: %s" DAMAGED, file->name, sac_printable(copy, tensor), what);
}

/* Bytes of a tensor by its shape, or 0 if that is not 1 or 2 positive dimensions. */
static uint64_t shape_bytes(const json_t *shape)
{
    const size_t dimensions = json_array_size(shape); /* 0 if it is no array */
    uint64_t bytes = sizeof(float);
    if (dimensions < 1 || dimensions > 2)
        return 0;
    for (size_t i = 0; i < dimensions; i++) {
        const json_int_t length = json_integer_value(json_array_get(shape, i)); /* 0 if it is no integer */
        if (length < 1 || __builtin_mul_overflow(bytes, (uint64_t)length, &bytes))
            return 0;
    }
    return bytes;
}

static enum sac_status check_tensor(const struct sac_safetensors *file, const char *tensor,
                                    const json_t *value, struct span *span)
{
    const char *type = json_string_value(json_object_get(value, "dtype"));
    const json_t *offsets = json_object_get(value, "data_offsets");
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    const uint64_t bytes = shape_bytes(json_object_get(value, "shape"));
    if (json_object_size(value) != 3 || !type || json_array_size(offsets) != 2)
        return bad_tensor(file, tensor, "expected an object of dtype, shape and two data_offsets");
    if (strcmp(type, "F32"))
        return bad_tensor(file, tensor, "expected dtype F32");
    if (!bytes)
        return bad_tensor(file, tensor, "expected a shape of 1 or 2 positive sizes");
    if (!json_is_integer(begin) || !json_is_integer(end) || json_integer_value(begin) < 0)
        return bad_tensor(file, tensor, "expected data_offsets to be whole numbers from 0");
    span->begin = (uint64_t)json_integer_value(begin);
    span->end = (uint64_t)json_integer_value(end);
    if (json_integer_value(end) < json_integer_value(begin) || span->end - span->begin != bytes)
        return bad_tensor(file, tensor, "its data_offsets do not span what its shape needs");
    return span->end <= file->data_size ? SAC_OK
                                        : bad_tensor(file, tensor, "reaches beyond the end of the file");
}

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

/* Every byte behind the header belongs to exactly one tensor. */
static enum sac_status check_layout(const struct sac_safetensors *file, struct span *spans, size_t count)
{
    qsort(spans, count, sizeof *spans, compare_spans);
    uint64_t covered = 0;
    for (size_t i = 0; i < count; i++) {
        if (spans[i].begin != covered)
            return sac_fail(SAC_FORMAT,
                            "%s: tensors overlap or leave a hole at byte %" PRIu64 " of the data" DAMAGED,
                            file->name, covered < spans[i].begin ? covered : spans[i].begin);
        covered = spans[i].end;
    }
    if (covered != file->data_size)
        return sac_fail(SAC_FORMAT, "%s: %" PRIu64 " bytes follow the last tensor" DAMAGED, file->name,
                        file->data_size - covered);
    return SAC_OK;
}

static enum sac_status check_tensors(const struct sac_safetensors *file)
{
    const size_t members = json_object_size(file->header);
    struct span *spans = calloc(members + 1, sizeof *spans);
    if (!spans)
        return sac_fail(SAC_NOMEM, "%s: no memory for %zu tensors", file->name, members);
    enum sac_status status = SAC_OK;
    size_t count = 0;
    const char *name;
    json_t *value;
    json_object_foreach(file->header, name, value)
    {
        if (strcmp(name, METADATA))
            status = check_tensor(file, name, value, &spans[count++]);
        if (status)
            break;
    }
    if (!status)
        status = check_layout(file, spans, count);
    free(spans);
    return status;
}

static enum sac_status check_metadata(const struct sac_safetensors *file)
{
    const json_t *metadata = json_object_get(file->header, METADATA);
    const char *key;
    json_t *value;
    if (metadata && !json_is_object(metadata))
        return sac_fail(SAC_FORMAT, "%s: expected " METADATA " to be an object of strings" DAMAGED,
                        file->name);
    json_object_foreach((json_t *)metadata, key, value) if (!json_is_string(value)) return sac_fail(
        SAC_FORMAT, "%s: expected " METADATA " to be an object of strings" DAMAGED, file->name);
    return SAC_OK;
}

static enum sac_status parse_header(struct sac_safetensors *file, const char *text, size_t length)
{
    json_error_t error;
    file->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!file->header)
        return sac_fail(SAC_FORMAT, "%s: header is not valid JSON: %s (byte %d)" DAMAGED, file->name,
                        error.text, error.position);
    if (!json_is_object(file->header))
        return sac_fail(SAC_FORMAT, "%s: expected the header to be a JSON object" DAMAGED, file->name);
    const enum sac_status status = check_metadata(file);
    return status ? status : check_tensors(file);
}

static enum sac_status parse(struct sac_safetensors *file, const char *bytes, size_t size)
{
    uint64_t length;
    if (size < sizeof length)
        return sac_fail(SAC_FORMAT, "%s: %zu bytes are too few for a safetensors file" DAMAGED, file->name,
                        size);
    memcpy(&length, bytes, sizeof length);
    if (length > size - sizeof length || length > MOST_HEADER)
        return sac_fail(SAC_FORMAT, "%s: says that its header has %" PRIu64 " bytes" DAMAGED, file->name,
                        length);
    const char *data = bytes + sizeof length + length;
    file->data_size = size - sizeof length - length;
    file->data = malloc(file->data_size + 1);
    if (!file->data)
        return sac_fail(SAC_NOMEM, "%s: no memory for %" PRIu64 " bytes", file->name, file->data_size);
    memcpy(file->data, data, file->data_size);
    return parse_header(file, bytes + sizeof length, length);
}

enum sac_status sac_safetensors_parse(const char *name, const void *bytes, size_t size,
                                      struct sac_safetensors **file)
{
    struct sac_safetensors *made = calloc(1, sizeof *made);
    if (made)
        made->name = strdup(name);
    if (!made || !made->name) {
        free(made);
        return sac_fail(SAC_NOMEM, "%s: no memory to read it", name);
    }
    const enum sac_status status = parse(made, bytes, size);
    if (status)
        sac_safetensors_destroy(made);
    else
        *file = made;
    return status;
}

enum sac_status sac_safetensors_read(const char *path, struct sac_safetensors **file)
{
    char *bytes;
    size_t size;
    enum sac_status status = sac_file_read(path, MOST_FILE, &bytes, &size);
    if (status)
        return status;
    status = sac_safetensors_parse(path, bytes, size, file);
    free(bytes);
    return status;
}

int sac_safetensors_count(const struct sac_safetensors *file)
{
    const size_t members = json_object_size(file->header);
    return (int)members - (json_object_get(file->header, METADATA) ? 1 : 0);
}

const char *sac_safetensors_metadata(const struct sac_safetensors *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, METADATA), key));
}

enum sac_status sac_safetensors_expect(const struct sac_safetensors *file, const char *tensor, int dimensions,
                                       const int64_t shape[2])
{
    const json_t *found = json_object_get(json_object_get(file->header, tensor), "shape");
    if (!found || !strcmp(tensor, METADATA))
        return bad_tensor(file, tensor, "is missing");
    bool same = json_array_size(found) == (size_t)dimensions;
    for (int i = 0; i < dimensions && same; i++)
        same = json_integer_value(json_array_get(found, (size_t)i)) == shape[i];
    return same ? SAC_OK : bad_tensor(file, tensor, "its shape is not what the metadata says");
}

void sac_safetensors_copy(const struct sac_safetensors *file, const char *tensor, float *data)
{
    const json_t *offsets = json_object_get(json_object_get(file->header, tensor), "data_offsets");
    const json_int_t begin = json_integer_value(json_array_get(offsets, 0));
    const json_int_t end = json_integer_value(json_array_get(offsets, 1));
    SAC_ASSERT(end > begin);
    memcpy(data, file->data + begin, (size_t)(end - begin));
}
