#!/usr/bin/env python3
"""How the reference implementations begin episodes: what softac envs --check and tests/test_resets.c compare with.

usage: make_resets.py ENV...      (writes ENV.inc beside itself; needs gymnasium[mujoco], for Bullet's what
                                  tests/traces/make_bullet_traces.py needs)

A line for each component of the observation, over 10,000 resets, in float32 as we observe it:
  {low, high, mean, deviation, kurtosis, product, product_deviation}
The last two are mean and deviation of the standardised component times the next one (the last: times the first), 0 where
one of them stands still: components that share a random number differ there alone.
"""
import importlib
import os
import sys

import gymnasium
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tests/traces"))
import classic_reference  # noqa: E402, F401 (registers the tasks that Gymnasium lacks)

RESETS = 10000
STILL = 1e-9  # deviations up to this are rounding


def begin_gymnasium(env_id):
    env = gymnasium.make(env_id, disable_env_checker=True)
    seeds = iter([0])
    return lambda: env.reset(seed=next(seeds, None))[0]


def begin_bullet(env_id):
    import make_bullet_traces

    make_bullet_traces.stand_in_for_gym()
    importlib.import_module("pybullet_envs")
    env = make_bullet_traces.make(env_id)
    env.seed(0)
    return env.reset


def observe(env_id):
    """(RESETS, observation) of first observations"""
    begin = (begin_bullet if env_id.endswith("BulletEnv-v0") else begin_gymnasium)(env_id)
    return np.asarray([begin() for _ in range(RESETS)], np.float32).astype(np.float64)


def describe(x):
    deviation = x.std(axis=0)
    z = (x - x.mean(axis=0)) / np.where(deviation > STILL, deviation, np.inf)
    product = z * np.roll(z, -1, axis=1)
    return np.stack([x.min(axis=0), x.max(axis=0), x.mean(axis=0), deviation, (z**4).mean(axis=0),
                     product.mean(axis=0), product.std(axis=0)], axis=1)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for env_id in sys.argv[1:]:
        with open(os.path.join(HERE, f"{env_id}.inc"), "w") as f:
            for row in describe(observe(env_id)):
                f.write("{" + ", ".join([f"{x:.9g}" for x in row[:4]] + [f"{x:.4g}" for x in row[4:]]) + "},\n")


if __name__ == "__main__":
    main()
