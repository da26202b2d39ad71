#!/bin/sh
# Profilers see where time goes: the programs have symbols, and every function that calls another sets up a frame
# pointer, so that walking the stack by them loses no caller. (Compilers leave it out of functions without a stack.)
# usage: check_frame_pointers.sh [FILE...]   (default: the programs where they were built)
set -eu
[ $# -gt 0 ] || set -- ./softac ./softac-bench
command -v objdump >/dev/null || { echo "skipped: there is no objdump"; exit 77; }
case $(objdump -f "$1") in *x86-64*) ;; *) echo "skipped: knows x86-64 code only"; exit 77 ;; esac

# Not ours: the C start-up files and libgcc. Not a function: what the compiler split off one, whose frame it runs in.
foreign='^(_start|_init|_fini|(de)?register_tm_clones|__do_global_dtors_aux|frame_dummy|get_available_features.*|__.*|.*[.]cold)$'
failed=0
for file; do
    objdump -t "$file" | grep -q ' F \.text' || { echo "$file has no symbols"; failed=1; continue; }
    objdump -d --no-show-raw-insn -j .text "$file" | awk -v file="$file" -v foreign="$foreign" '
        /^[0-9a-f]+ <.*>:$/ { name = substr($2, 2, length($2) - 3) }
        $2 == "mov" && $3 == "%rsp,%rbp" { framed[name] = 1 }
        $2 ~ /^call/ && !(name ~ foreign) { calls[name] = 1 }
        END {
            for (name in calls) {
                functions++
                if (!(name in framed)) { print file ": " name " sets up no frame pointer"; bad = 1 }
            }
            print file ": " functions " functions that call others"
            exit bad || functions < 100
        }' || failed=1
done
exit $failed
