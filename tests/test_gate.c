/* Gates: nobody sleeps through a wake-up, and nobody is woken for nothing. */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "cgroup.h"
#include "gate.h"
#include "suite.h"
#include "thread.h"

struct counter {
    struct sac_gate gate;
    _Atomic int value, target, looks, sleeps;
    struct sac_slept slept;
};

static bool reached(void *context)
{
    struct counter *c = context;
    sac_add_relaxed(test, &c->looks, 1);
    return sac_load_relaxed(test, &c->value) >= sac_load_relaxed(test, &c->target);
}

static void note_sleep(void *context)
{
    struct counter *c = context;
    sac_add_relaxed(test, &c->sleeps, 1);
}

static bool never(void *context)
{
    (void)context;
    return false;
}

static void *wait_for_target(void *context)
{
    struct counter *c = context;
    sac_gate_wait(&c->gate, reached, note_sleep, c);
    return NULL;
}

static void *wait_timed(void *context)
{
    struct counter *c = context;
    sac_gate_wait_timed(&c->gate, reached, note_sleep, c, &c->slept);
    return NULL;
}

static void await_sleepers(struct counter *c, int count)
{
    while (sac_load_relaxed(test, &c->sleeps) < count)
        sched_yield();
}

/* A condition that holds already costs one look, no sleep and no time. */
START_TEST(ready_at_once)
{
    struct counter c = {.target = 0};
    sac_gate_wait_timed(&c.gate, reached, note_sleep, &c, &c.slept);
    ck_assert_uint_eq(sac_slept_ns(&c.slept, sac_time_ns()), 0);
    ck_assert_int_eq(c.looks, 1);
    ck_assert_int_eq(c.sleeps, 0);
    ck_assert_uint_eq(c.gate.word, 0);
}
END_TEST

/* A sleep is counted while it lasts, not only when it is over; afterwards the count stands still. */
START_TEST(sleep_is_counted_while_it_lasts)
{
    struct counter c = {.target = 1};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_timed, &c), 0);
    await_sleepers(&c, 1);
    const uint64_t first = sac_slept_ns(&c.slept, sac_time_ns());
    while (sac_slept_ns(&c.slept, sac_time_ns()) < first + 1000000)
        sched_yield();
    sac_store_relaxed(test, &c.value, 1);
    sac_gate_wake(&c.gate);
    pthread_join(thread, NULL);
    const uint64_t slept = sac_slept_ns(&c.slept, sac_time_ns()), now = sac_time_ns();
    ck_assert_uint_ge(slept, first + 1000000);
    while (sac_time_ns() == now)
        ;
    ck_assert_uint_eq(sac_slept_ns(&c.slept, sac_time_ns()), slept);
    sac_store_relaxed(test, &c.target, 2);
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_timed, &c), 0);
    await_sleepers(&c, 2);
    ck_assert_uint_ge(sac_slept_ns(&c.slept, sac_time_ns()), slept);
    sac_store_relaxed(test, &c.value, 2);
    sac_gate_wake(&c.gate);
    pthread_join(thread, NULL);
    ck_assert_uint_gt(sac_slept_ns(&c.slept, sac_time_ns()), slept);
}
END_TEST

/* One wake releases every sleeper. */
START_TEST(wakes_all)
{
    struct counter c = {.target = 1};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, wait_for_target, &c), 0);
    await_sleepers(&c, 3);
    sac_store_relaxed(test, &c.value, 1);
    sac_gate_wake(&c.gate);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(c.gate.word & 1u, 0);
}
END_TEST

/* Waking an empty gate steps the sequence and leaves no bit behind. */
START_TEST(wake_without_sleepers)
{
    struct sac_gate gate = {0};
    sac_gate_wake(&gate);
    sac_gate_wake_if(&gate, never, NULL);
    ck_assert_uint_eq(gate.word, 4);
}
END_TEST

/* A wake that is not wanted leaves the sleeper's bit, so that the wanted one after it still finds it. */
START_TEST(unwanted_wake_keeps_the_bit)
{
    struct counter c = {.target = 1};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_target, &c), 0);
    await_sleepers(&c, 1);
    sac_gate_wake_if(&c.gate, never, NULL);
    ck_assert_uint_eq(c.gate.word & 1u, 1);
    sac_store_relaxed(test, &c.value, 1);
    sac_gate_wake(&c.gate);
    pthread_join(thread, NULL);
}
END_TEST

/* A wait with a time limit gives up when the condition never holds, and reports when it does. */
START_TEST(gives_up_after_timeout)
{
    struct counter c = {.target = 1};
    const uint64_t start = sac_time_ns();
    ck_assert(!sac_gate_wait_for(&c.gate, reached, &c, 2000000));
    ck_assert_uint_ge(sac_time_ns() - start, 2000000);
    c.value = 1;
    ck_assert(sac_gate_wait_for(&c.gate, reached, &c, 0));
}
END_TEST

#define ROUNDS 20000

struct pair {
    struct counter side[2];
};

struct player {
    struct pair *pair;
    int side;
};

static void *play(void *context)
{
    const struct player *p = context;
    struct counter *mine = &p->pair->side[p->side], *other = &p->pair->side[1 - p->side];
    for (int round = 1; round <= ROUNDS; round++) {
        if (p->side == 1) {
            sac_store_relaxed(test, &mine->target, round);
            sac_gate_wait(&mine->gate, reached, NULL, mine);
        }
        sac_store_relaxed(test, &other->value, round);
        sac_gate_wake(&other->gate);
        if (p->side == 0) {
            sac_store_relaxed(test, &mine->target, round);
            sac_gate_wait(&mine->gate, reached, NULL, mine);
        }
    }
    return NULL;
}

/* Two threads that wait for each other in turn never get stuck (a lost wake-up would hang here). */
START_TEST(ping_pong)
{
    struct pair pair = {0};
    struct player players[2] = {{&pair, 0}, {&pair, 1}};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, play, &players[1]), 0);
    play(&players[0]);
    pthread_join(thread, NULL);
    ck_assert_int_eq(pair.side[0].value, ROUNDS);
    ck_assert_int_eq(pair.side[1].value, ROUNDS);
}
END_TEST

/* The affinity mask and control groups, not the machine's size, say how many CPUs there are. */
START_TEST(cpu_count_follows_affinity)
{
    cpu_set_t before, one;
    ck_assert_int_eq(sched_getaffinity(0, sizeof before, &before), 0);
    ck_assert_int_eq(sac_cpu_count(), (int)fmin(CPU_COUNT(&before), ceil(sac_cgroup_cpus(""))));
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &before))
            CPU_SET(cpu, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    ck_assert_int_eq(sac_cpu_count(), 1);
    ck_assert_int_eq(sched_setaffinity(0, sizeof before, &before), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("gate");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, ready_at_once);
    tcase_add_test(tc, sleep_is_counted_while_it_lasts);
    tcase_add_test(tc, wakes_all);
    tcase_add_test(tc, wake_without_sleepers);
    tcase_add_test(tc, unwanted_wake_keeps_the_bit);
    tcase_add_test(tc, gives_up_after_timeout);
    tcase_add_test(tc, ping_pong);
    tcase_add_test(tc, cpu_count_follows_affinity);
    return suite_run(CK_FORK_GETENV, "gate", 1, tc);
}
