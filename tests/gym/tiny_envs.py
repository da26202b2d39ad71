"""Tiny environments for tests/check_gym.sh; which mistake they make is their argument `fault`."""
import os
import signal

import gymnasium
import numpy
from gymnasium import spaces


class Tiny(gymnasium.Env):
    """A leaking sum of actions and noise. What it was given and gave is written to TINY_LOG, if that is set."""

    def __init__(self, fault="", gain=1.0, size=3):
        box = spaces.Box(-numpy.inf, numpy.inf, (size,), numpy.float64)
        self.observation_space = spaces.Dict({"b": box, "a": spaces.Box(-1, 1, (2, 2))}) if fault == "dict" else box
        bound = numpy.inf if fault == "bounds" else 2.0
        self.action_space = spaces.Discrete(3) if fault == "discrete" else spaces.Box(-bound, bound, (2,))
        self.fault, self.gain, self.size = fault, gain, size
        self.steps = 0
        log = os.environ.get("TINY_LOG")
        self.log = open("%s.%d.%d" % (log, os.getpid(), id(self)), "w") if log else None

    def observe(self):
        size = self.size + (1 if self.fault == "size" and self.steps == 5 else 0)
        x = numpy.resize(self.x, size)
        if self.fault == "list":
            return list(x)
        return {"b": x, "a": numpy.full((2, 2), 0.5, numpy.float32)} if self.fault == "dict" else x

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if self.fault == "reset":
            raise ValueError("no way to begin")
        self.x = self.np_random.normal(size=self.size)
        self.age = 0
        self.kept = []
        if self.log:
            print("reset", seed, file=self.log, flush=True)
        return self.observe(), {}

    def step(self, action):
        self.steps += 1
        self.age += 1
        if self.fault == "step" and self.steps == 50:
            raise ValueError("too hot")
        if self.fault == "kill" and self.steps == 40 and not os.path.exists(os.environ["TINY_KILLED"]):
            open(os.environ["TINY_KILLED"], "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "keep":  # what was kept may not change behind our back; what we change is ours
            self.kept.append((action[:1] if self.age % 2 else action, float(action[0])))
            if any(part[0] != value for part, value in self.kept):
                raise ValueError("an action that was kept has changed")
        self.x = 0.9 * self.x + self.gain * 0.1 * action.sum() + 0.01 * self.np_random.normal(size=self.size)
        reward = float(-numpy.square(self.x).sum())
        if self.log:
            print("step", action.tobytes().hex(), reward.hex(), file=self.log, flush=True)
        if self.fault == "change":
            action[:] = 9
        over = bool(self.x[0] > 5) or (self.fault in ("ends", "restarts") and self.age == 7)
        observation, info = self.observe(), {}
        if over and self.fault == "restarts":
            info["final_obs"] = observation
            observation, _ = self.reset()
        return observation, reward, over, False, info


def make_doubled(**kwargs):
    tiny = Tiny(**kwargs)
    return gymnasium.wrappers.TransformObservation(tiny, lambda x: 2 * x, tiny.observation_space)


gymnasium.register("Tiny-v0", entry_point=Tiny, max_episode_steps=20)
gymnasium.register("TinyDoubled-v0", entry_point=make_doubled)
gymnasium.register("TinyAutoreset-v0", entry_point=lambda **kwargs: gymnasium.wrappers.Autoreset(Tiny(**kwargs)))
