"""The public gRPC interop cases, carried out by stock grpcio: no option set, no code of nearcall.

Usage: interop_client.py <target> <folder of stubs> <case>...

The folder holds what grpcio-tools makes of grpc/testing/*.proto. Prints a line `ok <case>` or `FAIL <case>: <why>` for
each case, and exits 1 when one failed. What the cases do is said in doc/interop-test-descriptions.md of grpc/grpc.
"""

import pathlib
import queue
import sys

import grpc

# The stubs are of the package `grpc.testing`, and `grpc` is the library's own.
grpc.__path__.append(str(pathlib.Path(sys.argv[2]) / "grpc"))

from grpc.testing import empty_pb2, messages_pb2, test_pb2_grpc  # noqa: E402

# Seconds that one call may take, before it counts as hung.
CALL_TIMEOUT = 20

# How many calls a soak makes.
SOAK_CALLS = 10

# How many calls `pick_first_unary` makes.
PICK_FIRST_CALLS = 100

LARGE_REQUEST = 271828
LARGE_RESPONSE = 314159
REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)

INITIAL = ("x-grpc-test-echo-initial", "test_initial_metadata_value")
TRAILING = ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")

SPECIAL_MESSAGE = (
    "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
)


class Requests:
    """Requests that are sent as they are put in, until `close`."""

    def __init__(self):
        self._queue = queue.SimpleQueue()

    def __iter__(self):
        return iter(self._queue.get, None)

    def put(self, request):
        self._queue.put(request)

    def close(self):
        self._queue.put(None)


def expect(what, actual, expected):
    if actual != expected:
        raise AssertionError(f"{what}: expected {expected!r}, found {actual!r}")


def refused(what, code, call):
    """Carries out a call that must end with `code`, and answers with its status."""
    try:
        answer = call()
    except grpc.RpcError as error:
        expect(f"{what}: code ({error.details()})", error.code(), code)
        return error
    raise AssertionError(f"{what}: expected {code}, found the answer {answer!r}")


def payload(size):
    return messages_pb2.Payload(body=bytes(size))


def output_request(response_size, request_size):
    return messages_pb2.StreamingOutputCallRequest(
        response_parameters=[messages_pb2.ResponseParameters(size=response_size)],
        payload=payload(request_size),
    )


def expect_payload(what, answer, size):
    """A payload of so many zeros."""
    expect(f"{what}: type", answer.payload.type, messages_pb2.COMPRESSABLE)
    expect(f"{what}: length", len(answer.payload.body), size)
    expect(f"{what}: bytes other than zero", answer.payload.body.count(0), size)


def expect_end(what, call):
    """No answer more, and a good end."""
    expect(f"{what}: answers left over", list(call), [])
    expect(f"{what}: code", call.code(), grpc.StatusCode.OK)


def empty_unary(channel, stub):
    answer = stub.EmptyCall(empty_pb2.Empty(), timeout=CALL_TIMEOUT)
    expect("the answer", answer, empty_pb2.Empty())


def large_unary(channel, stub):
    request = messages_pb2.SimpleRequest(
        response_size=LARGE_RESPONSE, payload=payload(LARGE_REQUEST)
    )
    answer = stub.UnaryCall(request, timeout=CALL_TIMEOUT)
    expect_payload("the answer", answer, LARGE_RESPONSE)


def client_streaming(channel, stub):
    requests = (
        messages_pb2.StreamingInputCallRequest(payload=payload(size))
        for size in REQUEST_SIZES
    )
    answer = stub.StreamingInputCall(requests, timeout=CALL_TIMEOUT)
    expect("the sum", answer.aggregated_payload_size, sum(REQUEST_SIZES))


def server_streaming(channel, stub):
    request = messages_pb2.StreamingOutputCallRequest(
        response_parameters=[
            messages_pb2.ResponseParameters(size=size) for size in RESPONSE_SIZES
        ]
    )
    call = stub.StreamingOutputCall(request, timeout=CALL_TIMEOUT)
    for size in RESPONSE_SIZES:
        expect_payload("an answer", next(call), size)
    expect_end("the stream", call)


def ping_pong(channel, stub):
    requests = Requests()
    call = stub.FullDuplexCall(iter(requests), timeout=CALL_TIMEOUT)
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.put(output_request(response_size, request_size))
        expect_payload("an answer", next(call), response_size)
    requests.close()
    expect_end("the stream", call)


def empty_stream(channel, stub):
    call = stub.FullDuplexCall(iter(()), timeout=CALL_TIMEOUT)
    expect_end("the stream", call)


def cancel_after_begin(channel, stub):
    requests = Requests()
    call = stub.StreamingInputCall.future(iter(requests), timeout=CALL_TIMEOUT)
    call.cancel()
    requests.close()
    expect("cancelled", call.cancelled(), True)
    expect("code", call.code(), grpc.StatusCode.CANCELLED)


def cancel_after_first_response(channel, stub):
    requests = Requests()
    call = stub.FullDuplexCall(iter(requests), timeout=CALL_TIMEOUT)
    requests.put(output_request(RESPONSE_SIZES[0], REQUEST_SIZES[0]))
    expect_payload("the answer", next(call), RESPONSE_SIZES[0])
    call.cancel()
    requests.close()
    refused("after the first answer", grpc.StatusCode.CANCELLED, lambda: next(call))


def timeout_on_sleeping_server(channel, stub):
    requests = Requests()
    call = stub.FullDuplexCall(iter(requests), timeout=0.001)
    requests.put(
        messages_pb2.StreamingOutputCallRequest(payload=payload(REQUEST_SIZES[0]))
    )
    refused("the stream", grpc.StatusCode.DEADLINE_EXCEEDED, lambda: next(call))
    requests.close()


def status_code_and_message(channel, stub):
    message = "test status message"
    status = messages_pb2.EchoStatus(code=2, message=message)
    request = messages_pb2.SimpleRequest(response_status=status)
    error = refused(
        "unary",
        grpc.StatusCode.UNKNOWN,
        lambda: stub.UnaryCall(request, timeout=CALL_TIMEOUT),
    )
    expect("unary: message", error.details(), message)

    request = messages_pb2.StreamingOutputCallRequest(response_status=status)
    call = stub.FullDuplexCall(iter([request]), timeout=CALL_TIMEOUT)
    error = refused("stream", grpc.StatusCode.UNKNOWN, lambda: next(call))
    expect("stream: message", error.details(), message)


def special_status_message(channel, stub):
    status = messages_pb2.EchoStatus(code=2, message=SPECIAL_MESSAGE)
    request = messages_pb2.SimpleRequest(response_status=status)
    error = refused(
        "unary",
        grpc.StatusCode.UNKNOWN,
        lambda: stub.UnaryCall(request, timeout=CALL_TIMEOUT),
    )
    expect("message", error.details(), SPECIAL_MESSAGE)


def unimplemented_method(channel, stub):
    call = channel.unary_unary(
        "/grpc.testing.TestService/UnimplementedCall",
        request_serializer=empty_pb2.Empty.SerializeToString,
        response_deserializer=empty_pb2.Empty.FromString,
    )
    refused(
        "the call",
        grpc.StatusCode.UNIMPLEMENTED,
        lambda: call(empty_pb2.Empty(), timeout=CALL_TIMEOUT),
    )


def unimplemented_service(channel, stub):
    stub = test_pb2_grpc.UnimplementedServiceStub(channel)
    refused(
        "the call",
        grpc.StatusCode.UNIMPLEMENTED,
        lambda: stub.UnimplementedCall(empty_pb2.Empty(), timeout=CALL_TIMEOUT),
    )


def expect_metadata(what, call):
    initial, trailing = call.initial_metadata(), call.trailing_metadata()
    expect(f"{what}: initial", INITIAL in [tuple(entry) for entry in initial], True)
    expect(f"{what}: trailing", TRAILING in [tuple(entry) for entry in trailing], True)


def custom_metadata(channel, stub):
    metadata = (INITIAL, TRAILING)
    request = messages_pb2.SimpleRequest(
        response_size=LARGE_RESPONSE, payload=payload(LARGE_REQUEST)
    )
    answer, call = stub.UnaryCall.with_call(
        request, timeout=CALL_TIMEOUT, metadata=metadata
    )
    expect_payload("unary", answer, LARGE_RESPONSE)
    expect_metadata("unary", call)

    requests = [output_request(LARGE_RESPONSE, LARGE_REQUEST)]
    call = stub.FullDuplexCall(iter(requests), timeout=CALL_TIMEOUT, metadata=metadata)
    expect_payload("stream", next(call), LARGE_RESPONSE)
    expect_end("stream", call)
    expect_metadata("stream", call)


def pick_first_unary(channel, stub):
    request = messages_pb2.SimpleRequest(
        response_size=1, payload=payload(1), fill_server_id=True
    )
    answers = [
        stub.UnaryCall(request, timeout=CALL_TIMEOUT) for _ in range(PICK_FIRST_CALLS)
    ]
    servers = {answer.server_id for answer in answers}
    expect("servers that answered", len(servers), 1)
    expect("servers without a name", "" in servers, False)


def rpc_soak(channel, stub):
    for _ in range(SOAK_CALLS):
        large_unary(channel, stub)


def channel_soak(channel, stub):
    for _ in range(SOAK_CALLS):
        with grpc.insecure_channel(sys.argv[1]) as channel:
            large_unary(channel, test_pb2_grpc.TestServiceStub(channel))


CASES = {
    case.__name__: case
    for case in (
        empty_unary,
        large_unary,
        client_streaming,
        server_streaming,
        ping_pong,
        empty_stream,
        cancel_after_begin,
        cancel_after_first_response,
        timeout_on_sleeping_server,
        status_code_and_message,
        special_status_message,
        unimplemented_method,
        unimplemented_service,
        custom_metadata,
        pick_first_unary,
        rpc_soak,
        channel_soak,
    )
}


def main():
    target, _, *names = sys.argv[1:]
    failed = False
    for name in names:
        try:
            with grpc.insecure_channel(target) as channel:
                CASES[name](channel, test_pb2_grpc.TestServiceStub(channel))
        except Exception as error:  # one case that fails must not hide the others
            failed = True
            why = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"FAIL {name}: {why}")
        else:
            print(f"ok {name}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
