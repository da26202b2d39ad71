#!/bin/bash
# What was installed works from anywhere: headers alone and from C++, exactly the declared symbols, a program of
# somebody else's, and the programs without LD_LIBRARY_PATH.
# usage: check_installed.sh BINDIR LIBDIR INCLUDEDIR DOCDIR   ($CC: the compiler; $JEMALLOC: yes if the programs have it)
set -euo pipefail
bin=$1 lib=$2 include=$3 doc=$4
hosts=$(cd "$(dirname "$0")/installed" && pwd)
cc=${CC:-cc}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
unset LD_LIBRARY_PATH
fail() { echo "check_installed: $*" >&2; exit 1; }

headers=$(cd "$include" && ls softac/*.h)
for header in $headers; do
    echo "#include <$header>" >one.c
    $cc -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$include" -fsyntax-only one.c || fail "$header is not self-contained"
    if command -v g++ >/dev/null; then
        g++ -x c++ -std=c++17 -Wall -Wextra -Werror -I"$include" -fsyntax-only one.c || fail "$header is not C++"
    fi
done
command -v g++ >/dev/null || echo "SKIPPED: no g++, headers were not tried from C++"

# A plugin exports sac_env_plugin; env_random.h is inline.
(cd "$include/softac" && sed -nE '/^( \*|\/\*)/!s/^(.*[ *])?(sac_[a-z_]+)\(.*/\2/p' $(ls ./*.h | grep -v env_random)) |
    grep -v sac_env_plugin | sort -u >declared
nm -D --defined-only "$lib/libsoftac.so" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | sort -u >exported
diff declared exported || fail "libsoftac.so exports (>) something else than the headers declare (<)"
readelf -d "$lib/libsoftac.so" | grep NEEDED >needed
! grep -qE 'jemalloc|mujoco' needed || fail "libsoftac.so must load into any host: $(cat needed)"

export PKG_CONFIG_PATH=$lib/pkgconfig
flags="$(pkg-config --cflags --libs softac) -Wl,-rpath,$lib"

# The examples, by the very lines of the guide; nothing but what they print themselves is printed.
cp -r "$doc/examples" . && cd examples
sed -n '/^```sh$/,/^```$/s/^\(cc\|c++\|python3\) .*/&/p' "$doc/library.md" >lines
[[ $(wc -l <lines) -eq 3 ]] || fail "library.md shows other lines than for the three examples: $(cat lines)"
cc() { command $cc -Wall -Wextra -Werror "$@"; }
line() { # COMMAND: the guide's line that begins so
    local text
    text=$(grep "^$1 " lines)
    LD_LIBRARY_PATH=$lib eval "$text"
}
line cc || fail "the C example was not built"
LD_LIBRARY_PATH=$lib ./train_own_environment >said 2>log || fail "the C example: $(cat log)"
[[ $(wc -l <said) -eq 1 && $(wc -l <log) -eq 3 ]] || fail "the C example printed: $(cat said log)"
if command -v c++ >/dev/null; then
    line c++ || fail "the C++ example was not built"
    LD_LIBRARY_PATH=$lib ./train_own_environment_cpp | grep -q "pushed with" || fail "the C++ example"
else
    echo "SKIPPED: no c++, the C++ example was not built"
fi
if command -v python3 >/dev/null; then
    [[ "at x = 1, v = 0 the cart is pushed with $(line python3)" == "$(cat said)" ]] || fail "Python acts differently: $(line python3)"
else
    echo "SKIPPED: no python3, nothing was loaded into it"
fi
cd ..

# Other hosts: one that loads and unloads the library, one with OpenMP of its own, one with another OpenMP, Python.
# shellcheck disable=SC2086
$cc -Wall -Wextra -Werror -I"$include" "$hosts/dlopen_host.c" -o dlopen_host -ldl && ./dlopen_host "$lib/libsoftac.so" >said 2>&1 ||
    fail "a host that loads the library: $(cat said)"
[[ ! -s said ]] || fail "the library printed: $(cat said)"
if echo 'int main(void) { return 0; }' >one.c && $cc -fopenmp one.c -o one 2>/dev/null; then
    # shellcheck disable=SC2086
    $cc -Wall -Wextra -Werror -fopenmp "$hosts/openmp_host.c" -o openmp_host $flags && ./openmp_host >said 2>&1 ||
        fail "a host with OpenMP: $(cat said)"
    cat said
fi
# shellcheck disable=SC2086
$cc -Wall -Wextra -Werror "$hosts/two_runtimes_host.c" -o two_runtimes_host $flags -ldl && ./two_runtimes_host >said 2>&1 ||
    fail "a host with two OpenMP runtimes: $(cat said)"
cat said
if command -v python3 >/dev/null; then
    python3 "$hosts/check_ctypes.py" "$lib/libsoftac.so" examples/cart.safetensors || fail "a Python host"
fi
if [[ -e $lib/libsoftac.a ]]; then
    # shellcheck disable=SC2046
    $cc examples/train_own_environment.c -o static -I"$include" "$lib/libsoftac.a" \
        $(pkg-config --static --libs softac | sed 's/-lsoftac//') || fail "libsoftac.a does not link"
fi

readelf -d "$bin/softac" >needed
! grep -q 'NEEDED.*libsoftac' needed || fail "softac needs libsoftac.so"
[[ ${JEMALLOC-} != yes ]] || grep -q 'NEEDED.*jemalloc' needed || fail "jemalloc was lost from softac"
"$bin/softac" train Pendulum-v1 --steps 400 --out run warmup_steps=200 eval_episodes=1 >/dev/null 2>log ||
    fail "softac train: $(cat log)"
"$bin/softac" eval run --episodes 1 --json >/dev/null || fail "softac eval"
"$bin/softac-bench" --list >/dev/null || fail "softac-bench --list"
