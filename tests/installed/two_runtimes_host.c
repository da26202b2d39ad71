/* A host that loads another OpenMP runtime beside the library's: it must be told the files of both. */
#include <dlfcn.h>
#include <softac/softac.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    const bool alone = !sac_openmp_warning();
    void *const other = dlopen("libomp.so.5", RTLD_NOW);
    if (!alone || !other) {
        puts("SKIPPED: no libomp beside libgomp here, a host with two OpenMP runtimes was not tried");
        if (other)
            dlclose(other);
        return 0;
    }
    const char *warning = sac_openmp_warning();
    puts(warning ? warning : "nothing was said of two OpenMP runtimes");
    const bool named = warning && strstr(warning, "libgomp.so") && strstr(warning, "libomp.so");
    dlclose(other);
    return !named;
}
