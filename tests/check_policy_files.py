"""The code that docs/files.md shows computes softac's actions from its files.
usage: check_policy_files.py FILES.md POLICY EXPORTED EXPECTED   (EXPECTED: a row per observation: it, its action, ...)"""
import json
import re
import sys

import numpy as np
from safetensors import safe_open

document, policy, exported, expected = sys.argv[1:]
snippets = re.findall(r"```python\n(.*?)```", open(document).read(), re.S)
with safe_open(policy, "np") as f:
    meta = f.metadata()
size, actions = int(meta["observation_size"]), int(meta["action_size"])
rows = np.loadtxt(expected, ndmin=2)
observation, action = rows[:, :size], rows[:, size:size + actions]


def compare(what, computed):
    error = np.abs(np.asarray(computed, dtype=float) - action).max()
    print(f"{policy}: {what}: largest difference {error:.1e}")
    if not error < 1e-6:
        sys.exit(f"{what} does not compute softac's actions")


names = {}
exec(next(s for s in snippets if "import numpy" in s), names)
compare("NumPy", names["load"](policy)(observation.astype(np.float32)))
with safe_open(exported, "np") as f:
    other = f.metadata()
if {**meta, "format": "softac.actor"} != other:
    sys.exit(f"{exported}: other metadata: {other}")
try:
    import torch
except ImportError:
    print("SKIPPED: no torch")
else:
    exec(next(s for s in snippets if "class Actor" in s), names)
    with torch.no_grad():
        compare("PyTorch", names["load_actor"](exported)(torch.tensor(observation, dtype=torch.float32)).numpy())
