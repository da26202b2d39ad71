/* For programs: a crash inside an environment's function ends that call, not the process, so that what was
 * learnt can be saved. Never in the library: signal handlers belong to the process's owner. */
#ifndef SAC_CRASH_GUARD_H
#define SAC_CRASH_GUARD_H

/* Put the handlers in place and guard all calls of environments from here on. Before threads are started. */
void sac_crash_guard_install(void);

/* An environment crashed or hangs, and may have left a lock taken: if the process has not ended within a
 * minute it ends with a line and status 1. */
void sac_crash_guard_hurry(void);

#endif
