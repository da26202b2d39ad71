/* One Python process that holds the environments of an instance, and the memory shared with it. */
#ifndef GYM_WORKER_H
#define GYM_WORKER_H

#include "../envs.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum gym_command { GYM_STEP = 1, GYM_RESET = 2, GYM_CLOSE = 3, GYM_RESET_TO = 4, GYM_COMMANDS };

/* The head of the shared memory; gym_worker.py reads it by these places. A side writes it only while the
 * other waits at its bell, and a bell (an eventfd) is rung after writing: the kernel orders both. The two
 * counters end a wait early: where the processor keeps the order of stores (x86) without the bell, which then
 * stays rung, so that what was rung is not what counts. */
struct gym_block {
    _Alignas(64) _Atomic uint64_t asked;    /* by us: commands so far */
    _Alignas(64) _Atomic uint64_t answered; /* by the worker: answers so far, the first when it is ready */
    _Alignas(64) int32_t command;
    int32_t count, environments, observation_size, action_size, step_limit, failed, position_size,
        velocity_size, doubles; /* doubles: observations are such, else floats */
    double reward_threshold;
    uint64_t action, observation, reward, terminated, truncated, which, seed, state, size; /* offsets */
    char sentence[SAC_ENV_ERROR_SIZE];                                                     /* if it failed */
};

/* What is to be made: strings stay the caller's. */
struct gym_words {
    const char *id, *module, *kwargs; /* the last two may be NULL */
};

/* How answers are awaited: gym_worker.c. Times in nanoseconds. */
struct gym_pace {
    int64_t asked, answered;         /* when, last */
    int64_t usual_ns[GYM_COMMANDS];  /* from one to the other, of late; 0: not known */
    int64_t paid_ns;                 /* looks that paid in a row */
    int32_t leave_out, leave_out_by; /* so many looks now, so many after the next one that does not pay */
};

struct gym_worker {
    pid_t pid; /* 0: none */
    int memory, request_bell, answer_bell;
    int ended; /* its wait status, once it has died */
    struct gym_pace pace;
    uint64_t answers;
    struct gym_block *block; /* NULL: none */
    size_t size;             /* mapped */
};

enum gym_outcome { GYM_DONE, GYM_FAILED, GYM_DIED }; /* GYM_FAILED: a sentence is in `error` */

/* Start it and wait until its environments are made. environments 0: one is made to tell what it is, and the
 * sizes and bounds stand in the block; else `spec` tells what they must be. */
int gym_worker_start(struct gym_worker *worker, const struct gym_words *words, int32_t environments,
                     const struct sac_env_spec *spec, char *error);
enum gym_outcome gym_worker_call(struct gym_worker *worker, enum gym_command command, int32_t count,
                                 char *error);
/* How it died: "was killed by signal 9 (Killed)". */
void gym_worker_end_words(const struct gym_worker *worker, char *text, size_t size);
/* Takes one that never started or that has died. */
void gym_worker_stop(struct gym_worker *worker);

static inline void *gym_worker_array(const struct gym_worker *worker, uint64_t offset)
{
    return (char *)worker->block + offset;
}

#endif
