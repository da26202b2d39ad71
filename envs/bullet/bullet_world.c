#include "bullet_world.h"

#include "../envs.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Loading uses variables of Bullet's that all its clients share. */
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static b3SharedMemoryStatusHandle submit(const struct bullet_world *w, b3SharedMemoryCommandHandle command)
{
    return w->api->b3SubmitClientCommandAndWaitStatus(w->client, command);
}

static int submit_for(const struct bullet_world *w, b3SharedMemoryCommandHandle command, int expected,
                      const char *what, char *error)
{
    const int status = w->api->b3GetStatusType(submit(w, command));
    return status == expected ? 0 : sac_env_fail(error, "Bullet failed to %s (status %d)", what, status);
}

static void set_parameters(const struct bullet_world *w)
{
    const struct bullet_api *b = w->api;
    const struct bullet_scene *scene = w->scene;
    submit(w, b->b3InitResetSimulationCommand(w->client));
    b3SharedMemoryCommandHandle command = b->b3InitPhysicsParamCommand(w->client);
    b->b3PhysicsParameterSetDeterministicOverlappingPairs(command, 1);
    submit(w, command);
    command = b->b3InitPhysicsParamCommand(w->client);
    b->b3PhysicsParamSetGravity(command, 0, 0, -scene->gravity);
    submit(w, command);
    command = b->b3InitPhysicsParamCommand(w->client);
    b->b3PhysicsParamSetDefaultContactERP(command, 0.9);
    submit(w, command);
    command = b->b3InitPhysicsParamCommand(w->client);
    b->b3PhysicsParamSetNumSolverIterations(command, 5);
    b->b3PhysicsParamSetNumSubSteps(command, scene->substeps);
    b->b3PhysicsParamSetTimeStep(command, scene->timestep * scene->substeps);
    submit(w, command);
}

static int find_data(const char *folder, const char *name, char path[BULLET_PATH_SIZE], char *error)
{
    return snprintf(path, BULLET_PATH_SIZE, "%s/pybullet_data/%s", folder, name) < BULLET_PATH_SIZE
               ? 0
               : sac_env_fail(error, "the folder's name is too long: %.200s", folder);
}

static int load_ground(struct bullet_world *w, const char *folder, char *error)
{
    const struct bullet_api *b = w->api;
    char path[BULLET_PATH_SIZE];
    if (find_data(folder, "plane_stadium.sdf", path, error))
        return 1;
    b3SharedMemoryStatusHandle status = submit(w, b->b3LoadSdfCommandInit(w->client, path));
    if (b->b3GetStatusType(status) != CMD_SDF_LOADING_COMPLETED ||
        b->b3GetStatusBodyIndices(status, &w->ground, 1) != 1)
        return sac_env_fail(error, "Bullet can not load the ground's file %.400s", path);
    b3SharedMemoryCommandHandle command = b->b3InitChangeDynamicsInfo(w->client);
    b->b3ChangeDynamicsInfoSetLateralFriction(command, w->ground, BULLET_BASE, 0.8);
    b->b3ChangeDynamicsInfoSetRestitution(command, w->ground, BULLET_BASE, 0.5);
    submit(w, command);
    return 0;
}

static int load_model(struct bullet_world *w, const char *folder, const char *model, char *error)
{
    const struct bullet_api *b = w->api;
    char path[BULLET_PATH_SIZE];
    if (find_data(folder, model, path, error))
        return 1;
    b3SharedMemoryCommandHandle command = b->b3LoadMJCFCommandInit(w->client, path);
    b->b3LoadMJCFCommandSetFlags(command, URDF_USE_SELF_COLLISION |
                                              URDF_USE_SELF_COLLISION_EXCLUDE_ALL_PARENTS |
                                              URDF_GOOGLEY_UNDEFINED_COLORS);
    b3SharedMemoryStatusHandle status = submit(w, command);
    if (b->b3GetStatusType(status) != CMD_MJCF_LOADING_COMPLETED)
        return sac_env_fail(error, "Bullet can not load the model file %.400s", path);
    int number[BULLET_BODIES];
    w->bodies = b->b3GetStatusBodyIndices(status, number, BULLET_BODIES);
    if (w->bodies > BULLET_BODIES)
        return sac_env_fail(error, "%.400s has %d bodies, more than %d", path, w->bodies, BULLET_BODIES);
    for (int i = 0; i < w->bodies; i++)
        w->body[i].number = number[i];
    return 0;
}

/* Every joint has a motor, which holds it until its force is 0. */
static void disable_motor(const struct bullet_world *w, const struct bullet_joint *joint)
{
    const struct bullet_api *b = w->api;
    b3SharedMemoryCommandHandle command =
        b->b3JointControlCommandInit2(w->client, joint->body, CONTROL_MODE_POSITION_VELOCITY_PD);
    b->b3JointControlSetDesiredPosition(command, joint->q, 0);
    b->b3JointControlSetKp(command, joint->u, 0.1);
    b->b3JointControlSetDesiredVelocity(command, joint->u, 0);
    b->b3JointControlSetKd(command, joint->u, 0.1);
    b->b3JointControlSetMaximumForce(command, joint->u, 0);
    submit(w, command);
}

static int list_joints(struct bullet_world *w, struct bullet_body *body, char *error)
{
    const int count = w->api->b3GetNumJoints(w->client, body->number);
    body->first_joint = w->joints;
    for (int j = 0; j < count; j++) {
        struct b3JointInfo info;
        w->api->b3GetJointInfo(w->client, body->number, j, &info);
        if (info.m_jointType == eFixedType)
            continue;
        if (w->joints == BULLET_JOINTS)
            return sac_env_fail(error, "the model has more than %d joints", BULLET_JOINTS);
        w->joint[w->joints] = (struct bullet_joint){
            body->number, j, info.m_qIndex, info.m_uIndex, info.m_jointLowerLimit, info.m_jointUpperLimit};
        disable_motor(w, &w->joint[w->joints++]);
    }
    body->end = w->joints;
    return 0;
}

/* Bullet's answer about a body; it is overwritten by the next command. */
struct answer {
    const double *q;             /* first the base's position and quaternion, then the joints */
    const double *u;             /* velocities likewise */
    const double *link;          /* (links, 7) position and quaternion of each link's centre of mass */
    const double *link_velocity; /* (links, 6), a runner's */
};

static int ask_state(const struct bullet_world *w, const struct bullet_body *body, struct answer *answer,
                     char *error)
{
    b3SharedMemoryCommandHandle command = w->api->b3RequestActualStateCommandInit(w->client, body->number);
    if (w->scene->runner)
        w->api->b3RequestActualStateCommandComputeLinkVelocity(command, 1);
    b3SharedMemoryStatusHandle status = submit(w, command);
    if (w->api->b3GetStatusType(status) != CMD_ACTUAL_STATE_UPDATE_COMPLETED)
        return sac_env_fail(error, "Bullet does not tell the state of body %d", body->number);
    w->api->b3GetStatusActualState2(status, NULL, NULL, NULL, NULL, NULL, &answer->q, &answer->u, NULL, NULL,
                                    NULL, &answer->link, &answer->link_velocity);
    return 0;
}

/* All of a runner's: the first link, its root, then the others, as pybullet_envs comes to know them. */
static int list_parts(struct bullet_world *w, char *error)
{
    const struct bullet_runner *runner = w->scene->runner;
    const int count = w->api->b3GetNumJoints(w->client, w->body[0].number);
    if (count >= BULLET_LINKS || runner->root >= count)
        return sac_env_fail(error, "%s is not pybullet's: it has %d links", w->scene->model, count);
    w->watched[0] = (struct bullet_link){0, 0};
    w->watched[1] = (struct bullet_link){0, runner->root};
    w->links = 2;
    for (int i = 1; i < count; i++)
        if (i != runner->root)
            w->watched[w->links++] = (struct bullet_link){0, i};
    return 0;
}

static int survey(struct bullet_world *w, char *error)
{
    for (int i = 0; i < w->bodies; i++)
        if (list_joints(w, &w->body[i], error))
            return 1;
    if (w->scene->runner)
        return list_parts(w, error);
    w->links = w->scene->links;
    memcpy(w->watched, w->scene->link, (size_t)w->links * sizeof *w->watched);
    return 0;
}

static int save_start(struct bullet_world *w, char *error)
{
    b3SharedMemoryStatusHandle status = submit(w, w->api->b3SaveStateCommandInit(w->client));
    if (w->api->b3GetStatusType(status) != CMD_SAVE_STATE_COMPLETED)
        return sac_env_fail(error, "Bullet can not keep the first state");
    w->start = w->api->b3GetStatusGetStateId(status);
    return 0;
}

int bullet_world_open(struct bullet_world *w, const struct bullet_library *library,
                      const struct bullet_scene *scene, char *error)
{
    *w = (struct bullet_world){.api = &library->api, .scene = scene};
    pthread_mutex_lock(&loading);
    w->client = w->api->b3ConnectPhysicsDirect();
    int failed = !w->client || !w->api->b3CanSubmitCommand(w->client);
    if (failed) {
        sac_env_fail(error, "Bullet gives no client: out of memory?");
    } else {
        set_parameters(w);
        failed = (scene->runner && load_ground(w, library->folder, error)) ||
                 load_model(w, library->folder, scene->model, error) || survey(w, error) ||
                 save_start(w, error);
    }
    pthread_mutex_unlock(&loading);
    if (failed)
        bullet_world_close(w);
    return failed;
}

void bullet_world_close(struct bullet_world *w)
{
    if (w->client)
        w->api->b3DisconnectSharedMemory(w->client);
    w->client = NULL;
}

int bullet_world_restart(struct bullet_world *w, char *error)
{
    b3SharedMemoryCommandHandle command = w->api->b3LoadStateCommandInit(w->client);
    w->api->b3LoadStateSetStateId(command, w->start);
    return submit_for(w, command, CMD_RESTORE_STATE_COMPLETED, "go back to the first state", error);
}

void bullet_world_set_joint(struct bullet_world *w, int joint, double position, double velocity)
{
    const struct bullet_joint *j = &w->joint[joint];
    b3SharedMemoryCommandHandle command = w->api->b3CreatePoseCommandInit(w->client, j->body);
    w->api->b3CreatePoseCommandSetJointPosition(w->client, command, j->index, position);
    w->api->b3CreatePoseCommandSetJointVelocity(w->client, command, j->index, velocity);
    submit(w, command);
}

void bullet_world_set_base(struct bullet_world *w, const double *position, const double *velocity)
{
    const struct bullet_api *b = w->api;
    b3SharedMemoryCommandHandle command = b->b3CreatePoseCommandInit(w->client, w->body[0].number);
    b->b3CreatePoseCommandSetBasePosition(command, position[0], position[1], position[2]);
    b->b3CreatePoseCommandSetBaseOrientation(command, position[3], position[4], position[5], position[6]);
    b->b3CreatePoseCommandSetBaseLinearVelocity(command, velocity);
    b->b3CreatePoseCommandSetBaseAngularVelocity(command, velocity + 3);
    submit(w, command);
}

void bullet_world_push(struct bullet_world *w, int joint, int count, const double *torque)
{
    const struct bullet_joint *j = &w->joint[joint];
    b3SharedMemoryCommandHandle command =
        w->api->b3JointControlCommandInit2(w->client, j->body, CONTROL_MODE_TORQUE);
    for (int i = 0; i < count; i++)
        w->api->b3JointControlSetDesiredForceTorque(command, j[i].u, torque[i]);
    submit(w, command);
}

int bullet_world_step(struct bullet_world *w, char *error)
{
    return submit_for(w, w->api->b3InitStepSimulationCommand(w->client),
                      CMD_STEP_FORWARD_SIMULATION_COMPLETED, "step", error);
}

static const double *pose_of(const struct answer *answer, int link)
{
    return link == BULLET_BASE ? answer->q : answer->link + 7 * link;
}

static int read_body(struct bullet_world *w, int i, char *error)
{
    const struct bullet_body *body = &w->body[i];
    struct answer answer;
    if (ask_state(w, body, &answer, error))
        return 1;
    for (int k = body->first_joint; k < body->end; k++) {
        w->position[k] = answer.q[w->joint[k].q];
        w->velocity[k] = answer.u[w->joint[k].u];
    }
    for (int k = 0; k < w->links; k++)
        if (w->watched[k].body == i)
            memcpy(w->link[k], pose_of(&answer, w->watched[k].link), sizeof w->link[k]);
    if (w->scene->runner) {
        const int root = w->scene->runner->root;
        memcpy(w->root, pose_of(&answer, root), sizeof w->root);
        memcpy(w->root_velocity, root == BULLET_BASE ? answer.u : answer.link_velocity + 6 * root,
               sizeof w->root_velocity);
    }
    return 0;
}

int bullet_world_read(struct bullet_world *w, char *error)
{
    for (int i = 0; i < w->bodies; i++)
        if (w->body[i].first_joint < w->body[i].end && read_body(w, i, error))
            return 1;
    return 0;
}

static void feel_at(struct bullet_world *w, int link)
{
    const struct bullet_runner *runner = w->scene->runner;
    for (int i = 0; i < runner->feet; i++)
        w->contact[i] |= runner->foot[i] == link;
}

int bullet_world_feel(struct bullet_world *w, char *error)
{
    const struct bullet_api *b = w->api;
    struct b3ContactInformation contacts;
    b3SharedMemoryCommandHandle command = b->b3InitRequestContactPointInformation(w->client);
    b->b3SetContactFilterBodyA(command, w->body[0].number);
    b->b3SetContactFilterBodyB(command, w->ground);
    if (submit_for(w, command, CMD_CONTACT_POINT_INFORMATION_COMPLETED, "tell contacts", error))
        return 1;
    b->b3GetContactPointInformation(w->client, &contacts);
    memset(w->contact, 0, sizeof w->contact);
    for (int i = 0; i < contacts.m_numContactPoints; i++)
        feel_at(w, contacts.m_contactPointData[i].m_linkIndexA);
    return 0;
}
