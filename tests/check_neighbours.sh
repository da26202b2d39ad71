#!/bin/bash
# Two runs on one machine: the second sees the first one's cores, says so and keeps off them; a killed run is forgotten;
# what lockstep computes does not depend on who else is there.
# usage: check_neighbours.sh   in the build folder
set -euo pipefail
folder=$(mktemp -d)
export SOFTAC_SHARED_DIR=$folder/notes
runs=()
trap 'for run in "${runs[@]}"; do kill "$run" 2>/dev/null || true; done; rm -rf "$folder"' EXIT
fail() { echo "$*" >&2; exit 1; }

# wait_for CONDITION, some seconds at most
wait_for() {
    for _ in $(seq 300); do
        eval "$1" && return
        sleep 0.1
    done
    fail "not so: $1; $(tail -n 20 "$folder"/*.log)"
}

# start NAME ARGUMENT...: a run in the background, until its threads are there. Its process number is in $process.
start() {
    ./softac train Pendulum-v1 --steps 100000000 environments=2 hidden=64,64 --env-threads 1 --learner-threads 1 \
        --out "$folder/$1" "${@:2}" >"$folder/$1.log" 2>&1 &
    process=$!
    runs+=("$process")
    wait_for "kill -0 $process && [[ \$(cat /proc/$process/task/*/comm | grep -c '^softac-[el]') -eq 3 ]]"
}

# the CPUs that a run's thread may run on
allowed() {
    local task
    for task in "/proc/$1/task"/*; do
        [[ $(<"$task/comm") != "$2" ]] || awk '/^Cpus_allowed_list:/ { print $2 }' "$task/status"
    done
}

lockstep_sum() {
    ./softac train Pendulum-v1 mode=lockstep steps=600 warmup_steps=200 environments=4 hidden=32,32 batch_size=32 \
        eval_episodes=1 --seed 5 --out "$folder/$1" >"$folder/$1.log" 2>&1 || fail "$(cat "$folder/$1.log")"
    sha256sum <"$folder/$1/policy.safetensors"
}

./softac info >"$folder/info"
! grep -q 'taken by' "$folder/info" || fail "somebody is there before anybody came: $(cat "$folder/info")"
alone=$(lockstep_sum alone)
! grep -q 'taken by' "$folder/alone.log" || fail "a run sees itself: $(cat "$folder/alone.log")"
[[ -z $(ls "$SOFTAC_SHARED_DIR") ]] || fail "a run that ended left its note"

start first --pin
first=$process
./softac info >"$folder/info"
grep -q "taken by another run (process $first)" "$folder/info" || fail "info does not tell: $(cat "$folder/info")"
./softac info --json | grep -q '"runs": 1' || fail "info --json does not tell"

[[ $(lockstep_sum beside) == "$alone" ]] || fail "what lockstep computes depends on another run"
grep -q "taken by another run (process $first)" "$folder/beside.log" || fail "not told: $(cat "$folder/beside.log")"

start second --pin
grep -q "taken by another run (process $first)" "$folder/second.log" || fail "not told: $(cat "$folder/second.log")"
if [[ $(./softac info --json | grep -c '"package":') -ge 2 ]]; then # cores
    wait_for "[[ \$(allowed $first softac-learner) =~ ^[0-9]+\$ && \$(allowed $process softac-learner) =~ ^[0-9]+\$ ]]"
    [[ $(allowed "$first" softac-learner) != "$(allowed "$process" softac-learner)" ]] ||
        fail "two learners on CPU $(allowed "$first" softac-learner)"
fi
[[ $(ls "$SOFTAC_SHARED_DIR" | wc -l) -eq 2 ]] || fail "not two notes"

kill -KILL "$first" "$process"
wait "$first" "$process" 2>/dev/null || true
[[ $(ls "$SOFTAC_SHARED_DIR" | wc -l) -eq 2 ]] || fail "killed runs can not remove their notes"
./softac info >"$folder/info"
! grep -q 'taken by' "$folder/info" || fail "killed runs are heeded: $(cat "$folder/info")"
[[ -z $(ls "$SOFTAC_SHARED_DIR") ]] || fail "notes of killed runs stay"
echo "runs keep off each other"
