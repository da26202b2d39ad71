/* What is fed with any bytes: by libFuzzer (make fuzz) and by tests/test_fuzz.c's own mutations. Each aborts
 * when a promise is broken, and leaves nothing allocated. */
#ifndef SAC_FUZZ_TARGETS_H
#define SAC_FUZZ_TARGETS_H

#include <stddef.h>
#include <stdint.h>

void fuzz_settings(const uint8_t *data, size_t size);      /* "key=value" */
void fuzz_configuration(const uint8_t *data, size_t size); /* a YAML file */
void fuzz_policy(const uint8_t *data, size_t size);        /* a policy.safetensors file */

#endif
