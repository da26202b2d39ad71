/* A run's progress on stderr. */
#include "console.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_SIZE       256
#define SECONDS_BETWEEN 10.0 /* two lines, off a terminal */

void console_open(struct console *console, int64_t steps)
{
    const char *no_colour = getenv("NO_COLOR"), *kind = getenv("TERM");
    const bool dumb = !kind || !strcmp(kind, "dumb");
    console->terminal = isatty(STDERR_FILENO) && !dumb;
    console->colour = console->terminal && !(no_colour && *no_colour);
    console->line_open = false;
    console->last_shown = 0;
    console->steps = steps;
}

static int terminal_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* Add "  WORDS", WORDS having one number in it, or nothing where there is no number. */
static size_t add(char *line, size_t used, const char *words, double number)
{
    if (!isfinite(number) || used >= LINE_SIZE)
        return used;
    char text[64];
    snprintf(text, sizeof text, words, number);
    return used + (size_t)snprintf(line + used, LINE_SIZE - used, "  %s", text);
}

static size_t add_time_left(char *line, size_t used, const struct console *console,
                            const struct sac_progress *p)
{
    const double left = (double)(console->steps - p->environment_steps) / p->steps_per_second;
    if (!(left >= 0 && left < 1e7) || used >= LINE_SIZE)
        return used;
    const int seconds = (int)left;
    return used + (size_t)snprintf(line + used, LINE_SIZE - used, "  %d:%02d:%02d left", seconds / 3600,
                                   seconds / 60 % 60, seconds % 60);
}

/* What matters most first: a narrow terminal cuts off the rest. */
static void describe(char line[LINE_SIZE], const struct console *console, const struct sac_progress *p)
{
    size_t used =
        (size_t)snprintf(line, LINE_SIZE, "%3d %%  step %lld",
                         (int)(100 * p->environment_steps / console->steps), (long long)p->environment_steps);
    used = add(line, used, "return %.5g", p->mean_return);
    used = add(line, used, "%.0f steps/s", p->steps_per_second);
    used = add(line, used, "%.0f updates/s", p->updates_per_second);
    used = add_time_left(line, used, console, p);
    used = add(line, used, "entropy %.3g", p->entropy);
    used = add(line, used, "env threads wait %.0f %%", 100 * p->env_wait_fraction);
    used = add(line, used, "learner waits %.0f %%", 100 * p->learner_wait_fraction);
    add(line, used, "age %.3g updates", p->staleness_mean);
}

void console_progress(struct console *console, const struct sac_progress *progress)
{
    char line[LINE_SIZE];
    if (console->terminal) {
        describe(line, console, progress);
        fprintf(stderr, "\r%.*s\033[K", terminal_width() - 1, line);
        console->line_open = true;
    } else if (progress->wall_seconds >= console->last_shown + SECONDS_BETWEEN) {
        describe(line, console, progress);
        fprintf(stderr, "%s\n", line);
        console->last_shown = progress->wall_seconds;
    }
}

void console_evaluation(struct console *console, const struct sac_evaluation *evaluation)
{
    console_close(console);
    fprintf(stderr, "%sevaluation at step %lld%s: mean return %.6g, standard deviation %.4g, %d episode%s\n",
            console->colour ? "\033[1m" : "", (long long)evaluation->environment_steps,
            console->colour ? "\033[0m" : "", evaluation->mean_return, evaluation->std_return,
            evaluation->episodes, evaluation->episodes == 1 ? "" : "s");
}

void console_close(struct console *console)
{
    if (console->line_open)
        fputs("\r\033[K", stderr);
    console->line_open = false;
}
