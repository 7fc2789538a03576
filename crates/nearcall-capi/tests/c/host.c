/* Services hosted in C, called through the library itself. Takes an address to listen at. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "system.h"
#include <pthread.h>
#include <stdatomic.h>

#define PATIENCE 20000

static nearcall_channel channel;
static char address[256];

static void soon(void) { nap(1); }

static nearcall_event next(nearcall_stream stream) {
    nearcall_event event = {.size = sizeof event};
    OK(nearcall_stream_wait(stream, PATIENCE, &event));
    return event;
}

static int32_t unary(const char *path, const char *request, char *reply, nearcall_status *status) {
    nearcall_buffer bytes;
    nearcall_status own = 0;
    int32_t code = 0;
    nearcall_result result = nearcall_unary(channel, path, (const uint8_t *)request, strlen(request), NULL,
                                            &bytes, status ? status : &own);
    CHECK(result == NEARCALL_OK || result == NEARCALL_ERROR_STATUS);
    if (reply) {
        memcpy(reply, bytes.data ? (const char *)bytes.data : "", bytes.len);
        reply[bytes.len] = 0;
    }
    OK(nearcall_buffer_free(&bytes));
    OK(nearcall_status_code(status ? *status : own, &code));
    if (own) OK(nearcall_status_close(own));
    return code;
}

/* Answers at once, with what it was asked and what came along. */
static void echoes(void *context, nearcall_served call, const nearcall_event *event) {
    CHECK(context == (void *)0x1234 && event->kind == NEARCALL_EVENT_MESSAGE && event->message.id == 0);
    nearcall_metadata with;
    uint64_t left = 0;
    OK(nearcall_served_remaining_ms(call, &left));
    CHECK(left > 1000 && left <= 10000);
    OK(nearcall_served_metadata(call, &with));
    EXPECT(NEARCALL_ERROR_STATE, nearcall_served_send(call, NULL, 0));
    EXPECT(NEARCALL_ERROR_STATE, nearcall_served_finish(call, 0, NULL, NULL, 0, 0));
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_served_finish(call, 17, NULL, NULL, 0, 0));
    OK(nearcall_metadata_close(with));
    OK(nearcall_metadata_new(&with));
    OK(nearcall_metadata_add(with, "answered-bin", (const uint8_t *)"\0\xff", 2));
    OK(nearcall_served_reply(call, with, event->message.data, event->message.len));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_served_reply(call, 0, NULL, 0));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_served_close(call));
    OK(nearcall_metadata_close(with));
}

static void fails(void *context, nearcall_served call, const nearcall_event *event) {
    (void)context;
    (void)event;
    /* google.rpc.Status{code: 3, details: [ErrorInfo{reason: "NO", domain: "test"}]}, encoded by hand. */
    static const char info[] = "type.googleapis.com/google.rpc.ErrorInfo";
    uint8_t details[128];
    size_t len = 0, any = 2 + sizeof info - 1 + 2 + 10;
    details[len++] = 0x08;
    details[len++] = 3;
    details[len++] = 0x1a;
    details[len++] = (uint8_t)any;
    details[len++] = 0x0a;
    details[len++] = sizeof info - 1;
    memcpy(details + len, info, sizeof info - 1);
    len += sizeof info - 1;
    memcpy(details + len, "\x12\x0a\x0a\x02NO\x12\x04test", 12);
    len += 12;
    OK(nearcall_served_finish(call, 3, "not today", details, len, 0));
}

static void lets_go(void *context, nearcall_served call, const nearcall_event *event) {
    (void)context;
    (void)event;
    OK(nearcall_served_close(call));
}

/* Answers from another thread, later. */
static void *answers(void *call) {
    for (int i = 0; i < 20; ++i) soon();
    OK(nearcall_served_reply(*(nearcall_served *)call, 0, (const uint8_t *)"later", 5));
    free(call);
    return NULL;
}

static void later(void *context, nearcall_served call, const nearcall_event *event) {
    (void)context;
    (void)event;
    pthread_t thread;
    nearcall_served *kept = malloc(sizeof *kept);
    *kept = call;
    CHECK(pthread_create(&thread, NULL, answers, kept) == 0);
    CHECK(pthread_detach(thread) == 0);
}

static _Atomic nearcall_served held;
static void holds(void *context, nearcall_served call, const nearcall_event *event) {
    (void)context;
    (void)event;
    held = call;
}

/* Echoes a stream; what "end" says, ends it. */
static atomic_int opened, ended, half_closed;
static void streams(void *context, nearcall_served call, const nearcall_event *event) {
    (void)context;
    const char *text = (const char *)event->message.data;
    switch (event->kind) {
    case NEARCALL_EVENT_OPEN:
        ++opened;
        nearcall_metadata with;
        OK(nearcall_metadata_new(&with));
        OK(nearcall_metadata_add(with, "first", (const uint8_t *)"yes", 3));
        OK(nearcall_served_send_metadata(call, with));
        EXPECT(NEARCALL_ERROR_STATE, nearcall_served_send_metadata(call, with));
        OK(nearcall_metadata_close(with));
        EXPECT(NEARCALL_ERROR_STATE, nearcall_served_reply(call, 0, NULL, 0));
        break;
    case NEARCALL_EVENT_MESSAGE:
        if (event->message.len == 3 && memcmp(text, "end", 3) == 0) {
            OK(nearcall_served_finish(call, 9, "as you wish", NULL, 0, 0));
            EXPECT(NEARCALL_ERROR_HANDLE, nearcall_served_send(call, NULL, 0));
        } else if (event->message.len == 5 && memcmp(text, "close", 5) == 0) {
            OK(nearcall_served_close(call));
        } else {
            nearcall_result result = nearcall_served_send(call, event->message.data, event->message.len);
            CHECK(result == NEARCALL_OK || result == NEARCALL_ERROR_ENDED || result == NEARCALL_ERROR_HANDLE);
        }
        break;
    case NEARCALL_EVENT_HALF_CLOSED: {
        ++half_closed;
        nearcall_metadata trailers;
        OK(nearcall_metadata_new(&trailers));
        OK(nearcall_metadata_add(trailers, "last", (const uint8_t *)"too", 3));
        nearcall_result result = nearcall_served_finish(call, 0, NULL, NULL, 0, trailers);
        CHECK(result == NEARCALL_OK || result == NEARCALL_ERROR_ENDED);
        OK(nearcall_metadata_close(trailers));
        break;
    }
    default:
        CHECK(event->kind == NEARCALL_EVENT_END);
        ++ended;
    }
}

static void until(atomic_int *count, int expected) {
    for (int i = 0; *count != expected; ++i) {
        CHECK(i < PATIENCE);
        soon();
    }
}

static void said(nearcall_stream stream, const char *text) {
    nearcall_event event = next(stream);
    CHECK(event.kind == NEARCALL_EVENT_MESSAGE && event.message.len == strlen(text));
    CHECK(memcmp(event.message.data, text, event.message.len) == 0);
    OK(nearcall_buffer_free(&event.message));
}

static void say(nearcall_stream stream, const char *text) {
    OK(nearcall_stream_send_wait(stream, (const uint8_t *)text, strlen(text), PATIENCE));
}

static void hosted_unary(void) {
    char reply[64], reason[16];
    nearcall_status status;
    CHECK(unary("/test.v1.Test/Echo", "hello", reply, &status) == 0 && strcmp(reply, "hello") == 0);
    nearcall_metadata with;
    uint8_t value[4];
    size_t needed;
    OK(nearcall_status_metadata(status, &with));
    OK(nearcall_metadata_find(with, "answered-bin", value, sizeof value, &needed));
    CHECK(needed == 2 && memcmp(value, "\0\xff", 2) == 0);
    OK(nearcall_metadata_close(with));
    OK(nearcall_status_close(status));
    CHECK(unary("/test.v1.Test/Echo", "", reply, NULL) == 0 && reply[0] == 0);
    CHECK(unary("/test.v1.Test/Fail", "x", NULL, &status) == 3);
    OK(nearcall_status_message(status, reply, sizeof reply, NULL));
    CHECK(strcmp(reply, "not today") == 0);
    OK(nearcall_status_reason(status, reason, sizeof reason, NULL));
    CHECK(strcmp(reason, "NO") == 0);
    OK(nearcall_status_close(status));
    CHECK(unary("/test.v1.Test/LetGo", "x", NULL, &status) == 13);
    OK(nearcall_status_message(status, reply, sizeof reply, NULL));
    CHECK(strstr(reply, "without an answer") != NULL);
    OK(nearcall_status_close(status));
    CHECK(unary("/test.v1.Test/Later", "x", reply, NULL) == 0 && strcmp(reply, "later") == 0);
    CHECK(unary("/test.v1.Test/Nothing", "x", NULL, NULL) == 12);
    CHECK(unary("/other.v1.Other/Echo", "x", reply, NULL) == 0);

    /* The caller goes before the answer. */
    nearcall_stream given_up;
    held = 0;
    OK(nearcall_unary_start(channel, "/test.v1.Test/Hold", NULL, 0, NULL, &given_up));
    while (held == 0) soon();
    OK(nearcall_stream_close(given_up));
    uint64_t left = 77;
    for (int i = 0; left != 0; ++i) {
        CHECK(i < PATIENCE);
        OK(nearcall_served_remaining_ms(held, &left));
        soon();
    }
    /* The caller's deadline passes before the answer; whether the host has heard of it yet is a matter of moments. */
    nearcall_served first = held;
    nearcall_call_options options = {.size = sizeof options, .deadline_ms = 2000};
    nearcall_buffer bytes;
    EXPECT(NEARCALL_ERROR_STATUS, nearcall_unary(channel, "/test.v1.Test/Hold", NULL, 0, &options, &bytes, NULL));
    CHECK(held != first);
    nearcall_result late = nearcall_served_reply(held, 0, NULL, 0);
    CHECK(late == NEARCALL_ERROR_ENDED || late == NEARCALL_OK);
    held = first;
    nearcall_result gone = nearcall_served_reply(held, 0, NULL, 0);
    CHECK(gone == NEARCALL_ERROR_ENDED);
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_served_close(held));
}

static void hosted_streams(void) {
    nearcall_stream stream;
    nearcall_event event;
    nearcall_metadata with;
    uint8_t value[4];
    OK(nearcall_stream_open(channel, "/test.v1.Test/Stream", NULL, &stream));
    for (int i = 0; i < 100; ++i) {
        say(stream, "hello");
        said(stream, "hello");
    }
    OK(nearcall_stream_metadata(stream, &with));
    OK(nearcall_metadata_find(with, "first", value, sizeof value, NULL));
    OK(nearcall_metadata_close(with));
    OK(nearcall_stream_finish(stream));
    event = next(stream);
    CHECK(event.kind == NEARCALL_EVENT_END && event.code == 0);
    nearcall_status status;
    OK(nearcall_stream_status(stream, &status));
    OK(nearcall_status_metadata(status, &with));
    OK(nearcall_metadata_find(with, "last", value, sizeof value, NULL));
    OK(nearcall_metadata_close(with));
    OK(nearcall_status_close(status));
    OK(nearcall_stream_close(stream));
    until(&ended, 1);
    CHECK(opened == 1 && half_closed == 1);

    const struct {
        const char *text;
        int32_t code;
    } ends[] = {{"end", 9}, {"close", 13}};
    for (int i = 0; i < 2; ++i) {
        OK(nearcall_stream_open(channel, "/test.v1.Test/Stream", NULL, &stream));
        say(stream, "one");
        say(stream, ends[i].text);
        said(stream, "one");
        event = next(stream);
        CHECK(event.kind == NEARCALL_EVENT_END && event.code == ends[i].code);
        OK(nearcall_stream_close(stream));
        until(&ended, 2 + i);
    }
    /* The caller goes in the middle. */
    OK(nearcall_stream_open(channel, "/test.v1.Test/Stream", NULL, &stream));
    say(stream, "one");
    said(stream, "one");
    OK(nearcall_stream_close(stream));
    until(&ended, 4);
    CHECK(opened == 4);
}

/* A host that a game loop looks after: no callback, one thread. */
static void polled(const char *at) {
    char name[256];
    nearcall_host host;
    snprintf(name, sizeof name, "%s-polled", at);
    OK(nearcall_host_new(name, NULL, &host));
    OK(nearcall_host_method(host, "/game.v1.Game/Spawn", NEARCALL_METHOD_UNARY, NULL, (void *)1));
    OK(nearcall_host_method(host, "/game.v1.Game/Watch", NEARCALL_METHOD_STREAM, NULL, (void *)2));
    OK(nearcall_host_start(host));
    nearcall_channel game;
    OK(nearcall_channel_connect(name, NULL, &game));
    nearcall_stream spawn, watch;
    OK(nearcall_unary_start(game, "/game.v1.Game/Spawn", (const uint8_t *)"orc", 3, NULL, &spawn));
    OK(nearcall_stream_open(game, "/game.v1.Game/Watch", NULL, &watch));
    OK(nearcall_stream_finish(watch));
    int frames = 0, spawned = 0, watched = 0, over = 0;
    /* Nothing says which of two calls is heard first. */
    while (!over || !spawned) {
        CHECK(++frames < PATIENCE);
        nearcall_event event = {.size = sizeof event};
        nearcall_served call;
        void *method;
        OK(nearcall_host_poll(host, &event, &call, &method));
        if (event.kind == NEARCALL_EVENT_NONE) {
            soon();
        } else if (method == (void *)1) {
            CHECK(event.kind == NEARCALL_EVENT_MESSAGE && event.message.len == 3);
            OK(nearcall_served_reply(call, 0, event.message.data, 1));
            OK(nearcall_buffer_free(&event.message));
            ++spawned;
        } else if (event.kind == NEARCALL_EVENT_HALF_CLOSED) {
            OK(nearcall_served_send(call, (const uint8_t *)"tick", 4));
            OK(nearcall_served_finish(call, 0, NULL, NULL, 0, 0));
            ++watched;
        } else if (event.kind == NEARCALL_EVENT_END) {
            EXPECT(NEARCALL_ERROR_HANDLE, nearcall_served_close(call));
            over = 1;
        } else {
            CHECK(event.kind == NEARCALL_EVENT_OPEN);
        }
    }
    CHECK(spawned == 1 && watched == 1);
    said(spawn, "o");
    said(watch, "tick");
    OK(nearcall_stream_close(spawn));
    OK(nearcall_stream_close(watch));
    /* Calls that nobody looked at when the host is closed. */
    OK(nearcall_unary_start(game, "/game.v1.Game/Spawn", NULL, 0, NULL, &spawn));
    soon();
    OK(nearcall_host_close(host));
    nearcall_event event = next(spawn);
    CHECK(event.kind == NEARCALL_EVENT_END && event.code != 0);
    OK(nearcall_stream_close(spawn));
    OK(nearcall_channel_close(game));
}

static void health(nearcall_host host) {
    /* HealthCheckResponse{status}: SERVING is 1, NOT_SERVING 2. */
    char reply[64];
    CHECK(unary("/grpc.health.v1.Health/Check", "\n\x0ctest.v1.Test", reply, NULL) == 0);
    CHECK(reply[0] == 8 && reply[1] == 1);
    OK(nearcall_host_health(host, "test.v1.Test", 0));
    CHECK(unary("/grpc.health.v1.Health/Check", "\n\x0ctest.v1.Test", reply, NULL) == 0);
    CHECK(reply[0] == 8 && reply[1] == 2);
    OK(nearcall_host_health(host, "test.v1.Test", 1));
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    nearcall_host host, second;
    nearcall_event event = {.size = sizeof event};
    nearcall_served call;
    EXPECT(NEARCALL_ERROR_NULL, nearcall_host_new(NULL, NULL, &host));
    OK(nearcall_host_new(argv[1], NULL, &host));
    EXPECT(NEARCALL_ERROR_STATE, nearcall_host_address(host, NULL, 0, NULL));
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_host_method(host, "nothing", NEARCALL_METHOD_UNARY, echoes, NULL));
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_host_method(host, "/a.B/C", 7, echoes, NULL));
    OK(nearcall_host_method(host, "/test.v1.Test/Echo", NEARCALL_METHOD_UNARY, echoes, (void *)0x1234));
    OK(nearcall_host_method(host, "/other.v1.Other/Echo", NEARCALL_METHOD_UNARY, echoes, (void *)0x1234));
    OK(nearcall_host_method(host, "/test.v1.Test/Fail", NEARCALL_METHOD_UNARY, fails, NULL));
    OK(nearcall_host_method(host, "/test.v1.Test/LetGo", NEARCALL_METHOD_UNARY, lets_go, NULL));
    OK(nearcall_host_method(host, "/test.v1.Test/Later", NEARCALL_METHOD_UNARY, later, NULL));
    OK(nearcall_host_method(host, "/test.v1.Test/Hold", NEARCALL_METHOD_UNARY, holds, NULL));
    OK(nearcall_host_method(host, "/test.v1.Test/Stream", NEARCALL_METHOD_STREAM, streams, NULL));
    /* FileDescriptorSet{file: {name: "t.proto", package: "test.v1", service: {name: "Test"}}} */
    static const char described[] = "\n\x1a\n\x07t.proto\x12\x07test.v1" "2\x06\n\x04Test";
    EXPECT(NEARCALL_ERROR_NOT_FOUND, nearcall_host_describe(host, "none.v1.None", NULL, 0));
    OK(nearcall_host_describe(host, "test.v1.Test", (const uint8_t *)"\xff\xff", 2));
    EXPECT(NEARCALL_ERROR_LISTEN, nearcall_host_start(host));
    OK(nearcall_host_describe(host, "test.v1.Test", (const uint8_t *)described, sizeof described - 1));
    OK(nearcall_host_start(host));
    EXPECT(NEARCALL_ERROR_STATE, nearcall_host_describe(host, "test.v1.Test", NULL, 0));
    EXPECT(NEARCALL_ERROR_STATE, nearcall_host_start(host));
    EXPECT(NEARCALL_ERROR_STATE, nearcall_host_method(host, "/a.B/C", NEARCALL_METHOD_UNARY, echoes, NULL));
    OK(nearcall_host_poll(host, &event, &call, NULL));
    CHECK(event.kind == NEARCALL_EVENT_NONE && call == 0);
    OK(nearcall_host_address(host, address, sizeof address, NULL));
    CHECK(strcmp(address, argv[1]) == 0);
    OK(nearcall_host_new(argv[1], NULL, &second));
    EXPECT(NEARCALL_ERROR_LISTEN, nearcall_host_start(second));
    OK(nearcall_host_close(second));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_host_close(second));

    OK(nearcall_channel_connect(address, NULL, &channel));
    hosted_unary();
    hosted_streams();
    health(host);
    polled(argv[1]);
    for (int i = 0; i < atoi(argv[2]); ++i) CHECK(unary("/test.v1.Test/Echo", "again", NULL, NULL) == 0);
    CHECK(open_handles() == 2);

    /* A call in flight while the host closes: the caller is told, and answering it later does no harm. */
    nearcall_stream waiting, open;
    held = 0;
    OK(nearcall_unary_start(channel, "/test.v1.Test/Hold", NULL, 0, NULL, &waiting));
    OK(nearcall_stream_open(channel, "/test.v1.Test/Stream", NULL, &open));
    say(open, "here");
    said(open, "here");
    while (held == 0) soon();
    int ends = ended;
    OK(nearcall_host_close(host));
    CHECK(ended == ends + 1);
    event = next(waiting);
    CHECK(event.kind == NEARCALL_EVENT_END && event.code == 14);
    event = next(open);
    CHECK(event.kind == NEARCALL_EVENT_END && event.code == 14);
    EXPECT(NEARCALL_ERROR_ENDED, nearcall_served_reply(held, 0, NULL, 0));
    OK(nearcall_stream_close(waiting));
    OK(nearcall_stream_close(open));
    /* A pipe goes with its last connection, which the other end lets go of in its own time. */
    for (int i = 0; is_served(address); ++i) {
        CHECK(i < PATIENCE);
        soon();
    }
    CHECK(unary("/test.v1.Test/Echo", "x", NULL, NULL) == 14);
    OK(nearcall_channel_close(channel));
    return all_held("host");
}
