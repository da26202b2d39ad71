/* Loads the library, trains, unloads it, and again: nothing of it may still run in memory that is gone.
 * usage: dlopen_host libsoftac.so */
#include "host.h"

#include <dlfcn.h>
#include <stdio.h>

static void *symbol(void *handle, const char *name)
{
    void *found = dlsym(handle, name);
    if (!found) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return found;
}

int main(int argc, char **argv)
{
    float first = 0;
    if (argc != 2)
        return 2;
    for (int round = 0; round < 5; round++) {
        void *handle = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        if (!handle) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        struct library l = {0};
        *(void **)&l.settings_default = symbol(handle, "sac_settings_default");
        *(void **)&l.trainer_create = symbol(handle, "sac_trainer_create");
        *(void **)&l.trainer_run = symbol(handle, "sac_trainer_run");
        *(void **)&l.trainer_policy = symbol(handle, "sac_trainer_policy");
        *(void **)&l.trainer_destroy = symbol(handle, "sac_trainer_destroy");
        *(void **)&l.policy_act = symbol(handle, "sac_policy_act");
        *(void **)&l.policy_destroy = symbol(handle, "sac_policy_destroy");
        *(void **)&l.last_error = symbol(handle, "sac_last_error");
        float action = 0;
        if (host_train(&l, &action)) {
            fprintf(stderr, "%s\n", l.last_error());
            return 1;
        }
        if (round && memcmp(&first, &action, sizeof first))
            return fprintf(stderr, "round %d learnt something else\n", round), 1;
        first = action;
        dlclose(handle);
    }
    return 0;
}
