#!/bin/bash
# With fewer instructions than the CPU has everything still holds: the tests that compute, with oneDNN kept to less by
# its own variable; and runs with --isa, which keeps our kernels and oneDNN alike and is recorded.
# usage: check_isa.sh   (in the build folder, the test programs built)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export CK_DEFAULT_TIMEOUT=60 CK_TIMEOUT_MULTIPLIER=5
passed=0 failed=0
verdict() { # STATUS WHAT
    if [[ $1 -eq 0 ]]; then passed=$((passed + 1)); echo "ok: $2"; else failed=$((failed + 1)); echo "FAILED: $2"; fi
}

limits=SSE41
if grep -qw avx512f /proc/cpuinfo; then
    limits="AVX2 SSE41"
else
    echo "SKIPPED: this CPU has no AVX-512, so going without (ONEDNN_MAX_CPU_ISA=AVX2) is what all tests do here"
fi
for limit in $limits; do
    export ONEDNN_MAX_CPU_ISA=$limit
    said=$(./softac info --json | sed -n 's/^ *"oneDNN": "\([a-z0-9_]*\)",$/\1/p')
    [[ $said == "${limit,,}" ]] && status=0 || status=1
    verdict $status "oneDNN limited to $limit says $said"
    for program in test_agent test_golden test_gradients test_linear test_network test_policy test_policy_network test_trainer; do
        status=0
        "tests/$program" >"$folder/log" 2>&1 || { status=1; cat "$folder/log"; }
        verdict $status "$program with ONEDNN_MAX_CPU_ISA=$limit"
    done
done
unset ONEDNN_MAX_CPU_ISA

train() { # ISA ENV_THREADS: the policy's checksum
    rm -rf "$folder/run"
    ./softac train Pendulum-v1 mode=lockstep environments=4 steps=400 warmup_steps=200 hidden=64,64 eval_episodes=1 \
        --isa "$1" --env-threads "$2" --out "$folder/run" >"$folder/out" 2>"$folder/log" || { cat "$folder/log" >&2; return 1; }
    sha256sum <"$folder/run/policy.safetensors"
}

declare -A limit_of=([portable]=sse41 [avx2]=avx2 [avx512]=avx512_core)
for isa in $(./softac info | sed -n '/^kernels/,$s/^  available *//p'); do
    status=0
    [[ $(train "$isa" 1) == "$(train "$isa" 3)" ]] || status=1
    verdict $status "--isa $isa: one policy for any number of threads"
    status=0
    grep -q "instruction set $isa (oneDNN: ${limit_of[$isa]})" "$folder/run/config.yaml" || { status=1; head -1 "$folder/run/config.yaml"; }
    verdict $status "--isa $isa is recorded, oneDNN kept to ${limit_of[$isa]}"
done

# Products of fewer bits are asked for by oneDNN's own variable alone, work, and are recorded.
status=0
grep -q 'bf16' "$folder/run/config.yaml" && { status=1; head -1 "$folder/run/config.yaml"; }
verdict $status "products in fp32 unless asked for otherwise"
status=0
ONEDNN_DEFAULT_FPMATH_MODE=BF16 train portable 1 >/dev/null || status=1
grep -q 'instruction set portable (oneDNN: sse41, products in bf16 allowed)' "$folder/run/config.yaml" ||
    { status=1; head -1 "$folder/run/config.yaml"; }
verdict $status "ONEDNN_DEFAULT_FPMATH_MODE=BF16 is recorded"
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
