/* The template with one mistake, named by the environment variable FAULT: what tests/check_plugins.sh expects
 * `softac envs --check` and training to find. Without FAULT it has none. AFTER: mistakes of reset and step
 * wait until an instance's first environment has begun so many episodes. ONLY: they are made in instances of
 * so many environments alone. */
#define sac_env_plugin template_plugin
#include "../envs/template/template.c"
#undef sac_env_plugin

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

static const char *fault = "";
static uint64_t after;
static int32_t only;
/* What no environment may have: variables that instances share. */
static int specs, creates;
static double shared;
/* The last instances made: where, with how many environments, in which thread. */
enum { MADE = 64 };
static struct {
    const void *instance;
    int32_t environments;
    pthread_t thread;
} made[MADE];

static bool is(const char *name)
{
    return strcmp(fault, name) == 0;
}

static int number_of(const struct instance *i)
{
    int n = (creates - 1) % MADE;
    for (int tried = 0; tried < MADE && made[n].instance != i; tried++)
        n = (n + MADE - 1) % MADE;
    return n;
}

static bool is_now(const char *name, const struct instance *i)
{
    return is(name) && i->spring[0].episodes >= after && (!only || made[number_of(i)].environments == only);
}

/* Sanitizers would see these two coming. */
#define UNSEEN __attribute__((noinline, no_sanitize("address", "thread", "undefined")))

UNSEEN static void crash(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1; /* cppcheck-suppress nullPointer */
}

UNSEEN static int divide(int by)
{
    volatile int divisor = by;
    return 7 / divisor; /* cppcheck-suppress zerodiv */
}

/* Deeper than any stack. */
__attribute__((noinline)) static int recurse(volatile const char *outer)
{
    volatile char room[4096];
    room[0] = outer[0];
    return room[0] == 1 ? 0 : recurse(room) + room[0]; /* it never is */
}

static void hang(void)
{
    for (;;)
        pause();
}

__attribute__((constructor)) static void choose_fault(void)
{
    const char *wanted = getenv("FAULT");
    if (wanted)
        fault = wanted;
    const char *episodes = getenv("AFTER");
    after = episodes ? strtoull(episodes, NULL, 10) : 0;
    const char *environments = getenv("ONLY");
    only = environments ? (int32_t)strtol(environments, NULL, 10) : 0;
    if (is("hang_loading"))
        hang();
    if (is("crash_loading"))
        crash();
}

static int fail(char *error)
{
    snprintf(error, SAC_ENV_ERROR_SIZE, "the spring\nis rusty");
    return 1;
}

static void spoil_bounds(struct sac_env_spec *s)
{
    static const float nan_low[] = {NAN}, infinite_high[] = {INFINITY}, equal[] = {5};
    if (is("no_low"))
        s->action_low = NULL;
    if (is("nan_bound"))
        s->action_low = nan_low;
    if (is("infinite_bound"))
        s->action_high = infinite_high;
    if (is("equal_bounds"))
        s->action_low = equal;
    if (is("wild_bounds"))
        s->action_low = (const float *)64;
}

static void spoil_sizes(struct sac_env_spec *s)
{
    if (is("spec_size_zero"))
        s->size = 0;
    if (is("no_observation"))
        s->observation_size = 0;
    if (is("no_action"))
        s->action_size = 0;
    if (is("huge"))
        s->observation_size = INT32_MAX;
    if (is("negative_limit"))
        s->step_limit = -1;
    if (is("infinite_threshold"))
        s->reward_threshold = INFINITY;
    if (is("alternating_size"))
        s->observation_size += specs++ % 2;
    if (is("size_after_create"))
        s->observation_size += creates > 0;
}

static int faulty_spec(const char *const *options, struct sac_env_spec *s, char *error)
{
    if (is("spec_crash"))
        crash();
    if (is("spec_hangs"))
        hang();
    if (is("spec_fails"))
        return fail(error);
    if (is("spec_silent"))
        return -3;
    if (is("spec_empty"))
        return 0;
    if (spec(is("any_option") ? NULL : options, s, error))
        return 1;
    if (is("endless"))
        s->step_limit = 0;
    spoil_bounds(s);
    spoil_sizes(s);
    return 0;
}

static int fail_to_create(void **instance, char *error)
{
    const char room[1] = {0};
    if (is("create_crash"))
        crash();
    if (is("create_aborts"))
        abort();
    if (is("create_hangs"))
        hang();
    if (is("create_overflow"))
        return recurse(room);
    if (is("create_fails"))
        return fail(error);
    if (is("create_wild_instance"))
        *instance = (void *)(size_t)(64 * creates);
    return is("create_silent");
}

static int faulty_create(const struct sac_env_create *given, void **instance, char *error)
{
    struct sac_env_create c = *given;
    creates++;
    if (strncmp(fault, "create_", 7) == 0)
        return fail_to_create(instance, error);
    c.environments++; /* room for faults that go one too far */
    if (is("any_option"))
        c.options = NULL;
    if (is("ignores_seed"))
        c.seed = 0;
    if (is("ignores_number"))
        c.first_environment = 0;
    if (is("depends_on_k"))
        c.seed += (uint64_t)given->environments;
    if (is("own_random"))
        c.seed += (uint64_t)creates;
    const int status = create(&c, instance, error);
    const int n = (creates - 1) % MADE;
    made[n].instance = *instance;
    made[n].environments = given->environments;
    made[n].thread = pthread_self();
    return status;
}

static void faulty_destroy(void *instance)
{
    if (is("destroy_crash") && instance)
        crash();
    if (is("destroy_null") && !instance)
        crash();
    if (is("destroy_hangs"))
        hang();
    destroy(instance);
}

/* How many steps environment j has made in its episode: kept where the template counts episodes. */
enum { STEP_SHIFT = 32 };

static int faulty_reset(void *instance, int32_t count, const int32_t *which, float *observation,
                        size_t stride, char *error)
{
    struct instance *i = instance;
    if (is_now("reset_crash", i))
        crash();
    if (is_now("reset_hangs", i))
        hang();
    if (is_now("reset_fails", i))
        return fail(error);
    if (is("reset_unwritten"))
        return 0;
    for (int32_t k = 0; k < count; k++) {
        struct spring *s = &i->spring[which[k]];
        float *row = observation + (size_t)which[k] * stride;
        s->episodes &= ((uint64_t)1 << STEP_SHIFT) - 1;
        const uint64_t episodes = s->episodes;
        const uint32_t first = i->first;
        i->first -= is("clones") ? (uint32_t)which[k] : 0;
        i->first += is("keys_added") ? (uint32_t)episodes : 0;
        if (is("keys_added") || is("episodes_alike"))
            s->episodes = 0;
        reset(instance, 1, &which[k], observation, stride, error);
        i->first = first;
        s->episodes = episodes + 1;
        if (is_now("reset_nan", i))
            row[1] = NAN;
        if (is_now("reset_beyond", i))
            row[OBSERVATIONS] = 0;
        if (is("reset_dense")) /* takes `which` for the rows to fill */
            memcpy(observation + (size_t)k * stride, row, OBSERVATIONS * sizeof *row);
        if (is("all_alike"))
            observe(memset(s, 0, sizeof *s), row);
    }
    return 0;
}

static void spoil_results(const struct instance *i, const struct sac_env_step *s, int32_t j)
{
    float *row = s->observation + (size_t)j * s->observation_stride;
    if (is_now("step_beyond", i))
        row[OBSERVATIONS] = 0;
    if (is("step_before"))
        row[-1] = 0;
    if (is_now("step_dense", i)) /* takes rows for packed */
        memcpy(s->observation + (size_t)j * OBSERVATIONS, row, OBSERVATIONS * sizeof *row);
    if (is("writes_action"))
        ((float *)s->action)[(size_t)j * s->action_stride] += 1;
    if (is_now("nan_observation", i) || (is("rare_nan") && fabsf(row[1]) > 2))
        row[2] = NAN;
    if (is_now("infinite_reward", i))
        s->reward[j] = INFINITY;
    if (is_now("large_reward", i))
        s->reward[j] = -1e300;
    if (is_now("flag_two", i))
        s->terminated[j] = 2;
    if (is_now("flag_many", i))
        s->truncated[j] = 255;
    if (is_now("infinite_final", i)) {
        s->terminated[j] = 1;
        row[0] = -INFINITY;
    }
    if (is_now("nan_truncated", i)) {
        s->truncated[j] = 1;
        row[1] = NAN;
    }
}

static void spoil_motion(struct instance *i, const struct sac_env_step *s, int32_t j)
{
    struct spring *spring = &i->spring[j];
    float *row = s->observation + (size_t)j * s->observation_stride;
    char error[SAC_ENV_ERROR_SIZE];
    if (is("global_variable")) {
        row[1] = (float)(spring->velocity += 1e-3 * shared);
        shared = spring->velocity;
    }
    if (is("steps_move_resets"))
        spring->episodes++;
    if (is("resets_itself_at_limit"))
        spring->episodes += (uint64_t)1 << STEP_SHIFT;
    if ((is("resets_itself") && s->terminated[j]) || spring->episodes >> STEP_SHIFT == STEP_LIMIT)
        faulty_reset(i, 1, &j, s->observation, s->observation_stride, error);
}

static int fail_to_step(const struct instance *i, char *error)
{
    if (is_now("step_crash", i))
        crash();
    if (is_now("step_divides", i))
        return divide(0);
    if (is_now("step_exits", i))
        exit(0);
    if (is_now("step_hangs", i) || (is("hangs_elsewhere") && pthread_self() != made[number_of(i)].thread))
        hang();
    return is_now("step_fails", i) ? fail(error) : is_now("step_silent", i);
}

static int faulty_step(void *instance, const struct sac_env_step *given, char *error)
{
    struct instance *i = instance;
    struct sac_env_step s = *given;
    float observation[8 * OBSERVATIONS];
    double reward[64];
    uint8_t flag[64];
    if (fail_to_step(i, error))
        return 1;
    if (is("no_reward"))
        s.reward = reward;
    if (is("no_flag"))
        s.truncated = flag;
    if (is("no_observations")) {
        s.observation = observation;
        s.observation_stride = OBSERVATIONS;
    }
    step(instance, &s, error);
    for (int32_t j = 0; j < s.count; j++) {
        spoil_motion(i, &s, j);
        spoil_results(i, &s, j);
    }
    if (is("result_beyond_count"))
        s.reward[s.count] = 0;
    if (is("moves_others"))
        advance(&i->spring[s.count], 1);
    return 0;
}

static int faulty_reset_to(void *instance, int32_t index, const double *position, const double *velocity,
                           float *observation, char *error)
{
    struct spring *s = &((struct instance *)instance)->spring[index];
    const double before = s->velocity;
    reset_to(instance, index, position, velocity, observation, error);
    if (is("reset_to_hangs"))
        hang();
    if (is("reset_to_remembers"))
        s->velocity = before;
    if (is("reset_to_unwritten"))
        observation[1] = observation[OBSERVATIONS];
    return 0;
}

static size_t faulty_state_size(void *instance)
{
    return is("state_size_moves") ? 64 + ((struct instance *)instance)->spring->episodes
                                  : state_size(instance);
}

static int faulty_get_state(void *instance, int32_t index, void *state, char *error)
{
    struct spring *s = &((struct instance *)instance)->spring[index], copy = *s;
    if (is("get_state_disturbs"))
        s->velocity = 0;
    if (is("state_forgets"))
        copy.velocity = 0;
    if (is("state_forgets_episodes"))
        copy.episodes = 0;
    memcpy(state, &copy, sizeof copy);
    if (is("state_beyond"))
        ((char *)state)[sizeof copy] = 0;
    return is("get_state_fails") ? fail(error) : 0;
}

static int faulty_observe_double(void *instance, int32_t index, double *observation, char *error)
{
    const struct spring *s = &((struct instance *)instance)->spring[index];
    (void)error;
    observation[0] = s->position + (is("observe_double_differs") ? 1e-3 : 0);
    observation[1] = s->velocity;
    observation[2] = s->target;
    if (is("observe_double_beyond"))
        observation[3] = 0;
    return 0;
}

const struct sac_env_ops *sac_env_plugin(uint32_t abi)
{
    static struct sac_env_ops ops;
    ops = *template_plugin(abi);
    ops.spec = is("no_spec") ? NULL : faulty_spec;
    ops.create = faulty_create;
    ops.reset = faulty_reset;
    ops.step = is("no_step") ? NULL : faulty_step;
    ops.destroy = faulty_destroy;
    ops.reset_to = faulty_reset_to;
    ops.state_size = faulty_state_size;
    ops.get_state = faulty_get_state;
    ops.set_state = is("no_set_state") ? NULL : set_state;
    ops.observe_double = faulty_observe_double;
    ops.abi += is("wrong_abi");
    ops.size = is("short_table") ? 8 : is("no_size") ? 0 : ops.size;
    ops.id = is("no_id") ? NULL : is("bad_id") ? "Damped Spring" : ops.id;
    if (is("crash_in_plugin"))
        crash();
    if (is("hang_in_plugin"))
        hang();
    return is("no_table") ? NULL : is("wild_table") ? (const struct sac_env_ops *)64 : &ops;
}
