/* A model of one's own together with its task file: every name found, every number's place known. */
#ifndef MJCF_TASK_H
#define MJCF_TASK_H

#include "../envs.h"
#include "mjcf_file.h"

#include <mujoco/mujoco.h>
#include <softac/env_random.h>
#include <stdbool.h>

/* An item of the task file, found in the model. */
struct mjcf_term {
    const struct mjcf_item *item;
    int *address; /* (count) places in its source's array */
    int count;
};

struct mjcf_noise {
    double low, high;
};

/* Never changed once it is loaded, so threads share it. */
struct mjcf_task {
    struct mjcf_file file;
    mjModel *model;
    struct sac_env_spec spec;
    float *bounds; /* (2, action_size) */
    int keyframe;  /* -1: none */
    struct mjcf_terms {
        struct mjcf_term *term;
        int count;
    } section[MJCF_RESET_NOISE]; /* those before it: noise is below */
    struct mjcf_noise *noise[2]; /* (velocity_size) of qpos, turns and shifts of its joint; of qvel */
};

/* Read both files. Fails with file, line, key, value and remedy in error[SAC_ENV_ERROR_SIZE]. */
int mjcf_task_load(const char *model_path, const char *task_path, struct mjcf_task **task, char *error);
void mjcf_task_free(struct mjcf_task *task); /* takes NULL */

/* Where episodes begin, without noise; nothing is left of what was before. */
void mjcf_task_start(const struct mjcf_task *task, mjData *data);
void mjcf_task_perturb(const struct mjcf_task *task, mjData *data, struct sac_env_stream *stream);

void mjcf_task_observe(const struct mjcf_task *task, const mjData *data, double *observation);
double mjcf_term_reward(const struct mjcf_term *term, const mjData *data);
double mjcf_task_reward(const struct mjcf_task *task, const mjData *data);
bool mjcf_task_ends(const struct mjcf_task *task, const mjData *data);

#endif
