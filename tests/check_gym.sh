#!/bin/bash
# gym: environments: what they return, and every way in which Python can let us down. What needs Gymnasium is left out
# where the interpreter ($SOFTAC_PYTHON, else python3) lacks it, and the test then counts as skipped.
# usage: check_gym.sh   (run where softac was built; $srcdir: the sources)
set -u
softac=$PWD/softac
sources=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)
python=${SOFTAC_PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
export PYTHONPATH=$sources/tests/gym PYTHONDONTWRITEBYTECODE=1
settings="hidden=8,8 batch_size=8 steps=400 warmup_steps=20 replay_capacity=1000 environments=3 eval_every=0
    eval_episodes=2 algorithm=sac_v2"
failures=0

fail() {
    failures=$((failures + 1))
    echo "FAILED: $*"
    sed 's/^/  stdout: /' out | head -n 5
    sed 's/^/  stderr: /' err | tail -n 12
}
expect() { # STATUS COMMAND...
    local wanted=$1
    shift
    timeout 120 "$@" >out 2>err
    status=$?
    [[ $status == "$wanted" ]] || fail "status $status instead of $wanted: $*"
}
says() { grep -qF -e "$1" err || fail "stderr lacks: $1"; }
tiny() { # STATUS KWARGS [WORD...]: train
    rm -rf run
    expect "$1" "$softac" train gym:Tiny-v0 --gym-module tiny_envs --gym-kwargs "$2" $settings --out run "${@:3}"
}

# Words of the command line that can not be.
expect 2 "$softac" envs gym: ; says "needs an environment's id"
expect 2 "$softac" envs gym:Tiny-v0 --gym-kwargs '[1]'; says "expected a JSON object"
expect 2 "$softac" envs Pendulum-v1 --gym-module m; says "--gym-module is for an environment gym:ID, not for Pendulum-v1"
# An interpreter that is not there, and one that ends at once.
expect 1 env SOFTAC_PYTHON=/nonexistent/python "$softac" train gym:Tiny-v0; says "SOFTAC_PYTHON"
expect 1 env SOFTAC_PYTHON=false "$softac" train gym:Tiny-v0; says "ended by itself with status 1 before"

command -v "$python" >/dev/null || { echo "no $python"; exit 77; }
# Packages that are missing or too old, and a Python that is: the sentence has the remedy.
mkdir fakes fakes/none fakes/old fakes/python
echo 'raise ModuleNotFoundError("No module named numpy", name="numpy")' >fakes/none/numpy.py
touch fakes/old/numpy.py
echo '__version__ = "0.26.3"' >fakes/old/gymnasium.py
printf 'import sys\nsys.version_info = (3, 6, 9, "final", 0)\n' >fakes/python/sitecustomize.py
expect 1 env PYTHONPATH="$folder/fakes/none" "$softac" train gym:Tiny-v0; says "pip install numpy"
echo 'raise ModuleNotFoundError("No module named gymnasium", name="gymnasium")' >fakes/none/gymnasium.py
: >fakes/none/numpy.py
expect 1 env PYTHONPATH="$folder/fakes/none" "$softac" train gym:Tiny-v0; says "python3 -m pip install gymnasium"
expect 1 env PYTHONPATH="$folder/fakes/old" "$softac" train gym:Tiny-v0; says "gymnasium 0.26.3 is too old"
expect 1 env PYTHONPATH="$folder/fakes/python" "$softac" train gym:Tiny-v0; says "Python 3.6 is too old"

finish() {
    echo "check_gym: $failures failed$1"
    [[ $failures == 0 ]] || exit 1
    [[ -z $1 ]] || exit 77
    exit 0
}
"$python" -c 'import gymnasium, numpy' 2>/dev/null || finish ", the rest left out: $python has no gymnasium"

# A training runs; its policy knows the environment; keyword arguments arrive.
tiny 0 '{"gain": 0.5, "size": 7}'
expect 2 "$softac" eval run --gym-module tiny_envs; says "the policy takes 7 observations"
expect 0 "$softac" eval run --gym-module tiny_envs --gym-kwargs '{"gain": 0.5, "size": 7}'

# An evaluation's returns are those of a plain Python loop with the same seeds and actions, to the last bit.
tiny 0 '{}'
TINY_LOG=$folder/log expect 0 "$softac" eval run --gym-module tiny_envs --episodes 5 --json
cp out eval.json
expect 0 "$python" "$sources/tests/gym/replay.py" log.*
"$python" - eval.json out <<'P' || fail "returns differ from a plain loop's"
import json, sys
ours = json.load(open(sys.argv[1]))["returns"]
plain = [float(line) for line in open(sys.argv[2])]
sys.exit(len(ours) != 5 or any(x not in plain for x in ours))
P

# Dict observations, flattened; and observations of another size than announced.
tiny 0 '{"fault": "dict"}'
expect 0 "$softac" envs gym:Tiny-v0 --gym-module tiny_envs --gym-kwargs '{"fault": "dict"}'
grep -qE '^gym:Tiny-v0 +7 +2 ' out || fail "4 + 3 observations are not 7"
tiny 1 '{"fault": "size"}'; says "an observation of shape (4,)"
# Spaces that can not be.
tiny 1 '{"fault": "discrete"}'; says "the action space is Discrete(3)"
tiny 1 '{"fault": "bounds"}'; says "without finite bounds"
tiny 1 '{"nothing": 1}'; says "unexpected keyword argument 'nothing'"
expect 1 "$softac" train gym:Nothing-v3; says "gymnasium.make('Nothing-v3')"
expect 1 "$softac" train gym:Tiny-v0 --gym-module no_such_module; says "no Python module 'no_such_module'"

# An exception: its traceback, the sentence, and the run is saved.
tiny 1 '{"fault": "step"}'; says "Traceback"; says "step() failed at step 50: ValueError: too hot (tiny_envs.py, line"
[[ -s run/policy.safetensors ]] || fail "what was learnt is not saved"
tiny 1 '{"fault": "reset"}'; says "ValueError: no way to begin"

# A worker killed by a signal is started again and the run goes on; one that always dies ends it.
export TINY_KILLED=$folder/killed
tiny 0 '{"fault": "kill"}'; says "died and was started again (1 so far)"
[[ -e killed ]] || fail "no worker was killed"
tiny 1 '{"fault": "die"}'; says "was killed by signal 9 (Killed), and so did each that took its place: 3"

# When softac itself is killed its workers end with it.
rm -rf run
"$softac" train gym:Tiny-v0 --gym-module tiny_envs ${settings/steps=400/steps=100000000} --out run >out 2>err &
pid=$!
for ((i = 0; i < 200; i++)); do
    mapfile -t workers < <(grep -ls "^PPid:[[:space:]]$pid\$" /proc/[0-9]*/status | cut -d / -f 3)
    [[ ${#workers[@]} -ge 2 ]] && break
    sleep 0.05
done
[[ ${#workers[@]} -ge 2 ]] || fail "no workers to be seen"
kill -9 $pid
wait $pid 2>/dev/null
for ((i = 0; i < 100; i++)); do
    left=0
    for worker in "${workers[@]}"; do
        grep -qs '^State:.[^Z]' "/proc/$worker/status" && left=1
    done
    [[ $left == 0 ]] && break
    sleep 0.05
done
[[ $left == 0 ]] || fail "a worker outlives softac"
finish ""
