/* One gradient update of Soft Actor-Critic: the file to read first.
 *
 *   v1  Haarnoja, Zhou, Abbeel, Levine 2018, "Soft Actor-Critic: Off-Policy Maximum Entropy Deep
 *       Reinforcement Learning with a Stochastic Actor" (arXiv 1801.01290)
 *   v2  Haarnoja et al. 2018, "Soft Actor-Critic Algorithms and Applications" (arXiv 1812.05905)
 *
 * A batch holds transitions (s, a, r, s', terminated); a~ and a~' are fresh actions of the policy at s and
 * s'. Actions are those of the squashed Gaussian, in [-1, 1]. Equation numbers are the papers'.
 *
 * What the phases below do, they do to one block of rows (division.h), for one of the two critics where it is
 * theirs. In a small batch a part of the rows is one block, and each phase a job for the team; in a large one
 * a task takes block after block of its part through many phases, while what they hand on is in its core's
 * cache. What a task works on (rows of the batch, one of the two critics, or a slice of the parameters)
 * depends on the agent's split alone, and what tasks of one job write is disjoint.
 */
#include <math.h>

#include "agent_internal.h"

static void each(struct sac_agent *agent, enum sac_phase phase, void (*job)(void *agent, int task), int tasks)
{
    sac_team_run(agent->team, job, agent, tasks);
    sac_phase_end(agent->clock, phase);
}

typedef void part_phase(struct sac_agent *agent, int part, int block);
typedef void critic_phase(struct sac_agent *agent, int k, int part, int block);

struct phase_job {
    struct sac_agent *agent;
    part_phase *part;
    critic_phase *critic;
};

static void run_part_phase(void *context, int part)
{
    const struct phase_job *job = context;
    job->part(job->agent, part, 0);
}

/* A phase of a small batch, as a job. */
static void each_part(struct sac_agent *agent, enum sac_phase phase, part_phase *run)
{
    struct phase_job job = {.agent = agent, .part = run};
    sac_team_run(agent->team, run_part_phase, &job, agent->split);
    sac_phase_end(agent->clock, phase);
}

static void run_critic_phase(void *context, int task)
{
    const struct phase_job *job = context;
    const int parts = job->agent->critic_parts;
    job->critic(job->agent, task / parts, task % parts, 0);
}

static void each_critic(struct sac_agent *agent, enum sac_phase phase, critic_phase *run)
{
    struct phase_job job = {.agent = agent, .critic = run};
    sac_team_run(agent->team, run_critic_phase, &job, agent->critic_tasks);
    sac_phase_end(agent->clock, phase);
}

/* The same for both critics, within a task. */
static void both_critics(struct sac_agent *agent, critic_phase *run, int part, int block)
{
    run(agent, 0, part, block);
    run(agent, 1, part, block);
}

static float lower(float a, float b)
{
    return a <= b ? a : b;
}

/* --- one step of a network --- */

enum { LINE = 16 }; /* floats of a cache line: no two slices share one */

/* In slice `slice` of `slices`: sum the parts' gradients in their order, then one Adam step, then
 * target <- tau parameters + (1 - tau) target where the network has a target. */
static void step_weights(struct sac_weights *weights, const struct sac_adam *adam, float tau, int slice,
                         int slices)
{
    const struct sac_kernels *k = sac_kernels();
    const size_t lines = weights->size / LINE;
    const size_t first = lines * (size_t)slice / (size_t)slices * LINE;
    const size_t n = lines * (size_t)(slice + 1) / (size_t)slices * LINE - first;
    float *g = weights->gradient + first;
    for (int part = 1; part < weights->parts; part++)
        k->add(g, g + (size_t)part * weights->size, n);
    if (weights->target)
        k->adam_polyak(weights->parameters + first, weights->target + first, weights->m + first,
                       weights->v + first, g, adam, tau, n);
    else
        k->adam(weights->parameters + first, weights->m + first, weights->v + first, g, adam, n);
}

/* --- fresh actions --- */

/* a~ = tanh(mu(s) + sigma(s) noise), log pi(a~|s). In v2 the same at s': in the same pass, or, of a large
 * batch, at s' alone. */
static void draw_actions(struct sac_agent *agent, int part, int block)
{
    sac_policy_learner_draw(&agent->policy, part, block, agent->update, &agent->batch);
}

static void draw_current_actions(struct sac_agent *agent, int part, int block)
{
    sac_policy_learner_draw_current(&agent->policy, part, block, agent->update, &agent->batch);
}

/* --- critics --- */

/* Q_i,target(s', a~') */
static void evaluate_target_critic(struct sac_agent *agent, int k, int part, int block)
{
    sac_critic_target_values(&agent->critic[k], part, block, agent->batch.next);
}

/* Q_i(s, a~) */
static void evaluate_critic(struct sac_agent *agent, int k, int part, int block)
{
    sac_critic_fresh_values(&agent->critic[k], part, block, agent->batch.current);
}

/* Q^ = reward_scale r + gamma (1 - terminated) V(s') for the block's rows:
 *   v1 (8):    V(s') = V_target(s')
 *   v2 (3, 5): V(s') = min_i Q_i,target(s', a~') - alpha log pi(a~'|s') */
static void bellman_target(const struct sac_agent *agent, struct sac_critic *critic, int part, int block)
{
    const struct sac_block rows_of = sac_division_block(&critic->division, part, block);
    const int first = rows_of.first, rows = rows_of.rows;
    const bool v1 = agent->settings.algorithm == SAC_V1;
    const float *a = v1 ? agent->value.v_target : agent->critic[0].q_target;
    const float *b = v1 ? agent->value.v_target : agent->critic[1].q_target;
    const float *log_prob = v1 ? NULL : sac_policy_learner_next_log_prob(&agent->policy) + first;
    sac_kernels()->bellman_target(critic->y + first, agent->batch.reward + first,
                                  agent->batch.not_terminated + first, a + first, b + first, log_prob,
                                  (float)agent->settings.reward_scale, (float)agent->settings.gamma,
                                  (float)agent->alpha, rows);
}

/* Gradient of J_Qi = mean (Q_i(s, a) - Q^)^2 / 2          v1 (7), v2 (5) */
static void critic_gradient(struct sac_agent *agent, int k, int part, int block)
{
    bellman_target(agent, &agent->critic[k], part, block);
    sac_critic_gradient(&agent->critic[k], part, block, agent->batch.taken);
}

/* Adam; in v2 then Q_i,target <- tau Q_i + (1 - tau) Q_i,target, which nothing reads before the next update.
 */
static void step_critics(void *context, int task)
{
    struct sac_agent *agent = context;
    step_weights(&agent->critic[task / agent->critic_parts].weights, &agent->critic_adam,
                 (float)agent->settings.tau, task % agent->critic_parts, agent->critic_parts);
}

/* d min_i Q_i(s, a~) / da~: each critic in the rows where it is the lower one. */
static void action_gradient(struct sac_agent *agent, int k, int part, int block)
{
    sac_critic_action_gradient(&agent->critic[k], part, block, agent->policy.dq_da, &agent->critic[1 - k],
                               k == 0);
}

/* --- the value network (v1) --- */

/* V_target(s') and V(s) */
static void evaluate_value(struct sac_agent *agent, int part, int block)
{
    sac_value_network_values(&agent->value, part, block, agent->batch.next, agent->batch.current);
}

/* Gradient of J_V = mean (V(s) - [min_i Q_i(s, a~) - log pi(a~|s)])^2 / 2, the bracket constant    v1 (5) */
static void value_gradient(struct sac_agent *agent, int part, int block)
{
    const struct sac_block b = sac_division_block(&agent->value.division, part, block);
    const float *log_prob = sac_policy_learner_log_prob(&agent->policy);
    for (int r = b.first; r < b.first + b.rows; r++)
        agent->value.bracket[r] =
            lower(agent->critic[0].q_fresh[r], agent->critic[1].q_fresh[r]) - log_prob[r];
    sac_value_network_gradient(&agent->value, part, block, agent->batch.current);
}

/* Adam, then V_target <- tau V + (1 - tau) V_target */
static void step_value(void *context, int slice)
{
    struct sac_agent *agent = context;
    step_weights(&agent->value.weights, &agent->value_adam, (float)agent->settings.tau, slice, agent->split);
}

/* --- the policy --- */

/* J_pi = mean (alpha log pi(a~|s) - min_i Q_i(s, a~)), for the log. */
static void policy_loss(struct sac_agent *agent, int part, int block)
{
    struct sac_policy_part *p = &agent->policy.part[part];
    const struct sac_block b = sac_division_block(&agent->policy.division, part, block);
    const float *log_prob = sac_policy_learner_log_prob(&agent->policy);
    if (block == 0)
        p->loss = p->log_prob = 0;
    for (int r = b.first; r < b.first + b.rows; r++) {
        const float q = lower(agent->critic[0].q_fresh[r], agent->critic[1].q_fresh[r]);
        p->loss += agent->alpha * (double)log_prob[r] - (double)q;
        p->log_prob += (double)log_prob[r];
    }
}

/* Its gradient through a~ (reparameterization)          v1 (13), v2 (9, 10) */
static void policy_gradient(struct sac_agent *agent, int part, int block)
{
    policy_loss(agent, part, block);
    sac_policy_learner_gradient(&agent->policy, part, block, (float)agent->alpha, &agent->batch);
}

/* Its gradient by the score function, a~ constant, V(s) the baseline:
 *   mean grad log pi(a~|s) (log pi(a~|s) - min_i Q_i(s, a~) + V(s)) */
static void policy_score_gradient(struct sac_agent *agent, int part, int block)
{
    const struct sac_block b = sac_division_block(&agent->policy.division, part, block);
    const float *log_prob = sac_policy_learner_log_prob(&agent->policy);
    policy_loss(agent, part, block);
    for (int r = b.first; r < b.first + b.rows; r++)
        agent->policy.weight[r] =
            log_prob[r] - lower(agent->critic[0].q_fresh[r], agent->critic[1].q_fresh[r]) + agent->value.v[r];
    sac_policy_learner_score_gradient(&agent->policy, part, block, &agent->batch);
}

static void step_policy(void *context, int slice)
{
    struct sac_agent *agent = context;
    step_weights(&agent->policy.weights, &agent->policy_adam, 0, slice, agent->split);
}

/* --- the temperature (v2) --- */

/* The alpha of this update: v1's is 1, its part is played by reward_scale. */
static double temperature(const struct sac_agent *agent)
{
    if (agent->settings.algorithm == SAC_V1)
        return 1;
    return agent->settings.temperature_auto ? exp(agent->temperature->log_alpha)
                                            : agent->settings.temperature;
}

static double mean_log_prob(const struct sac_agent *agent)
{
    double sum = 0;
    for (int part = 0; part < agent->policy.division.parts; part++)
        sum += agent->policy.part[part].log_prob;
    return sum / agent->batch.rows;
}

/* One Adam step on J_alpha = mean -log alpha (log pi(a~|s) + target_entropy), by log alpha    v2 (18).
 * Returns J_alpha. */
static double step_temperature(struct sac_agent *agent)
{
    struct sac_temperature *t = agent->temperature;
    const double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, steps = (double)t->updates + 1;
    const double gradient = -(mean_log_prob(agent) + agent->target_entropy);
    const double loss = t->log_alpha * gradient;
    t->m = beta1 * t->m + (1 - beta1) * gradient;
    t->v = beta2 * t->v + (1 - beta2) * gradient * gradient;
    const double m = t->m / (1 - pow(beta1, steps)), v = t->v / (1 - pow(beta2, steps));
    t->log_alpha -= agent->settings.temperature_learning_rate * m / (sqrt(v) + epsilon);
    return loss;
}

/* --- one update --- */

/* All gradients at the same parameters. One a~ per state serves J_V and J_pi. */
static void gradients_v1(struct sac_agent *agent)
{
    each_part(agent, SAC_PHASE_ACTIONS, draw_actions);
    each_critic(agent, SAC_PHASE_CRITICS, evaluate_critic);
    each_part(agent, SAC_PHASE_VALUES, evaluate_value);

    if (agent->settings.estimator == SAC_REPARAMETERIZATION) {
        each_critic(agent, SAC_PHASE_ACTION_GRADIENTS, action_gradient);
        each_part(agent, SAC_PHASE_POLICY_GRADIENT, policy_gradient);
    } else {
        each_part(agent, SAC_PHASE_POLICY_GRADIENT, policy_score_gradient);
    }
    each_critic(agent, SAC_PHASE_CRITIC_GRADIENTS, critic_gradient);
    each_part(agent, SAC_PHASE_VALUE_GRADIENT, value_gradient);
}

/* The same by blocks. */
static void block_gradients_v1(void *context, int part)
{
    struct sac_agent *agent = context;
    for (int block = 0; block < agent->policy.division.blocks; block++) {
        draw_actions(agent, part, block);
        both_critics(agent, evaluate_critic, part, block);
        evaluate_value(agent, part, block);

        if (agent->settings.estimator == SAC_REPARAMETERIZATION) {
            both_critics(agent, action_gradient, part, block);
            policy_gradient(agent, part, block);
        } else {
            policy_score_gradient(agent, part, block);
        }
        value_gradient(agent, part, block);
        both_critics(agent, critic_gradient, part, block);
    }
}

static void update_v1(struct sac_agent *agent)
{
    if (agent->by_blocks)
        each(agent, SAC_PHASE_CRITIC_GRADIENTS, block_gradients_v1, agent->split);
    else
        gradients_v1(agent);
    each(agent, SAC_PHASE_STEP_CRITICS, step_critics, agent->critic_tasks);
    each(agent, SAC_PHASE_STEP_VALUE, step_value, agent->split);
    each(agent, SAC_PHASE_STEP_POLICY, step_policy, agent->split);
}

static void gradients_v2(struct sac_agent *agent)
{
    each_part(agent, SAC_PHASE_ACTIONS, draw_actions);
    each_critic(agent, SAC_PHASE_TARGET_CRITICS, evaluate_target_critic);
    each_critic(agent, SAC_PHASE_CRITIC_GRADIENTS, critic_gradient);
}

static void block_gradients_v2(void *context, int part)
{
    struct sac_agent *agent = context;
    for (int block = 0; block < agent->policy.division.blocks; block++) {
        draw_actions(agent, part, block);
        both_critics(agent, evaluate_target_critic, part, block);
        both_critics(agent, critic_gradient, part, block);
    }
}

static void policy_gradients_v2(struct sac_agent *agent)
{
    each_critic(agent, SAC_PHASE_CRITICS, evaluate_critic);
    each_critic(agent, SAC_PHASE_ACTION_GRADIENTS, action_gradient);
    each_part(agent, SAC_PHASE_POLICY_GRADIENT, policy_gradient);
}

static void block_policy_gradients_v2(void *context, int part)
{
    struct sac_agent *agent = context;
    for (int block = 0; block < agent->policy.division.blocks; block++) {
        draw_current_actions(agent, part, block);
        both_critics(agent, evaluate_critic, part, block);
        both_critics(agent, action_gradient, part, block);
        policy_gradient(agent, part, block);
    }
}

/* The policy's loss sees the stepped critics; all of it sees alpha as it was before. Returns J_alpha. */
static double update_v2(struct sac_agent *agent)
{
    if (agent->by_blocks)
        each(agent, SAC_PHASE_CRITIC_GRADIENTS, block_gradients_v2, agent->split);
    else
        gradients_v2(agent);
    each(agent, SAC_PHASE_STEP_CRITICS, step_critics, agent->critic_tasks);

    if (agent->by_blocks)
        each(agent, SAC_PHASE_POLICY_GRADIENT, block_policy_gradients_v2, agent->split);
    else
        policy_gradients_v2(agent);
    each(agent, SAC_PHASE_STEP_POLICY, step_policy, agent->split);

    return agent->settings.temperature_auto ? step_temperature(agent) : 0;
}

static void begin(struct sac_agent *agent, uint64_t update)
{
    const struct sac_settings *s = &agent->settings;
    const uint64_t t = agent->temperature->updates + 1;
    agent->update = update;
    agent->alpha = temperature(agent);
    agent->policy_adam = sac_adam_step(s->policy_learning_rate, t);
    agent->critic_adam = sac_adam_step(s->critic_learning_rate, t);
    agent->value_adam = sac_adam_step(s->value_learning_rate, t);
}

/* Sums over the parts, in their order. */
static void collect_losses(const struct sac_agent *agent, struct sac_losses *losses)
{
    const double rows = agent->batch.rows;
    *losses = (struct sac_losses){.alpha = agent->alpha, .entropy = -mean_log_prob(agent)};
    for (int task = 0; task < agent->critic_tasks; task++)
        losses->critic +=
            agent->critic[task / agent->critic_parts].part[task % agent->critic_parts].loss / rows;
    for (int part = 0; part < agent->value.division.parts; part++)
        losses->value += agent->value.part[part].loss / rows;
    for (int part = 0; part < agent->policy.division.parts; part++)
        losses->policy += agent->policy.part[part].loss / rows;
}

void sac_update(struct sac_agent *agent, uint64_t update, struct sac_losses *losses)
{
    double temperature_loss = 0;
    begin(agent, update);
    if (agent->settings.algorithm == SAC_V1)
        update_v1(agent);
    else
        temperature_loss = update_v2(agent);
    agent->temperature->updates++;
    collect_losses(agent, losses);
    losses->temperature = temperature_loss;
}
