/* softac eval: play episodes with a policy and tell the returns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <softac/policy.h>
#include <softac/trainer.h>

#include "../environment.h"
#include "../environment_call.h"
#include "../policy.h"
#include "command.h"
#include "report.h"
#include "sources.h"

struct request {
    const char *environment;
    const char *words[MOST_WORDS]; /* DIR|POLICY, then env.NAME=VALUE */
    int word_count;
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
    struct env_words making = request->making;
    if (!strcmp(ops->id, sac_policy_environment(policy))) { /* as it was made for the training */
        making.gym_module = making.gym_module ? making.gym_module : policy->gym_module;
        making.gym_kwargs = making.gym_kwargs ? making.gym_kwargs : policy->gym_kwargs;
    }
    enum sac_status status = env_options_make(&options, ops->id, &making);
    if (!status)
        status = options_add_words(&options, ops->id, request->words[0], request->words + 1,
                                   request->word_count - 1);
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
    enum sac_status status = policy_load_word(request->words[0], &policy);
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
        .form = "DIR|POLICY [env.NAME=VALUE ...]",
        .text =
            "Play episodes with the policy of a run directory, or of a policy.safetensors file. Options of\n"
            "the environment are those of the run directory's config.yaml and, over them, those given "
            "here.\n",
        .options = options,
    };
    int taken = arguments_take(&usage, argc, argv, request.words, MOST_WORDS, &request.word_count);
    if (taken == ARGUMENTS_TAKEN)
        taken = arguments_check_env_words("eval", request.words + 1, request.word_count - 1);
    if (taken != ARGUMENTS_TAKEN)
        return taken;
    if (request.word_count == 0)
        return say_usage("eval", "expected a run directory or a policy file");
    watchdog_start("eval", request.env_timeout);
    const enum sac_status status = load_and_evaluate(&request);
    return status ? say_failure("eval", status) : EXIT_DONE;
}

const struct command command_eval = {"eval", "play episodes with a trained policy", run};
