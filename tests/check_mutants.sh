#!/bin/sh
# The classic mistakes of Soft Actor-Critic, built in on purpose: each must make a test fail.
# usage: check_mutants.sh [NAME ...]
# Every tests/mutants/NAME.patch says which mistake it is and, after "tests:", which test programs must notice.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
jobs=$(getconf _NPROCESSORS_ONLN)
started=$(date +%s)

die() {
    echo "check_mutants: $*" >&2
    exit 1
}

patches=
for name in "$@"; do
    patches="$patches $here/mutants/$name.patch"
done
: "${patches:=$(echo "$here"/mutants/*.patch)}"

tests_of() {
    # shellcheck disable=SC2086 # a list of files
    sed -n 's/^tests: //p' "$@" | tr ' ' '\n' | sort -u | sed 's|^|tests/|'
}

build() {
    # shellcheck disable=SC2046,SC2086 # a list of programs
    make -C "$work/build" -j"$jobs" $(tests_of $1) >"$work/log" 2>&1 || {
        tail -n 30 "$work/log" >&2
        die "$2 does not build"
    }
}

# First test program that fails, or nothing.
first_failure() {
    for program in $(tests_of "$1"); do
        (cd "$work/build" && "./$program") >"$work/log" 2>&1 || {
            echo "$program"
            return
        }
    done
}

mkdir "$work/source" "$work/build"
tar -C "$here/.." --exclude=.git --exclude=build --exclude=deps --exclude=runs --exclude='*.o' --exclude='*.lo' \
    --exclude='*.la' --exclude=.libs --exclude=.deps --exclude=config.status --exclude=./Makefile \
    --exclude=./config.h -cf - . | tar -C "$work/source" -xf -
[ -x "$work/source/configure" ] || (cd "$work/source" && ./autogen.sh >/dev/null 2>&1) || die "autogen.sh failed"
(cd "$work/build" && "$work/source/configure" --without-mujoco --without-jemalloc CFLAGS=-O1) >"$work/log" 2>&1 || {
    tail -n 30 "$work/log" >&2
    die "configure failed"
}

build "$patches" "the program without a mistake"
for patch in $patches; do
    failed=$(first_failure "$patch")
    [ -z "$failed" ] || die "$failed fails without any mistake"
done

survivors=
for patch in $patches; do
    name=$(basename "$patch" .patch)
    patch -d "$work/source" -p1 --fuzz=0 -s <"$patch" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        die "$name does not apply: bring tests/mutants/$name.patch up to date"
    }
    build "$patch" "$name"
    failed=$(first_failure "$patch")
    if [ -n "$failed" ]; then
        echo "caught    $name ($failed)"
    else
        echo "SURVIVED  $name"
        survivors="$survivors $name"
    fi
    patch -d "$work/source" -p1 -R -s <"$patch"
done
echo "$(($(date +%s) - started)) seconds"
[ -z "$survivors" ] || die "no test notices:$survivors"
