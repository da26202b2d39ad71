/* What env threads write into the replay, record by record, against the environment's own equations. */
#include <softac/softac.h>

#include <check.h>
#include <math.h>
#include <string.h>

#include "point_mass.h"
#include "replay.h"
#include "safe_point.h"
#include "suite.h"

enum { STEP_LIMIT = 40, ENVIRONMENTS = 6 };

struct walk {
    struct sac_trainer *trainer;
    int visits, steps, terminated, at_limit;
    int environments;
};

static float environment_action(const struct sac_record *r, int d)
{
    return d == 0 ? 2 * r->action[0] : 1 + 2 * r->action[1]; /* bounds (-2, 2) and (-1, 3) */
}

/* The observation of a step record is the one the action led to, also at an episode's end. */
static void check_dynamics(const struct sac_record *before, const struct sac_record *r)
{
    for (int d = 0; d < 2; d++) {
        const float position = before->observation[d] + 0.1f * before->observation[2 + d];
        const float velocity = before->observation[2 + d] + 0.1f * environment_action(r, d);
        ck_assert_float_eq_tol(r->observation[d], position, 1e-5f);
        ck_assert_float_eq_tol(r->observation[2 + d], velocity, 1e-5f);
    }
    ck_assert_float_eq_tol(r->reward, -hypotf(r->observation[0], r->observation[1]), 1e-5f);
}

/* `terminated` is the task's own end and nothing else; `truncated` is the step limit. */
static void check_flags(const struct sac_record *r, int length, struct walk *walk)
{
    const bool far = fabsf(r->observation[0]) > 4 || fabsf(r->observation[1]) > 4;
    ck_assert_int_eq(r->terminated, far);
    ck_assert_int_eq(r->truncated, length == STEP_LIMIT);
    walk->steps++;
    walk->terminated += r->terminated;
    walk->at_limit += r->truncated && !r->terminated;
}

static void walk_ring(const struct sac_replay *replay, int environment, struct walk *walk)
{
    struct sac_record before = {0};
    int length = 0;
    const uint64_t head = sac_replay_head(replay, environment);
    ck_assert_uint_eq(sac_replay_floor(replay, environment), 0);
    for (uint64_t i = 0; i < head; i++) {
        const struct sac_record r = sac_replay_record(replay, environment, i);
        const bool over = i == 0 || before.terminated || before.truncated;
        ck_assert_int_eq(r.start, over);
        length = r.start ? 0 : length + 1;
        if (!r.start) {
            check_dynamics(&before, &r);
            check_flags(&r, length, walk);
        }
        before = r;
    }
}

static void walk_all(void *context, const struct sac_safe_point *p)
{
    struct walk *walk = context;
    walk->visits++;
    walk->steps = walk->terminated = walk->at_limit = 0;
    for (int e = 0; e < walk->environments; e++)
        walk_ring(p->replay, e, walk);
    ck_assert_int_eq(walk->steps, p->steps);
}

static void on_progress(void *context, const struct sac_progress *progress)
{
    struct walk *walk = context;
    if (progress->environment_steps > 900)
        sac_trainer_visit(walk->trainer, walk_all, walk);
}

/* Every record of a run up to a look at it: each episode begins with its first observation, each step's
 * result follows from its predecessor, and the step limit is never taken for the task's end. */
START_TEST(records_are_true)
{
    struct sac_settings s;
    sac_settings_default(&s);
    s.algorithm = SAC_V2;
    s.mode = _i ? SAC_LOCKSTEP : SAC_ASYNC;
    s.steps = 2400;
    s.environments = ENVIRONMENTS;
    s.hidden[0] = s.hidden[1] = 8;
    s.batch_size = 16;
    s.warmup_steps = 2000;
    s.replay_capacity = 50000;
    s.eval_every = 0;
    s.eval_episodes = 1;
    point_mass_clear();
    point_mass_faults.slow_us = 4000; /* so that the run is long enough for looks in between */
    struct walk walk = {.environments = ENVIRONMENTS};
    const struct sac_machine machine = {.env_threads = 2, .learner_threads = 1};
    const struct sac_observer observer = {&walk, on_progress, NULL, NULL};
    ck_assert_msg(sac_trainer_create(&s, &machine, &point_mass, NULL, &walk.trainer) == SAC_OK, "%s",
                  sac_last_error());
    ck_assert_msg(sac_trainer_run(walk.trainer, &observer) == SAC_OK, "%s", sac_last_error());
    sac_trainer_destroy(walk.trainer);
    ck_assert_int_gt(walk.visits, 0);
    ck_assert_int_gt(walk.terminated, 0);
    ck_assert_int_gt(walk.at_limit, 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("env_thread");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, records_are_true, 0, 2);
    return suite_run(CK_FORK_GETENV, "env_thread", 1, tc);
}
