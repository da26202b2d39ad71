#include "fake_root.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char fake_root[] = "/tmp/softac-root-XXXXXX";

void fake_root_make(void)
{
    memcpy(fake_root + strlen(fake_root) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(fake_root));
}

void fake_root_remove(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", fake_root);
    ck_assert_int_eq(system(command), 0);
}

void fake_root_put(const char *path, const char *text)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", fake_root, path);
    for (char *slash = whole + strlen(fake_root); (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        mkdir(whole, 0777);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}
