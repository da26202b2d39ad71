#!/bin/sh
# softac export and policy files of earlier versions, from outside; in Python where it has NumPy and safetensors.
# usage: test_export.sh   (run where it was built; $srcdir: the sources; $PYTHON: instead of python3)
set -u
softac=$PWD/softac
sources=$(cd "${srcdir:-.}" && pwd)
fixtures=$sources/tests/fixtures
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0

fail() {
    failures=$((failures + 1))
    echo "FAILED: $*"
    sed 's/^/  stderr: /' err 2>/dev/null
}
# expect STATUS SENTENCE COMMAND...: run it; the sentence stands on stderr, nothing on stdout.
expect() {
    wanted=$1 sentence=$2
    shift 2
    "$@" >out 2>err
    status=$?
    [ $status -eq "$wanted" ] || fail "status $status instead of $wanted: $*"
    grep -qF -e "$sentence" err || fail "stderr lacks: $sentence"
    [ ! -s out ] || fail "stdout is not empty: $*"
}
export_policy() { # STATUS SENTENCE POLICY FILE
    expect "$1" "$2" "$softac" export "$3" --format safetensors --out "$4"
}

policy=$fixtures/policy-0.1.safetensors
mkdir run
cp "$policy" run/policy.safetensors

# A run directory or its policy: the same bytes. What was exported can be exported, and a file there is replaced.
export_policy 0 "one: Pendulum-v1, 3 observations, 1 actions" run one
echo old >two
export_policy 0 "two: Pendulum-v1" "$policy" two
cmp one two || fail "a directory and the policy in it are exported differently"
export_policy 0 "two: Pendulum-v1" one two
cmp one two || fail "an exported file is exported differently"

# Policies of earlier versions play, and exported ones play the same.
"$softac" eval "$policy" --episodes 2 --json >played || fail "eval of an earlier version's policy"
"$softac" eval one --episodes 2 --json >again || fail "eval of an exported policy"
cmp played again || fail "an exported policy plays differently"

# Refusals: status, sentence, and nothing written.
cp run/policy.safetensors before
export_policy 2 "policy.safetensors: is the policy to export; name another file" run run/policy.safetensors
cmp before run/policy.safetensors || fail "a refused export changed the policy"
expect 2 "onnx: no such format; there is: safetensors" "$softac" export run --format onnx --out new
expect 2 "did you mean safetensors?" "$softac" export run --format safetensor --out new
expect 2 "expected --format FORMAT; there is: safetensors" "$softac" export run --out new
expect 2 "expected --out F" "$softac" export run --format safetensors
expect 2 "expected a run directory or a policy file" "$softac" export --format safetensors --out new
head -c 500 "$policy" >cut
export_policy 1 "cut: says that its header has" cut new
export_policy 1 "absent: there is no such file" absent new
sed 's/"format_version":"1"/"format_version":"7"/' "$policy" >later
export_policy 1 "metadata format_version is 7; this softac" later new
export_policy 1 "no/new: cannot be written" run no/new
export_policy 1 "run: cannot be written: it is a directory" run run
[ "$(echo *)" = "again before cut err later one out played run two" ] || fail "left behind: $(echo *)"

# What docs/files.md shows, run on what is written.
if "$python" -c 'import numpy, safetensors' 2>/dev/null; then
    for name in policy-0.1 policy-0.1-tanh; do
        export_policy 0 "" "$fixtures/$name.safetensors" exported
        "$python" "$sources/tests/check_policy_files.py" "$sources/docs/files.md" "$fixtures/$name.safetensors" exported \
            "$fixtures/$name.txt" || fail "the documented way to read $name"
    done
else
    echo "SKIPPED: $python has no numpy and safetensors; files were not read in Python"
fi

[ $failures -eq 0 ] && echo "all as it should be"
exit $((failures > 0))
