#!/bin/bash
# As a newcomer on an untouched Debian: a fresh tree by debootstrap, a clean checkout in it, then ./quickstart check and
# a short ./quickstart train, as root with nothing installed. Minutes, and some 2 GB in a temporary folder.
# usage: check_debian.sh SUITE   (trixie, ...; the mirror is the one this system's apt uses)
set -euo pipefail
suite=$1
source=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)

skip() {
    printf '\n*** SKIPPED: %s on Debian %s was NOT tried: %s ***\n\n' "./quickstart" "$suite" "$1" >&2
    exit 77
}
[[ $EUID -eq 0 ]] || skip "only root can make such a tree"
command -v debootstrap >/dev/null || skip "there is no debootstrap (Debian package debootstrap)"
unshare --mount mount --make-rprivate / 2>/dev/null || skip "nothing can be mounted here"

folder=$(mktemp -d)
tree=$folder/tree
trap 'rm -rf --one-file-system "$folder"' EXIT
mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sed -n 's/^Debian //p' | head -n 1)
echo "== Debian $suite in $tree"
# without a mirror debootstrap takes its own
debootstrap --variant=minbase "$suite" "$tree" ${mirror:+"$mirror"} >"$folder/debootstrap.log" 2>&1 || {
    tail -n 20 "$folder/debootstrap.log" >&2
    skip "debootstrap failed (this is the end of what it said)"
}

mkdir "$tree/root/softac"
if [[ -e $source/.git ]]; then
    git -c safe.directory="$source" -C "$source" ls-files -z | tar -C "$source" --null --files-from=- -c | tar -x --no-same-owner -C "$tree/root/softac"
else
    tar -C "$source" --exclude=./build --exclude=./deps --exclude=./runs -c . | tar -x --no-same-owner -C "$tree/root/softac"
fi

# inside COMMAND...: in the tree, with what a running system mounts; the mounts end with the command
inside() {
    unshare --mount bash -c 'mount --make-rprivate / && mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" &&
        exec chroot "$1" env -i HOME=/root TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${http_proxy:+"http_proxy=$http_proxy"} bash -c "cd /root/softac && \"\$@\"" - "${@:2}"' - "$tree" "$@" </dev/null
}

passed=0 failed=0
tried() { # WHAT COMMAND...
    echo "== $1"
    if inside "${@:2}" >"$folder/log" 2>&1; then
        passed=$((passed + 1))
        grep -E '^(# (TOTAL|PASS|SKIP|FAIL)|.*mean return)' "$folder/log" || true
    else
        failed=$((failed + 1))
        cat "$folder/log"
    fi
}
tried "./quickstart check" ./quickstart check
tried "warnings are errors, and all is there" bash -c 'mkdir build/werror && cd build/werror && ../../configure --enable-werror &&
    make -j"$(nproc)" && ./softac info | head -n 12 && gcc --version | head -n 1 && autoconf --version | head -n 1'
tail -n 40 "$folder/log" | grep -E '^  oneDNN|^gcc|^autoconf' || true
tried "./quickstart train" ./quickstart train Pendulum-v1 steps=2000 eval_episodes=2
[[ -z $(inside sh -c 'ls runs/*/policy.safetensors' 2>/dev/null) ]] && { echo "no policy was written"; failed=$((failed + 1)); }
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
