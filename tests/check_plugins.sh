#!/bin/bash
# Plugins with one mistake each: `softac envs --check` names the promise that is broken and says what, which value
# and where; training, evaluating and listing end with one sentence, exit status 1, and what there is saved.
# usage: check_plugins.sh   (run where it was built)
set -u
softac=$PWD/softac
plugin=$PWD/tests/.libs/faulty_plugin.so
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0
ln -s "$plugin" faulty.so
# What a crash leaves behind is lost on purpose: the instance is never called again, not even to be destroyed.
export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0"
# Sanitizers see some mistakes first, and end the process in their own way.
sanitizer=no
for name in asan tsan; do
    ! grep -qa "__${name}_init" "$softac" || sanitizer=$name
done

fail() {
    failures=$((failures + 1))
    echo "FAILED: $*"
    sed 's/^/  stdout: /' out | head -n 30
    sed 's/^/  stderr: /' err | head -n 30
}

# --- envs --check: every line is FAULT|the check that must fail|words of its sentence ---

checked() { # FAULT CHECK WORDS
    case $sanitizer,$1 in
    *san,create_wild_instance | asan,state_beyond | asan,result_beyond_count)
        echo "SKIPPED with $sanitizer: $1"
        return
        ;;
    tsan,global_variable) # after the check that finds it, ThreadSanitizer finds it as well
        FAULT=$1 "$softac" envs --check ./faulty.so 2>&1 | grep -q "WARNING: ThreadSanitizer: data race" ||
            fail "$1: ThreadSanitizer sees no race"
        return
        ;;
    esac
    FAULT=$1 "$softac" envs --check ./faulty.so >out 2>err
    local status=$?
    [[ $status -eq 1 ]] || fail "$1: status $status instead of 1"
    grep -qE "^FAIL  $2 +.*$3" out || fail "$1: no line FAIL $2 ... $3"
    ! grep -qv -e "^$" -e "left this process unable to go on" err || fail "$1: something on stderr"
}
while IFS='|' read -r fault check words; do
    [[ -n $fault ]] && checked "$fault" "$check" "$words"
done <<'TABLE'
crash_loading|load|faulty.so crashed in a constructor, while it was loaded \(SIGSEGV
crash_in_plugin|load|faulty.so crashed in sac_env_plugin\(\) \(SIGSEGV
no_table|load|does not serve interface version 1
wild_table|load|returned 0x40, where there is no table
wrong_abi|load|says interface version 2, this program serves version 1
no_size|load|its abi or size is 0
short_table|load|says a size of 8 bytes
no_id|load|id is NULL
bad_id|load|character 6 of its table's id has code 32
no_spec|load|lacks spec\(\)
no_step|load|lacks step\(\)
no_set_state|load|lacks set_state\(\)
spec_crash|spec|crashed in spec\(\) \(SIGSEGV
spec_fails|spec|spec\(\) failed: the spring is rusty
spec_silent|spec|spec\(\) failed: it gives no reason
spec_empty|spec|0 observations and 0 actions
spec_size_zero|spec|a spec of 0 bytes
no_observation|spec|0 observations and 1 actions; at least one of each
no_action|spec|3 observations and 0 actions; at least one of each
huge|spec|2147483647 observations and 1 actions; at most 1048576
negative_limit|spec|negative step limit or state size \(-1, 2, 1\)
no_low|spec|action_low is NULL
nan_bound|spec|action 0 has bounds \[nan, 5\]
infinite_bound|spec|action 0 has bounds \[-5, inf\]
equal_bounds|spec|action 0 has bounds \[5, 5\]
wild_bounds|spec|do not point to 1 floats
infinite_threshold|spec|reward_threshold is inf
alternating_size|spec|observation_size 3 before and 4 now
size_after_create|create|observation_size 3 before and 4 now
create_crash|create|crashed in create\(\) \(SIGSEGV
create_aborts|create|crashed in create\(\) \(SIGABRT
create_overflow|create|crashed in create\(\) \(SIGSEGV
create_fails|create|create\(\) failed: the spring is rusty
create_silent|create|create\(\) failed: it gives no reason
create_null|create|left \*instance NULL
create_wild_instance|create|crashed in destroy\(\) after step 0 \(SIG
destroy_crash|create|crashed in destroy\(\) after step 0 \(SIGSEGV
destroy_null|create|crashed in destroy\(NULL\), which must do nothing
any_option|options|'no_such_option_exists=1' is accepted
reset_crash|reset|crashed in reset\(\) after step 0 \(SIGSEGV
reset_fails|reset|reset\(\) failed after step 0: the spring is rusty
reset_unwritten|reset|did not write observation\[0\] of row 0
reset_beyond|reset|wrote observation\[3\] of row [02], beyond its observation_size of 3
reset_dense|reset|wrote into row 1 of `observation`, which is none of those
reset_nan|finite|environment 0, its step 0: observation\[1\] is -?nan after reset
step_crash|step|crashed in step\(\) at step 1 \(SIGSEGV
step_divides|step|crashed in step\(\) at step 1 \(SIGFPE
step_fails|step|step\(\) failed at step 1: the spring is rusty
step_silent|step|step\(\) failed at step 1: it gives no reason
step_beyond|step|wrote observation\[3\] of row 0, beyond
step_before|step|wrote 1 floats before the first row
step_dense|step|wrote observation\[3\] of row 0, beyond
no_observations|step|did not write observation\[0\] of row 0
no_reward|step|did not write reward\[0\]
no_flag|step|did not write truncated\[0\]
result_beyond_count|step|wrote reward\[3\], which is beyond its count
writes_action|step|changed `action`
nan_observation|finite|environment 0, its step 1: observation\[2\] is -?nan
rare_nan|finite|observation\[2\] is -?nan after step
infinite_reward|finite|environment 0, its step 1: the reward is inf
large_reward|finite|environment 0, its step 1: the reward is -1e\+300, not a finite number \(of 32 bits\)
infinite_final|finite|observation\[0\] is -inf after step
flag_two|flags|environment 0, its step 1: terminated is 2
flag_many|flags|environment 0, its step 1: truncated is 255
resets_itself|own resets|wrote the first observation of the next episode
resets_itself_at_limit|own resets|wrote the first observation of the next episode
moves_others|count|environment 3, step 1: observation\[0\] is
own_random|determinism|in another of the same seed
ignores_seed|seed|seeds 20 and 21 give the same
clones|seed|environments 0 and 1 begin alike
ignores_number|grouping|in an instance of 8, but .* in an instance of 3
steps_move_resets|resets|episode 2 of environment 0 begins with observation\[0\]
episodes_alike|beginnings|must depend on how often it was reset
keys_added|beginnings|must not merely be added
depends_on_k|grouping|in an instance of 8, but .* in an instance of 3
global_variable|instances|is there a global variable
reset_to_remembers|reset_to|if steps were made before
reset_to_unwritten|reset_to|did not write observation\[1\]
state_forgets|state|into another instance
state_forgets_episodes|state|into another instance
state_beyond|state|wrote byte 32 of a state of 32
state_size_moves|state|state_size\(\) is 65 at first and 6[6-9] later
get_state_fails|state|get_state\(\) failed after step 25: the spring is rusty
get_state_disturbs|state|after get_state
observe_double_differs|observe_double|does not round to observation\[0\]
observe_double_beyond|observe_double|wrote outside of its 3 numbers
TABLE

# Nothing to find: 0, everything passes; what has no randomness is not blamed for it.
passes() { # FAULT ENV FLAG...
    FAULT=$1 "$softac" envs --check "${@:2}" >out 2>err || fail "$*: status $? instead of 0"
    ! grep -q '^FAIL' out || fail "$*: a check failed"
}
passes none ./faulty.so
passes endless ./faulty.so
passes all_alike ./faulty.so
grep -q '^skip  seed  *all episodes begin alike' out || fail "all_alike: the seed was not skipped"
passes none "$PWD/faulty.so" --json
grep -q '"passed": true' out || fail "--json does not say that all passed"
grep -q '"name": "grouping"' out || fail "--json lacks a check"
FAULT=flag_two "$softac" envs --check faulty.so --json >out 2>err && fail "--json: status 0"
grep -q '"passed": false' out || fail "--json does not say that one failed"

# Every environment that is built in and runs here; of those on a simulator one each for ThreadSanitizer, which knows
# nothing of what is in a simulator, but is slow to begin.
"$softac" envs | awk 'NR > 1 && /  yes$/ { print $1 }' >names
[[ $sanitizer != tsan ]] || sed -i '/^InvertedPendulum-\|^InvertedPendulumBullet/b; /-v5$\|Bullet/d' names
[[ -s names ]] || fail "no environment runs here"
while read -r name; do
    passes none "$name"
done <names

"$softac" envs --check >out 2>err
[[ $? -eq 2 ]] || fail "--check without an environment: not refused as wrong usage"
"$softac" envs --check Pendulm-v1 >out 2>err
[[ $? -eq 2 ]] || fail "--check of an unknown name: not refused as wrong usage"

# --- files that are no plugins ---

refused() { # STATUS FILE WORDS: by every command that takes an environment
    local command
    for command in "envs" "envs --check" "train --steps 10 --out refused" "rollout --state s --actions a"; do
        # shellcheck disable=SC2086
        "$softac" $command "$2" >out 2>err
        local status=$?
        [[ $status -eq $1 ]] || fail "$command $2: status $status instead of $1"
        cat out err | grep -qE "$3" || fail "$command $2: not told: $3"
        [[ $(cat out err | grep -cE 'softac [a-z]+: |^FAIL') -eq 1 ]] || fail "$command $2: not one sentence"
    done
    [[ ! -e refused ]] || fail "$2: left a run directory"
}
echo "int x;" >text.so
: >empty.so
mkdir folder.so
mkfifo pipe.so
cp "$plugin" named.plugin
head -c 300 "$plugin" >short.so
refused 1 absent.so 'absent.so: No such file or directory'
refused 1 ./text.so 'text.so: .*build it as a shared library'
refused 1 empty.so 'empty.so: .*build it as a shared library'
refused 1 short.so 'short.so: .*build it as a shared library'
refused 1 folder.so 'folder.so: it is not a regular file'
refused 1 pipe.so 'pipe.so: it is not a regular file'
refused 2 ./named.plugin 'whose file name ends in .so'

# --- train and eval ---

small="environments=4 warmup_steps=100 update_to_data=1/16 hidden=8,8 batch_size=8 eval_episodes=2 eval_every=0"
train() { # FAULT FLAG...
    rm -rf run
    # shellcheck disable=SC2086
    FAULT=$1 timeout 60 "$softac" train ./faulty.so $small --steps 2400 --out run "${@:2}" >out 2>err
}
# Before anything is learnt: one sentence, and nothing written.
while IFS='|' read -r fault words; do
    [[ -n $fault ]] || continue
    train "$fault"
    status=$?
    [[ $status -eq 1 ]] || fail "train, $fault: status $status instead of 1"
    grep -qE "^softac train: .*$words" err || fail "train, $fault: not told: $words"
    [[ ! -e run ]] || fail "train, $fault: left a run directory"
    FAULT=$fault "$softac" envs ./faulty.so >out 2>err && [[ $fault != *create* ]] && fail "envs, $fault: status 0"
done <<'TABLE'
crash_loading|crashed in a constructor
wrong_abi|interface version 2
spec_crash|crashed in spec
no_observation|0 observations
size_after_create|observation_size 3 before and 4 now
create_crash|environments 0 to [0-9]+ crashed in create\(\) \(SIGSEGV
create_aborts|crashed in create\(\) \(SIGABRT
create_overflow|crashed in create\(\) \(SIGSEGV
create_null|left \*instance NULL
create_silent|it gives no reason
TABLE

# While it runs and learns: told in one line with environments and step, and policy and configuration are there. In the
# training's environments, in those of an evaluation on the way, and in those of the last one.
small="${small/eval_episodes=2/eval_episodes=3}"
learning() { # WHERE MODE FAULT WORDS
    local small=$small only=3
    [[ $1 != training ]] || only=2
    [[ $1 != evaluation ]] || small=${small/eval_every=0/eval_every=300}
    ONLY=$only train "$3" mode="$2" --env-threads 2
    local status=$?
    [[ $status -eq 1 ]] || fail "train, $1, $2, $3: status $status instead of 1"
    [[ $(grep -cE "$4" err) -eq 1 ]] || fail "train, $1, $2, $3: not told once: $4"
    [[ -s run/policy.safetensors && -s run/config.yaml ]] || fail "train, $1, $2, $3: nothing saved"
}
export AFTER=2
while IFS='|' read -r fault words; do
    [[ -n $fault ]] || continue
    learning training async "$fault" "$words"
    learning training lockstep "$fault" "$words"
    AFTER=1
    where=' of the evaluation'
    words=${words//WHERE/$where}
    [[ $fault == *crash || $words != *"$where"* ]] || learning evaluation async "$fault" "$words"
    [[ $words != *"$where"* ]] || learning last lockstep "$fault" "$words"
    AFTER=2
done <<'TABLE'
reset_crash|DampedSpring-v0, environments [02] to [123](WHERE)? crashed in reset\(\) after step [1-9][0-9]* \(SIGSEGV
step_crash|DampedSpring-v0, environments [02] to [123](WHERE)? crashed in step\(\) at step [1-9][0-9]* \(SIGSEGV
step_divides|crashed in step\(\) at step [1-9][0-9]* \(SIGFPE
reset_fails|reset\(\) failed after step [1-9][0-9]*: the spring is rusty
step_fails|environments [02] to [123](WHERE)?: step\(\) failed at step [1-9][0-9]*: the spring is rusty
reset_nan|environment [0-3](WHERE)?, its step [0-9]*: observation\[1\] is -?nan after reset
nan_observation|environment [0-3](WHERE)?, its step [1-9][0-9]*: observation\[2\] is -?nan after step
nan_truncated|environment [0-3](WHERE)?, its step [1-9][0-9]*: observation\[1\] is -?nan after step
infinite_final|environment [0-3], its step [1-9][0-9]*: observation\[0\] is -inf after step
infinite_reward|environment [0-3](WHERE)?, its step [1-9][0-9]*: the reward is inf
large_reward|environment [0-3], its step [1-9][0-9]*: the reward is -1e\+300
flag_two|environment [0-3](WHERE)?, its step [1-9][0-9]*: terminated is 2; a flag is 0 or 1
flag_many|environment [0-3], its step [1-9][0-9]*: truncated is 255; a flag is 0 or 1
step_beyond|environment [0-3](WHERE)?, its step [1-9][0-9]*: observation\[3\] is [-0-9.e]+ after step\(\), beyond its observation_size of 3
step_dense|environment [0-3], its step [1-9][0-9]*: observation\[3\] is [-0-9.e]+ after step\(\), beyond
reset_beyond|environment [0-3], its step [1-9][0-9]*: observation\[3\] is 0 after reset\(\), beyond
TABLE
unset AFTER

# --- functions that never come back: named after two seconds, each case in a folder of its own beside the others ---

hangs() { # FAULT SAVED STATUS-LINE-WORDS COMMAND...: status 1; SAVED yes: policy and configuration are there, no: nothing is
    local fault=$1 saved=$2 words=$3 status
    mkdir "hang$((++hanging))"
    (
        cd "hang$hanging" || exit
        ln -s "$plugin" faulty.so
        echo '{"qpos": [0, 0], "qvel": [0]}' >state
        echo 1 >actions
        FAULT=$fault timeout 60 "$softac" "${@:4}" --env-timeout 2 >out 2>err </dev/null
        status=$?
        [[ $status -eq 1 ]] || echo "status $status instead of 1" >>failed
        [[ $(cat out err | grep -cE "$words .*has not come back for [2-9] s") -eq 1 ]] || echo "not told once: $words" >>failed
        case $saved in
        yes) [[ -s run/policy.safetensors && -s run/config.yaml ]] || echo "nothing saved" >>failed ;;
        no) [[ ! -e run ]] || echo "something left" >>failed ;;
        esac
        [[ ! -e failed ]] || echo "$fault: ${*:4}" >>failed
    ) &
}
hanging=0
read -ra training <<<"train ./faulty.so $small --steps 2400 --out run --env-threads 2"
read -ra evaluating <<<"${training[*]/eval_every=0/eval_every=300}"
again=(eval ../trained --env ./faulty.so --episodes 2)
train none || fail "train without a fault"
mv run trained
export ONLY=2 AFTER=2
hangs step_hangs yes 'softac train: DampedSpring-v0, environments [02] to [13]: step\(\) at step [1-9][0-9]*' "${training[@]}" mode=async
hangs step_hangs yes 'softac train: DampedSpring-v0, environments [02] to [13]: step\(\) at step [1-9][0-9]*' "${training[@]}" mode=lockstep
hangs reset_hangs yes 'environments [02] to [13]: reset\(\) after step [1-9][0-9]*' "${training[@]}" mode=async
hangs reset_hangs yes 'environments [02] to [13]: reset\(\) after step [1-9][0-9]*' "${training[@]}" mode=lockstep
export ONLY=3 AFTER=1
hangs step_hangs yes 'environments 0 to 2 of the evaluation: step\(\) at step 1' "${evaluating[@]}" mode=async
hangs step_hangs yes 'environments 0 to 2 of the evaluation: step\(\) at step 1' "${evaluating[@]}" mode=lockstep
hangs step_hangs yes 'environments 0 to 2 of the evaluation: step\(\) at step 1' "${training[@]}" mode=async
unset ONLY AFTER
hangs step_hangs no 'environments [02] to [13]: step\(\) at step 1' "${training[@]}"
hangs create_hangs no 'softac train: DampedSpring-v0, environments 0 to 1: create\(\)' "${training[@]}"
hangs hang_loading no 'faulty.so: a constructor, while it was loaded' "${training[@]}"
hangs hang_in_plugin no 'faulty.so: sac_env_plugin\(\)' "${training[@]}"
hangs destroy_hangs yes 'destroy\(\) after step [1-9][0-9]*' "${training[@]}"
hangs step_hangs no 'softac eval: DampedSpring-v0, environments 0 to 1 of the evaluation: step\(\) at step 1' "${again[@]}"
hangs reset_to_hangs no 'softac rollout: DampedSpring-v0, environment 0: reset_to\(\) after step 0' \
    rollout ./faulty.so --state state --actions actions
hangs spec_hangs no 'softac envs: DampedSpring-v0: spec\(\)' envs ./faulty.so
hangs step_hangs no 'FAIL  step .*environments 0 to 2: step\(\) at step 1' envs ./faulty.so --check
hangs hangs_elsewhere no 'FAIL  threads .*environments [0246] to [1357]: step\(\) at step 1' envs ./faulty.so --check
hangs create_hangs no '"environment 0: create\(\)|DampedSpring-v0, environment 0: create\(\)' envs ./faulty.so --check --json
wait
for (( ; hanging > 0; hanging--)); do
    [[ ! -e hang$hanging/failed ]] && continue
    cp "hang$hanging"/{out,err} .
    fail "$(tr '\n' ';' <"hang$hanging/failed")"
done

# The same at once: there is nothing to keep.
train step_crash
status=$?
[[ $status -eq 1 && ! -e run ]] || fail "train, a crash at once: status $status, or something left"

# exit() ends the process; it must not look like success.
train step_exits
status=$?
[[ $status -eq 1 ]] || fail "train, step_exits: status $status instead of 1"
grep -q 'called exit() inside one of its functions' err || fail "train, step_exits: not told"

# The evaluation's own environments, in eval and at a training's end.
evaluated() { # FAULT WORDS
    FAULT=$1 "$softac" eval trained --env ./faulty.so --episodes 2 >out 2>err
    local status=$?
    [[ $status -eq 1 ]] || fail "eval, $1: status $status instead of 1"
    grep -qE "^softac eval: .*$2" err || fail "eval, $1: not told: $2"
}
evaluated step_crash 'environments 0 to 1 of the evaluation crashed in step\(\) at step 1 \(SIGSEGV'
evaluated nan_observation 'environment 0 of the evaluation, its step 1: observation\[2\] is -?nan'
evaluated create_crash 'of the evaluation crashed in create'
"$softac" eval trained >out 2>err
grep -q "given as its FILE.so" err || fail "eval of a plugin's policy does not say how to name the plugin"

# A crash elsewhere than in an environment is what it always was: the process dies of it. (Sanitizers have handlers of
# their own for that.)
if [[ $sanitizer == no ]]; then
    "$softac" train Pendulum-v1 --steps 100000000 eval_every=0 --out killed >out 2>err &
    child=$!
    for _ in $(seq 300); do
        [[ -s killed/config.yaml ]] && break
        sleep 0.1
    done
    kill -SEGV $child
    wait $child 2>/dev/null
    status=$?
    [[ $status -eq 139 ]] || fail "SIGSEGV from outside: status $status instead of 139"
else
    echo "SKIPPED with $sanitizer: SIGSEGV from outside"
fi

[[ $failures -eq 0 ]] && echo "all as it should be"
exit $((failures > 0))
