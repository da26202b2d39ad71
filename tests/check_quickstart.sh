#!/bin/bash
# Where quickstart can install nothing, it says what to install, under the names used there, and what nobody packages.
# Each system is this one with another /etc/os-release, in a mount namespace, and a PATH without autoconf.
set -euo pipefail
source=${srcdir:-$(dirname "$0")/..}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

unshare=(unshare --mount)
[[ $EUID -eq 0 ]] || unshare=(unshare --map-root-user --mount)
if ! "${unshare[@]}" mount --bind /etc/os-release /etc/os-release 2>/dev/null; then
    echo "SKIPPED: no mount namespaces here, so no other system can be played" >&2
    exit 77
fi

mkdir "$folder/bin" "$folder/clone" # nothing is built or fetched in this clone
cp "$source/quickstart" "$source/packages.sh" "$folder/clone"
quickstart=$folder/clone/quickstart
for tool in awk bash cat dirname mkdir sh sed tail uname; do
    ln -s "$(command -v $tool)" "$folder/bin/$tool"
done
stub() { printf '#!/bin/sh\n%s\n' "$2" >"$folder/bin/$1" && chmod +x "$folder/bin/$1"; }
for tool in cc make libtoolize pkg-config; do
    stub $tool ''
done

failed=0
# on OS_RELEASE ARGUMENT... -- EXPECTED...: quickstart ARGUMENT... must exit with 1 and say each EXPECTED
on() {
    local release=$1 arguments=() status=0 expected
    shift
    while [[ $1 != -- ]]; do arguments+=("$1"); shift; done
    shift
    printf '%b\n' "$release" >"$folder/os-release"
    "${unshare[@]}" bash -c 'mount --bind "$1" "$(readlink -f /etc/os-release)" && PATH=$2 exec bash "${@:3}"' - \
        "$folder/os-release" "$folder/bin" "$quickstart" "${arguments[@]}" >"$folder/said" 2>&1 </dev/null || status=$?
    [[ $status -eq 1 ]] || { echo "FAILED: ${release%%\\n*}: exit status $status"; failed=1; cat "$folder/said"; }
    for expected in "$@"; do
        grep -qF -- "$expected" "$folder/said" || {
            echo "FAILED: ${release%%\\n*} ${arguments[*]}: it does not say: $expected"
            failed=1
            cat "$folder/said"
        }
    done
}

on 'ID=fedora' check -- 'dnf install gcc' onednn-devel Random123-devel 'not there yet: autoreconf'
on 'ID="rocky"\nID_LIKE="rhel centos fedora"' train Pendulum-v1 -- 'dnf install gcc' 'not there yet: autoreconf'
on 'ID=manjaro\nID_LIKE=arch' check -- 'pacman -S gcc' ' onednn ' 'Arch does not package Random123'
on 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"' check -- 'zypper install gcc' libjansson-devel
on 'ID=alpine' check -- 'apk add gcc musl-dev' yaml-dev 'Alpine does not package oneDNN Random123'
on 'ID=void' check -- 'apt-get install gcc' 'dnf install gcc' 'pacman -S gcc' 'zypper install gcc' 'apk add gcc'
on 'ID=fedora' deps mujoco -- 'dnf install python3-pip' 'not there yet: python3'

rm "$folder/bin/uname"
stub uname 'echo Darwin'
on 'ID=fedora' check -- 'softac runs on Linux' 'not on Darwin'
exit $failed
