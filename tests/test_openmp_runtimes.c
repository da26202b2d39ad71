/* Several OpenMP runtimes in one process are found and named, by whatever name they were loaded. */
#include <check.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <omp.h>
#include <softac/trainer.h>

#include "openmp_runtimes.h"
#include "suite.h"

static bool is_found(const char *path)
{
    struct sac_openmp_runtimes found;
    sac_openmp_runtimes_find(&found);
    for (int i = 0; i < found.count; i++)
        if (strcmp(found.path[i], path) == 0)
            return true;
    return false;
}

/* The file that this program's own runtime comes from. */
static const char *own_runtime(void)
{
    static Dl_info own;
    ck_assert_int_ge(omp_get_max_threads(), 1); /* or the linker would leave the runtime out */
    ck_assert_int_ne(dladdr(dlsym(RTLD_DEFAULT, "omp_get_max_threads"), &own), 0);
    return own.dli_fname;
}

static void copy_file(const char *from, const char *to)
{
    char buffer[1 << 16];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    ck_assert_msg(in && out, "%s to %s", from, to);
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, in)) > 0;)
        ck_assert_uint_eq(fwrite(buffer, 1, n, out), n);
    ck_assert_int_eq(fclose(out), 0);
    fclose(in);
}

static const struct {
    const char *name;
    bool counts;
} names[] = {
    {"libgomp.so.1", true}, {"libgomp-a34b3233.so.1.0.0", true},
    {"libomp.so", true},    {"libomp.so.5", true},
    {"libomp5.so", true},   {"libomp-14fe.so.5", true},
    {"libiomp5.so", true},  {"libnvomp.so", true},
    {"libompd.so", false},  {"libompstub.so", false},
    {"libgompf.so", false}, {"my-libomp.so", false},
};

/* The program's own runtime under another name is a second one, whose data are its own; the sentence has
 * both. */
START_TEST(test_second_runtime)
{
    char folder[] = "/tmp/softac-openmp-XXXXXX", path[256];
    struct sac_openmp_runtimes before, after;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/%s", folder, names[_i].name);
    copy_file(own_runtime(), path);
    sac_openmp_runtimes_find(&before);
    ck_assert_int_ge(before.count, 1);
    ck_assert_int_eq(is_found(path), false);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    unlink(path);
    rmdir(folder);
    ck_assert_msg(library != NULL, "%s", dlerror());
    sac_openmp_runtimes_find(&after);
    ck_assert_int_eq(is_found(path), names[_i].counts);
    ck_assert_int_eq(after.count, before.count + names[_i].counts);
    const char *warning = sac_openmp_warning();
    ck_assert_int_eq(warning != NULL, after.count > 1);
    for (int i = 0; warning && i < after.count; i++)
        ck_assert_msg(strstr(warning, after.path[i]) != NULL, "%s is not in: %s", after.path[i], warning);
}
END_TEST

/* A program built for the runtime that oneDNN has loads one, and then there is nothing to say. */
START_TEST(test_our_own_is_one)
{
    struct sac_openmp_runtimes found;
    sac_openmp_runtimes_find(&found);
    ck_assert_int_ge(found.count, 1);
    ck_assert_int_le(found.count, SAC_ONE_OPENMP_RUNTIME ? 1 : SAC_OPENMP_RUNTIMES);
    ck_assert_int_eq(sac_openmp_warning() == NULL, found.count == 1);
}
END_TEST

/* More than can be told are no harm. */
START_TEST(test_many)
{
    char folder[] = "/tmp/softac-openmp-XXXXXX", path[256];
    struct sac_openmp_runtimes found;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int i = 0; i < SAC_OPENMP_RUNTIMES + 1; i++) {
        snprintf(path, sizeof path, "%s/libgomp-%d.so", folder, i);
        copy_file(own_runtime(), path);
        ck_assert_ptr_nonnull(dlopen(path, RTLD_NOW | RTLD_LOCAL));
        unlink(path);
    }
    rmdir(folder);
    sac_openmp_runtimes_find(&found);
    ck_assert_int_eq(found.count, SAC_OPENMP_RUNTIMES);
    ck_assert_ptr_nonnull(sac_openmp_warning());
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("openmp_runtimes");
    tcase_add_loop_test(tc, test_second_runtime, 0, (int)(sizeof names / sizeof *names));
    tcase_add_test(tc, test_our_own_is_one);
    tcase_add_test(tc, test_many);
    return suite_run(CK_FORK_GETENV, "openmp_runtimes", 1, tc);
}
