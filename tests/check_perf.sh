#!/bin/sh
# softac train --perf: perf finds names for oneDNN's generated code, and only then; hardware events are counted or it is
# said why not; what is learnt is the same.
# usage: check_perf.sh   (run where it was built)
set -u
softac=$PWD/softac
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset DNNL_JIT_PROFILE ONEDNN_JIT_PROFILE
failures=0
fail() {
    failures=$((failures + 1))
    echo "FAILED: $*"
    sed 's/^/  /' "$folder/out" "$folder/log"
}
# FLAG...: a short lockstep run; its process is $pid, its JSON in out, its policy's checksum in sum. The portable kernels
# leave large layers to oneDNN on every CPU.
train() {
    rm -rf "$folder/run"
    "$softac" train Pendulum-v1 --isa portable mode=lockstep environments=4 steps=150 warmup_steps=100 \
        batch_size=256 hidden=256,256 eval_episodes=1 --env-threads 2 --learner-threads 2 --out "$folder/run" --json "$@" \
        >"$folder/out" 2>"$folder/log" &
    pid=$!
    wait $pid || fail "status $? of a run with $*"
    sum=$(sha256sum <"$folder/run/policy.safetensors")
    map=/tmp/perf-$pid.map
}

train
[ ! -e "$map" ] || fail "$map is there without --perf"
grep -q '"perf"' "$folder/out" && fail "events are told without --perf"
without=$sum

train --perf
[ "$sum" = "$without" ] || fail "--perf changes what is learnt"
if ! "$softac" info --isa portable | grep -q " rows .* oneDNN "; then
    echo "no code is generated: our own kernels compute these layers"
else
    grep -q '^[0-9a-f]* [0-9a-f]* .*jit' "$map" || fail "$map has no generated code in it"
fi
rm -f "$map"
for group in env_threads learner; do
    grep -q "\"perf\":{.*\"$group\":{\"cycles_per_[a-z]*\":" "$folder/out" || fail "no events of $group"
done
# a number above 0, or a reason
if grep -q '"instructions_per_update":null' "$folder/out"; then
    grep -q '"missing":"[a-z0-9_]* can not be counted: ' "$folder/out" || fail "no reason why there is no number"
else
    grep -q '"instructions_per_update":[1-9]' "$folder/out" || fail "no instructions were counted"
fi

export DNNL_JIT_PROFILE=0
train --perf
[ ! -e "$map" ] || fail "--perf overrides DNNL_JIT_PROFILE=0"
rm -f "$map"
unset DNNL_JIT_PROFILE

# oneDNN's product beside ours: its code is generated on every CPU
"$softac-bench" gemm/forward/256x256x256 --seconds 0.1 --perf >"$folder/out" 2>"$folder/log" &
pid=$!
wait $pid || fail "status $? of softac-bench --perf"
map=/tmp/perf-$pid.map
grep -q '^[0-9a-f]* [0-9a-f]* .*jit' "$map" || fail "softac-bench --perf: $map has no generated code in it"
rm -f "$map"
grep -q -e 'instructions a cycle' -e 'can not be counted: ' "$folder/out" "$folder/log" ||
    fail "softac-bench --perf: neither numbers nor a reason"

[ $failures = 0 ] && echo "--perf: all passed"
exit $failures
