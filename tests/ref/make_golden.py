#!/usr/bin/env python3
"""Three whole updates of Soft Actor-Critic by PyTorch's own parts, as text for tests/test_golden.c.

Written from the papers (arXiv 1801.01290 and 1812.05905) with torch.nn, torch.optim and torch.distributions, in
double precision. Only the random numbers follow src/random.h and src/kernels/kernels.h (Philox4x32-10 and Box-Muller),
in plain Python, so that both sides use the same noise.

    make_golden.py --write DIR      make DIR/*.txt
    make_golden.py --compare DIR    make them anew and compare numbers; exit status 1 if they differ
"""
import argparse
import math
import pathlib
import struct
import sys

import torch

UPDATES = 3
CASES = {
    "v1_reparameterization": dict(algorithm=1, estimator=0, activation=0, mapping=0, temperature_auto=0),
    "v1_score_function": dict(algorithm=1, estimator=1, activation=0, mapping=0, temperature_auto=0),
    "v2_learnt_temperature": dict(algorithm=2, estimator=0, activation=0, mapping=0, temperature_auto=1),
    "v2_fixed_temperature": dict(algorithm=2, estimator=0, activation=1, mapping=1, temperature_auto=0),
}
COMMON = dict(seed=12345, observation_size=3, action_size=2, hidden_1=6, hidden_2=5, batch_size=6, gamma=0.96,
              tau=0.02, reward_scale=2.5, temperature=0.4, target_entropy=-1.5, log_std_low=-5.0, log_std_high=2.0,
              policy_learning_rate=1e-3, critic_learning_rate=2e-3, value_learning_rate=1.5e-3,
              temperature_learning_rate=5e-3)

# --- random numbers: src/random.h ---

INIT, UPDATE_NOISE, TARGET_NOISE, BATCH = 1, 4, 5, 200
POLICY, CRITIC, VALUE = 0, 1, 3  # the networks' numbers
MASK = 0xFFFFFFFF


def philox(counter, key):
    c, k = list(counter), [key & MASK, key >> 32]
    for _ in range(10):
        p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(q >> 32) ^ c[1] ^ k[0], q & MASK, (p >> 32) ^ c[3] ^ k[1], p & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def words(seed, purpose, step, row, block):
    return philox((block, row, step & MASK, purpose << 24 | (step >> 32 & 0xFFFFFF)), seed)


def unit(word):
    return (word >> 8) * 2.0**-24


def normal(seed, purpose, step, rows, columns):
    """Box-Muller: words 0, 1 give elements 0, 1; words 2, 3 give elements 2, 3."""
    out = torch.zeros(rows, columns)
    for r in range(rows):
        for c in range(columns):
            w = words(seed, purpose, step, r, c // 4)[c % 4 & 2:][:2]
            radius, angle = math.sqrt(-2 * math.log(((w[0] >> 8) + 1) * 2.0**-24)), 2 * math.pi * unit(w[1])
            out[r, c] = radius * (math.cos(angle) if c % 2 == 0 else math.sin(angle))
    return out


def single(x):
    """x rounded to single precision."""
    return struct.unpack("f", struct.pack("f", x))[0]


# --- networks ---


def mlp(sizes, activation):
    layers = []
    for i, o in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(i, o), torch.nn.Tanh() if activation else torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def linears(network):
    return [m for m in network if isinstance(m, torch.nn.Linear)]


def randomize(network, seed, number):
    """As torch.nn.Linear starts: uniform in +-1/sqrt(in); weights are counted (in, out), biases after them."""
    index = 0

    def draw(bound):
        nonlocal index
        u = unit(words(seed, INIT, 0, number, index // 4)[index % 4])
        index += 1
        return single(bound * (2 * u - 1))

    with torch.no_grad():
        for layer in linears(network):
            bound = single(1 / math.sqrt(layer.in_features))
            for i in range(layer.in_features):
                for o in range(layer.out_features):
                    layer.weight[o, i] = draw(bound)
            for o in range(layer.out_features):
                layer.bias[o] = draw(bound)


def flat(network):
    return torch.cat([torch.cat([l.weight.t().reshape(-1), l.bias]) for l in linears(network)]).tolist()


class Policy:
    def __init__(self, s):
        self.s = s
        self.net = mlp([s["observation_size"], s["hidden_1"], s["hidden_2"], 2 * s["action_size"]], s["activation"])

    def distribution(self, observation):
        s = self.s
        mean, raw = self.net(observation).chunk(2, dim=-1)
        low, high = s["log_std_low"], s["log_std_high"]
        log_std = low + (high - low) * (torch.tanh(raw) + 1) / 2 if s["mapping"] else raw.clamp(low, high)
        return torch.distributions.Normal(mean, log_std.exp())

    def sample(self, observation, noise):
        gaussian = self.distribution(observation)
        u = gaussian.mean + gaussian.stddev * noise
        return torch.tanh(u), self.log_prob(gaussian, u), u

    @staticmethod
    def log_prob(gaussian, u):
        jacobian = torch.distributions.transforms.TanhTransform().log_abs_det_jacobian(u, torch.tanh(u))
        return (gaussian.log_prob(u) - jacobian).sum(-1)


def lower(critics, observation, action):
    x = torch.cat([observation, action], -1)
    return torch.min(critics[0](x), critics[1](x)).squeeze(-1)


# --- the algorithm ---


class Agent:
    def __init__(self, s):
        self.s = s
        O, A, hidden = s["observation_size"], s["action_size"], [s["hidden_1"], s["hidden_2"]]
        self.policy = Policy(s)
        self.critics = [mlp([O + A, *hidden, 1], s["activation"]) for _ in range(2)]
        self.targets = [mlp([O + A, *hidden, 1], s["activation"]) for _ in range(2)]
        self.value, self.value_target = (mlp([O, *hidden, 1], s["activation"]) for _ in range(2))
        randomize(self.policy.net, s["seed"], POLICY)
        for k in range(2):
            randomize(self.critics[k], s["seed"], CRITIC + k)
            self.targets[k].load_state_dict(self.critics[k].state_dict())
        randomize(self.value, s["seed"], VALUE)
        self.value_target.load_state_dict(self.value.state_dict())
        self.log_alpha = torch.tensor(math.log(s["temperature"]), requires_grad=True)
        adam = torch.optim.Adam
        self.optimisers = {
            "policy": adam(self.policy.net.parameters(), lr=s["policy_learning_rate"]),
            "critics": [adam(c.parameters(), lr=s["critic_learning_rate"]) for c in self.critics],
            "value": adam(self.value.parameters(), lr=s["value_learning_rate"]),
            "temperature": adam([self.log_alpha], lr=s["temperature_learning_rate"]),
        }

    def polyak(self, target, source):
        with torch.no_grad():
            for t, p in zip(target.parameters(), source.parameters()):
                t += self.s["tau"] * (p - t)

    def critic_losses(self, batch, y):
        x = torch.cat([batch["observation"], batch["action"]], -1)
        return [0.5 * (c(x).squeeze(-1) - y).pow(2).mean() for c in self.critics]

    def update_v1(self, batch, noise):
        s, observation = self.s, batch["observation"]
        with torch.no_grad():
            next_value = self.value_target(batch["next_observation"]).squeeze(-1)
            y = s["reward_scale"] * batch["reward"] + s["gamma"] * batch["not_terminated"] * next_value
        action, log_prob, u = self.policy.sample(observation, noise)
        critic = self.critic_losses(batch, y)
        q = lower(self.critics, observation, action)
        v = self.value(observation).squeeze(-1)
        value = 0.5 * (v - (q - log_prob).detach()).pow(2).mean()
        policy = (log_prob - q).mean()
        surrogate = policy
        if s["estimator"]:
            fixed = self.policy.log_prob(self.policy.distribution(observation), u.detach())
            surrogate = (fixed * (log_prob - q + v).detach()).mean()
        gradients = [(c, torch.autograd.grad(l, list(c.parameters()), retain_graph=True))
                     for c, l in zip(self.critics, critic)]
        gradients.append((self.value, torch.autograd.grad(value, list(self.value.parameters()), retain_graph=True)))
        net = self.policy.net
        gradients.append((net, torch.autograd.grad(surrogate, list(net.parameters()))))
        for network, gradient in gradients:
            for p, g in zip(network.parameters(), gradient):
                p.grad = g
        for optimiser in (*self.optimisers["critics"], self.optimisers["value"], self.optimisers["policy"]):
            optimiser.step()
        self.polyak(self.value_target, self.value)
        return dict(critic=sum(critic), value=value, policy=policy, temperature=torch.tensor(0.0),
                    alpha=torch.tensor(1.0), entropy=-log_prob.mean())

    def update_v2(self, batch, noise, next_noise):
        s, observation = self.s, batch["observation"]
        alpha = self.log_alpha.exp().item() if s["temperature_auto"] else s["temperature"]
        with torch.no_grad():
            next_action, next_log_prob, _ = self.policy.sample(batch["next_observation"], next_noise)
            next_value = lower(self.targets, batch["next_observation"], next_action) - alpha * next_log_prob
            y = s["reward_scale"] * batch["reward"] + s["gamma"] * batch["not_terminated"] * next_value
        critic = self.critic_losses(batch, y)
        for optimiser, loss in zip(self.optimisers["critics"], critic):
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        action, log_prob, _ = self.policy.sample(observation, noise)
        policy = (alpha * log_prob - lower(self.critics, observation, action)).mean()
        self.optimisers["policy"].zero_grad()
        policy.backward()
        self.optimisers["policy"].step()
        temperature = torch.tensor(0.0)
        if s["temperature_auto"]:
            temperature = -(self.log_alpha * (log_prob + s["target_entropy"]).detach()).mean()
            self.optimisers["temperature"].zero_grad()
            temperature.backward()
            self.optimisers["temperature"].step()
        for target, critic_network in zip(self.targets, self.critics):
            self.polyak(target, critic_network)
        return dict(critic=sum(critic), value=torch.tensor(0.0), policy=policy, temperature=temperature,
                    alpha=torch.tensor(alpha), entropy=-log_prob.mean())

    def update(self, number, batch):
        s = self.s
        shape = (s["batch_size"], s["action_size"])
        noise = normal(s["seed"], UPDATE_NOISE, number, *shape)
        if s["algorithm"] == 1:
            return self.update_v1(batch, noise)
        return self.update_v2(batch, noise, normal(s["seed"], TARGET_NOISE, number, *shape))

    def networks(self):
        named = {"policy": self.policy.net, "critic_1": self.critics[0], "critic_2": self.critics[1]}
        if self.s["algorithm"] == 1:
            named.update(value=self.value, value_target=self.value_target)
        else:
            named.update(critic_target_1=self.targets[0], critic_target_2=self.targets[1])
        return named


def make_batch(s, number):
    B, O, A = s["batch_size"], s["observation_size"], s["action_size"]

    def numbers(purpose, columns, low, high):
        return torch.tensor([[single(low + (high - low) * unit(words(s["seed"], purpose, number, r, c)[0]))
                              for c in range(columns)] for r in range(B)])

    return {
        "observation": numbers(BATCH, O, -1.5, 1.5),
        "next_observation": numbers(BATCH + 1, O, -1.5, 1.5),
        "action": numbers(BATCH + 2, A, -1, 1),
        "reward": numbers(BATCH + 3, 1, -2, 2).squeeze(-1),
        "not_terminated": torch.tensor([0.0 if r % 3 == 2 else 1.0 for r in range(B)]),
    }


def run(case):
    """Lines of numbers, each with a name: settings, first parameters, then batch and results per update."""
    s = {**COMMON, **CASES[case]}
    agent = Agent(s)
    lines = [(name, [value]) for name, value in s.items()]
    lines += [(f"start/{name}", flat(network)) for name, network in agent.networks().items()]
    for number in range(UPDATES):
        batch = make_batch(s, number)
        lines += [(f"{number}/{name}", value.reshape(-1).tolist()) for name, value in batch.items()]
        losses = agent.update(number, batch)
        lines += [(f"{number}/loss/{name}", [value.item()]) for name, value in losses.items()]
        lines += [(f"{number}/{name}", flat(network)) for name, network in agent.networks().items()]
    return lines


def compare(path, lines):
    stored = [line.split() for line in path.read_text().splitlines()]
    if [line[0] for line in stored] != [name for name, _ in lines]:
        return f"{path.name}: other names"
    for (name, values), line in zip(lines, stored):
        old = [float(x) for x in line[1:]]
        if len(old) != len(values) or any(abs(a - b) > 1e-7 * max(1, abs(a)) for a, b in zip(old, values)):
            return f"{path.name}: {name} differs"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=pathlib.Path)
    parser.add_argument("--compare", type=pathlib.Path)
    arguments = parser.parse_args()
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    failures = []
    for case in CASES:
        lines = run(case)
        if arguments.write:
            text = "".join(" ".join([name, *(f"{x:.9g}" for x in values)]) + "\n" for name, values in lines)
            (arguments.write / f"{case}.txt").write_text(text)
        if arguments.compare:
            failures.append(compare(arguments.compare / f"{case}.txt", lines))
    for failure in filter(None, failures):
        print(failure, file=sys.stderr)
    return 1 if any(failures) else 0


if __name__ == "__main__":
    sys.exit(main())
