/* Drawing a placement. */
#include "drawing.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

enum { CORES_A_LINE = 8 };

static bool has(const struct sac_cpu_list *list, int cpu)
{
    for (int i = 0; i < list->count; i++)
        if (list->cpu[i] == cpu)
            return true;
    return false;
}

static bool any_has(const struct sac_cpu_list *list, int threads, int cpu)
{
    for (int k = 0; k < threads; k++)
        if (has(&list[k], cpu))
            return true;
    return false;
}

/* "LEe": who may run on this hardware thread. */
static void add_letters(char *text, const struct sac_placement *p, int cpu)
{
    const char *learner = any_has(p->learner, p->learner_threads, cpu) ? "L" : "";
    const char *env = any_has(p->env, p->env_threads, cpu) ? "E" : "";
    const char *evaluator = has(&p->evaluator, cpu) ? "e" : "";
    const bool idle = !*learner && !*env && !*evaluator;
    sprintf(text + strlen(text), "%s%s%s%s", learner, env, evaluator, idle ? "." : "");
}

static bool same_l3(const struct sac_topology *t, int core, int other)
{
    return t->core[core].l3 == t->core[other].l3;
}

/* "package 0  node 0  L3 1  [L .] [Ee e] *[. .]" from core `first` on; returns the core after the last one
 * drawn. */
static int draw_line(const struct sac_topology *t, const struct sac_placement *p,
                     const struct sac_neighbours *n, int first, json_t *lines)
{
    char text[4096];
    const struct sac_core *core = &t->core[first];
    const bool begins = first == 0 || !same_l3(t, first, first - 1);
    char head[64] = "";
    if (begins)
        snprintf(head, sizeof head, "package %d, node %d, L3 %d", core->package, core->node, core->l3);
    snprintf(text, sizeof text, "%-24s", head);
    int c = first;
    for (; c < t->cores && c < first + CORES_A_LINE && same_l3(t, c, first); c++) {
        strcat(text, n->learning[c] ? " *[" : " [");
        for (int i = 0; i < t->core[c].count; i++) {
            strcat(text, i ? " " : "");
            add_letters(text, p, t->cpu[t->core[c].first + i]);
        }
        strcat(text, "]");
    }
    json_array_append_new(lines, json_string(text));
    return c;
}

json_t *drawing_lines(const struct sac_topology *t, const struct sac_placement *p,
                      const struct sac_neighbours *n)
{
    json_t *lines = json_array();
    char sentence[256];
    sac_neighbours_describe(n, t, sentence, sizeof sentence);
    json_array_append_new(lines, json_string(p->reason));
    if (*sentence)
        json_array_append_new(lines, json_string(sentence));
    json_array_append_new(lines, json_string("[core]: L learner, E env thread, e evaluator, . idle; a letter "
                                             "for whoever --pin lets run there"));
    if (*sentence)
        json_array_append_new(lines, json_string("*[core]: the learner of another run"));
    for (int core = 0; core < t->cores;)
        core = draw_line(t, p, n, core, lines);
    return lines;
}

static json_t *list_json(const int *cpu, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_integer(cpu[i]));
    return list;
}

static json_t *threads_json(const struct sac_cpu_list *list, int threads)
{
    json_t *all = json_array();
    for (int k = 0; k < threads; k++)
        json_array_append_new(all, list_json(list[k].cpu, list[k].count));
    return all;
}

static json_t *cores_json(const struct sac_topology *t, const struct sac_neighbours *n)
{
    json_t *cores = json_array();
    for (int c = 0; c < t->cores; c++) {
        const struct sac_core *core = &t->core[c];
        json_array_append_new(cores, json_pack("{s:i, s:i, s:i, s:i, s:f, s:o}", "package", core->package,
                                               "numa_node", core->node, "l3", core->l3, "speed", core->speed,
                                               "other_runs", n->load[c], "cpus",
                                               list_json(t->cpu + core->first, core->count)));
    }
    return cores;
}

static json_t *neighbours_json(const struct sac_neighbours *n)
{
    const int named = n->runs < SAC_NEIGHBOURS_NAMED ? n->runs : SAC_NEIGHBOURS_NAMED;
    return json_pack("{s:i, s:f, s:o}", "runs", n->runs, "cores", n->cores, "processes",
                     list_json(n->process, named));
}

json_t *drawing_json(const struct sac_topology *t, const struct sac_placement *p,
                     const struct sac_neighbours *n)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "reason", p->reason, "other_runs",
                     neighbours_json(n), "quota", report_number(t->quota), "cores", cores_json(t, n),
                     "learner", threads_json(p->learner, p->learner_threads), "env",
                     threads_json(p->env, p->env_threads), "evaluator",
                     list_json(p->evaluator.cpu, p->evaluator.count));
}
