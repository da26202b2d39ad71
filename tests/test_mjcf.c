/* mjcf: environments: a model and a task file give the simulation, the numbers and the ends that they say. */
#include "environment.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <mujoco/mujoco.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 64 };

/* A cart with a pole on it; a ball that rolls; where they begin is a keyframe's to say. */
static const char model_format[] =
    "<mujoco><option timestep='0.005' integrator='%s'/><worldbody>"
    "<body name='cart'><joint name='slide' type='slide' axis='1 0 0' damping='0.1'/>"
    "<geom type='box' size='0.2 0.1 0.1' mass='1' contype='0' conaffinity='0'/>"
    "<body name='pole'><joint name='hinge' type='hinge' axis='0 1 0' damping='0.01'/>"
    "<geom type='capsule' fromto='0 0 0 0 0 0.6' size='0.05' mass='0.2' contype='0' conaffinity='0'/>"
    "<site name='tip' pos='0 0 0.6'/></body></body>"
    "<body name='ball' pos='0 1 1'><joint name='free' type='free'/><geom size='0.1'/></body>"
    "</worldbody><actuator><motor name='push' joint='slide' gear='%s' ctrllimited='true' ctrlrange='-1 0.5'/>"
    "</actuator><sensor><framepos name='tip_place' objtype='site' objname='tip'/>"
    "<actuatorfrc name='force' actuator='push'/></sensor><keyframe>"
    "<key name='leaning' qpos='0.5 0.25 1 2 3 1 0 0 0' qvel='1 -1 0 0 0 0 0 0'/></keyframe></mujoco>";

static char folder[] = "/tmp/test_mjcf.XXXXXX", model_path[64], task_path[64], model_option[96],
            task_option[96];
static const char *options[] = {model_option, task_option, NULL};

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void write_model(const char *integrator, const char *gear)
{
    char text[sizeof model_format + 32];
    snprintf(text, sizeof text, model_format, integrator, gear);
    write_text(model_path, text);
}

static void set_up(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(model_path, sizeof model_path, "%s/m.xml", folder);
    snprintf(task_path, sizeof task_path, "%s/t.yaml", folder);
    snprintf(model_option, sizeof model_option, "mjcf_model=%s", model_path);
    snprintf(task_option, sizeof task_option, "task=%s", task_path);
    write_model("Euler", "10");
}

static void tear_down(void)
{
    unlink(model_path);
    unlink(task_path);
    rmdir(folder);
}

/* One environment and its last results. */
struct world {
    const struct sac_env_ops *ops;
    struct sac_env_spec spec;
    void *instance;
    float observation[MOST], action[1];
    double reward;
    uint8_t terminated, truncated;
    char error[SAC_ENV_ERROR_SIZE];
};

static struct world make_world(const char *task)
{
    struct world w = {.spec.size = sizeof w.spec, .error = ""};
    const struct sac_env_create create = {
        .size = sizeof create, .environments = 1, .seed = 7, .options = options};
    write_text(task_path, task);
    ck_assert_int_eq(sac_environment_find("mjcf:m.xml", &w.ops), SAC_OK);
    ck_assert_msg(w.ops->spec(options, &w.spec, w.error) == 0, "%s", w.error);
    ck_assert_int_le(w.spec.observation_size, MOST);
    ck_assert_msg(w.ops->create(&create, &w.instance, w.error) == 0, "%s", w.error);
    return w;
}

static void reset(struct world *w)
{
    const int32_t which = 0;
    ck_assert_msg(w->ops->reset(w->instance, 1, &which, w->observation, MOST, w->error) == 0, "%s", w->error);
}

static int try_step(struct world *w, float action)
{
    w->action[0] = action;
    const struct sac_env_step step = {.size = sizeof step,
                                      .count = 1,
                                      .action = w->action,
                                      .action_stride = 1,
                                      .observation = w->observation,
                                      .observation_stride = MOST,
                                      .reward = &w->reward,
                                      .terminated = &w->terminated,
                                      .truncated = &w->truncated};
    return w->ops->step(w->instance, &step, w->error);
}

static void step(struct world *w, float action)
{
    ck_assert_msg(try_step(w, action) == 0, "%s", w->error);
}

static const char *const integrators[] = {"Euler", "RK4", "implicit",
#if mjVERSION_HEADER >= 300
                                          "implicitfast"
#endif
};

/* States are those of mj_step called frame_skip times, to the last bit, whatever the integrator; sensors are
 * of the state that is seen beside them, as a forward pass measures them. */
START_TEST(as_mujoco)
{
    char reason[256];
    double exact[MOST];
    write_model(integrators[_i], "10");
    struct world w =
        make_world("frame_skip: 3\nkeyframe: leaning\n"
                   "observation: [{qpos: all}, {qvel: all}, {sensor: tip_place}]\nreward: {alive: 1}\n");
    mjModel *model = mj_loadXML(model_path, NULL, reason, sizeof reason);
    ck_assert_msg(model != NULL, "%s", reason);
    mjData *data = mj_makeData(model), *seen = mj_makeData(model);
    mj_resetDataKeyframe(model, data, 0);
    mj_forward(model, data);
    reset(&w);
    for (int t = 0; t < 100; t++) {
        data->ctrl[0] = (double)(float)(0.5 * sin(t));
        step(&w, (float)data->ctrl[0]);
        for (int frame = 0; frame < 3; frame++)
            mj_step(model, data);
        mj_copyData(seen, model, data);
        mj_forward(model, seen);
        ck_assert_int_eq(w.ops->observe_double(w.instance, 0, exact, w.error), 0);
        ck_assert_mem_eq(exact, data->qpos, 9 * sizeof *exact);
        ck_assert_mem_eq(exact + 9, data->qvel, 8 * sizeof *exact);
        ck_assert_mem_eq(exact + 17, seen->sensordata, 3 * sizeof *exact);
    }
    w.ops->destroy(w.instance);
    mj_deleteData(data);
    mj_deleteData(seen);
    mj_deleteModel(model);
}
END_TEST

/* Every form of an item is the formula that the document gives; the spec has the file's and the model's. */
START_TEST(formulas)
{
    double exact[MOST];
    struct world w = make_world("frame_skip: 2\nstep_limit: 77\nreward_threshold: 5\nkeyframe: leaning\n"
                                "observation:\n"
                                "- {qpos: [slide, hinge]}\n"
                                "- {qvel: [slide, hinge]}\n"
                                "- {sensor: tip_place}\n"
                                "- {qpos: hinge, as: sin}\n"
                                "- {qpos: hinge, as: cos}\n"
                                "- {qvel: hinge, as: abs}\n"
                                "- {qpos: slide, as: square, target: 0.25}\n"
                                "- {sensor: tip_place, as: norm, target: 1}\n"
                                "- {sensor: tip_place, component: 2, target: 0.5}\n"
                                "- {ctrl: push}\n"
                                "reward:\n"
                                "  alive: 0.25\n"
                                "  near: {qpos: [slide, hinge], as: square, target: 0.1, weight: -2}\n"
                                "  effort: {ctrl: all, as: abs, weight: -0.5}\n");
    ck_assert_int_eq(w.spec.observation_size, 14);
    ck_assert_int_eq(w.spec.action_size, 1);
    ck_assert_int_eq(w.spec.step_limit, 77);
    ck_assert(w.spec.reward_threshold == 5 && w.spec.action_low[0] == -1 && w.spec.action_high[0] == 0.5f);
    ck_assert(w.spec.position_size == 9 && w.spec.velocity_size == 8);
    reset(&w);
    for (int t = 0; t < 20; t++) {
        const float action = (float)(0.4 * cos(t));
        step(&w, action);
        ck_assert_int_eq(w.ops->observe_double(w.instance, 0, exact, w.error), 0);
        const double x = exact[0], angle = exact[1], *tip = exact + 4;
        ck_assert(exact[7] == sin(angle) && exact[8] == cos(angle) && exact[9] == fabs(exact[3]));
        ck_assert(exact[10] == (x - 0.25) * (x - 0.25));
        ck_assert_double_eq_tol(exact[11], sqrt(pow(tip[0] - 1, 2) + pow(tip[1] - 1, 2) + pow(tip[2] - 1, 2)),
                                1e-12);
        ck_assert(exact[12] == tip[2] - 0.5 && exact[13] == (double)action);
        const double near = pow(x - 0.1, 2) + pow(angle - 0.1, 2);
        ck_assert_double_eq_tol(w.reward, 0.25 - 2 * near - 0.5 * fabs((double)action), 1e-12);
        ck_assert(!w.terminated && !w.truncated);
    }
    w.ops->destroy(w.instance);
}
END_TEST

/* Noise lies in its range, the last item that names a joint counts, and a free joint's quaternion stays one.
 */
START_TEST(noise)
{
    double least = 1, most = -1;
    struct world w =
        make_world("observation: [{qpos: all}, {qvel: all}]\nreward: {alive: 1}\nkeyframe: leaning\n"
                   "reset_noise:\n- {qpos: all, range: [-0.5, 0.5]}\n- {qpos: hinge, range: [0.1, 0.2]}\n"
                   "- {qvel: slide, range: [2, 3]}\n- {qpos: free, component: 0, range: [0, 0]}\n");
    for (int i = 0; i < 1000; i++) {
        double exact[MOST], square = 0;
        reset(&w);
        ck_assert_int_eq(w.ops->observe_double(w.instance, 0, exact, w.error), 0);
        least = fmin(least, exact[0]);
        most = fmax(most, exact[0]);
        ck_assert(exact[1] >= 0.35 && exact[1] < 0.45);
        ck_assert(exact[2] == 1 && exact[3] != 2 && exact[3] >= 1.5 && exact[3] < 2.5);
        for (int k = 5; k < 9; k++)
            square += exact[k] * exact[k];
        ck_assert_double_eq_tol(square, 1, 1e-12);
        ck_assert(exact[9] >= 3 && exact[9] < 4 && exact[10] == -1);
    }
    ck_assert(least >= 0 && least < 0.01 && most < 1 && most > 0.99);
    w.ops->destroy(w.instance);
}
END_TEST

/* An episode ends in the first step whose number is out of its range, and in no other. */
START_TEST(ends)
{
    double exact[MOST];
    bool ended = false;
    struct world w = make_world("observation: [{qpos: slide}]\nreward: {alive: 1}\n"
                                "termination: {away: {qpos: slide, range: [-0.5, 0.05]}}\n");
    reset(&w);
    for (int t = 0; t < 200; t++) {
        step(&w, 0.5f);
        ck_assert_int_eq(w.ops->observe_double(w.instance, 0, exact, w.error), 0);
        ck_assert_int_eq(w.terminated, exact[0] > 0.05);
        ended |= w.terminated;
    }
    ck_assert(ended);
    w.ops->destroy(w.instance);
}
END_TEST

/* A task file that was changed is read again; the old instance keeps what it was made of. */
START_TEST(changed_file)
{
    struct world before = make_world("observation: [{qpos: slide}]\nreward: {alive: 1}\n");
    struct world after = make_world("observation: [{qpos: slide}, {qvel: slide}]\nreward: {alive: 2}\n");
    ck_assert_int_eq(before.spec.observation_size, 1);
    ck_assert_int_eq(after.spec.observation_size, 2);
    reset(&before);
    reset(&after);
    step(&before, 0);
    step(&after, 0);
    ck_assert(before.reward == 1 && after.reward == 2);
    before.ops->destroy(before.instance);
    after.ops->destroy(after.instance);
}
END_TEST

/* A simulation that blows up, and a reward that is no number, are told and not passed on. */
START_TEST(diverged)
{
    int failed = 0;
    write_model("Euler", "9e9");
    struct world w = make_world("observation: [{qpos: slide}]\nreward: {alive: 1}\n");
    reset(&w);
    for (int t = 0; t < 100 && !failed; t++)
        failed = try_step(&w, -1);
    ck_assert(failed);
    ck_assert_msg(strstr(w.error, "environment 0: the simulation diverged: q"), "%s", w.error);
    w.ops->destroy(w.instance);

    write_model("Euler", "10");
    w = make_world("observation: [{qpos: slide}]\nkeyframe: leaning\n"
                   "reward: {alive: 1, mad: {qpos: slide, target: -1e10, weight: 1e300}}\n");
    reset(&w);
    ck_assert_int_ne(try_step(&w, 0), 0);
    ck_assert_msg(strstr(w.error, "the reward's term 'mad' is inf"), "%s", w.error);
    w.ops->destroy(w.instance);
}
END_TEST

#define REWARD "reward: {alive: 1}\n"

static const struct {
    const char *task, *sentence;
} absent[] = {
    {"observation: [{qpos: hing}]\n" REWARD,
     "t.yaml:1: observation: qpos: the model has no joint 'hing'; did you mean 'hinge'?"},
    {"observation: [{sensor: zzzzzzzz}]\n" REWARD,
     "no sensor 'zzzzzzzz'; sensors with names: tip_place, force"},
    {"observation: [{qpos: all}]\nreward: {push: {ctrl: psh}}\n",
     "t.yaml:2: reward.push: ctrl: the model has no "
     "actuator 'psh'; did you mean 'push'?"},
    {"observation: [{sensor: force, component: 1}]\n" REWARD,
     "component: 1: sensor 'force' has 1 number, counted"},
    {"observation: [{qpos: all}]\n" REWARD "keyframe: lean\n",
     "t.yaml:3: keyframe: the model has no keyframe 'lean'"},
    {"observation: [{qpos: all}]\n" REWARD "reset_noise: [{qpos: free, component: 6, range: [0, 1]}]\n",
     "reset_noise: component: 6: joint 'free' has 6 numbers"},
};

static void expect_refusal(const char *sentence)
{
    struct sac_env_spec spec = {.size = sizeof spec};
    const struct sac_env_ops *ops;
    char error[SAC_ENV_ERROR_SIZE] = "";
    ck_assert_int_eq(sac_environment_find("mjcf:m.xml", &ops), SAC_OK);
    ck_assert_int_ne(ops->spec(options, &spec, error), 0);
    ck_assert_msg(strstr(error, sentence), "%s\nlacks: %s", error, sentence);
}

/* What a task names and the model lacks is refused, with the nearest name or all there are. */
START_TEST(absent_name)
{
    write_text(task_path, absent[_i].task);
    expect_refusal(absent[_i].sentence);
}
END_TEST

/* Models that can not be: none, broken (MuJoCo's own words), without an actuator or an action's range. */
START_TEST(bad_model)
{
    write_text(task_path, "observation: [{qpos: all}]\n" REWARD);
    write_text(model_path, "<mujoco><worldbody><body></worldbody></mujoco>");
    expect_refusal(model_path);
    expect_refusal("XML");
    write_text(model_path,
               "<mujoco><worldbody><body><joint name='a'/><geom size='1'/></body></worldbody></mujoco>");
    expect_refusal("the model has no actuator");
    write_text(model_path, "<mujoco><worldbody><body><joint name='a'/><geom size='1'/></body></worldbody>"
                           "<actuator><motor name='free_motor' joint='a'/></actuator></mujoco>");
    expect_refusal("actuator 0 ('free_motor') has no range for its action");
    unlink(model_path);
    expect_refusal("cannot read the model");
    write_model("Euler", "10");
    unlink(task_path);
    expect_refusal("there is no task file");
    expect_refusal("Joints: slide, hinge, free. Sensors: tip_place, force");
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("mjcf");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, as_mujoco, 0, sizeof integrators / sizeof *integrators);
    tcase_add_test(cases, formulas);
    tcase_add_test(cases, noise);
    tcase_add_test(cases, ends);
    tcase_add_test(cases, changed_file);
    tcase_add_test(cases, diverged);
    tcase_add_loop_test(cases, absent_name, 0, sizeof absent / sizeof *absent);
    tcase_add_test(cases, bad_model);
    return suite_run(CK_FORK_GETENV, "mjcf", 1, cases);
}
