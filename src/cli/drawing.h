/* A placement as a picture made of letters, and as JSON. */
#ifndef SAC_DRAWING_H
#define SAC_DRAWING_H

#include <jansson.h>

#include "../neighbours.h"
#include "../placement.h"

/* Lines of text: what other runs take, the cores around each L3 cache, and who may run on their hardware
 * threads. */
json_t *drawing_lines(const struct sac_topology *topology, const struct sac_placement *placement,
                      const struct sac_neighbours *neighbours);

/* Cores by package, NUMA node and L3 cache, and what other runs take of each; limits; the CPUs of each
 * thread. */
json_t *drawing_json(const struct sac_topology *topology, const struct sac_placement *placement,
                     const struct sac_neighbours *neighbours);

#endif
