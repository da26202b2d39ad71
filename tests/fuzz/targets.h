/* What is fed with any bytes: by libFuzzer (make fuzz) and by tests/test_fuzz.c's own mutations. Each aborts
 * when a promise is broken, and leaves nothing allocated. */
#ifndef SAC_FUZZ_TARGETS_H
#define SAC_FUZZ_TARGETS_H

#include <stddef.h>
#include <stdint.h>

void fuzz_settings(const uint8_t *data, size_t size);      /* "key=value" */
void fuzz_configuration(const uint8_t *data, size_t size); /* a YAML file */
void fuzz_policy(const uint8_t *data, size_t size);        /* a policy.safetensors file */
void fuzz_state(const uint8_t *data, size_t size);         /* a state for rollout */
void fuzz_actions(const uint8_t *data, size_t size);       /* actions for rollout */
void fuzz_results(const uint8_t *data, size_t size);       /* a file for softac-bench --compare */
void fuzz_note(const uint8_t *data, size_t size);          /* what a run tells others */
void fuzz_task(const uint8_t *data, size_t size);          /* a task file of mjcf:FILE.xml */
void fuzz_cgroup(const uint8_t *data, size_t size); /* mountinfo, cgroup and cpu.max, form feeds between */

#endif
