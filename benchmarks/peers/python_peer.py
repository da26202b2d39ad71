"""Times the SAC of Stable-Baselines3 or SBX through its public class, on the CPUs of the affinity mask.

usage: python_peer.py sb3|sbx update OBSERVATION ACTION HIDDEN BATCH SECONDS
       python_peer.py sb3|sbx train HIDDEN BATCH SEED POLICY
Prints a line of JSON: updates per second by the updates a call; or the mean return of what it trained and saved.
"""

import json
import os
import sys
import time

import gymnasium
import numpy
import torch
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.logger import configure

ROWS = 100_000  # of the replay buffer whose batches are drawn
UPDATES_A_CALL = {"sb3": (16,), "sbx": (64, 1)}  # more a call is quicker: compiled as one, in SBX
STEPS, WARMUP = 10_000, 100
EPISODES = 50


class Shape(gymnasium.Env):
    """Spaces without a world: for learners that never act."""

    def __init__(self, observation, action):
        self.observation_space = gymnasium.spaces.Box(-numpy.inf, numpy.inf, (observation,))
        self.action_space = gymnasium.spaces.Box(-1, 1, (action,))


def create(peer, environment, hidden, batch, **settings):
    if peer == "sb3":
        from stable_baselines3 import SAC
    else:
        from sbx import SAC
    return SAC("MlpPolicy", environment, batch_size=batch, device="cpu",
               policy_kwargs={"net_arch": [hidden, hidden]}, **settings)


def fill(replay):
    random = numpy.random.default_rng(0)
    for rows in (replay.observations, replay.next_observations, replay.rewards):
        rows[...] = random.standard_normal(rows.shape, dtype=numpy.float32)
    replay.actions[...] = random.uniform(-1, 1, replay.actions.shape)
    replay.full = True


def updates_per_second(model, batch, a_call, seconds):
    model.train(a_call, batch)  # compiles, touches all memory
    start, updates = time.perf_counter(), 0
    while time.perf_counter() < start + seconds:
        model.train(a_call, batch)
        updates += a_call
    return updates / (time.perf_counter() - start)


def update(peer, observation, action, hidden, batch, seconds):
    model = create(peer, Shape(observation, action), hidden, batch, buffer_size=ROWS)
    model.set_logger(configure(None, []))
    fill(model.replay_buffer)
    return {n: updates_per_second(model, batch, n, seconds) for n in UPDATES_A_CALL[peer]}


def train(peer, hidden, batch, seed, policy):
    model = create(peer, "Pendulum-v1", hidden, batch, learning_rate=1e-3, learning_starts=WARMUP, seed=seed)
    model.learn(STEPS)
    model.save(policy)
    return {"return": float(evaluate_policy(model, model.get_env(), EPISODES)[0])}


def main():
    peer, what, *rest = sys.argv[1:]
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    if what == "update":
        result = update(peer, *map(int, rest[:4]), float(rest[4]))
    else:
        result = train(peer, *map(int, rest[:3]), rest[3])
    print(json.dumps(result))


main()
