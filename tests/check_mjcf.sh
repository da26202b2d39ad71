#!/bin/bash
# mjcf:FILE.xml as a user meets it: the shipped example is checked, trained, played again; results do not depend on
# threads; mistakes say what to do.
# usage: check_mjcf.sh   (run where softac was built; $srcdir: the sources)
set -u
build=$PWD softac=$PWD/softac
sources=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
settings="hidden=8,8 batch_size=8 steps=600 warmup_steps=50 replay_capacity=1000 environments=4 eval_every=0
    eval_episodes=2 mode=lockstep"
failures=0

fail() {
    failures=$((failures + 1))
    echo "FAILED: $*"
    sed 's/^/  stdout: /' out | head -n 5
    sed 's/^/  stderr: /' err | tail -n 5
}
expect() { # STATUS COMMAND...
    local wanted=$1
    shift
    timeout 120 "$@" >out 2>err
    status=$?
    [[ $status == "$wanted" ]] || fail "status $status instead of $wanted: $*"
}
says() { grep -qF -e "$1" err || fail "stderr lacks: $1"; }

expect 2 "$softac" envs mjcf: ; says "needs a model's file behind it"
if "$softac" envs mjcf:nothing.xml 2>&1 | grep -q "this build lacks mjcf:nothing.xml: it was made without MuJoCo"; then
    echo "check_mjcf: $failures failed, the rest left out: built without MuJoCo"
    [[ $failures == 0 ]] && exit 77
    exit 1
fi

cp "$sources"/docs/examples/two_link_arm.* .
arm=mjcf:two_link_arm.xml

# The example keeps every promise of the interface, and its policy is played without another word.
expect 0 "$softac" envs --check $arm
grep -q "20 passed, 0 failed, 0 skipped" out || fail "not all checks passed"
expect 0 "$softac" train $arm $settings --env-threads 1 --out one
expect 0 "$softac" eval one --episodes 2
expect 0 "$softac" export one --format safetensors --out exported.safetensors
grep -q "^environment: $arm$" one/config.yaml || fail "config.yaml does not name the environment"
# Equal bytes for any number of env threads.
expect 0 "$softac" train $arm $settings --env-threads 3 --out three
cmp one/policy.safetensors three/policy.safetensors || fail "policies differ by threads"

# A given state and given actions.
echo '{"qpos": [0, 0, 0.1, 0.2], "qvel": [0, 0, 0, 0]}' >state
printf '0.5,-0.5\n0,0\n' >actions
expect 0 "$softac" rollout $arm --state state --actions actions
[[ $(wc -l <out) == 4 && $(sed -n 2p out) == 0,1,1,0,0,0,0,0.10000000000000001,0.20000000000000001,* ]] ||
    fail "the table is not of that state"

# Another task for the same model; a policy of another size is refused with both sizes.
printf 'observation: [{qpos: all}]\nreward: {alive: 1}\n' >other.yaml
expect 0 "$softac" envs $arm env.task=other.yaml
grep -qE "^$arm +4 +2 " out || fail "-- not heeded"
expect 2 "$softac" eval one env.task=other.yaml; says "the policy takes 11 observations"
# A run keeps which task it was.
expect 0 "$softac" train $arm env.task=other.yaml $settings --out other
expect 0 "$softac" eval other --episodes 1

# What is gone, broken or wrong.
printf 'observation: [{qpos: all}]\nreward: {reach: {sensor: tip_from_targt}}\n' >wrong.yaml
expect 1 "$softac" train $arm env.task=wrong.yaml
says "wrong.yaml:2: reward.reach: sensor: the model has no sensor 'tip_from_targt'; did you mean 'tip_from_target'?"
expect 1 "$softac" train $arm env.task=nothing.yaml; says "there is no task file nothing.yaml for two_link_arm.xml"
sed 's/<body name="forearm"/<bodie name="forearm"/' two_link_arm.xml >broken.xml
expect 1 "$softac" train mjcf:broken.xml; says "broken.xml: XML"
expect 2 "$softac" train "mjcf:two arms.xml"; says "no blanks"
# Another MuJoCo than the build's would read structures that it does not know. (Sanitizers must come first themselves.)
if ! grep -qaE "__[at]san_init" "$softac"; then
    other=$build/tests/.libs/other_mujoco.so
    expect 1 env LD_PRELOAD="$other" "$softac" train $arm --out never
    says "but softac was built for"
    [[ ! -e never ]] || fail "a run's folder without a run"
    expect 1 env LD_PRELOAD="$other" "$softac" eval one --episodes 1; says "but softac was built for"
fi
mv two_link_arm.xml moved.xml
expect 1 "$softac" eval one; says "--env mjcf:FILE.xml if it has moved"
expect 0 "$softac" eval one --episodes 1 --env mjcf:moved.xml env.task=two_link_arm.task.yaml

echo "check_mjcf: $failures failed"
[[ $failures == 0 ]]
