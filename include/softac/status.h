/* Status codes and the sentence that goes with the last failure. */
#ifndef SOFTAC_STATUS_H
#define SOFTAC_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* What a call that can fail returns. Anything but SAC_OK leaves a sentence in sac_last_error(). */
enum sac_status {
    SAC_OK = 0,
    SAC_INVALID, /* an argument or setting is outside its range; nothing was changed */
    SAC_NOMEM,   /* memory could not be had, or the machine has too little for what was asked */
    SAC_IO,      /* a file or directory could not be read or written */
    SAC_FORMAT,  /* a file was read but is not what it should be */
    SAC_ENV,     /* an environment reported an error or returned a value that cannot be */
    SAC_BACKEND, /* a library underneath (oneDNN, MuJoCo) refused */
    SAC_STATE,   /* the call came at the wrong time, e.g. a second run of one trainer */
    SAC_STOPPED, /* ended early because somebody asked for it; results up to then are valid */
};

/* The sentence for the calling thread's last failure: what, which value, where, and the remedy. Owned by the
 * library, valid until the thread's next failing call; calls that succeed leave it alone. "" if there was
 * none. */
const char *sac_last_error(void);

/* The constant's name, "SAC_OK" and so on; "unknown status" for what is none. */
const char *sac_status_name(enum sac_status status);

#ifdef __cplusplus
}
#endif
#endif
