/* Found by the names of the loaded files: symbols would not tell, as each runtime also has the others'. */
#include "openmp_runtimes.h"

#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <softac/trainer.h>

/* libgomp.so.1, libomp.so.5, libomp5.so, libiomp5.so, libgomp-a34b3233.so.1; not libompd.so, libomptarget.so
 */
static bool is_runtime(const char *path)
{
    static const char *const stems[] = {"libgomp", "libomp", "libiomp", "libnvomp"};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        const size_t length = strlen(stems[i]);
        if (strncmp(name, stems[i], length) == 0 && name[length] != '\0' && strchr("-.5", name[length]))
            return true;
    }
    return false;
}

static int note_runtime(struct dl_phdr_info *object, size_t size, void *context)
{
    struct sac_openmp_runtimes *found = context;
    (void)size;
    if (found->count < SAC_OPENMP_RUNTIMES && object->dlpi_name && is_runtime(object->dlpi_name)) {
        char *path = found->path[found->count++];
        snprintf(path, sizeof *found->path, "%s", object->dlpi_name);
    }
    return 0;
}

void sac_openmp_runtimes_find(struct sac_openmp_runtimes *runtimes)
{
    runtimes->count = 0;
    dl_iterate_phdr(note_runtime, runtimes);
}

const char *sac_openmp_warning(void)
{
    static _Thread_local char sentence[1024];
    struct sac_openmp_runtimes found;
    sac_openmp_runtimes_find(&found);
    if (found.count < 2)
        return NULL;
    int length = snprintf(sentence, sizeof sentence, "%d OpenMP runtimes are loaded", found.count);
    for (int i = 0; i < found.count && length < (int)sizeof sentence; i++)
        length += snprintf(sentence + length, sizeof sentence - (size_t)length, "%s %s",
                           i == 0                ? ":"
                           : i + 1 < found.count ? ","
                                                 : " and",
                           found.path[i]);
    if (length < (int)sizeof sentence)
        snprintf(sentence + length, sizeof sentence - (size_t)length,
                 "; each keeps threads of its own, which may slow training: build host, softac and oneDNN "
                 "for the same one");
    return sentence;
}
