#!/bin/bash
# Every acquire and release in src/ carries a label of docs/memory-model.md, beside it or in the comment just
# above; every label of that page is in the code; orders are spelled in src/atomics.h alone.
set -euo pipefail
cd "$(dirname "$0")/.."

page=docs/memory-model.md
ordered='sac_(load|store|add|or|and|exchange)_(acquire|release|acq_rel)\('
labels=$(sed -n '/<!-- labels:/,/^W marks/s/^| \([A-Z]\+\) → \([A-Z]\+\) |.*/\1 \2/p' $page | tr ' ' '\n' | sort -u)
[[ -n $labels ]] || { echo "$page: no table of labels"; exit 1; }
files=$(find src -name '*.[ch]' ! -name atomics.h | sort)

# shellcheck disable=SC2086
unlabelled=$(awk -v ordered="$ordered" -v labels="$labels" '
    BEGIN { n = split(labels, known, "\n"); for (i = 1; i <= n; i++) is_label[known[i]] = 1 }
    function has_label(text,   words, count, i) {
        if (!sub(/.*\/\*/, "", text)) return 0
        sub(/\*\/.*/, "", text)
        count = split(text, words, /[^A-Za-z]+/)
        for (i = 1; i <= count; i++) if (words[i] in is_label) return 1
        return 0
    }
    $0 ~ ordered && $0 !~ /^ \*/ && !has_label($0) && !has_label(before) { print FILENAME ":" FNR ":" $0 }
    { before = FNR == 1 ? "" : $0 }' $files)
# shellcheck disable=SC2086
elsewhere=$(grep -nE 'memory_order_|atomic_thread_fence|__atomic_|__sync_|seq_cst' $files || true)
# shellcheck disable=SC2086
marked=$(grep -hE "$ordered" -B1 $files)
unused=
for label in $labels; do
    grep -qE "/\*.*\b$label\b" <<<"$marked" || unused+=" $label"
done

[[ -z $unlabelled ]] || printf 'acquire or release without a label of %s:\n%s\n' $page "$unlabelled"
[[ -z $elsewhere ]] || printf 'an order spelled outside src/atomics.h:\n%s\n' "$elsewhere"
[[ -z $unused ]] || printf 'labels of %s that no acquire or release in src/ carries:%s\n' $page "$unused"
[[ -z $unlabelled$elsewhere$unused ]]
