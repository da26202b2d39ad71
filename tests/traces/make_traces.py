#!/usr/bin/env python3
"""Reference traces of Gymnasium's environments, for tests/test_traces.c.

usage: make_traces.py OUTDIR [--steps N] [--seeds 0,1,2] [ENV ...]      (needs gymnasium[mujoco])

OUTDIR/ENV.seedS.bin, little-endian:
  "SACTRC01", int32 nq nv nobs nact steps resets
  per reset: int32 step, 0; double qpos[nq] qvel[nv] obs[nobs]
  per step:  float32 action[nact]; double obs[nobs] reward qpos[nq] qvel[nv]; int32 terminated truncated
Classic tasks have their state in qpos and no qvel; what Gymnasium lacks of them is in classic_reference.py. After `terminated` the environment is reset: one more reset.
OUTDIR/VERSIONS.json says what made them: MuJoCo's results belong to one version of it.
"""
import argparse
import json
import os
import struct

import classic_reference  # noqa: F401 (registers the tasks that Gymnasium lacks)
import gymnasium
import numpy as np

# steps of the committed traces; car and acrobot need their time to the goal
STEPS = {
    "Pendulum-v1": 60,
    "MountainCarContinuous-v0": 150,
    "CartPoleSwingUp-v0": 60,
    "ContinuousAcrobot-v0": 110,
    "PlanarQuadrotor-v0": 60,
    "InvertedPendulum-v5": 60,
    "HalfCheetah-v5": 60,
}
# what is driven, and which observation is its velocity
DRIVEN = {"MountainCarContinuous-v0": 1, "CartPoleSwingUp-v0": 1, "ContinuousAcrobot-v0": 5}


def state_of(env):
    inner = env.unwrapped
    if hasattr(inner, "data"):
        return inner.data.qpos.copy(), inner.data.qvel.copy()
    return np.array(inner.state, np.float64), np.zeros(0)


def choose(env, rng, observation, seed):
    """Uniform; an odd seed drives the cars and the acrobot with their velocity, so that they meet walls, top speed and
    goals, and leave the action bounds on the way."""
    box = env.action_space
    action = box.low + (box.high - box.low) * rng.random(box.shape)
    if env.spec.id in DRIVEN and seed % 2:
        sign = np.where(observation[DRIVEN[env.spec.id]] < 0, -1.0, 1.0)
        action = sign * box.high * (0.9 + 0.2 * rng.random(box.shape))
    return action.astype(np.float32)


def trace(env_id, seed, steps):
    env = gymnasium.make(env_id, disable_env_checker=True, max_episode_steps=10**9)
    rng = np.random.default_rng(seed)
    observation, _ = env.reset(seed=seed)
    resets, rows = [(0, state_of(env), observation)], []
    for step in range(steps):
        action = choose(env, rng, observation, seed)
        observation, reward, terminated, truncated, _ = env.step(action)
        rows.append((action, observation, float(reward), state_of(env), int(terminated), int(truncated)))
        if terminated:
            observation, _ = env.reset()
            resets.append((step + 1, state_of(env), observation))
    return resets, rows


def doubles(*arrays):
    return b"".join(np.asarray(a, "<f8").tobytes() for a in arrays)


def write(path, resets, rows):
    (_, (qpos, qvel), observation), action = resets[0], rows[0][0]
    with open(path, "wb") as f:
        f.write(b"SACTRC01" + struct.pack("<6i", qpos.size, qvel.size, observation.size, action.size, len(rows), len(resets)))
        for step, (qpos, qvel), observation in resets:
            f.write(struct.pack("<2i", step, 0) + doubles(qpos, qvel, observation))
        for action, observation, reward, (qpos, qvel), terminated, truncated in rows:
            f.write(action.astype("<f4").tobytes() + doubles(observation, reward, qpos, qvel))
            f.write(struct.pack("<2i", terminated, truncated))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("envs", nargs="*", default=list(STEPS))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seeds", default="0,1,2")
    arguments = parser.parse_intermixed_args()
    os.makedirs(arguments.out, exist_ok=True)
    for env_id in arguments.envs:
        for seed in map(int, arguments.seeds.split(",")):
            write(f"{arguments.out}/{env_id}.seed{seed}.bin", *trace(env_id, seed, arguments.steps or STEPS[env_id]))
    import mujoco

    versions = {"gymnasium": gymnasium.__version__, "mujoco": mujoco.mj_versionString(), "numpy": np.__version__}
    with open(f"{arguments.out}/VERSIONS.json", "w") as f:
        json.dump(versions, f)
        f.write("\n")


if __name__ == "__main__":
    main()
