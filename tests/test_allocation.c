/* In steady state nothing of ours allocates in the env threads' step loop or the learner's update loop.
 *
 * Linked with --wrap for the allocation functions, so that calls from our own objects, and not those of
 * libraries, are counted; and with jemalloc, whose per-thread counters also see what libraries take on an env
 * thread. */
#include <softac/softac.h>

#include <check.h>
#include <jemalloc/jemalloc.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "learner.h"
#include "memory.h"
#include "point_mass.h"
#include "suite.h"

static _Atomic int64_t our_allocations;
/* Main looks at the machine once a second while others work, and may allocate for it. */
static _Thread_local bool is_main;

static void count_call(void)
{
    if (!is_main)
        our_allocations++;
}

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
int __real_posix_memalign(void **memory, size_t alignment, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t bytes);

void *__wrap_malloc(size_t bytes)
{
    count_call();
    return __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    count_call();
    return __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    count_call();
    return __real_realloc(memory, bytes);
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    count_call();
    return __real_aligned_alloc(alignment, bytes);
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t bytes)
{
    count_call();
    return __real_posix_memalign(memory, alignment, bytes);
}

/* Bytes the calling thread has allocated so far, by anybody's code. No ck_assert here, nor between two looks
 * at a counter: Check is linked statically, and its own allocations would count as ours. */
static uint64_t thread_allocated(void)
{
    uint64_t bytes = 0;
    size_t size = sizeof bytes;
    if (mallctl("thread.allocated", &bytes, &size, NULL, 0))
        abort();
    return bytes;
}

/* The instruments work: one byte moves both. Without this the tests below would prove nothing. */
START_TEST(a_byte_is_seen)
{
    const uint64_t before = thread_allocated();
    const int64_t calls = our_allocations;
    void *volatile byte = malloc(1);
    const uint64_t after = thread_allocated();
    void *block = sac_allocate(1);
    const int64_t calls_after = our_allocations;
    ck_assert_uint_gt(after, before);
    ck_assert_int_eq(calls_after, calls + 2);
    free(byte);
    sac_free(block);
}
END_TEST

enum { STEADY_FROM = 150, STEADY_TO = 550 }; /* calls of step() on each env thread */

static _Thread_local int calls;
static _Thread_local uint64_t thread_before;
static _Atomic uint64_t taken_on_env_threads;
static _Atomic int64_t ours_before, ours_after;

/* Runs inside every env thread's step(). */
static void probe(void)
{
    if (++calls == STEADY_FROM) {
        thread_before = thread_allocated();
        ours_before = our_allocations;
    }
    if (calls == STEADY_TO) {
        taken_on_env_threads += thread_allocated() - thread_before;
        ours_after = our_allocations;
    }
}

/* A whole run, env threads and learner: between its 150th and 550th rounds no call of ours, no byte on env
 * threads. */
START_TEST(a_run_allocates_nothing)
{
    struct sac_settings s;
    sac_settings_default(&s);
    s.mode = _i & 1 ? SAC_LOCKSTEP : SAC_ASYNC;
    s.algorithm = _i & 2 ? SAC_V1 : SAC_V2;
    s.environments = 4;
    s.steps = 4 * (STEADY_TO + 10);
    s.warmup_steps = 100;
    s.replay_capacity = 1000;
    s.hidden_layers = 1;
    s.hidden[0] = 16;
    s.batch_size = 16;
    s.eval_every = 0;
    s.eval_episodes = 1;
    const struct sac_machine machine = {.env_threads = 2, .learner_threads = 2};
    struct sac_trainer *trainer = NULL;
    point_mass_clear();
    point_mass_probe = probe;
    taken_on_env_threads = 0;
    ours_before = ours_after = -1;
    ck_assert_msg(sac_trainer_create(&s, &machine, &point_mass, NULL, &trainer) == SAC_OK, "%s",
                  sac_last_error());
    is_main = true;
    const enum sac_status status = sac_trainer_run(trainer, NULL);
    is_main = false;
    ck_assert_int_eq(status, SAC_OK);
    sac_trainer_destroy(trainer);
    ck_assert_int_ge(ours_before, 0);
    ck_assert_int_eq(ours_after, ours_before);
    ck_assert_uint_eq(taken_on_env_threads, 0);
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, a_byte_is_seen);
    tcase_add_loop_test(all, a_run_allocates_nothing, 0, 4);
    return suite_run(CK_NOFORK, "allocation", 1, all);
}
