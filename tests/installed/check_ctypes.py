"""A Python host with nothing but ctypes: acts as the file says, trains through callbacks, meets errors as sentences.
usage: check_ctypes.py libsoftac.so POLICY.safetensors"""
import ctypes
import json
import math
import random
import struct
import sys
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_bool, c_char_p, c_double, c_float, c_int, c_int32, c_int64,
                    c_size_t, c_uint8, c_uint32, c_uint64, c_void_p)

path, policy_path = sys.argv[1:]
softac = ctypes.CDLL(path)
softac.sac_last_error.restype = c_char_p
softac.sac_policy_act.argtypes = [c_void_p, POINTER(c_float), c_int, POINTER(c_float), c_bool, c_uint64, c_uint64]


def check(status):
    if status:
        sys.exit(softac.sac_last_error().decode())


def act(policy, observation, actions):
    action = (c_float * actions)()
    check(softac.sac_policy_act(policy, (c_float * len(observation))(*observation), 1, action, True, 0, 0))
    return list(action)


# --- acting: the pass of docs/files.md in plain Python, in double precision ---

with open(policy_path, "rb") as file:
    data = file.read()
end = 8 + struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:end])
meta = header.pop("__metadata__")


def tensor(name):
    begin, stop = header[name]["data_offsets"]
    return struct.unpack(f"<{(stop - begin) // 4}f", data[end + begin:end + stop])


def expected(x):
    for n in range(len(header) // 2):
        weight, bias = tensor(f"policy.{n}.weight"), tensor(f"policy.{n}.bias")
        x = [b + sum(w * v for w, v in zip(weight[o * len(x):], x)) for o, b in enumerate(bias)]
        if 2 * (n + 1) < len(header):
            x = [max(v, 0) if meta["activation"] == "relu" else math.tanh(v) for v in x]
    low, high = json.loads(meta["action_low"]), json.loads(meta["action_high"])
    return [a + (b - a) * (1 + math.tanh(v)) / 2 for a, b, v in zip(low, high, x)]


policy = c_void_p()
check(softac.sac_policy_load(policy_path.encode(), byref(policy)))
size, actions = int(meta["observation_size"]), int(meta["action_size"])
random.seed(1)
worst = 0
for _ in range(100):
    observation = [struct.unpack("f", struct.pack("f", random.uniform(-1, 1)))[0] for _ in range(size)]
    worst = max(worst, *(abs(a - b) for a, b in zip(act(policy, observation, actions), expected(observation))))
softac.sac_policy_destroy(policy)
print(f"ctypes: largest difference of an action {worst:.1e}")
if not worst < 1e-5:
    sys.exit("the library's actions are not what the file says")

# --- errors ---

nowhere = c_void_p()
if softac.sac_policy_load(b"/nowhere", byref(nowhere)) != 3 or b"/nowhere" not in softac.sac_last_error() or nowhere:
    sys.exit(f"a missing file: {softac.sac_last_error()}")

# --- training, the environment in Python ---


class Spec(Structure):
    _fields_ = [("size", c_uint32), ("observation_size", c_int32), ("action_size", c_int32), ("step_limit", c_int32),
                ("action_low", POINTER(c_float)), ("action_high", POINTER(c_float)), ("reward_threshold", c_double),
                ("position_size", c_int32), ("velocity_size", c_int32)]


class Step(Structure):
    _fields_ = [("size", c_uint32), ("count", c_int32), ("action", POINTER(c_float)), ("action_stride", c_size_t),
                ("observation", POINTER(c_float)), ("observation_stride", c_size_t), ("reward", POINTER(c_double)),
                ("terminated", POINTER(c_uint8)), ("truncated", POINTER(c_uint8))]


functions = {
    "spec": CFUNCTYPE(c_int, c_void_p, POINTER(Spec), c_void_p),
    "create": CFUNCTYPE(c_int, c_void_p, POINTER(c_void_p), c_void_p),
    "reset": CFUNCTYPE(c_int, c_void_p, c_int32, POINTER(c_int32), POINTER(c_float), c_size_t, c_void_p),
    "step": CFUNCTYPE(c_int, c_void_p, POINTER(Step), c_void_p),
    "destroy": CFUNCTYPE(None, c_void_p),
}


class Ops(Structure):
    _fields_ = [("abi", c_uint32), ("size", c_uint32), ("id", c_char_p), *functions.items(),
                *((name, c_void_p) for name in
                  ("reset_to", "state_size", "get_state", "set_state", "render", "observe_double"))]


class Settings(Structure):
    _fields_ = [("steps", c_int64), ("seed", c_uint64), ("mode", c_int), ("environments", c_int),
                ("eval_every", c_int64), ("eval_episodes", c_int), ("rest", c_uint8 * 4096)]


low, high = (c_float * 1)(-1), (c_float * 1)(1)
places = {}  # instance -> where its points are


def spec(options, out, error):
    out[0] = Spec(ctypes.sizeof(Spec), 1, 1, 10, low, high, math.nan, 0, 0)
    return 0


def create(make, instance, error):
    number = len(places) + 1
    places[number] = {}
    instance[0] = number
    return 0


def reset(instance, count, which, observation, stride, error):
    for i in range(count):
        observation[which[i] * stride] = places[instance][which[i]] = 1.0
    return 0


def step(instance, s, error):
    s = s[0]
    for j in range(s.count):
        places[instance][j] += s.action[j * s.action_stride] / 5
        s.observation[j * s.observation_stride] = places[instance][j]
        s.reward[j] = -abs(places[instance][j])
        s.terminated[j] = s.truncated[j] = 0
    return 0


def destroy(instance):
    del places[instance]


ops = Ops(1, ctypes.sizeof(Ops), b"Python-v0",
          *(kind(function) for kind, function in zip(functions.values(), (spec, create, reset, step, destroy))))
settings = Settings()
softac.sac_settings_default(byref(settings))
settings.steps, settings.eval_episodes = 1200, 2
trainer = c_void_p()
check(softac.sac_trainer_create(byref(settings), None, byref(ops), None, byref(trainer)))
check(softac.sac_trainer_run(trainer, None))
if softac.sac_trainer_run(trainer, None) != 7:
    sys.exit(f"a second run: {softac.sac_last_error()}")
check(softac.sac_trainer_policy(trainer, byref(policy)))
if not -1 <= act(policy, [1.0], 1)[0] <= 1:
    sys.exit("an action beyond its bounds")
softac.sac_policy_destroy(policy)
softac.sac_trainer_destroy(trainer)
if places:
    sys.exit("instances were not destroyed")
print("ctypes: trained an environment in Python")
