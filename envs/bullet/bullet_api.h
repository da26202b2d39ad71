/* The part of Bullet's C API that is used here. PyPI's wheel of pybullet exports these functions but has no
 * headers; names, arguments and numbers are those of PhysicsClientC_API.h, PhysicsDirectC_API.h and
 * SharedMemoryPublic.h of Bullet at the wheel's version, 3.2.7. */
#ifndef BULLET_API_H
#define BULLET_API_H

/* A simulation, and the request and answer of which it has one each: a new command ends the old one's life.
 */
typedef struct b3PhysicsClient *b3PhysicsClientHandle;
typedef struct b3Command *b3SharedMemoryCommandHandle;
typedef struct b3Status *b3SharedMemoryStatusHandle;

enum { /* EnumSharedMemoryServerStatus */
       CMD_SDF_LOADING_COMPLETED = 4,
       CMD_MJCF_LOADING_COMPLETED = 12,
       CMD_ACTUAL_STATE_UPDATE_COMPLETED = 21,
       CMD_STEP_FORWARD_SIMULATION_COMPLETED = 26,
       CMD_CONTACT_POINT_INFORMATION_COMPLETED = 39,
       CMD_SAVE_STATE_COMPLETED = 93,
       CMD_RESTORE_STATE_COMPLETED = 95
};

enum { /* flags of a load */
       URDF_USE_SELF_COLLISION = 8,
       URDF_USE_SELF_COLLISION_EXCLUDE_ALL_PARENTS = 32,
       URDF_GOOGLEY_UNDEFINED_COLORS = 1 << 23
};

enum { CONTROL_MODE_TORQUE = 1, CONTROL_MODE_POSITION_VELOCITY_PD = 2 };

enum { eFixedType = 4 }; /* JointType */

struct b3JointInfo {
    char m_linkName[1024];
    char m_jointName[1024];
    int m_jointType;
    int m_qIndex; /* among the numbers of b3GetStatusActualState2; -1: fixed */
    int m_uIndex;
    int m_jointIndex;
    int m_flags;
    double m_jointDamping;
    double m_jointFriction;
    double m_jointLowerLimit;
    double m_jointUpperLimit;
    double m_jointMaxForce;
    double m_jointMaxVelocity;
    double m_parentFrame[7];
    double m_childFrame[7];
    double m_jointAxis[3];
    int m_parentIndex;
    int m_qSize;
    int m_uSize;
};

struct b3ContactPointData {
    int m_contactFlags;
    int m_bodyUniqueIdA;
    int m_bodyUniqueIdB;
    int m_linkIndexA;
    int m_linkIndexB;
    double m_positionOnAInWS[3];
    double m_positionOnBInWS[3];
    double m_contactNormalOnBInWS[3];
    double m_contactDistance;
    double m_normalForce;
    double m_linearFrictionForce1;
    double m_linearFrictionForce2;
    double m_linearFrictionDirection1[3];
    double m_linearFrictionDirection2[3];
};

struct b3ContactInformation {
    int m_numContactPoints;
    struct b3ContactPointData *m_contactPointData; /* Bullet's, until the next command */
};

/* F(result, name, arguments) for each function. */
#define BULLET_FUNCTIONS(F)                                                                                  \
    F(b3PhysicsClientHandle, b3ConnectPhysicsDirect, (void))                                                 \
    F(void, b3DisconnectSharedMemory, (b3PhysicsClientHandle))                                               \
    F(int, b3CanSubmitCommand, (b3PhysicsClientHandle))                                                      \
    F(b3SharedMemoryStatusHandle, b3SubmitClientCommandAndWaitStatus,                                        \
      (b3PhysicsClientHandle, b3SharedMemoryCommandHandle))                                                  \
    F(int, b3GetStatusType, (b3SharedMemoryStatusHandle))                                                    \
    F(b3SharedMemoryCommandHandle, b3InitResetSimulationCommand, (b3PhysicsClientHandle))                    \
    F(b3SharedMemoryCommandHandle, b3InitPhysicsParamCommand, (b3PhysicsClientHandle))                       \
    F(int, b3PhysicsParamSetGravity, (b3SharedMemoryCommandHandle, double x, double y, double z))            \
    F(int, b3PhysicsParamSetDefaultContactERP, (b3SharedMemoryCommandHandle, double))                        \
    F(int, b3PhysicsParamSetTimeStep, (b3SharedMemoryCommandHandle, double seconds))                         \
    F(int, b3PhysicsParamSetNumSubSteps, (b3SharedMemoryCommandHandle, int))                                 \
    F(int, b3PhysicsParamSetNumSolverIterations, (b3SharedMemoryCommandHandle, int))                         \
    F(int, b3PhysicsParameterSetDeterministicOverlappingPairs, (b3SharedMemoryCommandHandle, int))           \
    F(b3SharedMemoryCommandHandle, b3LoadSdfCommandInit, (b3PhysicsClientHandle, const char *file))          \
    F(b3SharedMemoryCommandHandle, b3InitChangeDynamicsInfo, (b3PhysicsClientHandle))                        \
    F(int, b3ChangeDynamicsInfoSetLateralFriction,                                                           \
      (b3SharedMemoryCommandHandle, int body, int link, double))                                             \
    F(int, b3ChangeDynamicsInfoSetRestitution, (b3SharedMemoryCommandHandle, int body, int link, double))    \
    F(b3SharedMemoryCommandHandle, b3LoadMJCFCommandInit, (b3PhysicsClientHandle, const char *file))         \
    F(void, b3LoadMJCFCommandSetFlags, (b3SharedMemoryCommandHandle, int flags))                             \
    F(int, b3GetStatusBodyIndices, (b3SharedMemoryStatusHandle, int *bodies, int capacity))                  \
    F(int, b3GetNumJoints, (b3PhysicsClientHandle, int body))                                                \
    F(int, b3GetJointInfo, (b3PhysicsClientHandle, int body, int joint, struct b3JointInfo *))               \
    F(b3SharedMemoryCommandHandle, b3JointControlCommandInit2, (b3PhysicsClientHandle, int body, int mode))  \
    F(int, b3JointControlSetDesiredPosition, (b3SharedMemoryCommandHandle, int q, double))                   \
    F(int, b3JointControlSetKp, (b3SharedMemoryCommandHandle, int u, double))                                \
    F(int, b3JointControlSetDesiredVelocity, (b3SharedMemoryCommandHandle, int u, double))                   \
    F(int, b3JointControlSetKd, (b3SharedMemoryCommandHandle, int u, double))                                \
    F(int, b3JointControlSetMaximumForce, (b3SharedMemoryCommandHandle, int u, double))                      \
    F(int, b3JointControlSetDesiredForceTorque, (b3SharedMemoryCommandHandle, int u, double))                \
    F(b3SharedMemoryCommandHandle, b3InitStepSimulationCommand, (b3PhysicsClientHandle))                     \
    F(b3SharedMemoryCommandHandle, b3RequestActualStateCommandInit, (b3PhysicsClientHandle, int body))       \
    F(int, b3GetStatusActualState2,                                                                          \
      (b3SharedMemoryStatusHandle, int *body, int *links, int *q_count, int *u_count,                        \
       const double *base_inertial_frame[], const double *q[], const double *u[],                            \
       const double *reaction_forces[], const double *inertial_frames[], const double *motor_forces[],       \
       const double *link_poses[], const double *link_velocities[]))                                         \
    F(int, b3RequestActualStateCommandComputeLinkVelocity, (b3SharedMemoryCommandHandle, int))               \
    F(b3SharedMemoryCommandHandle, b3InitRequestContactPointInformation, (b3PhysicsClientHandle))            \
    F(void, b3SetContactFilterBodyA, (b3SharedMemoryCommandHandle, int body))                                \
    F(void, b3SetContactFilterBodyB, (b3SharedMemoryCommandHandle, int body))                                \
    F(void, b3GetContactPointInformation, (b3PhysicsClientHandle, struct b3ContactInformation *))            \
    F(b3SharedMemoryCommandHandle, b3CreatePoseCommandInit, (b3PhysicsClientHandle, int body))               \
    F(int, b3CreatePoseCommandSetBasePosition, (b3SharedMemoryCommandHandle, double, double, double))        \
    F(int, b3CreatePoseCommandSetBaseOrientation,                                                            \
      (b3SharedMemoryCommandHandle, double x, double y, double z, double w))                                 \
    F(int, b3CreatePoseCommandSetBaseLinearVelocity, (b3SharedMemoryCommandHandle, const double[3]))         \
    F(int, b3CreatePoseCommandSetBaseAngularVelocity, (b3SharedMemoryCommandHandle, const double[3]))        \
    F(int, b3CreatePoseCommandSetJointPosition,                                                              \
      (b3PhysicsClientHandle, b3SharedMemoryCommandHandle, int joint, double))                               \
    F(int, b3CreatePoseCommandSetJointVelocity,                                                              \
      (b3PhysicsClientHandle, b3SharedMemoryCommandHandle, int joint, double))                               \
    F(b3SharedMemoryCommandHandle, b3SaveStateCommandInit, (b3PhysicsClientHandle))                          \
    F(int, b3GetStatusGetStateId, (b3SharedMemoryStatusHandle))                                              \
    F(b3SharedMemoryCommandHandle, b3LoadStateCommandInit, (b3PhysicsClientHandle))                          \
    F(int, b3LoadStateSetStateId, (b3SharedMemoryCommandHandle, int))

#define BULLET_POINTER(result, name, arguments) result(*name) arguments;

struct bullet_api {
    BULLET_FUNCTIONS(BULLET_POINTER)
};

#endif
