#!/bin/bash
# The stress programs for longer than in make check; adds up what they did.
#   short  at least 1e8 records, about a minute on two cores: in CI
#   long   at least 1e9 records and 1e7 snapshots, about a quarter of an hour
# usage: check_stress.sh short|long   (in the build folder, the stress programs built)
set -euo pipefail
declare -A factors most
case ${1-} in
short) factors=([replay]=25 [governor]=5 [snapshot]=2) records=100000000 snapshots=800000 ;;
long) factors=([replay]=250 [governor]=50 [snapshot]=25) records=1000000000 snapshots=10000000 ;;
*) echo "check_stress: short or long" >&2; exit 2 ;;
esac
log=$(mktemp)
trap 'rm -f "$log"' EXIT

for program in replay snapshot governor; do
    start=$SECONDS
    SOFTAC_STRESS=${factors[$program]} "tests/stress_$program" >"$log" || { cat "$log"; exit 1; }
    grep -v '^control' "$log"
    echo "stress_$program: $(grep -c '^control: .*: found$' "$log") mistakes made on purpose found; $((SECONDS - start)) s"
    # its last line says how many
    read -r most[$program] _ < <(tail -n 1 "$log")
done

tests/stress_trainer 10 | grep -v '^control'

total=$((most[replay] + most[governor]))
echo "$total records and ${most[snapshot]} snapshots: none torn, lost, duplicated or out of order; $SECONDS s"
[[ $total -ge $records && ${most[snapshot]} -ge $snapshots ]]
