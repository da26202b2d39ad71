/* A note is a file that its run has locked (an open file description's lock, which the kernel drops when the
 * process ends, however that happens). It appears in its folder whole and locked: it is made without a name,
 * locked, written, and only then linked. So a note that is not locked is a dead run's. Whoever sees one
 * removes it, or leaves that to those who may. Names are random, so that nobody removes another than the one
 * looked at.
 *
 * All users may write into the folder, so nothing in it is trusted: not what kind of file it is, not its
 * size, not a byte of it, and waiting for another's lock has an end. */
#include "neighbours.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

enum {
    MOST_NOTES = 256,  /* read in one look */
    MOST_NAMES = 4096, /* looked at */
    NAME_BYTES = 32,
    PATIENCE_MS = 1000 /* for runs that start at the same moment */
};

/* Less is not worth telling, nor is a run that takes no more of our cores one of those we share with. */
static const double LITTLE = 0.05;

struct sac_neighbourhood {
    const struct sac_topology *topology;
    int folder; /* -1: there is none, and nothing is told or read */
    int note;   /* ours, locked as long as it is open; -1: none */
    char name[NAME_BYTES];
    bool starting; /* we hold the folder's lock */
    struct sac_neighbours known;
    struct sac_run_note read;      /* the note that is being looked at */
    char text[SAC_NOTE_BYTES + 1]; /* what is being read or written */
};

/* --- the folder --- */

const char *sac_neighbourhood_folder(void)
{
    const char *asked = getenv("SOFTAC_SHARED_DIR");
    return asked ? asked : "/dev/shm/softac";
}

/* As /tmp is: everybody makes files there, and removes their own alone. */
static int open_folder(const char *path)
{
    if (!*path)
        return -1;
    if (mkdir(path, 0777) == 0)
        chmod(path, 01777);
    return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Runs that start together take turns, so that the second sees the first one's note. */
static void take_turn(struct sac_neighbourhood *hood)
{
    for (int waited = 0; hood->folder >= 0 && waited < PATIENCE_MS; waited++) {
        hood->starting = flock(hood->folder, LOCK_EX | LOCK_NB) == 0;
        if (hood->starting)
            return;
        poll(NULL, 0, 1);
    }
}

static void end_turn(struct sac_neighbourhood *hood)
{
    if (hood->starting)
        flock(hood->folder, LOCK_UN);
    hood->starting = false;
}

/* --- reading --- */

static bool is_alive(int file)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    return fcntl(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static bool read_text(struct sac_neighbourhood *hood, int file)
{
    size_t used = 0;
    ssize_t got;
    while (used <= SAC_NOTE_BYTES &&
           (got = pread(file, hood->text + used, sizeof hood->text - used, (off_t)used)) > 0)
        used += (size_t)got;
    if (used > SAC_NOTE_BYTES)
        return false;
    hood->text[used] = '\0';
    return sac_run_note_parse(hood->text, used, &hood->read);
}

/* True if a live run's note is in hood->read. */
static bool read_note(struct sac_neighbourhood *hood, const char *name)
{
    const int file = openat(hood->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    bool read = false;
    if (file < 0)
        return false;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
        if (is_alive(file))
            read = read_text(hood, file);
        else
            unlinkat(hood->folder, name, 0);
    }
    close(file);
    return read;
}

/* Of one core: a learner's thread keeps its CPU busy, an env thread its part of what all of them take. */
static double core_load(const struct sac_neighbourhood *hood, const struct sac_core *core, bool *learning)
{
    const struct sac_run_note *note = &hood->read;
    const double env = note->env_count ? fmin(note->busy / note->env_count, 1) : 0;
    double load = 0;
    for (int i = core->first; i < core->first + core->count; i++) {
        const bool learns = sac_cpu_bits_has(&note->learner, hood->topology->cpu[i]);
        load += learns + env * sac_cpu_bits_has(&note->env, hood->topology->cpu[i]);
        *learning |= learns;
    }
    return fmin(load, 1);
}

static void add_note(struct sac_neighbourhood *hood)
{
    const struct sac_topology *t = hood->topology;
    struct sac_neighbours *known = &hood->known;
    double cores = 0;
    for (int c = 0; c < t->cores; c++) {
        const double load = core_load(hood, &t->core[c], &known->learning[c]);
        known->load[c] = fmin(known->load[c] + load, 1);
        cores += load;
    }
    if (t->quota_group && hood->read.group == t->quota_group)
        known->quota += hood->read.learner_count + hood->read.busy;
    if (cores < LITTLE)
        return;
    if (known->runs < SAC_NEIGHBOURS_NAMED)
        known->process[known->runs] = hood->read.process;
    known->runs++;
}

static void read_folder(struct sac_neighbourhood *hood, DIR *folder)
{
    const struct dirent *entry;
    int notes = 0;
    /* cppcheck-suppress readdirCalled ; no other thread reads this stream */
    for (int names = 0; names < MOST_NAMES && notes < MOST_NOTES && (entry = readdir(folder)); names++)
        if (*entry->d_name != '.' && strcmp(entry->d_name, hood->name) != 0 &&
            read_note(hood, entry->d_name)) {
            add_note(hood);
            notes++;
        }
}

void sac_neighbourhood_look(struct sac_neighbourhood *hood)
{
    struct sac_neighbours *known = &hood->known;
    const int cores = hood->topology->cores;
    known->runs = 0;
    known->cores = known->quota = 0;
    memset(known->load, 0, (size_t)cores * sizeof *known->load);
    memset(known->learning, 0, (size_t)cores * sizeof *known->learning);
    const int own = hood->folder < 0 ? -1 : openat(hood->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = own < 0 ? NULL : fdopendir(own);
    if (folder) {
        read_folder(hood, folder);
        closedir(folder);
    } else if (own >= 0) {
        close(own);
    }
    for (int c = 0; c < cores; c++)
        known->cores += known->load[c];
}

const struct sac_neighbours *sac_neighbourhood_known(const struct sac_neighbourhood *hood)
{
    return &hood->known;
}

/* --- telling --- */

static bool is_locked(int file)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(file, F_OFD_SETLK, &lock) == 0;
}

static bool is_written(int file, const char *text, size_t size)
{
    return pwrite(file, text, size, 0) == (ssize_t)size;
}

static bool is_linked(struct sac_neighbourhood *hood, int file)
{
    uint64_t number;
    char path[64];
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
        return false;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    snprintf(hood->name, sizeof hood->name, "%016llx", (unsigned long long)number);
    return linkat(AT_FDCWD, path, hood->folder, hood->name, AT_SYMLINK_FOLLOW) == 0;
}

static void make_note(struct sac_neighbourhood *hood, size_t size)
{
    const int file = openat(hood->folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
    if (file < 0)
        return;
    if (fchmod(file, 0644) == 0 && is_locked(file) && is_written(file, hood->text, size) &&
        is_linked(hood, file)) {
        hood->note = file;
        return;
    }
    *hood->name = '\0';
    close(file);
}

/* The CPUs of `threads` threads: each has one, or all share a list. */
static struct sac_cpu_list gather_cpus(const struct sac_cpu_list *place, int threads, int *cpu)
{
    struct sac_cpu_list list = {cpu, threads};
    if (place[0].count > 1)
        return place[0];
    for (int k = 0; k < threads; k++)
        cpu[k] = place[k].cpu[0];
    return list;
}

static size_t print_note(struct sac_neighbourhood *hood, const struct sac_placement *p, int learning,
                         double env_busy)
{
    int *cpu = sac_allocate((size_t)(p->learner_threads + p->env_threads) * sizeof *cpu);
    if (!cpu)
        return 0;
    const struct sac_run_told told = {
        .process = (int)getpid(),
        .learning = learning,
        .busy = env_busy,
        .group = hood->topology->quota_group,
        .learner = gather_cpus(p->learner, p->learner_threads, cpu),
        .env = gather_cpus(p->env, p->env_threads, cpu + p->learner_threads),
    };
    const size_t size = sac_run_note_print(&told, hood->text, sizeof hood->text);
    sac_free(cpu);
    return size;
}

void sac_neighbourhood_tell(struct sac_neighbourhood *hood, const struct sac_placement *placement,
                            int learning, double env_busy)
{
    const size_t size = hood->folder < 0 ? 0 : print_note(hood, placement, learning, env_busy);
    if (size > 0 && hood->note < 0)
        make_note(hood, size);
    else if (size > 0)
        (void)is_written(hood->note, hood->text, size); /* else the old one stays */
    end_turn(hood);
}

/* --- coming and going --- */

struct sac_neighbourhood *sac_neighbourhood_enter(const char *folder, const struct sac_topology *topology)
{
    struct sac_neighbourhood *hood = sac_allocate(sizeof *hood);
    if (!hood)
        return NULL;
    hood->topology = topology;
    hood->folder = hood->note = -1;
    hood->known.load = sac_allocate((size_t)topology->cores * sizeof *hood->known.load);
    hood->known.learning = sac_allocate((size_t)topology->cores * sizeof *hood->known.learning);
    if (!hood->known.load || !hood->known.learning) {
        sac_neighbourhood_leave(hood);
        return NULL;
    }
    hood->folder = open_folder(folder);
    take_turn(hood);
    sac_neighbourhood_look(hood);
    return hood;
}

void sac_neighbourhood_leave(struct sac_neighbourhood *hood)
{
    if (!hood)
        return;
    end_turn(hood);
    if (hood->note >= 0) {
        unlinkat(hood->folder, hood->name, 0);
        close(hood->note);
    }
    if (hood->folder >= 0)
        close(hood->folder);
    sac_free(hood->known.load);
    sac_free(hood->known.learning);
    sac_free(hood);
}

/* --- words --- */

static void name_processes(const struct sac_neighbours *n, char *names, size_t size)
{
    size_t used = 0;
    for (int i = 0; i < n->runs && i < SAC_NEIGHBOURS_NAMED; i++)
        used += (size_t)snprintf(names + used, size - used, "%s%d", i ? ", " : "", n->process[i]);
    if (n->runs > SAC_NEIGHBOURS_NAMED)
        snprintf(names + used, size - used, ", ...");
}

void sac_neighbours_describe(const struct sac_neighbours *n, const struct sac_topology *t, char *sentence,
                             size_t size)
{
    const double cores = round(10 * n->cores) / 10;
    char who[32] = "another run", names[128];
    *sentence = '\0';
    if (n->runs == 0)
        return;
    if (n->runs > 1)
        snprintf(who, sizeof who, "%d other runs", n->runs);
    name_processes(n, names, sizeof names);
    snprintf(sentence, size, "%.6g of %d core%s %s taken by %s (process%s %s)%s", cores, t->cores,
             t->cores == 1 ? "" : "s", cores <= 1 ? "is" : "are", who, n->runs == 1 ? "" : "es", names,
             cores > t->cores - 1 ? ", so the runs share them" : "");
}
