#!/bin/bash
# Where the kernel says that a run's threads may run: with --pin, without it, and under an affinity mask; and that the
# learner's team makes room for environments that need it.
# usage: check_placement.sh   in the build folder
set -euo pipefail
folder=$(mktemp -d)
run=
trap '[[ -z $run ]] || kill "$run" 2>/dev/null || true; rm -rf "$folder"' EXIT
fail() { echo "$*" >&2; exit 1; }

# "0-2,5" as words
cpus() {
    local part
    for part in ${1//,/ }; do seq "${part%-*}" "${part#*-}"; done
}
allowed() { awk '/^Cpus_allowed_list:/ { print $2 }' "/proc/$1/status"; }

# start ARGUMENT...: a run, until all its threads are there; one line for each, NAME and CPUs, into $folder/threads.
start() {
    local threads=$1
    rm -rf "$folder/run"
    ${mask:+taskset -c "$mask"} ./softac train Pendulum-v1 --steps 100000000 environments=4 hidden=256,256 batch_size=256 \
        --out "$folder/run" "${@:2}" 2>"$folder/log" >&2 &
    run=$!
    for _ in $(seq 300); do
        sleep 0.1
        kill -0 "$run" 2>/dev/null || fail "softac train ended: $(cat "$folder/log")"
        for task in "/proc/$run/task"/*; do
            echo "$(cat "$task/comm") $(allowed "$run/task/${task##*/}")"
        done | sort >"$folder/threads"
        [[ $(grep -c '^softac-[el]' "$folder/threads") -eq $threads ]] && settled && break
    done
    [[ $(grep -c '^softac-[el]' "$folder/threads") -eq $threads ]] && settled ||
        fail "not the threads there should be: $(cat "$folder/threads")"
    kill -TERM "$run"
    wait "$run" || [[ $? -eq 143 ]] || fail "$(cat "$folder/log")"
    run=
}
of() { awk -v name="$1" 'index($1, name) == 1 { print $2 }' "$folder/threads"; }
# A thread binds itself a moment after it is there: until then the conditions do not hold yet.
settled() { eval "$condition"; }

own=$(allowed self)
mapfile -t own_cpus < <(cpus "$own")
mask=

# Without --pin every thread may run where the process may.
condition='[[ $(of softac- | sort -u) == "$own" ]]'
start 4 --env-threads 2 --learner-threads 1

# Under a mask of one CPU everything is there, with and without --pin.
mask=${own_cpus[-1]}
condition='[[ $(of softac- | sort -u) == "$mask" ]]'
start 4 --env-threads 2 --learner-threads 1
start 4 --env-threads 2 --learner-threads 1 --pin
grep -q 'on 1 core' "$folder/log" || fail "the start-up line does not tell of one core: $(cat "$folder/log")"

if [[ ${#own_cpus[@]} -ge 2 ]]; then
    # Learner and env thread on a CPU each, the evaluator off the learner's.
    mask=${own_cpus[0]},${own_cpus[1]}
    condition='[[ $(of softac- | grep -cx "[0-9]*") -eq 3 && $(of softac-l) != "$(of softac-env)" ]] &&
        [[ $(of softac-l) != "$(of softac-eval)" ]]'
    start 3 --env-threads 1 --learner-threads 1 --pin

    # A team of two on two CPUs: a CPU for each member, env threads on both.
    condition='[[ $(of softac-l | sort -u | grep -cx "[0-9]*") -eq 2 ]] &&
        [[ $(cpus "$(of softac-env | sort -u)") == "$(cpus "$mask")" ]]'
    start 5 --env-threads 2 --learner-threads 2 --pin

    # Two threads would learn on two cores, but with an update in 4096 steps it is the environments that are busy. (Not
    # where two CPUs are one core, or a quota allows no more.)
    if taskset -c "$mask" ./softac info | grep '^  2 threads learn' >/dev/null; then
        condition='grep -q "^softac train: 1 of 2 learner threads works now" "$folder/log"'
        start 5 update_to_data=1/4096 warmup_steps=100
        grep -q "^softac train: 2 threads learn" "$folder/log" || fail "not two threads at the start: $(cat "$folder/log")"
        [[ $(tail -n 1 "$folder/run/progress.csv") == *,1 ]] || fail "progress.csv does not tell of one learner thread"
    fi
fi
echo "threads are where they should be"
