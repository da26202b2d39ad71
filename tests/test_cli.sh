#!/bin/sh
# The program from outside: exit statuses, what stands on which stream, files, signals.
# usage: test_cli.sh   (run where it was built; $srcdir: the sources)
set -u
softac=$PWD/softac
plugin=$PWD/tests/.libs/plugin_failing.so
sources=$(cd "${srcdir:-.}" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0

fail() {
    failures=$((failures + 1))
    echo "FAILED: $*"
    sed 's/^/  stdout: /' out 2>/dev/null | head -n 20
    sed 's/^/  stderr: /' err 2>/dev/null | head -n 20
}
# expect STATUS COMMAND...: run it, streams into out and err
expect() {
    wanted=$1
    shift
    "$@" >out 2>err
    status=$?
    [ $status -eq "$wanted" ] || fail "status $status instead of $wanted: $*"
}
says() { grep -qF -e "$1" "$2" || fail "$2 lacks: $1"; }
empty() { [ ! -s "$1" ] || fail "$1 is not empty"; }

# Wrong usage: 2, a sentence with the nearest name on stderr, nothing on stdout.
expect 2 "$softac"
says "usage: softac COMMAND" err
empty out
refuse() { # SENTENCE ARGUMENT...
    sentence=$1
    shift
    expect 2 "$softac" "$@"
    says "$sentence" err
    empty out
}
refuse "trian: no such command; did you mean train?" trian
refuse "--sede: no such option; did you mean --seed?" train Pendulum-v1 --sede 1
refuse "--seed: expected S after it" train Pendulum-v1 --seed
refuse "seed=x: expected a whole number" train Pendulum-v1 --seed x
refuse "--env-threads 0: expected a whole number from 1" train Pendulum-v1 --env-threads 0
refuse "--json: takes no value" train Pendulum-v1 --json=1
refuse "expected an environment" train
refuse "bach_size: no such setting; did you mean batch_size?" train Pendulum-v1 bach_size=1
refuse "gamma=2: expected a number from 0 to 1" train Pendulum-v1 gamma=2
refuse "gamma: expected key=value" train Pendulum-v1 gamma
refuse "did you mean 'Pendulum-v1'?" train Pendulm-v1
refuse "set algorithm=sac_v1" train Pendulum-v1 algorithm=sac_v2 estimator=score_function
refuse "portable" train Pendulum-v1 --isa avx1024
refuse "one word too many" eval a b
printf 'steps: 100\nbach_size: 3\n' >bad.yaml
refuse "bad.yaml:2: bach_size: no such setting; did you mean batch_size?" train Pendulum-v1 --config bad.yaml
printf 'environment: Swimmer-v5\n' >other.yaml
refuse "other.yaml:1: is for environment Swimmer-v5, not for Pendulum-v1" train Pendulum-v1 --config other.yaml
[ ! -e runs ] || fail "a refused command left a run directory"
expect 1 "$softac" eval nowhere
expect 1 "$softac" train Pendulum-v1 --config nowhere.yaml
expect 1 env SOFTAC_PRESET_DIR=nowhere "$softac" train Pendulum-v1
expect 1 sh -c "'$softac' --help >/dev/full"

# Help: 0, on stdout; the settings as docs/settings.md has them.
expect 0 "$softac" --version
says "softac " out
for command in train eval export rollout envs info; do
    expect 0 "$softac" $command --help
    says "usage: softac $command" out
    empty err
done
expect 0 "$softac" train --help
sed -n '/^settings:/,$p' out >help
sed -n '/^```text$/,/^```$/p' "$sources/docs/settings.md" | sed '1d;$d' >documented
cmp help documented || fail "docs/settings.md differs from softac train --help: put there what this prints"

# A run: small, in lockstep, so that it can be had again.
small="warmup_steps=200 hidden=16,16 batch_size=16 eval_episodes=2 eval_every=200 mode=lockstep"
expect 0 "$softac" train Pendulum-v1 $small --steps 400 --seed 3 --env-threads 9 --out run
says "Pendulum-v1 with sac_v1, by default" err
says "presets/Pendulum-v1.yaml" err
says "--env-threads 9: only 8 started" err
says "evaluation at step 400" err
says "400 environment steps and 200 updates" out
says "policy: run/policy.safetensors" out
says "reward_scale: 1" run/config.yaml
says "seed: 3" run/config.yaml
says "rollout/ep_rew_mean" run/progress.csv
[ "$(awk -F, '{ print NF }' run/progress.csv | sort -u | wc -l)" -eq 1 ] || fail "progress.csv: rows of unequal length"
expect 0 "$softac" train Pendulum-v1 --config run/config.yaml --out again
cmp run/policy.safetensors again/policy.safetensors || fail "config.yaml does not give the same run again"
grep -v '^#' run/config.yaml >first
grep -v '^#' again/config.yaml | cmp - first || fail "config.yaml does not give the same configuration again"

# Where runs go: a new directory, or an empty one.
refuse "run: is not empty" train Pendulum-v1 $small --out run
mkdir deep
expect 0 "$softac" train Pendulum-v1 $small --steps 8 --out deep
expect 0 "$softac" train Pendulum-v1 $small --steps 8 --out deeper/and/deeper
expect 0 "$softac" train Pendulum-v1 $small --steps 8 algorithm=sac_v2
expect 0 "$softac" train Pendulum-v1 $small --steps 8 algorithm=sac_v2 value_learning_rate=0.1
says "value_learning_rate has no effect: sac_v2 has no value network" err
[ -f runs/Pendulum-v1-sac_v2-seed0/policy.safetensors ] || fail "no default run directory"
[ -f runs/Pendulum-v1-sac_v2-seed0-2/policy.safetensors ] || fail "no second default run directory"

# Of several runs started into one directory at once exactly one gets it; without --out each gets its own.
start_six() { # ARGUMENT...
    for i in 1 2 3 4 5 6; do
        { "$softac" train Pendulum-v1 $small --steps 8 "$@" >"out$i" 2>"err$i"; echo $? >"status$i"; } &
    done
    wait
    sort status? | tr '\n' ' '
}
[ "$(start_six --out contended)" = "0 2 2 2 2 2 " ] || fail "not one of six runs in one directory: $(cat status?)"
[ "$(cat err? | grep -cE 'contended: ((process [0-9]+|another process) writes a run there|is not empty); name another directory')" -eq 5 ] ||
    fail "five runs were not told why: $(cat err?)"
[ "$(awk -F, '{ print NF }' contended/progress.csv | sort -u | wc -l)" -eq 1 ] || fail "two runs wrote one progress.csv"
[ "$(start_six algorithm=sac_v2 seed=77)" = "0 0 0 0 0 0 " ] || fail "not six runs of their own: $(cat status?)"
for n in '' -2 -3 -4 -5 -6; do
    [ -s "runs/Pendulum-v1-sac_v2-seed77$n/policy.safetensors" ] || fail "no run seed77$n"
done

# More than there is of anything: refused before a directory is made.
expect 1 "$softac" train Pendulum-v1 $small replay_capacity=1e12 --out large
says "of it for the replay" err
says "set replay_capacity=" err
[ "$(wc -l <err)" -eq 1 ] && [ ! -e large ] || fail "more than a sentence, or a directory"

# A policy file stands alone, and evaluates the same each time.
cp run/policy.safetensors alone.safetensors
expect 0 "$softac" eval run --episodes 3 --seed 5 --json
cp out first
empty err
for key in environment episodes mean_return std_return median_return iqm_return iqm_low iqm_high mean_length returns; do
    says "\"$key\":" first
done
expect 0 "$softac" eval alone.safetensors --episodes 3 --seed 5 --json
cmp out first || fail "eval differs from itself"
expect 0 "$softac" eval alone.safetensors --episodes 3 --seed 5 --json --stochastic
cmp -s out first && fail "--stochastic changes nothing"
expect 0 "$softac" eval alone.safetensors --episodes 3 --seed 5
says "Pendulum-v1: mean return" out
expect 2 "$softac" eval alone.safetensors --env MountainCarContinuous-v0
head -c 300 run/policy.safetensors >short.safetensors
expect 1 "$softac" eval short.safetensors
says "short.safetensors: " err

# --json: nothing else on stdout, the result last.
expect 0 "$softac" train Pendulum-v1 $small --steps 400 --out json --json
grep -v '^{.*}$' out && fail "--json: a line that is no JSON object"
tail -n 1 out >last
for key in evaluation environment_steps updates wall_seconds run_directory; do
    says "\"$key\":" last
done
says '"environment_steps":400,"updates":200,' last
expect 0 "$softac" info --json
says '"layers":' out
says '"placement":' out
expect 0 "$softac" info
says "oneDNN" out
says "package 0, node 0, L3 0" out

# The presets' directory can be named.
mkdir presets
printf 'hidden: [8]\nsac_v2: {gamma: 0.5}\n' >presets/Pendulum-v1.yaml
expect 0 env SOFTAC_PRESET_DIR=presets "$softac" train Pendulum-v1 steps=8 eval_episodes=1 --out preset
says "sac_v2, by default, as no preset has a reward_scale" err
says "preset presets/Pendulum-v1.yaml" err
says "hidden: 8" preset/config.yaml
says "gamma: 0.5" preset/config.yaml

# A profile of the preset; an unknown one is refused with those there are.
expect 0 "$softac" train Pendulum-v1 profile=wall_clock hidden=4 steps=1100 eval_episodes=1 --out profile
says "profile wall_clock" err
says "batch_size: 1024" profile/config.yaml
says "algorithm: sac_v2" profile/config.yaml
refuse "profile=wall: expected one of none, wall_clock" train Pendulum-v1 profile=wall
expect 0 "$softac" train Pendulum-v1 --config profile/config.yaml --out unprofiled
grep -v '^#' profile/config.yaml >one
grep -v '^#' unprofiled/config.yaml | cmp -s - one || fail "the profile's settings are not all in config.yaml"

# tune: a table, a preset of one's own, which train takes; for other settings and in lockstep it does not.
tuned="environments=1 hidden=4 batch_size=8 warmup_steps=10 algorithm=sac_v2"
export XDG_CONFIG_HOME="$folder/own"
expect 0 "$softac" tune Pendulum-v1 $tuned --seconds 1
says "env threads  learner threads" out
says "best at these settings: --env-threads 1 --learner-threads" out
own=$XDG_CONFIG_HOME/softac/presets/Pendulum-v1.yaml
says "written to $own" out
says "learner_threads:" "$own"
expect 0 "$softac" train Pendulum-v1 $tuned steps=50 eval_episodes=1 --out tuned
says "over it $own" err
says "as softac tune has measured: --env-threads 1" err
expect 0 "$softac" train Pendulum-v1 $tuned tau=0.5 --learner-threads 2 steps=50 eval_episodes=1 --out by_flag
says "as softac tune has measured: --env-threads 1 --learner-threads 2" err
expect 0 "$softac" train Pendulum-v1 $tuned mode=lockstep steps=50 eval_episodes=1 --out lockstep
grep -q "tune has measured" err && fail "a measurement of async runs is taken in lockstep"
expect 0 "$softac" train Pendulum-v1 $tuned updates_per_round=2 steps=50 eval_episodes=1 --out other
grep -q "tune has measured" err && fail "a measurement for other settings is taken"
refuse "mode=lockstep: expected async" tune Pendulum-v1 mode=lockstep
refuse "expected an environment" tune
refuse "--seconds 0: expected a whole number from 1" tune Pendulum-v1 --seconds 0
printf 'gamma: 0.5\n' >mine.yaml
refuse "mine.yaml holds settings, which softac tune would lose" tune Pendulum-v1 --out mine.yaml
expect 0 "$softac" tune Pendulum-v1 $tuned --seconds 1 --json --out tuned.yaml
grep -v '^{.*}$' out && fail "tune --json: a line that is no JSON object"
for key in environment machine settings seconds runs best preset env_wait_fraction; do
    says "\"$key\":" out
done
printf 'gamma: 0.5\n' >"$own"
expect 0 "$softac" train Pendulum-v1 $tuned steps=50 eval_episodes=1 --out mine
says "gamma: 0.5" mine/config.yaml
printf 'gama: 0.5\n' >"$own"
refuse "$own:1: gama: no such setting; did you mean gamma?" train Pendulum-v1
rm "$own"
"$softac" tune Pendulum-v1 $tuned --seconds 1000 --out never.yaml >out 2>err &
child=$!
sleep 2
kill -INT $child
wait $child
status=$?
[ $status -eq 130 ] || fail "status $status instead of 130: tune interrupted"
[ ! -e never.yaml ] || fail "an interrupted tune wrote its preset"
XDG_CONFIG_HOME=/nonexistent

# A signal: what there is is saved, 128 + n. Also where the tests were started by nohup.
interrupt() { # SIGNAL STATUS
    env --default-signal="$1" "$softac" train Pendulum-v1 eval_every=0 update_to_data=1/8 --steps 1000000000 --out "by_$1" >out 2>err &
    child=$!
    for _ in $(seq 600); do
        [ "$(cat "by_$1/progress.csv" 2>/dev/null | wc -l)" -ge 2 ] && break
        sleep 0.1
    done
    kill "-$1" $child
    wait $child
    status=$?
    [ $status -eq "$2" ] || fail "status $status instead of $2 after $1"
    expect 0 "$softac" eval "by_$1" --episodes 1
    [ -s "by_$1/config.yaml" ] || fail "no configuration after $1"
}
interrupt INT 130
interrupt TERM 143
interrupt HUP 129
interrupt PIPE 141

# An environment's error: told, 1, and what there is is saved.
expect 1 "$softac" train "$plugin" $small --steps 100000 --out failed
says "the counter is worn out" err
[ -s failed/config.yaml ] || fail "no configuration after an error"
expect 0 "$softac" eval failed --env "$plugin" --episodes 2

# Options of the environment: later ones win, config.yaml keeps them and eval takes them from there; rollout has them, too.
if "$softac" envs Hopper-v5 2>/dev/null | grep -q 'yes$'; then
    printf 'env:\n  frame_skip: 3\n  exclude_current_positions_from_observation: false\n' >hopper.yaml
    expect 0 "$softac" train Hopper-v5 --config hopper.yaml env.frame_skip=2 $small --steps 100 --out hopper
    says "  frame_skip: '2'" hopper/config.yaml
    says "  exclude_current_positions_from_observation: 'false'" hopper/config.yaml
    expect 0 "$softac" train Hopper-v5 --config hopper/config.yaml --out hopped
    grep -v '^#' hopper/config.yaml >wanted
    grep -v '^#' hopped/config.yaml | cmp - wanted || fail "config.yaml does not lead to itself"
    expect 0 "$softac" eval hopper --episodes 1
    expect 2 "$softac" eval hopper/policy.safetensors --episodes 1
    says "12 observations" err
    expect 0 "$softac" eval hopper/policy.safetensors env.exclude_current_positions_from_observation=false --episodes 1
    expect 1 "$softac" train Hopper-v5 env.frame_skp=2
    says "did you mean frame_skip?" err
    expect 1 "$softac" train Hopper-v5 env.healthy_z_range=2,1
    says "option healthy_z_range=2,1: expected LOW,HIGH with LOW <= HIGH" err
    echo '{"qpos": [0, 1.25, 0, 0, 0, 0], "qvel": [1, 0, 0, 0, 0, 0]}' >state
    echo 0,0,0 >actions
    expect 0 "$softac" rollout Hopper-v5 --state state --actions actions env.frame_skip=1 env.healthy_reward=0 \
        env.ctrl_cost_weight=0 env.forward_reward_weight=3
    tail -n 1 out | awk -F, '{ exit !($(NF - 2) > 2.9 && $(NF - 2) < 3.1) }' || fail "the reward is not three times the speed"
fi

[ $failures -eq 0 ] && echo "all as it should be"
exit $((failures > 0))
