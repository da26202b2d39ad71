#!/bin/bash
# Wrong commands are refused as tests/refusals/table tells, and their valid neighbours are accepted.
# usage: check_refusals.sh [PART-OF-A-TITLE]   (run where the programs were built; $srcdir: the sources)
#
# An entry of the table is some lines and then an empty one:
#   # TITLE            what is wrong
#   only CONDITION     leave the entry out unless this shell command succeeds (root: $EUID)
#   make COMMAND       make files, before either run
#   bad STATUS COMMAND must be refused: with this exit status and one line on stderr that has
#   says TEXT          each of these; with nothing on stdout, and no file more or less than before
#   fix COMMAND        make it right, before the other run
#   good COMMAND       its valid neighbour: must exit with 0
# Commands are shell text; each run has a new, empty folder. $P, $policy, ... are set below.
set -u
shopt -s globstar dotglob nullglob
build=$PWD
table=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)/tests/refusals/table
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT

softac() { "$build/softac" "$@"; }
softac-bench() { "$build/softac-bench" "$@"; }

# Presets that make a run of some milliseconds of plain `softac train ENV`.
export SOFTAC_PRESET_DIR=$top/presets
mkdir "$SOFTAC_PRESET_DIR"
for P in MountainCarContinuous-v0 Pendulum-v1; do
    printf '%s\n' 'steps: 8' 'warmup_steps: 2' 'hidden: [4]' 'batch_size: 2' 'replay_capacity: 64' 'environments: 2' \
        'eval_episodes: 1' 'eval_every: 0' 'sac_v1: {reward_scale: 1}' >"$SOFTAC_PRESET_DIR/$P.yaml"
done
plugins=$build/tests/.libs
policy=$top/policy
other_policy=$top/other
softac train $P --out "$policy" >/dev/null 2>&1 || { echo "softac train $P failed"; exit 1; }
softac train MountainCarContinuous-v0 --out "$other_policy" >/dev/null 2>&1
long=$(printf '%5000s' '' | tr ' ' x)

# fail WHAT: tell it, with what the program said.
fail() {
    echo "FAILED: $title: $1"
    sed 's/^/  stdout: /' "$here/out" | head -n 5
    sed 's/^/  stderr: /' "$here/err" | head -n 20
    failures=$((failures + 1))
}

# run COMMAND: in the folder at hand, streams into out and err beside it; sets status.
run() {
    eval "$1" >"$here/out" 2>"$here/err" </dev/null
    status=$?
}

# begin: a new folder with what `make` makes.
begin() {
    rm -rf "$here/work"
    mkdir "$here/work"
    cd "$here/work" || exit 1
    eval "$make"
}

check_refusal() {
    local lines text before after
    begin
    before=(**)
    run "$bad"
    after=(**)
    [[ $status == "$wanted" ]] || fail "exit status $status instead of $wanted"
    [[ ${before[*]} == "${after[*]}" ]] || fail "files before: ${before[*]:-none}; after: ${after[*]:-none}"
    [[ -s $here/out ]] && fail "something on stdout"
    mapfile -t lines <"$here/err"
    [[ ${#lines[@]} == 1 && ${lines[0]} == softac* ]] || fail "${#lines[@]} lines on stderr instead of one"
    for text in "${says[@]}"; do
        [[ ${lines[0]-} == *"$text"* ]] || fail "the sentence lacks: $text"
    done
}

check_neighbour() {
    begin
    eval "$fix"
    run "$good"
    [[ $status == 0 ]] || fail "its valid neighbour, $good, ended with $status"
}

check_entry() {
    [[ -n $bad && -n $good && ${#says[@]} -gt 0 ]] || { echo "FAILED: $title: bad, says or good is missing"; exit 1; }
    ! eval "$only" 2>/dev/null && return
    entries=$((entries + 1))
    check_refusal
    check_neighbour
}

# Every second entry, from number $1 on: two workers share the table.
work() {
    local number=0 key rest
    here=$top/worker$1
    mkdir "$here"
    failures=0 entries=0
    clear
    while IFS= read -r line || [[ -n ${title:-} ]]; do
        key=${line%% *} rest=${line#* }
        case $key in
        '##') ;; # a remark
        '#') title=$rest ;;
        only) only=$rest ;;
        make) make+=$rest$'\n' ;;
        bad) wanted=${rest%% *} bad=${rest#* } ;;
        says) says+=("$rest") ;;
        fix) fix+=$rest$'\n' ;;
        good) good=$rest ;;
        '')
            [[ -n $title && $((number++ % 2)) == "$1" && $title == *"$filter"* ]] && check_entry
            clear
            ;;
        *) echo "FAILED: $table: what is $key?"; exit 1 ;;
        esac
    done <"$table"
    echo $entries >"$here/entries"
    [[ $failures == 0 ]]
}
clear() { title='' only=true make='' bad='' wanted='' says=() fix='' good=''; }

filter=${1-}
work 0 & first=$!
work 1 & second=$!
wait $first; failed=$?
wait $second || failed=1
read -r half <"$top/worker0/entries" && read -r rest <"$top/worker1/entries" || exit 1
echo "$((half + rest)) entries"
[[ -n $filter || $((half + rest)) -ge 150 ]] || { echo "FAILED: fewer than 150 entries"; exit 1; }
exit $failed
