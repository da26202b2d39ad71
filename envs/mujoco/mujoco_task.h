/* What Gymnasium's MuJoCo tasks share: models, options, stepping, states. A task is a table of numbers,
 * options and functions; see half_cheetah.c. */
#ifndef MUJOCO_TASK_H
#define MUJOCO_TASK_H

#include "../envs.h"
#include "../task_ops.h"
#include "mujoco_options.h"

#include <mujoco/mujoco.h>
#include <softac/env_random.h>
#include <stdbool.h>

enum { MUJOCO_NAMED_BODIES = 3 };

/* One environment as its task sees it. */
struct mujoco_scene {
    const mjModel *model;
    const mjData *data;
    const struct mujoco_settings *settings;
    const int *body; /* (MUJOCO_NAMED_BODIES) numbers of the task's named bodies */
    int skipped;     /* of struct mujoco_task */
};

/* One step as a task judges it. */
struct mujoco_outcome {
    const struct mujoco_scene *scene; /* after the step */
    const float *action;              /* (action_size) as given, not clipped */
    const double *observation;        /* (observation_size) after the step */
    double velocity;                  /* of what `track` tells, over the step */
};

struct mujoco_task {
    struct sac_env_spec spec;            /* observation_size with the options' defaults */
    const struct mujoco_option *options; /* frame_skip is in each task's */
    const char *model;                   /* file name among Gymnasium's */
    int bodies, sites; /* of the model, with the world; a model of another size is refused */
    const char *body[MUJOCO_NAMED_BODIES]; /* names, found in the model; NULL: fewer */
    int skipped;         /* positions that the option exclude_current_positions_... leaves out */
    bool contact_forces; /* cfrc_ext is read */
    /* Add the reset noise to qpos (nq) and qvel (nv), which hold the model's initial state. */
    void (*perturb)(const struct mujoco_scene *scene, double *qpos, double *qvel,
                    struct sac_env_stream *stream);
    void (*observe)(const struct mujoco_scene *scene, double *observation);
    /* The coordinate whose velocity the task is about; NULL: qpos[0]. */
    double (*track)(const struct mujoco_scene *scene);
    /* Write the reward, return whether the task ended. */
    bool (*judge)(const struct mujoco_outcome *outcome, double *reward);
};

/* --- what several tasks do --- */

/* Reset noise of reset_noise_scale: uniform in both, or uniform in qpos and normal in qvel. */
void mujoco_perturb_uniform(const struct mujoco_scene *scene, double *qpos, double *qvel,
                            struct sac_env_stream *stream);
void mujoco_perturb_normal(const struct mujoco_scene *scene, double *qpos, double *qvel,
                           struct sac_env_stream *stream);
/* Add uniform numbers from [-bound, bound) to x (n). */
void mujoco_add_uniform(double *x, int64_t n, double bound, struct sac_env_stream *stream);

/* Write count numbers of x, clipped, as an observation's next; returns where it goes on. NaN stays NaN. */
double *mujoco_copy_clipped(double *observation, const double *x, int64_t count, struct mujoco_range range);
/* Positions, without the first `skipped` if the option says so, then velocities clipped; returns the same. */
double *mujoco_observe_state(const struct mujoco_scene *scene, struct mujoco_range velocities,
                             double *observation);
extern const struct mujoco_range mujoco_unclipped;

bool mujoco_is_within(double x, struct mujoco_range range); /* ends excluded */

/* Where named body a is, less where b is; how far they are apart. */
void mujoco_subtract_bodies(const struct mujoco_scene *scene, int a, int b, double apart[3]);
double mujoco_distance(const struct mujoco_scene *scene, int a, int b);

/* Sum of squares in NumPy's order; at most 128. */
double mujoco_sum_squares(const double *x, int count);
/* weight times the squared action, all of it in float32 as Gymnasium's action is. */
double mujoco_action_cost(const struct mujoco_outcome *outcome, double weight);

/* Reward of a runner: weighted velocity and health less `cost`. Returns whether the episode ends. */
bool mujoco_judge_runner(const struct mujoco_outcome *outcome, bool healthy, double cost, double *reward);

/* --- a task's table --- */

int mujoco_spec(const struct mujoco_task *task, const char *const *options, struct sac_env_spec *spec,
                char *error);
int mujoco_create(const struct mujoco_task *task, const struct sac_env_create *create, void **instance,
                  char *error);

/* The other functions of the table. */
int mujoco_reset(void *instance, int32_t count, const int32_t *which, float *observation,
                 size_t observation_stride, char *error);
int mujoco_step(void *instance, const struct sac_env_step *step, char *error);
void mujoco_destroy(void *instance);
int mujoco_reset_to(void *instance, int32_t index, const double *position, const double *velocity,
                    float *observation, char *error);
size_t mujoco_state_size(void *instance);
int mujoco_get_state(void *instance, int32_t index, void *state, char *error);
int mujoco_set_state(void *instance, int32_t index, const void *state, char *error);
int mujoco_observe_double(void *instance, int32_t index, double *observation, char *error);

/* For benchmarks: what environment `index` simulates, and with which model. */
const mjData *mujoco_simulation(const void *instance, int32_t index, const mjModel **model);

/* Define the table NAME of the environment ID, from its `task`. */
#define MUJOCO_OPS(name, env_id, task)                                                                       \
    TASK_OPS(mujoco, name, env_id, task, .observe_double = mujoco_observe_double)

#endif
