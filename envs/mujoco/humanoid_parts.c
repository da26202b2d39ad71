#include "humanoid_parts.h"

/* The world's own rows are left out, and the forces on the root, which has no actuator. */
void humanoid_parts_observe(const struct mujoco_scene *scene, double *observation)
{
    const struct mujoco_settings *settings = scene->settings;
    const mjData *data = scene->data;
    const int bodies = (int)scene->model->nbody - 1, joints = (int)scene->model->nv - 6;
    const struct {
        bool included;
        const double *numbers;
        int count;
    } parts[] = {
        {settings->include_cinert_in_observation, data->cinert + 10, 10 * bodies},
        {settings->include_cvel_in_observation, data->cvel + 6, 6 * bodies},
        {settings->include_qfrc_actuator_in_observation, data->qfrc_actuator + 6, joints},
        {settings->include_cfrc_ext_in_observation, data->cfrc_ext + 6, 6 * bodies},
    };
    observation = mujoco_observe_state(scene, mujoco_unclipped, observation);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].included)
            observation =
                mujoco_copy_clipped(observation, parts[i].numbers, parts[i].count, mujoco_unclipped);
}

double humanoid_control_cost(const struct mujoco_scene *scene)
{
    return scene->settings->ctrl_cost_weight * mujoco_sum_squares(scene->data->ctrl, (int)scene->model->nu);
}

double humanoid_contact_cost(const struct mujoco_scene *scene, double weight, struct mujoco_range range)
{
    double cost = weight * mujoco_sum_squares(scene->data->cfrc_ext, 6 * (int)scene->model->nbody);
    mujoco_copy_clipped(&cost, &cost, 1, range);
    return cost;
}
