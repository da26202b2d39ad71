/* Signals that end a command with a trainer. */
#ifndef SAC_INTERRUPT_H
#define SAC_INTERRUPT_H

#include <softac/trainer.h>

/* SIGINT, SIGTERM, SIGHUP (unless ignored) and SIGPIPE stop the trainer: the first prints `sentence` on
 * standard error (SIGPIPE another), the second kills. Again for another trainer, NULL while there is none;
 * `sentence` is kept. */
void interrupt_catch(struct sac_trainer *trainer, const char *sentence);
/* From now on they do nothing: before the trainer is destroyed. */
void interrupt_ignore(void);
/* The last signal that came, 0 before. */
int interrupt_signal(void);

#endif
