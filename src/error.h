/* Leaving a sentence behind: the inside of <softac/status.h>. */
#ifndef SAC_ERROR_H
#define SAC_ERROR_H

#include <stdbool.h>

#include <softac/status.h>

/* Set the calling thread's sentence (what, which value, where, the remedy) and return `status`. */
enum sac_status sac_fail(enum sac_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* At the top of a public function: an argument that must not be NULL, and what belongs there. */
#define SAC_NEED(argument, expected)                                                                         \
    do {                                                                                                     \
        if (!(argument))                                                                                     \
            return sac_fail(SAC_INVALID, "%s: %s is NULL; expected %s", __func__, #argument, expected);      \
    } while (0)

/* Make foreign words fit for one line: very long ones lose their middle, control characters and what is not
 * UTF-8 become blanks and question marks. In place; never longer than before. */
void sac_sentence_tidy(char *text);

/* UTF-8 without control characters? */
bool sac_is_printable(const char *text);

#endif
