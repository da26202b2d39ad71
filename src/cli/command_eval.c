/* softac eval: play episodes with a policy and tell the returns. */
#include <stdio.h>
#include <stdlib.h>

#include <softac/policy.h>
#include <softac/trainer.h>

#include "../environment.h"
#include "../environment_call.h"
#include "command.h"
#include "report.h"

struct request {
    const char *policy, *environment;
    struct env_words making;
    int episodes, env_timeout;
    uint64_t seed;
    bool stochastic, json;
};

static enum sac_status evaluate(const struct request *request, const struct sac_policy *policy,
                                const struct sac_env_ops *ops)
{
    struct env_options options;
    struct sac_evaluation evaluation;
    enum sac_status status = env_options_make(&options, ops->id, &request->making);
    if (!status)
        status = sac_evaluate(policy, ops, options.list, request->episodes, request->seed,
                              !request->stochastic, &evaluation);
    env_options_free(&options);
    if (status)
        return status;
    if (request->json)
        report_line(report_evaluation(&evaluation, ops->id));
    else
        report_words(stdout, &evaluation, ops->id);
    free((void *)evaluation.returns);
    return SAC_OK;
}

static enum sac_status load_and_evaluate(const struct request *request)
{
    struct sac_policy *policy = NULL;
    const struct sac_env_ops *ops;
    enum sac_status status = policy_load_word(request->policy, &policy);
    if (!status)
        status = sac_environment_find(
            request->environment ? request->environment : sac_policy_environment(policy), &ops);
    if (!status)
        status = evaluate(request, policy, ops);
    sac_policy_destroy(policy);
    return status;
}

static int run(int argc, char **argv)
{
    struct request request = {.episodes = 10, .env_timeout = SAC_CALL_PATIENCE};
    const struct option options[] = {
        {"--env", OPTION_TEXT, "ENV", &request.environment, "play this one [the one it was trained on]"},
        {"--episodes", OPTION_COUNT, "N", &request.episodes, "how many [10]"},
        {"--seed", OPTION_SEED, "S", &request.seed, "of the episodes and actions [0]"},
        {"--stochastic", OPTION_FLAG, NULL, &request.stochastic, "draw actions instead of taking the mean"},
        {"--json", OPTION_FLAG, NULL, &request.json, "print JSON"},
        ENV_OPTIONS(request.making),
        {"--env-timeout", OPTION_SECONDS, "S", &request.env_timeout, ENV_TIMEOUT_HELP},
        {0},
    };
    const struct usage usage = {
        .command = "eval",
        .form = "DIR|POLICY",
        .text = "Play episodes with the policy of a run directory, or of a policy.safetensors file.\n",
        .options = options,
    };
    const char *word;
    int words;
    const int taken = arguments_take(&usage, argc, argv, &word, 1, &words);
    if (taken != ARGUMENTS_TAKEN)
        return taken;
    if (words != 1)
        return say_usage("eval", "expected a run directory or a policy file");
    request.policy = word;
    watchdog_start("eval", request.env_timeout);
    const enum sac_status status = load_and_evaluate(&request);
    return status ? say_failure("eval", status) : EXIT_DONE;
}

const struct command command_eval = {"eval", "play episodes with a trained policy", run};
