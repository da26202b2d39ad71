/* Values and the gradient of J_V. */
#include "value_network.h"

#include "error.h"
#include "memory.h"

void sac_value_network_network(struct sac_network *network, const struct sac_settings *settings,
                               int observation_size)
{
    sac_network_init(network, observation_size, settings->hidden, settings->hidden_layers, 1,
                     settings->activation);
}

static enum sac_status create_part(struct sac_value_network *value, int index)
{
    struct sac_value_part *part = &value->part[index];
    const struct sac_division *d = &value->division;
    const enum sac_status status =
        sac_pass_create_forward(&part->forward, &value->network, d, index, value->batch_ld);
    if (status != SAC_OK)
        return status;
    return sac_pass_create_backward(&part->backward, &value->network, d, index, value->batch_ld);
}

enum sac_status sac_value_network_create(struct sac_value_network *value, const struct sac_settings *settings,
                                         const struct sac_batch *batch, int parts, float **state)
{
    sac_value_network_network(&value->network, settings, batch->observation_size);
    value->batch_ld = batch->ld;
    value->division = sac_division_of(batch->rows, parts);
    enum sac_status status =
        sac_weights_create(&value->weights, &value->network, true, &value->division, state);
    if (status != SAC_OK)
        return status;
    value->part = sac_allocate((size_t)parts * sizeof *value->part);
    float **const columns[] = {&value->v_target, &value->v, &value->bracket, &value->dv};
    bool enough = value->part != NULL;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        enough &= (*columns[i] = sac_allocate((size_t)batch->rows * sizeof(float))) != NULL;
    if (!enough)
        return sac_fail(SAC_NOMEM, "no memory for the values of %d rows", batch->rows);
    const int places = sac_division_places(&value->division);
    status = sac_hidden_create(&value->network, places, &value->hidden);
    if (status == SAC_OK)
        status = sac_hidden_create(&value->network, places, &value->d_hidden);
    for (int i = 0; i < parts && status == SAC_OK; i++)
        status = create_part(value, i);
    return status;
}

void sac_value_network_destroy(struct sac_value_network *value)
{
    for (int i = 0; value->part && i < value->division.parts; i++) {
        sac_pass_destroy(&value->part[i].forward);
        sac_pass_destroy(&value->part[i].backward);
    }
    sac_free(value->part);
    sac_free(value->v_target);
    sac_free(value->v);
    sac_free(value->bracket);
    sac_free(value->dv);
    sac_hidden_destroy(&value->hidden);
    sac_hidden_destroy(&value->d_hidden);
    sac_weights_destroy(&value->weights);
}

/* V(s) comes second: its hidden layers are what the gradient needs. */
void sac_value_network_values(struct sac_value_network *value, int index, int block, const float *next,
                              const float *current)
{
    struct sac_pass *forward = &value->part[index].forward;
    const struct sac_block b = sac_division_block(&value->division, index, block);
    const size_t first_x = (size_t)b.first * (size_t)value->batch_ld;
    const struct sac_hidden hidden = sac_hidden_rows(&value->hidden, &value->network, b.place);
    sac_pass_forward(forward, b.rows, value->v_target + b.first, &hidden, value->weights.target,
                     next + first_x);
    sac_pass_forward(forward, b.rows, value->v + b.first, &hidden, value->weights.parameters,
                     current + first_x);
}

void sac_value_network_gradient(struct sac_value_network *value, int index, int block, const float *current)
{
    struct sac_value_part *part = &value->part[index];
    const struct sac_block b = sac_division_block(&value->division, index, block);
    const double loss =
        sac_kernels()->squared_error(value->dv + b.first, value->v + b.first, value->bracket + b.first,
                                     1.0f / (float)value->division.rows, b.rows);
    part->loss = block == 0 ? loss : part->loss + loss;
    const struct sac_hidden hidden = sac_hidden_rows(&value->hidden, &value->network, b.place);
    const struct sac_hidden d_hidden = sac_hidden_rows(&value->d_hidden, &value->network, b.place);
    sac_pass_backward(&part->backward, b.rows, sac_weights_gradient(&value->weights, index, block), &d_hidden,
                      value->dv + b.first, value->weights.parameters, &hidden,
                      current + (size_t)b.first * (size_t)value->batch_ld);
    sac_weights_add_gradient(&value->weights, index, block);
}
