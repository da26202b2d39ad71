#!/bin/bash
# How long a short training takes as a whole process, and how much memory: prints Markdown, medians and quartiles of
# RUNS processes of each kind.
#   first step     from exec to the first step of an environment (a plugin that ends the process there)
#   one step       from exec to exit of a run of one step, with its evaluation of one episode and the saved policy
#   whole run      from exec to exit of the run; CPU: what all its threads computed; memory: peak resident
# usage: cold_start.sh [RUNS [STEPS [key=value ...]]]
#        default: 5 10000 hidden=64,64 batch_size=100      other sizes: 3 10000 hidden=256,256 batch_size=256
# On one core: taskset -c 1 benchmarks/cold_start.sh
# softac=PROGRAM (default ./softac), flags=FLAGS (default --learner-threads 1 --env-threads 1), CC
set -eu
export LC_ALL=C
softac=${softac:-./softac}
flags=${flags:---learner-threads 1 --env-threads 1}
runs=${1:-5}
steps=${2:-10000}
if [ $# -gt 2 ]; then shift 2; else set -- hidden=64,64 batch_size=100; fi
set -- algorithm=sac_v2 warmup_steps=100 learning_rate=1e-3 eval_every=0 "$@"
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
command -v time >/dev/null || { echo "cold_start.sh needs time (Debian package time)" >&2; exit 1; }
${CC:-cc} -O2 -fPIC -shared -I "$here/../include" -o "$folder/first_step.so" "$here/first_step.c"

# softac train SETTINGS... ; its milliseconds go to FILE
clock() { # FILE SETTINGS...
    local file=$1 begin end
    shift
    rm -rf "$folder/run"
    begin=${EPOCHREALTIME/./}
    # shellcheck disable=SC2086
    "$softac" train "$@" $flags --out "$folder/run" >"$folder/out" 2>"$folder/log" || { cat "$folder/log" >&2; exit 1; }
    end=${EPOCHREALTIME/./}
    echo "$(((end - begin) / 1000)).$(printf %03d $(((end - begin) % 1000)))" >>"$file"
}

# The same with what the kernel counted: milliseconds, CPU seconds, MB, mean return.
watch() { # FILE SETTINGS...
    local file=$1 begin end
    shift
    rm -rf "$folder/run"
    begin=${EPOCHREALTIME/./}
    # shellcheck disable=SC2086
    command time -o "$folder/time" -f '%U %S %M' "$softac" train "$@" $flags --out "$folder/run" --json \
        >"$folder/out" 2>"$folder/log" || { cat "$folder/log" >&2; exit 1; }
    end=${EPOCHREALTIME/./}
    awk -v ms=$(((end - begin) / 1000)) \
        -v mean="$(tail -n 1 "$folder/out" | sed 's/.*"mean_return": *\([-0-9.e+]*\).*/\1/')" \
        '{ print ms / 1000, $1 + $2, $3 * 1024 / 1e6, mean }' "$folder/time" >>"$file"
}

# median (quartiles) of a column
quartiles() { # FILE COLUMN FORMAT
    awk -v column="$2" '{ print $column }' "$1" | sort -g | awk -v format="$3" '
        { x[NR] = $1 }
        function at(part,    place, low) {
            place = 1 + part * (NR - 1); low = int(place)
            return low < NR ? x[low] + (place - low) * (x[low + 1] - x[low]) : x[NR]
        }
        END { printf format " (" format " – " format ")", at(0.5), at(0.25), at(0.75) }'
}

for ((run = 1; run <= runs; run++)); do
    clock "$folder/first" "$folder/first_step.so" "$@" --steps 1000
    clock "$folder/one" Pendulum-v1 "$@" eval_episodes=1 --steps 1
    watch "$folder/whole" Pendulum-v1 "$@" eval_episodes=50 --steps "$steps" --seed "$run"
done
echo "| Pendulum-v1, $steps steps: $* | median (quartiles) of $runs |"
echo "|---|---|"
echo "| first step, ms | $(quartiles "$folder/first" 1 %.1f) |"
echo "| one step, ms | $(quartiles "$folder/one" 1 %.1f) |"
echo "| whole run, s | $(quartiles "$folder/whole" 1 %.2f) |"
echo "| of it CPU, s | $(quartiles "$folder/whole" 2 %.2f) |"
echo "| peak memory, MB | $(quartiles "$folder/whole" 3 %.1f) |"
echo "| mean return of 50 episodes | $(quartiles "$folder/whole" 4 %.0f) |"
