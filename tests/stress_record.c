#include "stress_record.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "stress.h"

/* An observation: environment | sequence number (2 words) | anything | XXH64 of all before (2 words). */
enum { ENVIRONMENT, SEQUENCE, BODY = 3, CHECKSUM_WORDS = 2 };

static uint32_t scramble(uint64_t n)
{
    n *= 0x9E3779B97F4A7C15u;
    n ^= n >> 29;
    return (uint32_t)(n * 0xBF58476D1CE4E5B9u >> 32);
}

static bool starts(uint64_t sequence)
{
    return sequence % STRESS_EPISODE == 0;
}

static bool ends(uint64_t sequence)
{
    return sequence % STRESS_EPISODE == STRESS_EPISODE - 1;
}

/* Every other end is a termination, every third a truncation; some are both. */
static bool terminated(uint64_t sequence)
{
    return ends(sequence) && (sequence / STRESS_EPISODE % 2 == 0 || sequence / STRESS_EPISODE % 3 != 0);
}

static bool truncated(uint64_t sequence)
{
    return ends(sequence) && sequence / STRESS_EPISODE % 3 == 0;
}

uint64_t stress_steps_in(uint64_t rows)
{
    return rows - (rows + STRESS_EPISODE - 1) / STRESS_EPISODE;
}

/* --- writing --- */

static void make_observation(uint32_t *word, int size, int environment, uint64_t sequence)
{
    const uint32_t body = scramble(sequence * 1021 + (uint64_t)environment);
    word[ENVIRONMENT] = (uint32_t)environment;
    memcpy(word + SEQUENCE, &sequence, sizeof sequence);
    for (int i = BODY; i < size - CHECKSUM_WORDS; i++)
        word[i] = body + (uint32_t)i * 0x85EBCA6Bu;
    const uint64_t sum = XXH64(word, (size_t)(size - CHECKSUM_WORDS) * sizeof *word, 0);
    memcpy(word + size - CHECKSUM_WORDS, &sum, sizeof sum);
}

static float reward_of(int environment, uint64_t sequence)
{
    return (float)(scramble(sequence * 3 + (uint64_t)environment) >> 8);
}

/* The last word of an action is the checksum of the others, of reward and version, and of what they belong
 * to. */
static uint32_t action_checksum(const uint32_t *action, int size, float reward, uint32_t version,
                                const struct stress_position *of)
{
    struct {
        uint64_t sequence;
        uint32_t environment, version, first;
        float reward;
    } rest = {of->sequence, (uint32_t)of->environment, version, action[0], reward};
    return (uint32_t)XXH64(&rest, sizeof rest, XXH64(action, (size_t)(size - 1) * sizeof *action, 1));
}

void stress_append(struct sac_shard *shard, const struct stress_sizes *sizes, int ring, uint64_t sequence,
                   uint32_t version)
{
    const int environment = sac_shard_first_environment(shard) + ring;
    uint32_t word[STRESS_MOST_WORDS], action_word[STRESS_MOST_WORDS];
    float observation[STRESS_MOST_WORDS], action[STRESS_MOST_WORDS];
    make_observation(word, sizes->observation, environment, sequence);
    memcpy(observation, word, (size_t)sizes->observation * sizeof *word);
    if (starts(sequence)) {
        sac_shard_append_reset(shard, ring, observation);
        return;
    }
    const float reward = reward_of(environment, sequence);
    for (int i = 0; i < sizes->action - 1; i++)
        action_word[i] = scramble(sequence * 7 + (uint64_t)i);
    action_word[sizes->action - 1] = action_checksum(action_word, sizes->action, reward, version,
                                                     &(struct stress_position){environment, sequence});
    memcpy(action, action_word, (size_t)sizes->action * sizeof *action_word);
    sac_shard_append_step(shard, ring, action, reward, observation, terminated(sequence), truncated(sequence),
                          version);
}

/* --- reading --- */

static struct stress_position check_observation(const float *observation, int size)
{
    struct stress_position is;
    uint64_t sum;
    uint32_t environment;
    memcpy(&environment, observation + ENVIRONMENT, sizeof environment);
    memcpy(&is.sequence, observation + SEQUENCE, sizeof is.sequence);
    memcpy(&sum, observation + size - CHECKSUM_WORDS, sizeof sum);
    is.environment = (int)environment;
    if (XXH64(observation, (size_t)(size - CHECKSUM_WORDS) * sizeof *observation, 0) != sum)
        stress_found("torn: an observation that says environment %d, record %llu", is.environment,
                     (unsigned long long)is.sequence);
    return is;
}

static void check_action(const float *action, int size, float reward, uint32_t version,
                         const struct stress_position *of)
{
    uint32_t word[STRESS_MOST_WORDS];
    memcpy(word, action, (size_t)size * sizeof *word);
    if (word[size - 1] != action_checksum(word, size, reward, version, of))
        stress_found("torn: action, reward or version of environment %d, record %llu", of->environment,
                     (unsigned long long)of->sequence);
}

void stress_check_record(const struct sac_record *record, const struct stress_sizes *sizes, int environment,
                         uint64_t sequence)
{
    const struct stress_position is = check_observation(record->observation, sizes->observation);
    if (is.environment != environment || is.sequence != sequence)
        stress_found("%s: environment %d, record %llu stands where environment %d, record %llu should",
                     is.sequence < sequence ? "duplicated or out of order" : "lost", is.environment,
                     (unsigned long long)is.sequence, environment, (unsigned long long)sequence);
    if (record->start != starts(sequence) || record->terminated != terminated(sequence) ||
        record->truncated != truncated(sequence))
        stress_found("torn: flags of environment %d, record %llu", environment, (unsigned long long)sequence);
    if (!record->start)
        check_action(record->action, sizes->action, record->reward, record->version, &is);
}

struct stress_position stress_check_transition(const struct sac_batch *batch, int row)
{
    const int O = batch->observation_size;
    const float *next = batch->next + row * batch->ld, *current = batch->current + row * batch->ld;
    const float *taken = batch->taken + row * batch->ld;
    const struct stress_position is = check_observation(next, O), was = check_observation(current, O);
    if (was.environment != is.environment || was.sequence + 1 != is.sequence || starts(is.sequence))
        stress_found("out of order: a transition of environment %d, record %llu to %d, %llu", was.environment,
                     (unsigned long long)was.sequence, is.environment, (unsigned long long)is.sequence);
    if (memcmp(current, taken, (size_t)O * sizeof *taken) != 0)
        stress_found("torn: two copies of a state of environment %d, record %llu differ", was.environment,
                     (unsigned long long)was.sequence);
    check_action(taken + O, batch->action_size, batch->reward[row], batch->version[row], &is);
    if ((batch->not_terminated[row] == 0) != terminated(is.sequence))
        stress_found("torn: the end of environment %d, record %llu", is.environment,
                     (unsigned long long)is.sequence);
    return is;
}
