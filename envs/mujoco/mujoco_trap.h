/* MuJoCo reports fatal errors to a process-wide handler and ends the process by default. While work runs in a
 * trap, an error of the calling thread ends that work alone; its warnings are dropped, as they would go to a
 * file and the terminal. Everything outside a trap reaches the handlers that were there before. */
#ifndef MUJOCO_TRAP_H
#define MUJOCO_TRAP_H

/* Return work(argument, error), or 1 with MuJoCo's sentence in error[SAC_ENV_ERROR_SIZE]. Traps do not nest.
 * What `work` had allocated when MuJoCo failed must be in reach of `argument`. */
int mujoco_trap(int (*work)(void *argument, char *error), void *argument, char *error);

#endif
