#!/bin/sh
# In steady state env threads and the learner make no system call but futex: a trace of a short training.
# (madvise is jemalloc giving back pages that oneDNN freed.)
# An env thread whose environments are in a Python worker (only looked at where Gymnasium is) also rings its bell and
# sleeps at the answer's: write, poll, ppoll, read.
# Looks at the middle half of each thread's life; what comes before is start-up, what comes after the end.
# usage: check_trace.sh   ($softac: the program; default ./softac)
set -eu
softac=${softac:-./softac}
command -v strace >/dev/null || { echo "check_trace needs strace (Debian package strace)"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

modes="async lockstep"
"${SOFTAC_PYTHON:-python3}" -c "import gymnasium, numpy" 2>/dev/null && modes="$modes gym"
for kind in $modes; do
    mode=$kind environment=Pendulum-v1 steps=8000 allowed="futex|madvise"
    [ $kind != gym ] || { mode=async environment=gym:Pendulum-v1 steps=2000 allowed="futex|madvise| (write|p?poll|read)([(]| resumed)"; }
    rm -rf "$folder/run"
    strace -f -Y -ttt -o "$folder/trace" "$softac" train $environment mode=$mode steps=$steps eval_every=0 eval_episodes=1 \
        --seed 1 --env-threads 2 --out "$folder/run" >"$folder/out" 2>"$folder/log" || { cat "$folder/log" >&2; exit 1; }
    # lines: PID<name> TIME call(...
    awk -v mode=$kind -v allowed="$allowed" '
        $1 ~ /<softac-(env|learner)/ {
            split($1, who, "<"); pid = who[1]; name[pid] = $1
            if (!(pid in first)) first[pid] = $2
            last[pid] = $2
            lines++; time[lines] = $2; owner[lines] = pid; text[lines] = $0
        }
        END {
            for (i = 1; i <= lines; i++) {
                p = owner[i]; life = last[p] - first[p]
                if (time[i] < first[p] + 0.25 * life || time[i] > first[p] + 0.75 * life) continue
                looked++
                if (text[i] !~ allowed) { print "unexpected: " text[i]; bad++ }
            }
            for (p in name) threads++
            printf "%s: %d threads, %d calls in the middle of their lives, %d other than allowed\n", mode, threads, looked, bad
            exit (threads < 3 || bad > 0)
        }' "$folder/trace" || exit 1
done
set -- $modes
echo "$# passed, 0 failed"
