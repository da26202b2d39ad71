/* The task file of a model of one's own: what is observed, what is rewarded, when an episode ends. Its form
 * is described in docs/environments.md. Nothing here knows MuJoCo: whether a model has what is named is found
 * when mjcf_task.h puts both together. */
#ifndef MJCF_FILE_H
#define MJCF_FILE_H

#include <stddef.h>
#include <stdint.h>

/* Where numbers come from, as MuJoCo calls it: a joint's position or velocity, a sensor, an actuator. */
enum mjcf_source { MJCF_QPOS, MJCF_QVEL, MJCF_SENSOR, MJCF_CTRL, MJCF_SOURCES, MJCF_CONSTANT = MJCF_SOURCES };

/* What is made of each number x, the target already taken from it; the norm is one of all. */
enum mjcf_function { MJCF_VALUE, MJCF_ABS, MJCF_SQUARE, MJCF_SIN, MJCF_COS, MJCF_NORM };

enum mjcf_section { MJCF_OBSERVATION, MJCF_REWARD, MJCF_TERMINATION, MJCF_RESET_NOISE, MJCF_SECTIONS };

struct mjcf_item {
    size_t line;
    char *name; /* of a reward or a reason to end; NULL in the other sections */
    enum mjcf_source source;
    char **names; /* (count) joints, sensors or actuators; count 0: all that there are */
    int count;
    int component; /* the one number of each that counts; -1: all */
    enum mjcf_function function;
    double target, weight;
    double low, high; /* range */
};

struct mjcf_file {
    char *name; /* for sentences */
    int32_t frame_skip, step_limit;
    double reward_threshold; /* NaN: none */
    char *keyframe;          /* where episodes begin; NULL: the model's qpos0 */
    size_t keyframe_line;
    struct mjcf_list {
        struct mjcf_item *item;
        int count;
    } section[MJCF_SECTIONS];
};

/* Read the text of a file named `name`. Fails with file, line, key, value and remedy in
 * error[SAC_ENV_ERROR_SIZE]; then there is nothing to free. */
int mjcf_file_parse(const char *name, const char *text, size_t size, struct mjcf_file *file, char *error);
void mjcf_file_free(struct mjcf_file *file);

/* "qpos", "reward" and so on, as the file has them. */
const char *mjcf_source_name(enum mjcf_source source);
const char *mjcf_section_name(enum mjcf_section section);

/* A sentence about an item, behind file, line, section and name; returns 1. */
int mjcf_item_fail(const struct mjcf_file *file, enum mjcf_section section, const struct mjcf_item *item,
                   char *error, const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
