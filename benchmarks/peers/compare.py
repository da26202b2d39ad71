"""Runs softac and its peers in turn and prints tables in Markdown; compare.sh prepares what it needs.

Each sample is a process of its own, pinned to as many cores as its row says. What else ran on those cores meanwhile
is told from /proc/stat, as softac-bench does (disturbance.c).
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

HERE = pathlib.Path(__file__).parent
TICK = 1 / os.sysconf("SC_CLK_TCK")
NAMES = {"sb3": "Stable-Baselines3", "sbx": "SBX", "rltools": "RLtools", "softac": "softac"}
PACKAGES = {"sb3": ("stable-baselines3", "torch"), "sbx": ("sbx-rl", "jax"), "rltools": ("rltools",), "softac": ()}
TRIES = 2  # at a sample of updates that something disturbed
EPISODES = 50


@dataclass(frozen=True)
class Shape:
    name: str  # softac-bench's
    observation: int
    action: int
    hidden: int
    batch: int

    @property
    def sizes(self):
        return [str(n) for n in (self.observation, self.action, self.hidden, self.batch)]

    @property
    def network(self):
        return f"2 × {self.hidden}, batch {self.batch}"


HALFCHEETAH = Shape("halfcheetah", 17, 6, 256, 256)
PENDULUM = Shape("pendulum", 3, 1, 256, 256)
HUMANOID = Shape("humanoid", 348, 17, 256, 256)
SMALL = Shape("small", 3, 1, 64, 100)
SHAPES = (HALFCHEETAH, PENDULUM, HUMANOID, SMALL)
UPDATES = ((HALFCHEETAH, 1), (HALFCHEETAH, 2), (PENDULUM, 1), (HUMANOID, 1), (SMALL, 1))
TRAININGS = (SMALL, PENDULUM)


@dataclass
class Sample:
    printed: str
    seconds: float  # from the process's start to its end, or to the saved policy
    megabytes: float  # the most that was resident
    lost: float  # share of its CPUs' time that others took
    disturbed: bool


def siblings(cpu):
    """The CPUs of one core."""
    path = pathlib.Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    ends = [part.split("-") for part in path.read_text().strip().split(",")]
    return {n for e in ends for n in range(int(e[0]), int(e[-1]) + 1)}


def cores():
    """One CPU of each core that this process may use, the first core last: it has the interrupts."""
    allowed = os.sched_getaffinity(0)
    return sorted({min(allowed & siblings(cpu)) for cpu in allowed}, reverse=True)


def taken(cpus):
    """Seconds so far that these CPUs were busy, and that the hypervisor took from them."""
    busy = stolen = 0
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name in cpus:
            user, nice, system, _, _, irq, soft, steal = map(int, ticks[:8])
            busy += user + nice + system + irq + soft
            stolen += steal
    return busy * TICK, stolen * TICK


def run(command, cpus, environment, saved=None):
    watched = {f"cpu{s}" for cpu in cpus for s in siblings(cpu)}
    with (tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as log,
          tempfile.NamedTemporaryFile("w+") as peak):
        # time(1) starts it, for a child's peak begins with that of who starts it, and Python is larger than some.
        pinned = ["time", "-f", "%M", "-o", peak.name, "taskset", "-c", ",".join(map(str, cpus)), *map(str, command)]
        before, start = taken(watched), time.time()
        process = subprocess.Popen(pinned, stdout=out, stderr=log, env={**os.environ, **environment})
        _, status, usage = os.wait4(process.pid, 0)
        wall, after = time.time() - start, taken(watched)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        log.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(pinned)}: failed with status {process.returncode}\n{log.read()}")
        printed = out.read()
        megabytes = float(peak.read()) / 1024
    others = after[0] - before[0] - usage.ru_utime - usage.ru_stime
    lost = max(others, after[1] - before[1])
    return Sample(printed=printed, seconds=saved.stat().st_mtime - start if saved else wall,
                  megabytes=megabytes, lost=lost / (wall * len(watched)),
                  disturbed=lost > 0.02 * wall * len(watched) + 2 * TICK)


class Contenders:
    """How each is started."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.python_peer = [sys.executable, HERE / "python_peer.py"]

    def rltools(self, shape):
        return pathlib.Path(self.options.rltools, "-".join(shape.sizes))

    def environment(self, who, threads):
        if who == "softac":
            return {}
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        layer = "SEQUENTIAL" if threads == 1 else "INTEL"
        return {"JAX_PLATFORMS": "cpu", "MKL_THREADING_LAYER": layer, **dict.fromkeys(names, str(threads))}

    def update(self, who, shape, cpus):
        """A sample that nothing disturbed, or the least disturbed of TRIES."""
        seconds = str(self.options.seconds)
        environment = self.environment(who, len(cpus))
        if who == "softac":
            command = [self.options.softac_bench, f"update/{shape.name}/sac_v2", "--json", "--seconds", seconds,
                       "--threads", len(cpus)]
        elif who == "rltools":
            command = [self.rltools(shape), "update", seconds]
        else:
            command = [*self.python_peer, who, "update", *shape.sizes, seconds]
            # What was compiled once need not be again: compiling is not timed here.
            environment |= {"JAX_COMPILATION_CACHE_DIR": self.folder, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        tries = []
        while len(tries) < TRIES and not (tries and not tries[-1].disturbed):
            tries.append(run(command, cpus, environment))
        return min(tries, key=lambda sample: sample.lost)

    def train(self, who, shape, cpus, seed):
        """A sample, and the mean return of what was learnt."""
        with tempfile.TemporaryDirectory() as folder:
            policy = pathlib.Path(folder, "policy.zip")
            if who == "softac":
                policy = pathlib.Path(folder, "run", "policy.safetensors")
                command = [self.options.softac, "train", "Pendulum-v1", "algorithm=sac_v2", "--steps", 10000,
                           "warmup_steps=100", f"hidden={shape.hidden},{shape.hidden}", f"batch_size={shape.batch}",
                           "learning_rate=0.001", "eval_every=0", "eval_episodes=1", "--seed", seed, "--out",
                           policy.parent]
            elif who == "rltools":
                command = [self.rltools(shape), "train", seed, policy]
            else:
                command = [*self.python_peer, who, "train", shape.hidden, shape.batch, seed, policy]
            sample = run(command, cpus, self.environment(who, len(cpus)), saved=policy)
            if who != "softac":
                return sample, json.loads(sample.printed)["return"]
            evaluation = run([self.options.softac, "eval", policy.parent, "--episodes", EPISODES, "--json"], cpus, {})
            return sample, json.loads(evaluation.printed)["mean_return"]


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def cell(values, disturbed=()):
    """Median and extremes; marked where other work disturbed most of them."""
    if not values:
        return "–"
    text = number(statistics.median(values))
    if len(values) > 1:
        text += f" ({number(min(values))} – {number(max(values))})"
    return text + (" (!)" if 2 * sum(disturbed) > len(values) else "")


def in_turn(whose, rounds):
    """Who goes when; who begins changes from round to round."""
    for r in range(rounds):
        yield from ((r, who) for who in whose[r % len(whose):] + whose[:r % len(whose)])


def row(*cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def head(*cells):
    row(*cells)
    print("|" + "---|" * len(cells))


def progress(*words):
    print("compare.py:", *words, file=sys.stderr, flush=True)


def update_row(contenders, whose, shape, cpus):
    rates, disturbed = {}, {}
    limits = []
    for _, who in in_turn(whose, contenders.options.rounds):
        sample = contenders.update(who, shape, cpus)
        told = json.loads(sample.printed)
        if who == "softac":
            bench = told["benchmarks"][0]
            limits.append(bench["limit_value"])
            told = {"1": bench["median"]}
        for a_call, rate in told.items():
            rates.setdefault((who, a_call), []).append(rate)
        disturbed.setdefault(who, []).append(sample.disturbed)
        progress(shape.name, len(cpus), "cores", who, *(number(r) for r in told.values()), f"lost {sample.lost:.1%}")
    ours = statistics.median(rates["softac", "1"])
    peers = [statistics.median(r) for (who, _), r in rates.items() if who != "softac"]
    row(f"{shape.observation} obs, {shape.action} act, {shape.network}, {len(cpus)} core{'s'[:len(cpus) - 1]}",
        *(cell(rates.get(key, ()), disturbed.get(key[0], ()))
          for key in (("sb3", "16"), ("sbx", "64"), ("sbx", "1"), ("rltools", "1"), ("softac", "1"))),
        number(statistics.median(limits)), f"{ours / statistics.median(limits):.0%}",
        f"{ours / max(peers):.2f}" if peers else "–")


def training_rows(contenders, whose, shape, cpus):
    samples = {who: [] for who in NAMES}
    returns = {who: [] for who in NAMES}
    for r, who in in_turn(whose, contenders.options.trainings):
        sample, mean = contenders.train(who, shape, cpus, seed=r + 1)
        samples[who].append(sample)
        returns[who].append(mean)
        progress("training", shape.network, who, f"{sample.seconds:.2f} s", f"lost {sample.lost:.1%}")
    for what, of, marks in (("seconds", lambda s: s.seconds, lambda s: s.disturbed),
                            ("peak memory, MB", lambda s: s.megabytes, lambda s: False)):
        values = {who: [of(s) for s in samples[who]] for who in NAMES}
        peers = [statistics.median(v) for who, v in values.items() if v and who != "softac"]
        row(f"{shape.network}: {what}", *(cell(values[who], map(marks, samples[who])) for who in NAMES),
            f"{min(peers) / statistics.median(values['softac']):.2f}" if peers else "–")
    row(f"{shape.network}: mean return of {EPISODES} episodes",
        *(f"{statistics.median(returns[who]):.0f}" if returns[who] else "–" for who in NAMES), "")


def version(package):
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:  # RLTOOLS names headers from elsewhere
        return package


def parse():
    parser = argparse.ArgumentParser(prog="compare.sh", description="softac beside other implementations of SAC")
    parser.add_argument("--rounds", type=int, default=3, help="of update rates [%(default)s]")
    parser.add_argument("--trainings", type=int, default=1, help="whole trainings of each [%(default)s]")
    parser.add_argument("--seconds", type=float, default=1.5, help="timing of an update rate [%(default)s]")
    parser.add_argument("--peers", default="sb3,sbx,rltools", help="which [%(default)s]")
    parser.add_argument("--shapes", default=",".join(shape.name for shape in SHAPES), help="which [%(default)s]")
    for given in ("softac", "softac-bench", "rltools", "blas"):  # by compare.sh
        parser.add_argument("--" + given, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    if sys.argv[1:] == ["--defines"]:
        for shape in SHAPES:
            names = ("OBSERVATION", "ACTION", "HIDDEN", "BATCH")
            print("-".join(shape.sizes), *(f"-DPEER_{name}={size}" for name, size in zip(names, shape.sizes)))
        return
    options = parse()
    whose = [who for who in NAMES if who == "softac" or who in options.peers.split(",")]
    cpus = cores()
    print(", ".join(version(name) for who in whose for name in PACKAGES[who]), f"(RLtools with {options.blas})\n")
    with tempfile.TemporaryDirectory() as folder:
        contenders = Contenders(options, folder)
        if options.rounds:
            head("updates per second", "Stable-Baselines3", "SBX, 64 a call", "SBX, one a call", "RLtools", "softac",
                 "limit", "of the limit", "softac / best other")
        for shape, threads in UPDATES if options.rounds else ():
            if shape.name in options.shapes.split(",") and threads <= len(cpus):
                update_row(contenders, whose, shape, cpus[:threads])
        if options.trainings:
            print()
            head("Pendulum-v1, 10,000 steps, one core", *NAMES.values(), "best other / softac")
        for shape in TRAININGS if options.trainings else ():
            if shape.name in options.shapes.split(","):
                training_rows(contenders, whose, shape, cpus[:1])


if __name__ == "__main__":
    main()
