/* softac info: what this program was made of, what it runs on, and what computes each layer. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

#include <softac/trainer.h>

#include "../agent.h"
#include "../cpu.h"
#include "../environment.h"
#include "../error.h"
#include "../kernels/kernels.h"
#include "../linear.h"
#include "../machine_limits.h"
#include "../neighbours.h"
#include "../openmp_runtimes.h"
#include "../team.h"
#include "../thread.h"
#include "../update_work.h"
#include "command.h"
#include "drawing.h"

/* HalfCheetah-v5's sizes: the shape that everybody times. */
enum { OBSERVATIONS = 17, ACTIONS = 6 };

/* --- gathering: one JSON object, which --json prints and words are made of --- */

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static const char *jemalloc_version(void)
{
#ifdef HAVE_JEMALLOC
    const char *version;
    size_t size = sizeof(version);
    return mallctl("version", (void *)&version, &size, NULL, 0) ? NULL : version;
#else
    return NULL;
#endif
}

static json_t *gather_openmp_runtimes(void)
{
    struct sac_openmp_runtimes found;
    json_t *paths = json_array();
    sac_openmp_runtimes_find(&found);
    for (int i = 0; i < found.count; i++)
        json_array_append_new(paths, json_string(found.path[i]));
    return paths;
}

static json_t *gather_versions(void)
{
    char openmp[32];
    snprintf(openmp, sizeof openmp, "%d", _OPENMP);
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "softac", PACKAGE_VERSION, "oneDNN",
                     sac_linear_backend(), "OpenMP", openmp, "OpenMP runtimes", gather_openmp_runtimes(),
                     "jemalloc", text_or_null(jemalloc_version()), "MuJoCo",
                     text_or_null(sac_environment_mujoco_version()), "Bullet",
                     text_or_null(sac_environment_bullet_version()));
}

static json_t *gather_features(void)
{
    json_t *features = json_array();
#ifdef __x86_64__
#define FEATURE(name)                                                                                        \
    if (__builtin_cpu_supports(name))                                                                        \
    json_array_append_new(features, json_string(name))
    FEATURE("sse4.2");
    FEATURE("avx");
    FEATURE("fma");
    FEATURE("avx2");
    FEATURE("avx512f");
    FEATURE("avx512dq");
    FEATURE("avx512bw");
    FEATURE("avx512vl");
    FEATURE("avx512vnni");
#endif
    return features;
}

static json_t *gather_cpu(void)
{
    char name[128];
    sac_cpu_name(name, sizeof name);
    return json_pack("{s:s, s:i, s:o}", "name", name, "usable", sac_cpu_count(), "features",
                     gather_features());
}

static json_t *gather_kernels(void)
{
    const struct sac_kernels *table[4];
    const int count = sac_kernels_available(table);
    json_t *available = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(available, json_string(table[i]->name));
    return json_pack("{s:s, s:s, s:o}", "chosen", sac_kernels()->name, "oneDNN", sac_linear_isa(),
                     "available", available);
}

/* The most that one core does in fp32, for each set of kernels: what benchmarks are a fraction of. */
static json_t *gather_limits(void)
{
    struct sac_machine_limits limits;
    sac_machine_limits_measure(&limits);
    json_t *peaks = json_object();
    for (int i = 0; i < limits.tables; i++)
        json_object_set_new(peaks, limits.peak[i].isa, json_real(limits.peak[i].flops * 1e-9));
    return peaks;
}

/* Where threads go when nothing about them is asked for. */
static enum sac_status gather_placement(json_t *info)
{
    struct sac_settings settings;
    struct sac_topology *topology = NULL;
    struct sac_neighbourhood *hood = NULL;
    struct sac_placement *placement = NULL;
    enum sac_status status = sac_topology_read(&topology);
    if (!status) {
        hood = sac_neighbourhood_enter(sac_neighbourhood_folder(), topology);
        status = hood ? SAC_OK : sac_fail(SAC_NOMEM, "no memory to look at other runs");
    }
    sac_settings_default(&settings);
    const struct sac_placement_request request = {
        .environments = settings.environments,
        .most_learner_threads = sac_team_limit(),
        .update_flops = sac_update_flops(&settings, OBSERVATIONS, ACTIONS),
        .resizes = true,
        .neighbours = hood ? sac_neighbourhood_known(hood) : NULL,
    };
    if (!status)
        status = sac_placement_create(topology, &request, &placement);
    if (!status) {
        json_t *described = drawing_json(topology, placement, request.neighbours);
        json_object_set_new(described, "drawing", drawing_lines(topology, placement, request.neighbours));
        json_object_set_new(info, "placement", described);
    }
    sac_placement_destroy(placement);
    sac_neighbourhood_leave(hood);
    sac_topology_destroy(topology);
    return status;
}

static void append_line(void *context, const char *text)
{
    json_array_append_new(context, json_string(text));
}

/* Every dense call site of the default agent for these sizes. */
static enum sac_status gather_layers(enum sac_algorithm algorithm, json_t *lines)
{
    struct sac_settings settings;
    struct sac_team *team = NULL;
    struct sac_agent *agent = NULL;
    sac_settings_default(&settings);
    settings.algorithm = algorithm;
    enum sac_status status = sac_team_create(1, &team);
    if (!status)
        status = sac_agent_create(&settings, OBSERVATIONS, ACTIONS, 1, team, &agent);
    if (!status)
        sac_agent_describe(agent, append_line, lines);
    sac_agent_destroy(agent);
    sac_team_destroy(team);
    return status;
}

static enum sac_status gather(json_t **info)
{
    json_t *v1 = json_array(), *v2 = json_array();
    *info = json_pack("{s:o, s:o, s:o, s:o, s:{s:o, s:o}}", "versions", gather_versions(), "cpu",
                      gather_cpu(), "kernels", gather_kernels(), "fma_peak_gflops", gather_limits(), "layers",
                      "sac_v1", v1, "sac_v2", v2);
    if (!*info)
        return sac_fail(SAC_NOMEM, "no memory to tell about this program");
    enum sac_status status = gather_placement(*info);
    if (!status)
        status = gather_layers(SAC_V1, v1);
    return status ? status : gather_layers(SAC_V2, v2);
}

/* --- words --- */

static const char *word_of(const json_t *value, char number[32])
{
    if (json_is_string(value))
        return json_string_value(value);
    if (!json_is_number(value))
        return "none";
    snprintf(number, 32, "%.6g", json_number_value(value));
    return number;
}

static void print_value(const char *name, const json_t *value)
{
    char number[32];
    printf("  %-18s", name);
    if (json_is_array(value))
        for (size_t i = 0; i < json_array_size(value); i++)
            printf("%s%s", i ? " " : "", json_string_value(json_array_get(value, i)));
    else
        fputs(word_of(value, number), stdout);
    putchar('\n');
}

static void print_object(const char *title, const json_t *object)
{
    const char *name;
    json_t *value;
    puts(title);
    json_object_foreach((json_t *)object, name, value)
    {
        print_value(name, value);
    }
}

static void print_lines(const json_t *lines)
{
    for (size_t i = 0; i < json_array_size(lines); i++)
        printf("  %s\n", json_string_value(json_array_get(lines, i)));
}

static void print_words(const json_t *info)
{
    const char *algorithm;
    json_t *lines;
    print_object("versions", json_object_get(info, "versions"));
    print_object("cpu", json_object_get(info, "cpu"));
    print_object("kernels", json_object_get(info, "kernels"));
    print_object("fp32 peak of one core, GFLOP/s", json_object_get(info, "fma_peak_gflops"));
    puts("threads of a run with the defaults, at HalfCheetah-v5's sizes");
    print_lines(json_object_get(json_object_get(info, "placement"), "drawing"));
    json_object_foreach(json_object_get(info, "layers"), algorithm, lines)
    {
        printf("layers of %s at HalfCheetah-v5's sizes\n", algorithm);
        print_lines(lines);
    }
}

static int run(int argc, char **argv)
{
    bool json = false;
    const char *isa = NULL;
    const struct option options[] = {
        {"--json", OPTION_FLAG, NULL, &json, "print JSON"},
        {"--isa", OPTION_TEXT, "SET", &isa, "as if trained with it: portable, avx2, avx512 [auto]"},
        {0},
    };
    const struct usage usage = {
        .command = "info",
        .form = "",
        .text = "Tell versions, CPU, kernels, where threads go, and what computes each layer.\n",
        .options = options,
    };
    int words;
    const int taken = arguments_take(&usage, argc, argv, NULL, 0, &words);
    if (taken != ARGUMENTS_TAKEN)
        return taken;
    json_t *info = NULL;
    enum sac_status status = sac_kernels_select(isa);
    if (!status)
        status = gather(&info);
    if (status) {
        json_decref(info);
        return say_failure("info", status);
    }
    if (json) {
        json_dumpf(info, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_words(info);
    }
    const char *warning = sac_openmp_warning();
    if (warning)
        say("info", "%s", warning);
    json_decref(info);
    return EXIT_DONE;
}

const struct command command_info = {
    "info", "tell versions, CPU, kernels, where threads go, and what computes each layer", run};
