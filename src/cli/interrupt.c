/* Signals stop a trainer, which ends its run. */
#include "interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* written by: main before the handler is set; read by: the handler */
static struct sac_trainer *to_stop;
static const char *farewell;
/* written by: the handler; read by: main after the run */
static volatile sig_atomic_t stopped_by;

static void print(const char *text)
{
    if (write(STDERR_FILENO, "\n", 1) < 0 || write(STDERR_FILENO, text, strlen(text)) < 0 ||
        write(STDERR_FILENO, "\n", 1) < 0) {
        /* nobody to tell */
    }
}

static void stop_run(int number)
{
    const int before = errno;
    if (!stopped_by)
        print(number == SIGPIPE ? "softac: nobody reads what it prints; stopping" : farewell);
    stopped_by = number;
    sac_trainer_stop(to_stop);
    errno = before;
}

/* The first signal stops the run; the second finds the default again and kills. */
void interrupt_catch(struct sac_trainer *trainer, const char *sentence)
{
    struct sigaction action = {.sa_handler = stop_run, .sa_flags = (int)SA_RESETHAND | SA_RESTART}, before;
    sigemptyset(&action.sa_mask);
    to_stop = trainer;
    farewell = sentence;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, NULL, &before);
    if (before.sa_handler != SIG_IGN) /* nohup */
        sigaction(SIGHUP, &action, NULL);
    action.sa_flags = SA_RESTART; /* every line that is printed from now on brings one */
    sigaction(SIGPIPE, &action, NULL);
}

void interrupt_ignore(void)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        signal(caught[i], SIG_IGN);
}

int interrupt_signal(void)
{
    return stopped_by;
}
