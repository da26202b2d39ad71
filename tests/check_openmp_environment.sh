#!/bin/sh
# Variables of the caller's environment that are meant for OpenMP change nothing: the policy is the same, byte for
# byte, the learner's team has the size asked for, and no thread is bound to one core.
# usage: check_openmp_environment.sh   (run where it was built; libgomp's own warnings of bad values do not count)
set -u
softac=$PWD/softac
test_team=$PWD/tests/test_team
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0
fail() {
    failures=$((failures + 1))
    echo "FAILED: $*"
    sed 's/^/  /' "$folder/log"
}
# This check's own environment must not have any.
for name in $(env | sed -n 's/^\([GK]\{0,1\}O\{0,1\}MP_[A-Z_]*\)=.*/\1/p'); do unset "$name"; done

train() { # VARIABLE=VALUE...: a short lockstep run; prints the policy's checksum
    rm -rf "$folder/run"
    env "$@" timeout 120 "$softac" train Pendulum-v1 mode=lockstep environments=4 steps=250 warmup_steps=100 \
        batch_size=32 hidden=32,32 eval_episodes=1 --env-threads 2 --learner-threads 2 --out "$folder/run" \
        >"$folder/out" 2>"$folder/log" && sha256sum <"$folder/run/policy.safetensors"
}

wanted=$(train SOFTAC_NOTHING=1) || fail "a run without such variables"
runs=0
while read -r variables; do
    # shellcheck disable=SC2086 # several variables, a word each
    [ "$(train $variables)" = "$wanted" ] || fail "another policy, or none, with $variables"
    runs=$((runs + 1))
done <<END
OMP_NUM_THREADS=1
OMP_NUM_THREADS=64
OMP_THREAD_LIMIT=1
OMP_DYNAMIC=true
OMP_PROC_BIND=close
OMP_PROC_BIND=true
OMP_PROC_BIND=spread OMP_PLACES=cores
OMP_PLACES={0}
OMP_WAIT_POLICY=passive
OMP_WAIT_POLICY=active GOMP_SPINCOUNT=infinity
OMP_SCHEDULE=dynamic,1
OMP_STACKSIZE=16k
OMP_STACKSIZE=100000G
OMP_MAX_ACTIVE_LEVELS=0
OMP_MAX_ACTIVE_LEVELS=1 OMP_NESTED=true OMP_CANCELLATION=true
GOMP_CPU_AFFINITY=0
GOMP_STACKSIZE=16
GOMP_SPINCOUNT=0
KMP_AFFINITY=compact KMP_STACKSIZE=16k KMP_LIBRARY=serial KMP_BLOCKTIME=infinite
OMP_NUM_THREADS=many OMP_PROC_BIND=perhaps OMP_WAIT_POLICY=? GOMP_SPINCOUNT=x OMP_DYNAMIC=2
END
echo "$runs runs with variables set: compared with one without"

# While it trains, with everything at once: two env threads, three that learn, an evaluator, on all our CPUs.
allowed() { sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "$1"; }
named() { grep -lx "$1" /proc/"$training"/task/*/comm 2>/dev/null | wc -l; }
ours=$(allowed /proc/$$/status)
rm -rf "$folder/run"
OMP_PROC_BIND=true GOMP_CPU_AFFINITY=0 OMP_THREAD_LIMIT=1 OMP_DYNAMIC=true OMP_MAX_ACTIVE_LEVELS=0 OMP_NUM_THREADS=1 \
    "$softac" train Pendulum-v1 steps=100000000 hidden=32,32 environments=4 --env-threads 2 --learner-threads 3 \
    --out "$folder/run" >"$folder/out" 2>"$folder/log" &
training=$!
looks=0
until [ "$(named softac-learner)" -eq 3 ] && [ "$(named softac-env-1)" -eq 1 ]; do
    looks=$((looks + 1))
    if [ $looks -ge 300 ] || ! kill -0 $training 2>/dev/null; then break; fi
    sleep 0.1
done
[ "$(named softac-learner)" -eq 3 ] || fail "$(named softac-learner) threads learn instead of 3"
for task in /proc/"$training"/task/*; do
    [ "$(allowed "$task/status")" = "$ours" ] ||
        fail "$(cat "$task/comm") is bound to $(allowed "$task/status") of $ours"
done
kill -INT $training
wait $training
status=$?
[ $status -eq 130 ] || fail "status $status instead of 130 after an interrupt"

# The library in a host has no say before OpenMP wakes up: its team still is as large as it may be, and unbound.
for variables in OMP_PROC_BIND=true OMP_PROC_BIND=spread OMP_DYNAMIC=true OMP_MAX_ACTIVE_LEVELS=0 OMP_THREAD_LIMIT=1 \
    OMP_NUM_THREADS=1; do
    [ ! -x "$test_team" ] || env "$variables" "$test_team" >"$folder/log" 2>&1 || fail "tests/test_team with $variables"
done

[ $failures = 0 ] && echo "environment: all passed"
exit $failures
