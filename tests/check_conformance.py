#!/usr/bin/env python3
"""Does `softac rollout` do what the reference implementations did? Replays traces and prints a table.

usage: check_conformance.py [--promises] [--table FILE.md] [FILE.bin | DIR ...]
softac=PROGRAM (default ./softac). Traces are ENV.seedS.bin files as tests/traces/make_traces.py describes them; default: the
committed ones, of which each task must have one. --promises: each task must pass `softac envs --check`, too. --table: write
the rows into the table with this head in FILE.md, in place of those of the same tasks.

Promised: observations equal in float32, flags equal, rewards within 1e-6. Fails where that breaks. A simulator that is
missing here, or of another release than the one told by VERSIONS.json beside the traces, is a line that says SKIPPED.
An OPTIONS.json beside them, {ENV: ["name=value", ...]}, tells with which options of the environment they were made.
"""
import argparse
import array
import glob
import json
import os
import struct
import subprocess
import sys
import tempfile

REWARD_BOUND = 1e-6
HEAD = "| environment | reference | traces | observations (float) | flags | largest error of an observation | of a reward |"
SOFTAC = os.environ.get("softac", "./softac")
COMMITTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "traces")
# whose results belong to a version: how ids end, the name in VERSIONS.json, the name in `softac info`
LIBRARIES = (("BulletEnv-v0", "pybullet", "Bullet"), ("-v5", "mujoco", "MuJoCo"))
GYMNASIUM_ALONE = ("Pendulum-v1", "MountainCarContinuous-v0")


class Trace:
    """One file: the states of its resets, and its steps."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data, self.at = f.read(), 8
        if self.data[:8] != b"SACTRC01":
            raise ValueError("does not begin with SACTRC01")
        nq, nv, nobs, nact, steps, resets = self.take("6i")
        self.resets = []
        for _ in range(resets):
            step, _ = self.take("2i")
            self.resets.append((step, self.take(f"{nq}d"), self.take(f"{nv}d"), self.take(f"{nobs}d")))
        self.steps = []
        for _ in range(steps):
            action, observation, (reward,) = self.take(f"{nact}f"), self.take(f"{nobs}d"), self.take("d")
            self.take(f"{nq + nv}d")
            self.steps.append((action, observation, reward, *self.take("2i")))
        if self.at != len(self.data):
            raise ValueError(f"has {len(self.data) - self.at} bytes too many")

    def take(self, form):
        size = struct.calcsize("<" + form)
        if self.at + size > len(self.data):
            raise ValueError(f"ends at byte {len(self.data)}, within a record")
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += size
        return values

    def episodes(self):
        """(position, velocity, first observation, steps) of each stretch from a reset to the next."""
        ends = [reset[0] for reset in self.resets[1:]] + [len(self.steps)]
        for (begin, position, velocity, observation), end in zip(self.resets, ends):
            yield position, velocity, observation, self.steps[begin:end]


class Task:
    """What was seen of one environment, over all its traces."""

    def __init__(self, name, options):
        self.name, self.options = name, options
        self.traces = self.steps = self.resets = 0
        self.observations = self.flags = 0  # how many differ
        self.observation = self.reward = 0.0  # largest difference; observations in double
        self.first = ""  # where the promise broke first

    def kept(self):
        return not self.first

    def breaks(self, where, what):
        self.first = self.first or f"{where}: {what}"

    def see_observation(self, got, want, where):
        for i, (g, w, g32, w32) in enumerate(zip(got, want, array.array("f", got), array.array("f", want))):
            self.observation = max(self.observation, abs(g - w))
            if g32 != w32:
                self.observations += 1
                self.breaks(where, f"observation {i} is {g!r}, in the trace {w!r}")

    def see_step(self, row, step, where):
        _, want, reward, *flags = step
        self.see_observation(row[:-3], want, where)
        self.reward = max(self.reward, abs(row[-3] - reward))
        if not abs(row[-3] - reward) <= REWARD_BOUND:
            self.breaks(where, f"the reward is {row[-3]!r}, in the trace {reward!r}")
        if list(map(int, row[-2:])) != flags:
            self.flags += 1
            self.breaks(where, f"terminated, truncated are {list(map(int, row[-2:]))}, in the trace {flags}")

    def replay(self, trace, path):
        name = os.path.basename(path)
        for number, (position, velocity, observation, steps) in enumerate(trace.episodes()):
            rows = rollout(self.name, self.options, number + 1, position, velocity, [step[0] for step in steps])
            if len(rows) != 1 + len(steps) or len(rows[0]) != len(observation) + 3:
                raise ValueError(f"softac printed {len(rows)} rows of {len(rows[0])} numbers")
            self.see_observation(rows[0][:-3], observation, f"{name}, reset {number}")
            for i, (row, step) in enumerate(zip(rows[1:], steps)):
                self.see_step(row, step, f"{name}, reset {number}, step {i + 1}")
            self.steps += len(steps)
            self.resets += 1
        self.traces += 1


def run(*arguments):
    done = subprocess.run([SOFTAC, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"softac {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def rollout(name, options, episode, position, velocity, actions):
    """The table's rows as numbers, without the column of steps; what row 0 leaves empty is 0."""
    state = {"qpos": position, "qvel": velocity} if velocity else {"state": position}
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/state", "w") as f:
            json.dump(state, f)
        with open(f"{folder}/actions", "w") as f:
            f.writelines(",".join(map(repr, action)) + "\n" for action in actions)
        words = [*(f"env.{option}" for option in options), "--episode", str(episode)]
        table = run("rollout", name, *words, "--state", f"{folder}/state", "--actions", f"{folder}/actions")
    return [[float(x or 0) for x in line.split(",")[1:]] for line in table.splitlines()[1:]]


def release(version):
    """Results are those of a release: 4.0.0 and 4.0.1 are both 4.0."""
    return version.split(".")[:2]


def read_beside(folder, name):
    """What a JSON file beside the traces tells; nothing if it is not there."""
    told = os.path.join(folder, name)
    if not os.path.exists(told):
        return {}
    with open(told) as f:
        return json.load(f)


def find_library(name, folder, versions):
    """The reference's library and version, and why its traces can not hold here ("" if they can)."""
    traced = read_beside(folder, "VERSIONS.json")
    for ending, key, library in LIBRARIES:
        if name.endswith(ending):
            there, here = traced.get(key), versions.get(library)
            if there and here and release(there) != release(here):
                return f"{library} {there}", f"the traces are {library} {there}'s, this build has {here}"
            return f"{library} {there or '(version not told)'}", ""
    if name in GYMNASIUM_ALONE:
        return f"Gymnasium {traced.get('gymnasium', '(version not told)')}", ""
    return "its equations", ""


def find_traces(arguments):
    """Paths by environment."""
    found = {}
    for argument in arguments:
        paths = sorted(glob.glob(os.path.join(argument, "*.bin"))) if os.path.isdir(argument) else [argument]
        if not paths:
            sys.exit(f"{argument}: no traces (ENV.seedS.bin) in there")
        for path in paths:
            found.setdefault(os.path.basename(path).rsplit(".seed", 1)[0], []).append(path)
    return found


def check(name, paths, here, versions):
    """One row of the table, None if skipped; whether all is well."""
    library, reason = find_library(name, os.path.dirname(paths[0]), versions)
    if name in here and not here[name]["available"]:
        reason = here[name]["reason"]
    if reason:
        print(f"SKIPPED: {name}: {reason}", file=sys.stderr)
        return None, True
    task = Task(name, read_beside(os.path.dirname(paths[0]), "OPTIONS.json").get(name, []))
    for path in paths:
        try:
            task.replay(Trace(path), path)
        except (OSError, ValueError) as error:
            task.breaks(os.path.basename(path), error)
    if not task.kept():
        print(f"FAILED: {name}: {task.first}", file=sys.stderr)
    seen = f"{task.traces}: {task.steps} steps, {task.resets} resets"
    differ = " | ".join(f"{count} differ" if count else "equal" for count in (task.observations, task.flags))
    return f"| {name} | {library} | {seen} | {differ} | {task.observation:.2g} | {task.reward:.2g} |", task.kept()


def keeps_promises(name):
    """Whether it passes `softac envs --check`, where first observations are compared with the reference's."""
    done = subprocess.run([SOFTAC, "envs", "--check", name], capture_output=True, text=True)
    if done.returncode:
        print(f"FAILED: softac envs --check {name}:\n{done.stdout}{done.stderr}", file=sys.stderr)
    return done.returncode == 0


def name_of(row):
    return row.split("|")[1].strip()


def write_table(path, rows, order):
    """Rows of other tasks stay as they are."""
    with open(path) as f:
        lines = f.read().split("\n")
    if HEAD not in lines:
        sys.exit(f"{path}: there is no table with the head\n{HEAD}")
    begin = lines.index(HEAD) + 2
    end = begin
    while lines[end].startswith("|"):
        end += 1
    table = {name_of(row): row for row in lines[begin:end] + rows}
    lines[begin:end] = sorted(table.values(), key=lambda row: order.index(name_of(row)))
    with open(path, "w") as f:
        f.write("\n".join(lines))


def parse():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("traces", nargs="*", default=[])
    parser.add_argument("--promises", action="store_true")
    parser.add_argument("--table")
    return parser.parse_args()


def main():
    arguments = parse()
    here = {e["id"]: e for e in json.loads(run("envs", "--json"))["environments"]}
    versions = json.loads(run("info", "--json"))["versions"]
    traces = find_traces(arguments.traces or [COMMITTED])
    well, rows = True, []
    print(HEAD)
    print("|---|---|---|---|---|---|---|")
    for name in sorted(traces, key=lambda name: (list(here).index(name) if name in here else len(here), name)):
        row, kept = check(name, traces[name], here, versions)
        if row:
            print(row, flush=True)
            rows.append(row)
        if arguments.promises and row:
            kept = keeps_promises(name) and kept
        well = well and kept
    missing = [] if arguments.traces else sorted(set(here) - set(traces))
    for name in missing:
        print(f"FAILED: {name}: there is no trace of it in {COMMITTED}", file=sys.stderr)
    if arguments.table:
        write_table(arguments.table, rows, list(here))
    sys.exit(0 if well and not missing else 1)


if __name__ == "__main__":
    main()
