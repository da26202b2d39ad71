/* In builds with --enable-ordering-mutants alone: which acquire or release is left out. SOFTAC_WEAKEN is its
 * label, I_ACQUIRE or I_RELEASE for one half of an acq_rel. What is left behind is relaxed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomics.h"

#define WHOLE_RELEASE(label) {#label, SAC_RELEASE_##label},
#define WHOLE_ACQUIRE(label) {#label, SAC_ACQUIRE_##label},
#define HALVES(label)                                                                                        \
    {#label "_ACQUIRE", SAC_ACQ_REL_##label}, {#label "_RELEASE", SAC_ACQ_REL_##label##_RELEASE},

static const struct {
    const char *name;
    unsigned label;
} mutants[] = {SAC_RELEASE_LABELS(WHOLE_RELEASE) SAC_ACQUIRE_LABELS(WHOLE_ACQUIRE)
                   SAC_ACQ_REL_LABELS(HALVES)};

unsigned sac_weakened = SAC_NO_LABEL;

/* Before main, so that no ordering is used before. A label that does not exist would prove nothing: it ends
 * the program. */
__attribute__((constructor)) static void choose_mutant(void)
{
    const char *name = getenv("SOFTAC_WEAKEN");
    if (!name)
        return;
    for (size_t i = 0; i < sizeof mutants / sizeof *mutants; i++)
        if (strcmp(name, mutants[i].name) == 0)
            sac_weakened = mutants[i].label;
    if (sac_weakened == SAC_NO_LABEL) {
        fprintf(stderr, "SOFTAC_WEAKEN=%s: no acquire or release has that label (src/labels.h)\n", name);
        abort();
    }
}
