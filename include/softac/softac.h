/* softac: soft actor-critic on many-core CPUs. Includes everything that is public. */
#ifndef SOFTAC_SOFTAC_H
#define SOFTAC_SOFTAC_H

#include <softac/env.h>
#include <softac/policy.h>
#include <softac/settings.h>
#include <softac/status.h>
#include <softac/trainer.h>

#endif
