/* What a run tells other runs on its machine: a short text. */
#ifndef SAC_RUN_NOTE_H
#define SAC_RUN_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "placement.h"

enum {
    SAC_NOTE_CPUS = 8192,     /* numbers of CPUs are below that */
    SAC_NOTE_BYTES = 96 << 10 /* a longer text is no note: two lists of that many numbers fit */
};

struct sac_cpu_bits {
    uint64_t word[SAC_NOTE_CPUS / 64];
};

/* As it is read. */
struct sac_run_note {
    int process;
    int learning;      /* learner threads that work now */
    double busy;       /* CPUs that its env threads keep busy */
    uint64_t group;    /* the control group whose quota it is under; 0: none */
    int learner_count; /* CPUs in each of these */
    int env_count;
    struct sac_cpu_bits learner; /* of those that work */
    struct sac_cpu_bits env;
};

static inline bool sac_cpu_bits_has(const struct sac_cpu_bits *bits, int cpu)
{
    return cpu >= 0 && cpu < SAC_NOTE_CPUS && (bits->word[cpu / 64] >> (cpu % 64) & 1u);
}

/* Any bytes: false, and `note` is of no use, unless they are a whole note. `text` has a zero byte behind its
 * `size` bytes. */
bool sac_run_note_parse(const char *text, size_t size, struct sac_run_note *note);

/* What a run writes. */
struct sac_run_told {
    int process, learning;
    double busy;
    uint64_t group;
    struct sac_cpu_list learner, env; /* the leader's first */
};

/* The text, with a zero byte behind; its length, or 0 if it does not fit. Numbers have a fixed width: while
 * the lists stay, so does the length, and a text can be written over. */
size_t sac_run_note_print(const struct sac_run_told *told, char *text, size_t size);

#endif
