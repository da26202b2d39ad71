#include "mujoco_integration.h"

#include <string.h>

#if mjVERSION_HEADER >= 300

size_t mujoco_integration_size(const mjModel *model)
{
    return (size_t)mj_stateSize(model, mjSTATE_INTEGRATION);
}

void mujoco_integration_get(const mjModel *model, const mjData *data, double *state)
{
    mj_getState(model, data, state, mjSTATE_INTEGRATION);
}

void mujoco_integration_set(const mjModel *model, mjData *data, const double *state)
{
    mj_setState(model, data, state, mjSTATE_INTEGRATION);
}

#else /* the parts that models without moving mocap bodies or plugins have */

size_t mujoco_integration_size(const mjModel *model)
{
    return (size_t)(1 + model->nq + 2 * model->nv + model->na + model->nu);
}

static double *copy_out(double *state, const double *part, int n)
{
    memcpy(state, part, (size_t)n * sizeof *state);
    return state + n;
}

static const double *copy_in(double *part, const double *state, int n)
{
    memcpy(part, state, (size_t)n * sizeof *state);
    return state + n;
}

void mujoco_integration_get(const mjModel *model, const mjData *data, double *state)
{
    state = copy_out(state, &data->time, 1);
    state = copy_out(state, data->qpos, model->nq);
    state = copy_out(state, data->qvel, model->nv);
    state = copy_out(state, data->qacc_warmstart, model->nv);
    state = copy_out(state, data->act, model->na);
    copy_out(state, data->ctrl, model->nu);
}

void mujoco_integration_set(const mjModel *model, mjData *data, const double *state)
{
    state = copy_in(&data->time, state, 1);
    state = copy_in(data->qpos, state, model->nq);
    state = copy_in(data->qvel, state, model->nv);
    state = copy_in(data->qacc_warmstart, state, model->nv);
    state = copy_in(data->act, state, model->na);
    copy_in(data->ctrl, state, model->nu);
}

#endif
