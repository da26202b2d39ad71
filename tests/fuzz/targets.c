/* Promises that hold for any bytes. */
#include "targets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "assertion.h"
#include "configuration.h"
#include "policy.h"
#include "settings.h"

/* A failure has a sentence. */
static void check_told(enum sac_status status)
{
    SAC_ASSERT(status == SAC_OK || *sac_last_error());
}

/* A value that is taken is shown in a form that is taken, too, and means the same. */
static void check_shown(const struct sac_settings *settings, const char *key)
{
    char text[256];
    struct sac_settings again;
    sac_settings_default(&again);
    if (!sac_settings_text(settings, key, text, sizeof text))
        return;
    SAC_ASSERT(sac_settings_set(&again, key, text) == SAC_OK);
    char second[256];
    SAC_ASSERT(sac_settings_text(&again, key, second, sizeof second));
    SAC_ASSERT(!strcmp(text, second));
}

void fuzz_settings(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    char *equals = strchr(text, '=');
    struct sac_settings settings;
    sac_settings_default(&settings);
    if (equals) {
        *equals = '\0';
        const enum sac_status status = sac_settings_set(&settings, text, equals + 1);
        check_told(status);
        if (status == SAC_OK)
            check_shown(&settings, text);
        SAC_ASSERT(sac_settings_check(&settings) == SAC_OK || status == SAC_OK);
    }
    free(text);
}

void fuzz_configuration(const uint8_t *data, size_t size)
{
    struct sac_config *config = NULL;
    struct sac_settings settings;
    enum sac_algorithm_reason reason;
    enum sac_status status = sac_config_parse("F.yaml", (const char *)data, size, &config);
    check_told(status);
    if (status == SAC_OK) {
        status = sac_config_resolve(config, NULL, NULL, &settings, &reason);
        check_told(status);
        SAC_ASSERT(status != SAC_OK || sac_settings_check(&settings) == SAC_OK);
    }
    sac_config_destroy(config);
}

void fuzz_policy(const uint8_t *data, size_t size)
{
    struct sac_policy *policy = NULL;
    const enum sac_status status = sac_policy_parse("F", data, size, &policy);
    check_told(status);
    if (status == SAC_OK) {
        for (size_t i = 0; i < policy->network.network.size; i++)
            SAC_ASSERT(isfinite(policy->parameters[i]));
        for (int i = 0; i < sac_policy_action_size(policy); i++)
            SAC_ASSERT(policy->action_low[i] < policy->action_high[i]);
    }
    sac_policy_destroy(policy);
}
