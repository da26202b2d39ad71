"""Act with a trained policy from Python, by ctypes alone.
usage: python3 act.py POLICY.safetensors OBSERVATION...   (prints the action; $SOFTAC: libsoftac.so elsewhere)"""
import ctypes
import os
import sys
from ctypes import POINTER, byref, c_bool, c_char_p, c_float, c_int, c_uint64, c_void_p

softac = ctypes.CDLL(os.environ.get("SOFTAC", "libsoftac.so.0"))
softac.sac_last_error.restype = c_char_p
softac.sac_policy_load.argtypes = [c_char_p, POINTER(c_void_p)]
softac.sac_policy_destroy.argtypes = [c_void_p]
softac.sac_policy_observation_size.argtypes = softac.sac_policy_action_size.argtypes = [c_void_p]
softac.sac_policy_act.argtypes = [c_void_p, POINTER(c_float), c_int, POINTER(c_float), c_bool, c_uint64, c_uint64]


def check(status):
    if status:
        sys.exit(softac.sac_last_error().decode())


policy = c_void_p()
check(softac.sac_policy_load(sys.argv[1].encode(), byref(policy)))
observation = [float(word) for word in sys.argv[2:]]
if len(observation) != softac.sac_policy_observation_size(policy):
    sys.exit(f"expected {softac.sac_policy_observation_size(policy)} numbers, got {len(observation)}")
action = (c_float * softac.sac_policy_action_size(policy))()
check(softac.sac_policy_act(policy, (c_float * len(observation))(*observation), 1, action, True, 0, 0))
print(*(f"{a:.6f}" for a in action))
softac.sac_policy_destroy(policy)
