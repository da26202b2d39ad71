#!/bin/bash
# How fast do EnvPool and the Python originals (Gymnasium, pybullet_envs) step the same tasks on one core? Times them in turn
# with softac and prints a table in Markdown (docs/peers.md). Nothing needs it: neither the build nor the tests. For
# machines with nothing else to do.
# usage: environments.sh [--rounds N] [--seconds S] [TASK ...] (--help says more)
# softac_bench=PROGRAM (default ./softac-bench), core=NUMBER (default 0)
# venv=DIR (default ./peers-venv-environments): made with requirements_environments.txt, from PyPI, if it is not there
set -euo pipefail
venv=${venv:-./peers-venv-environments}
here=$(dirname "$0")
if [[ ! -x $venv/bin/python ]]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install -r "$here/requirements_environments.txt" >&2
fi
softac_bench=$(realpath "${softac_bench:-./softac-bench}")
export softac_bench
exec taskset -c "${core:-0}" "$venv/bin/python" "$here/environments.py" "$@"
