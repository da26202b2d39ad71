#!/usr/bin/env python3
"""Reference traces of pybullet_envs, for tests/test_traces.c; the format is told in make_traces.py.

usage: make_bullet_traces.py OUTDIR [--steps N] [--seeds 0,1,2] [ENV ...]   (needs pybullet==3.2.7, gymnasium, setuptools<81)

The state has for each body of the robot its base (position, quaternion; linear and angular velocity), then all joints that
are not fixed. OUTDIR/VERSIONS.json gets pybullet's version beside what is told there already.
"""
import argparse
import importlib
import importlib.metadata
import json
import os
import sys
import types

import gymnasium
import numpy as np
from gymnasium.utils import seeding

from make_traces import write

# steps of the committed traces; the pendulums, the hopper, the walker and the humanoid need theirs to fall and begin again
STEPS = {
    "InvertedPendulumBulletEnv-v0": 60,
    "InvertedPendulumSwingupBulletEnv-v0": 30,
    "InvertedDoublePendulumBulletEnv-v0": 40,
    "ReacherBulletEnv-v0": 12,
    "HopperBulletEnv-v0": 40,
    "Walker2DBulletEnv-v0": 35,
    "HalfCheetahBulletEnv-v0": 30,
    "AntBulletEnv-v0": 25,
    "HumanoidBulletEnv-v0": 25,
}
REGISTERED = {}


def stand_in_for_gym():
    """pybullet_envs imports a gym that no longer is; this much of it is used."""

    class Env:
        metadata = {}

    registry = types.SimpleNamespace(env_specs=REGISTERED)
    registration = {"registry": registry, "register": lambda id, **told: REGISTERED.update({id: told}), "make": None, "spec": None}
    parts = {
        "gym": {"Env": Env, "__version__": "0.21.0", "spaces": gymnasium.spaces},
        "gym.spaces": vars(gymnasium.spaces),
        "gym.utils": {"seeding": seeding},
        "gym.utils.seeding": {"np_random": seeding.np_random},
        "gym.envs": {"registry": registry},
        "gym.envs.registration": registration,
    }
    for name, members in parts.items():
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update({k: v for k, v in members.items() if not k.startswith("__") or k == "__version__"})
    for name in parts:
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, sys.modules[name])


def make(env_id):
    module, name = REGISTERED[env_id]["entry_point"].split(":")
    return getattr(importlib.import_module(module), name)()


def state_of(env):
    client, qpos, qvel = env._p, [], []
    for body in env.robot.objects:
        for pose, speed in zip(client.getBasePositionAndOrientation(body), client.getBaseVelocity(body)):
            qpos += pose
            qvel += speed
        for joint in range(client.getNumJoints(body)):
            if client.getJointInfo(body, joint)[2] != client.JOINT_FIXED:
                position, velocity, *_ = client.getJointState(body, joint)
                qpos.append(position)
                qvel.append(velocity)
    return np.array(qpos), np.array(qvel)


def trace(env_id, seed, steps):
    env = make(env_id)
    env.seed(seed)
    rng = np.random.default_rng(seed)
    observation = env.reset()
    resets, rows = [(0, state_of(env), observation)], []
    for step in range(steps):
        action = rng.uniform(-1, 1, env.action_space.shape).astype(np.float32)
        observation, reward, terminated, _ = env.step(action)
        rows.append((action, observation, float(reward), state_of(env), int(terminated), 0))
        if terminated:
            observation = env.reset()
            resets.append((step + 1, state_of(env), observation))
    return resets, rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("envs", nargs="*", default=list(STEPS))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seeds", default="0,1,2")
    arguments = parser.parse_intermixed_args()
    os.makedirs(arguments.out, exist_ok=True)
    stand_in_for_gym()
    importlib.import_module("pybullet_envs")
    for env_id in arguments.envs:
        for seed in map(int, arguments.seeds.split(",")):
            write(f"{arguments.out}/{env_id}.seed{seed}.bin", *trace(env_id, seed, arguments.steps or STEPS[env_id]))
    path = f"{arguments.out}/VERSIONS.json"
    versions = {}
    if os.path.exists(path):
        with open(path) as f:
            versions = json.load(f)
    versions["pybullet"] = importlib.metadata.version("pybullet")
    with open(path, "w") as f:
        json.dump(versions, f, sort_keys=True)
        f.write("\n")


if __name__ == "__main__":
    main()
