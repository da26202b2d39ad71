#!/bin/bash
# How fast are other implementations of Soft Actor-Critic beside softac, on this machine? Times Stable-Baselines3, SBX and
# RLtools through their public packages in turn with softac and prints tables in Markdown (docs/peers.md). Nothing
# needs it: neither the build nor the tests. For machines with nothing else to do.
# usage: compare.sh [--rounds N] [--trainings N] [--seconds S] [--peers LIST] [--shapes LIST] (--help says more)
# softac=PROGRAM, softac_bench=PROGRAM (default ./softac, ./softac-bench)
# venv=DIR (default ./peers-venv): made with the packages of requirements.txt, from PyPI, if it is not there
# RLTOOLS=DIR: the folder with rl_tools/rl_tools.h (default: that of the package in venv)
# CXX (default c++), LDFLAGS: for the programs compiled with RLtools' headers, which are kept in venv
set -euo pipefail
softac=${softac:-./softac}
softac_bench=${softac_bench:-./softac-bench}
venv=${venv:-./peers-venv}
here=$(dirname "$0")

if [[ ! -x $venv/bin/python ]]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install -r "$here/requirements.txt" >&2
fi
venv=$(cd "$venv" && pwd)

# With the flags of RLtools' own package. It multiplies with MKL from PyPI, or with OpenBLAS if the compiler
# finds it, or with its own loops.
read -ra link <<<"${LDFLAGS:-}"
compile=("${CXX:-c++}" -std=c++17 -O3 -march=native -ffast-math "$here/rltools_peer.cpp"
    -DRL_TOOLS_DISABLE_UNALIGNED_MEMORY_ALLOCATIONS)
if [[ -e $venv/include/mkl.h ]]; then
    blas=MKL
    compile+=(-DRL_TOOLS_BACKEND_ENABLE_MKL "-I$venv/include")
    link+=("$venv"/lib/libmkl_rt.so.* "-Wl,-rpath,$venv/lib")
elif "${CXX:-c++}" -x c++ - -o /dev/null "${link[@]}" -lopenblas <<<'int main() {}' 2>/dev/null; then
    blas=OpenBLAS
    compile+=(-DRL_TOOLS_BACKEND_ENABLE_OPENBLAS)
    link+=(-lopenblas)
    case $(grep -m 1 ^flags /proc/cpuinfo) in # it takes virtual CPUs for old ones
    *avx512f*) export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-SKYLAKEX} ;;
    *avx2*) export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-HASWELL} ;;
    esac
else
    blas="its own loops"
fi
if [[ -z ${RLTOOLS:-} ]]; then
    RLTOOLS=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/rltools/external/rl_tools/include
fi
compile+=(-isystem "$RLTOOLS")

mkdir -p "$venv/rltools"
while read -r shape sizes; do
    program=$venv/rltools/$shape
    read -ra defines <<<"$sizes"
    command=("${compile[@]}" "${defines[@]}" -o "$program" "${link[@]}")
    if [[ $program -nt $here/rltools_peer.cpp && $(cat "$program.command") == "${command[*]}" ]]; then continue; fi
    echo "compare.sh: compiling $program" >&2
    "${command[@]}"
    echo "${command[*]}" >"$program.command"
done < <("$venv/bin/python" "$here/compare.py" --defines)

exec "$venv/bin/python" "$here/compare.py" --softac "$softac" --softac-bench "$softac_bench" --rltools "$venv/rltools" \
    --blas "$blas" "$@"
