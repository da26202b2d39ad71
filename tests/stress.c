#include "stress.h"

#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "assertion.h"
#include "thread.h"

enum { FOUND = 3 }; /* exit status of stress_found */

int64_t stress_amount(int64_t amount)
{
    const char *factor = getenv("SOFTAC_STRESS");
    if (factor != NULL && atoi(factor) > 0)
        amount *= atoi(factor);
#if defined SAC_SANITIZER || defined SAC_YIELD_INJECTION
    amount /= 4;
#endif
    return amount;
}

int stress_threads(int load)
{
    const int threads = sac_cpu_count() << load;
    return threads < 2 ? 2 : threads < STRESS_MOST_THREADS ? threads : STRESS_MOST_THREADS;
}

void stress_delay(uint64_t *state)
{
    const uint32_t r = stress_random(state) % 4096;
    if (r < 1024)
        for (volatile uint32_t i = 0; i < r / 4; i++)
            ;
    else if (r < 1040)
        sched_yield();
    else if (r == 1040)
        usleep(stress_random(state) % 100);
}

void stress_found(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("found: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    _exit(FOUND);
}

static _Noreturn void be_broken(void (*broken)(void), int said)
{
    const struct rlimit no_core = {0, 0};
    dup2(said, STDOUT_FILENO);
    dup2(said, STDERR_FILENO);
    setrlimit(RLIMIT_CORE, &no_core);
    alarm(600); /* a hang is no finding */
    broken();
    _exit(0);
}

static bool is_finding(const char *line, const char *words)
{
    if (words == NULL)
        return strstr(line, "found: ") != NULL || strstr(line, "does not hold") != NULL;
    return strstr(line, words) != NULL;
}

/* Prints what was said if it is not that. */
static bool says(FILE *said, const char *words)
{
    char line[4096];
    rewind(said);
    while (fgets(line, sizeof line, said) != NULL)
        if (is_finding(line, words) || strstr(line, "WARNING: ThreadSanitizer") != NULL)
            return true;
    rewind(said);
    while (fgets(line, sizeof line, said) != NULL)
        fputs(line, stdout);
    return false;
}

void stress_must_find(const char *mistake, void (*broken)(void), const char *words)
{
    int status;
    FILE *said = tmpfile();
    SAC_ASSERT(said != NULL);
    fflush(stdout);
    const pid_t child = fork();
    SAC_ASSERT(child >= 0);
    if (child == 0)
        be_broken(broken, fileno(said));
    SAC_ASSERT(waitpid(child, &status, 0) == child);
    const bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
    const bool found = status != 0 && !hung && says(said, words);
    fclose(said);
    printf("control: %s: %s\n", mistake, found ? "found" : "NOT FOUND");
    if (!found)
        exit(1);
}
