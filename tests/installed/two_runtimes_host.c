/* A host that loads another OpenMP runtime beside the library's: it must be told the files of both. */
#include <dlfcn.h>
#include <softac/softac.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    if (sac_openmp_warning() || !dlopen("libomp.so.5", RTLD_NOW)) {
        puts("SKIPPED: no libomp beside libgomp here, a host with two OpenMP runtimes was not tried");
        return 0;
    }
    const char *warning = sac_openmp_warning();
    puts(warning ? warning : "nothing was said of two OpenMP runtimes");
    return !warning || !strstr(warning, "libgomp.so") || !strstr(warning, "libomp.so");
}
