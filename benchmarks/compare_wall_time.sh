#!/bin/sh
# How much sooner is a run over when the environments go on while the learner learns (mode=async)? Runs of either mode
# in turn, pair by pair, of the same task and settings; prints a Markdown row: mean seconds of either, and the median
# ratio lockstep / async with its 95 % interval. For machines with nothing else to do.
# usage: compare_wall_time.sh [PAIRS] [ENV [STEPS [key=value ...]]]
#        default: 15 HalfCheetah-v5 20000 update_to_data=0.0625 warmup_steps=1000
# softac=PROGRAM (default ./softac)
set -eu
softac=${softac:-./softac}
pairs=${1:-15}
task=${2:-HalfCheetah-v5}
steps=${3:-20000}
if [ $# -gt 3 ]; then shift 3; else set -- update_to_data=0.0625 warmup_steps=1000; fi
here=$(dirname "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

seconds() { # MODE SEED SETTINGS...: of training, without starting up and evaluating
    mode=$1 seed=$2
    shift 2
    rm -rf "$folder/run"
    "$softac" train "$task" "$@" "mode=$mode" eval_every=0 eval_episodes=1 --steps "$steps" --seed "$seed" \
        --out "$folder/run" --json >"$folder/out" 2>"$folder/log" || { cat "$folder/log" >&2; exit 1; }
    tail -n 1 "$folder/out" | sed 's/.*"wall_seconds": *\([-0-9.e+]*\).*/\1/;t;d'
}

for pair in $(seq 1 "$pairs"); do
    # who goes first changes from pair to pair
    if [ $((pair % 2)) = 1 ]; then order="async lockstep"; else order="lockstep async"; fi
    for mode in $order; do
        echo "$mode $(seconds "$mode" "$pair" "$@")" >>"$folder/results"
    done
done
echo "| task | steps | settings | pairs | async, s | lockstep, s | lockstep / async |"
echo "|---|---|---|---|---|---|---|"
awk -v a=async -v b=lockstep -v paired=1 -f "$here/bootstrap.awk" "$folder/results" |
    awk -v task="$task" -v steps="$steps" -v settings="$*" -v pairs="$pairs" '
        { cell[NR] = sprintf("%.3g (%.3g – %.3g)", $2, $3, $4) }
        END { printf "| %s | %d | %s | %d | %s | %s | %s |\n", task, steps, settings, pairs, cell[1], cell[2], cell[3] }'
