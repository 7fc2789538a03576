"""Dial, call, handle an error, a deadline, streams, metadata."""

import sys

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from arith.v1 import arith_pb2, arith_pb2_grpc


def main():
    address = sys.argv[1]
    with grpc.insecure_channel(address) as channel:
        arith = arith_pb2_grpc.ArithStub(channel)
        call(arith)
        details_of_an_error(arith)
        deadline(arith)
        streams(arith)
        metadata(arith)
    nobody_there(f"{address}-nobody")


def call(arith):
    answer = arith.Multiply(arith_pb2.MultiplyRequest(a=17, b=8))
    print(f"17 x 8 = {answer.product}")

    answer = arith.Divide(arith_pb2.DivideRequest(a=17, b=8))
    print(f"17 / 8 = {answer.quotient}, remainder {answer.remainder}")


def details_of_an_error(arith):
    """An error names the field that was wrong, for programs as well as people."""
    try:
        arith.Divide(arith_pb2.DivideRequest(a=1, b=0))
    except grpc.RpcError as error:
        print(f"1 / 0: {error.code().name}: {error.details()}")
        for detail in rpc_status.from_call(error).details:
            bad_request = error_details_pb2.BadRequest()
            if detail.Unpack(bad_request):
                for violation in bad_request.field_violations:
                    print(f"  field {violation.field}: {violation.description}")


def deadline(arith):
    """A deadline that passes before the fourth of ten numbers."""
    request = arith_pb2.CountRequest(first=1, count=10, interval_ms=500)
    try:
        for answer in arith.Count(request, timeout=1.25):
            print(f"counted {answer.number}")
    except grpc.RpcError as error:
        print(f"stopped counting: {error.code().name}")


def streams(arith):
    """A stream of answers, one in each direction, and one of requests."""
    answers = arith.Count(arith_pb2.CountRequest(first=5, count=4))
    print("counted on:", *(answer.number for answer in answers))

    numbers = (arith_pb2.RunningTotalRequest(number=number) for number in (1, 2, 3))
    answers = arith.RunningTotal(numbers)
    print("totals:", *(answer.total for answer in answers))

    numbers = (arith_pb2.SumRequest(number=number) for number in range(1, 101))
    answer = arith.Sum(numbers)
    print(f"sum: {answer.sum} of {answer.count} numbers")


def metadata(arith):
    """What goes along beside the messages, there and back."""
    _, call = arith.Multiply.with_call(
        arith_pb2.MultiplyRequest(a=1, b=1), metadata=[("arith-tag", "hello")]
    )
    received = dict(call.initial_metadata())
    for name in ("arith-version", "arith-tag"):
        print(f"{name}: {received[name]}")


def nobody_there(address):
    """Where nobody listens a call fails at once."""
    with grpc.insecure_channel(address) as channel:
        arith = arith_pb2_grpc.ArithStub(channel)
        try:
            arith.Multiply(arith_pb2.MultiplyRequest(a=17, b=8))
        except grpc.RpcError as error:
            print(f"nobody there: {error.code().name}")


if __name__ == "__main__":
    main()
