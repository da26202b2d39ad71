#include "envs.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sac_env_fail(char *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, SAC_ENV_ERROR_SIZE, format, arguments);
    va_end(arguments);
    return 1;
}

const char *sac_env_option_value(const char *option, const char *name)
{
    const size_t n = strlen(name);
    return strncmp(option, name, n) == 0 && option[n] == '=' ? option + n + 1 : NULL;
}

/* --- tables whose id is a word of the command line --- */

struct table {
    struct table *next;
    struct sac_env_ops ops;
    char id[];
};

/* written by: any thread, with the mutex; what is in the list stays until the process ends */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct table *tables;

static const struct sac_env_ops *find_table(const char *name)
{
    for (const struct table *t = tables; t; t = t->next)
        if (strcmp(t->id, name) == 0)
            return &t->ops;
    return NULL;
}

static const struct sac_env_ops *make_table(const struct sac_env_ops *functions, const char *name)
{
    const size_t size = strlen(name) + 1;
    struct table *t = calloc(1, sizeof *t + size);
    if (!t)
        return NULL;
    memcpy(t->id, name, size);
    t->ops = *functions;
    t->ops.id = t->id;
    t->next = tables;
    tables = t;
    return &t->ops;
}

const struct sac_env_ops *sac_env_named_table(const struct sac_env_ops *functions, const char *name)
{
    pthread_mutex_lock(&mutex);
    const struct sac_env_ops *ops = find_table(name);
    if (!ops)
        ops = make_table(functions, name);
    pthread_mutex_unlock(&mutex);
    return ops;
}
