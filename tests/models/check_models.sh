#!/bin/bash
# Run Spin on every model of this folder, exhaustively. Each `model` line is a correct configuration, which must pass;
# the `broken` words under it each build one mistake into that configuration and must be caught. A search that is cut
# short (memory, depth) is a failure. Needs spin and a C compiler; two searches run side by side, each within 2.5 GB, or
# 4 GB of the long ones.
#
#   tests/models/check_models.sh               all
#   tests/models/check_models.sh --long        the sizes that take longer, in place of these
#   tests/models/check_models.sh LOCKSTEP      only lines in which the word occurs
#   tests/models/check_models.sh --labels      the orderings that some model weakens, one a line
#   tests/models/check_models.sh --weak LABEL  weaken one ordering (an acq_rel has two: I_ACQUIRE, I_RELEASE; I means
#                                              both), in the cheapest configuration that must notice it. Status 0:
#                                              caught; 1: not; 2: can not tell (no Spin); 3: no model has the label
set -uo pipefail
models=$(cd "$(dirname "$0")" && pwd)

# The long ones come first, so that two side by side end together.
configurations() {
    cat <<'END'
model composition -DSTEPS=1 -DWARMUP=0 -DPAUSES=1
broken WEAK_U WEAK_V BROKEN_PARK_WITHOUT_WAKE BROKEN_RESUME_BEFORE_READS_END BROKEN_VISIT_EARLY
model composition -DSTEPS=2
broken WEAK_B WEAK_C WEAK_G WEAK_H BROKEN_NO_GRANT_WHILE_WAITING BROKEN_GUARD_TOO_SMALL
model composition -DSTEPS=1 -DWARMUP=0 -DWITH_STOP
broken BROKEN_STOP_WITHOUT_WAKE
model governor -DENVS=1 -DSTEPS=2 -DWARMUP=2 -DLOCKSTEP -DPAUSES=1
model governor -DENVS=1 -DSTEPS=4 -DGUARD=3 -DGOVERNED
broken WEAK_K WEAK_L WEAK_M WEAK_N BROKEN_GUARD_TOO_SMALL
model governor -DENVS=2 -DSTEPS=4
model governor -DENVS=2 -DSTEPS=2 -DWITH_STOP
model governor -DENVS=2 -DSTEPS=2 -DDIES
model snapshot -DPUBLISHES=3
broken WEAK_E WEAK_F WEAK_G WEAK_H BROKEN_SLOT_MISSING BROKEN_REUSE_PUBLISHED BROKEN_PUBLISH_BEFORE_COPY
broken BROKEN_STORE_WORD BROKEN_COUNT_LATER BROKEN_LET_GO_EARLY
model governor -DENVS=2 -DSTEPS=3 -DENV_SLACK=1
broken BROKEN_NO_SEQUENCE
model replay -DJOBS=3 -DROWS=8
model governor -DENVS=1 -DSTEPS=2 -DWARMUP=2 -DPAUSES=1
broken WEAK_S WEAK_T WEAK_U WEAK_V WEAK_AH WEAK_AI BROKEN_PARK_WITHOUT_WAKE BROKEN_RESUME_BEFORE_READS_END
model governor -DENVS=1 -DSTEPS=0 -DPAUSES=1 -DWITH_STOP
model governor -DENVS=1 -DSTEPS=1 -DWARMUP=0 -DPAUSES=1
broken WEAK_AK WEAK_AL
model governor -DENVS=1 -DSTEPS=3 -DALONE
broken WEAK_AJ
model governor -DENVS=1 -DSTEPS=3 -DOBSERVER
broken WEAK_AF WEAK_AG
model governor -DENVS=2 -DSTEPS=3 -DLOCKSTEP
broken WEAK_M WEAK_N BROKEN_PUBLISH_AFTER_ALLOWANCE
model governor -DENVS=1 -DSTEPS=3 -DLOCKSTEP -DGUARD=2
broken WEAK_K WEAK_L
model governor -DENVS=1 -DSTEPS=3 -DWITH_STOP
broken BROKEN_STOP_WITHOUT_WAKE
model governor -DENVS=1 -DSTEPS=4
broken WEAK_I_ACQUIRE WEAK_I_RELEASE WEAK_J_ACQUIRE WEAK_J_RELEASE BROKEN_NO_SECOND_LOOK BROKEN_LOAD_GATE
broken BROKEN_WAKE_BEFORE_CLEARING BROKEN_WAITING_AFTER BROKEN_NO_SLACK
model governor -DENVS=1 -DSTEPS=3 -DP=2
model governor -DENVS=1 -DSTEPS=5 -DQ=2
model governor -DENVS=2 -DSTEPS=2 -DGUARD=1 -DWARMUP=2
model governor -DENVS=1 -DSTEPS=3 -DGUARD=1 -DWARMUP=3
broken BROKEN_NO_GRANT_WHILE_WAITING BROKEN_NO_CALL_FOR_ROOM
model governor -DENVS=1 -DSTEPS=3 -DGUARD=1 -DWARMUP=0 -DROUND=2
broken BROKEN_LEAVE_AFTER_LAST_UPDATE
model snapshot -DHOLDERS=3 -DPUBLISHES=2 -DGIVE_BACKS=0
model snapshot -DPUBLISHES=4 -DGIVE_BACKS=0
broken BROKEN_TAKE_BEFORE_LETTING_GO
model snapshot -DHOLDERS=1 -DPUBLISHES=6 -DGIVE_BACKS=3
model team -DMEMBERS=2 -DJOBS=2
broken WEAK_I_ACQUIRE WEAK_J_RELEASE BROKEN_NO_SECOND_LOOK BROKEN_LOAD_GATE
broken BROKEN_WAKE_BEFORE_CLEARING BROKEN_DONE_BEFORE_SHARE BROKEN_DONE_WITHOUT_WAKE BROKEN_CALL_BEFORE_JOB
broken BROKEN_LEADER_IGNORES_DONE
model team -DMEMBERS=1 -DJOBS=4
broken WEAK_O WEAK_P WEAK_Q WEAK_R
model replay -DJOBS=2 -DROWS=7
broken WEAK_O WEAK_P WEAK_Q WEAK_R BROKEN_LEADER_IGNORES_DONE
model desk -DREPORTS=2 -DEVALUATIONS=5
broken BROKEN_JOIN_WITHOUT_SERVING
model desk -DLOCKSTEP
broken WEAK_Z WEAK_AA WEAK_AB WEAK_AC WEAK_AD WEAK_AE BROKEN_LEARNER_GOES_ON BROKEN_PLAYING_BEFORE_HOLD
broken BROKEN_NO_ROOM_FOR_REPORT BROKEN_GIVE_BACK_BEFORE_READ
model episodes -DEPISODES=6
broken WEAK_X WEAK_Y BROKEN_COUNT_FIRST
model replay -DCAPACITY=4 -DGUARD=1
broken WEAK_A WEAK_B WEAK_C WEAK_D BROKEN_NO_GUARD BROKEN_LIMIT_TOO_LARGE BROKEN_HEAD_BEFORE_ROW
broken BROKEN_GRANT_BEFORE_READS BROKEN_DRAW_BELOW_FLOOR
model replay -DCAPACITY=4 -DGUARD=2 -DROWS=10
model replay -DCAPACITY=5 -DGUARD=2 -DBACK=2 -DROWS=11
END
}

long_configurations() {
    cat <<'END'
model governor -DENVS=2 -DSTEPS=5
model governor -DENVS=2 -DSTEPS=3 -DWITH_STOP
END
}

# One line per search: "model governor -D..." or "broken governor -D... -DWEAK_K".
searches() {
    local kind rest word sizes=
    while read -r kind rest; do
        if [[ $kind == model ]]; then
            sizes=$rest
            echo "model $sizes"
        else
            for word in $rest; do echo "broken $sizes -D$word"; done
        fi
    done < <("${1-configurations}")
}

# search KIND MODEL SWITCH...: prints one line, "ok" or "FAILED" first.
search() {
    local kind=$1 model=$2 folder out states verdict=FAILED said optimise=-O1
    shift 2
    [[ $kind == broken ]] && optimise=-O0 # found soon: compiling takes longer than searching
    folder=$(mktemp -d "$work/XXXXXX") && cd "$folder" || return
    if ! spin -a "$@" "$models/$model.pml" >log 2>&1 ||
        ! "${CC:-cc}" $optimise -w -DSAFETY -DCOLLAPSE -DMEMLIM="${memory-2500}" -o pan pan.c >>log 2>&1; then
        said="does not compile: $(tail -n 3 log | tr '\n' ' ')"
    else
        out=$(./pan -m500000 -c1 -n 2>&1)
        states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' <<<"$out")
        said=$(sed -n 's/^pan:1: \(.*\) (at depth.*/\1/p' <<<"$out" | head -n 1)
        if grep -qE 'too small|MEMLIM bound|out of memory|hashtable full' <<<"$out"; then
            said="search cut short"
        elif [[ $kind == model ]] && grep -q 'errors: 0$' <<<"$out" && ! grep -q 'not completed' <<<"$out"; then
            verdict=ok said="holds"
        elif [[ $kind == broken && $said =~ ^(assertion violated|invalid end state) ]]; then
            verdict=ok said="caught: ${said%% (*}"
        elif [[ $kind == broken ]]; then
            said="NOT caught"
        fi
    fi
    printf '%-6s %-6s %-8s %-70s %10s states  %s\n' "$verdict" "$kind" "$model" "$*" "${states:-?}" "$said"
    rm -rf "$folder"
}

# The searches that weaken LABEL: for each of its orderings the last in the list, which is the shortest.
weakenings() {
    searches | sed -nE "s/^(broken .* -DWEAK_($1(_ACQUIRE|_RELEASE)?))\$/\2 \1/p" | tac | sort -s -u -k 1,1 | cut -d ' ' -f 2-
}

if [[ ${1-} == --labels ]]; then
    searches | sed -n 's/.* -DWEAK_//p' | sort -u
    exit
fi
if [[ ${1-} == --search ]]; then
    # shellcheck disable=SC2086
    search $2
    exit
fi
command -v spin >/dev/null || {
    echo "check-model needs Spin: install the package 'spin' (Debian, Ubuntu), or see https://spinroot.com" >&2
    exit 2
}
chosen=$(searches | grep -e "${1-}")
if [[ ${1-} == --weak ]]; then
    [[ ${2-} =~ ^[A-Z]+(_[A-Z]+)?$ ]] || { echo "usage: $0 --weak LABEL" >&2; exit 2; }
    chosen=$(weakenings "$2")
    [[ -n $chosen ]] || { echo "no model weakens $2" >&2; exit 3; }
fi
if [[ ${1-} == --long ]]; then
    chosen=$(searches long_configurations)
    export memory=4000
fi
[[ -n $chosen ]] || { echo "no line has the word ${1-}" >&2; exit 2; }
work=$(mktemp -d "$PWD/models.XXXXXX")
export work
trap 'rm -rf "$work"' EXIT
xargs -d '\n' -P 2 -n 1 bash "$0" --search <<<"$chosen" | tee "$work/results"
total=$(grep -c . <<<"$chosen")
passed=$(grep -c '^ok ' "$work/results")
echo "models: $passed passed, $((total - passed)) failed"
[[ $passed -eq $total ]]
