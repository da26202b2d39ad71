/* Why own barriers: libgomp's are unknown to ThreadSanitizer, and a parallel region per job would cost more
 * than a job. So the whole run is one region in which each member waits for the leader's calls (O, P) and
 * the leader for its answers (Q, R). Who waits looks again for a while (SPIN_NS), as jobs follow each other
 * quickly, and then sleeps in a gate. Call and gate are each member's own, so one who is not called for a
 * while sleeps through what the others do. */
#include "team.h"

#include <omp.h>
#include <stdbool.h>
#include <stddef.h>

#include "assertion.h"
#include "atomics.h"
#include "error.h"
#include "gate.h"
#include "memory.h"
#include "thread.h"

/* Who waits goes on looking for as long as waking a sleeper costs: at worst the wait is twice as dear then,
 * and the parts of a job, which are never of quite the same length, end without a sleep in between. */
enum { SPIN_NS = 100000, LOOKS = 32 /* between two looks at the clock */ };

struct member {
    /* written by: the leader (release, O); read by: the member (acquire, P) */
    _Alignas(SAC_CACHE_LINE) _Atomic uint32_t called; /* to how many jobs so far */
    struct sac_gate gate;                             /* the member sleeps here */
    /* written by: the member (release, Q); read by: the leader (acquire, R) */
    _Alignas(SAC_CACHE_LINE) _Atomic uint32_t done; /* the call it has answered last */
    uint32_t calls;                                 /* the leader's own: what it last stored as `called` */
};

struct sac_team {
    int members;
    int present; /* how many the region got; written by the leader at its start, 1 outside */
    bool spins;  /* constant; false: more members than CPUs, looking would only keep others from working */
    const struct sac_cpu_list *place; /* (members) or NULL: not bound; constant inside the region */
    struct member *member;
    /* written by: anybody; read by: the leader. Relaxed: no data goes with it */
    _Atomic int wanted; /* how many are to share a job */

    /* written by: the leader, before O; read by: members, after P */
    void (*job)(void *context, int task); /* NULL: the region ends */
    void *context;
    int tasks;
    int sharing;                                        /* members 0 .. sharing-1 have a part in this job */
    _Alignas(SAC_CACHE_LINE) struct sac_gate done_gate; /* the leader sleeps here */
};

/* --- making and freeing --- */

enum sac_status sac_team_create(int members, struct sac_team **team)
{
    SAC_ASSERT(members >= 1);
    struct sac_team *t = sac_allocate(sizeof *t);
    if (t)
        t->member = sac_allocate((size_t)members * sizeof *t->member);
    if (!t || !t->member) {
        sac_team_destroy(t);
        return sac_fail(SAC_NOMEM, "no memory for a team of %d", members);
    }
    t->members = members;
    t->present = 1;
    sac_store_relaxed(wanted, &t->wanted, members); /* before threads start */
    t->spins = members <= sac_cpu_count();
    *team = t;
    return SAC_OK;
}

void sac_team_destroy(struct sac_team *team)
{
    if (team)
        sac_free(team->member);
    sac_free(team);
}

int sac_team_members(const struct sac_team *team)
{
    return team->members;
}

void sac_team_resize(struct sac_team *team, int sharing)
{
    SAC_ASSERT(sharing >= 1 && sharing <= team->members);
    sac_store_relaxed(wanted, &team->wanted, sharing);
}

void sac_team_bind(struct sac_team *team, const struct sac_cpu_list *place)
{
    team->place = place;
}

/* --- waiting --- */

static bool spin(bool (*ready)(void *context), void *context)
{
    const uint64_t end = sac_time_ns() + SPIN_NS;
    do {
        for (int look = 0; look < LOOKS; look++) {
            if (ready(context))
                return true;
            sac_pause();
        }
    } while (sac_time_ns() < end);
    return false;
}

static void wait_for(struct sac_team *team, struct sac_gate *gate, bool (*ready)(void *context),
                     void *context)
{
    if (!team->spins || !spin(ready, context))
        sac_gate_wait(gate, ready, NULL, context);
}

struct waiter {
    struct member *member;
    uint32_t call; /* waits for this one */
};

static bool is_called(void *context)
{
    const struct waiter *w = context;
    return sac_load_acquire(P, &w->member->called) == w->call; /* pairs with O */
}

static bool all_are_done(void *context)
{
    const struct sac_team *t = context;
    for (int m = 1; m < t->sharing; m++)
        if (sac_load_acquire(R, &t->member[m].done) != t->member[m].calls) /* pairs with Q */
            return false;
    return true;
}

/* --- jobs --- */

static void run_share(struct sac_team *team, int member)
{
    for (int task = member; task < team->tasks; task += team->sharing)
        team->job(team->context, task);
}

/* All are called before any is woken: waking costs a system call, which those who look need not wait for. */
static void call(struct sac_team *team, void (*job)(void *context, int task), void *context, int tasks,
                 int sharing)
{
    team->job = job;
    team->context = context;
    team->tasks = tasks;
    team->sharing = sharing;
    for (int m = 1; m < sharing; m++)
        sac_store_release(O, &team->member[m].called, ++team->member[m].calls); /* pairs with P */
    for (int m = 1; m < sharing; m++)
        sac_gate_wake(&team->member[m].gate);
}

/* A member's life. A job of NULL ends it: then the leader is not woken, for it waits in the region's end, and
 * nothing of the team is touched any more. */
static void serve(struct sac_team *team, int index)
{
    struct member *member = &team->member[index];
    struct waiter waiter = {member, sac_load_relaxed(done, &member->done)}; /* its own */
    for (bool end = false; !end;) {
        waiter.call++;
        wait_for(team, &member->gate, is_called, &waiter);
        end = !team->job;
        if (!end)
            run_share(team, index);
        sac_store_release(Q, &member->done, waiter.call); /* pairs with R */
        if (!end)
            sac_gate_wake(&team->done_gate);
    }
}

/* No more members than are needed to be done as soon: 8 tasks take 7 members as long as 4. */
static int fewest(int tasks, int members)
{
    const int each = (tasks + members - 1) / members;
    return (tasks + each - 1) / each;
}

void sac_team_run(struct sac_team *team, void (*job)(void *context, int task), void *context, int tasks)
{
    const int wanted = sac_load_relaxed(wanted, &team->wanted);
    const int sharing = fewest(tasks, wanted < team->present ? wanted : team->present);
    if (sharing == 1) {
        for (int task = 0; task < tasks; task++)
            job(context, task);
        return;
    }
    call(team, job, context, tasks, sharing);
    run_share(team, 0);
    wait_for(team, &team->done_gate, all_are_done, team);
}

/* OMP_DYNAMIC and OMP_MAX_ACTIVE_LEVELS of the caller's environment would make the team smaller than asked
 * for. (OMP_THREAD_LIMIT can not be changed: sac_team_limit.) */
static void allow_all_members(void)
{
    omp_set_dynamic(0);
    if (omp_get_max_active_levels() < 1)
        omp_set_max_active_levels(1);
}

int sac_team_limit(void)
{
    return omp_get_thread_limit();
}

void sac_team_enter(struct sac_team *team, void (*lead)(void *context), void *context)
{
    SAC_ASSERT(team->present == 1);
    allow_all_members();
#pragma omp parallel num_threads(team->members)
    {
        const int index = omp_get_thread_num();
        if (team->place)
            sac_thread_bind(team->place[index].cpu, team->place[index].count);
        else
            sac_thread_unbind();
        omp_set_num_threads(1); /* a member opens no team of its own, neither does oneDNN */
        if (index == 0) {
            team->present = omp_get_num_threads();
            lead(context);
            call(team, NULL, NULL, 0, team->present);
        } else {
            serve(team, index);
        }
    }
    /* The region's end has joined the members; this look (R) tells ThreadSanitizer, which does not know. */
    SAC_ASSERT(all_are_done(team));
    team->present = 1;
}
