/* softac-bench: how fast the parts are on this machine, and how near to what it can do. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "bench.h"
#include "compare.h"
#include "harness.h"
#include "linear.h"
#include "report.h"
#include "scaling_report.h"
#include "thread.h"
#include "topology.h"

static int say_failure(void)
{
    fprintf(stderr, "softac-bench: %s\n", sac_last_error());
    return EXIT_FAILED;
}

/* Lines as they come, or one output at the end? */
static bool prints_lines(const struct arguments *a)
{
    return !a->json && !a->markdown;
}

/* ---- running ---- */

/* One group's results to the table or to `results`. */
static bool tell(const struct arguments *a, const struct benchmark *list, struct bench_result *result,
                 int ran, json_t *results)
{
    bool noisy = false;
    for (int i = 0; i < ran; i++) {
        json_array_append_new(results, report_result_json(&list[i], &result[i]));
        if (prints_lines(a))
            report_result(&list[i], &result[i]);
        noisy |= result[i].noisy;
        bench_result_destroy(&result[i]);
    }
    return noisy;
}

/* SAC_ENV is an environment that this machine can not make: a simulator's files are missing. */
static enum sac_status run_list(struct bench_harness *h, const struct arguments *a,
                                const struct benchmark *list, int count, json_t *results)
{
    static struct bench_result result[BENCH_MOST];
    enum sac_status status = SAC_OK;
    bool noisy = false;
    if (prints_lines(a)) {
        report_machine(h);
        report_head();
    }
    for (int i = 0, ran; i < count; i += ran) {
        status = bench_group_run(h, &list[i], count - i, &result[i], &ran);
        if (status == SAC_ENV)
            fprintf(stderr, "softac-bench: %s is skipped: %s\n", list[i].name, sac_last_error());
        else if (status != SAC_OK)
            return status;
        else
            noisy |= tell(a, &list[i], &result[i], ran, results);
    }
    if (prints_lines(a))
        report_foot(h, noisy);
    return json_array_size(results) > 0 ? SAC_OK : status;
}

/* What is not asked for now is not missed. */
static void keep_wanted(const struct arguments *a, json_t *old_output)
{
    json_t *benchmarks = json_object_get(old_output, "benchmarks");
    for (size_t i = json_array_size(benchmarks); i-- > 0;) {
        const json_t *name = json_object_get(json_array_get(benchmarks, i), "name");
        if (!arguments_want(a, json_string_value(name)))
            json_array_remove(benchmarks, i);
    }
}

static int compare(const struct arguments *a, json_t *old_output, json_t *output)
{
    keep_wanted(a, old_output);
    json_t *comparison = bench_compare(old_output, output);
    if (json_array_size(json_object_get(comparison, "benchmarks")) == 0) {
        fprintf(stderr, "softac-bench: %s: has none of the benchmarks that were run\n", a->compare);
        json_decref(comparison);
        return EXIT_FAILED;
    }
    const bool slower = json_integer_value(json_object_get(comparison, "slower")) > 0;
    if (prints_lines(a))
        report_comparison(comparison, old_output, a->compare);
    json_object_set_new(output, "comparison", comparison);
    return slower ? EXIT_SLOWER : EXIT_DONE;
}

/* Measured, run and told; old_output may be NULL. */
static int run_harness(struct bench_harness *h, const struct arguments *a, const struct benchmark *list,
                       int count, json_t *old_output)
{
    json_t *results = json_array();
    int exit_status = EXIT_DONE;
    if (run_list(h, a, list, count, results) != SAC_OK) {
        json_decref(results);
        return say_failure();
    }
    json_t *output = json_pack("{s:o, s:o}", "machine", report_machine_json(h), "benchmarks", results);
    json_t *scaling = bench_scaling_summary(results, sac_cpu_count());
    if (json_array_size(scaling) > 0)
        json_object_set(output, "scaling", scaling);
    if (prints_lines(a))
        bench_scaling_print(scaling, sac_cpu_count());
    json_decref(scaling);
    if (old_output != NULL)
        exit_status = compare(a, old_output, output);
    if (a->json)
        report_print_json(output);
    if (a->markdown)
        bench_markdown_print(output);
    json_decref(output);
    return exit_status;
}

static int run(const struct arguments *a, const struct benchmark *list, int count)
{
    struct bench_harness h = {.options = a->options};
    struct sac_perf_counters counters;
    json_t *old_output = NULL;
    int exit_status = EXIT_FAILED;
    if (a->compare != NULL && bench_comparison_read(a->compare, &old_output) != SAC_OK)
        return say_failure();
    if (a->perf) { /* before the crew starts, whose threads are counted, too, and before code is generated */
        if (sac_linear_name_code() != SAC_OK)
            fprintf(stderr, "softac-bench: --perf: %s\n", sac_last_error());
        sac_perf_open(&counters);
        h.counters = &counters;
    }
    enum sac_status status = bench_crew_create(a->options.threads, &h.crew);
    if (status == SAC_OK)
        status = bench_limits_measure(h.crew, &h.limits);
    exit_status = status == SAC_OK ? run_harness(&h, a, list, count, old_output) : say_failure();
    bench_limits_destroy(h.limits);
    bench_crew_destroy(h.crew);
    if (a->perf)
        sac_perf_close(&counters);
    json_decref(old_output);
    return exit_status;
}

int main(int argc, char **argv)
{
    struct arguments a;
    static struct benchmark list[BENCH_MOST];
    sac_topology_prepare_program();
    int count = bench_list(list);
    int status = arguments_parse(argc, (const char **)argv, &a);
    if (status == EXIT_DONE && !a.help)
        status = arguments_select(&a, list, &count);
    if (status != EXIT_DONE)
        return status;
    if (a.help)
        arguments_print_help();
    else
        status = a.list ? report_list(list, count, a.json) : run(&a, list, count);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("softac-bench: writing to standard output");
        return status != EXIT_DONE ? status : EXIT_FAILED;
    }
    return status;
}
