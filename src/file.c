/* Whole files. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "thread.h"

static const uint64_t PATIENCE_NS = 500000000; /* for somebody to open the other end of a pipe */

/* A file that is being read. */
struct source {
    const char *path;
    int descriptor;
    bool pipe;
    uint64_t until; /* an empty pipe may still get its writer */
};

/* read(), which on a pipe waits for its writer: some time for one to come, then as long as there is one. */
static ssize_t read_some(const struct source *source, char *bytes, size_t room, bool first)
{
    struct pollfd written = {.fd = source->descriptor, .events = POLLIN};
    for (;;) {
        const ssize_t got = read(source->descriptor, bytes, room);
        if (got == 0 && source->pipe && first && sac_time_ns() < source->until)
            poll(NULL, 0, 10);
        else if (got < 0 && errno == EAGAIN)
            poll(&written, 1, -1);
        else if (got >= 0 || errno != EINTR)
            return got;
    }
}

static enum sac_status too_large(const char *path, size_t most)
{
    return sac_fail(SAC_FORMAT, "%s: larger than the %zu bytes allowed; is it the right file?", path, most);
}

/* Grows as it reads, so that pipes and files in /proc, whose size is not known before, do too. */
static enum sac_status read_all(const struct source *source, size_t most, char **data, size_t *size)
{
    const char *path = source->path;
    size_t capacity = 4096, used = 0;
    char *bytes = malloc(capacity);
    while (bytes) {
        const ssize_t got = read_some(source, bytes + used, capacity - used - 1, used == 0);
        if (got < 0 || used + (size_t)got > most) {
            free(bytes);
            return got < 0 ? sac_fail(SAC_IO, "%s: cannot be read: %s", path, strerror(errno))
                           : too_large(path, most);
        }
        used += (size_t)got;
        if (used == 0 && source->pipe) {
            free(bytes);
            return sac_fail(SAC_IO, "%s: is a pipe that nothing was written to", path);
        }
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

/* Devices go on for ever. */
enum { MOST_OF_A_DEVICE = 1 << 20 };

static enum sac_status read_open(const char *path, int descriptor, size_t most, char **data, size_t *size)
{
    struct stat status;
    if (fstat(descriptor, &status))
        return sac_fail(SAC_IO, "%s: cannot be read: %s", path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return sac_fail(SAC_IO, "%s: is a directory; name a file", path);
    if (S_ISREG(status.st_mode) && status.st_size > (off_t)most)
        return too_large(path, most);
    if (S_ISCHR(status.st_mode) && most > MOST_OF_A_DEVICE)
        most = MOST_OF_A_DEVICE;
    const struct source source = {path, descriptor, S_ISFIFO(status.st_mode), sac_time_ns() + PATIENCE_NS};
    return read_all(&source, most, data, size);
}

/* Without O_NONBLOCK a pipe that nobody writes to could not even be opened. */
enum sac_status sac_file_read(const char *path, size_t most, char **data, size_t *size)
{
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return sac_fail(SAC_IO, "%s: cannot be opened: %s", path, strerror(errno));
    const enum sac_status status = read_open(path, descriptor, most, data, size);
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
