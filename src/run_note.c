/* Lines, each a name and a value:
 *
 *     softac 1                       the version of this format
 *     process               1234
 *     learning                 2
 *     env_millicpus          250
 *     group                    0
 *     learner 0,2                    lists of CPUs, in the order in which threads take them
 *     env 4-15
 *
 * Whole numbers alone, so that nothing depends on a locale. */
#include "run_note.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MILLI = 1000 };

/* --- reading: each moves *at behind what it has taken --- */

static bool take_word(const char **at, const char *word)
{
    const size_t length = strlen(word);
    if (strncmp(*at, word, length) != 0)
        return false;
    *at += length;
    return true;
}

/* Digits, of a number up to `most`. */
static bool take_number(const char **at, uint64_t most, uint64_t *number)
{
    if (!isdigit((unsigned char)**at))
        return false;
    for (*number = 0; isdigit((unsigned char)**at); ++*at) {
        const uint64_t digit = (uint64_t)(**at - '0');
        if (*number > (most - digit) / 10)
            return false;
        *number = 10 * *number + digit;
    }
    return true;
}

static bool take_value(const char **at, const char *name, uint64_t most, uint64_t *number)
{
    if (!take_word(at, name) || **at != ' ')
        return false;
    while (**at == ' ')
        ++*at;
    return take_number(at, most, number) && take_word(at, "\n");
}

/* "4" or "4-15"; no CPU stands twice in a list, which bounds the work. The first `most` are kept. */
static bool take_range(const char **at, int most, struct sac_cpu_bits *bits, struct sac_cpu_bits *seen,
                       int *count)
{
    uint64_t first, last;
    if (!take_number(at, SAC_NOTE_CPUS - 1, &first))
        return false;
    last = first;
    if (**at == '-' && (++*at, !take_number(at, SAC_NOTE_CPUS - 1, &last)))
        return false;
    for (uint64_t cpu = first; cpu <= last; cpu++) {
        const uint64_t bit = (uint64_t)1 << (cpu % 64);
        if (seen->word[cpu / 64] & bit)
            return false;
        seen->word[cpu / 64] |= bit;
        if (*count < most) {
            bits->word[cpu / 64] |= bit;
            ++*count;
        }
    }
    return last >= first;
}

static bool take_list(const char **at, const char *name, int most, struct sac_cpu_bits *bits, int *count)
{
    struct sac_cpu_bits seen = {{0}};
    if (!take_word(at, name) || !take_word(at, " "))
        return false;
    do {
        if (!take_range(at, most, bits, &seen, count))
            return false;
    } while (take_word(at, ","));
    return take_word(at, "\n");
}

bool sac_run_note_parse(const char *text, size_t size, struct sac_run_note *note)
{
    const char *at = text;
    uint64_t process, learning, busy, group;
    *note = (struct sac_run_note){0};
    if (size > SAC_NOTE_BYTES || !take_word(&at, "softac 1\n") ||
        !take_value(&at, "process", INT_MAX, &process) || !take_value(&at, "learning", INT_MAX, &learning) ||
        !take_value(&at, "env_millicpus", (uint64_t)MILLI * SAC_NOTE_CPUS, &busy) ||
        !take_value(&at, "group", UINT64_MAX, &group))
        return false;
    note->process = (int)process;
    note->learning = (int)learning;
    note->busy = (double)busy / MILLI;
    note->group = group;
    return take_list(&at, "learner", note->learning, &note->learner, &note->learner_count) &&
           take_list(&at, "env", SAC_NOTE_CPUS, &note->env, &note->env_count) && at == text + size;
}

/* --- writing --- */

struct writer {
    char *text;
    size_t size, used; /* used >= size: it did not fit */
};

static void put(struct writer *w, const char *text)
{
    const size_t length = strlen(text);
    if (w->used + length < w->size)
        memcpy(w->text + w->used, text, length + 1);
    w->used += length;
}

static void put_value(struct writer *w, const char *name, uint64_t value)
{
    char line[64];
    snprintf(line, sizeof line, "%s %20llu\n", name, (unsigned long long)value);
    put(w, line);
}

static void put_list(struct writer *w, const char *name, const struct sac_cpu_list *list)
{
    put(w, name);
    for (int first = 0, end; first < list->count; first = end) {
        char range[32];
        for (end = first + 1; end < list->count && list->cpu[end] == list->cpu[end - 1] + 1; end++)
            ;
        if (end - first > 1)
            snprintf(range, sizeof range, "%d-%d", list->cpu[first], list->cpu[end - 1]);
        else
            snprintf(range, sizeof range, "%d", list->cpu[first]);
        put(w, first ? "," : " ");
        put(w, range);
    }
    put(w, "\n");
}

size_t sac_run_note_print(const struct sac_run_told *told, char *text, size_t size)
{
    struct writer w = {text, size, 0};
    const double busy = told->busy > 0 ? told->busy : 0; /* not where it is not known */
    put(&w, "softac 1\n");
    put_value(&w, "process", (uint64_t)told->process);
    put_value(&w, "learning", (uint64_t)told->learning);
    put_value(&w, "env_millicpus", (uint64_t)(MILLI * (busy < SAC_NOTE_CPUS ? busy : SAC_NOTE_CPUS)));
    put_value(&w, "group", told->group);
    put_list(&w, "learner", &told->learner);
    put_list(&w, "env", &told->env);
    return w.used < size ? w.used : 0;
}
