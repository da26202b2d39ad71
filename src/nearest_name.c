/* What a mistyped name probably meant. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "environment.h"
#include "integers.h"

enum { LONGEST_NAME = 64 };

/* Levenshtein's distance, letter case ignored; names of up to LONGEST_NAME letters. */
static int edit_distance(const char *a, const char *b)
{
    int row[LONGEST_NAME + 1];
    const int n = (int)strlen(b);
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; a[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            const int changed = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
            const int best = sac_least(sac_least(row[j], row[j - 1]) + 1, diagonal + changed);
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[n];
}

/* "Near": a third of the longer name may differ, and one letter more ("pendulum" for "Pendulum-v1"); but
 * some letter must be the same. */
static const char *nearest_by_letters(const char *word, const char *const *names)
{
    const char *nearest = NULL;
    int least = 0;
    for (; *names; names++) {
        const size_t a = strlen(word), b = strlen(*names);
        if (a > LONGEST_NAME || b > LONGEST_NAME)
            continue;
        const int distance = edit_distance(word, *names);
        if (distance < (int)a && distance <= 1 + (int)(a > b ? a : b) / 3 && (!nearest || distance < least)) {
            nearest = *names;
            least = distance;
        }
    }
    return nearest;
}

/* The only name that the word is a part of: "v2" for "sac_v2". */
static const char *only_one_with(const char *word, const char *const *names)
{
    const char *found = NULL;
    for (; *names; names++)
        if (strcasestr(*names, word)) {
            if (found)
                return NULL;
            found = *names;
        }
    return found;
}

const char *sac_nearest_name(const char *word, const char *const *names)
{
    const char *nearest = nearest_by_letters(word, names);
    return nearest || strlen(word) < 2 ? nearest : only_one_with(word, names);
}
