#!/usr/bin/env python3
"""What gym: environments cost beside a plain loop of env.step() in Python: prints Markdown.

Samples take turns: a plain loop over one environment, and `softac train` in its warm-up, where nothing is learnt, with
8 environments (K) for each of its Python workers. "own cost" is the time per step less the plain loop's. Blank-v0, in
this file, does nothing: its observation is HalfCheetah's in size and type.

Everything runs on the cores that the script may use. One core is shared by softac and its workers (`taskset -c 1
benchmarks/gym_bridge.py`); for W workers give it 2 W. softac=PROGRAM (default ./softac); run by the interpreter that
has gymnasium, which is the workers', too.
"""
import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time

import gymnasium
import numpy

EPISODE, ACTIONS = 1000, 20000  # few actions, again and again, are learnt by the core's branch prediction


class Blank(gymnasium.Env):
    """An environment whose steps cost as good as nothing."""

    observation_space = gymnasium.spaces.Box(-numpy.inf, numpy.inf, (17,), numpy.float64)
    action_space = gymnasium.spaces.Box(-1, 1, (6,))

    def __init__(self):
        self.observation = numpy.zeros(17)

    def reset(self, *, seed=None, options=None):
        return self.observation, {}

    def step(self, action):
        return self.observation, 0.0, False, False, {}


gymnasium.register("Blank-v0", entry_point=Blank, max_episode_steps=EPISODE)


def plain_rate(task, seconds):
    env = gymnasium.make(task)
    box, rng = env.action_space, numpy.random.default_rng(1)
    actions = [rng.uniform(box.low, box.high).astype(box.dtype) for _ in range(ACTIONS)]
    env.reset(seed=1)
    steps = place = 0
    begin = time.perf_counter()
    while (passed := time.perf_counter() - begin) < seconds:
        for action in actions[place:place + 100]:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        place = (place + 100) % ACTIONS
        steps += 100
    return steps / passed


def plain_rate_apart(task, seconds):
    """In a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--plain", "--seconds", str(seconds), task], check=True,
                          stdout=subprocess.PIPE)
    return float(done.stdout)


def bridge_rate(task, workers, environments, steps):
    """Between the first and the last whole second of a run."""
    here = os.path.dirname(os.path.abspath(__file__))
    variables = dict(os.environ, SOFTAC_PYTHON=sys.executable,
                     PYTHONPATH=os.pathsep.join([here, os.environ.get("PYTHONPATH", "")]))
    with tempfile.TemporaryDirectory() as folder:
        command = [os.environ.get("softac", "./softac"), "train", "gym:" + task, "--gym-module", "gym_bridge",
                   "--env-threads", str(workers), "--learner-threads", "1", "--out", folder + "/run",
                   "algorithm=sac_v2", "hidden=8,8", "batch_size=8", "eval_every=0", "eval_episodes=1",
                   "environments=%d" % (workers * environments), "steps=%d" % steps, "warmup_steps=%d" % steps]
        done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            sys.exit(done.stdout)
        with open(folder + "/run/progress.csv") as table:
            rows = [(float(row["time/time_elapsed"]), int(row["time/total_timesteps"]))
                    for row in csv.DictReader(table) if row["time/fps"]]
    (begin, before), (end, after) = rows[0], rows[-1]
    return (after - before) / (end - begin)


def compare(task, arguments):
    plain, bridge = [], [[] for _ in arguments.workers]
    for _ in range(arguments.rounds):
        plain.append(plain_rate_apart(task, arguments.seconds))
        for rates, workers in zip(bridge, arguments.workers):
            steps = int(plain[-1] * (arguments.seconds + 2) * workers)
            rates.append(bridge_rate(task, workers, arguments.environments, steps))
    loop = statistics.median(plain)
    print("| %s | plain loop | %s | %.2f | | |" % (task, format(int(loop), ","), 1e6 / loop))
    for rates, workers in zip(bridge, arguments.workers):
        rate = statistics.median(rates)
        print("| %s | softac, %d worker%s | %s | %.2f | %.2f | %.1f %% |" %
              (task, workers, "s"[workers == 1:], format(int(rate), ","), 1e6 / rate * workers,
               1e6 / rate * workers - 1e6 / loop, 100 * rate / loop / workers), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=["Blank-v0", "HalfCheetah-v5"], metavar="ID", help="Gymnasium's")
    parser.add_argument("--rounds", type=int, default=5, help="samples of each [5]")
    parser.add_argument("--seconds", type=float, default=3, help="of each sample, and 2 more to start softac [3]")
    parser.add_argument("--environments", type=int, default=8, metavar="K", help="of each worker [8]")
    parser.add_argument("--workers", type=lambda text: [int(word) for word in text.split(",")], default=[1],
                        metavar="W,...", help="how many, such as 1,2 [1]")
    parser.add_argument("--plain", action="store_true", help="print the plain loop's rate and end")
    arguments = parser.parse_args()
    if arguments.plain:
        print(plain_rate(arguments.tasks[0], arguments.seconds))
        return
    print("Python %s, gymnasium %s, NumPy %s; %d core%s, medians of %d\n" %
          (sys.version.split()[0], gymnasium.__version__, numpy.__version__, len(os.sched_getaffinity(0)),
           "s"[len(os.sched_getaffinity(0)) == 1:], arguments.rounds))
    print("| task | | steps/s | µs per step of a worker | own cost, µs | of the plain loop, per worker |")
    print("|---|---|---|---|---|---|")
    for task in arguments.tasks:
        compare(task, arguments)


if __name__ == "__main__":
    main()
