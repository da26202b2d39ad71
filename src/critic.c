/* Values, the gradient of J_Q, and dQ/da through the lower critic. */
#include "critic.h"

#include <string.h>

#include "error.h"
#include "memory.h"

enum {
    ROWS_STEP = 16, /* packed rows come in multiples of this ... */
    MOST_SIZES = 16 /* ... or of more, so that a large batch needs no more sizes than this */
};

void sac_critic_network(struct sac_network *network, const struct sac_settings *settings,
                        int observation_size, int action_size)
{
    sac_network_init(network, observation_size + action_size, settings->hidden, settings->hidden_layers, 1,
                     settings->activation);
}

/* --- making and freeing --- */

struct sac_linear_shape sac_critic_action_gradient_shape(const struct sac_network *network, int action_size,
                                                         int l, int rows)
{
    struct sac_linear_shape shape = sac_pass_shape(SAC_LINEAR_BACKWARD_INPUT, network, l, rows,
                                                   (int)sac_round_up((size_t)action_size, 16));
    if (l == 0)
        shape.in = action_size;
    return shape;
}

/* Layer l's sites for every row count. */
static enum sac_status create_sites(struct sac_action_gradient *g, const struct sac_critic *critic, int l)
{
    g->site[l] = sac_allocate((size_t)g->sizes * sizeof *g->site[l]);
    if (!g->site[l])
        return sac_fail(SAC_NOMEM, "no memory for %d dense layers", g->sizes);
    enum sac_status status = SAC_OK;
    for (int i = 0; i < g->sizes && status == SAC_OK; i++) {
        const struct sac_linear_shape shape =
            sac_critic_action_gradient_shape(&critic->network, critic->action_size, l, (i + 1) * g->step);
        status = sac_linear_create(&shape, &g->site[l][i]);
    }
    return status;
}

static enum sac_status create_action_gradient(struct sac_action_gradient *g, const struct sac_critic *critic,
                                              int most_rows)
{
    const int steps = (most_rows + ROWS_STEP - 1) / ROWS_STEP;
    g->step = (steps + MOST_SIZES - 1) / MOST_SIZES * ROWS_STEP;
    g->sizes = (most_rows + g->step - 1) / g->step;
    g->d_action_ld = sac_critic_action_gradient_shape(&critic->network, critic->action_size, 0, g->step).y_ld;
    const size_t rows = (size_t)g->sizes * (size_t)g->step;
    size_t widest = 0;
    for (int l = 0; l < critic->network.layers - 1; l++)
        widest = (size_t)critic->network.layer[l].ld > widest ? (size_t)critic->network.layer[l].ld : widest;
    g->row = sac_allocate(rows * sizeof *g->row);
    g->dq = sac_allocate(rows * sizeof *g->dq);
    g->d_action = sac_allocate(rows * (size_t)g->d_action_ld * sizeof *g->d_action);
    g->d_bias = sac_allocate(widest * sizeof *g->d_bias);
    if (!g->row || !g->dq || !g->d_action || !g->d_bias)
        return sac_fail(SAC_NOMEM, "no memory for the gradient by actions of %zu rows", rows);
    enum sac_status status = sac_hidden_create(&critic->network, (int)rows, &g->d_hidden);
    for (int l = 0; l < critic->network.layers - 1 && status == SAC_OK; l++)
        status = create_sites(g, critic, l);
    return status;
}

static void destroy_action_gradient(struct sac_action_gradient *g)
{
    for (int l = 0; l < SAC_MAX_HIDDEN_LAYERS; l++) {
        for (int i = 0; g->site[l] && i < g->sizes; i++)
            sac_linear_destroy(g->site[l][i]);
        sac_free(g->site[l]);
    }
    sac_free(g->row);
    sac_free(g->dq);
    sac_free(g->d_action);
    sac_free(g->d_bias);
    sac_hidden_destroy(&g->d_hidden);
}

static enum sac_status create_part(struct sac_critic *critic, int index, bool action_gradient)
{
    struct sac_critic_part *part = &critic->part[index];
    const struct sac_division *d = &critic->division;
    enum sac_status status =
        sac_pass_create_forward(&part->forward, &critic->network, d, index, critic->batch_ld);
    if (status == SAC_OK)
        status = sac_pass_create_backward(&part->backward, &critic->network, d, index, critic->batch_ld);
    if (status == SAC_OK && action_gradient)
        status = create_action_gradient(&part->action_gradient, critic, sac_division_most_rows(d));
    return status;
}

enum sac_status sac_critic_create(struct sac_critic *critic, const struct sac_settings *settings,
                                  const struct sac_batch *batch, int parts, float **state)
{
    sac_critic_network(&critic->network, settings, batch->observation_size, batch->action_size);
    critic->observation_size = batch->observation_size;
    critic->action_size = batch->action_size;
    critic->batch_ld = batch->ld;
    critic->division = sac_division_of(batch->rows, parts);
    enum sac_status status = sac_weights_create(&critic->weights, &critic->network,
                                                settings->algorithm == SAC_V2, &critic->division, state);
    if (status != SAC_OK)
        return status;
    critic->part = sac_allocate((size_t)parts * sizeof *critic->part);
    float **const columns[] = {&critic->q_target, &critic->q_taken, &critic->q_fresh, &critic->y,
                               &critic->dq};
    bool enough = critic->part != NULL;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        enough &= (*columns[i] = sac_allocate((size_t)batch->rows * sizeof(float))) != NULL;
    if (!enough)
        return sac_fail(SAC_NOMEM, "no memory for a critic's values of %d rows", batch->rows);
    const int places = sac_division_places(&critic->division);
    status = sac_hidden_create(&critic->network, places, &critic->hidden);
    if (status == SAC_OK)
        status = sac_hidden_create(&critic->network, places, &critic->d_hidden);
    for (int i = 0; i < parts && status == SAC_OK; i++)
        status = create_part(critic, i, settings->estimator == SAC_REPARAMETERIZATION);
    return status;
}

void sac_critic_destroy(struct sac_critic *critic)
{
    for (int i = 0; critic->part && i < critic->division.parts; i++) {
        sac_pass_destroy(&critic->part[i].forward);
        sac_pass_destroy(&critic->part[i].backward);
        destroy_action_gradient(&critic->part[i].action_gradient);
    }
    sac_free(critic->part);
    sac_free(critic->q_target);
    sac_free(critic->q_taken);
    sac_free(critic->q_fresh);
    sac_free(critic->y);
    sac_free(critic->dq);
    sac_hidden_destroy(&critic->hidden);
    sac_hidden_destroy(&critic->d_hidden);
    sac_weights_destroy(&critic->weights);
}

/* --- values --- */

static void forward(struct sac_critic *critic, int index, int block, float *q, const float *parameters,
                    const float *x)
{
    const struct sac_block b = sac_division_block(&critic->division, index, block);
    const struct sac_hidden hidden = sac_hidden_rows(&critic->hidden, &critic->network, b.place);
    sac_pass_forward(&critic->part[index].forward, b.rows, q + b.first, &hidden, parameters,
                     x + (size_t)b.first * (size_t)critic->batch_ld);
}

void sac_critic_target_values(struct sac_critic *critic, int part, int block, const float *next)
{
    forward(critic, part, block, critic->q_target, critic->weights.target, next);
}

void sac_critic_fresh_values(struct sac_critic *critic, int part, int block, const float *current)
{
    forward(critic, part, block, critic->q_fresh, critic->weights.parameters, current);
}

/* --- J_Q --- */

void sac_critic_gradient(struct sac_critic *critic, int index, int block, const float *taken)
{
    struct sac_critic_part *part = &critic->part[index];
    const struct sac_block b = sac_division_block(&critic->division, index, block);
    forward(critic, index, block, critic->q_taken, critic->weights.parameters, taken);
    const double loss =
        sac_kernels()->squared_error(critic->dq + b.first, critic->q_taken + b.first, critic->y + b.first,
                                     1.0f / (float)critic->division.rows, b.rows);
    part->loss = block == 0 ? loss : part->loss + loss;
    const struct sac_hidden hidden = sac_hidden_rows(&critic->hidden, &critic->network, b.place);
    const struct sac_hidden d_hidden = sac_hidden_rows(&critic->d_hidden, &critic->network, b.place);
    sac_pass_backward(&part->backward, b.rows, sac_weights_gradient(&critic->weights, index, block),
                      &d_hidden, critic->dq + b.first, critic->weights.parameters, &hidden,
                      taken + (size_t)b.first * (size_t)critic->batch_ld);
    sac_weights_add_gradient(&critic->weights, index, block);
}

/* --- dQ/da --- */

/* List the block's rows in which this critic gives the minimum. */
static int select_rows(const struct sac_critic *critic, struct sac_action_gradient *g,
                       const struct sac_block *b, const struct sac_critic *other, bool first)
{
    int n = 0;
    for (int r = 0; r < b->rows; r++) {
        const float mine = critic->q_fresh[b->first + r], others = other->q_fresh[b->first + r];
        g->row[n] = r;
        n += first ? mine <= others : !(others <= mine);
    }
    return n;
}

/* Rows up to `size` pass on nothing. */
static void fill_up(struct sac_action_gradient *g, int rows, int size)
{
    for (int i = 0; i < size; i++)
        g->dq[i] = i < rows ? 1.0f : 0.0f;
    for (int i = rows; i < size; i++)
        g->row[i] = 0;
}

void sac_critic_action_gradient(struct sac_critic *critic, int index, int block, float *dq_da,
                                const struct sac_critic *other, bool first)
{
    const struct sac_network *network = &critic->network;
    const struct sac_kernels *k = sac_kernels();
    const float *parameters = critic->weights.parameters;
    struct sac_action_gradient *g = &critic->part[index].action_gradient;
    const struct sac_block b = sac_division_block(&critic->division, index, block);
    const int rows = select_rows(critic, g, &b, other, first);
    if (rows == 0)
        return;
    const int count = (rows + g->step - 1) / g->step, size = count * g->step;
    fill_up(g, rows, size);
    const struct sac_hidden hidden = sac_hidden_rows(&critic->hidden, network, b.place);

    int l = network->layers - 2; /* the highest hidden layer */
    const struct sac_layer *head = sac_network_last(network);
    k->head_backward_input(g->d_hidden.layer[l], g->d_bias, g->dq, parameters + head->weights,
                           hidden.layer[l], g->row, network->activation, size, head->in,
                           network->layer[l].ld);
    for (; l > 0; l--) {
        sac_linear_run_backward_rows(g->site[l][count - 1], rows, g->d_hidden.layer[l - 1], g->d_bias,
                                     g->d_hidden.layer[l], parameters + network->layer[l].weights,
                                     hidden.layer[l - 1], g->row);
    }
    const float *action_weights = parameters + network->layer[0].weights +
                                  (size_t)critic->observation_size * (size_t)network->layer[0].ld;
    sac_linear_run_backward_rows(g->site[0][count - 1], rows, g->d_action, NULL, g->d_hidden.layer[0],
                                 action_weights, NULL, NULL);
    for (int i = 0; i < rows; i++)
        memcpy(dq_da + (size_t)(b.first + g->row[i]) * (size_t)critic->action_size,
               g->d_action + (size_t)i * (size_t)g->d_action_ld, (size_t)critic->action_size * sizeof(float));
}

void sac_critic_describe_action_gradient(const struct sac_critic *critic,
                                         void (*line)(void *context, const char *text), void *context)
{
    const struct sac_action_gradient *g = &critic->part[0].action_gradient;
    for (int l = critic->network.layers - 2; l >= 0 && g->sizes > 0; l--) {
        sac_linear_describe(g->site[l][0], "critic, dQ/da", l, "backward input", line, context);
        if (g->sizes > 1)
            sac_linear_describe(g->site[l][g->sizes - 1], "critic, dQ/da", l, "backward input", line,
                                context);
    }
}
