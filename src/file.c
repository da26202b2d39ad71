/* Whole files. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

/* Grows as it reads, so that pipes and files in /proc, whose size is not known before, do too. */
static enum sac_status read_all(int descriptor, const char *path, size_t most, char **data, size_t *size)
{
    size_t capacity = 4096, used = 0;
    char *bytes = malloc(capacity);
    while (bytes) {
        const ssize_t got = read(descriptor, bytes + used, capacity - used - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || used + (size_t)got > most) {
            free(bytes);
            return got < 0 ? sac_fail(SAC_IO, "%s: cannot be read: %s", path, strerror(errno))
                           : sac_fail(SAC_FORMAT, "%s: larger than the %zu bytes allowed", path, most);
        }
        used += (size_t)got;
        if (got == 0) {
            bytes[used] = '\0';
            *data = bytes;
            *size = used;
            return SAC_OK;
        }
        if (capacity - used > 1)
            continue;
        char *grown = realloc(bytes, capacity *= 2);
        if (!grown)
            free(bytes);
        bytes = grown;
    }
    return sac_fail(SAC_NOMEM, "%s: no memory for %zu bytes of it", path, capacity);
}

enum sac_status sac_file_read(const char *path, size_t most, char **data, size_t *size)
{
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return sac_fail(SAC_IO, "%s: cannot be opened: %s", path, strerror(errno));
    const enum sac_status status = read_all(descriptor, path, most, data, size);
    close(descriptor);
    return status;
}

static bool write_all(int descriptor, const char *data, size_t size)
{
    while (size) {
        const ssize_t put = write(descriptor, data, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        data += put;
        size -= (size_t)put;
    }
    return true;
}

/* mkstemp makes files that only their owner may read; give it what open would have given. */
static bool give_usual_mode(int descriptor)
{
    const mode_t mask = umask(0);
    umask(mask);
    return fchmod(descriptor, 0666 & ~mask) == 0;
}

/* Renaming onto a device, as /dev/null for root, would put a file in its place. */
static enum sac_status refuse_special(const char *path)
{
    struct stat present;
    if (stat(path, &present) != 0 || S_ISREG(present.st_mode))
        return SAC_OK;
    return sac_fail(SAC_IO, "%s: cannot be written: it is %s; name a file", path,
                    S_ISDIR(present.st_mode) ? "a directory" : "no regular file");
}

enum sac_status sac_file_replace(const char *path, const void *data, size_t size)
{
    const enum sac_status special = refuse_special(path);
    if (special)
        return special;
    const size_t length = strlen(path) + sizeof ".XXXXXX";
    char *temporary = malloc(length);
    if (!temporary)
        return sac_fail(SAC_NOMEM, "%s: no memory for its name", path);
    snprintf(temporary, length, "%s.XXXXXX", path);
    const int descriptor = mkstemp(temporary);
    bool written = descriptor >= 0;
    if (written) {
        written = write_all(descriptor, data, size) && give_usual_mode(descriptor) && fsync(descriptor) == 0;
        written = close(descriptor) == 0 && written;
        written = written && rename(temporary, path) == 0;
    }
    const int reason = errno;
    if (!written && descriptor >= 0)
        unlink(temporary);
    free(temporary);
    return written ? SAC_OK : sac_fail(SAC_IO, "%s: cannot be written: %s", path, strerror(reason));
}
