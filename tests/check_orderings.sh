#!/bin/bash
# Every acquire and release of src/labels.h is weakened, one at a time, and what docs/memory-model.md names in its
# column "mutant" must notice: a case of tests/test_edges under ThreadSanitizer, with the ordering left out of the real
# code and yields injected, or the models. The same cases must pass with all orderings in place. Prints a line for each
# label (both halves of an acq_rel) and at last how many were killed.
#
#   tests/check_orderings.sh           in a build folder of check_variant.sh orderings
#   tests/check_orderings.sh --table   LABEL KILLER, one a line; the killer is models, or a case of tests/test_edges
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
page=$source/docs/memory-model.md
seeds=20 # of the yields: a race that needs luck is given this many chances

# From rows "| D → A | ... | mutant | test |".
table() {
    sed -n '/^<!-- labels:/,/^## /p' "$page" | awk -F ' *[|] *' '/^\| [A-Z]+ → [A-Z]+ \|/ {
        split($2, label, " → ")
        killer = $8
        gsub(/`/, "", killer)
        sub(/^test_edges: /, "", killer)
        for (end = 1; end <= 2; end++) {
            halves = split($4 $5, unused, "acq_rel") > 1 ? "_ACQUIRE _RELEASE" : " "
            count = split(halves, half, " ")
            if (count == 0) print label[end], killer
            for (h = 1; h <= count; h++) print label[end] half[h], killer
        }
    }' | sort -u
}

# edges CASE SEED: under ThreadSanitizer; SOFTAC_WEAKEN says what is left out.
edges() {
    CK_RUN_CASE=$1 SOFTAC_YIELD_SEED=$2 CK_FORK=no TSAN_OPTIONS="halt_on_error=1 exitcode=66" \
        timeout 300 tests/test_edges 2>&1
}

# kill_in_code LABEL CASE: says what was found.
kill_in_code() {
    local seed said
    for ((seed = 1; seed <= seeds; seed++)); do
        said=$(SOFTAC_WEAKEN=$1 edges "$2" "$seed") && continue
        grep -q 'WARNING: ThreadSanitizer: data race' <<<"$said" || break
        echo "ThreadSanitizer in test_edges, $2: race in" \
            "$(grep -m 1 -oP '^ +#0 \K\w+(?= .*\.[ch]:)' <<<"$said"), seed $seed"
        return
    done
    tail -n 5 <<<"${said-}"
    return 1
}

kill_in_models() {
    local said status=0
    said=$("$source/tests/models/check_models.sh" --weak "$1") || status=$?
    [[ $status -eq 0 ]] || { tail -n 3 <<<"$said"; return 1; }
    sed -nE 's/^ok +broken +(\w+) .* (caught: .*)$/model \1, \2/p' <<<"$said" | head -n 1
}

# one LABEL KILLER: its line, "killed" or "SURVIVED".
one() {
    local said verdict=killed
    if [[ $2 == models ]]; then
        said=$(kill_in_models "$1") || verdict=SURVIVED
    else
        said=$(kill_in_code "$1" "$2") || verdict=SURVIVED
    fi
    printf '%-10s %-8s %s\n' "$1" "$verdict" "$said"
}

case ${1-} in
--table) table; exit ;;
--one) one "$2" "$3"; exit ;;
esac

for name in $(table | awk '$2 != "models" { print $2 }' | sort -u); do
    for seed in 1 2 3; do
        said=$(edges "$name" $seed) || { echo "with all orderings in place, $name fails:"; echo "$said"; exit 1; }
        grep -q '100%: Checks: [1-9]' <<<"$said" || { echo "tests/test_edges has no case $name"; exit 1; }
    done
    echo "control    passed   test_edges, $name"
done
table | xargs -P "$(nproc)" -n 2 bash "$0" --one | tee killed
total=$(table | wc -l)
killed=$(grep -c '^[A-Z_]* *killed ' killed || true)
echo "orderings: killed $killed of $total"
[[ $total -gt 0 && $killed -eq $total ]]
