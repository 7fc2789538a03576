"""Dial, call, handle an error, a deadline, streams, metadata; with asyncio, and no C in the client."""

import asyncio
import sys

from google.rpc import error_details_pb2
from grpclib.client import Channel
from grpclib.exceptions import GRPCError

from arith.v1 import arith_grpc, arith_pb2


async def main():
    path = sys.argv[1]
    async with Channel(path=path) as channel:
        arith = arith_grpc.ArithStub(channel)
        await call(arith)
        await details_of_an_error(arith)
        await deadline(arith)
        await streams(arith)
        await metadata(arith)
    await nobody_there(f"{path}-nobody")


async def call(arith):
    answer = await arith.Multiply(arith_pb2.MultiplyRequest(a=17, b=8))
    print(f"17 x 8 = {answer.product}")

    answer = await arith.Divide(arith_pb2.DivideRequest(a=17, b=8))
    print(f"17 / 8 = {answer.quotient}, remainder {answer.remainder}")


async def details_of_an_error(arith):
    """An error names the field that was wrong, for programs as well as people."""
    try:
        await arith.Divide(arith_pb2.DivideRequest(a=1, b=0))
    except GRPCError as error:
        print(f"1 / 0: {error.status.name}: {error.message}")
        for detail in error.details:
            if isinstance(detail, error_details_pb2.BadRequest):
                for violation in detail.field_violations:
                    print(f"  field {violation.field}: {violation.description}")


async def deadline(arith):
    """A deadline that passes before the fourth of ten numbers."""
    request = arith_pb2.CountRequest(first=1, count=10, interval_ms=500)
    try:
        async with arith.Count.open(timeout=1.25) as stream:
            await stream.send_message(request, end=True)
            async for answer in stream:
                print(f"counted {answer.number}")
    except asyncio.TimeoutError:
        # Both sides watch the deadline; where grpclib is first, it says so as asyncio does.
        print("stopped counting: DEADLINE_EXCEEDED")
    except GRPCError as error:
        print(f"stopped counting: {error.status.name}")


async def streams(arith):
    """A stream of answers, one in each direction, and one of requests."""
    answers = await arith.Count(arith_pb2.CountRequest(first=5, count=4))
    print("counted on:", *(answer.number for answer in answers))

    async with arith.RunningTotal.open() as stream:
        for number in (1, 2, 3):
            await stream.send_message(arith_pb2.RunningTotalRequest(number=number))
        await stream.end()
        print("totals:", *[answer.total async for answer in stream])

    numbers = [arith_pb2.SumRequest(number=number) for number in range(1, 101)]
    answer = await arith.Sum(numbers)
    print(f"sum: {answer.sum} of {answer.count} numbers")


async def metadata(arith):
    """What goes along beside the messages, there and back."""
    async with arith.Multiply.open(metadata={"arith-tag": "hello"}) as stream:
        await stream.send_message(arith_pb2.MultiplyRequest(a=1, b=1), end=True)
        await stream.recv_message()
        for name in ("arith-version", "arith-tag"):
            print(f"{name}: {stream.initial_metadata[name]}")


async def nobody_there(path):
    """Where nobody listens a call fails at once, with the error of the system."""
    async with Channel(path=path) as channel:
        arith = arith_grpc.ArithStub(channel)
        try:
            await arith.Multiply(arith_pb2.MultiplyRequest(a=17, b=8))
        except OSError:
            print("nobody there: UNAVAILABLE")


if __name__ == "__main__":
    asyncio.run(main())
