/* The safetensors format: 8 bytes length, a JSON header, then raw little-endian tensors. Only what policies
 * need: 32-bit floats of one or two dimensions.
 *
 * Reading is strict: any bytes whatever are either a file whose every tensor lies inside, without holes or
 * overlaps, or SAC_FORMAT with a sentence. */
#ifndef SAC_SAFETENSORS_H
#define SAC_SAFETENSORS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include <softac/status.h>

struct sac_tensor {
    const char *name;
    int dimensions;   /* 1 or 2 */
    int64_t shape[2]; /* as PyTorch prints it; row-major */
    const float *data;
};

/* Write `path` whole or not at all. `metadata` is an object of strings. Equal input gives equal bytes. */
enum sac_status sac_safetensors_write(const char *path, const json_t *metadata,
                                      const struct sac_tensor *tensors, int count);

struct sac_safetensors; /* a file in memory */

enum sac_status sac_safetensors_read(const char *path, struct sac_safetensors **file);
/* The same from memory; keeps no pointer. `name` stands in sentences. */
enum sac_status sac_safetensors_parse(const char *name, const void *bytes, size_t size,
                                      struct sac_safetensors **file);
void sac_safetensors_destroy(struct sac_safetensors *file); /* takes NULL */

int sac_safetensors_count(const struct sac_safetensors *file);
/* A value of __metadata__, or NULL. Owned by the file. */
const char *sac_safetensors_metadata(const struct sac_safetensors *file, const char *key);

/* Check that the tensor is there with these dimensions. */
enum sac_status sac_safetensors_expect(const struct sac_safetensors *file, const char *tensor, int dimensions,
                                       const int64_t shape[2]);
/* Copy the data of a tensor that is there: as many floats as its shape says. */
void sac_safetensors_copy(const struct sac_safetensors *file, const char *tensor, float *data);

#endif
