#!/bin/bash
# One seed in lockstep gives one policy file, byte for byte, and the same evaluations: for 1 to n env threads (n: the
# cores, 4 to 12), 1 and 2 learner threads, evaluator on and off, run after run; for each algorithm and estimator, each
# environment and each instruction set that runs here. Checksums are compared within one call of this script. None is
# kept with the sources: sin, exp and the like of the C library, oneDNN's generated code and MuJoCo choose their
# instructions, and with them the order of sums and the last bits, by the CPU and by their own version.
# What depends on the environment is only that its steps are its state's alone: two classic and two MuJoCo tasks get every
# combination, the others one algorithm and the threads that differ most.
# usage: check_lockstep.sh [ENV...]   (no ENV: all, else every combination of these; $softac: the program; default ./softac)
set -euo pipefail
export softac=${softac:-./softac}
folder=$(mktemp -d)
export folder
trap 'rm -rf "$folder"' EXIT
jobs=$(nproc)
threads=$((jobs < 4 ? 4 : jobs > 12 ? 12 : jobs))
passed=0 failed=0

# train ENV ALGORITHM ESTIMATOR ISA SEED ENV_THREADS EVAL_EVERY LEARNER_THREADS AGAIN: its two checksums, in a file of its
# group. ISA auto: the program chooses.
train() {
    local group=$1,$2,$3,$4,seed$5 out=$folder/$1,$2,$3,$4,$5,$6,$7,$8,$9 isa=()
    [[ $4 == auto ]] || isa=(--isa "$4")
    "$softac" train "$1" "algorithm=$2" "estimator=$3" "${isa[@]}" --seed "$5" --env-threads "$6" "eval_every=$7" \
        --learner-threads "$8" mode=lockstep environments=12 steps=900 warmup_steps=300 batch_size=64 hidden=64,64 \
        eval_episodes=2 --out "$out" >"$out.log" 2>&1 || { cat "$out.log" >&2; return 255; }
    # evaluations: step, return and updates
    awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["eval/mean_reward"] != "" { print $1, $at["eval/mean_reward"], $at["train/n_updates"] }' \
        "$out/progress.csv" >"$out.evaluations"
    [[ -s $out.evaluations ]] || { echo "no evaluations in $out/progress.csv" >&2; return 255; }
    echo "$(checksum "$out/policy.safetensors") evaluations-every-$7 $(checksum "$out.evaluations")" \
        "$6 env threads, eval_every=$7, $8 learner threads" >>"$folder/$group"
    rm -r "$out" "$out.log" "$out.evaluations"
}
checksum() { sha256sum <"$1" | cut -c 1-16; }
export -f train checksum

# All runs of one environment, algorithm and estimator, one a line.
plan() {
    local env_threads eval_every learner_threads isa
    for env_threads in $(seq "$threads"); do
        for eval_every in 0 300; do
            for learner_threads in 1 2; do
                echo "$* auto 7 $env_threads $eval_every $learner_threads 1"
            done
        done
    done
    echo "$* auto 7 1 0 1 2"
    echo "$* auto 8 1 0 1 1"
    for isa in $instruction_sets; do
        echo "$* $isa 7 1 0 1 1"
        echo "$* $isa 7 3 300 2 1"
        echo "$* $isa 7 2 300 1 1"
    done
}

# Of one more environment.
short_plan() {
    echo "$* auto 7 1 0 1 1"
    echo "$* auto 7 2 300 1 1"
    echo "$* auto 7 $threads 300 2 1"
    echo "$* auto 8 1 0 1 1"
}

verdict() { # STATUS WHAT
    if [[ $1 -eq 0 ]]; then passed=$((passed + 1)); echo "ok: $2"; else failed=$((failed + 1)); echo "FAILED: $2"; fi
}

# one GROUP: all its runs have one policy, and those with evaluations as often have the same ones
one() {
    local file=$folder/$1 kind status=0
    [[ $(wc -l <"$file") -gt 1 && $(cut -d' ' -f1 "$file" | sort -u | wc -l) -eq 1 ]] || status=1
    for kind in $(cut -d' ' -f2 "$file" | sort -u); do
        [[ $(grep -F " $kind " "$file" | cut -d' ' -f3 | sort -u | wc -l) -eq 1 ]] || status=1
    done
    [[ $status -eq 0 ]] || cat "$file"
    verdict $status "$1: $(wc -l <"$file") runs, policy $(policy_of "$1")"
}

policy_of() { head -n 1 "$folder/$1" | cut -d' ' -f1; }

instruction_sets=$("$softac" info | sed -n '/^kernels/,$s/^  available *//p')
[[ -n $instruction_sets ]] || { echo "softac info names no instruction sets" >&2; exit 1; }
environments=("$@") others=()
if [[ $# -eq 0 ]]; then
    thorough='^(Pendulum-v1|MountainCarContinuous-v0|InvertedPendulum-v5|HalfCheetah-v5)$'
    mapfile -t here < <("$softac" envs | awk '$NF == "yes" { print $1 }')
    mapfile -t environments < <(printf '%s\n' "${here[@]}" | grep -E "$thorough")
    mapfile -t others < <(printf '%s\n' "${here[@]}" | grep -vE "$thorough")
fi
for environment in "${environments[@]}"; do
    plan "$environment" sac_v1 reparameterization
    plan "$environment" sac_v1 score_function
    plan "$environment" sac_v2 reparameterization
done >"$folder/plan"
for environment in "${others[@]}"; do
    short_plan "$environment" sac_v2 reparameterization
done >>"$folder/plan"
xargs -P "$jobs" -L 1 bash -c 'train "$@"' train <"$folder/plan"

# another ENVIRONMENT,ALGORITHM: the checksums would tell, for another seed has another one
another() {
    local status=0
    [[ $(policy_of "$1,auto,seed8") != $(policy_of "$1,auto,seed7") ]] || status=1
    verdict $status "$1: another policy for another seed"
}

for environment in "${environments[@]}"; do
    for algorithm in sac_v1,reparameterization sac_v1,score_function sac_v2,reparameterization; do
        for isa in auto $instruction_sets; do
            one "$environment,$algorithm,$isa,seed7"
        done
        another "$environment,$algorithm"
    done
done
for environment in "${others[@]}"; do
    one "$environment,sac_v2,reparameterization,auto,seed7"
    another "$environment,sac_v2,reparameterization"
done
echo "$(wc -l <"$folder/plan") runs, $passed passed, $failed failed"
[[ $failed -eq 0 ]]
