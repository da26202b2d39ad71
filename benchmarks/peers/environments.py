"""Steps per second of one core: EnvPool and the Python originals beside softac (called by environments.sh, which pins it)."""
import argparse
import importlib
import importlib.metadata
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

CLASSIC = ("Pendulum-v1", "MountainCarContinuous-v0")
MUJOCO = ("InvertedPendulum-v5", "InvertedDoublePendulum-v5", "Reacher-v5", "Pusher-v5", "Swimmer-v5", "Hopper-v5", "HalfCheetah-v5",
          "Walker2d-v5", "Ant-v5", "Humanoid-v5", "HumanoidStandup-v5")
BULLET = ("InvertedPendulumBulletEnv-v0", "InvertedPendulumSwingupBulletEnv-v0", "InvertedDoublePendulumBulletEnv-v0",
          "ReacherBulletEnv-v0", "HopperBulletEnv-v0", "Walker2DBulletEnv-v0", "HalfCheetahBulletEnv-v0", "AntBulletEnv-v0",
          "HumanoidBulletEnv-v0")
PEERS = ("python", "envpool", "envpool_many", "softac")
ENVIRONMENTS = 8  # of one thread
MANY = {True: 1024, False: 64}  # classic or not: what suits EnvPool, each of whose calls costs 0.1 ms on a single core
ACTIONS = 64  # drawn beforehand
WARM_UP = 50  # calls: episodes are under way
BULLET_LIMIT = {"ReacherBulletEnv-v0": 150}
TRACES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/traces")


def measure(advance, seconds):
    """Calls of advance() per second."""
    for _ in range(WARM_UP):
        advance()
    calls = 0
    begin = time.perf_counter()
    while (passed := time.perf_counter() - begin) < seconds:
        for _ in range(4):
            advance()
        calls += 4
    return calls / passed


def draw_actions(box, *rows):
    import numpy as np

    rng = np.random.default_rng(1)
    return itertools.cycle([rng.uniform(box.low, box.high, (*rows, *box.shape)).astype(box.dtype) for _ in range(ACTIONS)])


def envpool_rate(task, seconds, environments=ENVIRONMENTS):
    import envpool

    pool = envpool.make(task, env_type="gymnasium", num_envs=environments, num_threads=1, seed=1)
    actions = draw_actions(pool.action_space, environments)
    pool.reset()
    return environments * measure(lambda: pool.step(next(actions)), seconds)


def envpool_many_rate(task, seconds):
    return envpool_rate(task, seconds, MANY[task in CLASSIC])


def python_rate(task, seconds):
    return bullet_rate(task, seconds) if task in BULLET else gymnasium_rate(task, seconds)


def gymnasium_rate(task, seconds):
    import gymnasium

    env = gymnasium.make(task, disable_env_checker=True)
    actions = draw_actions(env.action_space)
    env.reset(seed=1)

    def advance():
        _, _, terminated, truncated, _ = env.step(next(actions))
        if terminated or truncated:
            env.reset()

    return measure(advance, seconds)


def bullet_rate(task, seconds):
    sys.path.insert(0, TRACES)
    import make_bullet_traces

    make_bullet_traces.stand_in_for_gym()
    importlib.import_module("pybullet_envs")
    env = make_bullet_traces.make(task)
    env.seed(1)
    actions = draw_actions(env.action_space)
    limit = BULLET_LIMIT.get(task, 1000)
    env.reset()
    steps = itertools.count(1)

    def advance():
        nonlocal steps
        _, _, terminated, _ = env.step(next(actions))
        if terminated or next(steps) == limit:
            env.reset()
            steps = itertools.count(1)

    return measure(advance, seconds)


def softac_rate(task, seconds):
    command = [os.environ["softac_bench"], f"environment/{task.lower()}/{ENVIRONMENTS}", "--seconds", str(seconds), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["benchmarks"][0]["median"]


def list_tasks():
    """Those that this softac has."""
    listed = subprocess.run([os.environ["softac_bench"], "--list"], capture_output=True, text=True, check=True).stdout.split()
    return [task for task in CLASSIC + MUJOCO + BULLET if f"environment/{task.lower()}/{ENVIRONMENTS}" in listed]


RATES = {"python": python_rate, "envpool": envpool_rate, "envpool_many": envpool_many_rate, "softac": softac_rate}


def sample(peer, task, seconds):
    """In a process and a folder of its own (MuJoCo writes warnings into it); None where the peer lacks the task."""
    if peer.startswith("envpool") and task in BULLET:
        return None
    command = [sys.executable, os.path.abspath(__file__), "--peer", peer, "--seconds", str(seconds), task]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        print(f"{peer}, {task}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return float(done.stdout.splitlines()[-1])


def show(rates):
    if not rates:
        return "–"
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f} – {max(rates):,.0f})"


def compare(task, rounds, seconds):
    rates = {peer: [] for peer in PEERS}
    for turn in range(rounds):
        for i in range(len(PEERS)):
            peer = PEERS[(turn + i) % len(PEERS)]
            rate = sample(peer, task, seconds)
            if rate is not None:
                rates[peer].append(rate)
    others = [statistics.median(rates[peer]) for peer in PEERS if peer != "softac" and rates[peer]]
    ratio = f"{statistics.median(rates['softac']) / max(others):.2f}" if rates["softac"] and others else "–"
    print(f"| {task} | " + " | ".join(show(rates[peer]) for peer in PEERS) + f" | {ratio} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="default: all that softac has")
    parser.add_argument("--rounds", type=int, default=3, help="samples of each, who begins changes [3]")
    parser.add_argument("--seconds", type=float, default=2, help="of each sample [2]")
    parser.add_argument("--peer", choices=PEERS, help="time this one alone and print the rate")
    arguments = parser.parse_args()
    if arguments.peer:
        print(RATES[arguments.peer](arguments.tasks[0], arguments.seconds))
        return
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("envpool", "gymnasium", "mujoco", "pybullet"))
    print(f"{versions}; one core\n")
    print(f"| steps per second | Python original, 1 environment | EnvPool, {ENVIRONMENTS} | EnvPool, {MANY[False]} (classic: {MANY[True]}) "
          f"| softac, {ENVIRONMENTS} | softac / best other |")
    print("|---|---|---|---|---|---|")
    for task in arguments.tasks or list_tasks():
        compare(task, arguments.rounds, arguments.seconds)


if __name__ == "__main__":
    main()
