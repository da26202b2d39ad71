#!/usr/bin/env python3
"""Reference traces of Gymnasium's environments, for tests/test_traces.c.

usage: make_traces.py OUTDIR [--steps N] [--seeds 0,1,2] [--options] [ENV ...]      (needs gymnasium[mujoco])

OUTDIR/ENV.seedS.bin, little-endian:
  "SACTRC01", int32 nq nv nobs nact steps resets
  per reset: int32 step, 0; double qpos[nq] qvel[nv] obs[nobs]
  per step:  float32 action[nact]; double obs[nobs] reward qpos[nq] qvel[nv]; int32 terminated truncated
Classic tasks have their state in qpos and no qvel; what Gymnasium lacks of them is in classic_reference.py. After `terminated` the environment is reset: one more reset.
With --options the environments are made with those below, and OUTDIR/OPTIONS.json tells them.
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
    "InvertedDoublePendulum-v5": 60,
    "Reacher-v5": 60,
    "Pusher-v5": 40,
    "Swimmer-v5": 60,
    "Hopper-v5": 60,
    "HalfCheetah-v5": 60,
    "Walker2d-v5": 60,
    "Ant-v5": 20,
    "Humanoid-v5": 8,
    "HumanoidStandup-v5": 8,
}
# with --options: every option of MuJoCo's tasks, away from its default
OPTIONS = {
    "InvertedPendulum-v5": ["frame_skip=4", "reset_noise_scale=0.05"],
    "InvertedDoublePendulum-v5": ["frame_skip=3", "healthy_reward=3.5", "reset_noise_scale=0.02"],
    "Reacher-v5": ["frame_skip=4", "reward_dist_weight=2.5", "reward_control_weight=0.3"],
    "Pusher-v5": ["frame_skip=2", "reward_near_weight=0.7", "reward_dist_weight=1.5", "reward_control_weight=0.03"],
    "Swimmer-v5": ["frame_skip=2", "forward_reward_weight=3", "ctrl_cost_weight=0.3", "reset_noise_scale=0.4",
                   "exclude_current_positions_from_observation=false"],
    "Hopper-v5": ["frame_skip=6", "forward_reward_weight=1.5", "ctrl_cost_weight=0.1", "healthy_reward=0.3",
                  "healthy_state_range=-3,3", "healthy_z_range=0.9,1.4", "healthy_angle_range=-0.1,0.15",
                  "reset_noise_scale=0.01", "exclude_current_positions_from_observation=false"],
    "HalfCheetah-v5": ["frame_skip=3", "forward_reward_weight=0.7", "ctrl_cost_weight=0.7", "reset_noise_scale=0.3",
                       "exclude_current_positions_from_observation=false"],
    "Walker2d-v5": ["frame_skip=6", "forward_reward_weight=1.5", "ctrl_cost_weight=0.1", "healthy_reward=0.3",
                    "terminate_when_unhealthy=false", "healthy_z_range=1,inf", "healthy_angle_range=-0.3,0.3",
                    "reset_noise_scale=0.02", "exclude_current_positions_from_observation=false"],
    "Ant-v5": ["frame_skip=4", "forward_reward_weight=1.5", "ctrl_cost_weight=0.1", "contact_cost_weight=0.01",
               "healthy_reward=0.3", "main_body=front_left_leg", "healthy_z_range=0.4,0.8", "contact_force_range=-2,0.5",
               "reset_noise_scale=0.2", "exclude_current_positions_from_observation=false",
               "include_cfrc_ext_in_observation=false"],
    "Humanoid-v5": ["frame_skip=3", "forward_reward_weight=2", "ctrl_cost_weight=0.3", "contact_cost_weight=1e-5",
                    "contact_cost_range=0.1,0.2", "healthy_reward=0.3", "terminate_when_unhealthy=false",
                    "healthy_z_range=1.39,1.41", "reset_noise_scale=0.03",
                    "exclude_current_positions_from_observation=false", "include_cinert_in_observation=false",
                    "include_qfrc_actuator_in_observation=false"],
    "HumanoidStandup-v5": ["frame_skip=3", "uph_cost_weight=2", "ctrl_cost_weight=0.3", "impact_cost_weight=1e-5",
                           "impact_cost_range=0.1,0.2", "reset_noise_scale=0.03",
                           "exclude_current_positions_from_observation=false", "include_cvel_in_observation=false",
                           "include_cfrc_ext_in_observation=false"],
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


def keyword(option):
    """What "name=value" of our options is as a keyword argument."""
    name, value = option.split("=")
    if value in ("true", "false"):
        return name, value == "true"
    numbers = [float(x) for x in value.split(",")] if value[0] in "-.0123456789" else value
    return name, numbers if len(numbers) > 1 else int(value) if value.isdigit() else numbers[0]


def trace(env_id, seed, steps, options):
    keywords = dict(map(keyword, options))
    env = gymnasium.make(env_id, disable_env_checker=True, max_episode_steps=10**9, **keywords)
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
    parser.add_argument("envs", nargs="*")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--options", action="store_true")
    arguments = parser.parse_intermixed_args()
    os.makedirs(arguments.out, exist_ok=True)
    options = OPTIONS if arguments.options else {}
    for env_id in arguments.envs or options or STEPS:
        for seed in map(int, arguments.seeds.split(",")):
            write(f"{arguments.out}/{env_id}.seed{seed}.bin", *trace(env_id, seed, arguments.steps or STEPS[env_id], options.get(env_id, [])))
    import mujoco

    versions = {"gymnasium": gymnasium.__version__, "mujoco": mujoco.mj_versionString(), "numpy": np.__version__}
    with open(f"{arguments.out}/VERSIONS.json", "w") as f:
        json.dump(versions, f)
        f.write("\n")
    if options:
        with open(f"{arguments.out}/OPTIONS.json", "w") as f:
            json.dump(options, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
