/* Whole files: read with a limit, written whole or not at all. */
#ifndef SAC_FILE_H
#define SAC_FILE_H

#include <stddef.h>

#include <softac/status.h>

/* Read all of `path` into malloc'ed *data, with a zero byte behind the *size bytes. SAC_IO; SAC_FORMAT if it
 * holds more than `most` bytes; SAC_NOMEM. */
enum sac_status sac_file_read(const char *path, size_t most, char **data, size_t *size);

/* Put the bytes under `path`: a temporary file beside it is written, flushed to the disk and renamed, so that
 * a crash leaves the old file or the new one. What is there and no regular file is refused. SAC_IO,
 * SAC_NOMEM. */
enum sac_status sac_file_replace(const char *path, const void *data, size_t size);

#endif
