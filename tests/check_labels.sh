#!/bin/bash
# The atomics of src/, the labels of src/labels.h and the tables of docs/memory-model.md agree: every label has its
# row and its place in the code, every row its label, every atomic variable a row; a label of an acquire or release
# stands at one place. Orders are spelled in src/atomics.h alone. (The compiler sees to it that each access has a
# label of its order.)
set -euo pipefail
cd "$(dirname "$0")/.."

page=docs/memory-model.md
failed=
complain() {
    [[ -z $2 ]] || printf '%s\n%s\n' "$1" "$2"
    [[ -z $2 ]] || failed=yes
}

# labels LIST: those of one list of src/labels.h
labels() { sed -n "/^#define SAC_$1_LABELS(/,/[^\\]$/p" src/labels.h | grep -oP 'LABEL\(\K\w+(?=\))'; }
# between START END: the rows of a table, from the line with START to the line with END
rows() { sed -n "/$1/,/$2/p" $page | grep '^| ' | grep -v '^| label '; }
edges=$(rows '^<!-- labels:' '^## ')
relaxed=$(rows '^## What is relaxed' '^## The models')
ordered=$(labels RELEASE; labels ACQUIRE; labels ACQ_REL)
[[ -n $edges && -n $relaxed && -n $ordered ]] || { echo "$page or src/labels.h: no table of labels"; exit 1; }

in_edges=$(grep -oP '^\| \K[A-Z]+ → [A-Z]+' <<<"$edges" | sed 's/ → /\n/' | sort -u)
in_relaxed=$(grep -oP '^\| \K\w+' <<<"$relaxed" | sort)
complain "acquires and releases in src/labels.h without a row in $page:" "$(comm -23 <(sort <<<"$ordered") <(echo "$in_edges"))"
complain "edges of $page that are not in src/labels.h:" "$(comm -13 <(sort <<<"$ordered") <(echo "$in_edges"))"
complain "relaxed labels of src/labels.h without a row in $page:" "$(comm -23 <(labels RELAXED | sort) <(echo "$in_relaxed"))"
complain "relaxed labels of $page, twice or not in src/labels.h:" "$(comm -13 <(labels RELAXED | sort) <(echo "$in_relaxed"))"

# What weakens them: each in a model, and what the page names as its mutant exists.
halves=$(labels ACQ_REL | sed 's/.*/&_ACQUIRE\n&_RELEASE/')
complain "acquires and releases that no model weakens:" \
    "$(comm -23 <((labels RELEASE; labels ACQUIRE; echo "$halves") | sort) <(tests/models/check_models.sh --labels | sort))"
for killer in $(tests/check_orderings.sh --table | cut -d ' ' -f 2 | sort -u); do
    [[ $killer == models ]] || grep -q "edges(\"$killer\"" tests/test_edges.c ||
        complain "named as a mutant in $page, but not a case of tests/test_edges.c:" "$killer"
done
complain "rows of $page without a mutant:" \
    "$(comm -23 <((labels RELEASE; labels ACQUIRE; echo "$halves") | sort) <(tests/check_orderings.sh --table | grep ' .' | cut -d ' ' -f 1 | sort))"

files=$(find src envs -name '*.[ch]' ! -path src/atomics.h ! -path src/labels.h | sort)
# shellcheck disable=SC2086
used=$(cat $files | grep -oP 'sac_(load|store|add|or|and|exchange)_(relaxed|acquire|release|acq_rel)\(\w+(?=,)' | sort)
for label in $ordered; do
    places=$(grep -cP "_(acquire|release|acq_rel)\($label\$" <<<"$used" || true)
    [[ $places -eq 1 ]] || complain "an acquire or release is to stand at one place of src/, not at $places:" "$label"
done
for label in $(labels RELAXED); do
    [[ $label == test ]] || grep -qP "_relaxed\($label\$" <<<"$used" || complain "nothing in src/ is labelled" "$label"
done

# An atomic variable: declared as _Atomic, not as a parameter or a pointer on a stack.
# shellcheck disable=SC2086
variables=$(grep -hP '^(static |    )(_Alignas\(\w+\) )?[\w *]*\b_Atomic\b[^()]*;' $files | sed 's|;.*||; s|\[[^]]*\]||g; s| = .*||; s|.*_Atomic ||; s|^[a-z_0-9]* \**||' |
    tr -d ' *' | tr ',' '\n' | sort -u)
for variable in $variables; do
    grep -qF "\`$variable\`" <<<"$(printf '%s\n%s\n' "$edges" "$relaxed" | cut -d '|' -f 3)" ||
        complain "an atomic variable without a row in $page:" "$variable"
done
# shellcheck disable=SC2086
complain "an order spelled outside src/atomics.h, or an atomic without its label:" \
    "$(grep -nE 'memory_order_|\batomic_[a-z_]+\(|__atomic_|__sync_|seq_cst' $files || true)"
[[ -z $failed ]]
