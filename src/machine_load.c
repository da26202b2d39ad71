/* /proc/stat counts what each CPU was busy with; less what this process spent itself, it is the others'. Time
 * that a hypervisor gave to other machines (steal) is as lost as theirs. */
#include "machine_load.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "thread.h"

static const double FADES = 0.7; /* what a look leaves of the former one: a tenth after six */

static int compare_numbers(const void *a, const void *b)
{
    const int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* The topology's CPUs by number. NULL: no memory. */
static int *sorted_cpus(const struct sac_topology *t)
{
    int *cpu = malloc((size_t)t->cpus * sizeof *cpu);
    for (int i = 0; cpu && i < t->cpus; i++)
        cpu[i] = t->cpu[i];
    if (cpu)
        qsort(cpu, (size_t)t->cpus, sizeof *cpu, compare_numbers);
    return cpu;
}

/* "cpu7 USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL ...", in ticks. */
bool sac_cpu_time_parse(const char *line, struct sac_cpu_time *time)
{
    unsigned long long user, nice, system, idle, wait, irq, soft, steal;
    if (sscanf(line, "cpu%d %llu %llu %llu %llu %llu %llu %llu %llu", &time->cpu, &user, &nice, &system,
               &idle, &wait, &irq, &soft, &steal) != 9)
        return false;
    const double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    time->busy = tick * (double)(user + system + irq + soft);
    time->niced = tick * (double)nice;
    time->stolen = tick * (double)steal;
    return true;
}

double sac_machine_busy_seconds(const char *root, const struct sac_topology *t, bool niced)
{
    char path[PATH_MAX], *line = NULL;
    size_t size = 0;
    double sum = 0;
    int found = 0;
    snprintf(path, sizeof path, "%s/proc/stat", root);
    FILE *file = fopen(path, "re");
    int *cpus = sorted_cpus(t);
    while (file && cpus && getline(&line, &size, file) > 0) {
        struct sac_cpu_time time;
        if (sac_cpu_time_parse(line, &time) &&
            bsearch(&time.cpu, cpus, (size_t)t->cpus, sizeof time.cpu, compare_numbers)) {
            sum += time.busy + time.stolen + (niced ? time.niced : 0);
            found++;
        }
    }
    free(line);
    free(cpus);
    if (file)
        fclose(file);
    return found > 0 ? sum : NAN;
}

static double look_at_machine(const struct sac_topology *t)
{
    return sac_machine_busy_seconds("", t, getpriority(PRIO_PROCESS, 0) > 0);
}

static double own_seconds(void)
{
    struct timespec used;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) ? NAN
                                                          : (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

void sac_machine_load_begin(struct sac_machine_load *load, const struct sac_topology *topology)
{
    *load =
        (struct sac_machine_load){look_at_machine(topology), own_seconds(), 1e-9 * (double)sac_time_ns(), 0};
}

double sac_machine_load_add(struct sac_machine_load *load, double busy_seconds, double own, double time)
{
    const double passed = time - load->time;
    const double theirs = busy_seconds - load->busy_seconds - (own - load->own_seconds);
    const double now = passed > 0 && theirs > 0 ? theirs / passed : 0; /* also where something is NaN */
    load->busy_seconds = busy_seconds;
    load->own_seconds = own;
    load->time = time;
    load->others = fmax(now, FADES * load->others);
    return load->others;
}

double sac_machine_load_look(struct sac_machine_load *load, const struct sac_topology *topology)
{
    return sac_machine_load_add(load, look_at_machine(topology), own_seconds(), 1e-9 * (double)sac_time_ns());
}
