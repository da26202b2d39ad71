#!/bin/sh
# Under which names the distributions have what a build needs. quickstart and configure ask here.
# usage: packages.sh family             debian, fedora, arch, suse or alpine: which of them /etc/os-release is like
#        packages.sh names WHAT...      the packages for WHAT (rows of the table) in that family
#        packages.sh install WHAT...    the command that installs them, and what is not packaged; for every family
#                                       where the system is none of them
set -eu

# -: not packaged there.
table() {
    cat <<'TABLE'
compiler   | gcc libc6-dev               | gcc                | gcc        | gcc                | gcc musl-dev
make       | make                        | make               | make       | make               | make
autoconf   | autoconf                    | autoconf           | autoconf   | autoconf           | autoconf
automake   | automake                    | automake           | automake   | automake           | automake
libtool    | libtool                     | libtool            | libtool    | libtool            | libtool
pkg-config | pkg-config                  | pkgconf-pkg-config | pkgconf    | pkgconf-pkg-config | pkgconf
oneDNN     | libdnnl-dev                 | onednn-devel       | onednn     | onednn-devel       | -
jemalloc   | libjemalloc-dev             | jemalloc-devel     | jemalloc   | jemalloc-devel     | jemalloc-dev
Jansson    | libjansson-dev              | jansson-devel      | jansson    | libjansson-devel   | jansson-dev
libyaml    | libyaml-dev                 | libyaml-devel      | libyaml    | libyaml-devel      | yaml-dev
hwloc      | libhwloc-dev                | hwloc-devel        | hwloc      | hwloc-devel        | hwloc-dev
Check      | check                       | check-devel        | check      | check-devel        | check-dev
xxHash     | libxxhash-dev               | xxhash-devel       | xxhash     | xxhash-devel       | xxhash-dev
Random123  | librandom123-dev            | Random123-devel    | -          | -                  | -
libomp     | libomp-dev                  | libomp-devel       | openmp     | libomp-devel       | openmp-dev
MuJoCo     | libmujoco-dev               | -                  | -          | -                  | -
pip        | python3-pip ca-certificates | python3-pip        | python-pip | python3-pip        | py3-pip
TABLE
}

families="debian fedora arch suse alpine"

family() {
    [ -r /etc/os-release ] || return 0
    for id in $(. /etc/os-release && echo "${ID-} ${ID_LIKE-}"); do
        case $id in
        debian | ubuntu) echo debian ;;
        fedora | rhel | centos) echo fedora ;;
        arch) echo arch ;;
        suse | opensuse*) echo suse ;;
        alpine) echo alpine ;;
        *) continue ;;
        esac
        return 0
    done
}

# cell FAMILY WHAT
cell() {
    table | awk -F ' *[|] *' -v family="$1" -v what="$2" -v families="$families" '
        BEGIN { count = split(families, name, " "); for (i = 1; i <= count; i++) if (name[i] == family) column = i + 1 }
        $1 == what { print $column; found = 1 }
        END { exit !found }' || {
        echo "packages.sh: no row for $2" >&2
        exit 2
    }
}

# found FAMILY WHAT...: sets names and unpackaged
found() {
    names='' unpackaged='' of=$1
    shift
    for what in "$@"; do
        packages=$(cell "$of" "$what")
        case $packages in
        -) unpackaged="$unpackaged $what" ;;
        *) names="$names $packages" ;;
        esac
    done
}

# told FAMILY WHAT...
told() {
    found "$@"
    case $1 in
    debian) command='Debian, Ubuntu:  apt-get install' ;;
    fedora) command='Fedora:          dnf install' ;;
    arch) command='Arch:            pacman -S' ;;
    suse) command='openSUSE:        zypper install' ;;
    alpine) command='Alpine:          apk add' ;;
    esac
    [ -z "$names" ] || echo "$command$names"
    [ -z "$unpackaged" ] || echo "${command%%:*} does not package$unpackaged (docs/dependencies.md says where it comes from)"
}

[ $# -gt 0 ] || { sed -n '2,6s/^# //p' "$0" >&2; exit 2; }
verb=$1 here=$(family)
shift
case $verb in
family) echo "$here" ;;
names)
    [ -n "$here" ] || exit 1
    found "$here" "$@"
    echo $names
    ;;
install)
    for each in ${here:-$families}; do
        told "$each" "$@"
    done
    ;;
*) exit 2 ;;
esac
