#!/bin/sh
# Training reaches the returns that the presets are for: several seeds, evaluation over 100 episodes, medians.
# Minutes, not seconds: part of `make check-long`.
# usage: check_learning.sh [SEEDS]   ($softac: the program; default ./softac)
set -eu
softac=${softac:-./softac}
seeds=${1:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0 failed=0

# ENV STEPS WANTED SETTINGS...: the median over seeds of the mean return must reach WANTED
learns() {
    environment=$1 steps=$2 wanted=$3
    shift 3
    : >"$folder/returns"
    for seed in $(seq 101 $((100 + seeds))); do
        rm -rf "$folder/run"
        "$softac" train "$environment" "$@" --steps "$steps" --seed "$seed" --out "$folder/run" \
            >"$folder/out" 2>"$folder/log" || { cat "$folder/log" >&2; exit 1; }
        "$softac" eval "$folder/run" --episodes 100 --seed 1 --json |
            sed 's/.*"mean_return": *\([-0-9.e+]*\).*/\1/;t;d' >>"$folder/returns"
    done
    median=$(sort -g "$folder/returns" | sed -n "$(((seeds + 1) / 2))p")
    if awk -v a="$median" -v b="$wanted" 'BEGIN { exit !(a >= b) }'; then
        passed=$((passed + 1)) verdict=ok
    else
        failed=$((failed + 1)) verdict=MISSED
    fi
    echo "$environment $*: median $median of $(sort -g "$folder/returns" | tr '\n' ' '), wanted $wanted: $verdict"
}

learns Pendulum-v1 20000 -160 algorithm=sac_v2
learns Pendulum-v1 20000 -165 algorithm=sac_v1
learns Pendulum-v1 20000 -170 algorithm=sac_v1 estimator=score_function
if "$softac" envs InvertedPendulum-v5 >/dev/null 2>&1; then
    learns InvertedPendulum-v5 30000 1000 algorithm=sac_v2
    learns InvertedPendulum-v5 30000 1000 algorithm=sac_v1
fi
if "$softac" envs InvertedPendulumBulletEnv-v0 >/dev/null 2>&1; then
    learns InvertedPendulumBulletEnv-v0 50000 1000 algorithm=sac_v1
    learns InvertedPendulumBulletEnv-v0 50000 1000 algorithm=sac_v1 estimator=score_function
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
