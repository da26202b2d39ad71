/* Sentences, and the names they suggest. */
#include "error.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "environment.h"
#include "suite.h"

static const struct {
    const char *raw, *tidy;
} texts[] = {
    {"as it is", "as it is"},
    {"Gr\xc3\xb6\xc3\x9f"
     "e \xe2\x82\xac \xf0\x9f\x98\x80",
     "Gr\xc3\xb6\xc3\x9f"
     "e \xe2\x82\xac \xf0\x9f\x98\x80"},
    {"two\nlines\tand\r\n", "two lines and"},
    {"\033[31mred\x7f", "?[31mred?"},
    {"\xff\xc3 \xe2\x82", "?? ??"},
    {"\xc2\x85", "??"},
    {"\xf5\x80\x80\x80", "????"},
    {"\n", ""},
};

/* One line of UTF-8 comes out, and what was one already stays as it was. */
START_TEST(one_printable_line)
{
    sac_fail(SAC_IO, "%s", texts[_i].raw);
    ck_assert_str_eq(sac_last_error(), texts[_i].tidy);
    ck_assert_int_eq(sac_is_printable(texts[_i].raw), !strcmp(texts[_i].raw, texts[_i].tidy));
}
END_TEST

/* A word of any length leaves the sentence around it readable. */
START_TEST(long_words_are_cut)
{
    for (size_t length = 190; length < 100000; length = length < 210 ? length + 1 : 2 * length) {
        char *word = malloc(length + 1);
        memset(word, 'x', length);
        word[length] = '\0';
        sac_fail(SAC_IO, "%s: cannot be opened: name another file", word);
        const char *sentence = sac_last_error();
        ck_assert_ptr_nonnull(strstr(sentence, "x: cannot be opened: name another file"));
        ck_assert_uint_eq(strspn(sentence, "x"), length >= 200 ? 80 : length);
        free(word);
    }
}
END_TEST

static const struct {
    const char *word, *nearest;
} words[] = {
    {"trian", "train"}, {"TRAIN", "train"}, {"rollouts", "rollout"}, {"v2", "sac_v2"}, {"ac_", NULL},
    {"", NULL},         {"x", NULL},        {"zzzzzzz", NULL},       {"val", "eval"},  {"roll", "rollout"},
};

/* By letters first, then by part; a word that has nothing in common with any name gets none. */
START_TEST(nearest_name)
{
    static const char *const names[] = {"train", "eval", "rollout", "sac_v1", "sac_v2", NULL};
    const char *nearest = sac_nearest_name(words[_i].word, names);
    if (words[_i].nearest)
        ck_assert_str_eq(nearest, words[_i].nearest);
    else
        ck_assert_ptr_null(nearest);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("error");
    tcase_add_loop_test(cases, one_printable_line, 0, sizeof texts / sizeof *texts);
    tcase_add_test(cases, long_words_are_cut);
    tcase_add_loop_test(cases, nearest_name, 0, sizeof words / sizeof *words);
    return suite_run(CK_FORK_GETENV, "error", 1, cases);
}
