#!/bin/sh
# In steady state env threads and the learner make no system call but futex: a trace of a short training.
# (madvise is jemalloc giving back pages that oneDNN freed.)
# Looks at the middle half of each thread's life; what comes before is start-up, what comes after the end.
# usage: check_trace.sh   ($softac: the program; default ./softac)
set -eu
softac=${softac:-./softac}
command -v strace >/dev/null || { echo "check_trace needs strace (Debian package strace)"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for mode in async lockstep; do
    rm -rf "$folder/run"
    strace -f -Y -ttt -o "$folder/trace" "$softac" train Pendulum-v1 mode=$mode steps=8000 eval_every=0 eval_episodes=1 \
        --seed 1 --env-threads 2 --out "$folder/run" >"$folder/out" 2>"$folder/log" || { cat "$folder/log" >&2; exit 1; }
    # lines: PID<name> TIME call(...
    awk -v mode=$mode '
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
                if (text[i] !~ /futex|madvise/) { print "unexpected: " text[i]; bad++ }
            }
            for (p in name) threads++
            printf "%s: %d threads, %d calls in the middle of their lives, %d other than futex\n", mode, threads, looked, bad
            exit (threads < 3 || bad > 0)
        }' "$folder/trace" || exit 1
done
echo "2 passed, 0 failed"
