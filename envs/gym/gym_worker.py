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
from sys import getrefcount

STEP, RESET, CLOSE, RESET_TO = 1, 2, 3, 4
NUMBERS = struct.Struct("=10id9Q")  # from `command` to `size`
AT_NUMBERS, AT_FAILED, AT_DOUBLES, AT_SENTENCE, SENTENCE = 128, 152, 164, 248, 512
# Stores are seen in their order there, and so a counter may be believed before the bell is read.
ORDERED = os.uname().machine == "x86_64"
join = b"".join
SEED, CLASSIC, MUJOCO = range(3)  # what a state to begin at is
LOOKS, TRY_AGAIN = 3000, 256  # some 100 microseconds: see LOOK_NS of gym_worker.c
PIP = "python3 -m pip install "


class Refused(Exception):
    """What is wrong, in a sentence that needs no traceback."""


def import_packages(module):
    if sys.version_info < (3, 8):
        raise Refused("Python %d.%d is too old for Gymnasium: 3.8 or later is needed; name one in the variable "
                      "SOFTAC_PYTHON" % tuple(sys.version_info[:2]))
    global numpy, gymnasium, copyto
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
    copyto = numpy.copyto
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


def find_places(env):
    """What reset_to() takes of this environment, and the sizes of position and velocity."""
    task, wrappers = env.unwrapped, gymnasium.wrappers
    while isinstance(env, gymnasium.Wrapper):
        if type(env) not in (wrappers.PassiveEnvChecker, wrappers.OrderEnforcing, wrappers.TimeLimit):
            return SEED, 1, 0  # its observations may not be the task's
        env = env.env
    if type(task).__module__.startswith("gymnasium.envs.mujoco."):
        return MUJOCO, task.model.nq, task.model.nv
    if type(task).__module__.startswith("gymnasium.envs.classic_control."):
        return CLASSIC, 2, 0  # those of its tasks that have continuous actions
    return SEED, 1, 0


def set_state(task, places, state):
    if places == MUJOCO:
        task.set_state(state[:task.model.nq], state[task.model.nq:])
        return task._get_obs()
    task.state = state
    return task._get_obs() if hasattr(task, "_get_obs") else state.astype(numpy.float32)


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
        self.places, positions, velocities = find_places(env)
        sizes = gymnasium.spaces.flatdim(env.observation_space), gymnasium.spaces.flatdim(env.action_space)
        if sizes[0] < 1 or sizes[1] < 1:
            raise Refused("%d observations and %d actions; at least one of each is needed" % sizes)
        if count == 0:
            self.describe(env, sizes, positions, velocities)
        elif sizes != (numbers[3], numbers[4]):
            raise Refused("%d observations and %d actions, but %d and %d when it was made before"
                          % (sizes + (numbers[3], numbers[4])))
        else:
            self.share_arrays(numbers, env.action_space)

    def describe(self, env, sizes, positions, velocities):
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
        NUMBERS.pack_into(self.block, AT_NUMBERS, 0, 0, 0, sizes[0], sizes[1], max(limit, 0), 0, positions,
                          velocities, 0, threshold, at, 0, 0, 0, 0, 0, 0, 0, at + 8 * sizes[1])

    def share_arrays(self, numbers, action_space):
        K, O, A = numbers[2], numbers[3], numbers[4]
        action, observation, reward, terminated, truncated, which, seed, state = numbers[11:19]
        whole = memoryview(self.block)
        self.numbers = whole[AT_NUMBERS:AT_NUMBERS + 8].cast("i")
        self.reward = whole[reward:reward + 8 * K].cast("d")
        self.terminated = whole[terminated:terminated + K].cast("?")
        self.truncated = whole[truncated:truncated + K].cast("?")
        self.which = whole[which:which + 4 * K].cast("i")
        self.seed = whole[seed:seed + 4 * K].cast("I")
        self.state = whole[state:state + 8 * (numbers[7] + numbers[8])].cast("d")
        self.action = numpy.frombuffer(self.block, numpy.float32, K * A, action).reshape((K,) + action_space.shape)
        # 64-bit numbers stay so on their way: softac turns them into 32-bit ones, sooner than NumPy would
        doubles = self.is_box and self.space.dtype == numpy.float64
        struct.pack_into("=i", self.block, AT_DOUBLES, doubles)
        dtype = numpy.dtype(numpy.float64 if doubles else numpy.float32)
        rows = numpy.frombuffer(self.block, dtype, K * O, observation)
        rows = rows.reshape((K,) + (self.shape if self.is_box else (O,)))
        self.rows = [rows[k:k + 1].reshape(rows.shape[1:]) for k in range(K)]
        self.action_dtype = action_space.dtype
        self.rounds = numpy.issubdtype(action_space.dtype, numpy.integer)
        self.make_actions()
        self.started, self.all_started = [False] * K, False
        self.steps = [env.step for env in self.envs]
        self.flat = whole[observation:observation + dtype.itemsize * K * O]
        self.flat_dtypes = [dtype] * K if self.is_box and len(self.shape) == 1 else None
        self.flat_lengths = [O] * K

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
        self.all_started = all(self.started)

    def reset_to(self):
        """An episode that begins at a given state, and that no step limit ends."""
        j, env, state = self.which[0], self.envs[self.which[0]], list(self.state)
        if self.places == SEED:
            observation, _ = env.reset(seed=int(state[0]))
        else:
            env.reset(seed=self.seed[0])
            observation = set_state(env.unwrapped, self.places, numpy.array(state))
        self.write(j, observation)
        self.started[j] = True
        self.all_started = all(self.started)
        while isinstance(env, gymnasium.Wrapper):
            if isinstance(env, gymnasium.wrappers.TimeLimit):
                env._elapsed_steps = -(1 << 60)
            env = env.env

    def take_actions(self):
        """Arrays of their own, as an environment may keep or change the one that it is given. Those of which no
        environment has kept even a part are used again."""
        if self.rounds:
            self.make_actions()
            self.actions[...] = numpy.rint(self.action)
        else:
            if list(map(getrefcount, self.action_holders)) != self.action_references:
                self.make_actions()
            copyto(self.actions, self.action)

    def make_actions(self):
        self.actions = numpy.zeros(self.action.shape, self.action_dtype)
        self.action_rows = list(self.actions)
        self.action_holders = [self.actions] + self.action_rows  # a part of a row refers to the whole
        self.action_references = list(map(getrefcount, self.action_holders))

    def step(self, count):
        """softac has cleared the flags."""
        self.take_actions()
        if count < len(self.steps) or not self.all_started:
            self.step_some(count)
            return
        rewards, observations, j = self.reward, [], 0
        for step, action in zip(self.steps, self.action_rows):
            observation, rewards[j], terminated, truncated, info = step(action)
            if terminated or truncated:
                observation = self.end(j, observation, terminated, truncated, info)
            observations.append(observation)
            j += 1
        action = None
        if self.flat_dtypes:
            try:  # all of them in one go
                if ([x.dtype for x in observations] == self.flat_dtypes
                        and list(map(len, observations)) == self.flat_lengths):
                    self.flat[:] = join(observations)
                    return
            except (AttributeError, TypeError, ValueError, BufferError):
                pass
        for j, observation in enumerate(observations):
            self.write(j, observation)

    def end(self, j, observation, terminated, truncated, info):
        """An environment that restarts itself has the observation that its step led to in `info`."""
        self.terminated[j], self.truncated[j] = bool(terminated), bool(truncated)
        return info.get("final_obs", info.get("final_observation", observation))

    def step_some(self, count):
        for j in range(count):
            if self.started[j]:  # else lost with the worker before; softac knows
                observation, self.reward[j], terminated, truncated, info = self.steps[j](self.action_rows[j])
                if terminated or truncated:
                    observation = self.end(j, observation, terminated, truncated, info)
                self.write(j, observation)

    # --- talking ---

    def answer(self):
        self.answers += 1
        self.counters[8] = self.answers
        os.write(self.answer_bell, b"\1\0\0\0\0\0\0\0" if sys.byteorder == "little" else b"\0\0\0\0\0\0\0\1")

    def wait(self, asked):
        """Look for a moment, as long as that pays, before sleeping."""
        counters = self.counters
        self.waits += 1
        if self.spins or self.waits % TRY_AGAIN == 0:
            self.spins = False
            for _ in range(LOOKS):
                if counters[0] >= asked:
                    self.spins = True
                    if ORDERED:
                        return
                    break
        os.read(self.request_bell, 8)
        while counters[0] < asked:  # it was rung for a command seen before
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
            elif command == RESET_TO:
                self.reset_to()
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
