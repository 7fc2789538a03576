/* Dial, call, handle an error, a deadline, streams, metadata. */
#include <inttypes.h>
#include <nearcall.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arith/v1/arith.pb-c.h"

static nearcall_channel channel;

/* Says what went wrong and ends the program. */
static void must(nearcall_result result) {
    if (result == NEARCALL_OK) return;
    char words[256];
    if (nearcall_last_error(words, sizeof words, NULL) != NEARCALL_OK) words[0] = 0;
    fprintf(stderr, "%s: %s\n", nearcall_result_name(result), words);
    exit(1);
}

static const char *name_of(int32_t code) {
    switch (code) {
    case 3: return "INVALID_ARGUMENT";
    case 4: return "DEADLINE_EXCEEDED";
    case 14: return "UNAVAILABLE";
    default: return "another code";
    }
}

/* One message there, one back. Every message of protobuf-c begins with a ProtobufCMessage. */
static nearcall_result unary(const char *path, const ProtobufCMessage *request, const nearcall_call_options *options,
                             nearcall_buffer *reply, nearcall_status *status) {
    uint8_t bytes[64];
    size_t len = protobuf_c_message_pack(request, bytes);
    return nearcall_unary(channel, path, bytes, len, options, reply, status);
}

static void send(nearcall_stream stream, const ProtobufCMessage *message) {
    uint8_t bytes[64];
    size_t len = protobuf_c_message_pack(message, bytes);
    must(nearcall_stream_send_wait(stream, bytes, len, 5000));
}

/* The next message of a stream, or NULL at its end; then `code` is set. */
static ProtobufCMessage *next(nearcall_stream stream, const ProtobufCMessageDescriptor *type, int32_t *code) {
    nearcall_event event = {.size = sizeof event};
    must(nearcall_stream_wait(stream, NEARCALL_FOREVER, &event));
    if (event.kind == NEARCALL_EVENT_END) {
        *code = event.code;
        return NULL;
    }
    ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, event.message.len, event.message.data);
    must(nearcall_buffer_free(&event.message));
    if (message == NULL) abort();
    return message;
}

static void calls(void) {
    nearcall_buffer reply;
    Arith__V1__MultiplyRequest factors = ARITH__V1__MULTIPLY_REQUEST__INIT;
    factors.a = 17;
    factors.b = 8;
    must(unary("/arith.v1.Arith/Multiply", &factors.base, NULL, &reply, NULL));
    Arith__V1__MultiplyResponse *product = arith__v1__multiply_response__unpack(NULL, reply.len, reply.data);
    must(nearcall_buffer_free(&reply));
    printf("17 x 8 = %" PRId64 "\n", product->product);
    arith__v1__multiply_response__free_unpacked(product, NULL);

    Arith__V1__DivideRequest numbers = ARITH__V1__DIVIDE_REQUEST__INIT;
    numbers.a = 17;
    numbers.b = 8;
    must(unary("/arith.v1.Arith/Divide", &numbers.base, NULL, &reply, NULL));
    Arith__V1__DivideResponse *parts = arith__v1__divide_response__unpack(NULL, reply.len, reply.data);
    must(nearcall_buffer_free(&reply));
    printf("17 / 8 = %" PRId64 ", remainder %" PRId64 "\n", parts->quotient, parts->remainder);
    arith__v1__divide_response__free_unpacked(parts, NULL);
}

/* An error names the field that was wrong, for programs as well as people. */
static void details_of_an_error(void) {
    nearcall_buffer reply;
    nearcall_status status;
    Arith__V1__DivideRequest numbers = ARITH__V1__DIVIDE_REQUEST__INIT;
    numbers.a = 1;
    if (unary("/arith.v1.Arith/Divide", &numbers.base, NULL, &reply, &status) != NEARCALL_ERROR_STATUS) abort();
    int32_t code;
    size_t count;
    char text[128], description[128];
    must(nearcall_status_code(status, &code));
    must(nearcall_status_message(status, text, sizeof text, NULL));
    printf("1 / 0: %s: %s\n", name_of(code), text);
    must(nearcall_status_violation_count(status, &count));
    for (size_t i = 0; i < count; ++i) {
        must(nearcall_status_violation_field(status, i, text, sizeof text, NULL));
        must(nearcall_status_violation_description(status, i, description, sizeof description, NULL));
        printf("  field %s: %s\n", text, description);
    }
    must(nearcall_status_close(status));
}

static nearcall_stream counting(int64_t first, uint32_t count, uint32_t interval, const nearcall_call_options *options) {
    nearcall_stream stream;
    Arith__V1__CountRequest request = ARITH__V1__COUNT_REQUEST__INIT;
    request.first = first;
    request.count = count;
    request.interval_ms = interval;
    must(nearcall_stream_open(channel, "/arith.v1.Arith/Count", options, &stream));
    send(stream, &request.base);
    must(nearcall_stream_finish(stream));
    return stream;
}

/* A deadline that passes before the fourth of ten numbers. */
static void deadline(void) {
    nearcall_call_options options = {.size = sizeof options, .deadline_ms = 1250};
    nearcall_stream stream = counting(1, 10, 500, &options);
    ProtobufCMessage *message;
    int32_t code;
    while ((message = next(stream, &arith__v1__count_response__descriptor, &code)) != NULL) {
        printf("counted %" PRId64 "\n", ((Arith__V1__CountResponse *)message)->number);
        protobuf_c_message_free_unpacked(message, NULL);
    }
    printf("stopped counting: %s\n", name_of(code));
    must(nearcall_stream_close(stream));
}

/* A stream of answers, one in each direction, and one of requests. */
static void streams(void) {
    ProtobufCMessage *message;
    int32_t code;
    nearcall_stream stream = counting(5, 4, 0, NULL);
    printf("counted on:");
    while ((message = next(stream, &arith__v1__count_response__descriptor, &code)) != NULL) {
        printf(" %" PRId64, ((Arith__V1__CountResponse *)message)->number);
        protobuf_c_message_free_unpacked(message, NULL);
    }
    printf("\n");
    must(nearcall_stream_close(stream));

    must(nearcall_stream_open(channel, "/arith.v1.Arith/RunningTotal", NULL, &stream));
    for (int64_t number = 1; number <= 3; ++number) {
        Arith__V1__RunningTotalRequest request = ARITH__V1__RUNNING_TOTAL_REQUEST__INIT;
        request.number = number;
        send(stream, &request.base);
    }
    must(nearcall_stream_finish(stream));
    printf("totals:");
    while ((message = next(stream, &arith__v1__running_total_response__descriptor, &code)) != NULL) {
        printf(" %" PRId64, ((Arith__V1__RunningTotalResponse *)message)->total);
        protobuf_c_message_free_unpacked(message, NULL);
    }
    printf("\n");
    must(nearcall_stream_close(stream));

    must(nearcall_stream_open(channel, "/arith.v1.Arith/Sum", NULL, &stream));
    for (int64_t number = 1; number <= 100; ++number) {
        Arith__V1__SumRequest request = ARITH__V1__SUM_REQUEST__INIT;
        request.number = number;
        send(stream, &request.base);
    }
    must(nearcall_stream_finish(stream));
    message = next(stream, &arith__v1__sum_response__descriptor, &code);
    if (message == NULL) abort();
    const Arith__V1__SumResponse *sum = (Arith__V1__SumResponse *)message;
    printf("sum: %" PRId64 " of %" PRIu64 " numbers\n", sum->sum, sum->count);
    protobuf_c_message_free_unpacked(message, NULL);
    must(nearcall_stream_close(stream));
}

/* What goes along beside the messages, there and back. */
static void labels(void) {
    nearcall_metadata metadata;
    nearcall_buffer reply;
    nearcall_status status;
    Arith__V1__MultiplyRequest factors = ARITH__V1__MULTIPLY_REQUEST__INIT;
    factors.a = factors.b = 1;
    must(nearcall_metadata_new(&metadata));
    must(nearcall_metadata_add(metadata, "arith-tag", (const uint8_t *)"hello", 5));
    nearcall_call_options options = {.size = sizeof options, .metadata = metadata};
    must(unary("/arith.v1.Arith/Multiply", &factors.base, &options, &reply, &status));
    must(nearcall_buffer_free(&reply));
    must(nearcall_metadata_close(metadata));
    must(nearcall_status_metadata(status, &metadata));
    must(nearcall_status_close(status));
    const char *names[] = {"arith-version", "arith-tag"};
    for (int i = 0; i < 2; ++i) {
        uint8_t value[64];
        size_t len;
        must(nearcall_metadata_find(metadata, names[i], value, sizeof value, &len));
        printf("%s: %.*s\n", names[i], (int)len, (const char *)value);
    }
    must(nearcall_metadata_close(metadata));
}

/* Where nobody listens a call fails at once. */
static void nobody_there(const char *target) {
    char nobody[512];
    nearcall_buffer reply;
    nearcall_status status;
    int32_t code;
    Arith__V1__MultiplyRequest factors = ARITH__V1__MULTIPLY_REQUEST__INIT;
    snprintf(nobody, sizeof nobody, "%s-nobody", target);
    must(nearcall_channel_lazy(nobody, NULL, &channel));
    if (unary("/arith.v1.Arith/Multiply", &factors.base, NULL, &reply, &status) != NEARCALL_ERROR_STATUS) abort();
    must(nearcall_status_code(status, &code));
    printf("nobody there: %s\n", name_of(code));
    must(nearcall_status_close(status));
    must(nearcall_channel_close(channel));
}

int main(int argc, char **argv) {
    const char *target = argc > 1 ? argv[1] : "arith";
    must(nearcall_channel_connect(target, NULL, &channel));
    calls();
    details_of_an_error();
    deadline();
    streams();
    labels();
    must(nearcall_channel_close(channel));
    nobody_there(target);
    must(nearcall_shutdown());
}
