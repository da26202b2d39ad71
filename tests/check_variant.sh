#!/bin/bash
# Tests in a build of another kind, made in a folder of that name in the build folder, with the build's own options:
#   asan    all, under AddressSanitizer and UndefinedBehaviorSanitizer
#   tsan    all with threads, under ThreadSanitizer, with portable kernels
#   orderings  under ThreadSanitizer, with each acquire and release left out in turn: tests/check_orderings.sh
#   yields  with threads held up around each atomic access: the stress programs, each as in make check
#   clang   all programs, and the command line's, compiled by clang
#   onednn  those that compute, with oneDNN 3.2 from PyPI instead of the distribution's; then installed, and
#           configure's refusals
# usage: check_variant.sh asan|tsan|orderings|yields|clang|onednn   (in a build folder)
set -euo pipefail
kind=$1
build=$PWD
source=$(cd "$(dirname "$0")/.." && pwd)
make=${MAKE:-make}
jobs=-j$(nproc)
fail() { echo "check_variant $kind: $*" >&2; exit 1; }

[[ -x config.status ]] || fail "run it in a build folder"
[[ ! -e $source/config.status ]] || fail "the source folder itself is configured: run make distclean there, and build in another folder"
eval "options=($(./config.status --config))"
mkdir -p "$kind"
cd "$kind"

# configured FLAG...: if it is not yet so
configured() {
    [[ -e configured_as && $(<configured_as) == "${options[*]} $*" ]] && return
    "$source/configure" "${options[@]}" --enable-werror "$@"
    echo "${options[*]} $*" >configured_as
}

# A short asynchronous training with every thread there is: sanitizers make the program fail on any report.
trained() {
    local run=$PWD/run
    rm -rf "$run"
    ./softac train Pendulum-v1 --steps 1500 --env-threads 2 --learner-threads 2 --out "$run" \
        mode=async algorithm="$1" warmup_steps=200 eval_every=500 eval_episodes=2
}

# check TEST...: words of the Makefile, its variables too
check() { "$make" "$jobs" check TESTS="$*"; }

asan() {
    configured --enable-sanitizer=address,undefined --enable-debug CFLAGS="-O1 -g -fno-omit-frame-pointer"
    export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1
    # what test_conformance.sh replays, test_traces does; the rest of it is Python
    check '$(filter-out tests/test_conformance.sh, $(check_PROGRAMS) $(check_SCRIPTS))'
    trained sac_v1
    trained sac_v2
}

# GCC 12's runtime of ThreadSanitizer knows no address layout of more than 28 random bits.
with_known_layout() {
    if [[ $(</proc/sys/vm/mmap_rnd_bits) -gt 28 && ${in_setarch-} != yes ]] && setarch -R true; then
        cd "$build"
        in_setarch=yes exec setarch -R "$source/tests/check_variant.sh" "$kind"
    fi
}

tsan() {
    with_known_layout
    configured --enable-sanitizer=thread
    # By default each process waits for a second before it ends; there are hundreds, and their threads are joined.
    export TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1 atexit_sleep_ms=50"
    # It sees something only where threads meet: files, traces and words of the command line are left to asan.
    local alone='tests/test_fuzz tests/test_mjcf tests/test_mjcf_file tests/test_reset_reference tests/test_traces'
    check "\$(filter-out $alone, \$(check_PROGRAMS))" tests/test_cli.sh tests/check_plugins.sh tests/check_gym.sh
    trained sac_v1
    trained sac_v2
    tests/stress_trainer 60
}

yields() {
    local program seed
    configured --enable-yield-injection
    "$make" "$jobs" tests/stress_{governor,replay,snapshot,trainer}
    for program in governor replay snapshot trainer; do
        for seed in 1 2; do
            SOFTAC_YIELD_SEED=$seed "tests/stress_$program"
        done
    done
}

orderings() {
    with_known_layout
    configured --enable-sanitizer=thread --enable-ordering-mutants --enable-yield-injection --without-mujoco
    "$make" "$jobs" tests/test_edges
    "$source/tests/check_orderings.sh"
}

clang() {
    configured CC=clang
    # First: an atomic variable of src/ that is used by its plain name is seq_cst, and has no label.
    "$make" "$jobs" CFLAGS="-O2 -g -Watomic-implicit-seq-cst" libsoftac_all.la
    check '$(check_PROGRAMS)' tests/test_cli.sh
}

# --- oneDNN 3.2 ---

wheels() {
    cat <<'WHEELS'
onednn-cpu-gomp==2023.2.0 \
    --hash=sha256:2f22a54d6a890ed14bfa185d42a4be65d8b5b1df85dc1f0f3a9abe31620416fb
onednn-devel-cpu-gomp==2023.2.0 \
    --hash=sha256:9763c69e8c907e119056bd52ad918ca84ac9ba939d130a99dfa95ccca3e5e284
WHEELS
}

fetch_onednn() {
    [[ -e unpacked ]] && return
    rm -rf wheels.txt wheels wheel
    wheels >wheels.txt
    python3 -m pip download --no-deps --only-binary=:all: --require-hashes --dest wheels --requirement wheels.txt
    for file in wheels/*.whl; do python3 -m zipfile -e "$file" wheel; done
    rm -r wheels
    touch unpacked
}

# prefix NAME RUNTIME: the wheels as an ordinary prefix without libdnnl.so, headers as if built for RUNTIME
prefix() {
    rm -rf "$1"
    mkdir -p "$1/lib"
    cp -r wheel/onednn_devel_cpu_gomp-*.data/data/include "$1"
    ln -s "$PWD"/wheel/onednn_cpu_gomp-*.data/data/lib/libdnnl.so.3 "$1/lib"
    sed -i -E "s/^(#define DNNL_CPU_(THREADING_)?RUNTIME DNNL_RUNTIME_)OMP/\1$2/" "$1/include/oneapi/dnnl/dnnl_config.h"
}

# refused PREFIX WORDS...: configure must refuse --with-dnnl=PREFIX and say each of WORDS
refused() {
    local words
    mkdir -p trial
    if (cd trial && "$source/configure" --quiet --cache-file=../trial.cache --with-dnnl="$1" >log 2>&1); then
        fail "configure took $1"
    fi
    for words in "${@:2}"; do
        grep -qF -- "$words" trial/log || fail "configure says of $1: $(cat trial/log), not: $words"
    done
    rm -r trial
}

onednn() {
    fetch_onednn
    configured --with-dnnl="$PWD/wheel" --prefix="$PWD/installed"
    check tests/test_{agent,allocation,benchmarks,golden,gradients,linear,network,openmp_runtimes,policy,policy_network} \
        tests/test_{team,trainer,update_work}
    softac=./softac "$source/tests/check_lockstep.sh" Pendulum-v1
    rm -rf installed
    "$make" install >/dev/null
    "$make" installcheck
    (unset LD_LIBRARY_PATH && cd / && "$build/onednn/installed/bin/softac" info) | grep -F 'oneDNN 3.2.0 (OpenMP)' ||
        fail "the installed program has another oneDNN"

    prefix versioned OMP
    mkdir -p trial
    (cd trial && "$source/configure" --quiet --cache-file=../trial.cache --with-dnnl="$PWD/../versioned") ||
        fail "configure does not take a prefix with libdnnl.so.3 alone"
    rm -r trial
    for runtime in SYCL TBB SEQ; do
        prefix other $runtime
        refused "$PWD/other" "$runtime" "onednn-cpu-gomp"
    done
    prefix other OMP
    ln -sf "$(ldconfig -p | sed -n 's/.*libdnnl\.so\.2 .*=> //p' | head -n 1)" other/lib/libdnnl.so.2
    rm other/lib/libdnnl.so.3
    [[ ! -e other/lib/libdnnl.so.2 ]] || refused "$PWD/other" "the library loaded is older"
    mkdir -p empty
    refused "$PWD/empty" "no include/dnnl.h there"
    echo "configure's refusals hold"
}

case $kind in
asan | tsan | orderings | yields | clang | onednn) $kind ;;
*) fail "asan, tsan, orderings, yields, clang or onednn" ;;
esac
