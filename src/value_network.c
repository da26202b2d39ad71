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
    part->first = (int)((int64_t)value->rows * index / value->parts);
    part->rows = (int)((int64_t)value->rows * (index + 1) / value->parts) - part->first;
    const enum sac_status status =
        sac_pass_create_forward(&part->forward, &value->network, part->rows, value->batch_ld);
    if (status != SAC_OK)
        return status;
    return sac_pass_create_backward(&part->backward, &value->network, part->rows, value->batch_ld);
}

enum sac_status sac_value_network_create(struct sac_value_network *value, const struct sac_settings *settings,
                                         const struct sac_batch *batch, int parts, float **state)
{
    sac_value_network_network(&value->network, settings, batch->observation_size);
    value->rows = batch->rows;
    value->batch_ld = batch->ld;
    value->parts = parts;
    enum sac_status status = sac_weights_create(&value->weights, &value->network, true, parts, state);
    if (status != SAC_OK)
        return status;
    value->part = sac_allocate((size_t)parts * sizeof *value->part);
    float **const columns[] = {&value->v_target, &value->v, &value->bracket, &value->dv};
    bool enough = value->part != NULL;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        enough &= (*columns[i] = sac_allocate((size_t)batch->rows * sizeof(float))) != NULL;
    if (!enough)
        return sac_fail(SAC_NOMEM, "no memory for the values of %d rows", batch->rows);
    status = sac_hidden_create(&value->network, batch->rows, &value->hidden);
    if (status == SAC_OK)
        status = sac_hidden_create(&value->network, batch->rows, &value->d_hidden);
    for (int i = 0; i < parts && status == SAC_OK; i++)
        status = create_part(value, i);
    return status;
}

void sac_value_network_destroy(struct sac_value_network *value)
{
    for (int i = 0; value->part && i < value->parts; i++) {
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
void sac_value_network_values(struct sac_value_network *value, int index, const float *next,
                              const float *current)
{
    struct sac_value_part *part = &value->part[index];
    const size_t first_x = (size_t)part->first * (size_t)value->batch_ld;
    const struct sac_hidden hidden = sac_hidden_rows(&value->hidden, &value->network, part->first);
    sac_pass_forward(&part->forward, value->v_target + part->first, &hidden, value->weights.target,
                     next + first_x);
    sac_pass_forward(&part->forward, value->v + part->first, &hidden, value->weights.parameters,
                     current + first_x);
}

void sac_value_network_gradient(struct sac_value_network *value, int index, const float *current)
{
    struct sac_value_part *part = &value->part[index];
    const int first = part->first;
    part->loss = sac_kernels()->squared_error(value->dv + first, value->v + first, value->bracket + first,
                                              1.0f / (float)value->rows, part->rows);
    const struct sac_hidden hidden = sac_hidden_rows(&value->hidden, &value->network, first);
    const struct sac_hidden d_hidden = sac_hidden_rows(&value->d_hidden, &value->network, first);
    sac_pass_backward(&part->backward, value->weights.gradient + (size_t)index * value->weights.size,
                      &d_hidden, value->dv + first, value->weights.parameters, &hidden,
                      current + (size_t)first * (size_t)value->batch_ld);
}
