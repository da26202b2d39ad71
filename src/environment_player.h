/* An instance with rows of its own to play in, laid out so that whatever an environment writes where it must
 * not can be seen: rows wider than needed, marked bits in between and around. For environment_check.c. */
#ifndef SAC_ENVIRONMENT_PLAYER_H
#define SAC_ENVIRONMENT_PLAYER_H

#include "environment_instance.h"

struct sac_player {
    struct sac_instance instance;
    int32_t count; /* environments */
    size_t action_stride, observation_stride;
    float *action, *observation; /* (count, stride), inside marked memory */
    double *reward;              /* (count) */
    uint8_t *terminated, *truncated;
    int64_t *taken; /* (count) steps of each: with its number, what its actions depend on */
    int32_t *age;   /* (count) steps since its reset */
    void *memory[5];
};

/* What came out of playing: (steps, count) rows of observation, reward, terminated, truncated. */
struct sac_trail {
    int32_t first, count; /* environments */
    int32_t observation_size;
    int steps;
    double *values;
};

/* SAC_ENV if the environment fails. Close it in any case. */
enum sac_status sac_player_open(struct sac_player *player, const struct sac_instance *instance,
                                const struct sac_env_create *create);
enum sac_status sac_player_close(struct sac_player *player); /* the status of destroy() */

/* Mark all rows, so that what is written next can be told. */
void sac_player_mark(struct sac_player *player);
/* After `function`: in the rows of environments listed in which[0 .. count-1] everything that belongs to an
 * observation was written, and nothing else anywhere (results of a step: nothing beyond `results` rows).
 * SAC_ENV with where. */
enum sac_status sac_player_look(const struct sac_player *player, const char *function, int32_t count,
                                const int32_t *which, int32_t results);

enum sac_status sac_player_reset(struct sac_player *player, int32_t count, const int32_t *which);
enum sac_status sac_player_reset_all(struct sac_player *player);
/* One step of environments 0 .. count-1, each with the action that its number and its count of steps give:
 * bounds held for a while, or anything within them. */
enum sac_status sac_player_step(struct sac_player *player, int32_t count);

/* The same with the actions that stand in `action`; counts nothing. */
enum sac_status sac_player_apply(struct sac_player *player, int32_t count);

/* Step all, `steps` times, restarting what ended or has lasted long enough. `trail`, where not NULL, gets
 * what came out, from its row `at` on. */
enum sac_status sac_player_play(struct sac_player *player, int steps, struct sac_trail *trail, int at);

enum sac_status sac_trail_make(struct sac_trail *trail, const struct sac_player *player, int steps);
void sac_trail_free(struct sac_trail *trail);

/* SAC_ENV unless environment `number` did the same in both: says where, and what `a` and `b` were. */
enum sac_status sac_trail_compare(const struct sac_trail *a, const char *is_a, const struct sac_trail *b,
                                  const char *is_b, int32_t number);

#endif
