#!/bin/sh
# make check-conformance passes with the committed traces, and sees each kind of difference that it promises to.
# usage: test_conformance.sh   (run where it was built; $srcdir: the sources)
set -u
softac=${softac:-$PWD/softac}
export softac
sources=$(cd "${srcdir:-.}" && pwd)
command -v python3 >/dev/null || { echo "python3 is not here"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

fail() {
    failures=$((failures + 1))
    echo "FAILED: $*"
    sed 's/^/  /' "$folder/out" "$folder/err"
}
# expect STATUS SENTENCE ARGUMENT...: what the check says of these traces
expect() {
    wanted=$1 sentence=$2
    shift 2
    "$sources/tests/check_conformance.py" "$@" >"$folder/out" 2>"$folder/err"
    status=$?
    [ $status -eq "$wanted" ] || fail "status $status instead of $wanted: $*"
    cat "$folder/out" "$folder/err" | grep -qF -e "$sentence" || fail "not said: $sentence"
}
# broken NAME BYTE VALUE...: a copy of the pendulum's trace with other bytes from BYTE on
broken() {
    cp "$sources/tests/traces/Pendulum-v1.seed0.bin" "$folder/$1"
    chmod u+w "$folder/$1"
    printf "$3" | dd of="$folder/$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# every task has a trace, and every trace holds or says why it is skipped
expect 0 "| Pendulum-v1 | Gymnasium 1.4.0 | 3: 180 steps, 3 resets | equal | equal |"
# a file, a folder
expect 0 "1: 60 steps" "$sources/tests/traces/Pendulum-v1.seed1.bin"
mkdir "$folder/traces"
cp "$sources"/tests/traces/Pendulum-v1.seed[12].bin "$folder/traces"
expect 0 "2: 120 steps" "$folder/traces"

# The pendulum's: 32 bytes of head, a reset of 8 + 3 * 8 + 2 * 8 = 48, then steps of 4 + 3 * 8 + 8 + 2 * 8 + 8 = 60.
broken Pendulum-v1.seed0.bin 60 '\377'
expect 1 "seed0.bin, reset 0: observation 0 is" "$folder/Pendulum-v1.seed0.bin"
broken Pendulum-v1.seed0.bin 149 '\377\377'
expect 1 "step 2: observation 0 is" "$folder/Pendulum-v1.seed0.bin"
broken Pendulum-v1.seed0.bin 109 '\377\377\377' # less than 1e-6 of the reward: its lower bytes
expect 0 "| equal | equal | 0 | 4.3e-07 |" "$folder/Pendulum-v1.seed0.bin"
broken Pendulum-v1.seed0.bin 112 '\377'
expect 1 "step 1: the reward is" "$folder/Pendulum-v1.seed0.bin"
broken Pendulum-v1.seed0.bin 132 '\1'
expect 1 "terminated, truncated are [0, 0], in the trace [1, 0]" "$folder/Pendulum-v1.seed0.bin"
broken Pendulum-v1.seed0.bin 0 'X'
expect 1 "does not begin with SACTRC01" "$folder/Pendulum-v1.seed0.bin"
head -c 500 "$sources/tests/traces/Pendulum-v1.seed0.bin" >"$folder/Pendulum-v1.seed9.bin"
expect 1 "within a record" "$folder/Pendulum-v1.seed9.bin"
cp "$sources/tests/traces/Pendulum-v1.seed0.bin" "$folder/Pendulun-v1.seed0.bin"
expect 1 "did you mean" "$folder/Pendulun-v1.seed0.bin"

# traces of another release of a simulator
mkdir "$folder/other"
cp "$sources"/tests/traces/HalfCheetah-v5.seed0.bin "$folder/other"
echo '{"mujoco": "1.50.1"}' >"$folder/other/VERSIONS.json"
expect 0 "SKIPPED" "$folder/other"

# a task that breaks one of the promises of envs --check
printf '#!/bin/sh\n[ "$2" != --check ] || { echo "FAIL  seed"; exit 1; }\nexec %s "$@"\n' "$softac" >"$folder/softac"
chmod +x "$folder/softac"
expect 0 "2: 120 steps" --promises "$folder/traces"
real=$softac softac=$folder/softac
expect 1 "FAIL  seed" --promises "$folder/traces"
softac=$real

# the table of a document: new rows in the order of softac envs, rows of the same task replaced, others left alone
page=$sources/docs/environments.md
sed '/^| Pendulum-v1 | Gym/s/|.*|/| Pendulum-v1 | old |/; /^| MountainCarContinuous-v0 | Gym/d' "$page" >"$folder/page.md"
cp "$sources"/tests/traces/MountainCarContinuous-v0.seed0.bin "$folder/traces"
expect 0 "1: 150 steps" --table "$folder/page.md" "$folder/traces"
diff "$page" "$folder/page.md" | grep '^[<>]' >"$folder/out"
: >"$folder/err"
[ "$(grep -c '^> | \(Pendulum-v1 | Gym.* 120\|MountainCarContinuous-v0 | Gym.* 150\) steps' "$folder/out")" -eq 2 ] &&
    [ "$(wc -l <"$folder/out")" -eq 4 ] || fail "the table is not refreshed row by row"
echo "no table" >"$folder/page.md"
expect 1 "there is no table with the head" --table "$folder/page.md" "$folder/traces"

# a row for every task
"$softac" envs --json | tr ',' '\n' | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' >"$folder/ids"
[ -s "$folder/ids" ] || fail "softac envs names nothing"
while read -r id; do
    grep -q "^| $id |.* steps, .* resets |" "$page" ||
        fail "docs/environments.md has no row of $id in the table of errors: see there how the suite writes it"
done <"$folder/ids"

[ $failures -eq 0 ] || exit 1
echo "all traces hold, and every planted difference is seen"
