/* A placement as a picture made of letters, and as JSON. */
#ifndef SAC_DRAWING_H
#define SAC_DRAWING_H

#include <jansson.h>

#include "../placement.h"

/* Lines of text: the cores around each L3 cache, and who may run on their hardware threads. */
json_t *drawing_lines(const struct sac_topology *topology, const struct sac_placement *placement);

/* Cores by package, NUMA node and L3 cache; limits; the CPUs of each thread. */
json_t *drawing_json(const struct sac_topology *topology, const struct sac_placement *placement);

#endif
