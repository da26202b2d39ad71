#include "mjcf_task.h"

#include "environment.h"
#include "error.h"
#include "file.h"
#include "mujoco_model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 16, LIST_SIZE = 160 };

/* --- what a model has --- */

static mjtObj object_type(enum mjcf_source source)
{
    return source == MJCF_SENSOR ? mjOBJ_SENSOR : source == MJCF_CTRL ? mjOBJ_ACTUATOR : mjOBJ_JOINT;
}

static const char *object_name(mjtObj type)
{
    return type == mjOBJ_SENSOR     ? "sensor"
           : type == mjOBJ_ACTUATOR ? "actuator"
           : type == mjOBJ_KEY      ? "keyframe"
                                    : "joint";
}

/* "" where it has none. */
static const char *name_of(const mjModel *model, mjtObj type, int id)
{
    const char *name = mj_id2name(model, (int)type, id);
    return name ? name : "";
}

static int object_count(const mjModel *model, mjtObj type)
{
    if (type == mjOBJ_SENSOR)
        return (int)model->nsensor;
    if (type == mjOBJ_KEY)
        return (int)model->nkey;
    if (type == mjOBJ_JOINT)
        return (int)model->njnt;
#if mjVERSION_HEADER >= 4000000
    return (int)model->nactuator;
#else
    return (int)model->nu;
#endif
}

/* The numbers of one joint, sensor or actuator in its source's array. */
struct span {
    int address, size;
};

static struct span span_of(const mjModel *model, enum mjcf_source source, int id)
{
    static const int position_size[] = {
        [mjJNT_FREE] = 7, [mjJNT_BALL] = 4, [mjJNT_SLIDE] = 1, [mjJNT_HINGE] = 1};
    static const int velocity_size[] = {
        [mjJNT_FREE] = 6, [mjJNT_BALL] = 3, [mjJNT_SLIDE] = 1, [mjJNT_HINGE] = 1};
    switch (source) {
    case MJCF_QPOS:
        return (struct span){model->jnt_qposadr[id], position_size[model->jnt_type[id]]};
    case MJCF_QVEL:
        return (struct span){model->jnt_dofadr[id], velocity_size[model->jnt_type[id]]};
    case MJCF_SENSOR:
        return (struct span){model->sensor_adr[id], model->sensor_dim[id]};
    default:
#if mjVERSION_HEADER >= 4000000
        return (struct span){model->actuator_ctrladr[id], model->actuator_ctrlnum[id]};
#else
        return (struct span){id, 1};
#endif
    }
}

static const mjtNum *array_of(const mjData *data, enum mjcf_source source)
{
    return source == MJCF_QPOS     ? data->qpos
           : source == MJCF_QVEL   ? data->qvel
           : source == MJCF_SENSOR ? data->sensordata
                                   : data->ctrl;
}

/* "a, b, c" of the objects with names, as many as fit; "none". */
static void list_names(const mjModel *model, mjtObj type, char list[LIST_SIZE])
{
    size_t used = 0;
    snprintf(list, LIST_SIZE, "none");
    for (int i = 0; i < object_count(model, type); i++) {
        const char *name = name_of(model, type, i);
        if (!*name)
            continue;
        if (used + strlen(name) + sizeof ", ..." > LIST_SIZE) {
            snprintf(list + used, LIST_SIZE - used, ", ...");
            return;
        }
        used += (size_t)snprintf(list + used, LIST_SIZE - used, "%s%s", used ? ", " : "", name);
    }
}

/* The nearest name of that type, or NULL. */
static const char *nearest_object(const mjModel *model, mjtObj type, const char *name)
{
    const int count = object_count(model, type);
    const char **names = calloc((size_t)count + 1, sizeof *names);
    int named = 0;
    for (int i = 0; names && i < count; i++) {
        const char *one = name_of(model, type, i);
        if (*one)
            names[named++] = one;
    }
    const char *nearest = names ? sac_nearest_name(name, names) : NULL;
    free(names);
    return nearest;
}

/* "there is no joint 'elbo' in the model; did you mean 'elbow'?" */
static void describe_absent(const mjModel *model, mjtObj type, const char *name, char sentence[2 * LIST_SIZE])
{
    const char *nearest = nearest_object(model, type, name);
    char list[LIST_SIZE];
    list_names(model, type, list);
    if (nearest)
        snprintf(sentence, 2 * LIST_SIZE, "the model has no %s '%.60s'; did you mean '%.60s'?",
                 object_name(type), name, nearest);
    else
        snprintf(sentence, 2 * LIST_SIZE, "the model has no %s '%.60s'; %ss with names: %s",
                 object_name(type), name, object_name(type), list);
}

/* --- from names to places --- */

/* What is being found. */
struct search {
    struct mjcf_task *task;
    enum mjcf_section section;
    const struct mjcf_item *item;
    enum mjcf_source spans; /* noise of qpos is counted as qvel is */
    char *error;
};

static int object_of(const struct search *s, int index, int *id)
{
    char sentence[2 * LIST_SIZE];
    const struct mjcf_item *item = s->item;
    const mjtObj type = object_type(item->source);
    *id = item->count ? mj_name2id(s->task->model, (int)type, item->names[index]) : index;
    if (*id >= 0)
        return 0;
    describe_absent(s->task->model, type, item->names[index], sentence);
    return mjcf_item_fail(&s->task->file, s->section, item, s->error, "%s: %s",
                          mjcf_source_name(item->source), sentence);
}

static int check_component(const struct search *s, int id, int size)
{
    const mjtObj type = object_type(s->item->source);
    if (s->item->component < size)
        return 0;
    return mjcf_item_fail(&s->task->file, s->section, s->item, s->error,
                          "component: %d: %s '%.60s' has %d number%s, counted from 0", s->item->component,
                          object_name(type), name_of(s->task->model, type, id), size, size == 1 ? "" : "s");
}

/* Write the item's places (address NULL: only count them). */
static int find_addresses(const struct search *s, int *address, int *count)
{
    const int objects =
        s->item->count ? s->item->count : object_count(s->task->model, object_type(s->item->source));
    *count = 0;
    for (int i = 0; i < objects; i++) {
        int id;
        if (object_of(s, i, &id))
            return 1;
        const struct span span = span_of(s->task->model, s->spans, id);
        if (check_component(s, id, span.size))
            return 1;
        const int first = s->item->component < 0 ? 0 : s->item->component;
        const int end = s->item->component < 0 ? span.size : first + 1;
        for (int k = first; k < end; k++, (*count)++)
            if (address)
                address[*count] = span.address + k;
    }
    if (*count > 0)
        return 0;
    return mjcf_item_fail(&s->task->file, s->section, s->item, s->error, "%s: the model has no %s",
                          mjcf_source_name(s->item->source), object_name(object_type(s->item->source)));
}

static int find_term(const struct search *s, struct mjcf_term *term)
{
    *term = (struct mjcf_term){.item = s->item};
    if (s->item->source == MJCF_CONSTANT)
        return 0;
    if (find_addresses(s, NULL, &term->count))
        return 1;
    term->address = calloc((size_t)term->count, sizeof *term->address);
    if (!term->address)
        return sac_env_fail(s->error, "no memory for %d numbers", term->count);
    return find_addresses(s, term->address, &term->count);
}

static int find_terms(struct mjcf_task *task, enum mjcf_section section, char *error)
{
    const struct mjcf_list *list = &task->file.section[section];
    struct mjcf_terms *terms = &task->section[section];
    terms->term = calloc((size_t)list->count + 1, sizeof *terms->term);
    if (!terms->term)
        return sac_env_fail(error, "no memory for %d terms", list->count);
    for (int i = 0; i < list->count; i++) {
        const struct search search = {task, section, &list->item[i], list->item[i].source, error};
        if (find_term(&search, &terms->term[terms->count++]))
            return 1;
    }
    return 0;
}

/* The last item that names a joint counts. */
static int find_noise(struct mjcf_task *task, const struct mjcf_item *item, char *error)
{
    const struct search search = {task, MJCF_RESET_NOISE, item, MJCF_QVEL, error};
    struct mjcf_term term;
    const int failed = find_term(&search, &term);
    for (int i = 0; !failed && i < term.count; i++)
        task->noise[item->source == MJCF_QVEL][term.address[i]] = (struct mjcf_noise){item->low, item->high};
    free(term.address);
    return failed;
}

static int find_noises(struct mjcf_task *task, char *error)
{
    const struct mjcf_list *list = &task->file.section[MJCF_RESET_NOISE];
    for (int i = 0; i < 2; i++) {
        task->noise[i] = calloc((size_t)task->model->nv + 1, sizeof *task->noise[i]);
        if (!task->noise[i])
            return sac_env_fail(error, "no memory for the reset noise");
    }
    for (int i = 0; i < list->count; i++)
        if (find_noise(task, &list->item[i], error))
            return 1;
    return 0;
}

static int find_keyframe(struct mjcf_task *task, char *error)
{
    const struct mjcf_file *file = &task->file;
    char sentence[2 * LIST_SIZE];
    task->keyframe = file->keyframe ? mj_name2id(task->model, mjOBJ_KEY, file->keyframe) : -1;
    if (!file->keyframe || task->keyframe >= 0)
        return 0;
    describe_absent(task->model, mjOBJ_KEY, file->keyframe, sentence);
    return sac_env_fail(error, "%.150s:%zu: keyframe: %s", file->name, file->keyframe_line, sentence);
}

/* --- actions --- */

/* The name of the actuator that takes number `control` of ctrl. */
static const char *actuator_of(const mjModel *model, int control)
{
    for (int id = 0; id < object_count(model, mjOBJ_ACTUATOR); id++) {
        const struct span span = span_of(model, MJCF_CTRL, id);
        if (control >= span.address && control < span.address + span.size)
            return name_of(model, mjOBJ_ACTUATOR, id);
    }
    return "";
}

static int find_bounds(struct mjcf_task *task, const char *path, char *error)
{
    const mjModel *model = task->model;
    if (model->nu < 1)
        return sac_env_fail(error, "%.200s: the model has no actuator; a policy needs at least one", path);
    task->bounds = calloc(2 * (size_t)model->nu, sizeof *task->bounds);
    if (!task->bounds)
        return sac_env_fail(error, "no memory for %d actions", (int)model->nu);
    for (int i = 0; i < model->nu; i++) {
        const mjtNum *range = model->actuator_ctrlrange + 2 * i;
        if (!model->actuator_ctrllimited[i] || (float)range[0] >= (float)range[1])
            return sac_env_fail(
                error,
                "%.200s: actuator %d ('%.60s') has no range for its action; give it one in the XML, "
                "such as ctrllimited=\"true\" ctrlrange=\"-1 1\"",
                path, i, actuator_of(model, i));
        task->bounds[i] = (float)range[0];
        task->bounds[model->nu + i] = (float)range[1];
    }
    return 0;
}

/* --- loading --- */

static int term_size(const struct mjcf_term *term)
{
    return term->item->function == MJCF_NORM ? 1 : term->count;
}

static void fill_spec(struct mjcf_task *task)
{
    const struct mjcf_terms *observed = &task->section[MJCF_OBSERVATION];
    task->spec = (struct sac_env_spec){.size = sizeof task->spec,
                                       .action_size = (int32_t)task->model->nu,
                                       .step_limit = task->file.step_limit,
                                       .action_low = task->bounds,
                                       .action_high = task->bounds + task->model->nu,
                                       .reward_threshold = task->file.reward_threshold,
                                       .position_size = (int32_t)task->model->nq,
                                       .velocity_size = (int32_t)task->model->nv};
    for (int i = 0; i < observed->count; i++)
        task->spec.observation_size += term_size(&observed->term[i]);
}

/* Someone who has only the model so far is told what could be named. */
static int refuse_absent(const mjModel *model, const char *model_path, const char *task_path, char *error)
{
    char joints[LIST_SIZE], sensors[LIST_SIZE];
    list_names(model, mjOBJ_JOINT, joints);
    list_names(model, mjOBJ_SENSOR, sensors);
    return sac_env_fail(
        error,
        "there is no task file %.120s for %.120s; write it as docs/environments.md shows, or name "
        "one: env.task=FILE. Joints: %.60s. Sensors: %.60s",
        task_path, model_path, joints, sensors);
}

static int read_file(struct mjcf_task *task, const char *model_path, const char *path, char *error)
{
    char *text;
    size_t size;
    if (access(path, F_OK))
        return refuse_absent(task->model, model_path, path, error);
    if (sac_file_read(path, MOST_BYTES, &text, &size))
        return sac_env_fail(error, "%s", sac_last_error());
    const int failed = mjcf_file_parse(path, text, size, &task->file, error);
    free(text);
    return failed;
}

static int load(struct mjcf_task *task, const char *model_path, const char *task_path, char *error)
{
    if (access(model_path, R_OK))
        return sac_env_fail(
            error,
            "cannot read the model %.200s: %s; the name behind mjcf: is a path from the current "
            "folder (softac eval: --env mjcf:FILE.xml if it has moved)",
            model_path, strerror(errno));
    if (mujoco_model_read(model_path, &task->model, error) || read_file(task, model_path, task_path, error))
        return 1;
    for (int section = 0; section < MJCF_RESET_NOISE; section++)
        if (find_terms(task, (enum mjcf_section)section, error))
            return 1;
    if (find_noises(task, error) || find_keyframe(task, error) || find_bounds(task, model_path, error))
        return 1;
    fill_spec(task);
    return 0;
}

int mjcf_task_load(const char *model_path, const char *task_path, struct mjcf_task **task, char *error)
{
    struct mjcf_task *made = calloc(1, sizeof *made);
    if (!made)
        return sac_env_fail(error, "no memory for the task %.200s", task_path);
    if (load(made, model_path, task_path, error)) {
        mjcf_task_free(made);
        return 1;
    }
    *task = made;
    return 0;
}

void mjcf_task_free(struct mjcf_task *task)
{
    if (!task)
        return;
    for (int section = 0; section < MJCF_RESET_NOISE; section++) {
        for (int i = 0; i < task->section[section].count; i++)
            free(task->section[section].term[i].address);
        free(task->section[section].term);
    }
    free(task->noise[0]);
    free(task->noise[1]);
    free(task->bounds);
    mj_deleteModel(task->model);
    mjcf_file_free(&task->file);
    free(task);
}

/* --- while it runs --- */

void mjcf_task_start(const struct mjcf_task *task, mjData *data)
{
    if (task->keyframe >= 0)
        mj_resetDataKeyframe(task->model, data, task->keyframe);
    else
        mj_resetData(task->model, data);
}

/* Positions move as velocities would move them, so that a quaternion stays one. qacc is scratch until the
 * next forward pass. */
void mjcf_task_perturb(const struct mjcf_task *task, mjData *data, struct sac_env_stream *stream)
{
    const int nv = (int)task->model->nv;
    for (int i = 0; i < nv; i++)
        data->qacc[i] = sac_env_uniform(stream, task->noise[0][i].low, task->noise[0][i].high);
    mj_integratePos(task->model, data->qpos, data->qacc, 1);
    for (int i = 0; i < nv; i++) {
        data->qvel[i] += sac_env_uniform(stream, task->noise[1][i].low, task->noise[1][i].high);
        data->qacc[i] = 0;
    }
}

static double apply(enum mjcf_function function, double x)
{
    switch (function) {
    case MJCF_ABS:
        return fabs(x);
    case MJCF_SQUARE:
        return x * x;
    case MJCF_SIN:
        return sin(x);
    case MJCF_COS:
        return cos(x);
    default:
        return x;
    }
}

/* Number i of its term_size. */
static double term_value(const struct mjcf_term *term, const mjData *data, int i)
{
    const mjtNum *array = array_of(data, term->item->source);
    double sum = 0;
    if (term->item->function != MJCF_NORM)
        return apply(term->item->function, array[term->address[i]] - term->item->target);
    for (int k = 0; k < term->count; k++) {
        const double x = array[term->address[k]] - term->item->target;
        sum += x * x;
    }
    return sqrt(sum);
}

void mjcf_task_observe(const struct mjcf_task *task, const mjData *data, double *observation)
{
    const struct mjcf_terms *terms = &task->section[MJCF_OBSERVATION];
    for (int t = 0; t < terms->count; t++)
        for (int i = 0; i < term_size(&terms->term[t]); i++)
            *observation++ = term_value(&terms->term[t], data, i);
}

double mjcf_term_reward(const struct mjcf_term *term, const mjData *data)
{
    double sum = term->item->source == MJCF_CONSTANT;
    for (int i = 0; i < term_size(term); i++)
        sum += term_value(term, data, i);
    return term->item->weight * sum;
}

double mjcf_task_reward(const struct mjcf_task *task, const mjData *data)
{
    const struct mjcf_terms *terms = &task->section[MJCF_REWARD];
    double reward = 0;
    for (int t = 0; t < terms->count; t++)
        reward += mjcf_term_reward(&terms->term[t], data);
    return reward;
}

bool mjcf_task_ends(const struct mjcf_task *task, const mjData *data)
{
    const struct mjcf_terms *terms = &task->section[MJCF_TERMINATION];
    for (int t = 0; t < terms->count; t++)
        for (int i = 0; i < term_size(&terms->term[t]); i++) {
            const double x = term_value(&terms->term[t], data, i);
            if (!(x >= terms->term[t].item->low && x <= terms->term[t].item->high))
                return true;
        }
    return false;
}
