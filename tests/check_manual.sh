#!/bin/bash
# The manual pages tell what --help tells: options of every command, and the table of settings word by word.
# usage: check_manual.sh [--write]   in the build folder; --write renews the table in man/softac.1
set -euo pipefail
srcdir=${srcdir:-$(dirname "$0")/..}
page=$srcdir/man/softac.1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The settings of `softac train --help` as man page paragraphs.
./softac train --help | awk '
    /^settings:/ { on = 1; next }
    !on || !NF { next }
    { gsub(/\\/, "\\e"); gsub(/-/, "\\-") }
    /^  [a-z_]+/ { name = $1; sub(/^ *[a-z_]+ */, ""); printf ".TP\n.B %s\n%s\n", name, $0; next }
    { sub(/^ +/, ""); print }' >"$folder/settings"
[[ -s $folder/settings ]] || { echo "softac train --help shows no settings"; exit 1; }

if [[ ${1-} == --write ]]; then
    sed -i -e "/^\\.\\\\\" settings: begin/r $folder/settings" \
        -e '/^\.\\" settings: begin/,/^\.\\" settings: end/{/^\.\\" settings: /!d}' "$page"
    exit
fi
sed -n '/^\.\\" settings: begin/,/^\.\\" settings: end/p' "$page" | grep -v '^\.\\" settings: ' | diff - "$folder/settings" ||
    { echo "man/softac.1 and softac train --help differ: ../tests/check_manual.sh --write renews the page"; exit 1; }

failed=0
# options PAGE COMMAND...: each option of COMMAND --help stands in PAGE and the other way round.
options() {
    local page=$1 command=("${@:2}") section=
    "${command[@]}" --help | sed -nE '/^settings/,$!s/^  (--[a-z-]+).*/\1/p' | grep -vx -e --help | sort -u >"$folder/told"
    [[ ${#command[@]} -gt 1 ]] && section=${command[1]}
    awk -v section="$section" '
        /^\.SH / { here = "" }
        /^\.SS / { here = $2 }
        (section == "" || here == section) && /^\.(B|BI|BR) .*\\-\\-/ { print $2 }' "$page" |
        tr -d '\\' | grep -vx -e --help -e --version | sort -u >"$folder/written"
    diff "$folder/written" "$folder/told" >"$folder/diff" || {
        echo "$page: options of ${command[*]} (<: the page, >: --help):"
        cat "$folder/diff"
        failed=1
    }
}
for command in train tune eval export rollout envs info; do
    options "$page" ./softac $command
done
options "$srcdir/man/softac-bench.1" ./softac-bench
exit $failed
