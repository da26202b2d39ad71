"""Play again in a plain Python loop what tests/gym/tiny_envs.py has logged: returns of whole episodes, sorted.

usage: replay.py LOG...
"""
import sys

import gymnasium
import numpy
import tiny_envs

returns = []
for name in sys.argv[1:]:
    with open(name) as log:
        lines = [line.split() for line in log]
    env = gymnasium.make("Tiny-v0")
    total = over = None
    for line in lines:
        if line[0] == "reset":
            env.reset(seed=int(line[1]))
            total, over = 0.0, False
            continue
        _, reward, terminated, truncated, _ = env.step(numpy.frombuffer(bytes.fromhex(line[1]), numpy.float32))
        if reward != float.fromhex(line[2]):
            sys.exit("a reward of %r, but %r in softac's worker" % (reward, float.fromhex(line[2])))
        total += reward
        if (terminated or truncated) and not over:
            returns.append(total)
            over = True
print("\n".join(repr(x) for x in sorted(returns)))
