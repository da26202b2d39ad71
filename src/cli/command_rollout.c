/* softac rollout: what an environment does from a given state under given actions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../environment.h"
#include "../environment_call.h"
#include "../environment_instance.h"
#include "../error.h"
#include "command.h"
#include "rollout_files.h"
#include "sources.h"

struct request {
    const char *state, *actions, *out;
    const char *words[MOST_WORDS]; /* ENV, then env.NAME=VALUE */
    int word_count;
    struct env_words making;
    int episode, env_timeout;
};

struct rollout {
    const struct sac_env_ops *ops;
    struct sac_instance instance;
    double *position, *velocity, *exact; /* exact (observation_size): what is printed */
    float *observation, *actions;
    size_t rows; /* of actions */
    int episode; /* of the environment's life */
};

static enum sac_status open_environment(struct rollout *r, const struct request *request)
{
    struct env_options options;
    enum sac_status status = sac_environment_find(request->words[0], &r->ops);
    if (status)
        return status;
    status = env_options_make(&options, r->ops->id, &request->making);
    if (!status)
        status = options_add_words(&options, r->ops->id, NULL, request->words + 1, request->word_count - 1);
    const struct sac_env_create create = {.size = sizeof create, .environments = 1, .options = options.list};
    r->instance = (struct sac_instance){.ops = r->ops, .part = ""};
    if (!status)
        status = sac_environment_spec(r->ops, options.list, &r->instance.spec);
    if (!status && !r->ops->reset_to)
        status = sac_fail(SAC_ENV, "%s can not start from a given state: it has no reset_to", r->ops->id);
    if (!status)
        status = sac_instance_create(&r->instance, &create);
    env_options_free(&options);
    return status;
}

static enum sac_status read_input(struct rollout *r, const struct request *request)
{
    const size_t observations = (size_t)r->instance.spec.observation_size;
    r->position = calloc((size_t)r->instance.spec.position_size + 1, sizeof *r->position);
    r->velocity = calloc((size_t)r->instance.spec.velocity_size + 1, sizeof *r->velocity);
    r->exact = calloc(observations, sizeof *r->exact);
    r->observation = calloc(observations, sizeof *r->observation);
    if (!r->position || !r->velocity || !r->exact || !r->observation)
        return sac_fail(SAC_NOMEM, "no memory for one state of %s", r->ops->id);
    const enum sac_status status =
        rollout_read_state(request->state, &r->instance.spec, r->position, r->velocity);
    return status
               ? status
               : rollout_read_actions(request->actions, r->instance.spec.action_size, &r->actions, &r->rows);
}

static void print_head(const struct rollout *r, FILE *out)
{
    fputs("step", out);
    for (int32_t i = 0; i < r->instance.spec.observation_size; i++)
        fprintf(out, ",obs_%d", i);
    fputs(",reward,terminated,truncated\n", out);
}

static enum sac_status print_observation(struct rollout *r, size_t step, FILE *out)
{
    enum sac_status status = SAC_OK;
    for (int32_t i = 0; i < r->instance.spec.observation_size; i++)
        r->exact[i] = (double)r->observation[i];
    if (r->ops->observe_double)
        status = sac_instance_observe_double(&r->instance, 0, r->exact);
    fprintf(out, "%zu", step);
    for (int32_t i = 0; i < r->instance.spec.observation_size; i++)
        fprintf(out, ",%.17g", r->exact[i]);
    return status;
}

/* It goes on after `terminated`, and there is no step limit: comparing is the reader's business. */
static enum sac_status play(struct rollout *r, FILE *out)
{
    double reward;
    uint8_t terminated, truncated;
    struct sac_env_step step = {.size = sizeof step,
                                .count = 1,
                                .observation = r->observation,
                                .reward = &reward,
                                .terminated = &terminated,
                                .truncated = &truncated};
    static const int32_t zero = 0;
    enum sac_status status = SAC_OK;
    for (int i = 1; i < r->episode && !status; i++)
        status = sac_instance_reset(&r->instance, 1, &zero, r->observation, 0);
    if (!status)
        status = sac_instance_reset_to(&r->instance, 0, r->position, r->velocity, r->observation);
    if (status)
        return status;
    print_head(r, out);
    status = print_observation(r, 0, out);
    fputs(",,,\n", out);
    for (size_t row = 0; row < r->rows && !status; row++) {
        step.action = r->actions + row * (size_t)r->instance.spec.action_size;
        status = sac_instance_step(&r->instance, &step);
        if (status)
            return status;
        status = print_observation(r, row + 1, out);
        fprintf(out, ",%.17g,%d,%d\n", reward, terminated != 0, truncated != 0);
    }
    return status;
}

/* In place, not by renaming: the path may be a device or a pipe. */
static enum sac_status write_text(const char *path, const char *text, size_t size)
{
    FILE *out = fopen(path, "w");
    bool failed = !out || fwrite(text, 1, size, out) != size;
    failed |= out && fclose(out) != 0;
    return failed ? sac_fail(SAC_IO, "%s: cannot be written: %s", path, strerror(errno)) : SAC_OK;
}

/* The whole table is made before any of it is written, so that a failure leaves no half of one. */
static enum sac_status play_and_write(struct rollout *r, const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return sac_fail(SAC_NOMEM, "no memory for the table");
    enum sac_status status = play(r, out);
    if (fclose(out) && !status)
        status = sac_fail(SAC_NOMEM, "no memory for a table of %zu rows", r->rows);
    if (!status && path)
        status = write_text(path, text, size);
    else if (!status)
        fwrite(text, 1, size, stdout); /* main() reports what did not arrive */
    free(text);
    return status;
}

static enum sac_status rollout(const struct request *request)
{
    struct rollout r = {.episode = request->episode};
    enum sac_status status = open_environment(&r, request);
    if (!status)
        status = read_input(&r, request);
    if (!status)
        status = play_and_write(&r, request->out);
    (void)sac_instance_destroy(&r.instance);
    free(r.position);
    free(r.velocity);
    free(r.exact);
    free(r.observation);
    free(r.actions);
    return status;
}

static int run(int argc, char **argv)
{
    struct request request = {.episode = 1, .env_timeout = SAC_CALL_PATIENCE};
    const struct option options[] = {
        {"--state", OPTION_TEXT, "F", &request.state,
         "JSON: {\"qpos\": [...], \"qvel\": [...]}; classic tasks {\"state\": [...]}"},
        {"--actions", OPTION_TEXT, "F", &request.actions,
         "CSV, no header: a row per step, environment units"},
        {"--episode", OPTION_COUNT, "N", &request.episode, "which it is in the environment's life [1]"},
        {"--out", OPTION_TEXT, "F", &request.out, "write there [standard output]"},
        ENV_OPTIONS(request.making),
        {"--env-timeout", OPTION_SECONDS, "S", &request.env_timeout, ENV_TIMEOUT_HELP},
        {0},
    };
    const struct usage usage = {
        .command = "rollout",
        .form = "ENV [env.NAME=VALUE ...] --state F --actions F",
        .text =
            "Start an episode at the given state, replay the actions, and print a table: step, observation,\n"
            "reward, terminated, truncated. It goes on after terminated and knows no step limit.\n",
        .options = options,
    };
    int taken = arguments_take(&usage, argc, argv, request.words, MOST_WORDS, &request.word_count);
    if (taken == ARGUMENTS_TAKEN)
        taken = arguments_check_env_words("rollout", request.words + 1, request.word_count - 1);
    if (taken != ARGUMENTS_TAKEN)
        return taken;
    if (request.word_count == 0)
        return say_usage("rollout", "expected an environment");
    if (!request.state || !request.actions)
        return say_usage("rollout", "expected %s and a file", request.state ? "--actions" : "--state");
    watchdog_start("rollout", request.env_timeout);
    const enum sac_status status = rollout(&request);
    return status ? say_failure("rollout", status) : EXIT_DONE;
}

const struct command command_rollout = {"rollout", "replay actions from a given state", run};
