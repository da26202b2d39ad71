/* The safetensors reader: what it takes, and that nothing else gets through. */
#include "safetensors.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "suite.h"

/* A file made of a header and `data` bytes of zeros. */
static enum sac_status parse(const char *header, size_t data, struct sac_safetensors **file)
{
    const uint64_t length = strlen(header);
    char *bytes = calloc(1, sizeof length + length + data);
    memcpy(bytes, &length, sizeof length);
    memcpy(bytes + sizeof length, header, length);
    const enum sac_status status = sac_safetensors_parse("F", bytes, sizeof length + length + data, file);
    free(bytes);
    return status;
}

#define TENSOR(begin, end) "{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[" #begin "," #end "]}"

static const struct {
    const char *header;
    size_t data;
    const char *sentence;
} refused[] = {
    {"[]", 0, "F: expected the header to be a JSON object"},
    {"{", 0, "F: header is not valid JSON: string or '}' expected near end of file (byte 1)"},
    {"{\"a\":" TENSOR(0, 8) "}", 7, "F: tensor a: reaches beyond the end of the file"},
    {"{\"a\":" TENSOR(0, 8) "}", 9, "F: 1 bytes follow the last tensor"},
    {"{\"a\":" TENSOR(0, 8) ",\"b\":" TENSOR(4, 12) "}", 12,
     "F: tensors overlap or leave a hole at byte 4 of the data"},
    {"{\"a\":" TENSOR(0, 8) ",\"b\":" TENSOR(0, 8) "}", 8,
     "F: tensors overlap or leave a hole at byte 0 of the data"},
    {"{\"a\":" TENSOR(4, 12) "}", 12, "F: tensors overlap or leave a hole at byte 0 of the data"},
    {"{\"a\":" TENSOR(8, 0) "}", 8, "F: tensor a: its data_offsets do not span what its shape needs"},
    {"{\"a\":" TENSOR(-8, 0) "}", 8, "F: tensor a: expected data_offsets to be whole numbers from 0"},
    {"{\"a\":" TENSOR(0, 4) "}", 4, "F: tensor a: its data_offsets do not span what its shape needs"},
    {"{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}", 2,
     "F: tensor a: expected dtype F32"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 0,
     "F: tensor a: expected a shape of 1 or 2 positive sizes"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0,
     "F: tensor a: expected a shape of 1 or 2 positive sizes"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 8,
     "F: tensor a: expected an object of dtype, shape and two data_offsets"},
    {"{\"a\":7}", 0, "F: tensor a: expected an object of dtype, shape and two data_offsets"},
    {"{\"__metadata__\":{\"a\":1}}", 0, "F: expected __metadata__ to be an object of strings"},
    {"{\"__metadata__\":[]}", 0, "F: expected __metadata__ to be an object of strings"},
    {"{} x", 0, "F: header is not valid JSON: end of file expected near 'x' (byte 4)"},
};

/* Each way of not being a whole, gapless file of floats is told by its own sentence. */
START_TEST(bad_files_are_refused)
{
    struct sac_safetensors *file = NULL;
    ck_assert_int_eq(parse(refused[_i].header, refused[_i].data, &file), SAC_FORMAT);
    const char *said = sac_last_error();
    ck_assert_msg(!strncmp(said, refused[_i].sentence, strlen(refused[_i].sentence)), "%s", said);
    ck_assert_ptr_nonnull(strstr(said, "damaged, or no policy that softac saved? Copy or save it again"));
    ck_assert_ptr_null(file);
}
END_TEST

/* A key given twice would let two readers see two different files. */
START_TEST(duplicates_are_refused)
{
    struct sac_safetensors *file = NULL;
    ck_assert_int_eq(parse("{\"a\":" TENSOR(0, 8) ",\"a\":" TENSOR(0, 8) "}", 8, &file), SAC_FORMAT);
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "duplicate"));
}
END_TEST

/* A header of more bytes than any policy needs is refused before it is parsed, however long the file is. */
START_TEST(huge_headers_are_refused)
{
    const uint64_t length = ((uint64_t)1 << 24) + 1;
    char *bytes = calloc(1, sizeof length + length);
    struct sac_safetensors *file = NULL;
    memcpy(bytes, &length, sizeof length);
    ck_assert_int_eq(sac_safetensors_parse("F", bytes, sizeof length + length, &file), SAC_FORMAT);
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "says that its header has 16777217 bytes"));
    free(bytes);
}
END_TEST

/* A header length beyond the file, or beyond reason, is refused before it is used. */
START_TEST(header_lengths_are_checked)
{
    static const uint64_t lengths[] = {1, 9, UINT64_MAX, UINT64_MAX - 7, (uint64_t)1 << 63};
    struct sac_safetensors *file = NULL;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        ck_assert_int_eq(sac_safetensors_parse("F", &lengths[i], sizeof *lengths, &file), SAC_FORMAT);
    ck_assert_int_eq(sac_safetensors_parse("F", "1234567", 7, &file), SAC_FORMAT);
    ck_assert_int_eq(sac_safetensors_parse("F", "", 0, &file), SAC_FORMAT);
}
END_TEST

/* What is written is read back: shapes, numbers, metadata; data starts at a multiple of 8. */
START_TEST(written_files_read_back)
{
    char path[] = "/tmp/test_safetensors.XXXXXX";
    close(mkstemp(path));
    const float weight[] = {1, 2, 3, 4, 5, 6}, bias[] = {-1, 0.5f, 1e-30f};
    const struct sac_tensor tensors[] = {{"w", 2, {3, 2}, weight}, {"b", 1, {3, 0}, bias}};
    json_t *metadata = json_pack("{s:s}", "key", "value");
    ck_assert_int_eq(sac_safetensors_write(path, metadata, tensors, 2), SAC_OK);
    json_decref(metadata);
    struct sac_safetensors *file;
    ck_assert_int_eq(sac_safetensors_read(path, &file), SAC_OK);
    ck_assert_int_eq(sac_safetensors_count(file), 2);
    ck_assert_str_eq(sac_safetensors_metadata(file, "key"), "value");
    ck_assert_ptr_null(sac_safetensors_metadata(file, "other"));
    ck_assert_int_eq(sac_safetensors_expect(file, "w", 2, tensors[0].shape), SAC_OK);
    ck_assert_int_eq(sac_safetensors_expect(file, "w", 1, tensors[0].shape), SAC_FORMAT);
    ck_assert_int_eq(sac_safetensors_expect(file, "w", 2, (const int64_t[]){2, 3}), SAC_FORMAT);
    ck_assert_int_eq(sac_safetensors_expect(file, "x", 2, tensors[0].shape), SAC_FORMAT);
    float copy[6];
    sac_safetensors_copy(file, "w", copy);
    ck_assert_mem_eq(copy, weight, sizeof weight);
    sac_safetensors_copy(file, "b", copy);
    ck_assert_mem_eq(copy, bias, sizeof bias);
    sac_safetensors_destroy(file);
    char *bytes;
    size_t size;
    ck_assert_int_eq(sac_file_read(path, 4096, &bytes, &size), SAC_OK);
    ck_assert_uint_eq((size - sizeof weight - sizeof bias) % 8, 0);
    free(bytes);
    ck_assert_int_eq(sac_file_read(path, 16, &bytes, &size), SAC_FORMAT);
    unlink(path);
}
END_TEST

/* A file that cannot be written leaves a sentence, and nothing beside it. */
START_TEST(failing_to_write_leaves_nothing)
{
    char directory[] = "/tmp/test_safetensors.XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/there/f", directory);
    ck_assert_int_eq(sac_file_replace(path, "x", 1), SAC_IO);
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "cannot be written"));
    ck_assert_int_eq(sac_file_replace(directory, "x", 1), SAC_IO);
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "it is a directory; name a file"));
    ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

/* What is no regular file stays what it is: root could otherwise replace /dev/null. */
START_TEST(special_files_are_not_replaced)
{
    char pipe[] = "/tmp/test_safetensors.XXXXXX";
    struct stat status;
    close(mkstemp(pipe));
    unlink(pipe);
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    ck_assert_int_eq(sac_file_replace(pipe, "x", 1), SAC_IO);
    ck_assert_ptr_nonnull(strstr(sac_last_error(), "it is no regular file; name a file"));
    ck_assert_int_eq(stat(pipe, &status), 0);
    ck_assert(S_ISFIFO(status.st_mode));
    unlink(pipe);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("safetensors");
    tcase_add_loop_test(cases, bad_files_are_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(cases, duplicates_are_refused);
    tcase_add_test(cases, huge_headers_are_refused);
    tcase_add_test(cases, header_lengths_are_checked);
    tcase_add_test(cases, written_files_read_back);
    tcase_add_test(cases, failing_to_write_leaves_nothing);
    tcase_add_test(cases, special_files_are_not_replaced);
    return suite_run(CK_FORK_GETENV, "safetensors", 1, cases);
}
