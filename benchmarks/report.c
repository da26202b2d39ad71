/* Rates in GFLOP/s and GB/s (10^9). */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "compare.h"
#include "cpu.h"
#include "kernels/kernels.h"
#include "linear.h"
#include "thread.h"

static const double giga = 1e9;

/* ---- the machine ---- */

static json_t *bandwidth_json(struct bench_limits *limits, int level, int threads)
{
    const struct bench_level *l = bench_limits_level(limits, level);
    json_t *json = json_pack("{s:s, s:i, s:I, s:I}", "level", l->name, "threads", threads, "bytes",
                             (json_int_t)l->bytes, "measured_bytes_each", (json_int_t)l->measured);
    for (int t = 0; t < BENCH_TRAFFICS; t++) {
        const struct bench_limit limit = {true, level, (enum bench_traffic)t, threads};
        json_object_set_new(json, bench_traffic_name(limit.traffic),
                            json_real(bench_limits_best(limits, limit) / giga));
    }
    return json;
}

static json_t *peaks_json(const struct sac_machine_limits *machine)
{
    json_t *peaks = json_object();
    for (int i = 0; i < machine->tables; i++)
        json_object_set_new(peaks, machine->peak[i].isa, json_real(machine->peak[i].flops / giga));
    return peaks;
}

static json_t *pinned_json(const struct bench_crew *crew)
{
    json_t *cpus = json_array();
    for (int t = 0; bench_crew_pinned(crew) && t < bench_crew_threads(crew); t++)
        json_array_append_new(cpus, json_integer(bench_crew_cpu(crew, t)));
    return cpus;
}

json_t *report_machine_json(const struct bench_harness *h)
{
    char cpu[128];
    sac_cpu_name(cpu, sizeof cpu);
    const int threads = bench_crew_threads(h->crew);
    json_t *bandwidth = json_array();
    for (int level = 0; level < bench_limits_levels(h->limits); level++) {
        json_array_append_new(bandwidth, bandwidth_json(h->limits, level, 1));
        if (threads > 1)
            json_array_append_new(bandwidth, bandwidth_json(h->limits, level, threads));
    }
    const double all = bench_limits_best(h->limits, (struct bench_limit){.threads = threads});
    json_t *json =
        json_pack("{s:s, s:i, s:s, s:s, s:i, s:o, s:o, s:f, s:o, s:f}", "cpu", cpu, "cores", sac_cpu_count(),
                  "kernels", sac_kernels()->name, "dense_layers", sac_linear_backend(), "threads", threads,
                  "pinned_to", pinned_json(h->crew), "fma_peak_gflops",
                  peaks_json(bench_limits_machine(h->limits)), "fma_peak_gflops_of_threads", all / giga,
                  "bandwidth_gb_per_s", bandwidth, "timer_ns", bench_limits_timer_ns(h->limits));
    if (h->counters != NULL && h->counters->reason[0] != '\0')
        json_object_set_new(json, "perf_lacks", json_string(h->counters->reason));
    return json;
}

static void print_level(struct bench_limits *limits, int level, int threads)
{
    const struct bench_level *l = bench_limits_level(limits, level);
    char size[32] = "";
    if (l->bytes > 0)
        snprintf(size, sizeof size, "%.4g %s", (double)l->bytes / (l->bytes < 1 << 20 ? 1 << 10 : 1 << 20),
                 l->bytes < 1 << 20 ? "KiB" : "MiB");
    printf("  %-7s %10s  x%-3d", l->name, size, threads);
    for (int t = 0; t < BENCH_TRAFFICS; t++) {
        const struct bench_limit limit = {true, level, (enum bench_traffic)t, threads};
        printf(" %10.1f", bench_limits_best(limits, limit) / giga);
    }
    putchar('\n');
}

void report_machine(const struct bench_harness *h)
{
    char cpu[128];
    sac_cpu_name(cpu, sizeof cpu);
    const int threads = bench_crew_threads(h->crew);
    const struct sac_machine_limits *machine = bench_limits_machine(h->limits);
    printf("%s, %d cores; kernels %s, dense layers %s; the clock is read in %.0f ns\n", cpu, sac_cpu_count(),
           sac_kernels()->name, sac_linear_backend(), bench_limits_timer_ns(h->limits));
    printf("fp32 multiply-adds, one core:");
    for (int i = 0; i < machine->tables; i++)
        printf(" %s %.1f", machine->peak[i].isa, machine->peak[i].flops / giga);
    if (threads > 1)
        printf("; %d threads: %s %.1f", threads, sac_kernels()->name,
               bench_limits_best(h->limits, (struct bench_limit){.threads = threads}) / giga);
    printf(" GFLOP/s\nbandwidth in GB/s        ");
    for (int t = 0; t < BENCH_TRAFFICS; t++)
        printf(" %10s", bench_traffic_name((enum bench_traffic)t));
    putchar('\n');
    for (int level = 0; level < bench_limits_levels(h->limits); level++) {
        print_level(h->limits, level, 1);
        if (threads > 1)
            print_level(h->limits, level, threads);
    }
    putchar('\n');
}

/* ---- results ---- */

static json_t *numbers_json(const double *value, int count)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(array, json_real(value[i]));
    return array;
}

static json_t *causes_json(unsigned causes)
{
    json_t *names = json_array();
    for (int c = 0; c < BENCH_CAUSES; c++) {
        if (causes >> c & 1)
            json_array_append_new(names, json_string(bench_cause_name(c)));
    }
    return names;
}

static void set_limit(json_t *json, const struct bench_result *r)
{
    json_object_set_new(json, "fraction_of_peak", json_real(r->fraction));
    json_object_set_new(json, "limit", json_string(r->limit));
    json_object_set_new(json, "limit_value", json_real(r->limit_value));
    json_object_set_new(json, "limit_samples", numbers_json(r->limit_sample, r->runs));
    if (r->cost.flops > 0)
        json_object_set_new(json, "flops", json_real(r->cost.flops / r->cost.units));
    if (r->cost.bytes > 0)
        json_object_set_new(json, "bytes", json_real(r->cost.bytes / r->cost.units));
}

static void set_perf(json_t *json, const struct bench_result *r)
{
    json_t *perf = json_object();
    for (int e = 0; e < SAC_PERF_EVENTS; e++) {
        if (!isnan(r->perf.count[e]))
            json_object_set_new(perf, sac_perf_event_name((enum sac_perf_event)e),
                                json_real(r->perf.count[e]));
    }
    json_object_set_new(json, "perf", perf);
}

json_t *report_result_json(const struct benchmark *benchmark, const struct bench_result *r)
{
    json_t *json = json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:i, s:i, s:i, s:b, s:o, s:i, s:o}", "name",
                             benchmark->name, "unit", benchmark->unit, "median", r->median, "min", r->min,
                             "max", r->max, "low_quartile", r->low_quartile, "high_quartile",
                             r->high_quartile, "runs", r->runs, "attempts", r->attempts, "disturbed",
                             r->disturbed, "noisy", r->noisy, "disturbed_by", causes_json(r->causes),
                             "threads", r->cost.threads, "samples", numbers_json(r->sample, r->runs));
    if (r->limited)
        set_limit(json, r);
    if (r->cost.note[0] != '\0')
        json_object_set_new(json, "note", json_string(r->cost.note));
    if (r->table != NULL)
        json_object_set(json, "layers", r->table);
    if (r->counted)
        set_perf(json, r);
    return json;
}

void report_print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(8));
    putchar('\n');
}

void report_head(void)
{
    printf("%-38s %10s %10s %10s %10s %10s  %-9s  %5s  %s\n", "benchmark", "median", "quartile", "quartile",
           "min", "max", "unit", "runs", "of its limit");
}

static void print_perf(const struct bench_result *r)
{
    if (!r->counted || !sac_perf_any(&r->perf))
        return;
    printf("    each:");
    for (int e = 0; e < SAC_PERF_EVENTS; e++) {
        if (!isnan(r->perf.count[e]))
            printf(" %.4g %s", r->perf.count[e], sac_perf_event_name((enum sac_perf_event)e));
    }
    printf("; %.2f instructions a cycle\n",
           r->perf.count[SAC_PERF_INSTRUCTIONS] / r->perf.count[SAC_PERF_CYCLES]);
}

void report_result(const struct benchmark *benchmark, const struct bench_result *r)
{
    printf("%-38s %10.4g %10.4g %10.4g %10.4g %10.4g  %-9s %3d/%d%s", benchmark->name, r->median,
           r->low_quartile, r->high_quartile, r->min, r->max, benchmark->unit, r->runs, r->attempts,
           r->noisy ? "!" : " ");
    if (r->limited)
        printf("  %5.1f %% of %s", 100 * r->fraction, r->limit);
    if (r->cost.note[0] != '\0')
        printf("%s%s", r->limited ? "; " : "  ", r->cost.note);
    putchar('\n');
    print_perf(r);
    fflush(stdout);
}

void report_foot(const struct bench_harness *h, bool noisy)
{
    if (noisy)
        puts("\n!: other work kept disturbing these: the least disturbed runs count, but are no measure of "
             "the program");
    if (h->counters != NULL && h->counters->reason[0] != '\0')
        printf("\n%s\n", h->counters->reason);
}

int report_list(const struct benchmark *list, int count, bool json)
{
    json_t *names = json_array();
    for (int i = 0; i < count; i++) {
        if (json)
            json_array_append_new(names, json_pack("{s:s, s:s}", "name", list[i].name, "unit", list[i].unit));
        else
            printf("%s\n", list[i].name);
    }
    json_t *output = json_pack("{s:o}", "benchmarks", names);
    if (json)
        report_print_json(output);
    json_decref(output);
    return EXIT_DONE;
}

/* ---- a comparison ---- */

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void print_compared(const json_t *one)
{
    const char *verdict = json_string_value(json_object_get(one, "verdict"));
    printf("%-38s %8.3f  %5.3f .. %5.3f", json_string_value(json_object_get(one, "name")),
           number(one, "ratio"), number(one, "low"), number(one, "high"));
    if (json_object_get(one, "normalised_ratio") != NULL)
        printf("  %8.3f  %5.3f .. %5.3f", number(one, "normalised_ratio"), number(one, "normalised_low"),
               number(one, "normalised_high"));
    else
        printf("  %24s", "");
    printf("  %s\n", strcmp(verdict, "same") == 0 ? "" : verdict);
}

static void print_names(const char *what, const json_t *names)
{
    for (size_t i = 0; i < json_array_size(names); i++)
        printf("%s: %s\n", what, json_string_value(json_array_get(names, i)));
}

void report_comparison(const json_t *comparison, const json_t *old_output, const char *path)
{
    const json_t *machine = json_object_get(old_output, "machine");
    const json_t *cpu = json_object_get(machine, "cpu");
    printf("\nSpeed now over speed in %s (%s, threads %.0f), with 95 %% intervals\n", path,
           json_is_string(cpu) ? json_string_value(cpu) : "unknown CPU", number(machine, "threads"));
    printf("%-38s %8s  %-14s  %8s  %-14s\n", "benchmark", "ratio", "interval", "of limit", "interval");
    const json_t *benchmarks = json_object_get(comparison, "benchmarks");
    for (size_t i = 0; i < json_array_size(benchmarks); i++)
        print_compared(json_array_get(benchmarks, i));
    print_names("only in the old file", json_object_get(comparison, "only_old"));
    print_names("not in the old file", json_object_get(comparison, "only_new"));
    printf("%.0f of %zu slower by more than %.0f %%\n", number(comparison, "slower"),
           json_array_size(benchmarks), 100 * number(comparison, "threshold"));
}
