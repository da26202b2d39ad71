/* Results as JSON and as words. */
#include "report.h"

#include <math.h>
#include <stddef.h>

json_t *report_number(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

static const struct {
    const char *name;
    size_t offset;
} numbers[] = {
#define NUMBER(field)                                                                                        \
    {                                                                                                        \
#field, offsetof(struct sac_progress, field)                                                         \
    }
    NUMBER(wall_seconds),
    NUMBER(steps_per_second),
    NUMBER(updates_per_second),
    NUMBER(mean_return),
    NUMBER(mean_length),
    NUMBER(critic_loss),
    NUMBER(value_loss),
    NUMBER(policy_loss),
    NUMBER(temperature_loss),
    NUMBER(temperature),
    NUMBER(entropy),
    NUMBER(update_to_data),
    NUMBER(staleness_mean),
    NUMBER(staleness_p95),
    NUMBER(staleness_max),
    NUMBER(env_wait_fraction),
    NUMBER(learner_wait_fraction),
    NUMBER(env_duty),
};

json_t *report_progress(const struct sac_progress *p)
{
    json_t *line = json_object();
    json_object_set_new(line, "environment_steps", json_integer(p->environment_steps));
    json_object_set_new(line, "updates", json_integer((json_int_t)p->updates));
    json_object_set_new(line, "episodes", json_integer(p->episodes));
    json_object_set_new(line, "learner_threads", json_integer(p->learner_threads));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *field = (const char *)p + numbers[i].offset;
        json_object_set_new(line, numbers[i].name, report_number(*(const double *)(const void *)field));
    }
    return line;
}

json_t *report_evaluation(const struct sac_evaluation *e, const char *environment)
{
    json_t *returns = json_array();
    for (int i = 0; i < e->episodes; i++)
        json_array_append_new(returns, report_number(e->returns[i]));
    return json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "environment", environment,
                     "episodes", e->episodes, "mean_return", report_number(e->mean_return), "std_return",
                     report_number(e->std_return), "median_return", report_number(e->median_return),
                     "iqm_return", report_number(e->iqm_return), "iqm_low", report_number(e->iqm_low),
                     "iqm_high", report_number(e->iqm_high), "mean_length", report_number(e->mean_length),
                     "returns", returns);
}

void report_line(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

void report_words(FILE *stream, const struct sac_evaluation *e, const char *environment)
{
    fprintf(stream,
            "%s: mean return %.6g over %d episode%s (standard deviation %.4g, median %.6g)\n"
            "interquartile mean %.6g, 95 %% between %.6g and %.6g; mean length %.6g\n",
            environment, e->mean_return, e->episodes, e->episodes == 1 ? "" : "s", e->std_return,
            e->median_return, e->iqm_return, e->iqm_low, e->iqm_high, e->mean_length);
}

static double instructions_per_cycle(const struct sac_perf_counts *counts)
{
    return counts->count[SAC_PERF_INSTRUCTIONS] / counts->count[SAC_PERF_CYCLES];
}

json_t *report_events(const struct sac_perf_counts *counts, double units, const char *unit)
{
    json_t *events = json_object();
    for (int e = 0; e < SAC_PERF_EVENTS; e++) {
        char name[64];
        snprintf(name, sizeof name, "%s_per_%s", sac_perf_event_name((enum sac_perf_event)e), unit);
        json_object_set_new(events, name, report_number(counts->count[e] / units));
    }
    json_object_set_new(events, "instructions_per_cycle", report_number(instructions_per_cycle(counts)));
    return events;
}

void report_events_words(FILE *stream, const char *group, const struct sac_perf_counts *counts, double units,
                         const char *unit)
{
    const char *before = "";
    fprintf(stream, "%s, per %s: ", group, unit);
    for (int e = 0; e < SAC_PERF_EVENTS; e++) {
        if (!isfinite(counts->count[e] / units))
            continue;
        fprintf(stream, "%s%.4g %s", before, counts->count[e] / units,
                sac_perf_event_name((enum sac_perf_event)e));
        before = ", ";
    }
    if (isfinite(instructions_per_cycle(counts)))
        fprintf(stream, "; %.2f instructions per cycle", instructions_per_cycle(counts));
    fputc('\n', stream);
}
