/* Services that C hosts on its own connection, for the server to call. Takes the address of the mirror server, which makes
   every call of test.v1.Test once more of whoever called, and how often to repeat. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "system.h"
#include <stdatomic.h>

#define PATIENCE 20000

static nearcall_channel channel;

static void soon(void) { nap(1); }

static nearcall_event next(nearcall_stream stream) {
    nearcall_event event = {.size = sizeof event};
    OK(nearcall_stream_wait(stream, PATIENCE, &event));
    return event;
}

static void said(nearcall_stream stream, const char *text) {
    nearcall_event event = next(stream);
    CHECK(event.kind == NEARCALL_EVENT_MESSAGE && event.message.len == strlen(text));
    CHECK(memcmp(event.message.data, text, event.message.len) == 0);
    OK(nearcall_buffer_free(&event.message));
}

static int32_t ends(nearcall_stream stream) {
    nearcall_event event = next(stream);
    CHECK(event.kind == NEARCALL_EVENT_END);
    OK(nearcall_stream_close(stream));
    return event.code;
}

static nearcall_stream start(const char *method, const char *text) {
    nearcall_stream stream;
    OK(nearcall_unary_start(channel, method, (const uint8_t *)text, strlen(text), NULL, &stream));
    return stream;
}

static void echoes(void *context, nearcall_served call, const nearcall_event *event) {
    CHECK(context == (void *)0x1234 && event->kind == NEARCALL_EVENT_MESSAGE && event->message.id == 0);
    uint64_t left = 0;
    OK(nearcall_served_remaining_ms(call, &left));
    CHECK(left > 0 && left <= 10000);
    OK(nearcall_served_reply(call, 0, event->message.data, event->message.len));
}

static void fails(void *context, nearcall_served call, const nearcall_event *event) {
    (void)context;
    (void)event;
    OK(nearcall_served_finish(call, 3, "not today", NULL, 0, 0));
}

static _Atomic nearcall_served held;
static void holds(void *context, nearcall_served call, const nearcall_event *event) {
    (void)context;
    (void)event;
    held = call;
}

/* Echoes a stream. */
static atomic_int opened, ended;
static void streams(void *context, nearcall_served call, const nearcall_event *event) {
    (void)context;
    if (event->kind == NEARCALL_EVENT_OPEN) {
        ++opened;
    } else if (event->kind == NEARCALL_EVENT_MESSAGE) {
        nearcall_result result = nearcall_served_send(call, event->message.data, event->message.len);
        CHECK(result == NEARCALL_OK || result == NEARCALL_ERROR_ENDED);
    } else if (event->kind == NEARCALL_EVENT_HALF_CLOSED) {
        OK(nearcall_served_finish(call, 0, NULL, NULL, 0, 0));
    } else {
        CHECK(event->kind == NEARCALL_EVENT_END);
        ++ended;
    }
}

static nearcall_host hosting(void) {
    nearcall_host host;
    OK(nearcall_host_new("", NULL, &host));
    OK(nearcall_host_method(host, "/test.v1.Test/Echo", NEARCALL_METHOD_UNARY, echoes, (void *)0x1234));
    OK(nearcall_host_method(host, "/test.v1.Test/Fail", NEARCALL_METHOD_UNARY, fails, NULL));
    OK(nearcall_host_method(host, "/test.v1.Test/Hold", NEARCALL_METHOD_UNARY, holds, NULL));
    OK(nearcall_host_method(host, "/test.v1.Test/Stream", NEARCALL_METHOD_STREAM, streams, NULL));
    return host;
}

static void connect_with(const char *address, nearcall_host host) {
    nearcall_channel_options options = {.size = sizeof options, .host = host};
    OK(nearcall_channel_connect(address, &options, &channel));
}

static void misuse(const char *address) {
    nearcall_channel_options options = {.size = sizeof options, .host = 4711};
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_channel_connect(address, &options, &channel));
    OK(nearcall_host_new("", NULL, &options.host));
    EXPECT(NEARCALL_ERROR_STATE, nearcall_channel_connect(address, &options, &channel));
    OK(nearcall_host_close(options.host));
    /* As the first version had it, a channel hosts nothing. */
    options.size = offsetof(nearcall_channel_options, host);
    OK(nearcall_channel_connect(address, &options, &channel));
    CHECK(ends(start("/test.v1.Test/Echo", "x")) != 0);
    OK(nearcall_channel_close(channel));
}

static void called_back(const char *address, int calls) {
    nearcall_host host = hosting();
    connect_with(address, host);
    EXPECT(NEARCALL_ERROR_STATE, nearcall_host_start(host));
    EXPECT(NEARCALL_ERROR_STATE, nearcall_host_method(host, "/a.B/C", NEARCALL_METHOD_UNARY, echoes, NULL));
    for (int i = 0; i < calls; ++i) {
        nearcall_stream echo = start("/test.v1.Test/Echo", "hello");
        said(echo, "hello");
        CHECK(ends(echo) == 0);
    }
    CHECK(ends(start("/test.v1.Test/Fail", "x")) == 3);
    CHECK(ends(start("/test.v1.Test/Other", "x")) == 12);

    nearcall_stream stream;
    opened = ended = 0;
    OK(nearcall_stream_open(channel, "/test.v1.Test/Stream", NULL, &stream));
    for (int i = 0; i < 100; ++i) {
        OK(nearcall_stream_send_wait(stream, (const uint8_t *)"again", 5, PATIENCE));
        said(stream, "again");
    }
    OK(nearcall_stream_finish(stream));
    CHECK(ends(stream) == 0);
    for (int i = 0; ended != 1; ++i) {
        CHECK(i < PATIENCE);
        soon();
    }
    CHECK(opened == 1);

    /* Given up here, it is given up there, and back here. */
    held = 0;
    stream = start("/test.v1.Test/Hold", "x");
    while (held == 0) soon();
    OK(nearcall_stream_close(stream));
    uint64_t left = 77;
    for (int i = 0; left != 0; ++i) {
        CHECK(i < PATIENCE);
        OK(nearcall_served_remaining_ms(held, &left));
        soon();
    }
    EXPECT(NEARCALL_ERROR_ENDED, nearcall_served_reply(held, 0, NULL, 0));

    /* A second channel hosts the same; after the host is closed, no callback runs and the callers are told. */
    nearcall_channel first = channel;
    connect_with(address, host);
    CHECK(ends(start("/test.v1.Test/Fail", "x")) == 3);
    OK(nearcall_host_close(host));
    CHECK(ends(start("/test.v1.Test/Fail", "x")) == 13);
    OK(nearcall_channel_close(channel));
    OK(nearcall_channel_close(first));
}

/* A host that is polled. */
static void polled(const char *address) {
    nearcall_host host;
    OK(nearcall_host_new("", NULL, &host));
    OK(nearcall_host_method(host, "/test.v1.Test/Echo", NEARCALL_METHOD_UNARY, NULL, (void *)1));
    connect_with(address, host);
    nearcall_stream echo = start("/test.v1.Test/Echo", "orc");
    nearcall_event event = {.size = sizeof event};
    nearcall_served call;
    void *method;
    for (int i = 0; event.kind == NEARCALL_EVENT_NONE; ++i) {
        CHECK(i < PATIENCE);
        soon();
        OK(nearcall_host_poll(host, &event, &call, &method));
    }
    CHECK(method == (void *)1 && event.kind == NEARCALL_EVENT_MESSAGE && event.message.len == 3);
    OK(nearcall_served_reply(call, 0, event.message.data, 1));
    OK(nearcall_buffer_free(&event.message));
    said(echo, "o");
    CHECK(ends(echo) == 0);
    OK(nearcall_channel_close(channel));
    OK(nearcall_host_close(host));
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    static const char *const wires[] = {"lane", "grpc"};
    for (int i = 0; i < 2; ++i) {
        /* Read when a channel connects, and nothing does now. */
        CHECK(set_variable("NEARCALL_WIRE", wires[i]) == 0);
        misuse(argv[1]);
        called_back(argv[1], atoi(argv[2]));
        polled(argv[1]);
    }
    return all_held("callback");
}
