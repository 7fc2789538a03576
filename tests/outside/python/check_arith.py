"""Calls an arith service with stock grpcio: no option set, no code of nearcall.

Usage: check_arith.py <socket of nearcall's arith> <socket of plain tonic's arith>

The stubs `arith.v1.arith_pb2*` must be on PYTHONPATH (written by grpcio-tools). Prints one line per thing checked and
exits 1 at the first that does not hold.
"""

import sys

import grpc
from arith.v1 import arith_pb2, arith_pb2_grpc
from google.protobuf import descriptor_pool, message_factory
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

# Seconds that one call may take, before it counts as hung.
CALL_TIMEOUT = 20


def expect(what, actual, expected):
    """Prints a line for `what`, or ends the program when `actual` is not `expected`."""
    if actual != expected:
        sys.exit(f"FAIL {what}: expected {expected!r}, found {actual!r}")
    print(f"ok   {what}: {actual!r}")


def refusal(call):
    """The status of a call that must not succeed."""
    try:
        answer = call()
    except grpc.RpcError as error:
        return error
    sys.exit(f"FAIL expected a refusal, found the answer {answer!r}")


def check_calls(arith):
    answer = arith.Multiply(
        arith_pb2.MultiplyRequest(a=17, b=8), timeout=CALL_TIMEOUT
    )
    expect("Multiply(17, 8)", answer.product, 136)

    answer = arith.Divide(arith_pb2.DivideRequest(a=17, b=8), timeout=CALL_TIMEOUT)
    expect("Divide(17, 8)", (answer.quotient, answer.remainder), (2, 1))

    later = arith.Multiply.future(
        arith_pb2.MultiplyRequest(a=-3, b=9), timeout=CALL_TIMEOUT
    )
    expect("Multiply.future(-3, 9)", later.result(timeout=CALL_TIMEOUT).product, -27)

    counted = arith.Count(
        arith_pb2.CountRequest(first=5, count=4), timeout=CALL_TIMEOUT
    )
    expect("Count(5, 4)", [answer.number for answer in counted], [5, 6, 7, 8])

    numbers = (arith_pb2.SumRequest(number=number) for number in range(1, 101))
    answer = arith.Sum(numbers, timeout=CALL_TIMEOUT)
    expect("Sum(1..100)", (answer.sum, answer.count), (5050, 100))

    numbers = (arith_pb2.RunningTotalRequest(number=number) for number in (1, 2, 3))
    totals = arith.RunningTotal(numbers, timeout=CALL_TIMEOUT)
    expect("RunningTotal(1, 2, 3)", [answer.total for answer in totals], [1, 3, 6])


def check_error_details(arith):
    error = refusal(
        lambda: arith.Divide(arith_pb2.DivideRequest(a=1, b=0), timeout=CALL_TIMEOUT)
    )
    expect("Divide(1, 0) code", error.code(), grpc.StatusCode.INVALID_ARGUMENT)
    status = rpc_status.from_call(error)
    if status is None:
        sys.exit("FAIL Divide(1, 0): no google.rpc.Status in the trailers")
    fields = []
    for detail in status.details:
        bad_request = error_details_pb2.BadRequest()
        if detail.Unpack(bad_request):
            fields += [violation.field for violation in bad_request.field_violations]
    expect("Divide(1, 0) fields", fields, ["b"])


def check_health(channel):
    health = health_pb2_grpc.HealthStub(channel)
    serving = health_pb2.HealthCheckResponse.SERVING
    for service in ("", "arith.v1.Arith"):
        answer = health.Check(
            health_pb2.HealthCheckRequest(service=service), timeout=CALL_TIMEOUT
        )
        expect(f"health of {service!r}", answer.status, serving)
    error = refusal(
        lambda: health.Check(
            health_pb2.HealthCheckRequest(service="no.such.Service"),
            timeout=CALL_TIMEOUT,
        )
    )
    expect("health of a stranger", error.code(), grpc.StatusCode.NOT_FOUND)


def check_reflection(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    listed = set(database.get_services())
    for service in ("arith.v1.Arith", "grpc.health.v1.Health"):
        expect(f"reflection lists {service}", service in listed, True)

    # A call by descriptors alone: no stub that was written beforehand.
    pool = descriptor_pool.DescriptorPool(database)
    method = pool.FindServiceByName("arith.v1.Arith").FindMethodByName("Multiply")
    request = message_factory.GetMessageClass(method.input_type)
    response = message_factory.GetMessageClass(method.output_type)
    call = channel.unary_unary(
        "/arith.v1.Arith/Multiply",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
    answer = call(request(a=6, b=7), timeout=CALL_TIMEOUT)
    expect("Multiply(6, 7) by reflection", answer.product, 42)


def check_plain_refuses(socket):
    """The same client meets tonic alone, which refuses what grpcio puts into `:authority`."""
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        arith = arith_pb2_grpc.ArithStub(channel)
        error = refusal(
            lambda: arith.Multiply(
                arith_pb2.MultiplyRequest(a=17, b=8), timeout=CALL_TIMEOUT
            )
        )
        expect("plain tonic refuses grpcio", error.code(), grpc.StatusCode.INTERNAL)

    # The same server does answer once the client is told to send another authority: only the header was the trouble.
    options = [("grpc.default_authority", "localhost")]
    with grpc.insecure_channel(f"unix:{socket}", options=options) as channel:
        arith = arith_pb2_grpc.ArithStub(channel)
        answer = arith.Multiply(
            arith_pb2.MultiplyRequest(a=17, b=8), timeout=CALL_TIMEOUT
        )
        expect("plain tonic, authority set by hand", answer.product, 136)


def main():
    nearcall_socket, plain_socket = sys.argv[1:]
    with grpc.insecure_channel(f"unix:{nearcall_socket}") as channel:
        arith = arith_pb2_grpc.ArithStub(channel)
        check_calls(arith)
        check_error_details(arith)
        check_health(channel)
        check_reflection(channel)
    check_plain_refuses(plain_socket)


if __name__ == "__main__":
    main()
