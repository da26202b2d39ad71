/* Ties together what the machine is (topology), who else is there (neighbours, machine_load) and what follows
 * from it (placement). */
#include "machine_share.h"

#include <math.h>
#include <stdio.h>

#include "error.h"
#include "machine_load.h"
#include "memory.h"
#include "neighbours.h"

/* CPUs that every machine is busy with by itself, and that counting by ticks may be off. */
static const double BACKGROUND = 0.1;

struct sac_machine_share {
    struct sac_topology *topology;
    struct sac_neighbourhood *hood; /* NULL: the run is over */
    struct sac_placement *placement;
    struct sac_machine_load load;
    double capacity;
    int sharing;
};

static enum sac_status choose(struct sac_machine_share *s, const struct sac_placement_request *asked)
{
    struct sac_placement_request request = *asked;
    s->hood = sac_neighbourhood_enter(sac_neighbourhood_folder(), s->topology);
    if (!s->hood)
        return sac_fail(SAC_NOMEM, "no memory to look at other runs on %d cores", s->topology->cores);
    request.neighbours = sac_neighbourhood_known(s->hood);
    const enum sac_status status = sac_placement_create(s->topology, &request, &s->placement);
    if (status != SAC_OK)
        return status;
    s->sharing = s->placement->sharing;
    s->capacity = sac_placement_capacity(s->topology, request.neighbours);
    sac_neighbourhood_tell(s->hood, s->placement, s->sharing, 0);
    sac_machine_load_begin(&s->load, s->topology);
    return SAC_OK;
}

enum sac_status sac_machine_share_create(const struct sac_placement_request *request,
                                         struct sac_machine_share **share)
{
    struct sac_machine_share *s = sac_allocate(sizeof *s);
    if (!s)
        return sac_fail(SAC_NOMEM, "no memory to look at the machine");
    enum sac_status status = sac_topology_read(&s->topology);
    if (status == SAC_OK)
        status = choose(s, request);
    if (status != SAC_OK) {
        sac_machine_share_destroy(s);
        return status;
    }
    *share = s;
    return SAC_OK;
}

void sac_machine_share_destroy(struct sac_machine_share *share)
{
    if (!share)
        return;
    sac_neighbourhood_leave(share->hood);
    sac_placement_destroy(share->placement);
    sac_topology_destroy(share->topology);
    sac_free(share);
}

const struct sac_placement *sac_machine_share_placement(const struct sac_machine_share *share)
{
    return share->placement;
}

double sac_machine_share_capacity(const struct sac_machine_share *share)
{
    return share->capacity;
}

int sac_machine_share_sharing(const struct sac_machine_share *share)
{
    return share->sharing;
}

bool sac_machine_share_neighbours(const struct sac_machine_share *share, char *sentence, size_t size)
{
    sac_neighbours_describe(sac_neighbourhood_known(share->hood), share->topology, sentence, size);
    return *sentence != '\0';
}

static void describe(const struct sac_machine_share *s, const struct sac_neighbours *n,
                     const struct sac_duty *duty, char *sentence, size_t size)
{
    char runs[48] = "", programs[48] = "";
    if (n->runs > 0)
        snprintf(runs, sizeof runs, ", other runs %.3g", n->cores);
    if (n->programs > 0)
        snprintf(programs, sizeof programs, ", other programs %.3g", n->programs);
    snprintf(sentence, size,
             "%d of %d learner threads work%s now: of %.3g CPUs the environments take %.3g beside them%s%s%s",
             s->sharing, s->placement->learner_threads, s->sharing == 1 ? "s" : "",
             sac_topology_capacity(s->topology), sac_placement_env_duty(duty, s->sharing), runs, programs,
             duty->others > 0 ? ", an evaluation one more" : "");
}

bool sac_machine_share_follow(struct sac_machine_share *s, const struct sac_duty *duty, char *sentence,
                              size_t size)
{
    sac_neighbourhood_look(s->hood);
    struct sac_neighbours n = *sac_neighbourhood_known(s->hood);
    n.programs = fmax(0, sac_machine_load_look(&s->load, s->topology) - n.cores - BACKGROUND);
    s->capacity = sac_placement_capacity(s->topology, &n);
    const int sharing = sac_placement_team(s->capacity, s->placement->learner_threads, duty);
    if (sharing == s->sharing)
        return false;
    s->sharing = sharing;
    describe(s, &n, duty, sentence, size);
    return true;
}

void sac_machine_share_tell(struct sac_machine_share *s, double env_busy)
{
    sac_neighbourhood_tell(s->hood, s->placement, s->sharing, env_busy);
}

void sac_machine_share_end(struct sac_machine_share *s)
{
    sac_neighbourhood_leave(s->hood);
    s->hood = NULL;
}
