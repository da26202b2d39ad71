/* Policies as values: make, save, load, act. */
#include "policy.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "kernels/kernels.h"
#include "memory.h"
#include "safetensors.h"
#include "settings.h"

#define FORMAT_VERSION 1         /* raised when a reader of before would misread a file */
#define MOST_INPUTS    (1 << 20) /* observation and action sizes of a file that is believed */
#define MOST_WIDTH     65536     /* the range of the setting `hidden` */
#define LEAST_LOG_STD  -50.0f    /* the range of the setting `log_std_bounds` */
#define MOST_LOG_STD   20.0f
#define ROWS_AT_ONCE   64 /* of sac_policy_act: bounds its scratch memory */

static const char *const activation_names[] = {"relu", "tanh", NULL};
static const char *const mapping_names[] = {"clamp", "tanh", NULL};

void sac_policy_destroy(struct sac_policy *policy)
{
    if (!policy)
        return;
    sac_free(policy->parameters);
    sac_free(policy->panels);
    free(policy->environment);
    free(policy->gym_module);
    free(policy->gym_kwargs);
    free(policy->action_low);
    free(policy->action_high);
    free(policy);
}

/* A policy with zero parameters and bounds. */
static enum sac_status allocate(const struct sac_policy_network *network, const char *environment,
                                struct sac_policy **policy)
{
    struct sac_policy *made = calloc(1, sizeof *made);
    if (made) {
        const size_t actions = (size_t)network->action_size;
        made->network = *network;
        made->parameters = sac_allocate(network->network.size * sizeof *made->parameters);
        made->panels = sac_allocate(network->network.size * sizeof *made->panels);
        made->environment = strdup(environment);
        made->action_low = calloc(actions, sizeof *made->action_low);
        made->action_high = calloc(actions, sizeof *made->action_high);
    }
    if (made && made->parameters && made->panels && made->environment && made->action_low &&
        made->action_high) {
        *policy = made;
        return SAC_OK;
    }
    sac_policy_destroy(made);
    return sac_fail(SAC_NOMEM, "no memory for a policy of %zu parameters", network->network.size);
}

enum sac_status sac_policy_create(const struct sac_policy_network *network, const float *parameters,
                                  const char *environment, const float *action_low, const float *action_high,
                                  struct sac_policy **policy)
{
    const enum sac_status status = allocate(network, environment, policy);
    if (status)
        return status;
    const size_t actions = (size_t)network->action_size;
    memcpy((*policy)->parameters, parameters, network->network.size * sizeof *parameters);
    sac_network_pack(&network->network, (*policy)->panels, parameters);
    memcpy((*policy)->action_low, action_low, actions * sizeof *action_low);
    memcpy((*policy)->action_high, action_high, actions * sizeof *action_high);
    return SAC_OK;
}

static bool keep_text(char **kept, const char *text)
{
    free(*kept);
    *kept = text ? strdup(text) : NULL;
    return *kept || !text;
}

enum sac_status sac_policy_keep_gym(struct sac_policy *policy, const char *module, const char *kwargs)
{
    return keep_text(&policy->gym_module, module) && keep_text(&policy->gym_kwargs, kwargs)
               ? SAC_OK
               : sac_fail(SAC_NOMEM, "no memory for how %s is made", policy->environment);
}

int sac_policy_observation_size(const struct sac_policy *policy)
{
    return policy ? policy->network.observation_size : 0;
}

int sac_policy_action_size(const struct sac_policy *policy)
{
    return policy ? policy->network.action_size : 0;
}

const char *sac_policy_environment(const struct sac_policy *policy)
{
    return policy ? policy->environment : NULL;
}

/* --- the tensors of a file --- */

/* Two ways to name the same numbers: the file of a run, and Stable-Baselines3's actor network for PyTorch. */
enum layout { LAYOUT_POLICY, LAYOUT_ACTOR };
static const char *const formats[] = {
    [LAYOUT_POLICY] = "softac.policy", [LAYOUT_ACTOR] = "softac.actor", NULL};

/* Weights or biases of a layer's outputs first .. first + outputs - 1. */
struct part {
    char name[40];
    const struct sac_layer *layer;
    int first, outputs;
    bool bias;
};

struct parts {
    int count;
    struct part part[2 * (SAC_MAX_LAYERS + 1)]; /* the last layer may be two */
};

static void add_parts(struct parts *parts, const char *stem, const struct sac_layer *layer, int first,
                      int outputs)
{
    for (int bias = 0; bias < 2; bias++) {
        struct part *part = &parts->part[parts->count++];
        *part = (struct part){.layer = layer, .first = first, .outputs = outputs, .bias = bias};
        snprintf(part->name, sizeof part->name, "%s.%s", stem, bias ? "bias" : "weight");
    }
}

/* In torch.nn.Sequential every second module is an activation: so its linear ones have even numbers. */
static struct parts list_parts(const struct sac_policy_network *policy, enum layout layout)
{
    const struct sac_network *network = &policy->network;
    const int whole = layout == LAYOUT_ACTOR ? network->layers - 1 : network->layers;
    struct parts parts = {.count = 0};
    for (int i = 0; i < whole; i++) {
        char stem[24];
        if (layout == LAYOUT_ACTOR)
            snprintf(stem, sizeof stem, "latent_pi.%d", 2 * i);
        else
            snprintf(stem, sizeof stem, "policy.%d", i);
        add_parts(&parts, stem, &network->layer[i], 0, network->layer[i].out);
    }
    if (layout == LAYOUT_ACTOR) {
        const struct sac_layer *last = sac_network_last(network);
        add_parts(&parts, "mu", last, 0, policy->action_size);
        add_parts(&parts, "log_std", last, policy->action_size, policy->action_size);
    }
    return parts;
}

/* PyTorch's Linear keeps (out, in) without padding; ours is (in, ld). */
static void to_torch(float *torch, const float *parameters, const struct part *part)
{
    const struct sac_layer *layer = part->layer;
    const float *ours = parameters + layer->weights + part->first;
    for (int o = 0; o < part->outputs; o++)
        for (int i = 0; i < layer->in; i++)
            torch[(size_t)o * (size_t)layer->in + (size_t)i] =
                ours[(size_t)i * (size_t)layer->ld + (size_t)o];
}

static void from_torch(float *parameters, const float *torch, const struct part *part)
{
    const struct sac_layer *layer = part->layer;
    float *ours = parameters + layer->weights + part->first;
    for (int o = 0; o < part->outputs; o++)
        for (int i = 0; i < layer->in; i++)
            ours[(size_t)i * (size_t)layer->ld + (size_t)o] =
                torch[(size_t)o * (size_t)layer->in + (size_t)i];
}

/* --- saving --- */

/* Numbers stand in the metadata as JSON inside strings: safetensors allows nothing but strings there. Nine
 * digits give back every float exactly. */
static void add_json(json_t *metadata, const char *key, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    json_object_set_new(metadata, key, json_string(text));
    free(text);
    json_decref(value);
}

static json_t *float_array(const float *values, int count)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(array, json_real((double)values[i]));
    return array;
}

static json_t *make_metadata(const struct sac_policy *policy, enum layout layout)
{
    const struct sac_policy_network *network = &policy->network;
    const float bounds[] = {network->log_std.low, network->log_std.high};
    json_t *metadata = json_object(), *hidden = json_array();
    for (int i = 0; i + 1 < network->network.layers; i++)
        json_array_append_new(hidden, json_integer(network->network.layer[i].out));
    json_object_set_new(metadata, "format", json_string(formats[layout]));
    add_json(metadata, "format_version", json_integer(FORMAT_VERSION));
    json_object_set_new(metadata, "environment", json_string(policy->environment));
    if (policy->gym_module)
        json_object_set_new(metadata, "gym_module", json_string(policy->gym_module));
    if (policy->gym_kwargs)
        json_object_set_new(metadata, "gym_kwargs", json_string(policy->gym_kwargs));
    add_json(metadata, "observation_size", json_integer(network->observation_size));
    add_json(metadata, "action_size", json_integer(network->action_size));
    add_json(metadata, "hidden", hidden);
    json_object_set_new(metadata, "activation", json_string(activation_names[network->network.activation]));
    json_object_set_new(metadata, "log_std_mapping", json_string(mapping_names[network->log_std.mapping]));
    add_json(metadata, "log_std_bounds", float_array(bounds, 2));
    add_json(metadata, "action_low", float_array(policy->action_low, network->action_size));
    add_json(metadata, "action_high", float_array(policy->action_high, network->action_size));
    return metadata;
}

static enum sac_status save(const struct sac_policy *policy, const char *path, enum layout layout)
{
    const struct parts parts = list_parts(&policy->network, layout);
    struct sac_tensor tensors[sizeof parts.part / sizeof *parts.part];
    const size_t size = policy->network.network.size;
    float *torch = malloc(size * sizeof *torch), *end = torch; /* enough: ours is padded */
    if (!torch)
        return sac_fail(SAC_NOMEM, "%s: no memory to write %zu parameters", path, size);
    for (int i = 0; i < parts.count; i++) {
        const struct part *part = &parts.part[i];
        const struct sac_layer *layer = part->layer;
        if (part->bias) {
            const float *bias = policy->parameters + layer->bias + part->first;
            tensors[i] = (struct sac_tensor){part->name, 1, {part->outputs, 0}, bias};
            continue;
        }
        to_torch(end, policy->parameters, part);
        tensors[i] = (struct sac_tensor){part->name, 2, {part->outputs, layer->in}, end};
        end += (size_t)part->outputs * (size_t)layer->in;
    }
    json_t *metadata = make_metadata(policy, layout);
    const enum sac_status status = sac_safetensors_write(path, metadata, tensors, parts.count);
    json_decref(metadata);
    free(torch);
    return status;
}

enum sac_status sac_policy_save(const struct sac_policy *policy, const char *path)
{
    SAC_NEED(policy, "a policy");
    SAC_NEED(path, "a file's name");
    return save(policy, path, LAYOUT_POLICY);
}

enum sac_status sac_policy_export(const struct sac_policy *policy, const char *path)
{
    return save(policy, path, LAYOUT_ACTOR);
}

/* --- loading --- */

/* A policy file while it is read: take_ functions leave a sentence when it is not as it should
 * be. */
struct loader {
    const char *path;
    struct sac_safetensors *file;
    enum layout layout;
    struct sac_policy_network network;
    struct sac_settings settings; /* only what sac_policy_network_init reads */
};

static enum sac_status bad(const struct loader *loader, const char *key, const char *expected)
{
    char copy[SAC_PRINTABLE_SIZE] = "nothing";
    const char *value = sac_safetensors_metadata(loader->file, key);
    if (value)
        sac_printable(copy, value);
    return sac_fail(SAC_FORMAT, "%s: metadata %s is %s; expected %s; save the policy again", loader->path,
                    key, copy, expected);
}

static json_t *take_json(const struct loader *loader, const char *key)
{
    const char *text = sac_safetensors_metadata(loader->file, key);
    return text ? json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static enum sac_status take_size(const struct loader *loader, const char *key, int *size)
{
    json_t *value = take_json(loader, key);
    const json_int_t number = json_integer_value(value);
    json_decref(value);
    if (number < 1 || number > MOST_INPUTS)
        return bad(loader, key, "a whole number from 1");
    *size = (int)number;
    return SAC_OK;
}

static enum sac_status take_floats(const struct loader *loader, const char *key, float *values, int count)
{
    json_t *array = take_json(loader, key);
    bool right = json_array_size(array) == (size_t)count;
    for (int i = 0; i < count && right; i++) {
        const json_t *value = json_array_get(array, (size_t)i);
        values[i] = (float)json_number_value(value);
        right = json_is_number(value) && isfinite(values[i]);
    }
    json_decref(array);
    return right ? SAC_OK : bad(loader, key, "an array of as many numbers as there are actions or bounds");
}

static enum sac_status take_name(const struct loader *loader, const char *key, const char *const *names,
                                 int *choice)
{
    const char *text = sac_safetensors_metadata(loader->file, key);
    for (int i = 0; text && names[i]; i++)
        if (!strcmp(names[i], text)) {
            *choice = i;
            return SAC_OK;
        }
    return bad(loader, key, "a name that this version knows");
}

static enum sac_status take_hidden(struct loader *loader)
{
    json_t *array = take_json(loader, "hidden");
    const size_t layers = json_array_size(array);
    bool right = layers >= 1 && layers <= SAC_MAX_HIDDEN_LAYERS;
    for (size_t i = 0; i < layers && right; i++) {
        const json_int_t width = json_integer_value(json_array_get(array, i));
        right = width >= 1 && width <= MOST_WIDTH;
        loader->settings.hidden[i] = (int)width;
    }
    loader->settings.hidden_layers = (int)layers;
    json_decref(array);
    return right ? SAC_OK : bad(loader, "hidden", "an array of 1 to 16 layer widths");
}

static enum sac_status take_log_std(struct loader *loader)
{
    float bounds[2];
    int choice;
    enum sac_status status = take_name(loader, "log_std_mapping", mapping_names, &choice);
    if (!status)
        status = take_floats(loader, "log_std_bounds", bounds, 2);
    if (status)
        return status;
    loader->settings.log_std_mapping = (enum sac_log_std_mapping)choice;
    loader->settings.log_std_low = (double)bounds[0];
    loader->settings.log_std_high = (double)bounds[1];
    return bounds[0] >= LEAST_LOG_STD && bounds[0] < bounds[1] && bounds[1] <= MOST_LOG_STD
               ? SAC_OK
               : bad(loader, "log_std_bounds", "a lower and a greater upper bound, from -50 to 20");
}

static enum sac_status take_identity(struct loader *loader)
{
    const char *version = sac_safetensors_metadata(loader->file, "format_version");
    int layout = LAYOUT_POLICY, number = 0;
    if (take_name(loader, "format", formats, &layout))
        return bad(loader, "format", "softac.policy or softac.actor");
    loader->layout = (enum layout)layout;
    if (take_size(loader, "format_version", &number))
        return bad(loader, "format_version", "a whole number from 1");
    if (number > FORMAT_VERSION)
        return sac_fail(SAC_FORMAT,
                        "%s: metadata format_version is %s; this softac (" PACKAGE_VERSION
                        ") reads up to %d: read the file with the softac that saved it, or a newer one",
                        loader->path, version, FORMAT_VERSION);
    if (!sac_safetensors_metadata(loader->file, "environment"))
        return bad(loader, "environment", "an environment's name");
    return SAC_OK;
}

static enum sac_status take_network(struct loader *loader)
{
    int activation = 0, observations = 0, actions = 0;
    enum sac_status status = take_size(loader, "observation_size", &observations);
    if (!status)
        status = take_size(loader, "action_size", &actions);
    if (!status)
        status = take_name(loader, "activation", activation_names, &activation);
    if (!status)
        status = take_hidden(loader);
    if (!status)
        status = take_log_std(loader);
    if (status)
        return status;
    loader->settings.activation = (enum sac_activation)activation;
    sac_policy_network_init(&loader->network, observations, actions, &loader->settings);
    return SAC_OK;
}

/* The tensors that the metadata asks for, and no others: checked before memory is taken for them. */
static enum sac_status expect_tensors(const struct loader *loader)
{
    const struct parts parts = list_parts(&loader->network, loader->layout);
    for (int i = 0; i < parts.count; i++) {
        const struct part *part = &parts.part[i];
        const int64_t shape[] = {part->outputs, part->layer->in};
        const enum sac_status status =
            sac_safetensors_expect(loader->file, part->name, part->bias ? 1 : 2, shape);
        if (status)
            return status;
    }
    const int found = sac_safetensors_count(loader->file);
    if (found == parts.count)
        return SAC_OK;
    return sac_fail(SAC_FORMAT, "%s: expected %d tensors, found %d; is this a policy that softac saved?",
                    loader->path, parts.count, found);
}

static bool all_finite(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

static enum sac_status take_tensors(const struct loader *loader, struct sac_policy *policy)
{
    const struct sac_network *network = &loader->network.network;
    const struct parts parts = list_parts(&loader->network, loader->layout);
    float *torch = malloc(network->size * sizeof *torch);
    if (!torch)
        return sac_fail(SAC_NOMEM, "%s: no memory for %zu parameters", loader->path, network->size);
    for (int i = 0; i < parts.count; i++) {
        const struct part *part = &parts.part[i];
        float *bias = policy->parameters + part->layer->bias + part->first;
        sac_safetensors_copy(loader->file, part->name, part->bias ? bias : torch);
        if (!part->bias)
            from_torch(policy->parameters, torch, part);
    }
    free(torch);
    sac_network_pack(network, policy->panels, policy->parameters);
    return all_finite(policy->parameters, network->size)
               ? SAC_OK
               : sac_fail(SAC_FORMAT,
                          "%s: a parameter is not a finite number; did the run that saved it diverge?",
                          loader->path);
}

static enum sac_status take_action_bounds(const struct loader *loader, struct sac_policy *policy)
{
    const int actions = loader->network.action_size;
    enum sac_status status = take_floats(loader, "action_low", policy->action_low, actions);
    if (!status)
        status = take_floats(loader, "action_high", policy->action_high, actions);
    for (int i = 0; i < actions && !status; i++)
        if (!(policy->action_low[i] < policy->action_high[i]))
            status = bad(loader, "action_high", "bounds above action_low");
        else if (!isfinite(policy->action_high[i] - policy->action_low[i]))
            status = bad(loader, "action_high", "bounds whose distance to action_low is finite");
    return status;
}

/* They go to a Python process as arguments. */
static enum sac_status take_gym(const struct loader *loader, struct sac_policy *policy)
{
    const char *module = sac_safetensors_metadata(loader->file, "gym_module"),
               *kwargs = sac_safetensors_metadata(loader->file, "gym_kwargs");
    json_t *object = take_json(loader, "gym_kwargs");
    const bool right = !kwargs || (json_is_object(object) && sac_is_printable(kwargs));
    json_decref(object);
    if (!right)
        return bad(loader, "gym_kwargs", "a JSON object");
    if (module && (!*module || !sac_is_printable(module)))
        return bad(loader, "gym_module", "the name of a Python module");
    return sac_policy_keep_gym(policy, module, kwargs);
}

static enum sac_status take_policy(const struct loader *loader, struct sac_policy **policy)
{
    struct sac_policy *made = NULL;
    enum sac_status status =
        allocate(&loader->network, sac_safetensors_metadata(loader->file, "environment"), &made);
    if (!status)
        status = take_action_bounds(loader, made);
    if (!status)
        status = take_gym(loader, made);
    if (!status)
        status = take_tensors(loader, made);
    if (status)
        sac_policy_destroy(made);
    else
        *policy = made;
    return status;
}

/* Takes `file` over. */
static enum sac_status load(const char *path, struct sac_safetensors *file, struct sac_policy **policy)
{
    struct loader loader = {.path = path, .file = file};
    enum sac_status status = take_identity(&loader);
    if (!status)
        status = take_network(&loader);
    if (!status)
        status = expect_tensors(&loader);
    if (!status)
        status = take_policy(&loader, policy);
    sac_safetensors_destroy(file);
    return status;
}

enum sac_status sac_policy_load(const char *path, struct sac_policy **policy)
{
    struct sac_safetensors *file;
    SAC_NEED(policy, "a place for the policy");
    *policy = NULL;
    SAC_NEED(path, "a file's name");
    const enum sac_status status = sac_safetensors_read(path, &file);
    return status ? status : load(path, file, policy);
}

enum sac_status sac_policy_parse(const char *name, const void *bytes, size_t size, struct sac_policy **policy)
{
    struct sac_safetensors *file;
    const enum sac_status status = sac_safetensors_parse(name, bytes, size, &file);
    return status ? status : load(name, file, policy);
}

/* --- acting --- */

static void act(const struct sac_policy *policy, const float *observation, int rows, float *action,
                float *scratch, float *squashed, float *noise)
{
    const struct sac_policy_network *network = &policy->network;
    const int A = network->action_size;
    sac_policy_network_act(network, policy->panels, scratch, squashed, A, observation,
                           network->observation_size, noise, A, rows);
    sac_action_scale(action, squashed, policy->action_low, policy->action_high, rows, A);
}

/* A sensor that failed is told here rather than acted on. */
static enum sac_status check_observations(const float *observation, int rows, size_t O)
{
    for (size_t i = 0; i < (size_t)rows * O; i++)
        if (!isfinite(observation[i]))
            return sac_fail(SAC_INVALID, "row %zu: observation[%zu] is %g; expected a finite number", i / O,
                            i % O, (double)observation[i]);
    return SAC_OK;
}

static enum sac_status check_act(const struct sac_policy *policy, const float *observation, int rows,
                                 const float *action)
{
    if (!policy || !observation || !action)
        return sac_fail(SAC_INVALID, "sac_policy_act: %s is NULL; expected %s",
                        !policy        ? "policy"
                        : !observation ? "observation"
                                       : "action",
                        !policy ? "a policy that was loaded or trained"
                                : "an array with a row per observation");
    if (rows < 0)
        return sac_fail(SAC_INVALID, "sac_policy_act: rows is %d; expected at least 0", rows);
    return check_observations(observation, rows, (size_t)policy->network.observation_size);
}

enum sac_status sac_policy_act(const struct sac_policy *policy, const float *observation, int rows,
                               float *action, bool deterministic, uint64_t seed, uint64_t step)
{
    const enum sac_status status = check_act(policy, observation, rows, action);
    if (status || rows == 0)
        return status;
    const size_t O = (size_t)policy->network.observation_size, A = (size_t)policy->network.action_size;
    const int most = rows < ROWS_AT_ONCE ? rows : ROWS_AT_ONCE;
    const size_t layers = sac_policy_network_scratch(&policy->network, most);
    float *memory = sac_allocate((layers + 2 * (size_t)most * A) * sizeof *memory);
    if (!memory)
        return sac_fail(SAC_NOMEM, "no memory to act on %d observations", rows);
    float *squashed = memory + layers, *noise = squashed + (size_t)most * A;
    for (int first = 0; first < rows; first += most) {
        const int count = rows - first < most ? rows - first : most;
        if (!deterministic)
            sac_kernels()->normal(noise, (int)A, seed, SAC_PURPOSE_ACTION_NOISE, step, (uint32_t)first, count,
                                  (int)A);
        act(policy, observation + (size_t)first * O, count, action + (size_t)first * A, memory, squashed,
            deterministic ? NULL : noise);
    }
    sac_free(memory);
    return SAC_OK;
}
