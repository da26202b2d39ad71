#!/bin/bash
# What was installed works from anywhere: headers alone and from C++, exactly the declared symbols, a program of
# somebody else's, and the programs without LD_LIBRARY_PATH.
# usage: check_installed.sh BINDIR LIBDIR INCLUDEDIR   ($CC: the compiler; $JEMALLOC: yes if the programs have it)
set -euo pipefail
bin=$1 lib=$2 include=$3
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

cat >app.c <<'EOC'
#include <softac/softac.h>
#include <stdio.h>
int main(void)
{
    struct sac_settings settings;
    struct sac_policy *policy;
    sac_settings_default(&settings);
    if (sac_settings_check(&settings) != SAC_OK || sac_policy_load("absent", &policy) != SAC_IO)
        return 1;
    puts(sac_last_error());
    return 0;
}
EOC
export PKG_CONFIG_PATH=$lib/pkgconfig
# shellcheck disable=SC2046
$cc app.c -o app $(pkg-config --cflags --libs softac) "-Wl,-rpath,$lib" && ./app >said || fail "a program using the library"
grep -q absent said || fail "sac_last_error() does not name the file: $(cat said)"

readelf -d "$bin/softac" >needed
! grep -q 'NEEDED.*libsoftac' needed || fail "softac needs libsoftac.so"
[[ ${JEMALLOC-} != yes ]] || grep -q 'NEEDED.*jemalloc' needed || fail "jemalloc was lost from softac"
"$bin/softac" train Pendulum-v1 --steps 400 --out run warmup_steps=200 eval_episodes=1 >/dev/null 2>log ||
    fail "softac train: $(cat log)"
"$bin/softac" eval run --episodes 1 --json >/dev/null || fail "softac eval"
"$bin/softac-bench" --list >/dev/null || fail "softac-bench --list"
