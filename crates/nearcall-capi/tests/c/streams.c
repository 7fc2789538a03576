/* Calls that stream, by polling and by callback; what goes wrong in the middle of them.
 * Takes the address of an arith, the program of one, and an address for it. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "system.h"
#include <pthread.h>
#include <time.h>

#define PATIENCE 20000 /* milliseconds for what should come at once */

static nearcall_channel channel;

static nearcall_event next(nearcall_stream stream) {
    nearcall_event event = {.size = sizeof event};
    OK(nearcall_stream_wait(stream, PATIENCE, &event));
    CHECK(event.kind != NEARCALL_EVENT_NONE && event.size == sizeof event);
    return event;
}

static int64_t next_number(nearcall_stream stream) {
    nearcall_event event = next(stream);
    CHECK(event.kind == NEARCALL_EVENT_MESSAGE && event.message.id != 0);
    int64_t number = number_in(event.message.data, event.message.len, 1);
    OK(nearcall_buffer_free(&event.message));
    return number;
}

static void ends_with(nearcall_stream stream, int32_t code) {
    nearcall_event event = next(stream);
    CHECK(event.kind == NEARCALL_EVENT_END);
    if (event.code != code) fprintf(stderr, "code %d, not %d\n", event.code, code);
    CHECK(event.code == code && event.message.id == 0);
    EXPECT(NEARCALL_ERROR_ENDED, nearcall_stream_poll(stream, &event));
    EXPECT(NEARCALL_ERROR_ENDED, nearcall_stream_wait(stream, 0, &event));
    EXPECT(NEARCALL_ERROR_ENDED, nearcall_stream_send(stream, NULL, 0));
}

static size_t count_request(uint8_t *to, int64_t first, int64_t count, int64_t interval) {
    size_t len = put_pair(to, first, count);
    return len + put_number(to + len, 3, interval);
}

static nearcall_stream counting_on(nearcall_channel on, int64_t count, int64_t interval,
                                   const nearcall_call_options *options) {
    uint8_t request[33];
    nearcall_stream stream;
    size_t len = count_request(request, 1, count, interval);
    OK(nearcall_stream_open(on, "/arith.v1.Arith/Count", options, &stream));
    OK(nearcall_stream_send(stream, request, len));
    OK(nearcall_stream_finish(stream));
    return stream;
}

static nearcall_stream counting(int64_t count, int64_t interval, const nearcall_call_options *options) {
    return counting_on(channel, count, interval, options);
}

/* Nothing more can be sent: it was said to be all, and by now the call may be over too. */
static void is_closed(nearcall_result result) { CHECK(result == NEARCALL_ERROR_STATE || result == NEARCALL_ERROR_ENDED); }

static void server_streams(void) {
    nearcall_stream stream = counting(1000, 0, NULL);
    is_closed(nearcall_stream_finish(stream));
    is_closed(nearcall_stream_send(stream, NULL, 0));
    for (int64_t i = 1; i <= 1000; ++i) CHECK(next_number(stream) == i);
    nearcall_metadata labels;
    uint8_t value[8];
    OK(nearcall_stream_metadata(stream, &labels));
    OK(nearcall_metadata_find(labels, "arith-version", value, sizeof value, NULL));
    CHECK(memcmp(value, "v1", 2) == 0);
    OK(nearcall_metadata_close(labels));
    ends_with(stream, 0);
    OK(nearcall_stream_close(stream));
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_stream_close(stream));
}

/* As in the loop of a game: looks, never waits. */
static void polls(void) {
    nearcall_stream stream = counting(5, 100, NULL);
    nearcall_metadata early;
    nearcall_status status;
    nearcall_event event = {.size = sizeof event};
    int64_t numbers = 0;
    unsigned long frames = 0;
    EXPECT(NEARCALL_ERROR_NOT_READY, nearcall_stream_status(stream, &status));
    for (;;) {
        OK(nearcall_stream_poll(stream, &event));
        if (event.kind == NEARCALL_EVENT_END) break;
        if (event.kind == NEARCALL_EVENT_MESSAGE) {
            ++numbers;
            OK(nearcall_buffer_free(&event.message));
        } else {
            ++frames;
            nap(1);
        }
    }
    CHECK(numbers == 5 && frames > 0 && event.code == 0);
    OK(nearcall_stream_status(stream, &status));
    OK(nearcall_status_close(status));
    OK(nearcall_stream_close(stream));

    /* A unary call that nobody waits for. */
    uint8_t request[22];
    size_t len = put_pair(request, 6, 7);
    OK(nearcall_unary_start(channel, "/arith.v1.Arith/Multiply", request, len, NULL, &stream));
    is_closed(nearcall_stream_send(stream, request, len));
    CHECK(next_number(stream) == 42);
    OK(nearcall_stream_metadata(stream, &early));
    OK(nearcall_metadata_close(early));
    ends_with(stream, 0);
    OK(nearcall_stream_close(stream));
    len = put_pair(request, 1, 0);
    OK(nearcall_unary_start(channel, "/arith.v1.Arith/Divide", request, len, NULL, &stream));
    ends_with(stream, 3);
    char field[8];
    OK(nearcall_stream_status(stream, &status));
    OK(nearcall_status_violation_field(status, 0, field, sizeof field, NULL));
    CHECK(strcmp(field, "b") == 0);
    OK(nearcall_status_close(status));
    OK(nearcall_stream_close(stream));
}

static void both_ways(void) {
    nearcall_stream stream;
    uint8_t number[16];
    int64_t total = 0;
    OK(nearcall_stream_open(channel, "/arith.v1.Arith/RunningTotal", NULL, &stream));
    for (int64_t i = 1; i <= 200; ++i) {
        OK(nearcall_stream_send_wait(stream, number, put_number(number, 1, i), PATIENCE));
        CHECK(next_number(stream) == (total += i));
    }
    OK(nearcall_stream_finish(stream));
    ends_with(stream, 0);
    EXPECT(NEARCALL_ERROR_ENDED, nearcall_stream_finish(stream));
    OK(nearcall_stream_close(stream));

    OK(nearcall_stream_open(channel, "/arith.v1.Arith/Sum", NULL, &stream));
    for (int64_t i = 1; i <= 100; ++i)
        OK(nearcall_stream_send_wait(stream, number, put_number(number, 1, i), PATIENCE));
    OK(nearcall_stream_finish(stream));
    CHECK(next_number(stream) == 5050);
    ends_with(stream, 0);
    OK(nearcall_stream_close(stream));
}

static void deadlines(void) {
    nearcall_call_options options = {.size = sizeof options, .deadline_ms = 3000};
    nearcall_stream stream = counting(1000, 100, &options);
    CHECK(next_number(stream) == 1);
    nearcall_event event;
    do {
        event = next(stream);
        OK(nearcall_buffer_free(&event.message));
    } while (event.kind == NEARCALL_EVENT_MESSAGE);
    CHECK(event.code == 4);
    OK(nearcall_stream_close(stream));

    stream = counting(2, 60000, NULL);
    CHECK(next_number(stream) == 1);
    event.size = sizeof event;
    EXPECT(NEARCALL_ERROR_TIMEOUT, nearcall_stream_wait(stream, 50, &event));
    OK(nearcall_stream_poll(stream, &event));
    CHECK(event.kind == NEARCALL_EVENT_NONE);
    event.size = 8;
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_stream_poll(stream, &event));
    EXPECT(NEARCALL_ERROR_NULL, nearcall_stream_poll(stream, NULL));
    OK(nearcall_stream_close(stream));
}

static void *cancels(void *stream) {
    nap(50);
    OK(nearcall_stream_cancel(*(nearcall_stream *)stream));
    return NULL;
}

static void cancelled(void) {
    pthread_t thread;
    nearcall_stream stream = counting(2, 60000, NULL);
    CHECK(next_number(stream) == 1);
    CHECK(pthread_create(&thread, NULL, cancels, &stream) == 0);
    ends_with(stream, 1);
    CHECK(pthread_join(thread, NULL) == 0);
    OK(nearcall_stream_cancel(stream));
    nearcall_status status;
    char reason[32];
    OK(nearcall_stream_status(stream, &status));
    OK(nearcall_status_reason(status, reason, sizeof reason, NULL));
    CHECK(strcmp(reason, "CANCELLED") == 0);
    OK(nearcall_status_close(status));
    OK(nearcall_stream_close(stream));
}

/* What a callback has seen, under a lock. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t messages;
    int64_t sum;
    int ends;
    int32_t code;
    int64_t close_at; /* the message at which the callback closes its stream; 0: none */
    nearcall_result waited;
} Seen;

static void sees(void *context, nearcall_stream stream, const nearcall_event *event) {
    Seen *seen = context;
    pthread_mutex_lock(&seen->lock);
    if (event->kind == NEARCALL_EVENT_MESSAGE) {
        ++seen->messages;
        seen->sum += number_in(event->message.data, event->message.len, 1);
        nearcall_buffer lent = event->message;
        OK(nearcall_buffer_free(&lent));
        CHECK(lent.data == event->message.data);
        nearcall_buffer reply;
        nearcall_event other = {.size = sizeof other};
        seen->waited = nearcall_unary(channel, "/a.B/C", NULL, 0, NULL, &reply, NULL);
        EXPECT(NEARCALL_ERROR_THREAD, nearcall_stream_wait(stream, 0, &other));
        EXPECT(NEARCALL_ERROR_THREAD, nearcall_shutdown());
        EXPECT(NEARCALL_ERROR_STATE, nearcall_stream_poll(stream, &other));
        if (seen->messages == seen->close_at) OK(nearcall_stream_close(stream));
    } else {
        CHECK(event->kind == NEARCALL_EVENT_END);
        ++seen->ends;
        seen->code = event->code;
        if (seen->close_at == 0) {
            nearcall_status status;
            int32_t code;
            OK(nearcall_stream_status(stream, &status));
            OK(nearcall_status_code(status, &code));
            CHECK(code == event->code);
            OK(nearcall_status_close(status));
            OK(nearcall_stream_close(stream));
        }
    }
    pthread_cond_broadcast(&seen->changed);
    pthread_mutex_unlock(&seen->lock);
}

static void ended(Seen *seen) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE / 1000;
    pthread_mutex_lock(&seen->lock);
    while (seen->ends == 0) CHECK(pthread_cond_timedwait(&seen->changed, &seen->lock, &until) == 0);
    pthread_mutex_unlock(&seen->lock);
}

#define SEEN {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .code = 77}

static void callbacks(void) {
    Seen all = SEEN, closed = SEEN;
    nearcall_call_options options = {.size = sizeof options, .on_event = sees, .context = &all};
    nearcall_buffer reply;
    EXPECT(NEARCALL_ERROR_ARGUMENT, nearcall_unary(channel, "/a.B/C", NULL, 0, &options, &reply, NULL));
    counting(500, 0, &options);
    ended(&all);
    CHECK(all.messages == 500 && all.sum == 125250 && all.ends == 1 && all.code == 0);
    CHECK(all.waited == NEARCALL_ERROR_THREAD);

    closed.close_at = 3;
    options.context = &closed;
    counting(1000000, 0, &options);
    ended(&closed);
    CHECK(closed.messages == 3 && closed.ends == 1 && closed.code == 1);
}

static void full(void) {
    nearcall_channel nobody;
    nearcall_channel_options options = {.size = sizeof options, .flags = NEARCALL_WAIT_FOR_READY};
    nearcall_stream stream;
    nearcall_result result;
    int sent = 0;
    OK(nearcall_channel_lazy(NOWHERE, &options, &nobody));
    OK(nearcall_stream_open(nobody, "/a.B/C", NULL, &stream));
    while ((result = nearcall_stream_send(stream, (const uint8_t *)"x", 1)) == NEARCALL_OK) ++sent;
    CHECK(result == NEARCALL_ERROR_FULL && sent >= 64 && sent < 70);
    EXPECT(NEARCALL_ERROR_TIMEOUT, nearcall_stream_send_wait(stream, (const uint8_t *)"x", 1, 50));
    OK(nearcall_channel_close(nobody));
    OK(nearcall_stream_cancel(stream));
    ends_with(stream, 1);
    EXPECT(NEARCALL_ERROR_ENDED, nearcall_stream_send_wait(stream, (const uint8_t *)"x", 1, 50));
    OK(nearcall_stream_close(stream));
}

/* Abandoned half-way, in every way there is; none of them leaves anything open. */
static void abandoned(void) {
    nearcall_stream stream;
    for (int i = 0; i < 100; ++i) {
        stream = counting(1000000, 0, NULL);
        if (i % 2) CHECK(next_number(stream) == 1);
        if (i % 3 == 0) OK(nearcall_stream_cancel(stream));
        OK(nearcall_stream_close(stream));
        OK(nearcall_stream_open(channel, "/arith.v1.Arith/RunningTotal", NULL, &stream));
        if (i % 2) OK(nearcall_stream_send(stream, NULL, 0));
        OK(nearcall_stream_close(stream));
    }
    CHECK(open_handles() == 1);
}

static void service_dies(const char *program, const char *address) {
    Child child;
    CHECK(start_program(program, address, NULL, &child));
    nearcall_channel_options patient = {
        .size = sizeof patient, .flags = NEARCALL_WAIT_FOR_READY, .connect_timeout_ms = PATIENCE};
    nearcall_channel mortal;
    OK(nearcall_channel_connect(address, &patient, &mortal));
    Seen seen = SEEN;
    nearcall_call_options options = {.size = sizeof options, .on_event = sees, .context = &seen};
    nearcall_stream polled = counting_on(mortal, 1000000, 20, NULL);
    CHECK(next_number(polled) == 1);
    counting_on(mortal, 1000000, 20, &options);
    nearcall_stream fed;
    nearcall_result result;
    uint8_t number[16];
    size_t len = put_number(number, 1, 1);
    OK(nearcall_stream_open(mortal, "/arith.v1.Arith/Sum", NULL, &fed));
    for (int i = 0; i < 20; ++i) OK(nearcall_stream_send_wait(fed, number, len, PATIENCE));
    CHECK(kill_program(child));
    while ((result = nearcall_stream_send_wait(fed, number, len, PATIENCE)) == NEARCALL_OK) {}
    CHECK(result == NEARCALL_ERROR_ENDED);
    ends_with(fed, 14);
    OK(nearcall_stream_close(fed));
    nearcall_event event;
    do {
        event = next(polled);
        OK(nearcall_buffer_free(&event.message));
    } while (event.kind == NEARCALL_EVENT_MESSAGE);
    CHECK(event.kind == NEARCALL_EVENT_END && event.code == 14);
    nearcall_status status;
    char reason[32];
    OK(nearcall_stream_status(polled, &status));
    OK(nearcall_status_reason(status, reason, sizeof reason, NULL));
    CHECK(strcmp(reason, "CONNECTION_LOST") == 0);
    OK(nearcall_status_close(status));
    OK(nearcall_stream_close(polled));
    ended(&seen);
    CHECK(seen.code == 14);
    OK(nearcall_channel_close(mortal));
}

static void *waits_for_ever(void *stream) {
    nearcall_event event = {.size = sizeof event};
    nearcall_result result = nearcall_stream_wait(*(nearcall_stream *)stream, NEARCALL_FOREVER, &event);
    /* On a busy machine it may begin to wait when all is over. */
    if (result == NEARCALL_OK) CHECK(event.kind == NEARCALL_EVENT_END && event.code == 1);
    else CHECK(result == NEARCALL_ERROR_HANDLE || result == NEARCALL_ERROR_SHUTDOWN);
    return NULL;
}

/* Shutdown ends what runs and what waits, and tells callbacks before it returns. */
static void shut_down(void) {
    Seen seen = SEEN;
    pthread_t thread;
    nearcall_call_options options = {.size = sizeof options, .on_event = sees, .context = &seen};
    seen.close_at = -1;
    counting(2, 60000, &options);
    nearcall_stream stream = counting(2, 60000, NULL);
    CHECK(next_number(stream) == 1);
    CHECK(pthread_create(&thread, NULL, waits_for_ever, &stream) == 0);
    nap(50);
    OK(nearcall_shutdown());
    CHECK(seen.ends == 1 && seen.code == 1);
    CHECK(pthread_join(thread, NULL) == 0);
    EXPECT(NEARCALL_ERROR_HANDLE, nearcall_stream_close(stream));
}

int main(int argc, char **argv) {
    CHECK(argc == 4);
    OK(nearcall_channel_connect(argv[1], NULL, &channel));
    server_streams();
    polls();
    both_ways();
    deadlines();
    cancelled();
    callbacks();
    full();
    abandoned();
    /* A dying peer must not end this program by SIGPIPE, whenever it dies. */
    for (int i = 0; i < 10; ++i) service_dies(argv[2], argv[3]);
    CHECK(open_handles() == 1);
    shut_down();
    return all_held("streams");
}
