"""Reference implementations of the classic tasks that Gymnasium lacks, registered under our names.

Written from the sources that envs/classic/*.c name, but another way than there: the cart-pole solves its equations of
motion (Lagrange) for both accelerations, the acrobot is Gymnasium's own with other torques and rewards, and the
quadrotor is a point and an arm in the complex plane. All in float64."""
import cmath
import math

import gymnasium
import numpy as np
from gymnasium.envs.classic_control.acrobot import AcrobotEnv


class Reference(gymnasium.Env):
    """`state` is what begins an episode; `advance(action)` returns reward and terminated."""

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.state = self.begin()
        return self.observe(), {}

    def step(self, action):
        action = np.clip(np.asarray(action, np.float64), self.action_space.low, self.action_space.high)
        reward, terminated = self.advance(action)
        return self.observe(), reward, terminated, False, {}


class CartPoleSwingUp(Reference):
    gravity, cart, pole, half_length, seconds = 9.8, 1.0, 0.1, 0.5, 0.02
    action_space = gymnasium.spaces.Box(-10.0, 10.0, (1,))
    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (5,), np.float64)

    def begin(self):
        return np.array([0, 0, np.pi, 0]) + self.np_random.uniform(-0.05, 0.05, 4)

    def observe(self):
        x, velocity, angle, spin = self.state
        return np.array([x, velocity, np.cos(angle), np.sin(angle), spin])

    def advance(self, action):
        x, velocity, angle, spin = self.state
        moment = self.pole * self.half_length
        coupling = moment * np.cos(angle)
        mass = np.array([[self.cart + self.pole, coupling], [coupling, 4 / 3 * moment * self.half_length]])
        force = np.array([action[0] + moment * spin**2 * np.sin(angle), moment * self.gravity * np.sin(angle)])
        velocity, spin = np.array([velocity, spin]) + self.seconds * np.linalg.solve(mass, force)
        x, angle = x + self.seconds * velocity, angle + self.seconds * spin
        self.state = np.array([x, velocity, angle, spin])
        if abs(x) > 2.4:
            return 0.0, True
        return np.cos(angle / 2) ** 2 * np.cos(np.pi / 2 * x / 2.4), False


class ContinuousAcrobot(AcrobotEnv):
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))

    def __init__(self, render_mode=None):
        super().__init__(render_mode)
        self.action_space = ContinuousAcrobot.action_space

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed, options=options)
        self.state = self.state.astype(np.float64)  # float32 in Gymnasium until the first step
        return self._get_ob(), {}

    def step(self, action):
        self.AVAIL_TORQUE = [float(np.clip(action[0], -1, 1))]
        observation, _, terminated, truncated, info = super().step(0)
        height = -np.cos(self.state[0]) - np.cos(self.state[0] + self.state[1])
        return observation, 0.0 if terminated else (height - 2) / 4, terminated, truncated, info


class PlanarQuadrotor(Reference):
    gravity, mass, arm, seconds = 9.81, 1.0, 0.25, 0.02
    action_space = gymnasium.spaces.Box(0.0, np.float32(9.81), (2,))
    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (7,), np.float64)

    def begin(self):
        return self.np_random.uniform([-1, -1] + 4 * [-0.1], [1, 1] + 4 * [0.1])

    def observe(self):
        x, z, angle, x_speed, z_speed, spin = self.state
        return np.array([x, z, np.cos(angle), np.sin(angle), x_speed, z_speed, spin])

    def advance(self, action):
        x, z, angle, x_speed, z_speed, spin = self.state
        up = 1j * cmath.exp(1j * angle)
        force = sum(action) * up - 1j * self.mass * self.gravity
        # half the mass at each end of the arm
        torque, inertia = self.arm * (action[0] - action[1]), 2 * (self.mass / 2) * self.arm**2
        velocity = complex(x_speed, z_speed) + force / self.mass * self.seconds
        place = complex(x, z) + velocity * self.seconds
        spin += torque / inertia * self.seconds
        self.state = np.array([place.real, place.imag, angle + spin * self.seconds, velocity.real, velocity.imag, spin])
        lost = max(abs(place.real), abs(place.imag)) > 3
        return 0.0 if lost else math.exp(-abs(place)), lost


gymnasium.register("CartPoleSwingUp-v0", CartPoleSwingUp)
gymnasium.register("ContinuousAcrobot-v0", ContinuousAcrobot)
gymnasium.register("PlanarQuadrotor-v0", PlanarQuadrotor)
