"""Holds Gymnasium environments for softac: started by it, never by hand.

Arguments: MEMORY,REQUEST_BELL,ANSWER_BELL,PARENT (three file descriptors and a process), environment id, module to
import before, keyword arguments of gymnasium.make as JSON. The shared memory is struct gym_block of gym_worker.h.
"""
import ctypes
import json
import mmap
import os
import signal
import struct
import sys
import traceback

STEP, RESET, CLOSE = 1, 2, 3
NUMBERS = struct.Struct("=8id8Q")  # from `command` to `size`
AT_NUMBERS, AT_FAILED, AT_SENTENCE, SENTENCE = 128, 152, 232, 512
LOOKS, TRY_AGAIN = 300, 256
PIP = "python3 -m pip install "


class Refused(Exception):
    """What is wrong, in a sentence that needs no traceback."""


def import_packages(module):
    if sys.version_info < (3, 8):
        raise Refused("Python %d.%d is too old for Gymnasium: 3.8 or later is needed; name one in the variable "
                      "SOFTAC_PYTHON" % tuple(sys.version_info[:2]))
    global numpy, gymnasium
    for name in ("numpy", "gymnasium"):
        try:
            globals()[name] = __import__(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            raise Refused("%s has no package %s: %s%s, or name another interpreter in the variable SOFTAC_PYTHON"
                          % (sys.executable, name, PIP, name))
    version = getattr(gymnasium, "__version__", "of unknown version")
    if not version.split(".")[0].isdigit() or int(version.split(".")[0]) < 1:
        raise Refused("gymnasium %s is too old, 1.0 or later is needed: %s--upgrade gymnasium" % (version, PIP))
    if module:
        try:
            __import__(module)
        except ModuleNotFoundError as error:
            if error.name is None or not (module + ".").startswith(error.name + "."):
                raise
            raise Refused("there is no Python module '%s' (--gym-module); it is looked for in the current folder and "
                          "in PYTHONPATH" % module)


def make(name, kwargs):
    try:
        return gymnasium.make(name, **kwargs)
    except gymnasium.error.Error as error:
        raise Refused("gymnasium.make('%s'): %s" % (name, error))


def check_leaves(space, where):
    """Box, or Dict or Tuple of such."""
    spaces = gymnasium.spaces
    if isinstance(space, spaces.Dict):
        for key, part in space.spaces.items():
            check_leaves(part, "%s['%s']" % (where, key))
    elif isinstance(space, spaces.Tuple):
        for i, part in enumerate(space.spaces):
            check_leaves(part, "%s[%d]" % (where, i))
    elif not isinstance(space, spaces.Box):
        raise Refused("%s is %s; softac takes Box, and Dict and Tuple of Box: wrap the environment, as with "
                      "gymnasium.wrappers.TransformObservation" % (where, space))


def check_action_space(space):
    if not isinstance(space, gymnasium.spaces.Box):
        raise Refused("the action space is %s; SAC needs a Box of continuous actions: wrap the environment, as with "
                      "gymnasium.wrappers.TransformAction, or choose its continuous variant" % (space,))
    if not (numpy.isfinite(space.low).all() and numpy.isfinite(space.high).all()):
        raise Refused("the action space is %s, without finite bounds; SAC needs them: wrap the environment in "
                      "gymnasium.wrappers.RescaleAction or ClipAction with bounds" % (space,))


class Worker:
    def __init__(self, files, name, module, kwargs):
        self.memory_file, self.request_bell, self.answer_bell, self.parent = files
        self.block = mmap.mmap(self.memory_file, 0)
        self.counters = memoryview(self.block)[:128].cast("Q")
        self.answers = self.waits = 0
        self.spins = True
        self.name, self.module, self.kwargs = name, module, kwargs

    # --- making ---

    def set_up(self):
        import_packages(self.module)
        kwargs = json.loads(self.kwargs)
        numbers = NUMBERS.unpack_from(self.block, AT_NUMBERS)
        count = numbers[2]
        self.envs = [make(self.name, kwargs) for _ in range(max(count, 1))]
        env = self.envs[0]
        check_leaves(env.observation_space, "the observation space")
        check_action_space(env.action_space)
        self.is_box = isinstance(env.observation_space, gymnasium.spaces.Box)
        self.shape = env.observation_space.shape if self.is_box else None
        self.space = env.observation_space
        sizes = gymnasium.spaces.flatdim(env.observation_space), gymnasium.spaces.flatdim(env.action_space)
        if sizes[0] < 1 or sizes[1] < 1:
            raise Refused("%d observations and %d actions; at least one of each is needed" % sizes)
        if count == 0:
            self.describe(env, sizes)
        elif sizes != (numbers[3], numbers[4]):
            raise Refused("%d observations and %d actions, but %d and %d when it was made before"
                          % (sizes + (numbers[3], numbers[4])))
        else:
            self.share_arrays(numbers, env.action_space)

    def describe(self, env, sizes):
        at = 1024
        os.ftruncate(self.memory_file, at + 8 * sizes[1])
        self.counters.release()
        self.block.close()
        self.block = mmap.mmap(self.memory_file, 0)
        self.counters = memoryview(self.block)[:128].cast("Q")
        # float32 bounds that lie within those of the space
        low, high = env.action_space.low.ravel(), env.action_space.high.ravel()
        low32, high32 = low.astype(numpy.float32), high.astype(numpy.float32)
        low32 = numpy.where(low32 < low, numpy.nextafter(low32, numpy.float32(numpy.inf)), low32)
        high32 = numpy.where(high32 > high, numpy.nextafter(high32, numpy.float32(-numpy.inf)), high32)
        self.block[at:at + 8 * sizes[1]] = low32.tobytes() + high32.tobytes()
        spec = env.spec
        limit = (spec.max_episode_steps or 0) if spec else 0
        threshold = spec.reward_threshold if spec and spec.reward_threshold is not None else float("nan")
        NUMBERS.pack_into(self.block, AT_NUMBERS, 0, 0, 0, sizes[0], sizes[1], max(limit, 0), 0, 0, threshold, at,
                          0, 0, 0, 0, 0, 0, at + 8 * sizes[1])

    def share_arrays(self, numbers, action_space):
        K, O, A = numbers[2], numbers[3], numbers[4]
        action, observation, reward, terminated, truncated, which, seed = numbers[9:16]
        whole = memoryview(self.block)
        self.numbers = whole[AT_NUMBERS:AT_NUMBERS + 8].cast("i")
        self.reward = whole[reward:reward + 8 * K].cast("d")
        self.terminated = whole[terminated:terminated + K].cast("?")
        self.truncated = whole[truncated:truncated + K].cast("?")
        self.which = whole[which:which + 4 * K].cast("i")
        self.seed = whole[seed:seed + 4 * K].cast("I")
        self.action = numpy.frombuffer(self.block, numpy.float32, K * A, action).reshape((K,) + action_space.shape)
        rows = numpy.frombuffer(self.block, numpy.float32, K * O, observation)
        rows = rows.reshape((K,) + (self.shape if self.is_box else (O,)))
        self.rows = [rows[k:k + 1].reshape(rows.shape[1:]) for k in range(K)]
        self.action_dtype = action_space.dtype
        self.rounds = numpy.issubdtype(action_space.dtype, numpy.integer)
        self.started = [False] * K
        self.steps = [env.step for env in self.envs]
        # one-dimensional observations of all environments are written in one go
        self.flat = rows.reshape(-1) if self.is_box and len(self.shape) == 1 else None

    # --- work ---

    def write(self, j, observation):
        if not self.is_box:
            observation = gymnasium.spaces.flatten(self.space, observation)
        elif type(observation) is not numpy.ndarray:
            observation = numpy.asarray(observation)
        row = self.rows[j]
        if observation.shape != row.shape:
            raise Refused("environment %d of this worker: an observation of shape %s, but the observation space says "
                          "%s" % (j, observation.shape, row.shape))
        row[...] = observation

    def reset(self, count):
        for k in range(count):
            j = self.which[k]
            observation, _ = self.envs[j].reset(seed=self.seed[k])
            self.write(j, observation)
            self.started[j] = True

    def step(self, count):
        actions = numpy.rint(self.action) if self.rounds else self.action
        actions = actions.astype(self.action_dtype)  # a copy: environments may keep it
        rewards, ends, cuts, started = self.reward, self.terminated, self.truncated, self.started
        shape, array, observations = self.shape, numpy.ndarray, []
        together = self.flat is not None and count == len(started)
        for j, step, action in zip(range(count), self.steps, actions):
            if not started[j]:  # lost with the worker before; softac knows
                together = False
                continue
            observation, rewards[j], terminated, truncated, info = step(action)
            if terminated or truncated:  # environments that restart themselves keep the last observation here
                observation = info.get("final_obs", info.get("final_observation", observation))
            ends[j] = terminated
            cuts[j] = truncated
            observations.append((j, observation))
            together = together and type(observation) is array and observation.shape == shape
        if together:
            numpy.concatenate([row for _, row in observations], out=self.flat, casting="unsafe")
        else:
            for j, observation in observations:
                self.write(j, observation)

    # --- talking ---

    def answer(self):
        self.answers += 1
        self.counters[8] = self.answers
        os.write(self.answer_bell, b"\1\0\0\0\0\0\0\0" if sys.byteorder == "little" else b"\0\0\0\0\0\0\0\1")

    def wait(self, asked):
        """Look for a moment, as long as that pays, before sleeping."""
        self.waits += 1
        if self.spins or self.waits % TRY_AGAIN == 0:
            self.spins = False
            counters = self.counters
            for _ in range(LOOKS):
                if counters[0] >= asked:
                    self.spins = True
                    break
        os.read(self.request_bell, 8)

    def serve(self):
        asked = 0
        while True:
            asked += 1
            self.wait(asked)
            command, count = self.numbers
            if command == STEP:
                self.step(count)
            elif command == RESET:
                self.reset(count)
            else:
                return
            self.answer()

    def fail(self, sentence):
        text = " ".join(sentence.split()).encode("utf-8", "replace")[:SENTENCE - 1].decode("utf-8", "ignore")
        encoded = text.encode("utf-8")
        self.block[AT_SENTENCE:AT_SENTENCE + len(encoded) + 1] = encoded + b"\0"
        struct.pack_into("=i", self.block, AT_FAILED, 1)
        self.answer()

    def run(self):
        self.set_up()
        self.answer()
        if self.envs and hasattr(self, "started"):
            self.serve()
        for env in self.envs:
            env.close()


def tell(error):
    """One line: the last of the traceback, and where in the environment it was."""
    frames = traceback.extract_tb(error.__traceback__)
    place = " (%s, line %d, in %s)" % (os.path.basename(frames[-1].filename), frames[-1].lineno, frames[-1].name) \
        if frames else ""
    return "%s%s; the traceback is above" % (traceback.format_exception_only(type(error), error)[-1].strip(), place)


def main():
    files = [int(word) for word in sys.argv[1].split(",")]
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: whatever ends softac ends its workers
    if os.getppid() != files[3]:
        return
    sys.path[0] = os.getcwd()
    worker = Worker(files, *sys.argv[2:5])
    try:
        worker.run()
    except Refused as error:
        worker.fail(str(error))
    except BaseException as error:  # SystemExit, too: nothing may end a worker in silence
        traceback.print_exc()
        sys.stderr.flush()
        worker.fail(tell(error))
    sys.stderr.flush()
    os._exit(0)


main()
