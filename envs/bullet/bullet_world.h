/* One simulation: a client of Bullet's in the process itself, with one robot in it. */
#ifndef BULLET_WORLD_H
#define BULLET_WORLD_H

#include "bullet_library.h"

/* A link whose place a task looks at. */
struct bullet_link {
    int body; /* in the order of the model */
    int link; /* Bullet's number: that of the joint before it */
};

enum { BULLET_BODIES = 16, BULLET_JOINTS = 32, BULLET_LINKS = 2 };

/* What pybullet_envs sets up before it loads a robot. */
struct bullet_scene {
    const char *model; /* file in pybullet_data/mjcf */
    double gravity;
    double timestep;
    int substeps; /* of `timestep` in a step */
    int links;
    struct bullet_link link[BULLET_LINKS];
};

/* A joint that moves. */
struct bullet_joint {
    int body;            /* Bullet's number */
    int index;           /* among all joints of the body */
    int q, u;            /* where Bullet's answer has its position and velocity */
    double lower, upper; /* limits; lower > upper: none */
};

/* A part of the model: joints from a base that stays where it is. */
struct bullet_body {
    int number;           /* Bullet's */
    int first_joint, end; /* its joints in the world's list */
};

struct bullet_world {
    const struct bullet_api *api;
    const struct bullet_scene *scene;
    b3PhysicsClientHandle client;
    int bodies, joints;
    struct bullet_body body[BULLET_BODIES];
    struct bullet_joint joint[BULLET_JOINTS];                /* by body, then index */
    double position[BULLET_JOINTS], velocity[BULLET_JOINTS]; /* of joints, as of the last read */
    double link[BULLET_LINKS][3]; /* centres of mass of the scene's links, likewise */
    int start;                    /* Bullet's number of the state that bullet_world_restart goes back to */
};

/* Open a client and load the scene; the robot's motors are off. On failure there is nothing to close. */
int bullet_world_open(struct bullet_world *world, const struct bullet_library *library,
                      const struct bullet_scene *scene, char *error);
void bullet_world_close(struct bullet_world *world);

/* Go back to the state after loading. */
int bullet_world_restart(struct bullet_world *world, char *error);

void bullet_world_set_joint(struct bullet_world *world, int joint, double position, double velocity);

/* Apply `torque` (or force) to a joint during the next step. */
void bullet_world_push(struct bullet_world *world, int joint, double torque);

int bullet_world_step(struct bullet_world *world, char *error);

/* Update positions and velocities of the joints, and the links' places. */
int bullet_world_read(struct bullet_world *world, char *error);

#endif
