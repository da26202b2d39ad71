/* softac-bench: how fast the parts are on this machine, and how near to what it can do. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "cpu.h"
#include "harness.h"
#include "kernels/kernels.h"
#include "linear.h"
#include "machine_limits.h"
#include "thread.h"

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };
enum { MOST_THREADS = 256 };

static const char usage[] = "usage: softac-bench [NAME ...] [--list] [--threads N] [--seconds S] [--json]\n"
                            "\n"
                            "Runs the benchmarks whose names begin with a NAME, or all.\n"
                            "\n"
                            "  --list       print the names and end\n"
                            "  --threads N  size of the learner's team in update/...  (default 1)\n"
                            "  --seconds S  timing per benchmark                      (default 2)\n"
                            "  --json       JSON on stdout and nothing else\n"
                            "  --help       this text\n";

struct arguments {
    struct bench_options options;
    bool list, json, help;
    const char **names; /* (name_count) prefixes, within argv */
    int name_count;
};

/* ---- arguments ---- */

static int refuse(const char *format, const char *word)
{
    fputs("softac-bench: ", stderr);
    fprintf(stderr, format, word);
    fputs("; see softac-bench --help\n", stderr);
    return EXIT_USAGE;
}

static bool parse_threads(const char *text, int *threads)
{
    char *end;
    const long n = strtol(text, &end, 10);
    *threads = (int)n;
    return end != text && *end == '\0' && n >= 1 && n <= MOST_THREADS;
}

static bool parse_seconds(const char *text, double *seconds)
{
    char *end;
    *seconds = strtod(text, &end);
    return end != text && *end == '\0' && *seconds > 0 && *seconds <= 3600;
}

/* Options and names in any order; names are moved to the front of argv. */
static int parse(int argc, const char **argv, struct arguments *a)
{
    *a = (struct arguments){.options = {.threads = 1, .seconds = 2}, .names = argv};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(word, "--list") == 0) {
            a->list = true;
        } else if (strcmp(word, "--json") == 0) {
            a->json = true;
        } else if (strcmp(word, "--help") == 0) {
            a->help = true;
        } else if (strcmp(word, "--threads") == 0) {
            if (!parse_threads(value, &a->options.threads))
                return refuse("--threads '%s': expected a whole number from 1 to 256", value);
            i++;
        } else if (strcmp(word, "--seconds") == 0) {
            if (!parse_seconds(value, &a->options.seconds))
                return refuse("--seconds '%s': expected a number above 0, up to 3600", value);
            i++;
        } else if (word[0] == '-') {
            return refuse("%s: no such option", word);
        } else {
            a->names[a->name_count++] = word;
        }
    }
    return EXIT_DONE;
}

/* ---- which ---- */

static bool begins(const struct benchmark *benchmark, const char *name)
{
    return strncmp(benchmark->name, name, strlen(name)) == 0;
}

static bool wanted(const struct benchmark *benchmark, const struct arguments *a)
{
    bool any = a->name_count == 0;
    for (int i = 0; i < a->name_count; i++)
        any |= begins(benchmark, a->names[i]);
    return any;
}

static int check_names(const struct benchmark *list, int count, const struct arguments *a)
{
    for (int i = 0; i < a->name_count; i++) {
        bool any = false;
        for (int b = 0; b < count; b++)
            any |= begins(&list[b], a->names[i]);
        if (!any)
            return refuse("%s: no benchmark's name begins so; --list prints them", a->names[i]);
    }
    return EXIT_DONE;
}

/* Only those asked for stay, in their order. */
static int keep_wanted(struct benchmark *list, int count, const struct arguments *a)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (wanted(&list[i], a))
            list[kept++] = list[i];
    }
    return kept;
}

/* ---- output ---- */

static json_t *machine_json(const struct sac_machine_limits *limits, int threads)
{
    char cpu[128];
    sac_cpu_name(cpu, sizeof cpu);
    json_t *peak = json_object();
    for (int i = 0; i < limits->tables; i++)
        json_object_set_new(peak, limits->peak[i].isa, json_real(limits->peak[i].flops * 1e-9));
    return json_pack("{s:s, s:i, s:s, s:s, s:i, s:o}", "cpu", cpu, "cores", sac_cpu_count(), "kernels",
                     sac_kernels()->name, "dense_layers", sac_linear_backend(), "threads", threads,
                     "fma_peak_gflops", peak);
}

static json_t *result_json(const struct benchmark *benchmark, const struct bench_result *result)
{
    json_t *json =
        json_pack("{s:s, s:s, s:f, s:f, s:f, s:i}", "name", benchmark->name, "unit", benchmark->unit,
                  "median", result->median, "min", result->min, "max", result->max, "runs", result->runs);
    if (result->fraction_of_peak > 0)
        json_object_set_new(json, "fraction_of_peak", json_real(result->fraction_of_peak));
    return json;
}

static void print_json(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(8));
    putchar('\n');
    json_decref(json);
}

static void print_machine(const struct sac_machine_limits *limits)
{
    char cpu[128];
    sac_cpu_name(cpu, sizeof cpu);
    printf("%s, %d cores, %s; fp32 peak of one core:", cpu, sac_cpu_count(), sac_linear_backend());
    for (int i = 0; i < limits->tables; i++)
        printf(" %s %.1f%s", limits->peak[i].isa, limits->peak[i].flops * 1e-9,
               i + 1 < limits->tables ? "," : " GFLOP/s\n");
    printf("%-28s %12s %12s %12s  %-10s %4s  %s\n", "benchmark", "median", "min", "max", "unit", "runs",
           "of peak");
}

static void print_result(const struct benchmark *benchmark, const struct bench_result *result)
{
    printf("%-28s %12.4g %12.4g %12.4g  %-10s %4d", benchmark->name, result->median, result->min, result->max,
           benchmark->unit, result->runs);
    if (result->fraction_of_peak > 0)
        printf("  %.1f %%", 100 * result->fraction_of_peak);
    putchar('\n');
    fflush(stdout);
}

static int print_list(const struct benchmark *list, int count, bool json)
{
    json_t *names = json_array();
    for (int i = 0; i < count; i++) {
        if (json)
            json_array_append_new(names, json_pack("{s:s, s:s}", "name", list[i].name, "unit", list[i].unit));
        else
            printf("%s\n", list[i].name);
    }
    if (json)
        print_json(json_pack("{s:O}", "benchmarks", names));
    json_decref(names);
    return EXIT_DONE;
}

/* ---- running ---- */

static int run_all(const struct benchmark *list, int count, struct arguments *a)
{
    struct sac_machine_limits limits;
    sac_machine_limits_measure(&limits);
    json_t *results = json_array();
    if (!a->json)
        print_machine(&limits);
    for (int i = 0; i < count; i++) {
        struct bench_result result = {0};
        if (bench_run(&list[i], &a->options, sac_machine_limits_peak(&limits), &result) != SAC_OK) {
            fprintf(stderr, "softac-bench: %s\n", sac_last_error());
            json_decref(results);
            return EXIT_FAILED;
        }
        if (!a->json)
            print_result(&list[i], &result);
        json_array_append_new(results, result_json(&list[i], &result));
    }
    if (a->json)
        print_json(json_pack("{s:o, s:O}", "machine", machine_json(&limits, a->options.threads), "benchmarks",
                             results));
    json_decref(results);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct arguments a;
    struct benchmark list[BENCH_MOST];
    int count = 0;
    count = bench_gemm_list(list, count);
    count = bench_kernels_list(list, count);
    count = bench_replay_list(list, count);
    count = bench_snapshot_list(list, count);
    count = bench_inference_list(list, count);
    count = bench_environment_list(list, count);
    count = bench_update_list(list, count);
    count = bench_train_list(list, count);
    int status = parse(argc, (const char **)argv, &a);
    if (status == EXIT_DONE && a.help)
        return fputs(usage, stdout) < 0 ? EXIT_FAILED : EXIT_DONE;
    if (status == EXIT_DONE)
        status = check_names(list, count, &a);
    if (status != EXIT_DONE)
        return status;
    count = keep_wanted(list, count, &a);
    status = a.list ? print_list(list, count, a.json) : run_all(list, count, &a);
    return fflush(stdout) != 0 ? EXIT_FAILED : status;
}
