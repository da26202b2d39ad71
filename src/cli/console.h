/* A run's progress on stderr: on a terminal one line that is rewritten, elsewhere a line now and then. */
#ifndef SAC_CONSOLE_H
#define SAC_CONSOLE_H

#include <softac/trainer.h>

struct console {
    bool terminal, colour;
    bool line_open;    /* the terminal's last line is ours to rewrite */
    double last_shown; /* wall seconds; off a terminal */
    int64_t steps;     /* of the whole run */
};

void console_open(struct console *console, int64_t steps);
void console_progress(struct console *console, const struct sac_progress *progress);
void console_evaluation(struct console *console, const struct sac_evaluation *evaluation);
/* Before anything else is written to stderr. */
void console_close(struct console *console);

#endif
