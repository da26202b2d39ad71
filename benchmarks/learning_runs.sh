#!/bin/sh
# How training goes: runs TASK with seeds 1 to SEEDS, one after the other, and adds the mean return of every evaluation
# to RESULTS, a line each: task,"settings",seed,environment steps,mean return. Seeds that RESULTS has already are left out.
# learning_curves.py makes the table and the curves of docs/results.md of it.
# usage: learning_runs.sh RESULTS TASK SEEDS [KEY=VALUE | OPTION]...   ($softac: the program; default ./softac)
set -eu
softac=${softac:-./softac}
results=$1 task=$2 seeds=$3
shift 3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
[ -s "$results" ] || echo "task,settings,seed,step,mean_return" >"$results"

for seed in $(seq 1 "$seeds"); do
    grep -qF "$task,\"$*\",$seed," "$results" && continue
    rm -rf "$folder/run"
    "$softac" train "$task" "$@" --seed "$seed" --out "$folder/run" >"$folder/out" 2>"$folder/log" ||
        { cat "$folder/log" >&2; exit 1; }
    awk -F, -v run="$task,\"$*\",$seed" '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        $column["eval/mean_reward"] != "" { print run "," $column["time/total_timesteps"] "," $column["eval/mean_reward"] }
        ' "$folder/run/progress.csv" >>"$results"
    tail -n 1 "$results"
done
