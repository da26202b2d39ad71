/* Fresh actions, and the policy's gradient. */
#include "policy_learner.h"

#include "error.h"
#include "integers.h"
#include "memory.h"

/* --- making and freeing --- */

static enum sac_status create_part(struct sac_policy_learner *learner, int index)
{
    struct sac_policy_part *part = &learner->part[index];
    const struct sac_network *network = &learner->policy.network;
    const enum sac_status status =
        sac_pass_create_forward(&part->forward, network, &learner->drawing, index, learner->batch_ld);
    if (status != SAC_OK)
        return status;
    return sac_pass_create_backward(&part->backward, network, &learner->division, index, learner->batch_ld);
}

static bool allocate_rows(struct sac_policy_learner *l)
{
    const size_t A = (size_t)l->policy.action_size, ld = (size_t)sac_network_last(&l->policy.network)->ld;
    const size_t draws = (size_t)l->draws, rows = (size_t)l->division.rows;
    const struct {
        float **block;
        size_t floats;
    } blocks[] = {
        {&l->head, draws * ld},
        {&l->noise, draws * A},
        {&l->log_prob, draws},
        {&l->squash.std, draws * A},
        {&l->squash.log_std_slope, draws * A},
        {&l->squash.tanh_slope, draws * A},
        {&l->d_head, rows * ld},
        {&l->dq_da, rows * A},
        {&l->weight, rows},
    };
    bool enough = true;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        enough &= (*blocks[i].block = sac_allocate(blocks[i].floats * sizeof(float))) != NULL;
    return enough;
}

enum sac_status sac_policy_learner_create(struct sac_policy_learner *learner,
                                          const struct sac_settings *settings, const struct sac_batch *batch,
                                          int parts, float **state)
{
    struct sac_policy_network *policy = &learner->policy;
    sac_policy_network_init(policy, batch->observation_size, batch->action_size, settings);
    learner->seed = settings->seed;
    learner->draws = settings->algorithm == SAC_V2 ? 2 * batch->rows : batch->rows;
    learner->batch_ld = batch->ld;
    learner->division = sac_division_of(batch->rows, parts);
    learner->drawing = sac_division_by_blocks(batch->rows) ? learner->division
                                                           : (struct sac_division){learner->draws, parts, 1};
    enum sac_status status =
        sac_weights_create(&learner->weights, &policy->network, false, &learner->division, state);
    if (status != SAC_OK)
        return status;
    learner->part = sac_allocate((size_t)parts * sizeof *learner->part);
    if (!allocate_rows(learner) || !learner->part)
        return sac_fail(SAC_NOMEM, "no memory for the policy's %d rows", learner->draws);
    status = sac_hidden_create(&policy->network, sac_division_places(&learner->drawing), &learner->hidden);
    if (status == SAC_OK)
        status =
            sac_hidden_create(&policy->network, sac_division_places(&learner->division), &learner->d_hidden);
    for (int i = 0; i < parts && status == SAC_OK; i++)
        status = create_part(learner, i);
    return status;
}

void sac_policy_learner_destroy(struct sac_policy_learner *learner)
{
    for (int i = 0; learner->part && i < learner->division.parts; i++) {
        sac_pass_destroy(&learner->part[i].forward);
        sac_pass_destroy(&learner->part[i].backward);
    }
    sac_free(learner->part);
    float *const blocks[] = {learner->head,
                             learner->noise,
                             learner->log_prob,
                             learner->squash.std,
                             learner->squash.log_std_slope,
                             learner->squash.tanh_slope,
                             learner->d_head,
                             learner->dq_da,
                             learner->weight};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        sac_free(blocks[i]);
    sac_hidden_destroy(&learner->hidden);
    sac_hidden_destroy(&learner->d_hidden);
    sac_weights_destroy(&learner->weights);
}

/* --- fresh actions --- */

/* The draw of the first row of s. */
static int first_current(const struct sac_policy_learner *learner)
{
    return learner->draws - learner->division.rows;
}

const float *sac_policy_learner_log_prob(const struct sac_policy_learner *learner)
{
    return learner->log_prob + first_current(learner);
}

const float *sac_policy_learner_next_log_prob(const struct sac_policy_learner *learner)
{
    return learner->log_prob;
}

/* Noise is keyed by batch row, with a purpose of its own for s' and for s: the same whatever the parts. */
static void draw_noise(struct sac_policy_learner *learner, uint64_t update, int first, int end)
{
    const struct sac_kernels *k = sac_kernels();
    const int A = learner->policy.action_size, current = first_current(learner);
    const int next_end = sac_least(end, current);
    if (first < next_end)
        k->normal(learner->noise + (size_t)first * (size_t)A, A, learner->seed, SAC_PURPOSE_TARGET_NOISE,
                  update, (uint32_t)first, next_end - first, A);
    const int begin = first < current ? current : first;
    if (begin < end)
        k->normal(learner->noise + (size_t)begin * (size_t)A, A, learner->seed, SAC_PURPOSE_UPDATE_NOISE,
                  update, (uint32_t)(begin - current), end - begin, A);
}

static struct sac_squash squash_rows(const struct sac_squash *squash, size_t element)
{
    return (struct sac_squash){squash->std + element, squash->log_std_slope + element,
                               squash->tanh_slope + element};
}

/* Of the draws `b->first` and on. */
static void draw(struct sac_policy_learner *learner, int index, const struct sac_block *b, uint64_t update,
                 struct sac_batch *batch)
{
    const struct sac_network *network = &learner->policy.network;
    const int A = learner->policy.action_size, head_ld = sac_network_last(network)->ld;
    const size_t first = (size_t)b->first, element = first * (size_t)A;
    float *x = (first_current(learner) > 0 ? batch->next : batch->current) + first * (size_t)batch->ld;
    float *head = learner->head + first * (size_t)head_ld;
    const struct sac_hidden hidden = sac_hidden_rows(&learner->hidden, network, b->place);
    const struct sac_squash squash = squash_rows(&learner->squash, element);

    draw_noise(learner, update, b->first, b->first + b->rows);
    sac_pass_forward(&learner->part[index].forward, b->rows, head, &hidden, learner->weights.parameters, x);
    sac_kernels()->squash(x + batch->observation_size, batch->ld, learner->log_prob + first, &squash, head,
                          head_ld, learner->noise + element, A, learner->policy.log_std, b->rows, A);
}

void sac_policy_learner_draw(struct sac_policy_learner *learner, int part, int block, uint64_t update,
                             struct sac_batch *batch)
{
    const struct sac_block b = sac_division_block(&learner->drawing, part, block);
    draw(learner, part, &b, update, batch);
}

void sac_policy_learner_draw_current(struct sac_policy_learner *learner, int part, int block, uint64_t update,
                                     struct sac_batch *batch)
{
    struct sac_block b = sac_division_block(&learner->drawing, part, block);
    b.first += first_current(learner);
    draw(learner, part, &b, update, batch);
}

/* --- the gradient of J_pi --- */

/* From d_head of the block's rows to the gradient by the parameters. */
static void backward(struct sac_policy_learner *learner, int index, int block, const struct sac_batch *batch)
{
    const struct sac_network *network = &learner->policy.network;
    const size_t head_ld = (size_t)sac_network_last(network)->ld;
    const struct sac_block b = sac_division_block(&learner->division, index, block);
    const bool apart = learner->drawing.rows == learner->division.rows; /* s was drawn without s' */
    const struct sac_hidden hidden =
        sac_hidden_rows(&learner->hidden, network, apart ? b.place : first_current(learner) + b.first);
    const struct sac_hidden d_hidden = sac_hidden_rows(&learner->d_hidden, network, b.place);
    sac_pass_backward(&learner->part[index].backward, b.rows,
                      sac_weights_gradient(&learner->weights, index, block), &d_hidden,
                      learner->d_head + (size_t)b.first * head_ld, learner->weights.parameters, &hidden,
                      batch->current + (size_t)b.first * (size_t)batch->ld);
    sac_weights_add_gradient(&learner->weights, index, block);
}

void sac_policy_learner_gradient(struct sac_policy_learner *learner, int index, int block, float alpha,
                                 const struct sac_batch *batch)
{
    const struct sac_block b = sac_division_block(&learner->division, index, block);
    const int A = learner->policy.action_size, head_ld = sac_network_last(&learner->policy.network)->ld;
    const size_t first = (size_t)b.first;
    const size_t element = (size_t)(first_current(learner) + b.first) * (size_t)A;
    const struct sac_squash squash = squash_rows(&learner->squash, element);
    sac_kernels()->policy_gradient(
        learner->d_head + first * (size_t)head_ld, head_ld, learner->dq_da + first * (size_t)A, A,
        batch->current + first * (size_t)batch->ld + batch->observation_size, batch->ld, &squash,
        learner->noise + element, A, alpha, 1.0f / (float)learner->division.rows, b.rows, A);
    backward(learner, index, block, batch);
}

void sac_policy_learner_score_gradient(struct sac_policy_learner *learner, int index, int block,
                                       const struct sac_batch *batch)
{
    const struct sac_block b = sac_division_block(&learner->division, index, block);
    const int A = learner->policy.action_size, head_ld = sac_network_last(&learner->policy.network)->ld;
    const size_t element = (size_t)(first_current(learner) + b.first) * (size_t)A;
    const struct sac_squash squash = squash_rows(&learner->squash, element);
    sac_kernels()->score_gradient(learner->d_head + (size_t)b.first * (size_t)head_ld, head_ld,
                                  learner->weight + b.first, &squash, learner->noise + element, A,
                                  1.0f / (float)learner->division.rows, b.rows, A);
    backward(learner, index, block, batch);
}
