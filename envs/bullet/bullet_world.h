/* One simulation: a client of Bullet's in the process itself, with one robot in it. */
#ifndef BULLET_WORLD_H
#define BULLET_WORLD_H

#include "bullet_library.h"

#include <stdbool.h>

/* A link whose place a task looks at. */
struct bullet_link {
    int body; /* in the order of the model */
    int link; /* Bullet's number: that of the joint before it */
};

enum { BULLET_BODIES = 16, BULLET_JOINTS = 32, BULLET_LINKS = 32, BULLET_FEET = 6, BULLET_BASE = -1 };

/* A robot that runs on a ground: body 0 of its model. */
struct bullet_runner {
    int root;  /* link that is its torso; BULLET_BASE: its base, which is free then */
    int first; /* joint with a motor; the ones before place a planar robot */
    int feet;
    int foot[BULLET_FEET];        /* links */
    double torque[BULLET_JOINTS]; /* of its motors at action 1 */
    double electricity, stall;    /* costs of using them */
    /* Whether it is up, at a height and pitch of the torso and with these feet on the ground before. */
    bool (*is_alive)(double z, double pitch, const bool *contact);
    double bonus;   /* a step's while it is */
    bool in_floats; /* NumPy computes its torques and height in float32 */
};

/* What pybullet_envs sets up before it loads a robot. */
struct bullet_scene {
    const char *model; /* file in pybullet_data */
    double gravity;
    double timestep;
    int substeps;                       /* of `timestep` in a step */
    const struct bullet_runner *runner; /* NULL: the model needs no ground */
    int links;                          /* not for a runner, of which all are looked at */
    struct bullet_link link[BULLET_LINKS];
};

/* A joint that moves. */
struct bullet_joint {
    int body;            /* Bullet's number */
    int index;           /* among all joints of the body */
    int q, u;            /* where Bullet's answer has its position and velocity */
    double lower, upper; /* limits; lower > upper: none */
};

/* A part of the model: joints from a base, which stays where it is unless it is a runner's root. */
struct bullet_body {
    int number;           /* Bullet's */
    int first_joint, end; /* its joints in the world's list */
};

struct bullet_world {
    const struct bullet_api *api;
    const struct bullet_scene *scene;
    b3PhysicsClientHandle client;
    int ground; /* Bullet's number of a runner's */
    int bodies, joints, links;
    struct bullet_body body[BULLET_BODIES];
    struct bullet_joint joint[BULLET_JOINTS]; /* by body, then index */
    struct bullet_link watched[BULLET_LINKS]; /* the scene's; a runner's in the order of pybullet_envs */
    int start; /* Bullet's number of the state bullet_world_restart goes back to */
    /* as of the last read */
    double position[BULLET_JOINTS], velocity[BULLET_JOINTS]; /* of joints */
    double link[BULLET_LINKS][3];                            /* centres of mass of the watched links */
    double root[7], root_velocity[6];                        /* a runner's: position and quaternion */
    bool contact[BULLET_FEET]; /* a runner's feet on the ground, as of bullet_world_feel */
    /* of the episode */
    double start_height; /* of a runner's root */
    bool floor;          /* whether the ground is one of a runner's parts */
};

/* Open a client and load the scene; the robot's motors are off. On failure there is nothing to close. */
int bullet_world_open(struct bullet_world *world, const struct bullet_library *library,
                      const struct bullet_scene *scene, char *error);
void bullet_world_close(struct bullet_world *world);

/* Go back to the state after loading. */
int bullet_world_restart(struct bullet_world *world, char *error);

void bullet_world_set_joint(struct bullet_world *world, int joint, double position, double velocity);

/* Place a free base: position and quaternion, linear and angular velocity. */
void bullet_world_set_base(struct bullet_world *world, const double *position, const double *velocity);

/* Apply torques (or forces) to `count` joints of one body during the next step. */
void bullet_world_push(struct bullet_world *world, int joint, int count, const double *torque);

int bullet_world_step(struct bullet_world *world, char *error);

/* Update positions and velocities of joints and root, and the links' places. */
int bullet_world_read(struct bullet_world *world, char *error);

/* Update which feet are on the ground. */
int bullet_world_feel(struct bullet_world *world, char *error);

#endif
