#!/bin/sh
# One seed in lockstep gives one policy file, byte for byte: for 1 to 4 env threads, evaluator on and off, twice each.
# usage: check_lockstep.sh [ENV...]   ($softac: the program; default ./softac)
set -eu
softac=${softac:-./softac}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0 failed=0

policy_sum() { # ENV ALGORITHM THREADS EVAL_EVERY LEARNER_THREADS
    rm -rf "$folder/run"
    "$softac" train "$1" "algorithm=$2" mode=lockstep environments=12 steps=1500 warmup_steps=500 batch_size=64 \
        hidden=64,64 "eval_every=$4" eval_episodes=2 --seed 7 --env-threads "$3" --learner-threads "$5" \
        --out "$folder/run" >"$folder/out" 2>"$folder/log" || { cat "$folder/log" >&2; exit 1; }
    sha256sum <"$folder/run/policy.safetensors"
}

for environment in "${@:-Pendulum-v1}"; do
    for algorithm in sac_v1 sac_v2; do
        first=$(policy_sum "$environment" "$algorithm" 1 0 1)
        same=1
        for threads in 1 2 3 4; do
            for eval_every in 0 300; do
                for again in 1 2; do
                    sum=$(policy_sum "$environment" "$algorithm" "$threads" "$eval_every" "$again")
                    [ "$sum" = "$first" ] || { same=0; echo "differs: $environment $algorithm, $threads env threads, eval_every=$eval_every"; }
                done
            done
        done
        if [ $same = 1 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
        echo "$environment $algorithm: 16 runs, $([ $same = 1 ] && echo one checksum || echo DIFFERENT checksums)"
    done
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
