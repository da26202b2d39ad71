#!/bin/sh
# Does training while the environments go on (mode=async) cost return? For each task, SEEDS runs in either mode,
# each evaluated over 100 episodes; prints a Markdown table of mean returns with 95 % intervals, and the
# difference with its own: a loss is one whose interval lies below zero.
# usage: compare_returns.sh [SEEDS] [RESULTS]    SEEDS: default 20; RESULTS: a file that gets a line for every
# run, "TASK MODE SEED RETURN"; those that it has already are not made again.
# softac=PROGRAM (default ./softac); exit status 1: a loss was found
set -eu
softac=${softac:-./softac}
seeds=${1:-20}
here=$(dirname "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
results=${2:-$folder/results}
touch "$results"

run() { # TASK MODE SEED SETTINGS...
    task=$1 mode=$2 seed=$3
    shift 3
    grep -q "^$task $mode $seed " "$results" && return
    rm -rf "$folder/run"
    "$softac" train "$task" "$@" "mode=$mode" eval_every=0 eval_episodes=1 --seed "$seed" --env-threads 1 \
        --learner-threads 1 --out "$folder/run" >"$folder/out" 2>"$folder/log" || { cat "$folder/log" >&2; exit 1; }
    mean=$("$softac" eval "$folder/run" --episodes 100 --seed 1 --json |
        sed 's/.*"mean_return": *\([-0-9.e+]*\).*/\1/;t;d')
    echo "$task $mode $seed $mean" >>"$results"
}

lost=0
# One row of the table; the modes take turns, so that what else the machine does falls on both.
row() { # TASK SETTINGS...
    task=$1
    shift
    for seed in $(seq 1 "$seeds"); do
        for mode in async lockstep; do
            run "$task" "$mode" "$seed" "$@"
        done
    done
    awk -v task="$task" -v seeds="$seeds" '$1 == task && $3 <= seeds { print $2, $4 }' "$results" |
        awk -v a=async -v b=lockstep -f "$here/bootstrap.awk" >"$folder/summary"
    awk -v task="$task" -v seeds="$seeds" '
        { cell[NR] = sprintf("%.1f (%.1f – %.1f)", $2, $3, $4); high = $4 }
        END {
            printf "| %s | %d | %s | %s | %s | %s |\n", task, seeds, cell[1], cell[2], cell[3], high < 0 ? "loss" : "no loss"
            exit high < 0
        }' "$folder/summary" || lost=1
}

echo "| task | seeds | async | lockstep | difference | |"
echo "|---|---|---|---|---|---|"
row Pendulum-v1 steps=10000 hidden=64,64 batch_size=100 learning_rate=0.001
if "$softac" envs InvertedPendulum-v5 >/dev/null 2>&1; then
    row InvertedPendulum-v5 steps=30000
fi
exit $lost
