"""Calls an arith service over the lane, with a client that knows nothing but docs/lane.md.

Usage: check_lane.py <socket of nearcall's arith>

The messages `arith.v1.arith_pb2` must be on PYTHONPATH (written by grpcio-tools). Prints one line per thing checked and
exits 1 at the first that does not hold.
"""

import struct
import sys

from arith.v1 import arith_pb2 as pb
from google.rpc import error_details_pb2, status_pb2

from lane_client import CANCEL, MESSAGE, Lane, Parted, finish

# Seconds that anything may take, before it counts as hung.
PATIENCE = 20

OK, CANCELLED, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, UNIMPLEMENTED = 0, 1, 3, 4, 5, 12


def path(method):
    return f"/arith.v1.Arith/{method}"


def expect(what, actual, expected):
    """Prints a line for `what`, or ends the program when `actual` is not `expected`."""
    if actual != expected:
        sys.exit(f"FAIL {what}: expected {expected!r}, found {actual!r}")
    print(f"ok   {what}: {actual!r}")


def unary(lane, method, request, **options):
    call = lane.call(path(method), request.SerializeToString(), last=True, **options)
    return call, finish(call, PATIENCE)


def check_unary(lane):
    for a, b in ((17, 8), (-3, 9)):
        call, [answer] = unary(lane, "Multiply", pb.MultiplyRequest(a=a, b=b), timeout=PATIENCE)
        expect(f"Multiply({a}, {b})", (call.code, pb.MultiplyResponse.FromString(answer).product), (OK, a * b))
    # A message of no bytes.
    call, [answer] = unary(lane, "Multiply", pb.MultiplyRequest())
    expect("Multiply(0, 0)", (call.code, answer), (OK, b""))
    call = lane.call(path("Nothing"), b"", last=True)
    expect("a method that is not there", (finish(call, PATIENCE), call.code), ([], UNIMPLEMENTED))


def check_error_details(lane):
    call, answers = unary(lane, "Divide", pb.DivideRequest(a=1, b=0))
    expect("Divide(1, 0) code", (answers, call.code), ([], INVALID_ARGUMENT))
    status = status_pb2.Status.FromString(call.details)
    fields = []
    for detail in status.details:
        bad_request = error_details_pb2.BadRequest()
        if detail.Unpack(bad_request):
            fields += [violation.field for violation in bad_request.field_violations]
    expect("Divide(1, 0) fields", fields, ["b"])
    expect("Divide(1, 0) text", (call.text, status.code), (status.message, INVALID_ARGUMENT))


def check_streams(lane):
    # Many times what the windows hold: the server waits for credit, and is held to it.
    call, answers = unary(lane, "Count", pb.CountRequest(first=5, count=2_000))
    numbers = [pb.CountResponse.FromString(answer).number for answer in answers]
    expect("Count(5, 2000)", (call.code, numbers == list(range(5, 2_005))), (OK, True))

    # Many times what the server's windows hold: this client waits for credit.
    call = lane.call(path("Sum"))
    for number in range(20_000):
        call.send(pb.SumRequest(number=number).SerializeToString())
    call.close()
    [answer] = finish(call, PATIENCE)
    answer = pb.SumResponse.FromString(answer)
    expect("Sum(0..20000)", (answer.sum, answer.count), (199_990_000, 20_000))

    # Each answer before the next question.
    call = lane.call(path("RunningTotal"))
    totals = []
    for number in (1, 2, 3):
        call.send(pb.RunningTotalRequest(number=number).SerializeToString())
        totals.append(pb.RunningTotalResponse.FromString(call.receive()).total)
    call.close()
    expect("RunningTotal(1, 2, 3)", (totals, call.receive(), call.code), ([1, 3, 6], None, OK))

    # The server ends while the client still sends: CANCEL closes the client's half, and the connection goes on.
    call = lane.call(path("Sum"))
    for _ in range(2):
        call.send(pb.SumRequest(number=2**63 - 1).SerializeToString())
    expect("Sum of what does not fit", (finish(call, PATIENCE), call.code), ([], 11))
    check_unary(lane)


def check_metadata(lane):
    metadata = [("arith-tag", b"hello"), ("arith-tag", b"again"), ("blob-bin", bytes([0, 1, 255]))]
    for _ in range(2):
        call, _ = unary(lane, "Multiply", pb.MultiplyRequest(a=2, b=3), metadata=metadata)
        head = dict(call.head)
        expect("metadata with an answer", (head["arith-tag"], head["arith-version"]), (b"hello", b"v1"))
    request = pb.CountRequest(first=1, count=2, interval_ms=300).SerializeToString()
    call = lane.call(path("Count"), request, last=True, metadata=metadata)
    while call.head is None:
        lane.turn()
    expect("metadata ahead of the messages", (len(call.messages), dict(call.head)["arith-tag"]), (0, b"hello"))
    finish(call, PATIENCE)
    expect("and the messages after it", (call.code, call.trailers), (OK, []))


def check_deadline(lane):
    request = pb.CountRequest(first=1, count=100, interval_ms=1_000).SerializeToString()
    call = lane.call(path("Count"), request, last=True, timeout=0.2)
    finish(call, PATIENCE)
    expect("a deadline of 0.2 s", call.code, DEADLINE_EXCEEDED)


def check_cancellation(lane):
    request = pb.CountRequest(first=1, count=100, interval_ms=1_000).SerializeToString()
    call = lane.call(path("Count"), request, last=True)
    first = pb.CountResponse.FromString(call.receive()).number
    call.cancel()
    expect("cancelled after the first answer", (first, call.code), (1, CANCELLED))
    # One more for a call that is over is ignored.
    lane.send(CANCEL, 0, call.id)
    check_unary(lane)


def check_long_message(lane):
    # The name of a service, in four pieces; field 1 of a HealthCheckRequest.
    name = b"x" * 200_000
    message = b"\x0a" + varint(len(name)) + name
    call = lane.call("/grpc.health.v1.Health/Check", message, last=True)
    expect("the health of a stranger with a long name", (finish(call, PATIENCE), call.code), ([], NOT_FOUND))


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def check_many_at_once(lane):
    requests = [pb.MultiplyRequest(a=number, b=number).SerializeToString() for number in range(500)]
    calls = [lane.call(path("Multiply"), request, last=True) for request in requests]
    # Read backwards: what comes for the others is kept for them.
    products = [pb.MultiplyResponse.FromString(finish(call, PATIENCE)[0]).product for call in reversed(calls)]
    expect("500 calls at once", products == [number * number for number in reversed(range(500))], True)


def check_connection(lane, socket):
    expect("a PING", lane.ping(b"12345678"), b"12345678")
    lane.send(0x80, 0xFF, 99, b"of a later version")
    expect("a PING after what is to be skipped", lane.ping(b"87654321"), b"87654321")
    stranger = Lane(socket, PATIENCE)
    stranger.send(MESSAGE, 0, 1, struct.pack("<I", 1))
    try:
        while True:
            stranger.turn()
    except Parted as parted:
        expect("a message of no call ends the connection", parted.code, 11)
    finally:
        stranger.close()
    check_unary(lane)


def main():
    [socket] = sys.argv[1:]
    lane = Lane(socket, PATIENCE)
    check_unary(lane)
    check_error_details(lane)
    check_streams(lane)
    check_metadata(lane)
    check_deadline(lane)
    check_cancellation(lane)
    check_long_message(lane)
    check_many_at_once(lane)
    check_connection(lane, socket)
    lane.close()


if __name__ == "__main__":
    main()
