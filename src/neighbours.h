/* Other runs of softac on this machine, whoever's: each leaves a note of the cores it takes. It is a courtesy
 * and no more: where notes can not be left or read, runs do not know of each other, and none is stopped by
 * it. */
#ifndef SAC_NEIGHBOURS_H
#define SAC_NEIGHBOURS_H

#include <stdbool.h>

#include "run_note.h"
#include "topology.h"

enum { SAC_NEIGHBOURS_NAMED = 4 };

/* What other runs take of the cores that we may use. */
struct sac_neighbours {
    int runs;        /* those that take any */
    double cores;    /* they keep busy together */
    double quota;    /* CPU time per time that they take of our quota */
    double programs; /* cores that programs other than these runs keep busy, as far as known */
    double *load;    /* (topology's cores) of each core, up to 1 */
    bool *learning;  /* (topology's cores) a thread of a learner's team works there */
    int process[SAC_NEIGHBOURS_NAMED]; /* of the first ones */
};

struct sac_neighbourhood;

/* The folder where notes lie: SOFTAC_SHARED_DIR of the environment if that is set, else one that all users
 * of the machine share. "": runs do not tell each other. */
const char *sac_neighbourhood_folder(void);

/* Read the notes in `folder`. Runs that start at the same moment do so one after the other: until
 * sac_neighbourhood_tell or _leave, for a moment at most. `topology` is kept. NULL: no memory. */
struct sac_neighbourhood *sac_neighbourhood_enter(const char *folder, const struct sac_topology *topology);
/* Also removes its note. Takes NULL. */
void sac_neighbourhood_leave(struct sac_neighbourhood *hood);

/* What was read last; the neighbourhood's. */
const struct sac_neighbours *sac_neighbourhood_known(const struct sac_neighbourhood *hood);
/* Read again. */
void sac_neighbourhood_look(struct sac_neighbourhood *hood);
/* Leave our note, or renew it. While the process lives others heed it, however it ends. */
void sac_neighbourhood_tell(struct sac_neighbourhood *hood, const struct sac_placement *placement,
                            int learning, double env_busy);

/* "4 of 16 cores are taken by another run (process 1234)"; "" if there is none. */
void sac_neighbours_describe(const struct sac_neighbours *neighbours, const struct sac_topology *topology,
                             char *sentence, size_t size);

#endif
