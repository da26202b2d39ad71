/* The governor keeps gradient updates per environment step exact: whoever is ahead sleeps, nothing is
 * dropped.
 *
 * async:    env threads take tickets; a ticket t for K steps runs when t + K <= warm-up + floor(u / UTD) +
 * environments; a round of R updates starts when steps >= warm-up + ceil((u + R) / UTD) - ceil(R / UTD). So
 * -(R + UTD) < UTD (steps - warm-up) - u <= UTD environments until the last update, after which env threads
 * take the rest of the steps (UTD (steps - warm-up) - u < R then). lockstep: every environment steps once,
 * then the learner updates until floor(UTD (steps - warm-up)), in whole rounds of R; then the next round of
 * steps. Both end after exactly `steps` environment steps and floor(UTD (steps - warm-up) / R) * R updates.
 */
#ifndef SAC_GOVERNOR_H
#define SAC_GOVERNOR_H

#include <stdbool.h>
#include <stdint.h>

#include <softac/settings.h>

#include "replay.h"

struct sac_governor;

/* Rows a ring may grow between two grants: 2 (slack of both sides) + 2 environments (docs/memory-model.md).
 */
int64_t sac_governor_guard(const struct sac_settings *settings);

enum sac_status sac_governor_create(const struct sac_settings *settings, int env_threads,
                                    struct sac_replay *replay, struct sac_governor **governor);
void sac_governor_destroy(struct sac_governor *governor); /* takes NULL */

/* --- env thread `thread` --- */
struct sac_ticket {
    int64_t first_step; /* number in the run of the first step granted */
    int count; /* environments 0 .. count-1 of the thread may step once; 0: the run is over for this thread */
};
/* Take a ticket for the thread's environments and wait until it may run: allowed by the updates done, and
 * room for two rows in every ring. Parks at a safe point while one is asked for. */
struct sac_ticket sac_governor_take(struct sac_governor *governor, int thread);
/* The ticket's steps are appended. */
void sac_governor_stepped(struct sac_governor *governor, int thread, const struct sac_ticket *ticket);
/* The thread leaves early (an error) with a ticket it did not use. async: others take its steps; lockstep:
 * the run stops, as its round can not be completed. */
void sac_governor_give_back(struct sac_governor *governor, const struct sac_ticket *ticket);

/* --- learner --- */
/* Wait until a round of R updates may start (granting replay permissions while it waits), true; or until the
 * run is over: all steps and updates made, or stopped, false. After true, sac_replay_grant has been called
 * and the replay holds a transition. */
bool sac_governor_turn(struct sac_governor *governor);
/* The round's updates are done and their policy is published. */
void sac_governor_updated(struct sac_governor *governor);

/* --- anybody --- */
void sac_governor_stop(struct sac_governor *governor); /* also from a signal handler */
bool sac_governor_stopped(const struct sac_governor *governor);
int64_t sac_governor_steps(const struct sac_governor *governor); /* appended so far */
uint64_t sac_governor_updates(const struct sac_governor *governor);
/* Both as they were at one moment. */
void sac_governor_counts(const struct sac_governor *governor, int64_t *steps, uint64_t *updates);
/* Nanoseconds slept up to now_ns, a present sac_time_ns(), for the other side or for room: by all env threads
 * together, and by the learner. */
uint64_t sac_governor_env_wait(const struct sac_governor *governor, uint64_t now_ns);
uint64_t sac_governor_learner_wait(const struct sac_governor *governor, uint64_t now_ns);

/* --- main thread: safe points --- */
/* Ask every env thread and the learner to park (lockstep: at a round's end) and wait until all have, or have
 * left. Their state may then be read by the caller until it calls sac_governor_resume, also if the run is
 * stopped in between. False, and nobody parked, if the run was stopped before. */
bool sac_governor_pause(struct sac_governor *governor);
/* The same; calls each_second(context) while it waits, which may stop the run. */
bool sac_governor_pause_watched(struct sac_governor *governor, void (*each_second)(void *context),
                                void *context);
void sac_governor_resume(struct sac_governor *governor);

#endif
