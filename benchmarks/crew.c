/* Choosing cores and pinning threads to them. */
#include "crew.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cpu_order.h"
#include "error.h"
#include "team.h"

struct bench_crew {
    int threads;
    bool pinned;
    struct sac_team *team;
    cpu_set_t allowed;           /* at first */
    cpu_set_t chosen;            /* the members' CPUs */
    int cpu[BENCH_MOST_WATCHED]; /* (threads) */
    int id[BENCH_MOST_WATCHED];  /* (threads) kernel ids; each written by its member */
};

/* ---- sets of CPUs ---- */

static bool has(const cpu_set_t *set, int cpu)
{
    return CPU_ISSET((size_t)cpu, set);
}

static void add(cpu_set_t *set, int cpu)
{
    CPU_SET((size_t)cpu, set);
}

/* ---- choosing ---- */

static enum sac_status choose_cpus(struct bench_crew *crew)
{
    int *cpu, count;
    const enum sac_status status = bench_cpus_read(&cpu, &count);
    if (status != SAC_OK)
        return status;
    crew->pinned = sched_getaffinity(0, sizeof crew->allowed, &crew->allowed) == 0 && count >= crew->threads;
    for (int member = 0; crew->pinned && member < crew->threads; member++) {
        crew->cpu[member] = cpu[member];
        add(&crew->chosen, crew->cpu[member]);
    }
    free(cpu);
    return SAC_OK;
}

/* ---- pinning ---- */

static void pin_member(void *context, int member)
{
    struct bench_crew *crew = context;
    crew->id[member] = (int)gettid();
    if (crew->pinned) {
        cpu_set_t own;
        CPU_ZERO(&own);
        add(&own, crew->cpu[member]);
        sched_setaffinity(0, sizeof own, &own);
    }
}

void bench_crew_gather(struct bench_crew *crew)
{
    bench_crew_run(crew, crew->threads, pin_member, crew);
}

void bench_crew_surround(struct bench_crew *crew)
{
    if (crew->pinned)
        sched_setaffinity(0, sizeof crew->chosen, &crew->chosen);
}

void bench_crew_scatter(struct bench_crew *crew)
{
    if (crew->pinned)
        sched_setaffinity(0, sizeof crew->allowed, &crew->allowed);
}

/* ---- the crew ---- */

enum sac_status bench_crew_create(int threads, struct bench_crew **crew)
{
    struct bench_crew *c = calloc(1, sizeof *c);
    if (c == NULL)
        return sac_fail(SAC_NOMEM, "no memory for %d threads", threads);
    c->threads = threads;
    enum sac_status status = choose_cpus(c);
    if (status == SAC_OK)
        status = sac_team_create(threads, &c->team);
    if (status != SAC_OK) {
        free(c);
        return status;
    }
    *crew = c;
    return SAC_OK;
}

void bench_crew_destroy(struct bench_crew *crew)
{
    if (crew == NULL)
        return;
    bench_crew_scatter(crew);
    sac_team_destroy(crew->team);
    free(crew);
}

int bench_crew_threads(const struct bench_crew *crew)
{
    return crew->threads;
}

bool bench_crew_pinned(const struct bench_crew *crew)
{
    return crew->pinned;
}

int bench_crew_cpu(const struct bench_crew *crew, int thread)
{
    return crew->cpu[thread];
}

struct work {
    struct sac_team *team;
    int members;
    void (*job)(void *context, int member);
    void *context;
};

static void lead(void *context)
{
    const struct work *work = context;
    sac_team_run(work->team, work->job, work->context, work->members);
}

/* One member is the caller alone, without opening a region. */
void bench_crew_run(struct bench_crew *crew, int members, void (*job)(void *context, int member),
                    void *context)
{
    struct work work = {crew->team, members, job, context};
    if (members == 1)
        job(context, 0);
    else
        sac_team_enter(crew->team, lead, &work);
}

/* ---- watching ---- */

/* Add the CPUs of cpu's core, those outside the affinity mask included: a list such as "0,8" or "0-1". */
static void add_siblings(cpu_set_t *set, int cpu)
{
    char path[128];
    int first;
    add(set, cpu);
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    FILE *file = fopen(path, "re");
    for (int separator = ','; file != NULL && separator == ',' && fscanf(file, "%d", &first) == 1;) {
        int last = first;
        separator = fgetc(file);
        if (separator == '-' && fscanf(file, "%d", &last) == 1)
            separator = fgetc(file);
        for (int c = first; c <= last && c < CPU_SETSIZE; c++)
            add(set, c);
    }
    if (file != NULL)
        fclose(file);
}

static void watch_cpus(struct bench_watch *watch, const cpu_set_t *cpus)
{
    for (int cpu = 0; cpu < CPU_SETSIZE && watch->cpus < BENCH_MOST_WATCHED; cpu++) {
        if (has(cpus, cpu))
            watch->cpu[watch->cpus++] = cpu;
    }
}

void bench_crew_watch(const struct bench_crew *crew, int members, struct bench_watch *watch)
{
    *watch = (struct bench_watch){.threads = members, .leader_works = members == 1};
    cpu_set_t cpus = crew->allowed;
    if (members > 0 && crew->pinned) {
        CPU_ZERO(&cpus);
        for (int m = 0; m < members; m++)
            add_siblings(&cpus, crew->cpu[m]);
    }
    for (int m = 0; m < members; m++)
        watch->thread[m] = crew->id[m];
    watch_cpus(watch, &cpus);
}
