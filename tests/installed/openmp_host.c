/* A host with OpenMP regions of its own around and inside the library's work keeps its number of threads. */
#include "host.h"

#include <omp.h>
#include <stdio.h>

enum { MEMBERS = 3 };

static int members(void)
{
    int count = 0;
#pragma omp parallel
#pragma omp atomic
    count++;
    return count;
}

int main(void)
{
    const struct library l = {sac_settings_default, sac_trainer_create,  sac_trainer_run,
                              sac_trainer_policy,   sac_trainer_destroy, sac_policy_act,
                              sac_policy_destroy,   sac_last_error};
    float alone = 0, beside[MEMBERS] = {0};
    int failed = 0;
    omp_set_dynamic(0);
    omp_set_num_threads(MEMBERS);
    if (members() != MEMBERS)
        return fprintf(stderr, "SKIPPED: OpenMP gives %d threads here\n", members()), 0;
    if (host_train(&l, &alone))
        return fprintf(stderr, "%s\n", sac_last_error()), 1;
    if (omp_get_max_threads() != MEMBERS || members() != MEMBERS)
        return fprintf(stderr, "training left %d threads\n", omp_get_max_threads()), 1;
#pragma omp parallel for reduction(+ : failed)
    for (int i = 0; i < MEMBERS; i++) /* a trainer in each member */
        failed += host_train(&l, &beside[i]) != SAC_OK || memcmp(&alone, &beside[i], sizeof alone);
    if (failed || members() != MEMBERS)
        return fprintf(stderr, "%d trainers inside a region failed, %d threads left\n", failed, members()), 1;
    return 0;
}
