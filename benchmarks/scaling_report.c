#include "scaling_report.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value != NULL ? value : "";
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* ---- the summary ---- */

static const char apart[] = "_apart";

/* N of scaling/KIND/N or scaling/KIND_apart/N, and how long scaling/KIND is; 0: another benchmark. */
static int count_of(const char *name, size_t *kind)
{
    const size_t suffix = sizeof apart - 1;
    const char *last = strrchr(name, '/');
    if (strncmp(name, "scaling/", 8) != 0 || last == NULL || last < name + 8)
        return 0;
    *kind = (size_t)(last - name);
    if (*kind > suffix && strncmp(last - suffix, apart, suffix) == 0)
        *kind -= suffix;
    return atoi(last + 1);
}

/* What one unit costs one thread, in seconds. With times per unit, and by the replay's size, one thread
 * works. */
static double cost_of(const json_t *result, bool threads, int count)
{
    const char *unit = text(result, "unit");
    const double one = bench_unit_value(unit, 1, 1); /* a unit that takes a second */
    const double median = number(result, "median");
    return bench_unit_is_rate(unit) ? (threads ? count : 1) * one / median : median / one;
}

static bool counts_threads(const char *name)
{
    return strncmp(name, "scaling/append_capacity/", 24) != 0;
}

/* What the same work costs a thread when as many do it that share nothing; 0: unknown, or this is it. */
static double cost_apart(const json_t *benchmarks, const char *name, size_t kind, int count)
{
    char twin[128];
    size_t i;
    json_t *result;
    snprintf(twin, sizeof twin, "%.*s%s/%d", (int)kind, name, apart, count);
    json_array_foreach(benchmarks, i, result)
    {
        if (strcmp(text(result, "name"), twin) == 0 && strcmp(name, twin) != 0)
            return cost_of(result, true, count);
    }
    return 0;
}

static json_t *summarise(const json_t *result, double least_cost, double apart_cost, int count, int cores)
{
    const char *name = text(result, "name"), *unit = text(result, "unit");
    const bool threads = counts_threads(name), beyond = threads && count > cores;
    const double cost = cost_of(result, threads, count);
    /* Cores that so many threads share do the work of so many cores. */
    const double shared = beyond && bench_unit_is_rate(unit) ? (double)count / cores : 1;
    json_t *line = json_pack("{s:s, s:i, s:f, s:s, s:f, s:f, s:b}", "name", name, "count", count, "value",
                             number(result, "median"), "unit", unit, "cost_ns", 1e9 * cost, "efficiency",
                             least_cost * shared / cost, "beyond_cores", beyond);
    if (apart_cost > 0)
        json_object_set_new(line, "against_apart", json_real(apart_cost / cost));
    return line;
}

json_t *bench_scaling_summary(const json_t *benchmarks, int cores)
{
    json_t *summary = json_array();
    const char *first = "";
    double least_cost = 0;
    size_t i, kind = 0, first_kind = 0;
    json_t *result;
    json_array_foreach(benchmarks, i, result)
    {
        const char *name = text(result, "name");
        const int count = count_of(name, &kind);
        if (count == 0)
            continue;
        if (kind != first_kind || strncmp(first, name, kind) != 0) {
            first = name;
            first_kind = kind;
            least_cost = cost_of(result, counts_threads(name), count);
        }
        json_array_append_new(
            summary, summarise(result, least_cost, cost_apart(benchmarks, name, kind, count), count, cores));
    }
    return summary;
}

/* ---- printing ---- */

/* Of what as many threads reach that share nothing; "" where that was not measured. */
static void write_share(const json_t *line, char *share, size_t size)
{
    share[0] = '\0';
    if (json_object_get(line, "against_apart") != NULL)
        snprintf(share, size, "%.1f %%", 100 * number(line, "against_apart"));
}

void bench_scaling_print(const json_t *summary, int cores)
{
    size_t i;
    json_t *line;
    if (json_array_size(summary) == 0)
        return;
    printf("\nAs threads grow (%d cores)%20s %10s  %-11s %14s %11s %8s\n", cores, "", "value", "unit",
           "one thread's ns", "efficiency", "of apart");
    json_array_foreach(summary, i, line)
    {
        char share[16];
        write_share(line, share, sizeof share);
        printf("%-46s %10.4g  %-11s %14.4g %9.1f %% %8s%s\n", text(line, "name"), number(line, "value"),
               text(line, "unit"), number(line, "cost_ns"), 100 * number(line, "efficiency"), share,
               json_is_true(json_object_get(line, "beyond_cores")) ? "  more threads than cores" : "");
    }
}

static void print_results(const json_t *benchmarks)
{
    size_t i;
    json_t *r;
    puts("| benchmark | median | quartiles | of its limit |\n|---|---|---|---|");
    json_array_foreach(benchmarks, i, r)
    {
        printf("| `%s` | %.4g %s%s | %.4g – %.4g |", text(r, "name"), number(r, "median"), text(r, "unit"),
               json_is_true(json_object_get(r, "noisy")) ? " (!)" : "", number(r, "low_quartile"),
               number(r, "high_quartile"));
        if (json_object_get(r, "fraction_of_peak") != NULL)
            printf(" %.0f %% of %s |\n", 100 * number(r, "fraction_of_peak"), text(r, "limit"));
        else
            puts(" |");
    }
}

static void print_scaling(const json_t *summary)
{
    size_t i;
    json_t *line;
    puts("\n| as threads grow | value | one thread's time for one | efficiency | of as many apart |\n"
         "|---|---|---|---|---|");
    json_array_foreach(summary, i, line)
    {
        char share[16];
        write_share(line, share, sizeof share);
        printf("| `%s` | %.4g %s | %.4g ns | %.0f %%%s | %s |\n", text(line, "name"), number(line, "value"),
               text(line, "unit"), number(line, "cost_ns"), 100 * number(line, "efficiency"),
               json_is_true(json_object_get(line, "beyond_cores")) ? ", more threads than cores" : "", share);
    }
}

void bench_markdown_print(const json_t *output)
{
    const json_t *machine = json_object_get(output, "machine");
    const json_t *summary = json_object_get(output, "scaling");
    printf("%s, %.0f cores; kernels %s, dense layers %s. (!): other work disturbed most of its runs.\n\n",
           text(machine, "cpu"), number(machine, "cores"), text(machine, "kernels"),
           text(machine, "dense_layers"));
    print_results(json_object_get(output, "benchmarks"));
    if (json_array_size(summary) > 0)
        print_scaling(summary);
}
