/* Runs that see each other: made-up notes, hostile ones, several runs in this process, and dead ones. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_root.h"
#include "machine_share.h"
#include "machines.h"
#include "neighbours.h"
#include "suite.h"

static const double CHEETAH = 5.4e8; /* FLOPs of an update */

static struct sac_topology *topology;
static char folder[256];

static void set_up(void)
{
    fake_root_make();
    snprintf(folder, sizeof folder, "%s/notes", fake_root);
    topology = make_topology("pack:2 l3:1 core:8 pu:2", NULL, INFINITY);
}

static void tear_down(void)
{
    sac_topology_destroy(topology);
    fake_root_remove();
}

static int count_files(void)
{
    int files = 0;
    DIR *list = opendir(folder);
    ck_assert_ptr_nonnull(list);
    /* cppcheck-suppress readdirCalled ; no other thread reads this stream */
    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        files += *entry->d_name != '.';
    closedir(list);
    return files;
}

/* A file in the folder; locked, as a live run's is, until the descriptor is closed. */
static int put_note(const char *name, const char *text, bool locked)
{
    char path[512];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    mkdir(folder, 0777);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    if (locked)
        ck_assert_int_eq(fcntl(file, F_OFD_SETLK, &lock), 0);
    return file;
}

static struct sac_neighbourhood *enter(void)
{
    struct sac_neighbourhood *hood = sac_neighbourhood_enter(folder, topology);
    ck_assert_ptr_nonnull(hood);
    return hood;
}

static struct sac_placement *place(const struct sac_neighbourhood *hood, int env_threads, bool resizes)
{
    const struct sac_placement_request request = {
        env_threads, 0, 64, 100000, CHEETAH, resizes, sac_neighbourhood_known(hood)};
    struct sac_placement *p = NULL;
    ck_assert_int_eq(sac_placement_create(topology, &request, &p), SAC_OK);
    return p;
}

/* Two of the first package's cores learn, env threads keep a quarter of each of four others busy. */
#define NOTE "softac 1\nprocess 1234\nlearning 2\nenv_millicpus 1000\ngroup 0\nlearner 0,2\nenv 4,6,8,10\n"

/* What a note says of our cores is what is known; the sentence tells it. */
START_TEST(a_note_is_read)
{
    const int file = put_note("a", NOTE, true);
    struct sac_neighbourhood *hood = enter();
    const struct sac_neighbours *n = sac_neighbourhood_known(hood);
    char sentence[256];
    ck_assert_int_eq(n->runs, 1);
    ck_assert_double_eq_tol(n->cores, 3, 1e-9);
    for (int c = 0; c < topology->cores; c++) {
        ck_assert_double_eq_tol(n->load[c], c < 2 ? 1 : c < 6 ? 0.25 : 0, 1e-9);
        ck_assert_int_eq(n->learning[c], c < 2);
    }
    sac_neighbours_describe(n, topology, sentence, sizeof sentence);
    ck_assert_str_eq(sentence, "3 of 16 cores are taken by another run (process 1234)");
    sac_neighbourhood_leave(hood);
    close(file);
}
END_TEST

/* A note without its lock is a dead run's: not heeded, and removed. */
START_TEST(dead_notes_are_removed)
{
    close(put_note("a", NOTE, true));
    const int unlocked = put_note("b", NOTE, false);
    struct sac_neighbourhood *hood = enter();
    ck_assert_int_eq(sac_neighbourhood_known(hood)->runs, 0);
    ck_assert_int_eq(count_files(), 0);
    sac_neighbourhood_leave(hood);
    close(unlocked);
}
END_TEST

static const char *const nonsense[] = {
    "",
    "\n",
    "softac 1\n",
    "softac 2\nprocess 1\nlearning 1\nenv_millicpus 0\ngroup 0\nlearner 0\nenv 0\n",
    "softac 1\nprocess 1\nlearning 1\nenv_millicpus 0\ngroup 0\nlearner 0\nenv 0\nmore\n",
    "softac 1\nprocess 1\nlearning 1\nenv_millicpus 0\ngroup 0\nlearner 0\nenv 0",
    "softac 1\nprocess -1\nlearning 1\nenv_millicpus 0\ngroup 0\nlearner 0\nenv 0\n",
    "softac 1\nprocess 99999999999\nlearning 1\nenv_millicpus 0\ngroup 0\nlearner 0\nenv 0\n",
    "softac 1\nprocess 1\nlearning 1\nenv_millicpus 18446744073709551616\ngroup 0\nlearner 0\nenv 0\n",
    "softac 1\nprocess 1\nlearning 1\nenv_millicpus nan\ngroup 0\nlearner 0\nenv 0\n",
    "softac 1\nprocess 1\nlearning 1\nenv_millicpus 0\ngroup 0\nlearner 0-8192\nenv 0\n",
    "softac 1\nprocess 1\nlearning 1\nenv_millicpus 0\ngroup 0\nlearner 3-1\nenv 0\n",
    "softac 1\nprocess 1\nlearning 9\nenv_millicpus 0\ngroup 0\nlearner 0-8,4\nenv 0\n",
    "softac 1\nprocess 1\nlearning 1\nenv_millicpus 0\ngroup 0\nlearner 0,\nenv 0\n",
    "softac 1\nprocess 1\nlearning 1\nenv_millicpus 0\ngroup 0\nlearner -\nenv 0\n",
    "softac 1\nprocess 1\nlearning 1\nenv_millicpus 0\ngroup 0\nlearner \nenv 0\n",
};

/* What is no whole note is as good as none, and a live process may have it: it stays. */
START_TEST(nonsense_is_not_heeded)
{
    const int file = put_note("a", nonsense[_i], true);
    struct sac_neighbourhood *hood = enter();
    ck_assert_int_eq(sac_neighbourhood_known(hood)->runs, 0);
    ck_assert_int_eq(count_files(), 1);
    sac_neighbourhood_leave(hood);
    close(file);
}
END_TEST

/* Neither pipes, links, folders nor endless files keep a run from starting. */
START_TEST(no_other_kind_of_file)
{
    char path[512];
    mkdir(folder, 0777);
    snprintf(path, sizeof path, "%s/pipe", folder);
    ck_assert_int_eq(mkfifo(path, 0666), 0);
    snprintf(path, sizeof path, "%s/link", folder);
    ck_assert_int_eq(symlink("/dev/zero", path), 0);
    snprintf(path, sizeof path, "%s/folder", folder);
    ck_assert_int_eq(mkdir(path, 0777), 0);
    const int large = put_note("large", NOTE, true), good = put_note("good", NOTE, true);
    ck_assert_int_eq(ftruncate(large, (off_t)1 << 40), 0);
    struct sac_neighbourhood *hood = enter();
    ck_assert_int_eq(sac_neighbourhood_known(hood)->runs, 1);
    ck_assert_int_eq(count_files(), 5);
    sac_neighbourhood_leave(hood);
    close(large);
    close(good);
}
END_TEST

static const char *const no_folders[] = {"", "/dev/null", "/proc/nothing/here", "/proc/self"};

/* Without a folder that can be written there are no neighbours, and nothing else. */
START_TEST(no_folder)
{
    struct sac_neighbourhood *hood = sac_neighbourhood_enter(no_folders[_i], topology);
    ck_assert_ptr_nonnull(hood);
    struct sac_placement *p = place(hood, 2, true);
    sac_neighbourhood_tell(hood, p, 2, 0.5);
    sac_neighbourhood_look(hood);
    ck_assert_int_eq(sac_neighbourhood_known(hood)->runs, 0);
    sac_placement_destroy(p);
    sac_neighbourhood_leave(hood);
}
END_TEST

/* Runs see each other, not themselves: their teams on cores of their own, what they do as it changes, and
 * nothing once they are gone. */
START_TEST(runs_see_each_other)
{
    struct sac_neighbourhood *first = enter();
    struct sac_placement *p = place(first, 4, true);
    sac_neighbourhood_tell(first, p, 2, 0);
    struct sac_neighbourhood *second = enter();
    const struct sac_neighbours *seen = sac_neighbourhood_known(second);
    ck_assert_int_eq(seen->runs, 1);
    ck_assert_int_eq(seen->process[0], (int)getpid());
    ck_assert_double_eq_tol(seen->cores, 2, 1e-9);
    struct sac_placement *q = place(second, 4, true);
    for (int m = 0; m < 2; m++)
        for (int other = 0; other < 2; other++)
            ck_assert_int_ne(p->learner[m].cpu[0] / 2, q->learner[other].cpu[0] / 2);
    sac_neighbourhood_tell(second, q, 2, 0);
    sac_neighbourhood_look(first);
    ck_assert_int_eq(sac_neighbourhood_known(first)->runs, 1);
    sac_neighbourhood_tell(first, p, 1, 2.5);
    sac_neighbourhood_look(second);
    ck_assert_double_eq_tol(seen->cores, 3.5, 1e-9);
    sac_neighbourhood_leave(first);
    sac_neighbourhood_look(second);
    ck_assert_int_eq(seen->runs, 0);
    sac_neighbourhood_leave(second);
    ck_assert_int_eq(count_files(), 0);
    sac_placement_destroy(p);
    sac_placement_destroy(q);
}
END_TEST

/* Notes are for all users, whatever the umask; the folder lets everybody add theirs and remove no other's. */
START_TEST(others_may_read)
{
    struct stat status;
    const mode_t before = umask(0077);
    struct sac_neighbourhood *hood = enter();
    struct sac_placement *p = place(hood, 2, true);
    sac_neighbourhood_tell(hood, p, 2, 0);
    umask(before);
    ck_assert_int_eq(stat(folder, &status), 0);
    ck_assert_int_eq((int)(status.st_mode & 07777), 01777);
    DIR *list = opendir(folder);
    /* cppcheck-suppress readdirCalled ; no other thread reads this stream */
    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        if (*entry->d_name != '.') {
            ck_assert_int_eq(fstatat(dirfd(list), entry->d_name, &status, 0), 0);
            ck_assert_int_eq((int)(status.st_mode & 07777), 0644);
        }
    closedir(list);
    sac_placement_destroy(p);
    sac_neighbourhood_leave(hood);
}
END_TEST

/* A child that leaves a note, writes a byte into the pipe and lives until it is killed. */
static pid_t fork_run(const int ready[2])
{
    const pid_t child = fork();
    if (child == 0) {
        struct sac_neighbourhood *hood = enter();
        sac_neighbourhood_tell(hood, place(hood, 2, true), 2, 0);
        if (write(ready[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    ck_assert_int_gt(child, 0);
    return child;
}

static void start_runs(int count, pid_t *child)
{
    int ready[2];
    char byte;
    ck_assert_int_eq(pipe(ready), 0);
    for (int i = 0; i < count; i++)
        child[i] = fork_run(ready);
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
}

static void kill_runs(int count, const pid_t *child)
{
    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(kill(child[i], SIGKILL), 0);
        ck_assert_int_eq(waitpid(child[i], NULL, 0), child[i]);
    }
}

/* Runs that start at the same moment take turns: each team has cores of its own. */
START_TEST(runs_start_together)
{
    pid_t child[4];
    start_runs(4, child);
    struct sac_neighbourhood *hood = enter();
    const struct sac_neighbours *n = sac_neighbourhood_known(hood);
    ck_assert_int_eq(n->runs, 4);
    ck_assert_double_eq_tol(n->cores, 8, 1e-9); /* a core that two teams had would count once */
    kill_runs(4, child);
    sac_neighbourhood_leave(hood);
}
END_TEST

/* Whoever comes while another one chooses waits for its note. */
START_TEST(a_turn_is_waited_for)
{
    int ready[2], status;
    char byte;
    ck_assert_int_eq(pipe(ready), 0);
    struct sac_neighbourhood *hood = enter();
    struct sac_placement *p = place(hood, 2, true);
    const pid_t child = fork();
    if (child == 0)
        _exit(write(ready[1], "", 1) == 1 ? sac_neighbourhood_known(enter())->runs : 100);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    usleep(50000); /* enough for a child that does not wait to see nothing */
    sac_neighbourhood_tell(hood, p, 2, 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 1);
    sac_placement_destroy(p);
    sac_neighbourhood_leave(hood);
    close(ready[0]);
    close(ready[1]);
}
END_TEST

/* A killed run leaves its note behind, and the next look clears it away. */
START_TEST(killed_runs_are_forgotten)
{
    pid_t child;
    start_runs(1, &child);
    struct sac_neighbourhood *hood = enter();
    ck_assert_int_eq(sac_neighbourhood_known(hood)->runs, 1);
    ck_assert_int_eq(sac_neighbourhood_known(hood)->process[0], (int)child);
    kill_runs(1, &child);
    ck_assert_int_eq(count_files(), 1);
    sac_neighbourhood_look(hood);
    ck_assert_int_eq(sac_neighbourhood_known(hood)->runs, 0);
    ck_assert_int_eq(count_files(), 0);
    sac_neighbourhood_leave(hood);
}
END_TEST

/* Somebody who never gives the folder's lock back holds nobody up for long. */
START_TEST(a_held_turn_ends)
{
    mkdir(folder, 0777);
    const int held = open(folder, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(flock(held, LOCK_EX), 0);
    struct sac_neighbourhood *hood = enter();
    struct sac_placement *p = place(hood, 2, true);
    sac_neighbourhood_tell(hood, p, 2, 0);
    ck_assert_int_eq(count_files(), 1);
    sac_placement_destroy(p);
    sac_neighbourhood_leave(hood);
    close(held);
}
END_TEST

/* Cores that the mask takes from us are not ours to share, and more runs than can be named are counted. */
START_TEST(only_our_cores_count)
{
    int file[6];
    char name[16], sentence[256];
    sac_topology_destroy(topology);
    topology = make_topology("pack:2 l3:1 core:8 pu:2", "2-5,16-31", INFINITY);
    const int elsewhere = put_note(
        "x", "softac 1\nprocess 7\nlearning 4\nenv_millicpus 0\ngroup 0\nlearner 6,8,10,12\nenv 14\n", true);
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "%d", i);
        file[i] = put_note(name, NOTE, true);
    }
    struct sac_neighbourhood *hood = enter();
    const struct sac_neighbours *n = sac_neighbourhood_known(hood);
    ck_assert_int_eq(n->runs, 6);
    ck_assert_double_eq_tol(n->cores, 2,
                            1e-9); /* core 1, and a quarter of core 2 six times: no more than it has */
    sac_neighbours_describe(n, topology, sentence, sizeof sentence);
    ck_assert_str_eq(sentence,
                     "2 of 10 cores are taken by 6 other runs (processes 1234, 1234, 1234, 1234, ...)");
    for (int i = 0; i < 6; i++)
        close(file[i]);
    sac_neighbourhood_leave(hood);
    close(elsewhere);
}
END_TEST

/* Under one quota it is the quota's time that runs share, wherever they are; under another it is not. */
START_TEST(quotas_are_shared)
{
    const int file = put_note(
        "a", "softac 1\nprocess 7\nlearning 2\nenv_millicpus 500\ngroup 42\nlearner 0,2\nenv 4-7\n", true);
    sac_topology_destroy(topology);
    topology = make_topology("pack:2 l3:1 core:8 pu:2", NULL, 4);
    for (uint64_t group = 42; group <= 43; group++) {
        topology->quota_group = group;
        struct sac_neighbourhood *hood = enter();
        const double left = sac_placement_capacity(topology, sac_neighbourhood_known(hood));
        ck_assert_double_eq_tol(left, group == 42 ? 2 : 4, 1e-9); /* a half is more than 4 - 2.5 */
        sac_neighbourhood_leave(hood);
    }
    close(file);
}
END_TEST

/* What is printed is read again; CPUs of threads that do not work are left out. */
START_TEST(notes_are_read_as_written)
{
    static const int cpu[] = {5, 0, 1, 2, 8191, 7};
    const struct sac_run_told told = {.process = 77,
                                      .learning = 2,
                                      .busy = 1.25,
                                      .group = UINT64_MAX,
                                      .learner = {cpu, 3},
                                      .env = {cpu + 3, 3}};
    struct sac_run_note note;
    char text[512];
    const size_t size = sac_run_note_print(&told, text, sizeof text);
    ck_assert_uint_gt(size, 0);
    ck_assert_uint_eq(sac_run_note_print(&told, text, size), 0); /* without its zero byte it does not fit */
    ck_assert_uint_eq(sac_run_note_print(&told, text, sizeof text), size);
    ck_assert(sac_run_note_parse(text, size, &note));
    ck_assert_int_eq(note.process, 77);
    ck_assert_int_eq(note.learning, 2);
    ck_assert_double_eq_tol(note.busy, 1.25, 1e-9);
    ck_assert(note.group == UINT64_MAX);
    ck_assert_int_eq(note.learner_count, 2);
    ck_assert_int_eq(note.env_count, 3);
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(sac_cpu_bits_has(&note.learner, cpu[i]), i < 2);
        ck_assert_int_eq(sac_cpu_bits_has(&note.env, cpu[i]), i >= 3);
    }
}
END_TEST

/* While a run goes on the number of those who learn follows other runs: with all cores taken it has half of
 * them. (Of one core there is no less than one.) */
START_TEST(a_run_makes_room)
{
    char text[256], sentence[256] = "";
    setenv("SOFTAC_SHARED_DIR", folder, 1);
    const struct sac_placement_request request = {0, 0, 64, 100000, 1e12, true, NULL};
    struct sac_machine_share *share = NULL;
    ck_assert_int_eq(sac_machine_share_create(&request, &share), SAC_OK);
    const int before = sac_machine_share_sharing(share);
    ck_assert(!sac_machine_share_neighbours(share, sentence, sizeof sentence));
    snprintf(text, sizeof text,
             "softac 1\nprocess 7\nlearning 8192\nenv_millicpus 0\ngroup 0\nlearner 0-8191\nenv 0\n");
    const int file = put_note("a", text, true);
    const struct sac_duty duty = {.learner_threads = before,
                                  .learner_cpu_seconds = 1,
                                  .updates = 100,
                                  .environment_steps = 100,
                                  .update_to_data = 1,
                                  .env_threads = 1};
    const bool changed = sac_machine_share_follow(share, &duty, sentence, sizeof sentence);
    ck_assert_int_eq(changed, before > 1);
    ck_assert_int_le(sac_machine_share_sharing(share), before > 1 ? (before + 1) / 2 : 1);
    ck_assert(!changed || strstr(sentence, ", other runs "));
    sac_machine_share_tell(share, 0.5);
    ck_assert_int_eq(count_files(), 2);
    sac_machine_share_end(share);
    ck_assert_int_eq(count_files(), 1);
    sac_machine_share_destroy(share);
    close(file);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("neighbours");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_note_is_read);
    tcase_add_test(tc, dead_notes_are_removed);
    tcase_add_loop_test(tc, nonsense_is_not_heeded, 0, (int)(sizeof nonsense / sizeof *nonsense));
    tcase_add_test(tc, no_other_kind_of_file);
    tcase_add_loop_test(tc, no_folder, 0, (int)(sizeof no_folders / sizeof *no_folders));
    tcase_add_test(tc, runs_see_each_other);
    tcase_add_test(tc, others_may_read);
    tcase_add_test(tc, runs_start_together);
    tcase_add_test(tc, a_turn_is_waited_for);
    tcase_add_test(tc, killed_runs_are_forgotten);
    tcase_add_test(tc, a_held_turn_ends);
    tcase_add_test(tc, only_our_cores_count);
    tcase_add_test(tc, quotas_are_shared);
    tcase_add_test(tc, notes_are_read_as_written);
    tcase_add_test(tc, a_run_makes_room);
    return suite_run(CK_FORK_GETENV, "neighbours", 1, tc);
}
