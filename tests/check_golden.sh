#!/bin/sh
# The golden files are what PyTorch computes: make them anew and compare. Skipped where there is no PyTorch.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for python in ${PYTHON:-} python3 /usr/bin/python3; do
    if "$python" -c 'import torch' 2>/dev/null; then
        exec "$python" "$here/ref/make_golden.py" --compare "$here/ref"
    fi
done
echo "skipped: no Python with torch (Debian: python3-torch)" >&2
exit 77
