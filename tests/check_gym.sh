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

# A training runs. Its policy and its configuration know how the environment was made, also where the text has quotes in
# it; the command line wins.
tiny 0 "{\"gain\": 0.5, \"size\": 7, \"fault\": \"it's\"}"
expect 0 "$softac" eval run --json; mv out kept.json
expect 0 "$softac" eval run --json --gym-module tiny_envs --gym-kwargs '{"gain": 0.5, "size": 7}'; mv out given.json
cmp -s kept.json given.json || fail "eval makes another environment than the training did"
expect 2 "$softac" eval run --gym-kwargs '{}'; says "the policy takes 7 observations"
expect 1 env PYTHONPATH= "$softac" eval run; says "there is no Python module 'tiny_envs' (--gym-module)"
mv run first
expect 0 "$softac" train gym:Tiny-v0 --config first/config.yaml --out run
diff <(grep -v '^#' first/config.yaml) <(grep -v '^#' run/config.yaml) >out || fail "another configuration than the one given"
expect 0 "$softac" train gym:Tiny-v0 --config first/config.yaml --gym-kwargs '{"size": 2}' --out second
grep -qx "gym_kwargs: '{\"size\": 2}'" second/config.yaml || fail "--gym-kwargs does not win over --config"
sed '/^environment/d' first/config.yaml >other.yaml
expect 2 "$softac" train Pendulum-v1 --config other.yaml; says "for an environment gym:ID, not for Pendulum-v1"
rm -r first second

# An evaluation's returns are those of a plain Python loop with the same seeds and actions, to the last bit; episodes are
# as long as the step limit.
tiny 0 '{}'
TINY_LOG=$folder/log expect 0 "$softac" eval run --episodes 5 --json
cp out eval.json
grep -q '"mean_length":20.0' out || fail "the episodes are not 20 steps long"
expect 0 "$python" "$sources/tests/gym/replay.py" log.*
"$python" - eval.json out <<'P' || fail "returns differ from a plain loop's"
import json, sys
ours = json.load(open(sys.argv[1]))["returns"]
plain = [float(line) for line in open(sys.argv[2])]
sys.exit(len(ours) != 5 or any(x not in plain for x in ours))
P

# The interface's promises: each environment's row is its own, among others.
expect 0 "$softac" envs --check gym:Tiny-v0 --gym-module tiny_envs

# rollout: Gymnasium's tasks from a given state are ours, beyond the step limit; all others begin at a seed.
roll() { # NAME ID STATE [KWARGS]: the table in out and NAME.csv
    echo "$3" >state.json
    expect 0 "$softac" rollout "gym:$2" --state state.json --actions actions.csv --gym-module tiny_envs \
        --gym-kwargs "${4-{\}}"
    cp out "$1.csv"
}
same() { # two tables: [FACTOR [ROWS [BOUND]]]
    "$python" - "$@" <<'P' || fail "the rollouts $1 and $2 differ"
import csv, sys
one, two = ([[float(x or 0) for x in row] for row in list(csv.reader(open(name + ".csv")))[1:]] for name in sys.argv[1:3])
factor = float(sys.argv[3]) if len(sys.argv) > 3 else 1
rows = int(sys.argv[4]) if len(sys.argv) > 4 else len(one)
bound = float(sys.argv[5]) if len(sys.argv) > 5 else 0
assert len(one) == len(two) and len(one) >= rows > 1
for a, b in zip(one[:rows], two[:rows]):
    assert all(abs(factor * x - y) <= bound for x, y in zip(a[1:-3], b[1:-3], strict=True)), (a, b)
    assert abs(a[-3] - b[-3]) <= max(1e-6, 10 * bound) and a[-2:] == b[-2:], (a, b)
P
}
# Before version 2, NumPy goes on in double where a number of float32 meets one of Python's, so that Gymnasium's own steps
# round otherwise than the reference's.
bound=$("$python" -c 'import numpy; print(0 if int(numpy.__version__.split(".")[0]) >= 2 else 1e-5)')
for ((i = 0; i < 220; i++)); do echo "0.$((i * 7 % 10))"; done >actions.csv
roll bridge Pendulum-v1 '{"state": [0.5, -1]}'
expect 0 "$softac" rollout Pendulum-v1 --state state.json --actions actions.csv
cp out ours.csv
same bridge ours 1 221 "$bound"
roll bridge MountainCarContinuous-v0 '{"state": [-0.5, 0.01]}'
expect 0 "$softac" rollout MountainCarContinuous-v0 --state state.json --actions actions.csv
cp out ours.csv
same bridge ours 1 221 "$bound"
for ((i = 0; i < 45; i++)); do echo "0.$((i * 7 % 10)),-0.$((i % 10))"; done >actions.csv
roll tiny Tiny-v0 '{"state": [7]}'
"$python" - >err 2>&1 <<'P' || fail "reset(seed=7) is another beginning"
import csv, gymnasium, numpy, tiny_envs
env = gymnasium.make("Tiny-v0")
rows = list(csv.reader(open("tiny.csv")))[1:]
seen = [env.reset(seed=7)[0]] + [env.step(numpy.array(line.split(","), numpy.float32))[0] for line in open("actions.csv")]
assert all([float(x) for x in row[1:-3]] == list(x.astype(numpy.float32)) for row, x in zip(rows, seen))
assert {row[-1] for row in rows} == {"", "0"}
P
# Wrappers, lists in place of arrays, actions that are kept or changed: the same steps.
roll doubled TinyDoubled-v0 '{"state": [7]}'; same tiny doubled 2
for fault in list keep change; do roll $fault Tiny-v0 '{"state": [7]}' "{\"fault\": \"$fault\"}"; same tiny $fault; done
# The end of an episode, whichever way the environment restarts itself: the observation is the last one.
roll ends Tiny-v0 '{"state": [7]}' '{"fault": "ends"}'
grep -q '^7,.*,1,0$' out || fail "no end at step 7"
roll restarts Tiny-v0 '{"state": [7]}' '{"fault": "restarts"}'; same ends restarts 1 8
roll autoreset TinyAutoreset-v0 '{"state": [7]}' '{"fault": "ends"}'; same ends autoreset 1 8
for id in Tiny-v0/ends Tiny-v0/restarts TinyAutoreset-v0/ends; do
    expect 0 "$softac" eval run --env "gym:${id%/*}" --gym-module tiny_envs --gym-kwargs "{\"fault\": \"${id#*/}\"}" --json
    grep -q '"mean_length":7.0' out || fail "the episodes of $id are not 7 steps long"
    sed 's/"environment":"[^"]*"//' out >>returns
done
[[ $(sort -u returns | wc -l) == 1 ]] || fail "returns depend on how the environment restarts itself"
# A worker that is killed: the episode ends there, truncated, at the observation before.
rm -f killed
TINY_KILLED=$folder/killed roll killed Tiny-v0 '{"state": [7]}' '{"fault": "kill"}'
grep -q '^40,.*,0,0,1$' out || fail "the killed worker's episode is not truncated"
[[ $(sed -n 's/^40,\(.*\),0,0,1$/\1/p' out) == "$(sed -n 's/^39,\(.*\),[^,]*,0,0$/\1/p' out)" ]] ||
    fail "the killed worker's episode ends at another observation"
rm -f killed

# Dict observations, flattened; and observations of another size than announced.
roll dict Tiny-v0 '{"state": [7]}' '{"fault": "dict"}'
grep -q '^0,0.5,0.5,0.5,0.5,' out || fail "not flattened in the order of the keys"
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
