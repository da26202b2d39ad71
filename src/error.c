/* The calling thread's last sentence. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char last_error[1024];

const char *sac_last_error(void)
{
    return last_error;
}

/* --- what may stand in a sentence --- */

enum {
    LONGEST_WORD = 200, /* bytes; names of files may be longer than this, but are rarely read then */
    END_KEPT = 80       /* of a word that is too long, at either end */
};

/* Cut the middle out of words that would hide the rest of the sentence. */
static void shorten_words(char *text)
{
    for (char *word = text; *word; word += strspn(word, " \n")) {
        const size_t length = strcspn(word, " \n");
        if (length > LONGEST_WORD) {
            memcpy(word + END_KEPT, "...", 3);
            memmove(word + END_KEPT + 3, word + length - END_KEPT, strlen(word + length) + END_KEPT + 1);
            word += 2 * END_KEPT + 3;
        } else {
            word += length;
        }
    }
}

/* Bytes of the printable character at `text` in UTF-8, or 0: a control character, or not UTF-8. */
static size_t character_bytes(const unsigned char *text)
{
    if (text[0] < 0x80)
        return text[0] >= ' ' && text[0] != 0x7f;
    const size_t bytes = text[0] >= 0xf0 && text[0] <= 0xf4 ? 4
                         : text[0] >= 0xe0                  ? 3
                         : text[0] >= 0xc2                  ? 2
                                                            : 0;
    for (size_t i = 1; i < bytes; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    const bool control = text[0] == 0xc2 && text[1] < 0xa0;
    return control || text[0] > 0xf4 ? 0 : bytes;
}

bool sac_is_printable(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t bytes = 1;
    for (; *at && bytes; at += bytes)
        bytes = character_bytes(at);
    return bytes > 0;
}

static void replace_unprintable(char *text)
{
    unsigned char *at = (unsigned char *)text;
    while (*at) {
        const size_t bytes = character_bytes(at);
        if (!bytes)
            *at = *at == '\n' || *at == '\t' || *at == '\r' ? ' ' : '?';
        at += bytes ? bytes : 1;
    }
    while (at > (unsigned char *)text && at[-1] == ' ')
        *--at = '\0';
}

void sac_sentence_tidy(char *text)
{
    shorten_words(text);
    replace_unprintable(text);
}

enum sac_status sac_fail(enum sac_status status, const char *format, ...)
{
    va_list arguments;
    char *whole;
    va_start(arguments, format);
    const int length = vasprintf(&whole, format, arguments);
    va_end(arguments);
    if (length < 0) {
        snprintf(last_error, sizeof last_error, "no memory for the sentence that tells what failed");
        return status;
    }
    sac_sentence_tidy(whole);
    snprintf(last_error, sizeof last_error, "%s", whole);
    free(whole);
    return status;
}

const char *sac_status_name(enum sac_status status)
{
    static const char *const names[] = {
        [SAC_OK] = "SAC_OK",           [SAC_INVALID] = "SAC_INVALID", [SAC_NOMEM] = "SAC_NOMEM",
        [SAC_IO] = "SAC_IO",           [SAC_FORMAT] = "SAC_FORMAT",   [SAC_ENV] = "SAC_ENV",
        [SAC_BACKEND] = "SAC_BACKEND", [SAC_STATE] = "SAC_STATE",     [SAC_STOPPED] = "SAC_STOPPED",
    };
    return (unsigned)status < sizeof names / sizeof *names ? names[status] : "unknown status";
}
