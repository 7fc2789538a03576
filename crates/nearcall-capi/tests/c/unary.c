/* Connecting, calls that wait, statuses and metadata. Takes the address of an arith. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "system.h"

static nearcall_channel channel;

static nearcall_result divide(int64_t a, int64_t b, nearcall_status *status) {
    uint8_t request[22];
    nearcall_buffer reply;
    size_t len = put_pair(request, a, b);
    nearcall_result result =
        nearcall_unary(channel, "/arith.v1.Arith/Divide", request, len, NULL, &reply, status);
    CHECK(result == NEARCALL_OK || (reply.id == 0 && reply.len == 0));
    OK(nearcall_buffer_free(&reply));
    return result;
}

static void connecting(const char *target) {
    nearcall_channel none = 77;
    EXPECT(NEARCALL_ERROR_CONNECT, nearcall_channel_connect(NOWHERE, NULL, &none));
    CHECK(none == 77);
    EXPECT(NEARCALL_ERROR_CONNECT, nearcall_channel_connect("no such name!", NULL, &none));
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_channel_lazy("no such name!", NULL, &none));
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_channel_lazy("\xff\xfe", NULL, &none));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_channel_connect(NULL, NULL, &none));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_channel_connect(target, NULL, NULL));

    nearcall_channel lazy;
    OK(nearcall_channel_lazy(NOWHERE, NULL, &lazy));
    nearcall_buffer reply;
    nearcall_status status;
    EXPECT(NEARCALL_ERROR_STATUS, nearcall_unary(lazy, "/a.B/C", NULL, 0, NULL, &reply, &status));
    int32_t code = 0;
    char reason[64];
    OK(nearcall_status_code(status, &code));
    CHECK(code == 14);
    OK(nearcall_status_reason(status, reason, sizeof reason, NULL));
    CHECK(strcmp(reason, "CONNECT_FAILED") == 0);
    OK(nearcall_status_close(status));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_status_close(status));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_status_code(status, &code));
    OK(nearcall_channel_close(lazy));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_channel_close(lazy));

    nearcall_channel_options options = {.size = sizeof options, .connect_timeout_ms = 2000};
    OK(nearcall_channel_connect(target, &options, &channel));
}

static void calling(void) {
    uint8_t request[22];
    nearcall_buffer reply;
    nearcall_status status;
    size_t len = put_pair(request, 17, 8);
    OK(nearcall_unary(channel, "/arith.v1.Arith/Multiply", request, len, NULL, &reply, NULL));
    CHECK(number_in(reply.data, reply.len, 1) == 136);
    nearcall_buffer copy = reply;
    OK(nearcall_buffer_free(&reply));
    CHECK(reply.data == NULL && reply.len == 0 && reply.id == 0);
    OK(nearcall_buffer_free(&reply));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_buffer_free(&copy));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_buffer_free(NULL));

    OK(divide(17, 8, &status));
    int32_t code = 77;
    size_t needed = 0;
    OK(nearcall_status_code(status, &code));
    CHECK(code == 0);
    OK(nearcall_status_details(status, NULL, 0, &needed));
    CHECK(needed == 0);
    EXPECT(NEARCALL_ERROR_NOT_FOUND, nearcall_status_reason(status, NULL, 0, NULL));
    OK(nearcall_status_close(status));

    nearcall_call_options options = {.size = sizeof options, .message_max = 2};
    EXPECT(NEARCALL_ERROR_STATUS,
           nearcall_unary(channel, "/arith.v1.Arith/Multiply", request, len, &options, &reply, &status));
    OK(nearcall_status_code(status, &code));
    CHECK(code == 8);
    OK(nearcall_status_close(status));
}

static void failing(void) {
    nearcall_status status;
    EXPECT(NEARCALL_ERROR_STATUS, divide(1, 0, NULL));
    EXPECT(NEARCALL_ERROR_STATUS, divide(1, 0, &status));
    int32_t code = 0;
    OK(nearcall_status_code(status, &code));
    CHECK(code == 3);

    /* Too small: nothing is written but the size. */
    char text[64];
    size_t needed = 0;
    memset(text, 'x', sizeof text);
    EXPECT(NEARCALL_ERROR_TOO_SMALL, nearcall_status_message(status, text, 5, &needed));
    CHECK(text[0] == 'x' && needed == sizeof "b must not be zero");
    EXPECT(NEARCALL_ERROR_TOO_SMALL, nearcall_status_message(status, text, needed - 1, NULL));
    EXPECT(NEARCALL_ERROR_TOO_SMALL, nearcall_status_message(status, NULL, 1000, &needed));
    OK(nearcall_status_message(status, text, needed, NULL));
    CHECK(strcmp(text, "b must not be zero") == 0);

    size_t count = 0;
    OK(nearcall_status_violation_count(status, &count));
    CHECK(count == 1);
    OK(nearcall_status_violation_field(status, 0, text, sizeof text, &needed));
    CHECK(strcmp(text, "b") == 0 && needed == 2);
    OK(nearcall_status_violation_description(status, 0, text, sizeof text, NULL));
    CHECK(strcmp(text, "must not be zero") == 0);
    EXPECT(NEARCALL_ERROR_NOT_FOUND, nearcall_status_violation_field(status, 1, text, sizeof text, NULL));

    uint8_t details[1024];
    OK(nearcall_status_details(status, details, sizeof details, &needed));
    /* google.rpc.Status: its first field is the code. */
    CHECK(needed > 2 && details[0] == 0x08 && details[1] == 3);
    EXPECT(NEARCALL_ERROR_TOO_SMALL, nearcall_status_details(status, details, 1, NULL));
    uint64_t delay = 0;
    EXPECT(NEARCALL_ERROR_NOT_FOUND, nearcall_status_retry_ms(status, &delay));
    OK(nearcall_status_close(status));

    nearcall_buffer reply;
    EXPECT(NEARCALL_ERROR_STATUS, nearcall_unary(channel, "/arith.v1.Arith/Nothing", NULL, 0, NULL, &reply, &status));
    OK(nearcall_status_reason(status, text, sizeof text, NULL));
    CHECK(strcmp(text, "UNKNOWN_METHOD") == 0);
    OK(nearcall_status_domain(status, text, sizeof text, NULL));
    CHECK(strcmp(text, "nearcall") == 0);
    OK(nearcall_status_close(status));
}

static void labels(void) {
    nearcall_metadata sent, found;
    uint8_t request[22], value[16];
    char key[32];
    size_t count = 0, needed = 0;
    OK(nearcall_metadata_new(&sent));
    OK(nearcall_metadata_add(sent, "arith-tag", (const uint8_t *)"hello", 5));
    OK(nearcall_metadata_add(sent, "any-bin", (const uint8_t *)"\0\1\xff", 3));
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_metadata_add(sent, "Upper", (const uint8_t *)"x", 1));
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_metadata_add(sent, "a b", (const uint8_t *)"x", 1));
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_metadata_add(sent, "", NULL, 0));
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_metadata_add(sent, "ascii", (const uint8_t *)"\xc3\xbc", 2));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_metadata_add(sent, NULL, NULL, 0));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_metadata_add(sent, "ascii", NULL, 1));
    OK(nearcall_metadata_count(sent, &count));
    CHECK(count == 2);
    OK(nearcall_metadata_value(sent, 1, value, sizeof value, &needed));
    CHECK(needed == 3 && memcmp(value, "\0\1\xff", 3) == 0);
    OK(nearcall_metadata_key(sent, 1, key, sizeof key, NULL));
    CHECK(strcmp(key, "any-bin") == 0);
    EXPECT(NEARCALL_ERROR_NOT_FOUND, nearcall_metadata_key(sent, 2, key, sizeof key, NULL));

    nearcall_call_options options = {.size = sizeof options, .metadata = sent};
    nearcall_buffer reply;
    nearcall_status status;
    size_t len = put_pair(request, 2, 3);
    OK(nearcall_unary(channel, "/arith.v1.Arith/Multiply", request, len, &options, &reply, &status));
    OK(nearcall_buffer_free(&reply));
    OK(nearcall_metadata_close(sent));
    OK(nearcall_status_metadata(status, &found));
    OK(nearcall_status_close(status));
    OK(nearcall_metadata_find(found, "arith-tag", value, sizeof value, &needed));
    CHECK(needed == 5 && memcmp(value, "hello", 5) == 0);
    EXPECT(NEARCALL_ERROR_TOO_SMALL, nearcall_metadata_find(found, "arith-tag", value, 4, &needed));
    EXPECT(NEARCALL_ERROR_NOT_FOUND, nearcall_metadata_find(found, "other", value, sizeof value, NULL));
    OK(nearcall_metadata_close(found));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_metadata_count(found, &count));
    EXPECT(NEARCALL_ERROR_HANDLE,
           nearcall_unary(channel, "/arith.v1.Arith/Multiply", request, len, &options, &reply, NULL));
}

static void misuse(void) {
    nearcall_buffer reply;
    nearcall_status status = 77;
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_unary(0, "/a.B/C", NULL, 0, NULL, &reply, &status));
    CHECK(status == 0);
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_unary(UINT64_MAX, "/a.B/C", NULL, 0, NULL, &reply, NULL));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_status_close(channel));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_stream_cancel(channel));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_unary(channel, NULL, NULL, 0, NULL, &reply, NULL));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_unary(channel, "/a.B/C", NULL, 1, NULL, &reply, NULL));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_unary(channel, "/a.B/C", NULL, 0, NULL, NULL, NULL));
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_unary(channel, "not a path", NULL, 0, NULL, &reply, NULL));
    char words[256];
    OK(nearcall_last_error(words, sizeof words, NULL));
    CHECK(strstr(words, "package.Service/Method") != NULL);
    size_t needed = 0;
    EXPECT(NEARCALL_ERROR_TOO_SMALL, nearcall_last_error(words, 3, &needed));
    OK(nearcall_last_error(words, needed, NULL));
    CHECK(strstr(words, "package.Service/Method") != NULL);

    /* Structs of other versions: shorter than the first is none, longer is fine as long as the rest is zero. */
    struct {
        nearcall_call_options known;
        uint64_t later;
    } options;
    memset(&options, 0, sizeof options);
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_unary(channel, "/a.B/C", NULL, 0, &options.known, &reply, NULL));
    options.known.size = sizeof options.known - 1;
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_unary(channel, "/a.B/C", NULL, 0, &options.known, &reply, NULL));
    options.known.size = sizeof options;
    EXPECT(NEARCALL_ERROR_STATUS, nearcall_unary(channel, "/a.B/C", NULL, 0, &options.known, &reply, NULL));
    options.later = 1;
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_unary(channel, "/a.B/C", NULL, 0, &options.known, &reply, NULL));
    options.later = 0;
    options.known.flags = 0x80;
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_unary(channel, "/a.B/C", NULL, 0, &options.known, &reply, NULL));
}

/* The functions are there on every system, so that a program links; without frames it is told so, and holds nothing. */
static void no_frames(void) {
    nearcall_frames frames = 77;
    nearcall_frame frame = {.size = sizeof frame};
    nearcall_frames_info info = {.size = sizeof info};
    EXPECT(NEARCALL_ERROR_NULL, nearcall_frames_open(channel, NULL, NULL, &frames));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frames_open(0, "render.main", NULL, &frames));
#ifndef HAS_FRAMES
    EXPECT(NEARCALL_ERROR_UNSUPPORTED, nearcall_frames_open(channel, "render.main", NULL, &frames));
    char words[256];
    OK(nearcall_last_error(words, sizeof words, NULL));
    CHECK(strstr(words, "frames") != NULL);
#endif
    CHECK(frames == 77);
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frames_poll(channel, &frame));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frames_wait(channel, 0, &frame));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frames_get_info(channel, &info));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frames_close(channel));
    OK(nearcall_frame_release(&frame));
    frame.lease = channel;
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_frame_release(&frame));
}

static void many(unsigned calls) {
    size_t before = open_handles();
    for (unsigned i = 0; i < calls; ++i) {
        nearcall_status status;
        int32_t code = 77;
        EXPECT(i % 16 == 0 ? NEARCALL_ERROR_STATUS : NEARCALL_OK, divide(i, i % 16 == 0 ? 0 : 1, &status));
        OK(nearcall_status_code(status, &code));
        CHECK(code == (i % 16 == 0 ? 3 : 0));
        OK(nearcall_status_close(status));
    }
    CHECK(open_handles() == before);
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    CHECK(nearcall_abi_version() >= NEARCALL_ABI_VERSION);
    CHECK(strcmp(nearcall_result_name(4), "NEARCALL_ERROR_TOO_SMALL") == 0);
    CHECK(strcmp(nearcall_result_name(-1), "unknown") == 0);
    connecting(argv[1]);
    calling();
    failing();
    labels();
    misuse();
    no_frames();
    many((unsigned)atoi(argv[2]));

    /* What is open at the end is ended by shutdown, and what comes later starts anew. */
    nearcall_channel old = channel;
    OK(nearcall_shutdown());
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_channel_close(old));
    OK(nearcall_shutdown());
    OK(nearcall_channel_connect(argv[1], NULL, &channel));
    calling();
    OK(nearcall_channel_close(channel));
    return all_held("unary");
}
