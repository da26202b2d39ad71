#!/bin/bash
# The template is a plugin: copied elsewhere, built by the one line that docs/environments.md shows, it keeps all
# promises, trains, and its policy can be evaluated.
# usage: check_template.sh SOFTAC TEMPLATE.c ENVIRONMENTS.md   with pkg-config finding the installed softac ($CC: the
#        compiler), or without arguments where softac was built: with the headers of the sources ($srcdir)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [[ $# -eq 0 ]]; then
    sources=$(cd "${srcdir:-.}" && pwd)
    set -- "$PWD/softac" "$sources/envs/template/template.c" "$sources/docs/environments.md"
    printf 'Name: softac\nDescription: not installed\nVersion: 0\nCflags: -I%s/include\n' "$sources" >"$folder/softac.pc"
    export PKG_CONFIG_PATH=$folder
fi
softac=$1 template=$2 document=$3
cp "$template" "$folder/template.c"
cd "$folder"
fail() { echo "check_template: $*" >&2; exit 1; }

line=$(sed -n 's/^\(cc .* template\.c .*\)$/\1/p' "$document")
[[ $(wc -l <<<"$line") -eq 1 && -n $line ]] || fail "$document: no single line that builds template.c: $line"
cc() { command ${CC:-cc} "$@"; }
pkg-config --exists softac || fail "pkg-config does not find softac: $PKG_CONFIG_PATH"
eval "$line -Wall -Wextra -Werror" || fail "does not build: $line"

"$softac" envs --check ./template.so >said || fail "envs --check: $(cat said)"
! grep -E '^(FAIL|skip)' said | grep -v ' observe_double ' || fail "the template breaks a promise, or has not all functions"
"$softac" train ./template.so --steps 300 --out run warmup_steps=100 hidden=16,16 batch_size=16 eval_episodes=2 \
    >said 2>log || fail "train: $(cat log)"
grep -q 'DampedSpring-v0: mean return' said || fail "train tells no return: $(cat said)"
"$softac" eval run --env ./template.so --episodes 2 >said 2>log || fail "eval: $(cat log)"
printf '{"qpos": [0.5, 1], "qvel": [0]}' >state.json
printf '0\n5\n' >actions.csv
"$softac" rollout ./template.so --state state.json --actions actions.csv >table 2>log || fail "rollout: $(cat log)"
# without force 0.5 m from rest: v = -0.05 * 2 * 0.5, x = 0.5 + 0.05 v
grep -qE '^1,0\.497[45][0-9]*,-0\.05[0-9]*,1,' table || fail "rollout: not the spring's motion: $(cat table)"
